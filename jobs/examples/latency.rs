//! What the primitives cost on this machine, beside rayon: `cargo run --release -p layerw-jobs --example latency`.
//!
//! Prints `case,peer,threads,value,unit` lines, medians of interleaved rounds. For tuning this crate; the benchmarks of
//! the whole engine live in `benches/`.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use layerw_jobs::{Jobs, on_fresh_thread};
use layerw_trace::{label, now_ns};
use rayon::prelude::*;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants = |case: &str| wanted.is_empty() || wanted.iter().any(|name| name == case);
    println!("case,peer,threads,value,unit");
    for threads in [1, 2] {
        if wants("fib") {
            compare(
                "fib",
                threads,
                "ns/call",
                242_785.0,
                30,
                fib_ours,
                fib_rayon,
                Some(fib_plain),
            );
        }
        if wants("loop") {
            compare(
                "loop_1M", threads, "us", 1e3, 60, loop_ours, loop_rayon, None,
            );
        }
        if wants("small") {
            compare(
                "loop_1000",
                threads,
                "us",
                1e3,
                400,
                small_ours,
                small_rayon,
                None,
            );
        }
        if wants("fan") {
            compare(
                "fan_out_10k",
                threads,
                "ns/job",
                10_000.0,
                60,
                fan_ours,
                fan_rayon,
                None,
            );
        }
        if wants("busy") {
            compare(
                "fan_out_1us",
                threads,
                "us",
                1e3,
                40,
                busy_ours,
                busy_rayon,
                None,
            );
        }
        if wants("pair") {
            compare(
                "two_50us_cold",
                threads,
                "us",
                1e3,
                30,
                pair_ours,
                pair_rayon,
                None,
            );
        }
    }
}

type Case = fn(&Jobs) -> u64;

/// Runs ours and rayon's in turn on one pool's threads each, and prints the medians.
#[allow(
    clippy::too_many_arguments,
    reason = "one call per line above reads as a table"
)]
fn compare(
    case: &str,
    threads: usize,
    unit: &str,
    per: f64,
    rounds: usize,
    ours: Case,
    rayons: Case,
    plain: Option<Case>,
) {
    // Separate threads, since a rayon pool of its own must not find its workers in our loop.
    let mine = on_fresh_thread("layerw", 0, || {
        let jobs = Jobs::builder().threads(threads).pin(true).build().unwrap();
        median(rounds, || ours(&jobs))
    });
    let theirs = on_fresh_thread("rayon", 0, || {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| on_pool(rounds, rayons))
    });
    println!("{case},layerw,{threads},{:.3},{unit}", mine / per);
    println!("{case},rayon,{threads},{:.3},{unit}", theirs / per);
    if let Some(plain) = plain {
        let jobs = on_fresh_thread("plain", 0, || {
            let jobs = Jobs::new(1).unwrap();
            median(rounds, || plain(&jobs))
        });
        println!("{case},plain,1,{:.3},{unit}", jobs / per);
    }
}

/// rayon's cases do not use the handle, so any will do.
fn on_pool(rounds: usize, case: Case) -> f64 {
    let jobs = on_fresh_thread("unused", 0, || Jobs::new(1).unwrap());
    median(rounds, || case(&jobs))
}

fn median(rounds: usize, mut run: impl FnMut() -> u64) -> f64 {
    let mut times: Vec<u64> = (0..rounds + 3).map(|_| run()).skip(3).collect();
    times.sort_unstable();
    times[times.len() / 2] as f64
}

fn timed<R>(f: impl FnOnce() -> R) -> (u64, R) {
    let start = now_ns();
    let result = f();
    (now_ns() - start, result)
}

fn fib_plain(_: &Jobs) -> u64 {
    #[inline(never)]
    fn fib(n: u64) -> u64 {
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }
    let (ns, result) = timed(|| fib(black_box(25)));
    assert_eq!(result, 75_025);
    ns
}

fn fib_ours(jobs: &Jobs) -> u64 {
    fn fib(jobs: &Jobs, n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let (a, b) = jobs.join(|| fib(jobs, n - 1), || fib(jobs, n - 2));
        a + b
    }
    let (ns, result) = timed(|| fib(jobs, black_box(25)));
    assert_eq!(result, 75_025);
    ns
}

fn fib_rayon(_: &Jobs) -> u64 {
    fn fib(n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
        a + b
    }
    let (ns, result) = timed(|| fib(black_box(25)));
    assert_eq!(result, 75_025);
    ns
}

fn million() -> Vec<f32> {
    vec![1.0; 1_000_000]
}

fn scale(values: &mut [f32]) {
    values
        .iter_mut()
        .for_each(|value| *value = *value * 1.000_1 + 0.5);
}

