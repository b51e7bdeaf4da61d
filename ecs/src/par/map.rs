//! Loops that give each place of a slice to one worker.

use crate::cx::Cx;
use layerw_memory::ScratchVec;
use layerw_trace::Label;

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
                for index in range {
                    places.at(index).write(f(index));
                }
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
        for index in range {
            // SAFETY: the loop hands out each index below `count` once, so the borrows are disjoint.
            f(index, unsafe { &mut *places.at(index) });
        }
    });
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
