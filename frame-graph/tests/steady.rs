//! Steady steps never allocate: alone, on a team, shuffled. In a binary of its own, because the
//! counters are the whole process's.

use layerw_frame_graph::{
    Executor, GraphBuilder, GroupId, Key, NodeDecl, NodeId, RunOptions, Source, Spread, Work,
};
use layerw_jobs::{Jobs, on_fresh_thread};
use layerw_memory::counting::{self, CountingAllocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Takes a little time, some nodes more than others.
struct Busy;

impl Work for Busy {
    fn run(&self, node: NodeId, _worker: usize) {
        (0..node.index()).for_each(|_| std::hint::spin_loop());
    }

    fn chunks(&self, _group: GroupId) -> usize {
        40
    }

    fn run_chunk(&self, node: NodeId, chunk: usize, _worker: usize) {
        (0..(node.index() + chunk) % 50).for_each(|_| std::hint::spin_loop());
    }
}

fn graph() -> layerw_frame_graph::Plan {
    let mut graph = GraphBuilder::new();
    let keys: Vec<Key> = (0..8)
        .map(|n| graph.key(n.to_string(), Source::External))
        .collect();
    for n in 0..120 {
        let node = match n % 4 {
            0 => NodeDecl::whole(n.to_string()),
            3 if n % 20 == 3 => NodeDecl::pinned(n.to_string()),
            _ => NodeDecl::rows(n.to_string()),
        };
        graph.node(node.writes(keys[n * 5 % 8]).reads(keys[(n * 5 + 3) % 8]));
    }
    graph.compile().expect("a correct graph")
}

#[test]
fn steady_steps_do_not_allocate() {
    for threads in [1, 2, 4] {
        on_fresh_thread("steady", 0, || {
            let jobs = Jobs::new(threads).expect("workers");
            let plan = graph();
            let mut executor = Executor::new(&plan, threads);
            let mut steps = |count: u64| {
                for step in 0..count {
                    for spread in [Spread::Auto, Spread::Always, Spread::Never] {
                        for shuffle in [None, Some(step)] {
                            let options = RunOptions { shuffle, spread };
                            executor.run(&jobs, &Busy, options).expect("no panic");
                        }
                    }
                }
            };
            steps(10);
            let before = counting::snapshot();
            steps(30);
            let spent = counting::snapshot() - before;
            assert_eq!(spent.allocations, 0, "with {threads} workers: {spent:?}");
        });
    }
}
