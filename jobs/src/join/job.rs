//! A closure on its owner's stack that another worker may run.

use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::caught::Payload;
use crate::latch::Latch;
use crate::local::Local;
use crate::sync::UnsafeCell;

/// What thieves see of a job: enough to run it and to say so.
pub(super) struct Header {
    run: unsafe fn(*const Header),
    /// Index of the worker on whose stack it lies.
    pub(super) owner: u32,
    /// The slot inside of which it was spawned.
    pub(super) context: u32,
    pub(super) latch: Latch,
}

/// A job: its header first, so that a pointer to one is a pointer to the other.
#[repr(C)]
pub(super) struct Job<B, R> {
    pub(super) header: Header,
    closure: UnsafeCell<ManuallyDrop<B>>,
    /// Written by a thief before it sets the latch.
    result: UnsafeCell<MaybeUninit<Result<R, Payload>>>,
}

impl<B: FnOnce() -> R + Send, R: Send> Job<B, R> {
    #[inline]
    pub(super) fn new(here: &Local, closure: B) -> Job<B, R> {
        Job {
            header: Header {
                run: Self::run,
                owner: here.index() as u32,
                context: here.slot(),
                latch: Latch::new(),
            },
            closure: UnsafeCell::new(ManuallyDrop::new(closure)),
            result: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Takes the closure out, to be called or dropped.
    ///
    /// # Safety
    ///
    /// Once, and only if no thief has claimed the job.
    #[inline]
    pub(super) unsafe fn take(&self) -> B {
        // SAFETY: nobody else has it, and nobody takes it again.
        self.closure
            .with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) })
    }

    /// Takes the thief's result.
    ///
    /// # Safety
    ///
    /// Once, after the latch was seen set.
    pub(super) unsafe fn result(&self) -> Result<R, Payload> {
        // SAFETY: the thief wrote it before it set the latch, and touches it no more.
        self.result
            .with(|result| unsafe { (*result).assume_init_read() })
    }

    /// What [`Header::run`] is.
    ///
    /// # Safety
    ///
    /// `header` is that of a `Job<B, R>` which the caller has claimed.
    unsafe fn run(header: *const Header) {
        // SAFETY: `repr(C)` with the header first; the owner keeps the job in place until the latch is set.
        let this = unsafe { &*header.cast::<Self>() };
        // SAFETY: the caller is the one that has claimed it.
        let closure = unsafe { this.take() };
        // AssertUnwindSafe: the owner raises the panic again.
        let result = catch_unwind(AssertUnwindSafe(closure));
        // SAFETY: the owner reads it after the latch was set, which is later.
        this.result
            .with_mut(|place| unsafe { (*place).write(result) });
    }
}

impl Header {
    /// Runs the job. Its latch is still to be set.
    ///
    /// # Safety
    ///
    /// The caller has claimed the job, and calls this once.
    pub(super) unsafe fn run(this: *const Header) {
        // SAFETY: the caller's promise; jobs live until their latch is set.
        unsafe { ((*this).run)(this) }
    }
}
