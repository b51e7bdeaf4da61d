//! A world as a file: snapshot, delta and restore. The same in tables, for who writes another reader: `docs/snapshot-format.md`.
//!
//! ```text
//! bytes        what
//! 8            magic "LayerWim"
//! 4            version of this format; the root page holds that of the tables
//! 4            bytes of a page
//! 8            bytes of the whole image
//! 4 4 4        bytes of the caller's header, components, runs
//! 4            0
//! …            the caller's header
//! …            components in order of number:  name, size, alignment, hashed, layout hash, fields (name, primitive, offset, count)
//! 12 each      runs in order of page:  first page, pages, how many of them are stored; the others are zero
//! …            the stored pages, run after run
//! 16           XXH3-128 of everything before
//! ```
//!
//! A delta ([`delta`]) has the magic "LayerWdt", the number of its spans of blocks where the 0 stands and then the checksum of what it follows; after
//! its runs come its spans (8 bytes each: first block of 4 KiB, blocks) and in place of the stored pages the blocks of the spans.
//!
//! All numbers are little-endian; names are a u16 length and UTF-8. The pages are copies: references inside are offsets from the pool's start, so nothing in
//! them is adjusted, neither here nor on another host.
//!
//! **An image is not trusted.** [`read`] checks the frame around the pages, [`check`] every number inside that an index is built
//! from or that leads anywhere, and the bits of every `bool` and entity, before [`seat`] touches the world. What remains possible is an
//! image with other values than were saved, if someone made the checksum fit; never an access out of bounds, and never a half-restored
//! world.

mod check;
mod delta;
mod read;
mod runs;
mod seat;
mod write;

pub use delta::Base;
pub use read::image_header;
pub(crate) use runs::{HeldRun, Holder};
pub(crate) use seat::another_arena;
pub(crate) use write::write_image;

use std::io;

const MAGIC: [u8; 8] = *b"LayerWim";
const DELTA_MAGIC: [u8; 8] = *b"LayerWdt";
const VERSION: u32 = 2;
/// Bytes before the caller's header.
const FRAME: usize = 40;
/// Bytes of the checksum at the end.
const CHECKSUM: usize = 16;

/// What is wrong with an image. Each message says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The target refused the bytes.
    #[error("image: cannot be written: {0}; free space or choose another place")]
    Write(#[from] io::Error),
    /// The first bytes are of something else.
    #[error(
        "image: this is no Layer-W image: it begins with {found:?}, not with {known:?}; name a file that a snapshot wrote"
    )]
    Foreign {
        /// The first bytes.
        found: String,
        /// What belongs there.
        known: &'static str,
    },
    /// The format is of another version of the engine.
    #[error(
        "image: format version {found}, where this engine reads {known}; restore it with the engine that wrote it"
    )]
    Version {
        /// In the image.
        found: u32,
        /// What this engine reads and writes.
        known: u32,
    },
    /// The image ends too early, or something follows it.
    #[error(
        "image: {found} bytes, where {expected} belong there: it was cut short or added to; take another snapshot"
    )]
    Length {
        /// Bytes that are there.
        found: u64,
        /// Bytes that the image says, or at least needs.
        expected: u64,
    },
    /// A byte has changed since the snapshot.
    #[error(
        "image: checksum {found:032x}, where the bytes give {computed:032x}: it was damaged; take another snapshot"
    )]
    Checksum {
        /// In the image.
        found: u128,
        /// Of its bytes.
        computed: u128,
    },
    /// The checksum fits, and the contents contradict themselves.
    #[error(
        "image: {place}: {fault}; it was not written by this engine, or by a broken one: take another snapshot"
    )]
    Malformed {
        /// Which table or record.
        place: String,
        /// What is wrong there.
        fault: String,
    },
    /// A component has another layout here.
    #[error(
        "image: component `{name}` has another layout there ({differences}); restore with the program that wrote it, or give the new layout another \
         name: #[component(name = \"…\")]"
    )]
    Layout {
        /// The component.
        name: String,
        /// Field by field, what the program declares ("here") and what the image holds ("there").
        differences: String,
    },
    /// Something is wrong with one of the deltas that follow a snapshot.
    #[error("delta {number}: {source}")]
    Delta {
        /// Its place, from 1.
        number: usize,
        /// What is wrong with it.
        source: Box<ImageError>,
    },
    /// A delta does not follow what stands before it.
    #[error(
        "image: it changes the state with checksum {expected:032x}, and what stands before it has {found:032x}: one is missing, or of another run, or out of \
         order; give the snapshot and then all deltas in the order in which they were written"
    )]
    Follows {
        /// The checksum of what it follows.
        expected: u128,
        /// The checksum of what stands before it.
        found: u128,
    },
    /// A delta was asked for against a snapshot of another world.
    #[error(
        "image: a delta can be taken only of the world that the snapshot before it was of; take a whole snapshot of this one first"
    )]
    OtherWorld,
    /// The fork that the image was to be of is gone.
    #[error(
        "image: the fork that it was to be of was lost while it was written; raise the budget of `rewind` in pool scene"
    )]
    Lost,
    /// The pool has not the pages that the image needs.
    #[error(
        "image: it needs pages {first}..{end} of the Logic pool, {reason}; give the Logic pool at least {needed_bytes} bytes of its own"
    )]
    Room {
        /// First page.
        first: u32,
        /// The page behind the last.
        end: u64,
        /// Who or what is in the way.
        reason: String,
        /// Bytes from the pool's start to the last page.
        needed_bytes: u64,
    },
}

impl ImageError {
    fn malformed(place: impl Into<String>, fault: impl Into<String>) -> Self {
        ImageError::Malformed {
            place: place.into(),
            fault: fault.into(),
        }
    }
}
