//! What std asks of the C library for WASI and Debian's, of 2022, does not have: a thread that cannot be started says so, and a path without links is
//! nobody's to resolve. And a `main` for libraries among the dependencies that are linked by themselves, too, as nobody will use them.
//!
//! Compiled by rustc alone, so that no C compiler for WebAssembly is needed; without `core`, which does not exist for the target yet.

/// Name, how many words it takes, and what it answers.
const FUNCTIONS: [(&str, usize, &str); 7] = [
    ("pthread_attr_init", 1, "0"),
    ("pthread_attr_setstacksize", 2, "0"),
    ("pthread_attr_destroy", 1, "0"),
    ("pthread_create", 4, "6 /* EAGAIN */"),
    ("pthread_join", 2, "6 /* EAGAIN */"),
    ("pthread_detach", 1, "6 /* EAGAIN */"),
    ("realpath", 2, "0 /* null */"),
];

const HEAD: &str = "\
#![feature(no_core, lang_items, linkage)]
#![no_core]
#![crate_type = \"lib\"]
#![allow(internal_features)]
#[lang = \"pointee_sized\"]
pub trait PointeeSized {}
#[lang = \"meta_sized\"]
pub trait MetaSized: PointeeSized {}
#[lang = \"sized\"]
pub trait Sized: MetaSized {}
#[lang = \"copy\"]
pub trait Copy {}
impl Copy for i32 {}
#[linkage = \"weak\"]
#[unsafe(no_mangle)]
pub extern \"C\" fn main(_: i32, _: i32) -> i32 { 0 }
";

/// The text of a Rust crate that has them.
pub(super) fn source() -> String {
    let function = |(name, words, answer): &(&str, usize, &str)| {
        let words = vec!["_: i32"; *words].join(", ");
        format!("#[unsafe(no_mangle)]\npub extern \"C\" fn {name}({words}) -> i32 {{ {answer} }}\n")
    };
    let functions: String = FUNCTIONS.iter().map(function).collect();
    format!("{HEAD}{functions}")
}
