//! Protection: memory that is not to be touched says so.
//!
//! | what | pages ([`Protection::Pages`]) | checksums ([`Protection::Checksums`]) |
//! |---|---|---|
//! | before, between and behind the pools | inaccessible, always | a pattern, where the guards can be touched |
//! | around scratch blocks and regions | inaccessible | a pattern |
//! | vented scratch and regions | inaccessible until handed out again | poisoned |
//! | sealed regions | read-only | – |
//! | pages that were [closed](crate::Pool::close): columns, tables | read-only but while someone holds a grant | compared with their checksum when a grant begins and when they are opened |
//!
//! With pages, the instruction that strays faults, and a signal handler ends the process with a sentence that names address, region, owner, frame,
//! worker and system, and with the exit status [`FAULT_STATUS`]. With checksums nothing can be stopped, but what was changed is found
//! in the same frame, by name, on every host.
//!
//! **Off, it costs a look at a `OnceLock`** where pages are handed out, regions move and frames end; nothing per object. On, a grant is
//! two system calls or two passes over its pages. No result depends on it.
//!
//! **What the handler may lean on.** It runs at any instruction of any thread, so it takes no lock and allocates nothing: owners' names are
//! copied to fixed tables of atomics when they are registered (`shield`), arenas stand in a static table (`fault`), what a worker runs
//! in a thread-local cell (`running`), and the sentence in a buffer on the stack (`line`). A name that changes while it is read comes
//! out torn, in a process that is about to end.

pub(crate) mod fault;
pub(crate) mod line;
mod pool;
mod running;
pub(crate) mod shield;
#[cfg(all(test, not(feature = "loom")))]
mod tests;

pub use line::Line;
pub use running::{Note, current, share, while_running};
pub(crate) use shield::Shield;

/// Exit status of a process that touched what is protected.
pub const FAULT_STATUS: i32 = 3;

/// How an arena is protected, see the [module](self).
#[derive(Copy, Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum Protection {
    /// Guards between the pools and nothing else: the default.
    #[default]
    Off,
    /// By the rights of pages: faults, with names. Where the host's pages have none, [`Checksums`](Self::Checksums).
    Pages,
    /// By checksums and patterns, which every host can do.
    Checksums,
}

/// Says more about a byte of a pool than who holds its page: `chunk 3, row 17`. Nothing where it knows nothing.
///
/// Called in a signal handler: it may read the pool's bytes from `base` on and write to the line, and must neither lock nor allocate. What
/// it reads may be changing.
///
/// # Safety
/// `base` is the base of the pool for which it was registered, whose held pages can be read; the offset lies within the pool.
pub type Describe = unsafe fn(base: *const u8, offset: u32, line: &mut Line);
