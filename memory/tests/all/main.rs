//! Tests of the crate from outside, in one binary: random operations against models, limits of the host, programs that must not compile.
#![cfg(not(feature = "loom"))]

mod compile_fail;
mod heap;
mod limits;
mod map;
mod pools;
mod pressure;
mod random;
mod scratch;
mod stream_rules;
mod streams;
