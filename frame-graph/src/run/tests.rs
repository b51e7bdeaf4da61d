//! What the executor promises, on random graphs and any number of workers: everything once, nothing
//! before what it waits for, panics by name, and the next step as if nothing had been.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

use layerw_jobs::on_fresh_thread;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::balance::{Balancer, Schedule};
use super::*;
use crate::plan::drafts::{Draft, build, draft, required};
use crate::plan::{EdgeGrain, Key, NodeDecl, NodeKind, Source, Task};
use crate::{GraphBuilder, Mode};

/// Work that notes when everything begins and ends, on a clock that all workers advance.
struct Notes<'p> {
    plan: &'p Plan,
    clock: AtomicU64,
    /// Per node and chunk: begin, end, how often.
    calls: Vec<Vec<Call>>,
    chunks: Vec<usize>,
    faults: Vec<(NodeId, Option<usize>)>,
}

#[derive(Default)]
struct Call {
    begin: AtomicU64,
    end: AtomicU64,
    times: AtomicU32,
}

impl<'p> Notes<'p> {
    /// `chunks` per group, repeated as needed.
    fn new(plan: &'p Plan, chunks: &[usize]) -> Notes<'p> {
        let chunks: Vec<usize> = plan
            .group_ids()
            .map(|group| chunks[group.index() % chunks.len()])
            .collect();
        let calls = |node: NodeId| match plan.node(node).group {
            Some(group) => chunks[group.index()],
            None => 1,
        };
        Notes {
            plan,
            clock: AtomicU64::new(1),
            calls: (plan.node_ids())
                .map(|node| (0..calls(node)).map(|_| Call::default()).collect())
                .collect(),
            chunks,
            faults: Vec::new(),
        }
    }

    fn note(&self, node: NodeId, chunk: Option<usize>, worker: usize) {
        let call = &self.calls[node.index()][chunk.unwrap_or(0)];
        call.begin.store(self.clock.fetch_add(1, SeqCst), SeqCst);
        // Some calls take longer, so that workers meet in many ways.
        for _ in 0..(node.index() * 7 + chunk.unwrap_or(3) * 5) % 11 * 20 {
            std::hint::spin_loop();
        }
        if self.plan.node(node).kind == NodeKind::Pinned {
            assert_eq!(worker, 0, "a pinned node runs on worker 0");
        }
        if self.faults.contains(&(node, chunk)) {
            panic!("fault in {node:?} {chunk:?}");
        }
        call.times.fetch_add(1, SeqCst);
        call.end.store(self.clock.fetch_add(1, SeqCst), SeqCst);
    }

    /// Checks a step that came to its end, and forgets it.
    fn check(&self) -> Result<(), TestCaseError> {
        for (node, calls) in self.calls.iter().enumerate() {
            for (chunk, call) in calls.iter().enumerate() {
                prop_assert_eq!(
                    call.times.swap(0, SeqCst),
                    1,
                    "node {} chunk {}",
                    node,
                    chunk
                );
            }
        }
        for from in self.plan.node_ids() {
            for to in self.plan.node_ids().filter(|&to| from < to) {
                self.check_pair(from, to)?;
            }
        }
        Ok(())
    }

    fn check_pair(&self, from: NodeId, to: NodeId) -> Result<(), TestCaseError> {
        let asked = self
            .plan
            .edges_into(to)
            .iter()
            .any(|edge| edge.from == from);
        let grain = match required(self.plan, from, to) {
            Some(grain) => grain,
            None if asked => EdgeGrain::Whole,
            None => return Ok(()),
        };
        let one_group = self.plan.node(from).task == self.plan.node(to).task;
        let (first, second) = (&self.calls[from.index()], &self.calls[to.index()]);
        if grain == EdgeGrain::Chunk && one_group {
            for (first, second) in first.iter().zip(second) {
                prop_assert!(first.end.load(SeqCst) < second.begin.load(SeqCst));
            }
        } else {
            let end = first.iter().map(|call| call.end.load(SeqCst)).max();
            let begin = second.iter().map(|call| call.begin.load(SeqCst)).min();
            if let (Some(end), Some(begin)) = (end, begin) {
                prop_assert!(end < begin, "{:?} has to end before {:?} begins", from, to);
            }
        }
        Ok(())
    }

    fn forget(&self) {
        self.calls
            .iter()
            .flatten()
            .for_each(|call| call.times.store(0, SeqCst));
    }
}

impl Work for Notes<'_> {
    fn run(&self, node: NodeId, worker: usize) {
        self.note(node, None, worker);
    }

