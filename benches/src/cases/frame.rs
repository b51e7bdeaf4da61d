//! J1, J11, J12: frames at 60 Hz, what they cost, and what they allocate.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use layerw::{Cx, IntoRow, IntoWhole, Sim, label};
use layerw_jobs::Jobs;
use layerw_memory::counting;
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Round, round, single};
use crate::peers::dag::Dag;
use crate::peers::fork_union::Spinning;
use crate::peers::parts::{Position, Velocity, advance, position, velocity};
use crate::peers::{bevy, ours, rayon};
use crate::work::{Tally, burn, turns};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "J1",
        about: "a frame of 1 000 nodes of 1 µs every 1/60 s, and the CPU time that it costs",
        figures: &[
            Figure::new("us")
                .suffix("-latency")
                .goals(&[Goal::value(2, 700.0)]),
            Figure::new("ms")
                .suffix("-cpu")
                .goals(&[Goal::value(2, 1.5)]),
        ],
        entries: frames,
    },
    Case {
        name: "J11",
        about: "heap allocations of a steady frame of 100 systems or jobs",
        figures: &[Figure::new("allocations").goals(&[Goal::value(1, 0.0), Goal::value(2, 0.0)])],
        entries: allocations,
    },
    Case {
        name: "J12",
        about: "CPU time of frames at 60 Hz that do nothing, workers armed",
        figures: &[Figure::new("%").goals(&[Goal::value(2, 1.0)])],
        entries: idle,
    },
];

/// Time between frames, in ns.
const PERIOD_NS: u64 = 16_666_667;

/// How long before a frame its thread wakes up, in ns, to start in time. It spins for the rest.
const EARLY_NS: u64 = 150_000;

/// Somebody who draws frames, or would.
trait Painter {
    /// The next frame will come at this time.
    fn expect(&mut self, _at_ns: u64) {}

    fn frame(&mut self) -> Result<()>;

    /// The end of the round: leaves the CPUs to others.
    fn rest(&mut self) {}
}

/// Frames one after the other: the median time from the moment when a frame was due to its end, in ns, and mean CPU
/// time of a frame, in ns, without what the thread of the frames spins until it is due.
fn play(painter: &mut dyn Painter, frames: usize) -> Result<(f64, f64)> {
    let mut latencies = Vec::with_capacity(frames);
    let mut due_ns = now_ns() + PERIOD_NS;
    painter.expect(due_ns);
    // The first is not counted: workers are woken, caches are cold.
    let mut cpu_ns = 0;
    let mut spun_ns = 0;
    for frame in 0..=frames {
        let left_ns = due_ns.saturating_sub(now_ns() + EARLY_NS);
        thread::sleep(Duration::from_nanos(left_ns));
        let spin_ns = now_ns();
        while now_ns() < due_ns {
            std::hint::spin_loop();
        }
        spun_ns += now_ns() - spin_ns;
        painter.frame()?;
        latencies.push((now_ns() - due_ns) as f64);
        due_ns += PERIOD_NS;
        painter.expect(due_ns);
        if frame == 0 {
            latencies.clear();
            cpu_ns = process_cpu_ns();
            spun_ns = 0;
        }
    }
    let cpu_ns = process_cpu_ns() - cpu_ns - spun_ns;
    painter.rest();
    latencies.sort_by(f64::total_cmp);
    Ok((latencies[frames / 2], cpu_ns as f64 / frames as f64))
}

/// CPU time of all threads so far, in ns.
fn process_cpu_ns() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// What the nodes of a frame do.
struct Nodes {
    dag: Arc<Dag>,
    turns: u32,
    tally: Tally,
}

impl Nodes {
    #[inline]
    fn visit(&self, node: usize) {
        burn(self.turns);
        self.tally.add(node as u64 + 1);
    }
}

/// Sets a painter up for a number of threads.
type Start = fn(&Arc<Nodes>, usize) -> Result<Box<dyn Painter>>;

fn frames(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(1_000, 100);
    let entry = move |peer, threads, start: Start| {
        Entry::new(peer, threads, move || {
            let nodes = Arc::new(Nodes {
                dag: Arc::new(Dag::layered(count)),
                turns: turns(1_000),
                tally: Tally::new(),
            });
            let mut painter = start(&nodes, threads)?;
            let frames = effort.pick(20, 2);
            round(move || {
                nodes.tally.take();
                let (latency_ns, cpu_ns) = play(&mut *painter, frames)?;
                let (sum, wanted) = (
                    nodes.tally.take(),
                    ((frames + 1) * count * (count + 1) / 2) as u64,
                );
                ensure!(
                    sum == wanted,
                    "nodes did not run once a frame: sum {sum} instead of {wanted}"
                );
                Ok(vec![latency_ns / 1e3, cpu_ns / 1e6])
            })
        })
    };
    vec![
        entry("layerw", 1, layerw_painter),
        entry("layerw", 2, layerw_painter),
        entry("rayon-counters", 2, |nodes, threads| {
            let (pool, graph, nodes) = (
                rayon::pool(threads)?,
                rayon::Counters::new(nodes.dag.clone()),
                nodes.clone(),
            );
            Ok(Box::new(Plain(move || {
                pool.install(|| graph.run(&|node| nodes.visit(node)))
            })))
        }),
        entry("fork_union", 2, |nodes, threads| {
            Ok(Box::new(Layers {
                pool: Spinning::new(threads),
                nodes: nodes.clone(),
            }))
        }),
        entry("bevy_ecs", 2, |nodes, threads| {
            let work = nodes.clone();
            let mut schedule =
                bevy::graph_schedule(&nodes.dag, threads, move |node| work.visit(node));
            let mut world = bevy_ecs::world::World::new();
            Ok(Box::new(Plain(move || schedule.run(&mut world))))
        }),
    ]
}

