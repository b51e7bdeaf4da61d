//! Loops that give each place of a slice to one worker.

use crate::cx::Cx;
use layerw_memory::ScratchVec;
use layerw_trace::Label;
use std::mem::MaybeUninit;
use std::slice;

/// A slice whose places are written by several workers, each place by one.
pub(crate) struct Places<T>(*mut T);

// SAFETY: users of `Places` write disjoint places only, and `T` may be made on any thread.
unsafe impl<T: Send> Sync for Places<T> {}

impl<T> Places<T> {
    pub(crate) fn new(slice: &mut [T]) -> Self {
        Places(slice.as_mut_ptr())
    }

    /// The address of a place.
    pub(crate) fn at(&self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

/// The values of `f(0)..f(count)` in frame scratch. Workers take at least `grain` of them at a time.
///
/// # Panics
/// The Scene pool cannot hold the result.
pub fn map<'a, T: Copy + Send + Sync>(
    cx: Cx<'a>,
    label: Label,
    count: usize,
    grain: usize,
    f: impl Fn(usize) -> T + Sync,
) -> ScratchVec<'a, T> {
    // SAFETY: the loop below writes each place once and returns when all are written.
    unsafe {
        filled(cx, count, |places: Places<T>| {
            cx.par_for(label, count, grain, |range, _| {
                // The loop hands out each place below `count` once, so the parts are disjoint.
                let part = slice::from_raw_parts_mut(places.at(range.start).cast(), range.len());
                fill(part, range.start, &f);
            });
        })
    }
}

/// Calls `f` with each index and place of a slice. Workers take at least `grain` of them at a time.
pub fn for_each<T: Send>(
    cx: Cx<'_>,
    label: Label,
    slice: &mut [T],
    grain: usize,
    f: impl Fn(usize, &mut T) + Sync,
) {
    let count = slice.len();
    let places = Places::new(slice);
    cx.par_for(label, count, grain, |range, _| {
        // SAFETY: the loop hands out each index below `count` once, so the parts are disjoint.
        let part = unsafe { slice::from_raw_parts_mut(places.at(range.start), range.len()) };
        visit(part, range.start, &f);
    });
}

/// Writes `f(first)` and so on. A function of its own, so that the compiler knows that the places and what `f` has
/// captured are apart: without that it reads every capture anew after each write, and no loop becomes SIMD.
fn fill<T>(part: &mut [MaybeUninit<T>], first: usize, f: &impl Fn(usize) -> T) {
    for (place, index) in part.iter_mut().zip(first..) {
        place.write(f(index));
    }
}

/// Calls `f` with each place and its index. A function of its own for the same reason as [`fill`].
fn visit<T>(part: &mut [T], first: usize, f: &impl Fn(usize, &mut T)) {
    for (place, index) in part.iter_mut().zip(first..) {
        f(index, place);
    }
}

/// A vector of `count` values in frame scratch that `fill` writes.
///
/// # Safety
/// `fill` writes all places below `count`, none from two threads.
pub(crate) unsafe fn filled<'a, T: Copy>(
    cx: Cx<'a>,
    count: usize,
    fill: impl FnOnce(Places<T>),
) -> ScratchVec<'a, T> {
    let mut values = cx.scratch().vec(count);
    fill(Places(values.spare_capacity_mut().as_mut_ptr().cast()));
    // SAFETY: the vector was made with room for `count` values, and the caller vouches that all are written.
    unsafe { values.set_len(count) };
    values
}
