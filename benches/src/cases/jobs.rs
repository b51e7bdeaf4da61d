//! J2, J7-J10: fork and join, fan-out, parallel loops.

use std::hint::black_box;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use ::rayon::prelude::*;
use anyhow::{Result, ensure};
use layerw::{Cx, Label, label, par};
use layerw_jobs::Jobs;
use layerw_trace::now_ns;

use crate::harness::{Case, Effort, Entry, Figure, Goal, Repeat, single};
use crate::peers::fork_union::Spinning;
use crate::peers::{bevy, ours, rayon};
use crate::work::{Tally, burn, turns};

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "J2",
        about: "two jobs of 50 µs while the workers sleep",
        figures: &[Figure::new("us").goals(&[Goal::value(2, 101.0)])],
        entries: two_jobs,
    },
    Case {
        name: "J7",
        about: "10 000 separate named jobs fanned out",
        figures: &[Figure::new("ns/job")
            .goals(&[Goal::ratio(1, 30.0, 55.0), Goal::ratio(2, 120.0, 286.0)])],
        entries: fan_out,
    },
    Case {
        name: "J8",
        about: "fork and join: fib(25), 242 785 calls",
        figures: &[
            Figure::new("ns/call").goals(&[Goal::ratio(1, 7.0, 2.3), Goal::ratio(2, 3.7, 2.25)])
        ],
        entries: fibonacci,
    },
    Case {
        name: "J9",
        about: "parallel loop over 1M f32 in place, grain 256",
        figures: &[Figure::new("us").goals(&[Goal::ratio(2, 64.0, 64.0)])],
        entries: |effort| looped(effort, effort.pick(1 << 20, 1 << 14), false),
    },
    Case {
        name: "J10-hot",
        about: "parallel loop over 1 000 f32 in place, again and again",
        figures: &[Figure::new("us").goals(&[Goal::ratio(2, 0.45, 0.42)])],
        entries: |effort| looped(effort, 1_000, false),
    },
    Case {
        name: "J10-cold",
        about: "the same once, while the workers sleep",
        figures: &[Figure::new("us").goals(&[Goal::ratio(2, 2.5, 2.4)])],
        entries: |effort| looped(effort, 1_000, true),
    },
];

/// Long enough for the workers of every pool that sleeps to do so.
const UNTIL_ASLEEP: Duration = Duration::from_millis(3);

/// Median ns of calls that each come when everybody sleeps. `f` says how long the call took.
fn cold_ns(effort: Effort, mut f: impl FnMut() -> u64) -> f64 {
    let mut samples: Vec<u64> = (0..effort.pick(25, 2))
        .map(|_| {
            thread::sleep(UNTIL_ASLEEP);
            f()
        })
        .collect();
    samples.sort_unstable();
    samples[samples.len() / 2] as f64
}

fn two_jobs(effort: Effort) -> Vec<Entry> {
    /// The two jobs on a pool: called with what to do for job 0 and job 1.
    fn entry(
        effort: Effort,
        peer: &'static str,
        start: impl FnOnce() -> Result<Box<dyn FnMut(&(dyn Fn(u64) + Sync)) -> Result<()>>>
        + Send
        + 'static,
    ) -> Entry {
        Entry::new(peer, 2, move || {
            let (tally, turns) = (Tally::new(), turns(50_000));
            let mut run = start()?;
            single(move || {
                let job = |number: u64| {
                    burn(turns);
                    tally.add(1 + number);
                };
                let (mut calls, mut failed) = (0, None);
                let median_ns = cold_ns(effort, || {
                    calls += 1;
                    let start_ns = now_ns();
                    failed = failed.take().or(run(&job).err());
                    now_ns() - start_ns
                });
                failed.map_or(Ok(()), Err)?;
                let sum = tally.take();
                ensure!(
                    sum == 3 * calls,
                    "jobs did not run once each: sum {sum} after {calls} calls"
                );
                Ok(median_ns / 1e3)
            })
        })
    }
    vec![
        entry(effort, "layerw", || {
            let jobs = ours::jobs(2)?;
            Ok(Box::new(move |job| {
                jobs.join(|| job(0), || job(1));
                Ok(())
            }))
        }),
        entry(effort, "rayon", || {
            let pool = rayon::pool(2)?;
            Ok(Box::new(move |job| {
                pool.install(|| ::rayon::join(|| job(0), || job(1)));
                Ok(())
            }))
        }),
        entry(effort, "chili", || {
            let pool = chili_pool(2);
            Ok(Box::new(move |job| {
                pool.scope().join(|_| job(0), |_| job(1));
                Ok(())
            }))
        }),
        entry(effort, "bevy_tasks", || {
            let pool = bevy::tasks(2);
            Ok(Box::new(move |job| {
                pool.scope(|scope| {
                    (0..2).for_each(|number| scope.spawn(async move { job(number) }))
                });
                Ok(())
            }))
        }),
        entry(effort, "fork_union", || {
            let mut pool = Spinning::new(2);
            Ok(Box::new(move |job| {
                // Its threads end with the call: those that spin would keep the peers from their CPUs.
                pool.pool()?.for_threads(|thread, _| job(thread as u64));
                pool.rest();
                Ok(())
            }))
        }),
    ]
}