    fn chunks(&self, group: GroupId) -> usize {
        self.chunks[group.index()]
    }

    fn run_chunk(&self, node: NodeId, chunk: usize, worker: usize) {
        self.note(node, Some(chunk), worker);
    }
}

/// Runs `test` on random graphs with pools of several sizes; on 50 times as many with
/// `LAYERW_LONG=1`.
fn with_graphs(
    cases: u32,
    test: impl Fn(&Jobs, &[Draft], &[usize]) -> Result<(), TestCaseError> + Sync,
) {
    let cases = if std::env::var_os("LAYERW_LONG").is_some() {
        50 * cases
    } else {
        cases
    };
    for threads in [1, 2, 3, 8] {
        on_fresh_thread("graphs", 0, || {
            let jobs = Jobs::new(threads).expect("workers");
            let graphs = proptest::collection::vec(draft(), 0..40);
            let chunks = proptest::collection::vec(0..20_usize, 1..6);
            let config = ProptestConfig {
                cases,
                failure_persistence: None,
                ..Default::default()
            };
            let run = |(drafts, chunks): (Vec<Draft>, Vec<usize>)| test(&jobs, &drafts, &chunks);
            let result = TestRunner::new(config).run(&(graphs, chunks), run);
            result.unwrap_or_else(|failure| panic!("with {threads} workers: {failure}"));
        });
    }
}

fn options(shuffle: Option<u64>, spread: Spread) -> RunOptions {
    RunOptions { shuffle, spread }
}

#[test]
fn everything_runs_once_and_after_what_it_waits_for() {
    with_graphs(40, |jobs, drafts, chunks| {
        let plan = build(drafts);
        let notes = Notes::new(&plan, chunks);
        let mut executor = Executor::new(&plan, jobs.threads());
        for spread in [Spread::Always, Spread::Never, Spread::Auto, Spread::Always] {
            for shuffle in [None, None, Some(1), None, Some(2), Some(3)] {
                executor
                    .run(jobs, &notes, options(shuffle, spread))
                    .expect("no panic");
                notes.check()?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_panic_is_named_and_the_next_step_is_whole() {
    // The panics of this test are on purpose.
    with_graphs(12, |jobs, drafts, chunks| {
        let plan = build(drafts);
        let mut notes = Notes::new(&plan, chunks);
        let mut executor = Executor::new(&plan, jobs.threads());
        for round in 0..6_usize {
            let faults = (plan.node_ids())
                .filter(|node| node.index() % 6 == round)
                .filter_map(|node| {
                    let count = notes.calls[node.index()].len();
                    match plan.node(node).group {
                        Some(_) if count == 0 => None,
                        Some(_) => Some((node, Some(round * 3 % count))),
                        None => Some((node, None)),
                    }
                });
            notes.faults = faults.collect();
            let options = options(
                (round % 3 == 1).then_some(round as u64),
                [Spread::Always, Spread::Never][round % 2],
            );
            let result = quietly(|| executor.run(jobs, &notes, options));
            match result {
                Ok(()) => prop_assert!(notes.faults.is_empty()),
                Err(failure) => {
                    prop_assert!(notes.faults.contains(&(failure.node, failure.chunk)));
                    prop_assert_eq!(&*failure.name, plan.node(failure.node).name.as_str());
                    let message = format!("fault in {:?} {:?}", failure.node, failure.chunk);
                    prop_assert_eq!(failure.message(), Some(message.as_str()));
                }
            }
            notes.forget();
            notes.faults.clear();
            executor.run(jobs, &notes, options).expect("no panic");
            notes.check()?;
        }
        Ok(())
    });
}

/// Panics inside are expected: their messages are not printed.
fn quietly<R>(f: impl FnOnce() -> R) -> R {
    use std::sync::Once;
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<String>();
            if !text.is_some_and(|text| text.starts_with("fault in ")) {
                usual(info);
            }
        }));
    });
    f()
}

