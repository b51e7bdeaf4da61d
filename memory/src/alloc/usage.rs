//! What an allocator holds, and how well its caches did.

use std::fmt;

use super::machine::Counts;
use crate::Bytes;

/// What an allocator holds now. Printable in a line.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Bytes of pages held, given out or not.
    pub used: u64,
    /// Most bytes ever held at once.
    pub peak: u64,
    /// Most bytes that may be held.
    pub budget: u64,
    /// Allocations of at most a page that a cache had at hand.
    pub hits: u64,
    /// Those for which a cache went to its pages.
    pub misses: u64,
    /// Frees of what another cache's page holds.
    pub remote_frees: u64,
}

impl Usage {
    pub(super) fn new(used: u64, peak: u64, budget: u64, counts: Counts) -> Usage {
        let Counts {
            hits,
            misses,
            remote_frees,
        } = counts;
        Usage {
            used,
            peak,
            budget,
            hits,
            misses,
            remote_frees,
        }
    }

    /// Share of allocations of at most a page that a cache had at hand, 0 to 1; 1 where there were none.
    pub fn hit_rate(&self) -> f64 {
        let all = self.hits + self.misses;
        if all == 0 {
            1.0
        } else {
            self.hits as f64 / all as f64
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "used {}, peak {}, budget {}, hit rate {:.2} % of {} allocations, {} freed by other workers",
            Bytes(self.used),
            Bytes(self.peak),
            Bytes(self.budget),
            100.0 * self.hit_rate(),
            self.hits + self.misses,
            self.remote_frees
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_it_all() {
        let usage = Usage {
            used: 65_536,
            peak: 131_072,
            budget: 1 << 20,
            hits: 3,
            misses: 1,
            remote_frees: 2,
        };
        assert_eq!(
            usage.to_string(),
            "used 64 KiB, peak 128 KiB, budget 1 MiB, hit rate 75.00 % of 4 allocations, 2 freed by other workers"
        );
        assert_eq!(Usage::default().hit_rate(), 1.0);
    }
}