fn chili_pool(threads: usize) -> chili::ThreadPool {
    let thread_count = NonZero::new(threads);
    chili::ThreadPool::with_config(chili::Config {
        thread_count,
        ..chili::Config::default()
    })
}

fn fan_out(effort: Effort) -> Vec<Entry> {
    let count = effort.pick(10_000, 500) as u64;
    /// The jobs on a pool: called with what to do for each number.
    fn entry(
        effort: Effort,
        peer: &'static str,
        threads: usize,
        count: u64,
        start: impl FnOnce() -> Result<Box<dyn FnMut(&(dyn Fn(u64) + Sync))>> + Send + 'static,
    ) -> Entry {
        Entry::new(peer, threads, move || {
            let (tally, mut repeat) = (Tally::new(), effort.repeat());
            let mut run = start()?;
            single(move || {
                let mut calls = 0;
                let mean_ns = repeat.mean_ns(|| {
                    calls += 1;
                    run(&|number| tally.add(1 + number));
                });
                let (sum, wanted) = (tally.take(), calls * (count * (count + 1) / 2));
                ensure!(
                    sum == wanted,
                    "jobs did not run once each: sum {sum} instead of {wanted}"
                );
                Ok(mean_ns / count as f64)
            })
        })
    }
    let mut entries = Vec::new();
    for threads in [1, 2] {
        entries.push(entry(effort, "layerw", threads, count, move || {
            let jobs = ours::jobs(threads)?;
            let labels: Vec<Label> = (0..count)
                .map(|number| label(&format!("job {number}")))
                .collect();
            Ok(Box::new(move |job| {
                jobs.scope(|scope| {
                    for (number, &label) in (0..).zip(&labels) {
                        scope.spawn(label, move || job(number));
                    }
                });
            }))
        }));
        entries.push(entry(effort, "rayon", threads, count, move || {
            let pool = rayon::pool(threads)?;
            Ok(Box::new(move |job| {
                pool.install(|| {
                    ::rayon::scope(|scope| {
                        (0..count).for_each(|number| scope.spawn(move |_| job(number)))
                    });
                });
            }))
        }));
        entries.push(entry(effort, "bevy_tasks", threads, count, move || {
            let pool = bevy::tasks(threads);
            Ok(Box::new(move |job| {
                pool.scope(|scope| {
                    (0..count).for_each(|number| scope.spawn(async move { job(number) }))
                });
            }))
        }));
    }
    entries
}

/// Which Fibonacci number, its value, and the calls that it takes.
const FIBONACCI: (u32, u64, f64) = (25, 75_025, 242_785.0);

fn fibonacci(effort: Effort) -> Vec<Entry> {
    fn plain(n: u32) -> u64 {
        if n < 2 {
            u64::from(n)
        } else {
            plain(black_box(n - 1)) + plain(black_box(n - 2))
        }
    }
    fn layerw(jobs: &Jobs, n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        let (a, b) = jobs.join(|| layerw(jobs, n - 1), || layerw(jobs, n - 2));
        a + b
    }
    fn rayon_join(n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        let (a, b) = ::rayon::join(|| rayon_join(n - 1), || rayon_join(n - 2));
        a + b
    }
    fn chili_join(scope: &mut chili::Scope<'_>, n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        let (a, b) = scope.join(
            |scope| chili_join(scope, n - 1),
            |scope| chili_join(scope, n - 2),
        );
        a + b
    }
    /// One round: `f` computes the number a number of times and says how long it took, and what came out.
    fn round(repeat: &mut Repeat, mut f: impl FnMut() -> u64) -> Result<f64> {
        let (_, value, calls) = FIBONACCI;
        let mut wrong = None;
        let mean_ns = repeat.mean_ns(|| {
            let result = f();
            if result != value {
                wrong = Some(result);
            }
        });
        ensure!(wrong.is_none(), "fib is {wrong:?} instead of {value}");
        Ok(mean_ns / calls)
    }
    let (n, ..) = FIBONACCI;
    let mut entries = vec![Entry::new("floor-plain-calls", 1, move || {
        let mut repeat = effort.repeat();
        single(move || round(&mut repeat, || plain(n)))
    })];
    for threads in [1, 2] {
        entries.push(Entry::new("layerw", threads, move || {
            let jobs = ours::jobs(threads)?;
            let mut repeat = effort.repeat();
            single(move || round(&mut repeat, || layerw(&jobs, n)))
        }));
        entries.push(Entry::new("rayon", threads, move || {
            let (pool, mut repeat) = (rayon::pool(threads)?, effort.repeat());
            single(move || pool.install(|| round(&mut repeat, || rayon_join(n))))
        }));
        entries.push(Entry::new("chili", threads, move || {
            let (pool, mut repeat) = (chili_pool(threads), effort.repeat());
            single(move || {
                // A scope keeps chili's heart beating, so it lives for a round only.
                let mut scope = pool.scope();
                round(&mut repeat, || chili_join(&mut scope, n))
            })
        }));
    }
    entries
}