#[test]
fn of_several_panics_the_first_in_order_is_kept() {
    let mut graph = GraphBuilder::new();
    for n in 0..8 {
        graph.node(NodeDecl::rows(format!("n{n}")));
    }
    let plan = graph.compile().expect("a correct graph");
    let mut blame = Blame::new();
    let shape = Shape::new(&plan);
    for (node, chunk) in [(3, 7), (3, 5), (6, 0), (3, 6)] {
        let spot = failure::Spot::new();
        spot.chunk(node, chunk);
        blame.report(&spot, Box::new("payload"), &shape.places);
    }
    let caught = blame.take().expect("something was caught");
    assert_eq!((caught.node, caught.chunk), (3, Some(5)));
    assert!(blame.take().is_none());
}

#[test]
fn a_failure_reads_well_and_keeps_its_payload() {
    on_fresh_thread("failure", 0, || {
        let jobs = Jobs::new(1).expect("workers");
        let mut graph = GraphBuilder::new();
        let bounce = graph.node(NodeDecl::rows("bounce"));
        let plan = graph.compile().expect("a correct graph");
        let mut notes = Notes::new(&plan, &[4]);
        notes.faults.push((bounce, Some(2)));
        let failure = quietly(|| Executor::new(&plan, 1).run(&jobs, &notes, RunOptions::default()))
            .expect_err("a panic");
        assert_eq!(
            failure.to_string(),
            "`bounce` panicked on chunk 2: fault in NodeId(0) Some(2)"
        );
        assert!(failure.payload.is::<String>());
    });
}

/// Two nodes with the same undeclared state: the outcome depends on an order nobody asked for.
#[test]
fn shuffling_brings_an_undeclared_access_to_light() {
    struct Last(AtomicU32);
    impl Work for Last {
        fn run(&self, node: NodeId, _: usize) {
            self.0.store(node.index() as u32, SeqCst);
        }
        fn chunks(&self, _: GroupId) -> usize {
            0
        }
        fn run_chunk(&self, _: NodeId, _: usize, _: usize) {}
    }
    on_fresh_thread("shuffle", 0, || {
        let jobs = Jobs::new(1).expect("workers");
        let mut graph = GraphBuilder::new();
        (0..4).for_each(|n| _ = graph.node(NodeDecl::whole(n.to_string())));
        let plan = graph.compile().expect("a correct graph");
        let mut executor = Executor::new(&plan, 1);
        let mut last = |shuffle| {
            let work = Last(AtomicU32::new(99));
            executor
                .run(&jobs, &work, options(shuffle, Spread::Auto))
                .expect("no panic");
            work.0.into_inner()
        };
        assert!(
            (0..10).all(|_| last(None) == 3),
            "in written order without shuffling"
        );
        assert!((0..20).any(|seed| last(Some(seed)) != 3));
    });
}

#[test]
fn steps_go_on_when_generations_have_run_out() {
    on_fresh_thread("generations", 0, || {
        let jobs = Jobs::new(2).expect("workers");
        let mut graph = GraphBuilder::new();
        let key = graph.key("K", Source::External);
        for n in 0..30 {
            let kind = [NodeDecl::rows, NodeDecl::whole][n / 3 % 2];
            graph.node(kind(n.to_string()).writes(key));
        }
        let plan = graph.compile().expect("a correct graph");
        let notes = Notes::new(&plan, &[7]);
        let mut executor = Executor::new(&plan, 2);
        for round in 0..3 {
            for step in 0..6 {
                let options = options((step % 2 == 1).then_some(step), Spread::Always);
                executor.run(&jobs, &notes, options).expect("no panic");
                notes
                    .check()
                    .unwrap_or_else(|error| panic!("round {round}: {error}"));
            }
            executor.lanes.wear_out(2);
        }
    });
}

