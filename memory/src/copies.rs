//! A buffer that copies of pages are made into as fast as memory can be written.
//!
//! Three things slow a copy of megabytes down that have nothing to do with its bytes. Measured on Linux 6.18, Zen 4, 24 MiB from an arena, in ms:
//!
//! | target | |
//! |---|---|
//! | 16 bytes behind a page, as allocators hand out large blocks: the processor's copy of strings wants both ends on the same byte of a line | 3.1–3.6 |
//! | on a page | 2.1 |
//! | on a page, in huge pages: fewer entries of the TLB, and 512 times fewer faults when it is new | 1.5 |
//! | the same with stores past the caches, which need not read the lines that they overwrite | 1.3 |
//!
//! So the buffer begins on a page, asks for huge pages, and writes past the caches where it is too large to stay in them.

use std::ops::{Deref, DerefMut};

use crate::map;

/// What the buffer's first byte is aligned to where it is large: a huge page of every host that has them.
const HUGE: usize = 2 << 20;

/// The same where it is small.
const SMALL: usize = 4096;

/// Bytes of a buffer from which on its copies go past the caches: more than a core's own caches hold.
const LARGE: usize = 4 << 20;

/// Bytes that copies are kept in. Keeps its memory, so that copies of a size seen before allocate nothing.
#[derive(Debug, Default)]
pub struct Copies {
    memory: Vec<u8>,
    /// Where the bytes begin in `memory`.
    first: usize,
    len: usize,
}

impl Copies {
    /// Makes it hold so many bytes. What they are is open until they are written: whatever was there, or zeros.
    pub fn set_len(&mut self, len: usize) {
        if self.first + len > self.memory.len() {
            // The old memory goes first, so that there is never room for both.
            let wanted = len.max(2 * std::mem::take(&mut self.memory).len());
            let align = if wanted < HUGE { SMALL } else { HUGE };
            // Zeroed by the host as it is touched; what lies behind the bytes never is.
            self.memory = vec![0; wanted + align - 1];
            self.first = self.memory.as_ptr().align_offset(align).min(align - 1);
            map::prefer_huge(&self.memory[self.first..]);
        }
        self.len = len;
    }

    /// Writes bytes from place `at` on.
    ///
    /// # Panics
    /// They do not fit.
    #[inline]
    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        let large = self.len >= LARGE;
        let target = &mut self[at..][..bytes.len()];
        if large {
            map::copy_past_caches(bytes, target);
        } else {
            target.copy_from_slice(bytes);
        }
    }
}

impl Deref for Copies {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.first..][..self.len]
    }
}

impl DerefMut for Copies {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.first..][..self.len]
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    /// Bytes that differ from their neighbours.
    fn bytes(len: usize, seed: usize) -> Vec<u8> {
        (0..len)
            .map(|at| (at * 31 + at / 251 + seed) as u8)
            .collect()
    }

    #[test]
    fn what_is_written_is_there_wherever_it_goes_and_however_much_it_is() {
        let mut copies = Copies::default();
        for (turn, size) in [100, 5000, LARGE + 4096, 300, 2 * LARGE]
            .into_iter()
            .enumerate()
        {
            copies.set_len(size);
            let mut wanted = bytes(size, turn);
            copies.write(0, &wanted);
            for (at, len) in [(0, 0), (0, 64), (1, 63), (17, 40), (64, 0), (size - 33, 33)] {
                let part = bytes(len, at + 7);
                copies.write(at, &part);
                wanted[at..][..len].copy_from_slice(&part);
            }
            assert!(*copies == *wanted, "{size} bytes differ");
        }
    }

    #[test]
    fn a_copy_begins_on_a_page_so_that_copying_takes_whole_lines() {
        let mut copies = Copies::default();
        for (size, align) in [(1, SMALL), (SMALL, SMALL), (HUGE, HUGE), (5 * HUGE, HUGE)] {
            copies.set_len(size);
            assert!(copies.as_ptr().addr().is_multiple_of(align), "{size}");
        }
    }

    #[test]
    fn a_size_seen_before_keeps_its_memory() {
        let mut copies = Copies::default();
        copies.set_len(3 * HUGE);
        let place = copies.as_ptr();
        for size in [0, 5, HUGE, 3 * HUGE] {
            copies.set_len(size);
            assert_eq!((copies.as_ptr(), copies.len()), (place, size));
        }
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn more_than_fits_is_refused() {
        let mut copies = Copies::default();
        copies.set_len(10);
        copies.write(8, &[0; 3]);
    }
}
