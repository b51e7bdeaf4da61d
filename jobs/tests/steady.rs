//! The steady state: frames that call no allocator, and workers that use no CPU while nothing happens.
//!
//! One test in a binary of its own, because the counters belong to the process.
#![cfg(not(feature = "loom"))]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use layerw_jobs::{Jobs, Priority, Ranges, on_fresh_thread};
use layerw_memory::counting::{self, CountingAllocator};
use layerw_trace::{Label, label};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn steady_frames_allocate_nothing_and_idle_workers_sleep() {
    for threads in [1, 2, 3, 8] {
        on_fresh_thread("steady", 0, || {
            let jobs = Jobs::new(threads).unwrap();
            let frame = Frame::new(&jobs);
            // Every worker has had its part in everything after some frames, or gets it while it is counted.
            (0..30).for_each(|_| frame.run());
            let before = counting::snapshot();
            (0..100).for_each(|_| frame.run());
            let spent = counting::snapshot() - before;
            assert_eq!(
                (spent.allocations, spent.deallocations),
                (0, 0),
                "{threads} threads: {spent:?}"
            );
            assert_eq!(frame.count.load(Relaxed), 130 * Frame::JOBS);

            std::thread::sleep(Duration::from_millis(5));
            let before = cpu_ns();
            std::thread::sleep(Duration::from_millis(200));
            let used = cpu_ns() - before;
            assert!(
                used < 5_000_000,
                "{threads} threads used {used} ns of CPU while idle"
            );
        });
        // The pool has ended with its thread, and so do its workers, who give back what they had: not while the next ones are counted.
        while worker_threads() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A frame with some of everything.
struct Frame<'a> {
    jobs: &'a Jobs,
    ranges: Ranges,
    count: AtomicUsize,
    names: [Label; 4],
}

impl Frame<'_> {
    /// What one frame counts.
    const JOBS: usize = 64 + 100 + 400 + 30 + 5 + 1 + 232;

    fn new(jobs: &Jobs) -> Frame<'_> {
        Frame {
            jobs,
            ranges: Ranges::new(jobs.threads()),
            count: AtomicUsize::new(0),
            names: ["steady frame", "steady loop", "steady job", "steady team"].map(label),
        }
    }

    fn one(&self) {
        self.count.fetch_add(1, Relaxed);
    }

    fn run(&self) {
        let [frame, looped, job, team] = self.names;
        let jobs = self.jobs;
        let _frame = layerw_trace::zone(frame);
        self.ranges.reset(64);
        jobs.team(team, jobs.threads(), |member| {
            while let Some(range) = self.ranges.next(member.worker(), 2) {
                range.for_each(|_| self.one());
                member.notify(1);
            }
            if member.is_owner() {
                jobs.par_for(looped, 100, 1, |_, _| {
                    busy(2_000);
                    self.one();
                });
            }
            member.idle(|| true);
        });
        jobs.scope(|scope| {
            for index in 0..400 {
                let many = [index; 40];
                match index % 4 {
                    0 => scope.spawn(job, move || {
                        assert_eq!(many[7], {
                            self.one();
                            index
                        })
                    }),
                    1 => scope.spawn_priority(Priority::High, job, || self.one()),
                    _ => scope.spawn(job, || {
                        busy(500);
                        self.one()
                    }),
                }
            }
            for _ in 0..30 {
                scope.spawn_pinned(job, || self.one());
            }
        });
        jobs.par_for(looped, 5, 1, |_, _| self.one());
        jobs.rayon(|| self.one());
        self.fib(12);
    }

    fn fib(&self, n: usize) {
        if n < 2 {
            return;
        }
        self.count.fetch_add(1, Relaxed);
        self.jobs.join(|| self.fib(n - 1), || self.fib(n - 2));
    }
}

fn busy(ns: u64) {
    let end = layerw_trace::now_ns() + ns;
    while layerw_trace::now_ns() < end {
        std::hint::spin_loop();
    }
}

/// Threads of this process that are workers; 0 where the system does not say.
fn worker_threads() -> usize {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .filter(|name| name.starts_with("layerw-"))
        .count()
}

/// CPU time of all threads of this process so far, in ns; 0 where the system does not say.
fn cpu_ns() -> u64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    let spent = tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    spent
        .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
        .sum()
}