#[test]
fn costs_follow_what_nodes_take() {
    struct Busy;
    impl Work for Busy {
        fn run(&self, _: NodeId, _: usize) {
            let begin = layerw_trace::now_ns();
            while layerw_trace::now_ns() < begin + 20_000 {}
        }
        fn chunks(&self, _: GroupId) -> usize {
            5
        }
        fn run_chunk(&self, node: NodeId, _: usize, _: usize) {
            if node.index() == 1 {
                self.run(node, 0);
            }
        }
    }
    on_fresh_thread("costs", 0, || {
        let jobs = Jobs::new(2).expect("workers");
        let mut graph = GraphBuilder::new();
        graph.node(NodeDecl::whole("whole"));
        graph.node(NodeDecl::rows("slow rows"));
        graph.node(NodeDecl::rows("fast rows"));
        let plan = graph.compile().expect("a correct graph");
        let mut executor = Executor::new(&plan, 2);
        for spread in [Spread::Never, Spread::Always, Spread::Auto, Spread::Always] {
            executor
                .run(&jobs, &Busy, options(None, spread))
                .expect("no panic");
        }
        let costs: Vec<NodeCost> = executor.costs().collect();
        let calls: Vec<u64> = costs.iter().map(|cost| cost.calls).collect();
        assert_eq!(calls, [4, 20, 20]);
        assert!(costs[0].total_ns >= 80_000);
        assert!(costs[1].total_ns >= 390_000, "{costs:?}");
        assert!(costs[2].total_ns < costs[1].total_ns / 4, "{costs:?}");
    });
}

#[test]
fn shuffled_members_keep_their_chunk_edges() {
    let mut graph = GraphBuilder::new();
    let keys: Vec<Key> = (0..3)
        .map(|n| graph.key(n.to_string(), Source::External))
        .collect();
    for n in 0..12 {
        graph.node(NodeDecl::rows(n.to_string()).writes(keys[n % 3]));
    }
    let plan = graph.compile().expect("a correct graph");
    assert_eq!(plan.tasks(), [Task::Group(GroupId(0))]);
    let mut shape = Shape::new(&plan);
    let mut order = MemberOrder::new(&shape);
    let declared = shape.members.of(0).to_vec();
    let mut orders = Vec::new();
    for seed in 0..10 {
        order.shuffle(&mut shape, &mut Dice::new(seed, 0));
        let members = shape.members.of(0).to_vec();
        for chain in 0..3 {
            let chain: Vec<_> = members.iter().filter(|&&m| m % 3 == chain).collect();
            assert!(chain.is_sorted() && chain.len() == 4, "{members:?}");
        }
        orders.push(members);
    }
    orders.sort();
    orders.dedup();
    assert!(orders.len() > 5);
    order.restore(&mut shape);
    assert_eq!(shape.members.of(0), declared);
}

#[test]
#[should_panic(expected = "give Executor::new as many")]
fn too_many_workers_are_refused() {
    on_fresh_thread("refused", 0, || {
        let jobs = Jobs::new(2).expect("workers");
        let plan = GraphBuilder::new().compile().expect("a correct graph");
        let notes = Notes::new(&plan, &[1]);
        let _ = Executor::new(&plan, 1).run(&jobs, &notes, RunOptions::default());
    });
}

