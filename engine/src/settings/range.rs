//! The values that a number may take, checked and told.

use std::fmt;
use std::ops::{Bound, RangeBounds};

/// An interval, each end closed, open or absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range<T> {
    low: Bound<T>,
    high: Bound<T>,
}

impl Range<i64> {
    /// The same whole numbers with closed ends, so that `1..5` is told as "from 1 to 4".
    pub(crate) fn of_integers(range: &impl RangeBounds<i64>) -> Range<i64> {
        let low = match range.start_bound() {
            Bound::Excluded(&low) => Bound::Included(low.saturating_add(1)),
            other => other.cloned(),
        };
        let high = match range.end_bound() {
            Bound::Excluded(&high) => Bound::Included(high.saturating_sub(1)),
            other => other.cloned(),
        };
        Range { low, high }
    }
}

impl Range<f64> {
    pub(crate) fn of_numbers(range: &impl RangeBounds<f64>) -> Range<f64> {
        Range {
            low: range.start_bound().cloned(),
            high: range.end_bound().cloned(),
        }
    }
}

impl<T: PartialOrd> Range<T> {
    pub(crate) fn contains(&self, value: &T) -> bool {
        (self.low.as_ref(), self.high.as_ref()).contains(value)
    }
}

/// What follows "a number": ` from 1 to 4`, ` of 0 or more`, ` above 0 and below 1`, nothing.
impl<T: fmt::Debug> fmt::Display for Range<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.low, &self.high) {
            (Bound::Unbounded, Bound::Unbounded) => Ok(()),
            (Bound::Included(low), Bound::Included(high)) => write!(f, " from {low:?} to {high:?}"),
            (Bound::Included(low), Bound::Unbounded) => write!(f, " of {low:?} or more"),
            (Bound::Unbounded, Bound::Included(high)) => write!(f, " of {high:?} or less"),
            (Bound::Excluded(low), Bound::Unbounded) => write!(f, " above {low:?}"),
            (Bound::Unbounded, Bound::Excluded(high)) => write!(f, " below {high:?}"),
            (Bound::Included(low), Bound::Excluded(high)) => {
                write!(f, " of {low:?} or more and below {high:?}")
            }
            (Bound::Excluded(low), Bound::Included(high)) => {
                write!(f, " above {low:?} and up to {high:?}")
            }
            (Bound::Excluded(low), Bound::Excluded(high)) => {
                write!(f, " above {low:?} and below {high:?}")
            }
        }
    }
}
