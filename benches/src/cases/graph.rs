//! J3-J6: a graph of nodes that is built once and replayed; and building it.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use anyhow::{Result, ensure};
use layerw_frame_graph::{GraphBuilder, NodeDecl, Plan, Source};
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Repeat, Round, single};
use crate::peers::dag::Dag;
use crate::peers::fork_union::Spinning;
use crate::peers::{bevy, ours, rayon};
use crate::work::{Tally, burn, turns};

/// The family.
pub const CASES: &[Case] = {
    const EMPTY: Figure = Figure::new("ns/node");
    const SHARE: Figure = Figure::new("of ideal").more_is_better();
    // J4 is the same on one thread.
    const REPLAY: [Goal; 2] = [Goal::ratio(2, 60.0, 112.0), Goal::ratio(1, 20.0, 31.0)];
    &[
        Case {
            name: "J3-200",
            about: "static graph of 200 empty nodes, replayed (one thread: J4)",
            figures: &[EMPTY],
            entries: |effort| replayed(effort, 200),
        },
        Case {
            name: "J3-1000",
            about: "static graph of 1 000 empty nodes, replayed (one thread: J4)",
            figures: &[EMPTY.goals(&REPLAY)],
            entries: |effort| replayed(effort, 1_000),
        },
        Case {
            name: "J3-10000",
            about: "static graph of 10 000 empty nodes, replayed (one thread: J4)",
            figures: &[EMPTY],
            entries: |effort| replayed(effort, effort.pick(10_000, 1_000)),
        },
        Case {
            name: "J5",
            about: "1 000 nodes of 1 µs: share of the ideal, the same calls in a plain loop by the number of threads",
            figures: &[SHARE.goals(&[Goal::value(2, 0.92)])],
            entries: |effort| busy(effort, effort.pick(1_000, 100), 1_000),
        },
        Case {
            name: "J6-1us",
            about: "200 nodes of 1 µs: share of the ideal",
            figures: &[SHARE.goals(&[Goal::value(2, 0.90)])],
            entries: |effort| busy(effort, 200, 1_000),
        },
        Case {
            name: "J6-10us",
            about: "200 nodes of 10 µs: share of the ideal",
            figures: &[SHARE.goals(&[Goal::value(2, 0.94)])],
            entries: |effort| busy(effort, 200, effort.pick(10_000, 1_000) as u32),
        },
        Case {
            name: "G1",
            about: "compile 10 000 systems with 4 accesses each to 2 000 components into a plan",
            figures: &[Figure::new("ms").goals(&[Goal::value(1, 100.0)])],
            entries: compiled,
        },
    ]
};

/// What every node does.
struct Body {
    dag: Arc<Dag>,
    turns: u32,
    tally: Tally,
    /// Above 0, nodes look whether those that they wait for have run, instead of being quick.
    checked: AtomicU32,
    ran: Vec<AtomicU32>,
    early: AtomicU64,
}

impl Body {
    fn new(nodes: usize, ns: u32) -> Arc<Body> {
        Arc::new(Body {
            dag: Arc::new(Dag::layered(nodes)),
            turns: turns(ns),
            tally: Tally::new(),
            checked: AtomicU32::new(0),
            ran: (0..nodes).map(|_| AtomicU32::new(0)).collect(),
            early: AtomicU64::new(0),
        })
    }

    #[inline]
    fn visit(&self, node: usize) {
        if self.turns > 0 {
            burn(self.turns);
        }
        self.tally.add(node as u64 + 1);
        if self.checked.load(Relaxed) > 0 {
            self.look(node);
        }
    }

    #[cold]
    fn look(&self, node: usize) {
        let turn = self.checked.load(Relaxed);
        // Acquire and release: a node that runs too early is seen even where the executor orders nothing.
        let early = |&before: &u32| self.ran[before as usize].load(Acquire) != turn;
        if self.dag.before(node).iter().any(early) {
            self.early.fetch_add(1, Relaxed);
        }
        self.ran[node].store(turn, Release);
    }

