//! A model of two workers at two lanes, through every interleaving:
//! `cargo test -p layerw-frame-graph --features loom --test loom`.
//!
//! Each task of the model writes a cell of its own and reads those of the tasks that it needs;
//! loom fails if a read is not ordered after the write. The workers are those of `run/team.rs` in
//! small: they claim, run, publish, and release what is not ready.

use layerw_frame_graph::model::{Lane, State, tagged};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

/// A task: the other lane's progress that it needs, and the cells that it reads.
struct Task {
    needs: u32,
    reads: &'static [(usize, usize)],
}

const fn task(needs: u32, reads: &'static [(usize, usize)]) -> Task {
    Task { needs, reads }
}

/// Lane 0 needs lane 1's first task for its second one; lane 1 needs all of lane 0 for its second.
static CROSSED: [[Task; 2]; 2] = [
    [task(0, &[]), task(1, &[(0, 0), (1, 0)])],
    [task(0, &[]), task(2, &[(1, 0), (0, 1), (0, 0)])],
];

struct Model {
    plan: &'static [[Task; 2]; 2],
    lanes: [Lane; 2],
    cells: [[UnsafeCell<u32>; 2]; 2],
    left: AtomicU32,
}

// Loom's cells check every access themselves: that is what the model is for.
// SAFETY: loom runs one thread at a time and reports accesses that are not ordered.
unsafe impl Sync for Model {}
// SAFETY: as above.
unsafe impl Send for Model {}

impl Model {
    fn new(plan: &'static [[Task; 2]; 2]) -> Model {
        Model {
            plan,
            lanes: [Lane::new(), Lane::new()],
            cells: Default::default(),
            left: AtomicU32::new(2),
        }
    }

    fn is_met(&self, lane: usize, cursor: u32, generation: u32) -> bool {
        let needs = self.plan[lane][cursor as usize].needs;
        needs == 0 || self.lanes[1 - lane].progress() >= tagged(generation, needs)
    }

    /// Reads what the task needs and writes its own cell.
    fn run(&self, lane: usize, cursor: u32, generation: u32) {
        for &(other, place) in self.plan[lane][cursor as usize].reads {
            // SAFETY: see `Sync`.
            let seen = self.cells[other][place].with(|cell| unsafe { *cell });
            assert_eq!(
                seen, generation,
                "task {lane}.{cursor} came before {other}.{place}"
            );
        }
        // SAFETY: see `Sync`.
        self.cells[lane][cursor as usize].with_mut(|cell| unsafe { *cell = generation });
    }

    /// Runs a lane from where it is free. False if there was nothing to do.
    fn attempt(&self, lane: usize, generation: u32) -> bool {
        let State::Free(cursor, seen) = self.lanes[lane].state(generation) else {
            return false;
        };
        if !self.is_met(lane, cursor, generation) || !self.lanes[lane].claim(generation, seen) {
            return false;
        }
        for at in cursor..2 {
            if !self.is_met(lane, at, generation) {
                self.lanes[lane].release(generation, at);
                return true;
            }
            self.run(lane, at, generation);
            self.lanes[lane].publish(generation, at + 1);
        }
        self.lanes[lane].finish(generation, 2);
        self.left.fetch_sub(1, Ordering::AcqRel);
        true
    }

    fn work(&self, home: usize, generation: u32) {
        while self.left.load(Ordering::Acquire) > 0 {
            if !self.attempt(home, generation) && !self.attempt(1 - home, generation) {
                thread::yield_now();
            }
        }
        // A worker that sees the end sees everything.
        for cell in self.cells.iter().flatten() {
            // SAFETY: see `Sync`.
            assert_eq!(cell.with(|cell| unsafe { *cell }), generation);
        }
    }
}

/// Steps up to `alone` are run by one worker, the next one by two.
fn two_workers(plan: &'static [[Task; 2]; 2], alone: u32) {
    let mut builder = loom::model::Builder::new();
    // Two switches away from a thread that could go on find every known fault of this protocol in
    // a second; LAYERW_LONG=1 tries three.
    let long = std::env::var_os("LAYERW_LONG").is_some();
    builder.preemption_bound = Some(if long { 3 } else { 2 });
    builder.check(move || {
        let model = Arc::new(Model::new(plan));
        for generation in 1..=alone {
            model.work(0, generation);
            model.left.store(2, Ordering::Relaxed);
        }
        let other = {
            let model = model.clone();
            thread::spawn(move || model.work(1, alone + 1))
        };
        model.work(0, alone + 1);
        other.join().expect("the model's checks hold");
    });
}

#[test]
fn tasks_see_what_they_need_and_lanes_do_not_wait_for_ever() {
    two_workers(&CROSSED, 0);
}

#[test]
fn nothing_is_reset_between_steps() {
    two_workers(&CROSSED, 1);
}
