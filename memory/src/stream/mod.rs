//! Stream regions: more items than memory, of which each frame keeps the nearest. Home of the **overwrite scheduler**.
//!
//! ```text
//!   items wanted by frame 17, nearest first                     region "terrain": slots of one granularity
//!   ┌────┬────┬────┬────┬────┬────┬────┬────┬ ─ ─ ─             ┌────────┬────────┬────────┬────────┬────────┐
//!   │ t4 │ t9 │ t2 │ t7 │ t1 │ t8 │ t5 │ t3 │ ahead             │ t9     │ t2     │ t6     │ t0     │ t4     │
//!   └────┴────┴────┴────┴────┴────┴────┴────┴ ─ ─ ─             │ read   │ read   │ frame  │ idle   │ read   │
//!     is there  │       │                                       │ by 17  │ by 17  │ 16 may │        │ by 17  │
//!               │       └─ waits for a slot, or for its turn    │        │        │ read   │        │        │
//!               └───────── is there                             └────────┴────────┴────────┴────────┴────────┘
//!                                                                                     ▲         ▲
//!     t7 overwrites t0: nobody wants t0, and no frame in flight reads it ─────────────┼─────────┘
//!     t1 waits until frame 16 retires, then it overwrites t6 ─────────────────────────┘
//!
//!   begin(17) ─▶ want(key, Want)… ─▶ decide() ─▶ fills(): workers fill slots ─▶ reader() ─▶ end() ─▶ …device… ─▶ retire(17)
//! ```
//!
//! What holds, whatever is asked for:
//!
//! - **Near to far.** A nearer item may overwrite a farther one, never the reverse; what no frame wants is farthest. `decide` says how;
//!   [`Overwrite`] records both distances, so the log proves it.
//! - **A slot that a frame may read is not overwritten** until that frame has retired. A frame may read what it wanted and
//!   found, nothing else. An item that must give way is first withheld from new frames, then overwritten.
//! - **Same calls, same log**, in whichever order a frame's items are wanted, and however many workers fill the slots. [`StreamRegion::log_hash`] is
//!   one number for all of it.
//! - **No stale bytes.** A [`Held`] is good for one frame; the bytes it leads to borrow the region. A slot whose filling failed is empty.
//! - **Nothing allocates** between [`StreamRegion::new`] and the next change of granularity.
//! - **A full region waits, then says so.** While all slots are pinned or in flight, requests wait for a number of frames; after that
//!   [`StreamRegion::decide`] names the oldest item and, if a fence hangs, the frame that never retired. The frame goes on all the same.
//!
//! Loading is the user's: want an item when its bytes can be had, and fill its slot in the frame that gives it one.
//!
//! Sources: keeping the cut of a quadtree by the error seen on the screen, Ulrich, *Rendering Massive Terrains using Chunked
//! Level of Detail Control*, 2002; overwriting what is used again last, Belady, *A study of replacement algorithms for a virtual-storage
//! computer*, IBM Systems Journal 5(2), 1966, which [`Want::ahead`] approaches as far as the user foresees; not fetching
//! what would be overwritten before it is used, Cao, Felten, Karlin, Li, *A study of integrated prefetching and caching strategies*, 1995.

mod config;
mod decide;
mod error;
mod fill;
mod index;
mod log;
mod read;
mod region;
mod slots;
mod want;

pub use config::{GRANULARITY_MIN, StreamConfig};
pub use error::StreamError;
pub use fill::{Fill, Fills};
pub use log::{Counters, Overwrite};
pub use read::{Held, Reader};
pub use region::StreamRegion;
pub use want::Want;
