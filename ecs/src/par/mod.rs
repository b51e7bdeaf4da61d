//! Data-parallel building blocks inside a whole system. Results live in frame scratch and do not
//! depend on the number of workers: maps write each place once, reductions are fixed trees, groups
//! are stable.

mod group;
pub(crate) mod map;
mod reduce;

pub use group::{Groups, group};
pub use map::{for_each, map};
pub use reduce::reduce;
