//! Recording in memory: start, finish, and the way of an event from a zone to the capture.
//!
//! # The protocol
//!
//! ```text
//!   start()                     any thread, at an event            finish()
//!   -------                     -----------------------            --------
//!   BUSY: free -> busy          reads epoch E (acquire)            ACTIVE: epoch E -> 0
//!   buffers ready               finds its own lane                 for each lane: state (acquire)
//!   ACTIVE: 0 -> epoch E  --->  writes event [len]           --->    epoch E? copy [0 .. len)
//!           (release)           state = (E, len + 1) (release)     BUSY: busy -> free (release)
//! ```
//!
//! A **lane** is the buffer of one thread. A thread owns its lane from its first event until it exits, over any number
//! of recordings, and only the owner writes to it. That is what makes a finish beside running threads sound:
//!
//! - A thread that has not yet seen the end appends behind the length that the finish has read, so the two never touch
//!   the same event. What it appends is not in the capture, and its lane's state still names the old epoch.
//! - The owner begins again at index 0 only after it has seen a newer epoch, and a newer epoch starts only when the
//!   finish before it is done reading (`BUSY`, released by the finish and acquired by the start; `ACTIVE`, released by
//!   the start and acquired by the owner).
//! - Buffers are never freed. A recording that wants larger ones replaces them and leaves the old ones in place, since
//!   a late thread may still write there; sizes are powers of two, so all of these together are smaller than the last.
//!
//! The lane of a thread that has exited holds its events until the recording ends, and is given to another thread
//! only in a later one. So one recording sees at most [`LANES_MAX`] threads; events of more are counted as dropped.

mod buffers;
mod collect;
mod event;
mod lane;
mod thread;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::active;
use crate::capture::Capture;
use crate::error::TraceError;
use crate::sink::clock::now_ns;

pub(crate) use event::Event;
pub(crate) use thread::{name_thread, push};

/// A running recording of all zones, frame marks and plots of the process.
///
/// Dropping it without [`finish`](Recording::finish) ends the recording and forgets the events.
#[derive(Debug)]
#[must_use = "a recording that is dropped is over: keep it, then call finish"]
pub struct Recording {
    epoch: u32,
    start_ns: u64,
}

impl Recording {
    /// Starts to record, with room for `events_per_thread` events on each of up to 64 threads.
    ///
    /// A zone, a frame mark and a plotted value are one event of 32 bytes each. All memory is taken here: 2 KiB of
    /// address space for each of `events_per_thread`, rounded up to a power of two. Most systems back it with memory
    /// only where events are written. It stays with the process and serves the next recording.
    ///
    /// # Errors
    ///
    /// [`TraceError::AlreadyRecording`] while another recording runs, [`TraceError::OutOfMemory`] when the buffers do
    /// not fit.
    pub fn start(events_per_thread: usize) -> Result<Recording, TraceError> {
        // Acquire: pairs with the release in Drop; the reads of the recording before are over.
        if BUSY.swap(true, Ordering::Acquire) {
            return Err(TraceError::AlreadyRecording);
        }
        // From here on Drop sets BUSY free again, also when the buffers do not fit.
        let mut recording = Recording {
            epoch: 0,
            start_ns: 0,
        };
        buffers::prepare(events_per_thread)?;
        thread::forget_homeless();
        // Relaxed: only the holder of BUSY touches it.
        recording.epoch = LAST_EPOCH.load(Ordering::Relaxed) % active::EPOCH_MAX + 1;
        LAST_EPOCH.store(recording.epoch, Ordering::Relaxed);
        recording.start_ns = now_ns();
        active::set_recording_epoch(recording.epoch);
        Ok(recording)
    }

    /// Stops and returns what was recorded.
    ///
    /// Other threads may go on: zones that they end from now on are not part of the capture. Those that ended before,
    /// in the sense of happened-before, all are.
    #[must_use]
    pub fn finish(self) -> Capture {
        active::set_recording_epoch(0);
        collect::capture(self.epoch, self.start_ns, now_ns())
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        active::set_recording_epoch(0);
        // Release: pairs with the acquire in start; whatever finish read is read.
        BUSY.store(false, Ordering::Release);
    }
}

/// Most threads that one recording can hold.
pub(crate) const LANES_MAX: usize = 64;

static BUSY: AtomicBool = AtomicBool::new(false);
static LAST_EPOCH: AtomicU32 = AtomicU32::new(0);
