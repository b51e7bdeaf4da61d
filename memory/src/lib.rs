//! One arena of 64 KiB pages, split into pools with named owners and budgets.
//!
//! ```text
//! base                                                            up to 4 GiB, u32 offsets
//!  |<------- Logic ------->|<------- Scene ------->|<--- GPU --->|
//!  | world        | gap |..| scratch 0 | scratch 1 | staging     |   runs of 64 KiB pages, first fit
//! ```
//!
//! ```
//! use layerw_memory::{Arena, MemoryConfig};
//!
//! let arena = Arena::new(&MemoryConfig::default())?;
//! let world = arena.logic().owner("world", 64 << 20)?;
//! let run = arena.logic().reserve(world, 4)?;
//! assert_eq!((run.first, run.bytes()), (0, 262_144));
//! println!("{}", arena.table());
//! arena.logic().release(world, run);
//! # Ok::<(), layerw_memory::MemoryError>(())
//! ```

mod arena;
mod config;
mod consts;
mod error;
mod map;
mod page_run;
pub mod pool;
pub mod scratch;
pub mod sync;
mod table;

pub use arena::Arena;
pub use config::{ArenaLayout, MemoryConfig, RegionConfig, Rounding, Window};
pub use consts::{OWNERS_MAX, PAGE, PAGES_MAX};
pub use error::{MemoryError, Refusal};
pub use map::{Backing, RESERVE_DEFAULT};
pub use page_run::PageRun;
pub use pool::{Holder, Owner, Pool, RegionInfo, Tier};
pub use scratch::{FrameGuard, FrameSlice, POISON, Scratch, ScratchSet, ScratchVec};
pub use table::{Bytes, Holding, PoolStats, Table};
