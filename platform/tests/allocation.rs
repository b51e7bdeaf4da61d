//! What a running step may call allocates nothing once it is constructed.

use std::io::Write;

use layerw_memory::counting::{self, CountingAllocator};
use layerw_platform::files::{Disk, Files};
use layerw_platform::progress::Progress;
use layerw_platform::signals::Stop;
use layerw_platform::terminal::{Stderr, Terminal};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A terminal of 100 columns that nobody reads.
struct Unread;

impl Terminal for Unread {
    fn interactive(&self) -> bool {
        true
    }

    fn width(&self) -> usize {
        100
    }

    fn write(&mut self, _text: &[u8]) {}
}

// The only test of this binary: the counter sees the whole process.
#[test]
fn a_step_that_shows_and_records_allocates_nothing() {
    const STEPS: u64 = 10_000;
    let path = std::env::temp_dir().join(format!("layerw-allocation-{}", std::process::id()));
    let mut recording = Disk.create(&path).expect("a draft");
    let stop = Stop::new();
    let mut bar = Progress::new(Unread, STEPS);
    let mut lines = Progress::new(Stderr::new(), STEPS);
    // std makes its handle on standard error at the first use.
    lines.terminal().write(b"");

    let before = counting::snapshot();
    for step in 1..=STEPS {
        assert!(!stop.requested());
        let seconds = step as f64 * 1e-3;
        bar.show(step, seconds);
        // One line, from the real standard error.
        lines.show(step, seconds / 10.0);
        recording.write_all(&[1; 100]).expect("written");
    }
    bar.finish(STEPS, 10.0);
    let spent = counting::snapshot() - before;

    assert_eq!(spent, counting::Snapshot::default());
    drop(recording);
    assert!(!path.exists());
}
