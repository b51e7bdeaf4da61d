//! Runs of pages that were given back where the host takes none back: a list in order of address, neighbours joined.

/// Pages in one piece.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Run {
    pub(super) first: usize,
    pub(super) pages: usize,
    /// They read as zero.
    pub(super) clean: bool,
}

/// The runs that wait.
#[derive(Debug)]
pub(super) struct Spare {
    runs: Vec<Run>,
}

impl Spare {
    pub(super) const fn new() -> Spare {
        Spare { runs: Vec::new() }
    }

    /// So many pages out of the smallest run that has them.
    pub(super) fn take(&mut self, pages: usize) -> Option<Run> {
        let fits = self.runs.iter().enumerate();
        let fits = fits.filter(|(_, run)| run.pages >= pages);
        let (place, _) = fits.min_by_key(|(_, run)| run.pages)?;
        let run = &mut self.runs[place];
        let taken = Run { pages, ..*run };
        run.first += pages;
        run.pages -= pages;
        if run.pages == 0 {
            self.runs.remove(place);
        }
        Some(taken)
    }

    /// Takes pages in that nobody uses. Joined runs are clean where both are.
    pub(super) fn give(&mut self, first: usize, pages: usize, clean: bool) {
        let place = self.runs.partition_point(|run| run.first < first);
        let run = Run {
            first,
            pages,
            clean,
        };
        self.runs.insert(place, run);
        for left in [place, place.wrapping_sub(1)] {
            let Some(&[one, other]) = self.runs.get(left..left.wrapping_add(2)) else {
                continue;
            };
            if one.first + one.pages == other.first {
                self.runs[left].pages += other.pages;
                self.runs[left].clean = one.clean && other.clean;
                self.runs.remove(left + 1);
            }
        }
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn runs_are_split_joined_and_found_again() {
        let mut spare = Spare::new();
        assert_eq!(spare.take(1), None);
        spare.give(100, 10, true);
        spare.give(50, 3, false);
        let run = |first, pages, clean| {
            Some(Run {
                first,
                pages,
                clean,
            })
        };
        assert_eq!(spare.take(2), run(50, 2, false), "the smallest that fits");
        assert_eq!(spare.take(4), run(100, 4, true));
        assert_eq!(spare.take(7), None, "6 and 1 are not in one piece");
        spare.give(100, 4, false);
        assert_eq!(spare.take(10), run(100, 10, false), "joined, and not clean");
        spare.give(50, 2, true);
        assert_eq!(spare.take(3), run(50, 3, false));
        spare.give(10, 1, true);
        spare.give(12, 1, true);
        spare.give(11, 1, true);
        assert_eq!(spare.take(3), run(10, 3, true), "joined on both sides");
        assert_eq!(spare.take(1), None);
    }
}
