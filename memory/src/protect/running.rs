//! What each thread runs, where the signal handler of that thread can read it.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

thread_local! {
    // Constant and without a destructor, so that it is a plain word of the thread's own block: no registration, no lazy start, and a
    // handler may read it.
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// A worker and the name of what it runs, which outlives the entry.
#[derive(Copy, Clone)]
struct Running {
    worker: usize,
    name: NonNull<str>,
}

/// What a thread runs, to be noted on the threads that help it.
#[derive(Copy, Clone, Debug)]
pub struct Note<'a> {
    name: Option<NonNull<str>>,
    scope: PhantomData<&'a str>,
}

// SAFETY: the name is a shared text that lives for 'a.
unsafe impl Send for Note<'_> {}
// SAFETY: as above.
unsafe impl Sync for Note<'_> {}

/// Calls `f`; should it touch what is protected meanwhile, the sentence says that this worker ran `name`.
#[inline]
pub fn while_running<R>(worker: usize, name: &str, f: impl FnOnce() -> R) -> R {
    let _before = Before::entering(Running {
        worker,
        name: NonNull::from(name),
    });
    f()
}

/// Calls `f` with a note of what the calling thread runs.
#[inline]
pub fn share<R>(f: impl FnOnce(Note<'_>) -> R) -> R {
    // The note cannot leave `f`, which the entry outlives.
    f(Note {
        name: RUNNING.get().map(|running| running.name),
        scope: PhantomData,
    })
}

impl Note<'_> {
    /// Calls `f` as a part of what was noted, on this worker.
    #[inline]
    pub fn on<R>(self, worker: usize, f: impl FnOnce() -> R) -> R {
        let _before = self
            .name
            .map(|name| Before::entering(Running { worker, name }));
        f()
    }
}

/// What the thread ran before, to be restored.
struct Before(Option<Running>);

impl Before {
    fn entering(running: Running) -> Before {
        Before(RUNNING.replace(Some(running)))
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        RUNNING.set(self.0);
    }
}

/// Hands over the worker and the name of what the calling thread runs, if that was noted ([`while_running`]).
pub fn current<R>(f: impl FnOnce(Option<(usize, &str)>) -> R) -> R {
    // SAFETY: an entry is taken back before the text that it points to ends: by `while_running`, which borrows it, or by `on`, whose note
    // lives no longer than that.
    let running = RUNNING
        .get()
        .map(|running| (running.worker, unsafe { running.name.as_ref() }));
    f(running)
}
