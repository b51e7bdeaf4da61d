//! A set of pages, one bit each, with first-fit search for a run of absent ones.
//!
//! 65 536 pages are 1 024 words, 8 KiB: a scan of all of them is under a microsecond, so there is no tree above the
//! words. A hint skips the full words at the front, which is what a first-fit pool grows.

use std::ops::DerefMut;

/// Pages `0..len`, present or absent.
#[derive(Debug)]
pub(crate) struct Bits<Words = Box<[u64]>> {
    words: Words,
    len: u32,
    /// Every word before this one is full.
    hint: usize,
}

impl Bits {
    pub(crate) fn new(len: u32) -> Bits {
        Bits::over(vec![0; (len as usize).div_ceil(64)].into(), len)
    }
}

impl<Words: DerefMut<Target = [u64]>> Bits<Words> {
    /// Over words of one's own, all zero, one for each 64 pages.
    pub(crate) fn over(mut words: Words, len: u32) -> Bits<Words> {
        debug_assert!(words.len() == (len as usize).div_ceil(64));
        if let (Some(last), tail @ 1..) = (words.last_mut(), len % 64) {
            // Pages past the end are present for ever, so that the search needs no bound.
            *last = !0 << tail;
        }
        Bits {
            words,
            len,
            hint: 0,
        }
    }

    /// The lowest run of `pages` absent pages. `pages` is at least 1.
    pub(crate) fn find_absent(&mut self, pages: u32) -> Option<u32> {
        debug_assert!(pages > 0);
        while self.words.get(self.hint) == Some(&!0) {
            self.hint += 1;
        }
        let (mut first, mut found) = (0, 0);
        for (index, &word) in self.words.iter().enumerate().skip(self.hint) {
            let mut bit = 0;
            while bit < 64 {
                let rest = word >> bit;
                let absent = rest.trailing_zeros().min(64 - bit);
                if found == 0 {
                    first = index as u32 * 64 + bit;
                }
                found += absent;
                if found >= pages {
                    return Some(first);
                }
                bit += absent;
                if bit < 64 {
                    found = 0;
                    bit += (word >> bit).trailing_ones();
                }
            }
        }
        None
    }

    /// The longest run of absent pages: what the pool could still give in one piece.
    pub(crate) fn longest_absent(&self) -> u32 {
        let (mut longest, mut found) = (0, 0);
        for page in 0..self.len {
            found = if self.contains(page) { 0 } else { found + 1 };
            longest = longest.max(found);
        }
        longest
    }

    pub(crate) fn contains(&self, page: u32) -> bool {
        self.words[page as usize / 64] >> (page % 64) & 1 == 1
    }

    /// Whether any of these pages is present.
    pub(crate) fn any(&self, first: u32, pages: u32) -> bool {
        masks(first, pages).any(|(word, mask)| self.words[word] & mask != 0)
    }

    pub(crate) fn insert(&mut self, first: u32, pages: u32) {
        for (word, mask) in masks(first, pages) {
            self.words[word] |= mask;
        }
    }

    pub(crate) fn remove(&mut self, first: u32, pages: u32) {
        for (word, mask) in masks(first, pages) {
            self.words[word] &= !mask;
        }
        self.hint = self.hint.min(first as usize / 64);
    }
}

/// The words that `first..first + pages` touches, each with the bits of it that belong to the run.
fn masks(first: u32, pages: u32) -> impl Iterator<Item = (usize, u64)> {
    let end = first + pages;
    let words = if pages == 0 {
        0..0
    } else {
        first / 64..end.div_ceil(64)
    };
    words.map(move |word| {
        let from = first.saturating_sub(word * 64);
        let to = (end - word * 64).min(64);
        (word as usize, (!0_u64 >> (64 - (to - from))) << from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_lowest_run_across_words() {
        let mut bits = Bits::new(200);
        assert_eq!(bits.find_absent(200), Some(0));
        assert_eq!(bits.find_absent(201), None);
        bits.insert(0, 60);
        assert_eq!(bits.find_absent(100), Some(60));
        bits.insert(62, 70);
        assert_eq!(bits.find_absent(2), Some(60));
        assert_eq!(bits.find_absent(3), Some(132));
        assert_eq!(bits.longest_absent(), 68);
        bits.insert(60, 2);
        assert_eq!(bits.find_absent(1), Some(132));
        bits.remove(10, 1);
        assert_eq!(bits.find_absent(1), Some(10));
        assert_eq!(bits.find_absent(68), Some(132));
        assert!(bits.any(9, 3) && bits.any(131, 2) && !bits.any(132, 68) && !bits.any(10, 1));
    }

    #[test]
    fn whole_words_and_empty_sets_are_no_special_case() {
        let mut bits = Bits::new(128);
        bits.insert(0, 128);
        assert_eq!((bits.find_absent(1), bits.longest_absent()), (None, 0));
        bits.remove(64, 64);
        assert_eq!(
            (bits.find_absent(64), bits.find_absent(65)),
            (Some(64), None)
        );
        assert_eq!(Bits::new(0).find_absent(1), None);
    }
}
