//! Steps do not grow the process: its resident set stays within a MiB of what it was after the warm-up, however long a flock flies.
//!
//! What is counted is the whole process: heap, stacks, the arena's pages and the program itself. So every flight has a process of its own,
//! which is this same executable, started again with [`FLIGHT`] set. One of them leaks on purpose, so that a measure that sees nothing is found.
//!
//! Linux tells what is resident; elsewhere the test says that it cannot know.

use std::fs;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use layerw_tests::{flock_of, on_workers};

/// Set in the process that flies: boids, steps, and bytes that each step leaks, with spaces between.
const FLIGHT: &str = "LAYERW_RESIDENT_FLIGHT";

/// Steps before the first look: by then the flock has been through all that it does, and every buffer has its size.
const WARM_UP: u64 = 500;

/// Steps between two looks, at what is resident and at the hash, as a run with `--hash-every` does.
const LOOK: u64 = 100;

/// The most that may lie between any two looks.
const FLAT_BYTES: u64 = 1 << 20;

fn main() -> ExitCode {
    if let Some(flight) = std::env::var_os(FLIGHT) {
        let numbers = flight.to_str().map(|text| text.split(' ').map(str::parse));
        let numbers: Vec<u64> = numbers.map_or(Vec::new(), |numbers| numbers.flatten().collect());
        let &[boids, steps, leak] = numbers.as_slice() else {
            panic!("{FLIGHT}={flight:?} is not three numbers");
        };
        println!("{}", spread(boids as usize, steps, leak as usize));
        return ExitCode::SUCCESS;
    }
    if resident().is_none() {
        println!("this host does not tell what is resident: nothing to test");
        return ExitCode::SUCCESS;
    }
    let leaked = fly(2_000, 500, 8 << 10);
    assert!(
        leaked > 3 * FLAT_BYTES,
        "4 MiB were leaked, and {leaked} bytes seen"
    );
    let long = std::env::var_os("LAYERW_LONG").is_some();
    // A step of the large flock takes fifty times as long as one of the small: some ten minutes for these.
    let flights = [(2_000, 10_000), (100_000, 10_000)];
    for &(boids, steps) in &flights[..if long { 2 } else { 1 }] {
        let spread = fly(boids, steps, 0);
        println!(
            "{boids} boids, {steps} steps after {WARM_UP}: the resident set stays within {} KiB",
            spread >> 10
        );
        assert!(
            spread <= FLAT_BYTES,
            "{boids} boids: the resident set moved by {spread} bytes in {steps} steps after step {WARM_UP}"
        );
    }
    ExitCode::SUCCESS
}

/// Flies in a process of its own; returns by how many bytes its resident set moved.
fn fly(boids: u64, steps: u64, leak: u64) -> u64 {
    let own = std::env::current_exe().expect("the path of this test");
    let child = Command::new(own)
        .env(FLIGHT, format!("{boids} {steps} {leak}"))
        .output()
        .expect("this executable starts again");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success(),
        "{}{said}",
        String::from_utf8_lossy(&child.stderr)
    );
    said.trim().parse().expect("a number of bytes")
}

/// Flies on two workers; returns the bytes between the least and the most that was resident after the warm-up.
fn spread(boids: usize, steps: u64, leak: usize) -> u64 {
    on_workers(
        move || flock_of(boids),
        2,
        None,
        |runner| {
            let (mut least, mut most) = (u64::MAX, 0);
            for step in 0..=WARM_UP + steps {
                if step % LOOK == 0 {
                    runner.hash();
                    if step >= WARM_UP {
                        let now = resident().expect("it was told before");
                        (least, most) = (least.min(now), most.max(now));
                    }
                }
                runner.step().expect("no system panics");
                // Written, because pages that nobody touches are not resident.
                black_box(vec![step as u8 | 1; leak].leak());
            }
            most - least
        },
    )
}

/// Bytes of this process that are in memory; `None` where the host does not tell. From the pages themselves, since the counters behind `VmRSS`
/// are a little late on every processor.
fn resident() -> Option<u64> {
    let told = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
