//! One value from row to row: a few words, for which a call to memcpy costs more than the copy.

use std::ptr;

/// Copies a value of `size` bytes.
///
/// # Safety
/// Both places hold `size` bytes and do not overlap.
#[inline(always)]
pub(crate) unsafe fn copy_value(from: *const u8, to: *mut u8, size: u32) {
    let size = size as usize;
    // SAFETY: every branch reads and writes within `size` bytes of both places, some of them twice; the caller promises the rest.
    unsafe {
        match size {
            0 => {}
            4 => to.cast::<[u8; 4]>().write(from.cast::<[u8; 4]>().read()),
            8 => to.cast::<[u8; 8]>().write(from.cast::<[u8; 8]>().read()),
            12 => to.cast::<[u8; 12]>().write(from.cast::<[u8; 12]>().read()),
            16 => to.cast::<[u8; 16]>().write(from.cast::<[u8; 16]>().read()),
            24 => to.cast::<[u8; 24]>().write(from.cast::<[u8; 24]>().read()),
            32 => to.cast::<[u8; 32]>().write(from.cast::<[u8; 32]>().read()),
            64 => to.cast::<[u8; 64]>().write(from.cast::<[u8; 64]>().read()),
            _ => ptr::copy_nonoverlapping(from, to, size),
        }
    }
}
