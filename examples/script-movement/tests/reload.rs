//! Scripts that are taken up again and again: what they were leaves nothing behind.

use std::fs;

use layerw::{Jobs, Runner, RunnerOptions, Settings};

/// In the long form a thousand, as many as somebody saves in a long day.
fn reloads() -> u64 {
    match std::env::var_os("LAYERW_LONG") {
        Some(_) => 1_000,
        None => 200,
    }
}

/// Mappings and KiB in memory of this process; None where the host does not tell.
fn held() -> Option<(usize, u64)> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?.lines().count();
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some((maps, line.split_whitespace().nth(1)?.parse().ok()?))
}

#[test]
fn reloading_keeps_the_state_and_leaves_nothing_behind() {
    let folder = std::env::temp_dir().join(format!("layerw-reload-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the test");
    let sources = ["movement.ts", "bounce.ts"].map(|name| {
        let text = fs::read_to_string(name).expect("the example's script");
        fs::write(folder.join(name), &text).expect("written");
        text
    });
    let settings = Settings::new()
        .with_project(&folder)
        .with("points", "5000")
        .with_script("movement.ts")
        .with_script("bounce.ts");
    let jobs = Jobs::builder().threads(2).build().expect("two workers");
    let sim = script_movement::sim(&settings).expect("the example");
    let mut runner = Runner::new(sim, &jobs, RunnerOptions::default()).expect("bound");
    let sim = script_movement::sim(&settings).expect("the example");
    let mut straight = Runner::new(sim, &jobs, RunnerOptions::default()).expect("bound");

    let mut first = None;
    for round in 0..reloads() {
        // The same to the world, another text each time.
        let text = format!("{}// {round}\n", sources[0]);
        fs::write(folder.join("movement.ts"), text).expect("written");
        runner.reload_scripts(&settings).expect("right scripts");
        runner.step().expect("a step");
        straight.step().expect("a step");
        if round == 50 {
            first = held();
        }
    }
    assert_eq!(
        runner.hash(),
        straight.hash(),
        "the state goes on as if nothing had happened"
    );
    let last = held();
    if let (Some((maps, rss)), Some((maps_now, rss_now))) = (first, last) {
        assert!(maps_now <= maps + 8, "{maps} mappings became {maps_now}");
        assert!(rss_now <= rss + 4_096, "{rss} KiB became {rss_now}");
    }

    // What cannot be taken up changes nothing.
    fs::write(folder.join("movement.ts"), "class Movement {").expect("written");
    let refused = runner.reload_scripts(&settings).expect_err("no script");
    assert!(
        refused.to_string().starts_with("movement.ts:1:"),
        "{refused}"
    );
    runner.step().expect("the scripts from before go on");
    straight.step().expect("a step");
    assert_eq!(runner.hash(), straight.hash());
    fs::remove_dir_all(&folder).expect("removed");
}
