//! Jobs that only worker 0 runs.

use std::cell::Cell;

use layerw_trace::{Label, zone};

use super::Core;
use super::record::Record;
use crate::local::Local;
use crate::sync::{AcqRel, ArrayQueue, Relaxed, yield_now};

/// The queue of a pool's pinned jobs.
pub(crate) struct Pinned {
    queue: ArrayQueue<Job>,
}

/// How many pinned jobs can wait. Beyond that their spawners wait.
const JOBS: usize = 512;

struct Job {
    record: Record,
    scope: *const Core,
}

// SAFETY: a `Core` is `Sync`, and lives until its count of pinned jobs is 0.
unsafe impl Send for Job {}

impl Pinned {
    pub(crate) fn new() -> Pinned {
        Pinned {
            queue: ArrayQueue::new(JOBS),
        }
    }
}

impl Local {
    /// Queues a job for worker 0. Gives it back if it should be run at once: on worker 0 when no room is left.
    pub(super) fn pin<F: FnOnce() + Send>(
        &self,
        scope: &Core,
        label: Label,
        job: F,
    ) -> Result<(), F> {
        let pool = self.pool();
        let mut refused = job;
        let record = loop {
            match Record::new(label, 0, refused, &pool.cells) {
                Ok(record) => break record,
                Err(job) if self.index() == 0 => return Err(job),
                Err(job) => refused = job,
            }
            yield_now();
        };
        // Relaxed: the owner of the scope waits for this caller anyway before it looks at the count the last time.
        scope.pinned.fetch_add(1, Relaxed);
        let mut job = Job { record, scope };
        while let Err(full) = pool.pinned.queue.push(job) {
            job = full;
            if !self.run_pinned() {
                yield_now();
            }
        }
        // It fences: worker 0 sees the job before it sleeps, or is seen asleep.
        pool.workers[0].parker.wake();
        Ok(())
    }

    /// On worker 0: a pinned job waits.
    pub(crate) fn has_pinned(&self) -> bool {
        self.index() == 0 && !self.pool().pinned.queue.is_empty()
    }

    /// On worker 0: runs one pinned job. False if there was none.
    pub(crate) fn run_pinned(&self) -> bool {
        if !self.has_pinned() {
            return false;
        }
        let pool = self.pool();
        let Some(Job { mut record, scope }) = pool.pinned.queue.pop() else {
            return false;
        };
        // SAFETY: the scope waits until its count is 0, and this job is counted.
        let core = unsafe { &*scope };
        core.caught.watch(&Cell::new(u64::MAX), || {
            let _zone = zone(record.label());
            // SAFETY: popped, so it is run here and nowhere else.
            unsafe { Record::run(&mut record, &pool.cells) };
        });
        let owner = core.owner;
        // Release: the owner sees what the job did. After this the scope may be gone.
        core.pinned.fetch_sub(1, AcqRel);
        if owner != 0 {
            pool.workers[owner].parker.wake();
        }
        true
    }
}
