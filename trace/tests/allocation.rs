//! A recording takes all its memory at its start: until its finish nothing allocates, on any thread.

#![cfg(feature = "zones")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use layerw_trace::{Recording, frame_mark, label, name_thread, plot, zone, zone_value};

/// Counts every call to the system's allocator.
struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's obligations are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's obligations are the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// The only test of this binary: the counter sees the whole process.
#[test]
fn nothing_allocates_while_recording() {
    const THREADS: usize = 4;
    const ZONES: u64 = 1_000;
    let [outer, inner, curve] = ["outer", "inner", "curve"].map(label);
    // Threads are created before and joined after the recording; the first event of each falls within it.
    let turn = Barrier::new(THREADS + 1);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let turn = &turn;
            scope.spawn(move || {
                name_thread(&format!("worker {thread}"));
                turn.wait();
                turn.wait();
                for index in 0..ZONES {
                    let _outer = zone_value(outer, index);
                    drop(zone(inner));
                    plot(curve, index as f64);
                }
                turn.wait();
                turn.wait();
            });
        }
        turn.wait();
        // Room for fewer than come, so that dropping is covered too.
        let recording = Recording::start(2 * ZONES as usize).expect("no other recording runs");
        let before = CALLS.load(Ordering::Relaxed);
        turn.wait();
        frame_mark();
        turn.wait();
        let after = CALLS.load(Ordering::Relaxed);
        assert_eq!(
            after - before,
            0,
            "calls to the allocator between start and finish"
        );

        let capture = recording.finish();
        assert!(capture.dropped > 0);
        let kept = capture.zones.len() + capture.plots.len() + capture.frames.len();
        assert_eq!(
            kept as u64 + capture.dropped,
            THREADS as u64 * ZONES * 3 + 1
        );
        turn.wait();
    });
}
