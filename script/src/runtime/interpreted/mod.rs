//! Modules interpreted by wasmi: for hosts where no code may be made at run time (iOS, consoles, browsers), and for programs that must be small.
//!
//! Columns are always copied: an interpreter looks at each address, so nothing is gained by mapping them. The time limit is counted in work done and not in seconds, so a call that is too
//! long is too long everywhere; an interpreter does not tell where in a module it stopped, so modules are given a note of it before they are read ([`marks`](super::marks)).

mod cell;
mod imports;
mod program;

pub(super) use program::Interpreted;
