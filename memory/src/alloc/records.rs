//! Records of pages, one after the other from the start of a cache line.
//!
//! Where addresses have 64 bits a record is exactly a line, so that workers who own neighbouring pages do not write into one line by turns; a table
//! that begins anywhere puts parts of two records into each (two workers took almost twice as long, M5).

use std::ops::Deref;

use super::page::Page;

/// A table of records of pages that nobody uses yet.
#[cfg(not(feature = "loom"))]
pub(super) struct Records {
    /// A box, taken apart because others hold references to what is in it.
    memory: *mut [u64],
    first: *const Page,
    pages: usize,
}

#[cfg(not(feature = "loom"))]
mod aligned {
    use std::slice;

    use super::{Deref, Page, Records};

    /// Bytes of a cache line.
    const LINE: usize = 64;

    const _: () = assert!(size_of::<usize>() < 8 || size_of::<Page>() == LINE);

    impl Records {
        /// Zeros, which come lazily from the host: a large table costs what is used of it.
        pub(in super::super) fn new(pages: usize) -> Records {
            let bytes = pages * size_of::<Page>() + LINE;
            let memory = Box::into_raw(bytemuck::zeroed_slice_box::<u64>(bytes.div_ceil(8)));
            let start = memory.cast::<u8>();
            let first = start.wrapping_add(start.align_offset(LINE)).cast::<Page>();
            Records {
                memory,
                first,
                pages,
            }
        }
    }

    impl Deref for Records {
        type Target = [Page];

        #[inline(always)]
        fn deref(&self) -> &[Page] {
            // SAFETY: there is room for so many records behind the first, which is aligned to a line, and they live as long as `self`. A record of
            // all bits zero is `Page::new()`: null pointers, numbers, and `Kind::None`; from there on they are changed as shared `Page`s are.
            unsafe { slice::from_raw_parts(self.first, self.pages) }
        }
    }

    impl Drop for Records {
        fn drop(&mut self) {
            // SAFETY: taken from a box when this was made, and given back once; references into it ended before.
            drop(unsafe { Box::from_raw(self.memory) });
        }
    }

    // SAFETY: owned memory, of which shared parts are `Page`s, which are Send and Sync.
    unsafe impl Send for Records {}
    // SAFETY: as above.
    unsafe impl Sync for Records {}
}

/// As above, for atomics that cannot be zeros; loom knows no cache lines.
#[cfg(feature = "loom")]
pub(super) struct Records(Box<[Page]>);

#[cfg(feature = "loom")]
impl Records {
    pub(super) fn new(pages: usize) -> Records {
        Records((0..pages).map(|_| Page::new()).collect())
    }
}

#[cfg(feature = "loom")]
impl Deref for Records {
    type Target = [Page];

    fn deref(&self) -> &[Page] {
        &self.0
    }
}
