//! Where the arena's bytes come from: one reservation of address space, made once and never moved.
//!
//! - [`Backing::Best`] on Linux is a memfd mapped once ([`linux`]): committed as it is reserved, in huge pages where possible, and its
//!   pages can be mapped a second time elsewhere.
//! - [`Backing::Plain`] is zeroed memory ([`other`]): the form of every other host, and to be had on Linux too, so that one test suite
//!   runs against both. It comes from the allocator ([`zeroed`](source)), in WebAssembly from linear memory itself.
//!
//! This folder is the only one of the crate that may ask which host it is built for.

#[cfg(not(feature = "loom"))]
pub(crate) mod heap;
mod limits;
#[cfg(target_os = "linux")]
mod linux;
mod other;
mod past;
#[cfg(target_family = "wasm")]
#[path = "grown.rs"]
mod source;
#[cfg(not(target_family = "wasm"))]
#[path = "zeroed.rs"]
mod source;
#[cfg(any(test, target_family = "wasm"))]
mod spare;

use std::io;
use std::ops::Range;
use std::ptr::NonNull;

use crate::Window;

#[cfg(target_os = "linux")]
use linux::{Mirrored, Shared};
use other::Plain;

pub use limits::HostLimits;
pub(crate) use past::copy_past_caches;

/// Bytes that an arena reserves when nothing else is asked for: all that u32 offsets reach where addresses are wide,
/// half a gibibyte of a 32-bit address space.
pub const RESERVE_DEFAULT: u64 = if usize::BITS >= 64 { 1 << 32 } else { 1 << 29 };

/// What kind of memory an arena stands on.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Backing {
    /// The best that the host has: a memfd on Linux, else plain pages. The default.
    #[default]
    Best,
    /// Zeroed memory without rights, on every host.
    Plain,
}

/// What may be done with pages.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// Nothing.
    None,
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

/// Makes whoever touches a page of a protected arena that it may not touch end the process with a sentence. Once per process; does nothing
/// where the host has no such thing.
///
/// # Errors
/// The host refuses.
pub(crate) fn catch_faults() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return linux::catch_faults();
    #[cfg(not(target_os = "linux"))]
    {
        // Nobody asks there.
        let _ = crate::protect::fault::explain;
        Ok(())
    }
}

/// Asks for huge pages under memory of the process that was not touched yet, where the host has such a wish.
#[inline]
pub(crate) fn prefer_huge(memory: &[u8]) {
    #[cfg(target_os = "linux")]
    linux::prefer_huge(memory);
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

/// A reservation of address space, each pool's window `PAGE`-aligned at a place of its own, zeroed, readable and writable as a whole, with
/// at least a page that belongs to nobody on both sides. Freed on drop.
#[derive(Debug)]
pub(crate) enum Mapping {
    #[cfg(target_os = "linux")]
    Shared(Shared),
    Plain(Plain),
}

impl Mapping {
    pub(crate) fn reserve(
        backing: Backing,
        windows: &[Window; 3],
        bytes: u64,
    ) -> io::Result<Mapping> {
        let bytes =
            usize::try_from(bytes).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        match backing {
            Backing::Best => Mapping::reserve_best(windows, bytes),
            Backing::Plain => Plain::reserve(windows).map(Mapping::Plain),
        }
    }

    #[cfg(target_os = "linux")]
    fn reserve_best(windows: &[Window; 3], bytes: usize) -> io::Result<Mapping> {
        use io::ErrorKind::{PermissionDenied, Unsupported};
        match Shared::reserve(windows, bytes) {
            // A sandbox that forbids the calls: the form without them does all but being mapped twice.
            Err(error) if matches!(error.kind(), Unsupported | PermissionDenied) => {
                Plain::reserve(windows).map(Mapping::Plain)
            }
            other => other.map(Mapping::Shared),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn reserve_best(windows: &[Window; 3], _bytes: usize) -> io::Result<Mapping> {
        Plain::reserve(windows).map(Mapping::Plain)
    }

    /// `memfd` or `plain pages`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            #[cfg(target_os = "linux")]
            Mapping::Shared(_) => "memfd",
            Mapping::Plain(_) => "plain pages",
        }
    }

    /// First byte of a pool's window, by its place in the list of windows; stable until drop.
    pub(crate) fn base(&self, pool: usize) -> NonNull<u8> {
        match self {
            #[cfg(target_os = "linux")]
            Mapping::Shared(shared) => shared.base(pool),
            Mapping::Plain(plain) => plain.base(pool),
        }
    }

    /// All addresses that belong to the arena, the guards around the windows included.
    pub(crate) fn reach(&self) -> Range<usize> {
        match self {
            #[cfg(target_os = "linux")]
            Mapping::Shared(shared) => shared.reach(),
            Mapping::Plain(plain) => plain.reach(),
        }
    }

    /// Whether pages can be made inaccessible, and the guards are.
    pub(crate) fn has_rights(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Mapping::Shared(_) => true,
            Mapping::Plain(_) => false,
        }
    }

    /// Sets what may be done with a range of whole pages within one window. Nothing where pages have no rights.
    ///
    /// # Safety
    /// Whoever uses the range meanwhile or later keeps to the access, or means to be caught.
    ///
    /// # Errors
    /// The host has no room for the bookkeeping.
    pub(crate) unsafe fn protect(
        &self,
        offset: usize,
        bytes: usize,
        access: Access,
    ) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            // SAFETY: the caller's promise, passed on unchanged.
            Mapping::Shared(shared) => unsafe { shared.protect(offset, bytes, access) },
            Mapping::Plain(_) => {
                let _ = (offset, bytes, access);
                Ok(())
            }
        }
    }

    /// Gives the memory of a range back to the host, as far as the host takes it: returns the part that was given, which reads as zero and
    /// commits again on touch. The rest stays as it is.
    ///
    /// # Safety
    /// The range lies within the mapping, starts and ends on pages, and nobody reads, writes or refers to it meanwhile.
    pub(crate) unsafe fn give_back(&self, offset: usize, bytes: usize) -> Range<usize> {
        match self {
            #[cfg(target_os = "linux")]
            // SAFETY: the caller's promise, passed on unchanged.
            Mapping::Shared(shared) => unsafe { shared.give_back(offset, bytes) },
            // SAFETY: the caller's promise, passed on unchanged.
            Mapping::Plain(plain) => unsafe { plain.give_back(offset, bytes) },
        }
    }

    /// Prepares a range that was just reserved for being filled, where the host has something cheaper than faults one by one. Contents
    /// stay; costs next to nothing for a range prepared before.
    #[inline]
    pub(crate) fn commit(&self, offset: usize, bytes: usize) {
        match self {
            #[cfg(target_os = "linux")]
            Mapping::Shared(shared) => shared.commit(offset, bytes),
            Mapping::Plain(plain) => plain.commit(offset, bytes),
        }
    }

    /// Commits a range now, so that its first touch later costs no fault. Contents stay. Nothing where the host cannot.
    pub(crate) fn prefault(&self, offset: usize, bytes: usize) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Mapping::Shared(shared) => shared.prefault(offset, bytes),
            Mapping::Plain(plain) => plain.prefault(offset, bytes),
        }
    }
}

