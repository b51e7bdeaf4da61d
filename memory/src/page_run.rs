//! A run of pages: the plain data that tables and images hold in place of pointers.

use crate::PAGE;

/// Pages `first..first + pages` of one pool. Plain data, so that it can live in the arena itself; being allowed to use
/// the pages is another matter, which the [`Owner`](crate::Owner) proves.
#[repr(C)]
#[derive(
    Copy,
    Clone,
    Debug,
    Default,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    bytemuck::Pod,
    bytemuck::Zeroable,
)]
pub struct PageRun {
    /// First page, counted from the pool's base.
    pub first: u32,
    /// Pages in the run.
    pub pages: u32,
}

impl PageRun {
    /// Bytes from the pool's base to the first page. Fits u32 for every page of a pool.
    pub fn offset(self) -> u64 {
        self.first as u64 * PAGE as u64
    }

    /// Length in bytes.
    pub fn bytes(self) -> u64 {
        self.pages as u64 * PAGE as u64
    }

    /// The page behind the run; u64, so that no run overflows.
    pub fn end(self) -> u64 {
        self.first as u64 + self.pages as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_eight_plain_bytes() {
        let run = PageRun { first: 3, pages: 2 };
        assert_eq!(
            (run.offset(), run.bytes(), run.end()),
            (196_608, 131_072, 5)
        );
        assert_eq!(bytemuck::bytes_of(&run).len(), 8);
        let last = PageRun {
            first: u32::MAX,
            pages: u32::MAX,
        };
        assert_eq!(last.end(), 2 * u64::from(u32::MAX));
    }
}
