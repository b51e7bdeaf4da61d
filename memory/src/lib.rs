//! The engine's memory: one arena of 64 KiB pages, given out to named owners with budgets, and per-worker scratch on top.
//!
//! ```text
//!  base                                                     up to 4 GiB: every byte has a u32 offset
//!   |<--------- Logic ---------->|<----------- Scene ------------>|<---- GPU ---->|   pools: windows that never move
//!   |world······|terrain··|      |scratch 0··|scratch 1··|scr. 0··|staging··|     |   runs of pages, first fit, one owner each
//!    |                            |          |                     |
//!    columns and tables,          bumped by  and by worker 1;      regions: free → filling → sealed
//!    hashed and snapshotted       worker 0;  vented every frame    → in flight → vented
//! ```
//!
//! What wins when goals collide, first to last:
//!
//! 1. **Same calls, same pages.** Placement and contents depend on the order of calls and on nothing else: first fit, and pages that
//!    read as zero. Offsets into a pool mean the same on every host.
//! 2. **Nothing silent.** Budgets are proven to fit before the arena exists; running out is an error with a table of who holds what; wrong use
//!    does not compile or panics with names; stale data is an error, never stale bytes.
//! 3. **Steady frames cost nothing.** No call to the allocator or the host, no lock on the bump path, recycling by region and not by object.
//! 4. Speed of everything else.
//!
//! | module | one idea |
//! |---|---|
//! | [`pool`] | pages, owners, budgets; the rules for using a pool's bytes |
//! | [`scratch`] | memory for one frame of one worker; slices lent to the others |
//! | [`history`] | what pages held at points in the past, by copy before write |
//! | [`Copies`] | a buffer that pages are copied to at the speed of memory |
//! | [`region`] | memory that a slower reader gets: the life cycle as types |
//! | [`stream`] | more items than memory: slots that the nearest items overwrite |
//! | [`alloc`] | general memory with a budget: a heap over an owner's pages, several by name, and one for the process |
//! | [`protect`] | memory that is not to be touched: guards, write grants, faults with names, checksums |
//! | [`counting`] | the allocator that counts, to show that steady frames do not allocate |
//! | [`sync`] | the one source of atomics and locks, which loom can replace |
//!
//! ```
//! use layerw_memory::{Arena, MemoryConfig, Scratch};
//!
//! let arena = Arena::new(&MemoryConfig::default())?;
//! let world = arena.logic().owner("world", 64 << 20)?;
//! let run = arena.logic().reserve(world, 4)?;
//! assert_eq!((run.first, run.bytes()), (0, 262_144));
//!
//! let mut scratch = Scratch::new(&arena, 0, 16 << 20)?;
//! for step in 0..3 {
//!     let squares = scratch.alloc_slice_with(1_000, |i| i * i + step);
//!     assert_eq!(squares[10], 100 + step);
//!     scratch.vent();
//! }
//! println!("{}", arena.table());
//! arena.logic().release(world, run);
//! # Ok::<(), layerw_memory::MemoryError>(())
//! ```

pub mod alloc;
mod arena;
mod config;
mod consts;
mod copies;
pub mod counting;
mod error;
mod fitting;
pub mod history;
mod map;
mod mirror;
mod page_run;
pub mod pool;
pub mod protect;
pub mod region;
pub mod scratch;
pub mod stream;
pub mod sync;
mod table;

pub use arena::Arena;
pub use config::{ArenaLayout, MemoryConfig, RegionConfig, Rounding, Window};
pub use consts::{OWNERS_MAX, PAGE, PAGES_MAX};
pub use copies::Copies;
pub use error::{Damage, MemoryError, Refusal};
pub use fitting::Fitting;
pub use history::{BLOCK, History, HistoryStats, Lost, Mark, Point};
pub use map::{Backing, HostLimits, RESERVE_DEFAULT};
pub use mirror::Mirror;
pub use page_run::PageRun;
pub use pool::{Holder, Need, Owner, Pool, PressureStats, RegionInfo, Registration, Rung, Tier};
pub use protect::Protection;
pub use region::{AnyRegion, Region, Regions, Span};
pub use scratch::{FrameGuard, FrameSlice, POISON, Scratch, ScratchSet, ScratchVec};
pub use stream::{StreamConfig, StreamError, StreamRegion};
pub use table::{Bytes, Holding, NoSize, PoolStats, Table};
