//! What can be refused, by whom, and what to do about it.
//!
//! Wrong use of pages (releasing twice, another pool's owner) is a bug and panics; everything in here is a normal
//! outcome of running with budgets. Running out carries the table of who holds what.

use std::io;

use crate::map::HostLimits;
use crate::stream::StreamError;
use crate::table::{Bytes, Table};

/// Why memory was refused. Every message names pool, owner, sizes and cure.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The configured arena is empty or larger than u32 offsets reach.
    #[error("memory: total is {total} B, it must be between 1 B and 4 GiB; set another total")]
    Total {
        /// Bytes asked for.
        total: u64,
    },
    /// The pools' budgets together are larger than the arena.
    #[error(
        "memory: the pools logic ({}), scene ({}) and gpu ({}) need {} together, more than the total of {}; \
         lower a pool's budget or raise the total",
        Bytes(*logic), Bytes(*scene), Bytes(*gpu), Bytes(logic.saturating_add(*scene).saturating_add(*gpu)), Bytes(*total)
    )]
    PoolsDoNotFit {
        /// Budget of the Logic pool, bytes, rounded up to pages.
        logic: u64,
        /// Budget of the Scene pool.
        scene: u64,
        /// Budget of the GPU pool.
        gpu: u64,
        /// Bytes of the arena.
        total: u64,
    },
    /// A named region of the configuration has no name, or a name that its pool already has.
    #[error(
        "memory: a region of pool {pool} is named {name:?}, which is {problem}; give it another name"
    )]
    RegionName {
        /// The pool that the region is in.
        pool: &'static str,
        /// The name as configured.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The named regions of a pool together are larger than the pool.
    #[error(
        "memory: region {name:?} asks for {} of pool {pool}, where {} of {} are promised to regions before it; \
         lower its budget or raise the pool's",
        Bytes(*asked), Bytes(*promised), Bytes(*budget)
    )]
    RegionsDoNotFit {
        /// The pool.
        pool: &'static str,
        /// The first region that does not fit.
        name: String,
        /// Its budget, bytes, rounded up to pages.
        asked: u64,
        /// Budgets of the regions before it.
        promised: u64,
        /// Budget of the pool.
        budget: u64,
    },
    /// The host refused the arena's address space.
    #[error(
        "memory: cannot reserve {} of address space: {source}{}; lower the total, or raise the process's limit (ulimit -v)",
        Bytes(*bytes), limit_note(*limit)
    )]
    Map {
        /// Bytes asked for.
        bytes: u64,
        /// Bytes of address space that the process may use, where there is such a limit.
        limit: Option<u64>,
        /// What the host said.
        source: io::Error,
    },
    /// Pages could not be shown at a second address.
    #[error(
        "memory: cannot show {} at offset {} of pool {pool} a second time: {source}; the window takes {}, and the process so many mappings (vm.max_map_count): lower the pool's budget, or run fewer workers or scripts",
        Bytes(*bytes), Bytes(*offset), Bytes(*room)
    )]
    Mirror {
        /// The pool.
        pool: &'static str,
        /// Bytes from the pool's start.
        offset: u64,
        /// Bytes to show.
        bytes: u64,
        /// Bytes of the pool that the window takes.
        room: u64,
        /// What the host said.
        source: io::Error,
    },
    /// The host could not commit pages that the arena had reserved.
    #[error("memory: cannot commit {} of pool {pool}: {source}; free memory on this machine, or lower the pool's budget", Bytes(*bytes))]
    Commit {
        /// The pool.
        pool: &'static str,
        /// Bytes asked for.
        bytes: u64,
        /// What the host said.
        source: io::Error,
    },
    /// An owner of that name exists already.
    #[error(
        "memory: pool {pool} already has an owner named {owner:?}; use that one, or choose another name"
    )]
    OwnerTwice {
        /// The pool.
        pool: &'static str,
        /// The name.
        owner: String,
    },
    /// The pool's table of owners is full.
    #[error(
        "memory: pool {pool} has {max} owners and no room for {owner:?}; retire owners that hold nothing\n{table}"
    )]
    OwnersFull {
        /// The pool.
        pool: &'static str,
        /// The owner that found no room.
        owner: String,
        /// Owners that a pool can have.
        max: usize,
        /// Who holds what.
        table: Box<Table>,
    },
    /// An owner asks for a budget that is empty or larger than the pool.
    #[error(
        "memory: owner {owner:?} asks for a budget of {} in pool {pool}, which has {}; \
         ask for at least a byte and at most the pool",
        Bytes(*asked), Bytes(*budget)
    )]
    OwnerBudget {
        /// The pool.
        pool: &'static str,
        /// The owner.
        owner: String,
        /// Bytes asked for.
        asked: u64,
        /// Bytes of the pool.
        budget: u64,
    },
    /// A request for no pages at all.
    #[error("memory: owner {owner:?} asked pool {pool} for 0 pages; ask for at least one")]
    ZeroPages {
        /// The pool.
        pool: &'static str,
        /// The owner.
        owner: String,
    },
    /// An owner would exceed its budget.
    #[error(
        "memory: owner {:?} asks pool {} for {} but holds {} of its budget of {}; \
         raise that budget, or release something first\n{}",
        .0.owner, .0.pool, Bytes(.0.asked), Bytes(.0.used), Bytes(.0.budget), .0.table
    )]
    OverBudget(Box<Refusal>),
    /// The pool has no free run of that length (or what is free is promised to configured regions).
    #[error(
        "memory: owner {:?} asks pool {} for {} but the pool has {} in use of {}, the longest free piece is {}; \
         raise the pool's budget, or release something first\n{}",
        .0.owner, .0.pool, Bytes(.0.asked), Bytes(.0.used), Bytes(.0.budget), Bytes(.0.longest), .0.table
    )]
    Exhausted(Box<Refusal>),
    /// Exactly these pages were asked for, and some are taken or do not exist.
    #[error(
        "memory: owner {:?} claims {} of pool {} at page {first}, where the pool has {} in use of {}; \
         claim into an empty pool of at least that size\n{}",
        .refusal.owner, Bytes(.refusal.asked), .refusal.pool, Bytes(.refusal.used), Bytes(.refusal.budget), .refusal.table
    )]
    Taken {
        /// First page of the claim.
        first: u32,
        /// Sizes and holders.
        refusal: Box<Refusal>,
    },
    /// Scratch was asked for an alignment above a page.
    #[error(
        "memory: owner {owner:?} asks for an alignment of {asked} B, more than a page's {max} B; ask for at most that"
    )]
    Alignment {
        /// The owner.
        owner: String,
        /// Alignment asked for, bytes.
        asked: u64,
        /// Largest alignment, bytes.
        max: u64,
    },
    /// A heap was asked for in the pool whose images hold offsets and no pointers.
    #[error(
        "memory: owner {owner:?} asks for a heap in pool logic, which is hashed and stored and so may hold no pointers; \
         make it in pool scene or gpu"
    )]
    HeapInLogic {
        /// The owner.
        owner: String,
    },
    /// A region has no room for what is pushed into it.
    #[error(
        "memory: region {region} of {owner:?} in pool {pool} (frame {frame}) is asked for {} but holds {} of its {}; \
         make the regions larger, or push less into one",
        Bytes(*asked), Bytes(*used), Bytes(*budget)
    )]
    RegionFull {
        /// The pool.
        pool: &'static str,
        /// The owner.
        owner: String,
        /// Place of the region among its equals.
        region: usize,
        /// Frame of its filling.
        frame: u32,
        /// Bytes asked for.
        asked: u64,
        /// Bytes in it.
        used: u64,
        /// Bytes of the region.
        budget: u64,
    },
    /// All regions of an owner are in use.
    #[error(
        "memory: all {count} regions of {owner:?} in pool {pool} are in use ({doing}); \
         vent one, wait for a fence, or configure more"
    )]
    RegionsBusy {
        /// The pool.
        pool: &'static str,
        /// The owner.
        owner: String,
        /// Regions in all.
        count: usize,
        /// What each of them is doing.
        doing: String,
    },
    /// A stream region refused something.
    #[error(transparent)]
    Stream(Box<StreamError>),
    /// Something of an earlier frame was read: its bytes may be anyone's by now.
    #[error("memory: a {what} lent in frame {lent} is read in frame {now}, but {}", stale_cure(*lent, *now))]
    Stale {
        /// What was read.
        what: &'static str,
        /// Frame in which it was made.
        lent: u32,
        /// Frame of the reader.
        now: u32,
    },
    /// Somebody wrote where only others may write, or nobody.
    #[error(
        "memory: {}, {}, was {} in frame {}, found {}; look for an index or a length that is too large, or a pointer that strays",
        .0.what, .0.place, .0.how, .0.frame, .0.found
    )]
    Damaged(Box<Damage>),
    /// Too many arenas are protected at a time.
    #[error(
        "memory: {max} arenas are protected at the same time and no more can be; drop one, or leave this one unprotected"
    )]
    TooManyProtected {
        /// The most that can be.
        max: usize,
    },
    /// The host does not let faults be caught.
    #[error("memory: faults cannot be caught: {source}; protect by checksums instead")]
    NoFaults {
        /// What the host said.
        source: io::Error,
    },
}

