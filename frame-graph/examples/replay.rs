//! What replaying a static graph costs: empty nodes, nodes of a given length, row groups; on one
//! worker and on several. Prints one line per case; for tuning the executor.
//!
//!     cargo run --release -p layerw-frame-graph --example replay -- [THREADS [GRAPH]]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use layerw_frame_graph::{
    Executor, GraphBuilder, GroupId, Key, NodeDecl, NodeId, Plan, RunOptions, Source, Spread, Work,
};
use layerw_jobs::{Jobs, on_fresh_thread};
use layerw_trace::now_ns;

fn main() {
    let threads = std::env::args()
        .nth(1)
        .map_or(2, |text| text.parse().expect("a number"));
    let wanted = std::env::args().nth(2);
    let wanted = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    if wanted("compile") {
        compile();
    }
    println!(
        "graph, nodes, node ns, threads, spread, best us/step, median us/step, ns/node over ideal, share of ideal"
    );
    for (name, nodes, length_ns) in [
        ("layers", 1_000, 0),
        ("layers", 1_000, 1_000),
        ("layers", 200, 1_000),
        ("layers", 200, 10_000),
        ("wide", 1_000, 0),
        ("wide", 1_000, 1_000),
        ("random", 1_000, 1_000),
        ("random", 10_000, 1_000),
    ]
    .into_iter()
    .filter(|case| wanted(case.0))
    {
        for (threads, spread) in [
            (1, Spread::Auto),
            (threads, Spread::Auto),
            (threads, Spread::Always),
        ] {
            on_fresh_thread("replay", 0, || {
                replay(name, nodes, length_ns, threads, spread)
            });
        }
    }
    for (systems, chunks) in [(100, 1), (100, 3), (10, 250)]
        .into_iter()
        .filter(|_| wanted("rows"))
    {
        for threads in [1, threads] {
            on_fresh_thread("rows", 0, || rows(systems, chunks, threads));
        }
    }
}

/// Spins for a number of turns that takes the wanted time; checks that all ran.
struct Spin {
    turns: u64,
    chunks: usize,
    ran: AtomicU64,
}

impl Spin {
    fn new(length_ns: u64, chunks: usize) -> Spin {
        const TURNS: u64 = 3_000_000;
        let measure = || {
            let begin = now_ns();
            spin(TURNS);
            now_ns() - begin
        };
        let best = (0..5).map(|_| measure()).min().unwrap_or(1);
        Spin {
            turns: length_ns * TURNS / best,
            chunks,
            ran: AtomicU64::new(0),
        }
    }
}

fn spin(turns: u64) {
    for turn in 0..turns {
        black_box(turn);
    }
}

impl Work for Spin {
    fn run(&self, node: NodeId, _worker: usize) {
        spin(self.turns);
        black_box(node);
    }

    fn chunks(&self, _group: GroupId) -> usize {
        self.chunks
    }

    fn run_chunk(&self, node: NodeId, chunk: usize, _worker: usize) {
        spin(self.turns);
        if chunk == 0 && node.index() == 0 {
            self.ran.store(self.ran.load(Relaxed) + 1, Relaxed);
        }
    }
}

fn replay(name: &str, nodes: usize, length_ns: u64, threads: usize, spread: Spread) {
    let jobs = Jobs::new(threads).expect("workers");
    let plan = graph(name, nodes);
    let mut executor = Executor::new(&plan, threads);
    let work = Spin::new(length_ns, 1);
    let options = RunOptions {
        shuffle: None,
        spread,
    };
    let times = measure(300, || {
        executor.run(&jobs, &work, options).expect("no panic")
    });
    let (best, median) = (times[0] as f64, times[times.len() / 2] as f64);
    let ideal = (nodes as u64 * length_ns) as f64 / threads as f64;
    println!(
        "{name}, {nodes}, {length_ns}, {threads}, {spread:?}, {:.1}, {:.1}, {:.1}, {:.3}",
        best / 1e3,
        median / 1e3,
        (median - ideal) / nodes as f64,
        ideal / median,
    );
}

fn rows(systems: usize, chunks: usize, threads: usize) {
    let jobs = Jobs::new(threads).expect("workers");
    let mut graph = GraphBuilder::new();
    let key = graph.key("K", Source::External);
    for n in 0..systems {
        graph.node(NodeDecl::rows(n.to_string()).writes(key));
    }
    let plan = graph.compile().expect("a correct graph");
    let mut executor = Executor::new(&plan, threads);
    let work = Spin::new(if chunks > 100 { 1_000 } else { 0 }, chunks);
    let times = measure(300, || {
        executor
            .run(&jobs, &work, RunOptions::default())
            .expect("no panic");
    });
    let median = times[times.len() / 2] as f64;
    let calls = (systems * chunks) as f64;
    println!(
        "rows, {systems} x {chunks}, {threads}, {:.1} us, {:.2} ns/call",
        median / 1e3,
        median / calls
    );
}

/// Step times in ns, sorted.
fn measure(steps: usize, mut step: impl FnMut()) -> Vec<u64> {
    (0..steps / 3).for_each(|_| step());
    let mut times: Vec<u64> = (0..steps)
        .map(|_| {
            let begin = now_ns();
            step();
            now_ns() - begin
        })
        .collect();
    times.sort_unstable();
    times
}

fn graph(name: &str, nodes: usize) -> Plan {
    const WIDTH: usize = 10;
    let mut graph = GraphBuilder::new();
    let keys: Vec<Key> = (0..nodes.max(2 * WIDTH))
        .map(|k| graph.key(k.to_string(), Source::External))
        .collect();
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    for n in 0..nodes {
        let node = NodeDecl::whole(n.to_string());
        let (layer, place) = (n / WIDTH, n % WIDTH);
        let (here, before) = (layer % 2 * WIDTH, (layer + 1) % 2 * WIDTH);
        graph.node(match name {
            // Each node follows two of the layer before.
            "layers" => (node.writes(keys[here + place]).reads(keys[before + place]))
                .reads(keys[before + (place + 1) % WIDTH]),
            // Each node writes something and reads two of what the last hundred wrote.
            "random" => {
                let (a, b) = (
                    n.saturating_sub(1 + random() % 100),
                    n.saturating_sub(1 + random() % 100),
                );
                let node = node.writes(keys[n]);
                let node = if a < n { node.reads(keys[a]) } else { node };
                if b < n && b != a {
                    node.reads(keys[b])
                } else {
                    node
                }
            }
            _ => node,
        });
    }
    graph.compile().expect("a correct graph")
}

fn compile() {
    let mut best = u64::MAX;
    for _ in 0..5 {
        let mut graph = GraphBuilder::new();
        let keys: Vec<Key> = (0..500)
            .map(|k| graph.key(format!("K{k}"), Source::External))
            .collect();
        for n in 0..10_000_usize {
            let name = format!("system number {n}");
            let node = if n % 7 == 0 {
                NodeDecl::whole(name)
            } else {
                NodeDecl::rows(name)
            };
            graph.node((0..5).fold(node, |node, a| {
                let key = keys[(n * 31 + a * 97) % 500];
                if a == n % 5 {
                    node.writes(key)
                } else {
                    node.reads(key)
                }
            }));
        }
        let begin = now_ns();
        let plan = graph.compile().expect("a correct graph");
        best = best.min(now_ns() - begin);
        assert_eq!(plan.nodes().len(), 10_000);
    }
    println!(
        "compile 10 000 systems with 5 accesses: {:.2} ms",
        best as f64 / 1e6
    );
}