    /// Runs the graph some times more and checks that each node ran once, after those that it waits for.
    fn check(&self, replay: &mut dyn Replay) -> Result<()> {
        for turn in 1..4 {
            self.tally.take();
            self.checked.store(turn, Relaxed);
            replay.run()?;
            self.checked.store(0, Relaxed);
            self.check_sum(1)?;
            ensure!(
                self.early.load(Relaxed) == 0,
                "{} nodes ran too early",
                self.early.load(Relaxed)
            );
        }
        Ok(())
    }

    fn check_sum(&self, runs: u64) -> Result<()> {
        let nodes = self.dag.len() as u64;
        let (sum, wanted) = (self.tally.take(), runs * (nodes * (nodes + 1) / 2));
        ensure!(
            sum == wanted,
            "nodes did not run once each: sum {sum} instead of {wanted}"
        );
        Ok(())
    }

    /// One round of a peer: mean ns of a run.
    fn round(&self, repeat: &mut Repeat, replay: &mut dyn Replay) -> Result<f64> {
        self.tally.take();
        replay.wake()?;
        let (mut runs, mut failed) = (0, None);
        let mean_ns = repeat.mean_ns(|| {
            runs += 1;
            failed = failed.take().or_else(|| replay.run().err());
        });
        failed.map_or(Ok(()), Err)?;
        self.check_sum(runs)?;
        self.check(replay)?;
        replay.rest();
        Ok(mean_ns)
    }
}

/// A peer that has the graph.
trait Replay {
    /// Gets ready for a round.
    fn wake(&mut self) -> Result<()> {
        Ok(())
    }

    /// Runs all nodes once.
    fn run(&mut self) -> Result<()>;

    /// Leaves the CPUs to others.
    fn rest(&mut self) {}
}

impl<F: FnMut() -> Result<()>> Replay for F {
    fn run(&mut self) -> Result<()> {
        self()
    }
}

/// Sets a peer up for a number of threads.
type Peer = fn(&Arc<Body>, usize) -> Result<Box<dyn Replay>>;

const LAYERW: (&str, Peer) = ("layerw", layerw);
const COUNTERS: (&str, Peer) = ("rayon-counters", counters);
const FORK_UNION: (&str, Peer) = ("fork_union", fork_union);
const BEVY: (&str, Peer) = ("bevy_ecs", bevy_ecs);

fn replayed(effort: Effort, nodes: usize) -> Vec<Entry> {
    // bevy takes long to build large graphs.
    let peers: &[_] = if nodes > 1_000 {
        &[LAYERW, COUNTERS]
    } else {
        &[LAYERW, COUNTERS, BEVY]
    };
    entries(peers, &[1, 2], move |peer, threads| {
        let body = Body::new(nodes, 0);
        let (mut repeat, mut replay) = (effort.repeat(), peer(&body, threads)?);
        single(move || Ok(body.round(&mut repeat, &mut *replay)? / nodes as f64))
    })
}

fn busy(effort: Effort, nodes: usize, ns: u32) -> Vec<Entry> {
    entries(
        &[LAYERW, COUNTERS, FORK_UNION, BEVY],
        &[2],
        move |peer, threads| {
            let body = Body::new(nodes, ns);
            let (mut repeat, mut replay) = (effort.repeat(), peer(&body, threads)?);
            let mut plain = effort.repeat();
            single(move || {
                // Right before, so that both meet the same clock rate and the same neighbours.
                let plain_ns = plain.mean_ns(|| (0..nodes).for_each(|node| body.visit(node)));
                Ok(plain_ns / threads as f64 / body.round(&mut repeat, &mut *replay)?)
            })
        },
    )
}