/// A second reservation for pages of a mapping; never made where pages cannot be mapped twice.
#[derive(Debug)]
pub(crate) struct Second {
    #[cfg(target_os = "linux")]
    mirrored: Mirrored,
    #[cfg(not(target_os = "linux"))]
    never: std::convert::Infallible,
}

#[cfg(target_os = "linux")]
impl Second {
    /// `bytes` of address space, laid out for showing a pool's pages from `window` on; `None` where the mapping's pages have no second place.
    pub(crate) fn reserve(
        mapping: &Mapping,
        pool: usize,
        bytes: usize,
        window: usize,
    ) -> io::Result<Option<Second>> {
        match mapping {
            Mapping::Shared(shared) => {
                let mirrored = Mirrored::new(shared, pool, bytes, window)?;
                Ok(Some(Second { mirrored }))
            }
            Mapping::Plain(_) => Ok(None),
        }
    }

    /// Its first byte.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.mirrored.base()
    }

    /// Makes a range readable and writable memory that reads as zero.
    pub(crate) fn open(&self, at: usize, bytes: usize) -> io::Result<()> {
        self.mirrored.open(at, bytes)
    }

    /// Shows `bytes` of a pool from `offset` on at `at`.
    pub(crate) fn show(
        &self,
        mapping: &Mapping,
        pool: usize,
        offset: usize,
        at: usize,
        bytes: usize,
        writable: bool,
    ) -> io::Result<()> {
        match mapping {
            Mapping::Shared(shared) => self
                .mirrored
                .show(shared, pool, offset, at, bytes, writable),
            Mapping::Plain(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Makes a range inaccessible.
    pub(crate) fn hide(&self, at: usize, bytes: usize) -> io::Result<()> {
        self.mirrored.hide(at, bytes)
    }
}

#[cfg(not(target_os = "linux"))]
impl Second {
    pub(crate) fn reserve(_: &Mapping, _: usize, _: usize, _: usize) -> io::Result<Option<Second>> {
        Ok(None)
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        match self.never {}
    }

    pub(crate) fn open(&self, _: usize, _: usize) -> io::Result<()> {
        match self.never {}
    }

    pub(crate) fn show(
        &self,
        _: &Mapping,
        _: usize,
        _: usize,
        _: usize,
        _: usize,
        _: bool,
    ) -> io::Result<()> {
        match self.never {}
    }

    pub(crate) fn hide(&self, _: usize, _: usize) -> io::Result<()> {
        match self.never {}
    }
}
