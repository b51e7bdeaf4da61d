//! What a program asked of its allocator, recorded once and replayed on any allocator: a benchmark that is a program and not a loop.
//!
//! [`Recorder`] stands before an allocator and writes down calls; [`Trace`] is the result, small enough to keep in a file; [`Replay`] makes
//! the same calls of another allocator, and checks that everything it is given keeps its bytes.
//!
//! ```
//! use std::alloc::System;
//! use layerw_memory::alloc::trace::{Op, Replay, Trace};
//!
//! let trace = Trace::new(vec![
//!     Op::Alloc { size: 100, align: 8 },
//!     Op::Alloc { size: 5_000, align: 64 },
//!     Op::Realloc { slot: 0, size: 200 },
//!     Op::Free { slot: 1 },
//! ])?;
//! let bytes = trace.to_bytes();
//! assert_eq!(Trace::from_bytes(&bytes)?.ops(), trace.ops());
//! Replay::new(&trace, System).run()?;
//! # Ok::<(), layerw_memory::alloc::trace::TraceError>(())
//! ```

mod format;
mod record;
mod replay;

use thiserror::Error;

pub use record::Recorder;
pub use replay::Replay;

/// One call. Allocations live in slots: one goes into the slot that was freed last, else into a new one, so that its number need not
/// be told.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Op {
    /// Allocates.
    Alloc {
        /// Bytes, at least 1.
        size: u32,
        /// Alignment in bytes, a power of two, at most 64 KiB.
        align: u32,
    },
    /// Allocates zeroed memory.
    AllocZeroed {
        /// Bytes, at least 1.
        size: u32,
        /// Alignment in bytes, a power of two, at most 64 KiB.
        align: u32,
    },
    /// Changes the size of what is in a slot.
    Realloc {
        /// The slot.
        slot: u32,
        /// Bytes, at least 1.
        size: u32,
    },
    /// Frees what is in a slot.
    Free {
        /// The slot.
        slot: u32,
    },
}

/// Calls in order, proven to fit together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace {
    ops: Vec<Op>,
    /// Slots that are in use at once at most.
    slots: u32,
}

/// Why something is no trace, or an allocator failed one.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum TraceError {
    /// The file does not begin as one of ours does.
    #[error("trace: the file does not begin with `{}`; record it anew", format::MAGIC.escape_ascii())]
    Magic,
    /// The file ends within a call.
    #[error("trace: the file ends within call {call}; record it anew")]
    Short {
        /// The call, counted from 0.
        call: usize,
    },
    /// A size or an alignment that no allocator is asked for.
    #[error(
        "trace: call {call} has {size} B aligned to {align} B; sizes are at least 1, alignments a power of two up to 65536"
    )]
    Layout {
        /// The call, counted from 0.
        call: usize,
        /// Bytes.
        size: u64,
        /// Alignment, bytes.
        align: u64,
    },
    /// A slot is freed or resized that holds nothing.
    #[error("trace: call {call} is about slot {slot}, which holds nothing; record it anew")]
    Slot {
        /// The call, counted from 0.
        call: usize,
        /// The slot.
        slot: u64,
    },
    /// The allocator refused.
    #[error("trace: call {call} was refused {size} B; give the allocator a larger budget")]
    Refused {
        /// The call, counted from 0.
        call: usize,
        /// Bytes asked for.
        size: u32,
    },
    /// The allocator lost bytes.
    #[error(
        "trace: what call {call} is about is not what was written there; the allocator gave it out twice or lost it"
    )]
    Lost {
        /// The call, counted from 0.
        call: usize,
    },
}

/// Largest alignment of a trace.
const ALIGN_MAX: u32 = 1 << 16;

impl Trace {
    /// Checks that every slot is used as it can be.
    ///
    /// # Errors
    /// [`TraceError::Layout`] and [`TraceError::Slot`].
    pub fn new(ops: Vec<Op>) -> Result<Trace, TraceError> {
        let mut slots = Slots::default();
        for (call, &op) in ops.iter().enumerate() {
            let layout = |size: u32, align: u32| {
                let bad = size == 0 || !align.is_power_of_two() || align > ALIGN_MAX;
                let (size, align) = (size as u64, align as u64);
                if bad || size > i32::MAX as u64 - align {
                    return Err(TraceError::Layout { call, size, align });
                }
                Ok(())
            };
            match op {
                Op::Alloc { size, align } | Op::AllocZeroed { size, align } => {
                    layout(size, align)?;
                }
                Op::Realloc { slot, size } => {
                    layout(size, ALIGN_MAX)?;
                    slots.check(call, slot)?;
                }
                Op::Free { slot } => slots.check(call, slot)?,
            }
            slots.apply(op);
        }
        Ok(Trace {
            ops,
            slots: slots.full.len() as u32,
        })
    }

    /// The calls.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// As a file: some 2 to 4 bytes a call.
    pub fn to_bytes(&self) -> Vec<u8> {
        format::write(&self.ops)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`TraceError::Magic`], [`TraceError::Short`], and those of [`new`](Self::new).
    pub fn from_bytes(bytes: &[u8]) -> Result<Trace, TraceError> {
        Trace::new(format::read(bytes)?)
    }
}

/// Which slots hold something.
#[derive(Debug, Default)]
struct Slots {
    full: Vec<bool>,
    free: Vec<u32>,
}

impl Slots {
    /// Does what a call does, and returns the slot that it is about. Slots of calls are checked.
    fn apply(&mut self, op: Op) -> u32 {
        match op {
            Op::Alloc { .. } | Op::AllocZeroed { .. } => self.fill(),
            Op::Realloc { slot, .. } => slot,
            Op::Free { slot } => {
                self.empty(slot);
                slot
            }
        }
    }

    /// The slot that the next allocation goes into.
    fn fill(&mut self) -> u32 {
        let slot = self.free.pop().unwrap_or(self.full.len() as u32);
        if slot as usize == self.full.len() {
            self.full.push(true);
        }
        self.full[slot as usize] = true;
        slot
    }

    fn empty(&mut self, slot: u32) {
        self.full[slot as usize] = false;
        self.free.push(slot);
    }

    fn check(&self, call: usize, slot: u32) -> Result<(), TraceError> {
        match self.full.get(slot as usize) {
            Some(true) => Ok(()),
            _ => {
                let slot = slot as u64;
                Err(TraceError::Slot { call, slot })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_do_not_fit_together_are_refused() {
        let alloc = Op::Alloc { size: 1, align: 1 };
        assert_eq!(
            Trace::new(vec![alloc, Op::Free { slot: 0 }, Op::Free { slot: 0 }]),
            Err(TraceError::Slot { call: 2, slot: 0 })
        );
        for (size, align) in [(0, 1), (1, 3), (1, 1 << 17), (1 << 31, 1)] {
            let refused = Trace::new(vec![Op::AllocZeroed { size, align }]);
            assert!(matches!(refused, Err(TraceError::Layout { call: 0, .. })));
        }
    }
}
