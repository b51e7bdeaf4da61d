//! Which sizes of blocks there are, and which of them serves a request.
//!
//! Steps of 8 B up to 64 B, where most requests are, then four steps to each doubling, so less than a fifth of a block is not asked for. Blocks lie one behind the other from the start of a page, so a block is aligned to whatever divides both
//! its size and the page; that is how alignments above 8 B are served.

use std::alloc::Layout;

use crate::PAGE;

/// Sizes of blocks.
pub(crate) const CLASSES: usize = 43;

/// Bytes of a block of each class, ascending.
pub(super) const SIZES: [u32; CLASSES] = sizes();

/// The class of each size up to [`TABLED`], by eighths of it rounded up.
const TABLE: [u8; TABLED / 8 + 1] = table();
const TABLED: usize = 1_024;

/// The first class of four steps to a doubling: 160 B.
const QUARTERS: usize = 12;

/// The class of a whole page, for whoever asks for more than half of one.
const WHOLE: usize = CLASSES - 1;

/// Where a block for a layout comes from.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// From a page of this class.
    Class(usize),
    /// A run of this many pages, from a page whose number divides by `align`.
    Run { pages: usize, align: usize },
}

impl Place {
    /// A layout of no bytes is served like one of its alignment.
    #[inline(always)]
    pub(super) fn of(layout: Layout) -> Place {
        let (size, align) = (layout.size(), layout.align());
        let bytes = if size > align { size } else { align };
        if bytes <= TABLED && align <= 8 {
            // The usual request: no branch more than this.
            return Place::Class(TABLE[bytes.div_ceil(8)] as usize);
        }
        Place::of_large(size, align, bytes)
    }

    fn of_large(size: usize, align: usize, bytes: usize) -> Place {
        if bytes > PAGE {
            let (pages, align) = (size.div_ceil(PAGE).max(1), align.div_ceil(PAGE));
            return Place::Run { pages, align };
        }
        let mut class = class_of(bytes);
        while !(SIZES[class] as usize).is_multiple_of(align) {
            class += 1;
        }
        Place::Class(class)
    }
}

/// The smallest class with blocks of at least `bytes`, 1 to a page.
const fn class_of(bytes: usize) -> usize {
    if bytes <= 64 {
        return bytes.div_ceil(8) - 1;
    }
    if bytes <= 128 {
        return bytes.div_ceil(16) + 3;
    }
    let below = bytes - 1;
    let doubling = below.ilog2() as usize;
    let quarter = (below >> (doubling - 2)) & 3;
    match doubling {
        // Three quarters of 32 KiB fit a page as often as 32 KiB do: twice.
        14 if quarter > 0 => WHOLE - 1,
        15 => WHOLE,
        _ => QUARTERS + 4 * (doubling - 7) + quarter,
    }
}

const fn sizes() -> [u32; CLASSES] {
    let mut sizes = [0; CLASSES];
    let mut bytes = PAGE;
    // Downwards, so that each class keeps the largest size that maps to it.
    while bytes >= 8 {
        let class = class_of(bytes);
        if sizes[class] == 0 {
            sizes[class] = bytes as u32;
        }
        bytes -= 8;
    }
    // Two to a page, not three.
    sizes[WHOLE - 2] = 20_480;
    sizes
}

const fn table() -> [u8; TABLED / 8 + 1] {
    let mut table = [0; TABLED / 8 + 1];
    let mut eighth = 1;
    while eighth < table.len() {
        table[eighth] = class_of(eighth * 8) as u8;
        eighth += 1;
    }
    table
}

/// Blocks that a page of the class holds.
pub(super) const fn capacity(class: usize) -> u32 {
    PAGE as u32 / SIZES[class]
}

/// Blocks of a fresh page that a cache takes at once: 16 KiB of them, at least 1, at most 64. More makes rarer trips to the page and
/// touches memory earlier than it is needed.
pub(super) const fn batch(class: usize) -> u32 {
    let blocks = 16_384 / SIZES[class];
    if blocks > 64 {
        64
    } else if blocks < 1 {
        1
    } else {
        blocks
    }
}

const _: () = assert!(SIZES[0] == 8 && SIZES[WHOLE] as usize == PAGE);

#[cfg(test)]
mod tests {
    use super::*;

    fn block(size: usize, align: usize) -> Option<usize> {
        match Place::of(Layout::from_size_align(size, align).unwrap()) {
            Place::Class(class) => Some(SIZES[class] as usize),
            Place::Run { .. } => None,
        }
    }

    #[test]
    fn sizes_ascend_and_hold_what_maps_to_them() {
        assert!(SIZES.is_sorted_by(|a, b| a < b), "{SIZES:?}");
        for bytes in 1..=PAGE {
            let got = block(bytes, 1).unwrap();
            assert!(got >= bytes, "{bytes} in {got}");
            let wasted = got - bytes;
            let allowed = if bytes <= 64 { 7 } else { got / 5 };
            assert!(bytes > PAGE / 4 || wasted <= allowed, "{bytes} in {got}");
            let smaller = SIZES.iter().rev().find(|&&size| (size as usize) < got);
            assert!(
                smaller.is_none_or(|&size| (size as usize) < bytes),
                "{bytes} in {got}"
            );
        }
    }

    #[test]
    fn every_alignment_divides_its_block() {
        for shift in 0..=16 {
            let align = 1_usize << shift;
            for size in (0..=PAGE).step_by(24).chain([1, 8, PAGE - 1, PAGE]) {
                let got = block(size, align).unwrap();
                assert!(
                    got >= size && got.is_multiple_of(align.min(got)),
                    "{size} at {align} in {got}"
                );
                assert!(got >= align, "{size} at {align} in {got}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_a_page_is_a_run() {
        let of = |size, align| Place::of(Layout::from_size_align(size, align).unwrap());
        let run = |pages, align| Place::Run { pages, align };
        assert_eq!(of(PAGE + 1, 1), run(2, 1));
        assert_eq!(of(10 * PAGE, PAGE), run(10, 1));
        assert_eq!(of(1, 4 * PAGE), run(1, 4));
        assert_eq!(of(0, 2 * PAGE), run(1, 2));
        assert_eq!(of(0, PAGE), Place::Class(WHOLE));
    }

    #[test]
    fn batches_are_neither_empty_nor_more_than_a_page_holds() {
        for class in 0..CLASSES {
            assert!(batch(class) >= 1 && batch(class) <= capacity(class));
        }
    }
}
