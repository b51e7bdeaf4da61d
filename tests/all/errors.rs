//! Mistakes in the graph of systems, with their texts: each names the systems, what they share, and the cures.

use layerw::{
    Jobs, Local, LocalMut, Query, Runner, RunnerOptions, Sim, component, on_fresh_thread,
};

#[component]
struct Position(f32);

#[component]
struct Velocity(f32);

struct Grid;

fn push(position: &mut Position, velocity: &Velocity) {
    position.0 += velocity.0;
}

fn swap(a: &mut Position, b: &Position) {
    a.0 = b.0;
}

fn build(_positions: Query<&Position>, _grid: LocalMut<Grid>) {}

fn look(_grid: Local<Grid>) {}

/// What `Runner::new` says of a simulation.
fn complaint(fill: fn(&mut Sim)) -> String {
    on_fresh_thread("engine", 8 << 20, || {
        let jobs = Jobs::new(1).expect("one worker is this thread");
        let mut sim = layerw_tests::sim();
        fill(&mut sim);
        match Runner::new(sim, &jobs, RunnerOptions::default()) {
            Ok(_) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        }
    })
}

fn check(fill: fn(&mut Sim), expected: &str) {
    assert_eq!(complaint(fill), expected);
}

#[test]
fn a_system_that_reads_what_it_writes() {
    check(
        |sim| {
            sim.each(swap);
        },
        "`swap` accesses `Position` twice, once to write it: keep the one write, which may read as well, \
         or split `swap` into two nodes",
    );
}

#[test]
fn a_name_that_stands_twice() {
    check(
        |sim| {
            sim.each(push).each(push);
        },
        "two nodes are called `push` (the 1st and the 2nd declared): rename one of them, names are how \
         errors, traces and `after` tell nodes apart",
    );
}

#[test]
fn a_reader_without_a_producer() {
    check(
        |sim| {
            sim.system(look).system(build);
        },
        "`look` reads `local Grid`, but `build`, which writes it, is declared later: declare `build` \
         before `look`",
    );
}

#[test]
fn an_order_against_the_written_one() {
    use layerw::IntoRow;
    check(
        |sim| {
            sim.each(push.named("first").after("second"))
                .each(push.named("second"));
        },
        "`first` asks to run after `second`, which must itself run after `first`: `first` -> `second` -> \
         `first` (`second` writes `Position`, which `first` writes before; `first` asks to run after \
         `second`); drop `after(\"second\")` from `first`, or declare `second` before `first`",
    );
}

#[test]
fn an_after_that_names_nobody() {
    use layerw::IntoRow;
    check(
        |sim| {
            sim.each(push.named("move"))
                .each(push.named("turn").after("mvoe"));
        },
        "`turn` asks to run after `mvoe`, but no node has that name: did you mean `move`?",
    );
}

#[test]
fn a_graph_without_mistakes() {
    check(
        |sim| {
            sim.each(push).system(build).system(look);
        },
        "nothing",
    );
}
