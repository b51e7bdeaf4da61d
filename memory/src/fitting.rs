//! How large an arena is where nobody says: the largest of a few sizes that the process has address space for.
//!
//! Processes under `ulimit -v`, 32-bit hosts and crowded sandboxes have less than the 4 GiB that offsets reach. A total that someone
//! asked for is kept or refused; the default one steps down, and says so.

use std::io;
use std::iter::successors;

use crate::consts::PAGE;
use crate::map::{Backing, HostLimits, Mapping, RESERVE_DEFAULT};
use crate::{MemoryConfig, MemoryError, Window};

/// The smallest total that is tried: worlds that need no more than this say so themselves.
const TOTAL_LEAST: u64 = 512 << 20;

/// Address space that the rest of the process shall still find: stacks of workers, code, heap.
const HEADROOM: u64 = 256 << 20;

/// The default total on this host, now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Fitting {
    /// Bytes that an arena can have.
    pub total: u64,
    /// The process's limit that kept it below [`RESERVE_DEFAULT`], bytes, where the host tells one.
    pub limit: Option<u64>,
}

impl Fitting {
    /// Finds the largest total among 4, 2, 1 and 0.5 GiB that can be reserved now and leaves the process 256 MiB of address space.
    ///
    /// # Errors
    /// [`MemoryError::Map`] about the smallest, when not even that can be.
    pub fn find(backing: Backing) -> Result<Fitting, MemoryError> {
        Fitting::try_totals(|bytes| {
            let (all, none) = (bytes.div_ceil(PAGE as u64) as u32, 0);
            let windows = [(0, all), (all, none), (all, none)];
            let windows = windows.map(|(first, pages)| Window { first, pages });
            Mapping::reserve(backing, &windows, bytes).map(drop)
        })
    }

    /// Whether it is less than what offsets reach on this host.
    pub fn is_reduced(self) -> bool {
        self.total < RESERVE_DEFAULT
    }

    /// The search, with a reservation to try.
    fn try_totals(reserve: impl Fn(u64) -> io::Result<()>) -> Result<Fitting, MemoryError> {
        let half = |total: &u64| Some(total / 2).filter(|half| *half >= TOTAL_LEAST);
        let mut refused = None;
        for total in successors(Some(RESERVE_DEFAULT), half) {
            match reserve(total + HEADROOM) {
                Ok(()) => {
                    let limit = HostLimits::read().address_space;
                    let limit = limit.filter(|_| total < RESERVE_DEFAULT);
                    return Ok(Fitting { total, limit });
                }
                Err(source) => refused = Some((total, source)),
            }
        }
        let (bytes, source) = refused.expect("one total at least was tried");
        Err(MemoryError::map(bytes, source))
    }
}

impl MemoryConfig {
    /// The default configuration, or where the process has too little address space for it the same split of the largest total that
    /// fits; see [`Fitting`].
    ///
    /// # Errors
    /// [`MemoryError::Map`] when not even half a GiB can be reserved.
    pub fn fitting() -> Result<MemoryConfig, MemoryError> {
        Ok(MemoryConfig::with_total(
            Fitting::find(Backing::Best)?.total,
        ))
    }
}

const _: () = assert!(TOTAL_LEAST.is_multiple_of(4 * PAGE as u64));

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    /// What is found when reservations of more than `room` bytes fail, and what was tried.
    fn found(room: u64) -> (Result<Fitting, MemoryError>, Vec<u64>) {
        let tried = std::cell::RefCell::new(Vec::new());
        let fitting = Fitting::try_totals(|bytes| {
            tried.borrow_mut().push((bytes - HEADROOM) >> 20);
            if bytes > room {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            Ok(())
        });
        (fitting, tried.into_inner())
    }

    #[test]
    fn the_total_steps_down_until_it_fits() {
        if RESERVE_DEFAULT < 4 << 30 {
            return; // Narrow addresses: there is one total to try.
        }
        for (room, total, tried) in [
            (u64::MAX, 4096, &[4096][..]),
            (4 << 30, 2048, &[4096, 2048]),
            (2 << 30, 1024, &[4096, 2048, 1024]),
            (1 << 30, 512, &[4096, 2048, 1024, 512]),
        ] {
            let (fitting, asked) = found(room);
            let fitting = fitting.unwrap();
            assert_eq!((fitting.total >> 20, &asked[..]), (total, tried));
            assert_eq!(fitting.is_reduced(), total < 4096);
        }
    }

    #[test]
    fn where_nothing_fits_the_smallest_is_named() {
        let (refused, tried) = found(1 << 29);
        assert_eq!(tried.last(), Some(&512));
        let text = refused.unwrap_err().to_string();
        assert!(
            text.starts_with("memory: cannot reserve 512 MiB of address space: out of memory"),
            "{text}"
        );
    }

    #[test]
    fn this_host_has_room() {
        let config = MemoryConfig::fitting().unwrap();
        assert_eq!(config, MemoryConfig::with_total(config.total));
        crate::Arena::new(&config).unwrap();
    }
}
