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

/// So many bytes ahead of the copy its source is asked for: the processor's own look ahead ends with each small page. Measured over 24 MiB: a seventh.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const AHEAD: usize = 8192;

/// # Safety
/// Both places hold `bytes`, a multiple of [`LINE`], and do not overlap; `to` is aligned to [`LINE`].
#[cfg(all(target_arch = "x86_64", not(miri)))]
unsafe fn stream(from: *const u8, to: *mut u8, bytes: usize) {
    use std::arch::x86_64::{
        __m128i, _MM_HINT_NTA, _mm_loadu_si128, _mm_prefetch, _mm_sfence, _mm_stream_si128,
    };
    for line in (0..bytes).step_by(LINE) {
        // SAFETY: a line within both places, and aligned in the target, by the promise above; asking for what lies behind the source's end touches
        // nothing. SSE2 is part of x86-64.
        unsafe {
            _mm_prefetch::<_MM_HINT_NTA>(from.wrapping_add(line + AHEAD).cast());
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