fn entries(
    peers: &[(&'static str, Peer)],
    threads: &'static [usize],
    start: impl Fn(Peer, usize) -> Result<Round> + Clone + Send + 'static,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    for &(name, peer) in peers {
        for &threads in threads {
            let start = start.clone();
            entries.push(Entry::new(name, threads, move || start(peer, threads)));
        }
    }
    entries
}

fn layerw(body: &Arc<Body>, threads: usize) -> Result<Box<dyn Replay>> {
    let jobs = ours::jobs(threads)?;
    let work = body.clone();
    let mut graph = ours::Graph::new(&body.dag, &jobs, move |node| work.visit(node))?;
    Ok(Box::new(move || graph.run()))
}

fn counters(body: &Arc<Body>, threads: usize) -> Result<Box<dyn Replay>> {
    let pool = rayon::pool(threads)?;
    let graph = rayon::Counters::new(body.dag.clone());
    let body = body.clone();
    Ok(Box::new(move || {
        pool.install(|| graph.run(&|node| body.visit(node)));
        Ok(())
    }))
}

fn fork_union(body: &Arc<Body>, threads: usize) -> Result<Box<dyn Replay>> {
    Ok(Box::new(Layers {
        pool: Spinning::new(threads),
        body: body.clone(),
    }))
}

/// Layer by layer, all threads meeting in between: works for graphs that are layers, an upper bound for others.
struct Layers {
    pool: Spinning,
    body: Arc<Body>,
}

impl Replay for Layers {
    fn wake(&mut self) -> Result<()> {
        self.pool.pool().map(|_| ())
    }

    fn run(&mut self) -> Result<()> {
        let pool = self.pool.pool()?;
        for layer in self.body.dag.layers() {
            pool.for_n(layer.len(), |prong| {
                self.body.visit(layer.start + prong.task_index)
            });
        }
        Ok(())
    }

    fn rest(&mut self) {
        self.pool.rest();
    }
}

fn bevy_ecs(body: &Arc<Body>, threads: usize) -> Result<Box<dyn Replay>> {
    let work = body.clone();
    let mut schedule = bevy::graph_schedule(&body.dag, threads, move |node| work.visit(node));
    let mut world = bevy_ecs::world::World::new();
    Ok(Box::new(move || {
        schedule.run(&mut world);
        Ok(())
    }))
}

/// Systems to compile, components, and accesses of each system.
const SYSTEMS: [usize; 3] = [10_000, 2_000, 4];

fn compiled(effort: Effort) -> Vec<Entry> {
    vec![Entry::new("layerw", 1, move || {
        let systems = effort.pick(SYSTEMS[0], 500);
        let builder = many_systems(systems);
        let mut repeat = effort.repeat();
        single(move || {
            let mut result = None;
            let mean_ns = repeat.mean_counted_ns(|| {
                let builder = builder.clone();
                let start_ns = now_ns();
                result = Some(builder.compile());
                now_ns() - start_ns
            });
            if let Some(plan) = result {
                check_plan(&plan?, systems)?;
            }
            Ok(mean_ns / 1e6)
        })
    })]
}

fn many_systems(systems: usize) -> GraphBuilder {
    let [_, components, accesses] = SYSTEMS;
    let mut graph = GraphBuilder::new();
    let keys: Vec<_> = (0..components)
        .map(|key| graph.key(format!("component {key}"), Source::External))
        .collect();
    let mut state = 1_u64;
    for system in 0..systems {
        let mut decl = match system % 2 {
            0 => NodeDecl::rows(format!("system {system}")),
            _ => NodeDecl::whole(format!("system {system}")),
        };
        let mut chosen = Vec::new();
        while chosen.len() < accesses {
            state = state
                .wrapping_mul(0x5851_F42D_4C95_7F2D)
                .wrapping_add(0x1405_7B7E_F767_814F);
            let key = keys[(state >> 33) as usize % components];
            if !chosen.contains(&key) {
                chosen.push(key);
                decl = if chosen.len() == 1 {
                    decl.writes(key)
                } else {
                    decl.reads(key)
                };
            }
        }
        graph.node(decl);
    }
    graph
}

/// Every node is there, and every edge points from earlier to later.
fn check_plan(plan: &Plan, systems: usize) -> Result<()> {
    ensure!(
        plan.nodes().len() == systems,
        "{} nodes instead of {systems}",
        plan.nodes().len()
    );
    let backward = plan
        .edges()
        .iter()
        .filter(|edge| edge.from >= edge.to)
        .count();
    ensure!(
        backward == 0 && !plan.edges().is_empty(),
        "{} edges, {backward} of them backward",
        plan.edges().len()
    );
    Ok(())
}
