//! Which lane belongs to the calling thread.
//!
//! Two thread-local values: a plain index for the hot path, without a destructor and so without a check at each access,
//! and a guard that is touched once, when a lane is claimed, and gives it back when the thread exits.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lane::{Lane, UNNAMED};
use super::{Event, LANES_MAX, buffers};
use crate::label::Label;

/// Appends an event of the calling thread to the recording `epoch`, which it loaded with
/// [`recording_epoch`](crate::active::recording_epoch).
#[inline]
pub(crate) fn push(epoch: u32, event: Event) {
    let index = match LANE.get() {
        NO_LANE => match claim(epoch) {
            Some(index) => index,
            None => {
                HOMELESS.fetch_add(1, Ordering::Relaxed);
                return;
            }
        },
        index => index,
    };
    let Some(buffers) = buffers::current() else {
        return;
    };
    // SAFETY: `index` is the lane that this thread claimed and has not released, the part is that lane's, buffers are
    // never freed, and callers pass the epoch that they just acquired; coherence keeps a thread's loads in order.
    unsafe { LANES[index].push(buffers.of(index), epoch, event) };
}

/// Names the calling thread in captures.
pub(crate) fn name_thread(name: Label) {
    NAME.set(name.bits());
    if let Some(lane) = LANES.get(LANE.get()) {
        lane.rename(name.bits());
    }
}

/// All lanes with their indices.
pub(super) fn lanes() -> impl Iterator<Item = (usize, &'static Lane)> {
    LANES.iter().enumerate()
}

/// Events of threads that found no lane.
pub(super) fn homeless() -> u64 {
    HOMELESS.load(Ordering::Relaxed)
}

/// Starts the count of [`homeless`] events again.
pub(super) fn forget_homeless() {
    HOMELESS.store(0, Ordering::Relaxed);
}

#[cold]
fn claim(epoch: u32) -> Option<usize> {
    let name = NAME.get();
    let index = LANES.iter().position(|lane| lane.claim(epoch, name))?;
    LANE.set(index);
    // Fails only while the thread is being torn down and the guard is gone already: nobody would give the lane back.
    if RELEASE_AT_EXIT.try_with(|_| ()).is_err() {
        LANE.set(NO_LANE);
        LANES[index].release();
        return None;
    }
    Some(index)
}

static LANES: [Lane; LANES_MAX] = [const { Lane::new() }; LANES_MAX];
static HOMELESS: AtomicU64 = AtomicU64::new(0);

const NO_LANE: usize = usize::MAX;

thread_local! {
    static LANE: Cell<usize> = const { Cell::new(NO_LANE) };
    static NAME: Cell<u32> = const { Cell::new(UNNAMED) };
    static RELEASE_AT_EXIT: ReleaseAtExit = const { ReleaseAtExit };
}

/// Gives the thread's lane back when the thread exits.
struct ReleaseAtExit;

impl Drop for ReleaseAtExit {
    fn drop(&mut self) {
        // Destructors that run later in this thread find no lane, and the claim above refuses them a new one.
        if let Some(lane) = LANES.get(LANE.replace(NO_LANE)) {
            lane.release();
        }
    }
}
