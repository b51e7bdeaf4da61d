//! Grouping by key: a parallel, stable counting sort of indices.
//!
//! ```text
//!   count     keys counted per group             any order of additions gives the same counts
//!   starts    running sum                        one pass
//!   scatter   each index into its group          order within a group is left to chance …
//!   sort      indices within each group          … and made ascending here
//! ```
//!
//! The last pass makes the result stable, and thereby unique. It is cheap where groups are small,
//! which is what spatial grids want.

use super::map::{Places, filled, map};
use crate::cx::Cx;
use layerw_memory::ScratchVec;
use layerw_trace::Label;
use std::sync::atomic::{AtomicU32, Ordering};

/// Keys, groups and indices that a worker takes at a time: some tens of microseconds of work.
const GRAIN: usize = 4096;

/// Indices sorted by key, in frame scratch.
#[derive(Debug)]
pub struct Groups<'a> {
    starts: ScratchVec<'a, u32>,
    /// A permutation of `0..len`, by construction.
    order: ScratchVec<'a, u32>,
}

impl<'a> Groups<'a> {
    /// Where each group begins in [`order`](Self::order); one more entry than there are groups.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// All indices, group by group, ascending within each.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The indices whose key is `key`.
    pub fn of(&self, key: usize) -> &[u32] {
        &self.order[self.starts[key] as usize..self.starts[key + 1] as usize]
    }

    /// Calls `f` with each place and index, in order, so that neighbours in a group find each other's data in the cache;
    /// returns the results by index.
    pub fn map<T: Copy + Send + Sync>(
        &self,
        cx: Cx<'a>,
        label: Label,
        grain: usize,
        f: impl Fn(usize, usize) -> T + Sync,
    ) -> ScratchVec<'a, T> {
        let order = self.order.as_slice();
        // SAFETY: `order` is a permutation, so each place of the result is written once.
        unsafe {
            filled(cx, order.len(), |places: Places<T>| {
                cx.par_for(label, order.len(), grain, |range, _| {
                    for place in range {
                        let index = order[place] as usize;
                        places.at(index).write(f(place, index));
                    }
                });
            })
        }
    }

    /// The parts, to lend: starts and order.
    pub fn into_parts(self) -> (ScratchVec<'a, u32>, ScratchVec<'a, u32>) {
        (self.starts, self.order)
    }
}

/// Groups the indices of `keys` by key; every key must be below `groups`.
///
/// # Panics
/// A key is out of range, there are 2^32 keys or more, or the Scene pool cannot hold the result.
pub fn group<'a>(cx: Cx<'a>, label: Label, keys: &[u32], groups: usize) -> Groups<'a> {
    assert!(
        u32::try_from(keys.len()).is_ok(),
        "{} keys are more than indices of 32 bits can name",
        keys.len()
    );
    let mut counts: ScratchVec<u32> = map(cx, label, groups, 4 * GRAIN, |_| 0);
    let counts = shared(counts.as_mut_slice());
    cx.par_for(label, keys.len(), GRAIN, |range, _| {
        for &key in &keys[range] {
            // Relaxed: only the sum matters, and the loop's end publishes it.
            counts[key as usize].fetch_add(1, Ordering::Relaxed);
        }
    });

    let mut starts = cx.scratch().vec(groups + 1);
    let mut sum = 0;
    for count in counts {
        let size = count.load(Ordering::Relaxed);
        starts.push(sum);
        // From here on the count is the group's cursor. Nobody else is in the counts between loops.
        count.store(sum, Ordering::Relaxed);
        sum += size;
    }
    starts.push(sum);

    // SAFETY: each addition to a cursor yields a place of the key's group that no other one yields, and the
    // groups together are all places.
    let mut order = unsafe {
        filled(cx, keys.len(), |places: Places<u32>| {
            cx.par_for(label, keys.len(), GRAIN, |range, _| {
                for (index, &key) in range.clone().zip(&keys[range]) {
                    let place = counts[key as usize].fetch_add(1, Ordering::Relaxed);
                    places.at(place as usize).write(index as u32);
                }
            });
        })
    };

    let places = Places::new(&mut order);
    let bounds = starts.as_slice();
    cx.par_for(label, groups, GRAIN, |range, _| {
        for key in range {
            let (start, end) = (bounds[key] as usize, bounds[key + 1] as usize);
            if end - start > 1 {
                // SAFETY: groups are disjoint, and each is visited by one worker.
                unsafe { std::slice::from_raw_parts_mut(places.at(start), end - start) }
                    .sort_unstable();
            }
        }
    });
    Groups { starts, order }
}

/// Counters that several workers may add to.
fn shared(plain: &mut [u32]) -> &[AtomicU32] {
    // SAFETY: `AtomicU32` has the size, alignment and bits of `u32`, and the slice is borrowed exclusively.
    unsafe { &*(std::ptr::from_mut(plain) as *const [AtomicU32]) }
}
