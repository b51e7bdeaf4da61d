//! Chunk edges, seen in the trace: system B is done with chunk k before system A starts chunk k + 1.
//! In a binary of its own, because a recording takes the whole process's zones.

use layerw_frame_graph::{
    Executor, GraphBuilder, GroupId, NodeDecl, NodeId, RunOptions, Source, Spread, Work,
};
use layerw_jobs::{Jobs, on_fresh_thread};
use layerw_trace::Recording;

const CHUNKS: usize = 12;

struct Busy;

impl Work for Busy {
    fn run(&self, _node: NodeId, _worker: usize) {}

    fn chunks(&self, _group: GroupId) -> usize {
        CHUNKS
    }

    fn run_chunk(&self, _node: NodeId, _chunk: usize, _worker: usize) {
        (0..2_000).for_each(|_| std::hint::spin_loop());
    }
}

#[test]
fn systems_take_turns_on_each_chunk() {
    on_fresh_thread("trace", 0, || {
        let jobs = Jobs::new(2).expect("workers");
        let mut graph = GraphBuilder::new();
        let position = graph.key("Position", Source::External);
        let first = graph.node(NodeDecl::rows("A").writes(position));
        let second = graph.node(NodeDecl::rows("B").writes(position));
        let plan = graph.compile().expect("a correct graph");
        let mut executor = Executor::new(&plan, 2);
        for spread in [Spread::Never, Spread::Always] {
            let recording = Recording::start(1_000).expect("nobody else records");
            let options = RunOptions {
                shuffle: None,
                spread,
            };
            executor.run(&jobs, &Busy, options).expect("no panic");
            let mut zones = recording.finish().zones;
            let names = [first, second].map(|node| plan.node(node).name.clone());
            zones.retain(|zone| names.iter().any(|name| name == zone.label.name()));
            zones.sort_by_key(|zone| (zone.thread, zone.begin_ns));
            assert_eq!(zones.len(), 2 * CHUNKS);
            // On each worker: A on a chunk, B on the same chunk, A on the next.
            for pair in zones.chunks(2) {
                assert_eq!((pair[0].label.name(), pair[1].label.name()), ("A", "B"));
                assert_eq!(pair[0].value, pair[1].value);
                assert!(pair[0].end_ns <= pair[1].begin_ns);
            }
            if spread == Spread::Never {
                let chunks = zones.iter().step_by(2).map(|zone| zone.value);
                assert!(
                    chunks.eq((0..CHUNKS as u64).map(Some)),
                    "one worker goes from the first on"
                );
            }
        }
    });
}
