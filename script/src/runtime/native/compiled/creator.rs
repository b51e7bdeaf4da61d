//! A script's memory: a mirror of the arena, whose front is the script's own and whose window shows columns.
//!
//! ```text
//! address  0 ........ memory.size        0x1000_0000 = WINDOW                    0x1_0000_0000     + guard
//!          |<- script's own ->| no access |  Logic pool's offsets: granted pages, else no access |  no access |
//! ```
//!
//! **Rules of wasmtime that are bent here, knowingly.** wasmtime asks that what lies between a memory's size and the end of its reservation cannot be
//! touched, and here some of it can. It leans on the memory unit for plain loads and stores (there is no comparison with `memory.size` in the code as long as the
//! reservation spans all 32-bit addresses), so those reach granted pages, and everything else faults, which is a clean trap. Bulk operations are calls of the host
//! that compare with `memory.size` first, so that they never reach the window, where a fault in host code would end the process. None of that is promised for
//! another version: the dependency is pinned, a self-test ([`mapping`](super::engine::mapping)) tries it before the first script, and a table of illegal accesses is a test.
//!
//! A memory goes through a creator only where a module defines it; so a tiny module defines it and the script imports it.

use layerw_memory::Mirror;
use std::cell::RefCell;
use std::sync::Arc;
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// Address of offset 0 of the Logic pool in every script: behind the most that a script may have for itself. 2 MiB times something, so that huge
/// pages can be mapped as such.
pub(super) const WINDOW: usize = 0x1000_0000;

/// All 32-bit addresses: less, and code would compare addresses with `memory.size`.
pub(super) const RESERVATION: usize = 1 << 32;

/// Inaccessible bytes behind, for the constant offsets of loads and stores; wasmtime compares what could go further.
pub(super) const GUARD: usize = 32 << 20;

thread_local! {
    /// The mirror for the memory that is about to be made on this thread: a creator serves a whole engine and is not told for whom.
    static NEXT: RefCell<Option<Arc<Mirror>>> = const { RefCell::new(None) };
}

/// Runs `make`, whose first memory is made in this mirror.
pub(super) fn with_mirror<R>(mirror: Arc<Mirror>, make: impl FnOnce() -> R) -> R {
    NEXT.set(Some(mirror));
    let made = make();
    NEXT.take();
    made
}

/// Makes memories in mirrors.
pub(super) struct Creator;

// SAFETY: the memory is zero-filled, spans reservation and guard, and never moves. It is the instance's own up to its size; what is made accessible
// behind that, against the letter of the contract, is described above.
unsafe impl MemoryCreator for Creator {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let mirror = NEXT.take().ok_or("a module defines a memory of its own")?;
        if reserved.unwrap_or(usize::MAX) > RESERVATION || guard > GUARD || minimum > WINDOW {
            return Err(format!(
                "a memory of {minimum} bytes in {reserved:?} and {guard}"
            ));
        }
        mirror
            .open(0, minimum)
            .map_err(|refusal| refusal.to_string())?;
        Ok(Box::new(Front {
            mirror,
            bytes: minimum,
        }))
    }
}

/// The front of a mirror, as wasmtime sees it.
struct Front {
    mirror: Arc<Mirror>,
    bytes: usize,
}

// SAFETY: `as_ptr` leads to `byte_size` accessible bytes and never moves; growing opens pages that read as zero.
unsafe impl LinearMemory for Front {
    fn byte_size(&self) -> usize {
        self.bytes
    }

    fn byte_capacity(&self) -> usize {
        WINDOW
    }

    fn grow_to(&mut self, bytes: usize) -> wasmtime::Result<()> {
        if bytes > WINDOW {
            return Err(wasmtime::Error::msg(
                "a script's own memory ends where the window begins",
            ));
        }
        self.mirror.open(self.bytes, bytes - self.bytes)?;
        self.bytes = bytes;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.mirror.base().as_ptr()
    }
}