thread_local! {
    static VALUES: std::cell::RefCell<Vec<f32>> = std::cell::RefCell::new(million());
}

/// A slice that several workers write disjoint parts of.
struct Parts(*mut f32, usize);
// SAFETY: the cases below hand out disjoint parts.
unsafe impl Sync for Parts {}
impl Parts {
    #[allow(clippy::mut_from_ref, reason = "disjoint parts")]
    fn part(&self, items: std::ops::Range<usize>) -> &mut [f32] {
        assert!(items.end <= self.1);
        // SAFETY: in bounds, and each part is handed out once per loop.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(items.start), items.len()) }
    }
}

fn loop_ours(jobs: &Jobs) -> u64 {
    VALUES.with_borrow_mut(|values| {
        let parts = Parts(values.as_mut_ptr(), values.len());
        let loop_label = label("loop_1M");
        timed(|| {
            jobs.par_for(loop_label, parts.1, 256, |items, _| {
                scale(parts.part(items))
            })
        })
        .0
    })
}

fn loop_rayon(_: &Jobs) -> u64 {
    VALUES.with_borrow_mut(|values| timed(|| values.par_chunks_mut(256).for_each(scale)).0)
}

fn small_ours(jobs: &Jobs) -> u64 {
    let sum = AtomicU64::new(0);
    let small = label("loop_1000");
    let ns = timed(|| {
        jobs.par_for(small, 1_000, 256, |items, _| {
            let part: u64 = items.map(|item| black_box(item as u64)).sum();
            sum.fetch_add(part, Relaxed);
        });
    })
    .0;
    assert_eq!(sum.into_inner(), 499_500);
    ns
}

fn small_rayon(_: &Jobs) -> u64 {
    let sum = AtomicU64::new(0);
    let ns = timed(|| {
        (0..4_usize).into_par_iter().for_each(|block| {
            let items = block * 256..1_000.min(block * 256 + 256);
            let part: u64 = items.map(|item| black_box(item as u64)).sum();
            sum.fetch_add(part, Relaxed);
        });
    })
    .0;
    assert_eq!(sum.into_inner(), 499_500);
    ns
}

fn fan_ours(jobs: &Jobs) -> u64 {
    let sum = Lanes::default();
    let labels = ["fan a", "fan b", "fan c", "fan d"].map(label);
    let ns = timed(|| {
        jobs.scope(|scope| {
            for index in 0..10_000_usize {
                let (jobs, sum) = (&jobs, &sum);
                scope.spawn(labels[index % 4], move || {
                    sum.add(jobs.worker(), index as u64)
                });
            }
        });
    })
    .0;
    assert_eq!(sum.total(), 49_995_000);
    ns
}

fn fan_rayon(_: &Jobs) -> u64 {
    let sum = Lanes::default();
    let ns = timed(|| {
        rayon::scope(|scope| {
            for index in 0..10_000_usize {
                let sum = &sum;
                scope.spawn(move |_| sum.add(rayon::current_thread_index(), index as u64));
            }
        });
    })
    .0;
    assert_eq!(sum.total(), 49_995_000);
    ns
}

/// Jobs of the case `fan_out_1us`, and how long each takes, in ns.
const BUSY: (usize, u64) = (2_000, 1_000);

fn busy_ours(jobs: &Jobs) -> u64 {
    let name = label("busy");
    timed(|| {
        jobs.scope(|scope| (0..BUSY.0).for_each(|_| scope.spawn(name, || spin(BUSY.1))));
    })
    .0
}

fn busy_rayon(_: &Jobs) -> u64 {
    timed(|| {
        rayon::scope(|scope| (0..BUSY.0).for_each(|_| scope.spawn(|_| spin(BUSY.1))));
    })
    .0
}

/// A sum per worker, so that jobs that are nearly empty do not fight for a line.
#[derive(Default)]
struct Lanes([Lane; 2]);

#[derive(Default)]
#[repr(align(128))]
struct Lane(AtomicU64);

impl Lanes {
    fn add(&self, worker: Option<usize>, value: u64) {
        let lane = &self.0[worker.unwrap_or(0)].0;
        lane.store(lane.load(Relaxed) + value, Relaxed);
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|lane| lane.0.load(Relaxed)).sum()
    }
}

fn spin_50us() {
    spin(50_000);
}

fn spin(ns: u64) {
    let end = now_ns() + ns;
    while now_ns() < end {
        std::hint::spin_loop();
    }
}

fn pair_ours(jobs: &Jobs) -> u64 {
    std::thread::sleep(std::time::Duration::from_millis(2));
    timed(|| jobs.join(spin_50us, spin_50us)).0
}

fn pair_rayon(_: &Jobs) -> u64 {
    std::thread::sleep(std::time::Duration::from_millis(2));
    timed(|| rayon::join(spin_50us, spin_50us)).0
}
