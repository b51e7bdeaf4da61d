//! The allocator: general memory for what lives neither a frame nor as long as a world, with a budget and an account.
//!
//! ```text
//!   worker 0          worker 1          ended worker           each: 43 classes of blocks, 8 B to 64 KiB
//!   ┌─────────┐       ┌─────────┐       ┌─────────┐
//!   │magazines│       │magazines│       │ (empty) │            at hand: no lock, no atomic exchange
//!   │pages ■■■│◄─┐    │pages ■■ │       │pages ■  │            64 KiB each, one class, one owner
//!   └─────────┘  │    └────┬────┘       └────┬────┘
//!        │       └─────────┘                 └──► whoever needs a page of that class adopts it
//!        │        freed by another worker: back to the owner of the page
//!   ┌────▼────────────────────────────────────────────────────┐
//!   │ source of pages: an owner of a pool, or the process     │  budget; larger requests are runs of pages
//!   └─────────────────────────────────────────────────────────┘
//! ```
//!
//! - [`Heap`] takes its pages from one owner of a pool, and is used by way of a [`Cache`] per worker.
//! - [`Tiered`] is several of them, by name; an allocation may move from one to another.
//! - [`GlobalHeap`] takes them from the host, for `#[global_allocator]`: on Linux a reservation of addresses, in WebAssembly `memory.grow`.
//!
//! **Owners.** A page belongs to one cache, and a block only ever waits in the cache that owns its page. What another worker frees is pushed onto
//! a list of the page, whose owner finds the page in its inbox when it next runs dry. So workers do not take turns in writing to
//! neighbouring blocks, and what one hands to another does not pile up there.
//!
//! **Ends.** A dropped cache (or thread) puts its blocks back into their pages and gives empty pages back at once; pages with used blocks stay in
//! its slot, where any cache that needs such a page takes them over, before it asks for new ones. When the budget is used up, all that
//! lies idle is collected before a request is refused. Refusal is an error with a table ([`Heap`]) or null ([`GlobalHeap`]), never an abort.
//!
//! **What it does not do.** Free pages are kept for the next request until [`GlobalHeap::trim`]; a page of one used block is a whole page held; and a
//! worker that frees nothing and allocates nothing keeps what its cache holds.
//!
//! Shape after mimalloc (Leijen, Zorn and de Moura, "Mimalloc: Free List Sharding in Action", 2019) and snmalloc (Liétar et al., 2019).
//! Records of pages lie outside of them, so that blocks of 2ⁿ bytes are aligned to 2ⁿ and the first lines of all pages do not fall into one set of
//! the processor's cache.

mod classes;
#[cfg(not(feature = "loom"))]
mod global;
mod heap;
mod interface;
mod machine;
mod page;
mod pool_pages;
#[cfg(not(feature = "loom"))]
mod process_pages;
mod records;
mod slot;
mod source;
mod tiered;
#[cfg(not(feature = "loom"))]
pub mod trace;
mod usage;

#[cfg(not(feature = "loom"))]
pub use global::GlobalHeap;
pub use heap::{Cache, Heap};
pub use tiered::{Named, Tiered};
pub use usage::Usage;
