//! Copies that go past the caches.

/// Copies bytes to where nobody will read them soon: memory is written without being read first, and what the caches hold stays there.
///
/// # Panics
/// The two are not of one length.
#[inline]
pub(crate) fn copy_past_caches(from: &[u8], to: &mut [u8]) {
    assert_eq!(from.len(), to.len(), "a copy is as long as what is copied");
    // Miri knows no such stores.
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if to.as_ptr().addr().is_multiple_of(LINE) {
        let lines = from.len() / LINE * LINE;
        // SAFETY: `lines` bytes are within both, a multiple of a line, and the target is aligned to one; the two are different references, one of
        // them exclusive, so they do not overlap.
        unsafe { stream(from.as_ptr(), to.as_mut_ptr(), lines) };
        to[lines..].copy_from_slice(&from[lines..]);
        return;
    }
    to.copy_from_slice(from);
}

/// Bytes of a line of the caches, which stores past them fill as a whole.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const LINE: usize = 64;

/// # Safety
/// Both places hold `bytes`, a multiple of [`LINE`], and do not overlap; `to` is aligned to [`LINE`].
#[cfg(all(target_arch = "x86_64", not(miri)))]
unsafe fn stream(from: *const u8, to: *mut u8, bytes: usize) {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
    for line in (0..bytes).step_by(LINE) {
        // SAFETY: a line within both places, and aligned in the target, by the promise above. SSE2 is part of x86-64.
        unsafe {
            let from: *const __m128i = from.add(line).cast();
            let to: *mut __m128i = to.add(line).cast();
            let parts = [0, 1, 2, 3].map(|part| _mm_loadu_si128(from.add(part)));
            for (part, value) in parts.into_iter().enumerate() {
                _mm_stream_si128(to.add(part), value);
            }
        }
    }
    // SAFETY: part of x86-64. Stores past the caches are ordered with nothing else until this, so whoever is told of the copy sees it.
    unsafe { _mm_sfence() };
}
