//! From a faulting address to a sentence.
//!
//! Protected pools stand in a static table, so that the handler needs no lock to find them. An entry is taken by changing its start from
//! 0; a pool leaves the table before its memory goes, and who uses a pool keeps its arena, so a faulting address that lies in a pool finds
//! that pool alive.

use std::fmt::Write;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::running;
use super::{Line, Shield};

/// Pools that can be protected at a time.
pub(crate) const POOLS_MAX: usize = 192;

/// One protected pool.
struct Entry {
    /// First address; 0 while the entry is free, [`CLAIMED`] while it is being written.
    start: AtomicUsize,
    end: AtomicUsize,
    /// The addresses of the whole arena, guards included.
    reach_start: AtomicUsize,
    reach_end: AtomicUsize,
    shield: AtomicPtr<Shield>,
}

const CLAIMED: usize = 1;

static ENTRIES: [Entry; POOLS_MAX] = [const {
    Entry {
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        reach_start: AtomicUsize::new(0),
        reach_end: AtomicUsize::new(0),
        shield: AtomicPtr::new(ptr::null_mut()),
    }
}; POOLS_MAX];

/// Makes a pool known. False when the table is full.
pub(super) fn enter(shield: *const Shield, window: Range<usize>, reach: Range<usize>) -> bool {
    let take = |entry: &&Entry| {
        let claim = entry
            .start
            .compare_exchange(0, CLAIMED, Ordering::Acquire, Ordering::Relaxed);
        claim.is_ok()
    };
    let Some(entry) = ENTRIES.iter().find(take) else {
        return false;
    };
    entry.end.store(window.end, Ordering::Relaxed);
    entry.reach_start.store(reach.start, Ordering::Relaxed);
    entry.reach_end.store(reach.end, Ordering::Relaxed);
    entry.shield.store(shield.cast_mut(), Ordering::Relaxed);
    // Release: who sees the start (Acquire in `find`) sees the rest.
    entry.start.store(window.start, Ordering::Release);
    true
}

/// Makes a pool unknown.
pub(super) fn leave(shield: *const Shield) {
    for entry in &ENTRIES {
        if ptr::eq(entry.shield.load(Ordering::Relaxed), shield) {
            entry.shield.store(ptr::null_mut(), Ordering::Relaxed);
            // Release: the next to take the entry (Acquire in `enter`) writes after this.
            entry.start.store(0, Ordering::Release);
        }
    }
}

/// The pool that an address lies in or, in a guard, next to, and its window.
fn find(address: usize) -> Option<(*const Shield, Range<usize>)> {
    let mut nearest: Option<(usize, *const Shield, Range<usize>)> = None;
    for entry in &ENTRIES {
        let start = entry.start.load(Ordering::Acquire);
        let window = start..entry.end.load(Ordering::Relaxed);
        let reach =
            entry.reach_start.load(Ordering::Relaxed)..entry.reach_end.load(Ordering::Relaxed);
        if start <= CLAIMED || !reach.contains(&address) {
            continue;
        }
        let distance = match address {
            _ if window.contains(&address) => 0,
            _ if address < window.start => window.start - address,
            _ => address - window.end + 1,
        };
        if nearest.as_ref().is_none_or(|&(least, ..)| distance < least) {
            let shield = entry.shield.load(Ordering::Relaxed).cast_const();
            nearest = Some((distance, shield, window));
        }
    }
    nearest.map(|(_, shield, window)| (shield, window))
}

/// The sentence about a fault, with its newline. `None` when the address is not a protected arena's. `wrote` says whether it was a write,
/// where the host knows; `no_memory` that the page may be touched, but that the host had no memory for it. May be called in a signal
/// handler.
pub(crate) fn explain(address: usize, wrote: Option<bool>, no_memory: bool) -> Option<Line> {
    let (shield, window) = find(address)?;
    // SAFETY: the pool is in the table, so its shield lives; the faulting thread uses its arena and keeps it.
    let shield = unsafe { shield.as_ref() }?;
    let verb = match wrote {
        Some(false) => "read",
        Some(true) => "wrote to",
        None => "touched",
    };
    let mut line = Line::new();
    running::current(|running| {
        // Writing to a line cannot fail.
        let _ = match running {
            Some((worker, name)) => {
                write!(line, "memory: system `{name}` on worker {worker} {verb} ")
            }
            None => write!(line, "memory: code that no system is known to run {verb} "),
        };
        if window.contains(&address) {
            let offset = address - window.start;
            tell_page(&mut line, shield, offset, no_memory, running.is_some())?;
        } else {
            tell_guard(&mut line, shield, window, address);
        }
        Some(())
    })?;
    let _ = line.write_str("\n");
    Some(line)
}

/// Who touched what is beside a pool.
fn tell_guard(line: &mut Line, shield: &Shield, window: Range<usize>, address: usize) {
    let (distance, side, beside) = if address < window.start {
        (window.start - address, "before the start", 0)
    } else {
        (address - window.end + 1, "behind the end", window.len() - 1)
    };
    let (pool, frame) = (shield.tier().name(), shield.frame());
    let _ = write!(
        line,
        "byte {distance} {side} of pool {pool} in frame {frame}, next to "
    );
    shield.place(line, beside);
    let _ = line
        .write_str("; look for an index or a length that is too large, or a pointer that strays");
}

/// Who touched a page of a pool. `None` when nothing forbids it.
fn tell_page(
    line: &mut Line,
    shield: &Shield,
    offset: usize,
    no_memory: bool,
    in_system: bool,
) -> Option<()> {
    let (pool, frame) = (shield.tier().name(), shield.frame());
    let _ = write!(line, "byte {offset} of pool {pool} in frame {frame}, in ");
    let cure = match shield.place(line, offset) {
        _ if no_memory => {
            ", for which the host has no memory; free memory on this machine, or lower the pool's budget"
        }
        Kind::Closed if in_system => {
            ", which the system did not declare to write; take it as `&mut T` or `ResMut<T>` in the system's signature, or look for a pointer that strays"
        }
        Kind::Closed => {
            ", which only systems that declare it may write; change the world through `&mut World`"
        }
        Kind::Vented => {
            ", which was vented: its bytes lasted one frame; fetch or lend them again in every frame"
        }
        Kind::Sealed => ", which is sealed; write before sealing, or fill another region",
        Kind::Edge => {
            ", at its edge, where nothing is; look for an index or a length that is too large, or a pointer that strays"
        }
        Kind::Open => return None,
    };
    let _ = line.write_str(cure);
    Some(())
}

/// What the page of an address is, as far as faults go.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Anyone who holds it may use it.
    Open,
    /// Read-only but for those with a grant.
    Closed,
    /// Of a frame that has ended.
    Vented,
    /// Of a region that is sealed.
    Sealed,
    /// Beside a scratch block or a region.
    Edge,
}

impl Kind {
    pub(super) fn of(number: u8) -> Kind {
        match number {
            1 => Kind::Closed,
            2 => Kind::Vented,
            3 => Kind::Sealed,
            4 => Kind::Edge,
            _ => Kind::Open,
        }
    }
}