/// What was found where nobody may write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Damage {
    /// The byte or bytes, and the pool.
    pub what: String,
    /// Region and owner, with what lies there.
    pub place: String,
    /// What was done to them.
    pub how: &'static str,
    /// The frame in which it was found, which is the one in which it was done.
    pub frame: u32,
    /// When in the frame it was found.
    pub found: String,
}

/// Who asked for how much, what stood against it, and who holds the rest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The pool that refused.
    pub pool: &'static str,
    /// The owner that asked.
    pub owner: String,
    /// Bytes asked for.
    pub asked: u64,
    /// Bytes in use: the owner's where its own budget refused, else the pool's.
    pub used: u64,
    /// The budget that refused, bytes: the owner's or the pool's.
    pub budget: u64,
    /// The longest free piece of the pool, bytes.
    pub longest: u64,
    /// Who holds what in the pool.
    pub table: Table,
}

// By hand, because it is boxed: a `Result` stays small.
impl From<StreamError> for MemoryError {
    fn from(error: StreamError) -> MemoryError {
        MemoryError::Stream(Box::new(error))
    }
}

impl MemoryError {
    /// The host refused so many bytes of address space.
    pub(crate) fn map(bytes: u64, source: io::Error) -> MemoryError {
        let limit = HostLimits::read().address_space;
        MemoryError::Map {
            bytes,
            limit,
            source,
        }
    }
}

fn limit_note(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |limit| {
        format!(", the process may use {} in all", Bytes(limit))
    })
}

fn stale_cure(lent: u32, now: u32) -> &'static str {
    if lent == now {
        "by another scratch or region; read it with a guard of the one that lent it"
    } else {
        "what is lent lasts one frame; lend it again in this frame"
    }
}