/// Frames by a function, which sleeps in between.
struct Plain<F>(F);

impl<F: FnMut()> Painter for Plain<F> {
    fn frame(&mut self) -> Result<()> {
        (self.0)();
        Ok(())
    }
}

fn layerw_painter(nodes: &Arc<Nodes>, threads: usize) -> Result<Box<dyn Painter>> {
    let (jobs, work) = (ours::jobs(threads)?, nodes.clone());
    let mut graph = ours::Graph::new(&nodes.dag, &jobs, move |node| work.visit(node))?;
    Ok(Box::new(Armed {
        jobs,
        frame: move || graph.run(),
    }))
}

/// Frames by the engine, which knows when the next will come.
struct Armed<F> {
    jobs: Jobs,
    frame: F,
}

impl<F: FnMut() -> Result<()>> Painter for Armed<F> {
    fn expect(&mut self, at_ns: u64) {
        self.jobs.arm(at_ns, self.jobs.threads());
    }

    fn frame(&mut self) -> Result<()> {
        (self.frame)()
    }

    fn rest(&mut self) {
        self.jobs.disarm();
    }
}

/// fork_union: layer by layer.
struct Layers {
    pool: Spinning,
    nodes: Arc<Nodes>,
}

impl Painter for Layers {
    fn frame(&mut self) -> Result<()> {
        let pool = self.pool.pool()?;
        for layer in self.nodes.dag.layers() {
            pool.for_n(layer.len(), |prong| {
                self.nodes.visit(layer.start + prong.task_index)
            });
        }
        Ok(())
    }

    fn rest(&mut self) {
        self.pool.rest();
    }
}

/// Systems or jobs of the frames that allocate.
const JOBS: usize = 100;

fn allocations(effort: Effort) -> Vec<Entry> {
    /// A round of frames: allocations per frame, after some frames to warm up.
    fn round(effort: Effort, mut frame: impl FnMut() -> Result<()> + 'static) -> Result<Round> {
        let frames = effort.pick(200, 20) as u64;
        single(move || {
            for _ in 0..60 {
                frame()?;
            }
            let before = counting::snapshot();
            for _ in 0..frames {
                frame()?;
            }
            let spent = counting::snapshot() - before;
            Ok(spent.allocations as f64 / frames as f64)
        })
    }
    let mut entries = Vec::new();
    for threads in [1, 2] {
        entries.push(Entry::new("layerw", threads, move || {
            let jobs = ours::jobs(threads)?;
            let mut sim = Sim::new();
            sim.world
                .spawn_batch((0..10_000).map(|number| (position(number), velocity(number))));
            for system in 0..JOBS / 2 {
                sim.each(
                    (|position: &mut Position, velocity: &Velocity| advance(position, velocity))
                        .named(&format!("row {system}")),
                );
                let loop_label = label("inside");
                let whole = move |cx: Cx| {
                    let places = layerw::par::map(cx, loop_label, 1_000, 100, |place| place as u32);
                    assert_eq!(places.len(), 1_000);
                };
                sim.system(IntoWhole::named(whole, &format!("whole {system}")));
            }
            let mut runner = ours::runner(sim, &jobs)?;
            round(effort, move || runner.step().context("a step"))
        }));
        entries.push(Entry::new("rayon", threads, move || {
            let (pool, tally) = (rayon::pool(threads)?, Arc::new(Tally::new()));
            round(effort, move || {
                let inside = &*tally;
                pool.install(|| {
                    ::rayon::scope(|scope| {
                        (0..JOBS).for_each(|_| scope.spawn(move |_| inside.add(1)))
                    })
                });
                ensure!(tally.take() == JOBS as u64, "jobs did not run once each");
                Ok(())
            })
        }));
        entries.push(Entry::new("bevy_ecs", threads, move || {
            let (mut world, mut schedule) =
                (bevy_ecs::world::World::new(), bevy::schedule(threads));
            let tally = Arc::new(Tally::new());
            for _ in 0..JOBS {
                let tally = tally.clone();
                schedule.add_systems(move || tally.add(1));
            }
            round(effort, move || {
                schedule.run(&mut world);
                ensure!(tally.take() == JOBS as u64, "systems did not run once each");
                Ok(())
            })
        }));
    }
    entries
}

fn idle(effort: Effort) -> Vec<Entry> {
    /// A round of frames: their CPU time as a share of all time, in %.
    fn round(effort: Effort, mut painter: impl Painter + 'static) -> Result<Round> {
        let frames = effort.pick(40, 3);
        single(move || {
            let (_, cpu_ns) = play(&mut painter, frames)?;
            Ok(100.0 * cpu_ns / PERIOD_NS as f64)
        })
    }
    vec![
        Entry::new("layerw", 2, move || {
            let jobs = ours::jobs(2)?;
            let name = label("idle");
            let loops = jobs.clone();
            round(
                effort,
                Armed {
                    jobs,
                    frame: move || {
                        loops.par_for(name, 2, 1, |_, _| ());
                        Ok(())
                    },
                },
            )
        }),
        Entry::new("rayon", 2, move || {
            let pool = rayon::pool(2)?;
            round(
                effort,
                Plain(move || {
                    pool.install(|| ::rayon::join(|| (), || ()));
                }),
            )
        }),
    ]
}
