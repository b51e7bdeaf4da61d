//! JavaScript interpreted by QuickJS: what a source is while it is being worked on. It is running some tens of microseconds after it was compiled, for hundreds of times the cost of a
//! row in native code.
//!
//! There are a runtime and a context for each worker and system. Columns are typed arrays over the world's own bytes ([`views`]): nothing is copied. The text is the compiler's
//! ([`compile::js`](crate::compile::js)), so indices are looked at by itself; what it has of the language's library is numbers and arrays, no clock, no random numbers and no files.

mod cell;
mod program;
mod steps;
mod views;
mod world;

pub(super) use program::Text;