/// What a loop does to each value.
#[inline(always)]
fn change(value: &mut f32) {
    *value = *value * 0.999 + 1.0;
}

/// The value after so many loops, from 0.
fn changed(loops: u64) -> f32 {
    let mut value = 0.0;
    for _ in 0..loops {
        let before = value;
        change(&mut value);
        if value == before {
            break;
        }
    }
    value
}

const GRAIN: usize = 256;

/// Values that loops go over, and how often they did.
struct Values {
    values: Vec<f32>,
    loops: u64,
}

impl Values {
    fn new(count: usize) -> Values {
        Values {
            values: vec![0.0; count],
            loops: 0,
        }
    }

    /// One round, hot or cold: `f` goes over the values once.
    fn round(
        &mut self,
        effort: Effort,
        repeat: &mut Repeat,
        cold: bool,
        mut f: impl FnMut(&mut [f32]),
    ) -> f64 {
        let mut once = || {
            self.loops += 1;
            f(&mut self.values);
        };
        if !cold {
            return repeat.mean_ns(once);
        }
        cold_ns(effort, || {
            let start_ns = now_ns();
            once();
            now_ns() - start_ns
        })
    }

    fn check(&self) -> Result<()> {
        let wanted = changed(self.loops);
        let wrong = self.values.iter().filter(|&&value| value != wanted).count();
        ensure!(
            wrong == 0,
            "{wrong} of {} values are not {wanted}",
            self.values.len()
        );
        Ok(())
    }
}

fn looped(effort: Effort, count: usize, cold: bool) -> Vec<Entry> {
    let mut entries = vec![Entry::new("floor-plain-loop", 1, move || {
        let (mut values, mut repeat) = (Values::new(count), effort.repeat());
        single(move || {
            let ns = values.round(effort, &mut repeat, cold, |values| {
                values.iter_mut().for_each(change)
            });
            values.check()?;
            Ok(ns / 1e3)
        })
    })];
    for threads in [1, 2] {
        entries.push(Entry::new("layerw", threads, move || {
            layerw_loop(effort, threads, count, cold)
        }));
        entries.push(Entry::new("rayon", threads, move || {
            let pool = rayon::pool(threads)?;
            let (mut values, mut repeat) = (Values::new(count), effort.repeat());
            single(move || {
                let ns = pool.install(|| {
                    values.round(effort, &mut repeat, cold, |values| {
                        values
                            .par_chunks_mut(GRAIN)
                            .for_each(|chunk| chunk.iter_mut().for_each(change));
                    })
                });
                values.check()?;
                Ok(ns / 1e3)
            })
        }));
    }
    entries
}

/// The engine's loop, where users write it: in a system.
fn layerw_loop(
    effort: Effort,
    threads: usize,
    count: usize,
    cold: bool,
) -> Result<crate::harness::Round> {
    let jobs = ours::jobs(threads)?;
    let shared = Arc::new((
        Mutex::new((Values::new(count), effort.repeat())),
        AtomicU64::new(0),
    ));
    let (name, inside) = (label("loop"), shared.clone());
    let mut runner = ours::inside(&jobs, move |cx: Cx<'_>| {
        let (state, ns) = &*inside;
        let Ok(mut state) = state.lock() else { return };
        let (values, repeat) = &mut *state;
        let mean_ns = values.round(effort, repeat, cold, |values| {
            par::for_each(cx, name, values, GRAIN, |_, value| change(value));
        });
        ns.store(mean_ns.to_bits(), Relaxed);
    })?;
    single(move || {
        runner.step()?;
        let (state, ns) = &*shared;
        if let Ok(state) = state.lock() {
            state.0.check()?;
        }
        Ok(f64::from_bits(ns.load(Relaxed)) / 1e3)
    })
}
