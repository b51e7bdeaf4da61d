//! Reductions over a fixed tree: the same operands in the same order for any number of workers.
//!
//! ```text
//!   leaves    blocks of 1 024 values, folded left to right, one block on one worker
//!   tree      neighbours combined pairwise, level by level: ((b0 b1) (b2 b3)) (b4 …)
//! ```

use super::map::map;
use crate::cx::Cx;
use layerw_trace::Label;

/// Values in a leaf. Part of the meaning: another number gives another rounding.
const LEAF: usize = 1024;

/// Combines `f(0)..f(count)` over a fixed tree that begins with `identity` in each leaf.
///
/// # Panics
/// The Scene pool cannot hold one value per 1 024 operands.
pub fn reduce<T: Copy + Send + Sync>(
    cx: Cx<'_>,
    label: Label,
    count: usize,
    identity: T,
    f: impl Fn(usize) -> T + Sync,
    combine: impl Fn(T, T) -> T + Sync,
) -> T {
    let leaf = |block: usize| {
        let end = count.min((block + 1) * LEAF);
        (block * LEAF..end).fold(identity, |sum, index| combine(sum, f(index)))
    };
    let mut leaves = map(cx, label, count.div_ceil(LEAF), 1, leaf);
    let mut level = leaves.as_mut_slice();
    while level.len() > 1 {
        let half = level.len().div_ceil(2);
        for pair in 0..half {
            let left = level[2 * pair];
            level[pair] = level
                .get(2 * pair + 1)
                .map_or(left, |&right| combine(left, right));
        }
        level = &mut level[..half];
    }
    level.first().copied().unwrap_or(identity)
}
