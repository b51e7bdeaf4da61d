//! Where pages come from: an owner of a pool, or the process.

use std::ptr::NonNull;

use super::page::Page;
use crate::PAGE;

/// Gives pages and takes them back, and knows their records. Shared by all threads.
///
/// # Safety
/// - [`reserve`](Self::reserve) gives pages that nobody else has until they are released, readable and writable, as many as asked for and
///   aligned as asked for.
/// - [`base`](Self::base) and [`table`](Self::table) do not change once a page was given. Every page given lies a multiple of [`PAGE`] behind
///   `base`, and the record of page n behind `base` is at `table[n]`.
/// - Records begin with all bits zero, or with what stands for that in a model, and live as long as the source.
pub(super) unsafe trait Source {
    /// Why there are no more pages.
    type Refused;

    /// Where counting of pages begins.
    fn base(&self) -> *mut u8;

    /// The record of page 0.
    fn table(&self) -> *const Page;

    /// A run of `pages` pages, at least 1, starting at a multiple of `align` pages in address, a power of two. With `zeroed` they read as zero;
    /// else they hold anything.
    fn reserve(
        &self,
        pages: usize,
        align: usize,
        zeroed: bool,
    ) -> Result<NonNull<u8>, Self::Refused>;

    /// Takes a run back.
    ///
    /// # Safety
    /// The run is exactly one that [`reserve`](Self::reserve) gave, as changed by [`resize`](Self::resize), and nobody uses it.
    unsafe fn release(&self, start: NonNull<u8>, pages: usize);

    /// Makes a run longer or shorter where it lies, if that can be done.
    ///
    /// # Safety
    /// The run is as for [`release`](Self::release); pages cut off are used by nobody.
    unsafe fn resize(&self, _start: NonNull<u8>, _pages: usize, _wanted: usize) -> bool {
        false
    }

    /// The record of the page that an address lies in.
    ///
    /// # Safety
    /// The address lies in a page that this source gave.
    #[inline(always)]
    unsafe fn page(&self, place: *const u8) -> &Page {
        let number = (place.addr() - self.base().addr()) / PAGE;
        // SAFETY: by contract of the trait the record is there, and shared access is what `Page` is made for.
        unsafe { &*self.table().add(number) }
    }

    /// First byte of the page that a record is about.
    ///
    /// # Safety
    /// The record is one of this source's table, of a page that it gave.
    unsafe fn start(&self, page: *const Page) -> NonNull<u8> {
        let number = (page.addr() - self.table().addr()) / size_of::<Page>();
        // On a host where counting begins at address 0 there is no allocation to stay within.
        let start = self.base().wrapping_add(number * PAGE);
        // SAFETY: pages that were given do not start at address 0.
        unsafe { NonNull::new_unchecked(start) }
    }
}