/// A schedule is right if every edge is inside a lane, in order, or covered by a need.
#[test]
fn schedules_cover_every_edge() {
    let runner = |seed: Option<u64>| {
        let config = ProptestConfig {
            cases: 60,
            failure_persistence: None,
            ..Default::default()
        };
        let graphs = (
            proptest::collection::vec(draft(), 0..60),
            1..9_usize,
            0..100_000_u32,
        );
        TestRunner::new(config).run(&graphs, |(drafts, workers, scale)| {
            let plan = build(&drafts);
            let shape = Shape::new(&plan);
            let mut balancer = Balancer::new(&shape, workers);
            let mut schedule = balancer.room(&shape);
            let cost = |task: usize| (task as u32 * 7919 % 13 * scale / 13) as f32;
            let mut dice = seed.map(|seed| Dice::new(seed, 0));
            balancer.balance(&shape, workers, cost, dice.as_mut(), &mut schedule);
            check_schedule(&shape, &schedule, workers)
        })
    };
    runner(None).unwrap_or_else(|failure| panic!("{failure}"));
    runner(Some(5)).unwrap_or_else(|failure| panic!("shuffled: {failure}"));
}

fn check_schedule(shape: &Shape, schedule: &Schedule, workers: usize) -> Result<(), TestCaseError> {
    prop_assert!(schedule.lanes.len() <= lanes_max(workers));
    prop_assert_eq!(schedule.slots.len(), shape.tasks.len());
    let mut place = vec![None; shape.tasks.len()];
    for (lane, strip) in schedule.lanes.iter().enumerate() {
        for slot in strip.first..strip.end {
            let slot_at = &schedule.slots[slot as usize];
            let pinned = matches!(slot_at.shape, TaskShape::Pinned(_));
            prop_assert_eq!(pinned, schedule.pinned == Some(lane as u32));
            prop_assert!(
                place[slot_at.task as usize]
                    .replace((lane, slot - strip.first))
                    .is_none()
            );
        }
    }
    for (task, at) in place.iter().enumerate() {
        let (lane, cursor) = at.expect("every task has a place");
        let first = schedule.lanes[lane].first as usize;
        for &predecessor in shape.predecessors.of(task) {
            let (other, before) = place[predecessor as usize].expect("every task has a place");
            if other == lane {
                prop_assert!(before < cursor);
                continue;
            }
            let needs = schedule.slots[first..=first + cursor as usize]
                .iter()
                .flat_map(|slot| &schedule.needs[slot.needs.0 as usize..slot.needs.1 as usize]);
            let covered = |need: &balance::Need| need.lane as usize == other && need.count > before;
            prop_assert!(needs.into_iter().any(covered));
            let provider = schedule.lanes[other].first as usize + before as usize;
            prop_assert!(schedule.slots[provider].publish);
        }
    }
    Ok(())
}

#[test]
fn equal_work_is_split_equally_and_chains_stay_together() {
    let mut graph = GraphBuilder::new();
    let keys: Vec<Key> = (0..2)
        .map(|n| graph.key(n.to_string(), Source::External))
        .collect();
    for n in 0..40 {
        graph.node(NodeDecl::whole(n.to_string()).accesses(crate::Access {
            key: keys[n % 2],
            mode: Mode::Write,
            grain: crate::Grain::Whole,
        }));
    }
    let plan = graph.compile().expect("a correct graph");
    let shape = Shape::new(&plan);
    let mut balancer = Balancer::new(&shape, 2);
    let mut schedule = balancer.room(&shape);
    balancer.balance(&shape, 2, |_| 1_000.0, None, &mut schedule);
    assert_eq!(
        (schedule.total_ns, schedule.makespan_ns),
        (40_000.0, 20_000.0)
    );
    // Nothing is needed across the two chains.
    let worker = |lane: u32| {
        schedule
            .homes
            .iter()
            .position(|home| (home.0..home.1).contains(&lane))
    };
    for (lane, strip) in (0..).zip(&schedule.lanes) {
        for slot in &schedule.slots[strip.first as usize..strip.end as usize] {
            let needs = &schedule.needs[slot.needs.0 as usize..slot.needs.1 as usize];
            assert!(needs.iter().all(|need| worker(need.lane) == worker(lane)));
        }
    }
}
