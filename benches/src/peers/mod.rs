//! What several cases need of the peers: pools, and a graph on top of pools that have none.

pub mod bevy;
pub mod dag;
pub mod fork_union;
pub mod ours;
pub mod parts;
pub mod rayon;
