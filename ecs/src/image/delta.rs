//! Deltas: what changed since a snapshot, as a file of its own that names what it follows.
//!
//! What changed is known from declared writes, by blocks of 4 KiB: see [`layerw_memory::history`]. So a delta costs what was written since the snapshot or
//! delta before it, and a look at one number per block of the world.

use super::read::{Image, StoredRun, open, read, read_runs, read_schemas};
use super::write::{Follows, Sealed, front};
use super::{CHECKSUM, DELTA_MAGIC, FRAME, ImageError};
use crate::error::EcsError;
use crate::pages::Pages;
use crate::schema::Schema;
use crate::world::World;
use layerw_memory::{BLOCK, Mark, PAGE, PageRun};
use std::io::Write;
use std::slice;

/// Bytes in front of the caller's header.
const DELTA_FRAME: usize = FRAME + CHECKSUM;

/// Blocks of a page.
const PAGE_BLOCKS: u32 = (PAGE / BLOCK) as u32;

/// What the next delta follows: a snapshot, or the delta before. While it is held, the world notes which of its blocks are written.
pub struct Base {
    pages: Pages,
    world: u64,
    mark: Mark,
    checksum: u128,
}

impl Base {
    /// The checksum of what was written last, which stands at its end and in the delta that follows it.
    pub fn checksum(&self) -> u128 {
        self.checksum
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        self.pages.history().forget(self.mark);
    }
}

impl World {
    /// As [`World::snapshot`]; what it returns is what deltas follow.
    ///
    /// # Errors
    /// As [`World::snapshot`].
    pub fn snapshot_base(
        &mut self,
        target: &mut dyn Write,
        header: &[u8],
    ) -> Result<Base, EcsError> {
        let checksum = self.write_snapshot(target, header)?;
        Ok(Base {
            pages: self.pages.clone(),
            world: self.identity,
            mark: self.pages.history().mark(),
            checksum,
        })
    }

    /// Writes what changed since the base, behind a header of the caller's own; returns how many bytes. The base is this state then, so that the next delta
    /// follows this one. After a refusal it is what it was.
    ///
    /// # Errors
    /// As [`World::snapshot`], and [`ImageError::OtherWorld`].
    pub fn snapshot_delta(
        &mut self,
        base: &mut Base,
        target: &mut dyn Write,
        header: &[u8],
    ) -> Result<u64, EcsError> {
        self.refuse_in_step("a delta")?;
        if base.world != self.identity {
            return Err(ImageError::OtherWorld.into());
        }
        let runs = self.runs();
        let mut spans: Vec<(u32, u32)> = Vec::new();
        for held in &runs {
            let stored = PageRun {
                first: held.run.first,
                pages: held.stored,
            };
            let each = |first, count| spans.push((first as u32, count as u32));
            self.pages.history().written_spans(base.mark, stored, each);
        }
        let blocks: u64 = spans.iter().map(|&(_, count)| u64::from(count)).sum();
        let schemas: Vec<&Schema> = self.components.ids().map(|id| self.schema(id)).collect();
        let follows = Follows {
            checksum: base.checksum,
            spans: &spans,
        };
        let bytes = blocks * BLOCK as u64;
        let front = front(header, &schemas, &runs, Some(follows), bytes)?;
        let mut sealed = Sealed::new(target);
        sealed.put(&front)?;
        for &(first, count) in &spans {
            let first = self.pages.at(first * BLOCK as u32);
            // SAFETY: blocks of stored pages of runs that the world holds; all pages are initialised from the start, and `&mut self` excludes
            // writers.
            let bytes = unsafe { slice::from_raw_parts(first, count as usize * BLOCK) };
            sealed.put(bytes)?;
        }
        base.checksum = sealed.finish()?;
        let mark = self.pages.history().mark();
        self.pages
            .history()
            .forget(std::mem::replace(&mut base.mark, mark));
        Ok((front.len() + CHECKSUM) as u64 + bytes)
    }

    /// As [`World::restore`], from a snapshot and the deltas that follow it, in order. Returns the header of the last of them.
    ///
    /// # Errors
    /// As [`World::restore`]; what is wrong with a delta is an [`ImageError::Delta`] with its place, counted from 1, and a delta that is missing, foreign or
    /// out of order an [`ImageError::Follows`] in it.
    pub fn restore_deltas(&mut self, image: &[u8], deltas: &[&[u8]]) -> Result<Vec<u8>, EcsError> {
        let base = read(image)?;
        let in_delta = |number: usize| {
            move |source: ImageError| ImageError::Delta {
                number,
                source: Box::new(source),
            }
        };
        let (mut before, mut read) = (checksum_of(image), Vec::new());
        for (bytes, number) in deltas.iter().zip(1..) {
            let delta = Delta::read(bytes).map_err(in_delta(number))?;
            if delta.follows != before {
                let (expected, found) = (delta.follows, before);
                return Err(in_delta(number)(ImageError::Follows { expected, found }).into());
            }
            before = checksum_of(bytes);
            read.push(delta);
        }
        let Some(last) = read.last() else {
            return self.restore_image(&base);
        };
        // Only the last contents are ever the world's, so only they are checked.
        let state = assemble(&base, &read);
        let runs = last.runs.iter().map(|&(run, stored)| StoredRun {
            run,
            bytes: &state[run.offset() as usize..][..stored],
        });
        let image = Image {
            header: last.header,
            schemas: last.schemas.clone(),
            runs: runs.collect(),
        };
        self.restore_image(&image).map_err(|refusal| match refusal {
            EcsError::Image(fault) => in_delta(read.len())(fault).into(),
            other => other,
        })
    }
}

/// The checksum at the end of an image that was found whole.
fn checksum_of(bytes: &[u8]) -> u128 {
    let end = bytes.last_chunk().expect("a whole image has its checksum");
    u128::from_le_bytes(*end)
}

/// A delta, taken apart.
struct Delta<'a> {
    follows: u128,
    header: &'a [u8],
    schemas: Vec<Schema>,
    /// The runs with the bytes of each that are stored.
    runs: Vec<(PageRun, usize)>,
    /// First block and bytes.
    spans: Vec<(u32, &'a [u8])>,
}

impl<'a> Delta<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let mut reader = open(bytes, &DELTA_MAGIC, DELTA_FRAME)?;
        let (header, components, runs, spans) = (
            reader.number(24)? as usize,
            reader.number(28)?,
            reader.number(32)?,
            reader.number(36)?,
        );
        let follows = reader.take(CHECKSUM, "frame")?;
        let header = reader.take(header, "the caller's header")?;
        let schemas = read_schemas(&mut reader, components)?;
        let runs = read_runs(&mut reader, runs)?;
        let mut places = Vec::new();
        let mut end = 0;
        for number in 0..spans {
            let place = format!("span {number}");
            let (first, count) = (reader.next_number(&place)?, reader.next_number(&place)?);
            let (first_page, behind) = (first / PAGE_BLOCKS, u64::from(first) + u64::from(count));
            let index = runs.partition_point(|(run, _)| run.first <= first_page);
            let within = index > 0 && count > 0 && u64::from(first) >= end && {
                // Two runs may follow one another, and a span may go on from one to the next.
                covered(&runs[index - 1..], u64::from(first), behind)
            };
            if !within {
                return Err(ImageError::malformed(
                    place,
                    format!(
                        "blocks {first}+{count} are not of stored pages, or overlap the span before"
                    ),
                ));
            }
            end = behind;
            places.push((first, count));
        }
        let spans = places.into_iter().map(|(first, count)| {
            let bytes = reader.take(count as usize * BLOCK, "the blocks")?;
            Ok((first, bytes))
        });
        let spans = spans.collect::<Result<Vec<_>, ImageError>>()?;
        reader.finish("block")?;
        Ok(Delta {
            follows: u128::from_le_bytes(follows.try_into().expect("16 bytes")),
            header,
            schemas,
            runs,
            spans,
        })
    }
}

/// Whether blocks from `first` up to `behind` are all of the stored pages of runs, of which the first holds the first block.
fn covered(runs: &[(PageRun, usize)], first: u64, behind: u64) -> bool {
    let mut next = first;
    for &(run, stored) in runs {
        let start = u64::from(run.first) * u64::from(PAGE_BLOCKS);
        let end = start + (stored / BLOCK) as u64;
        if next < start || next >= end {
            return false;
        }
        next = end;
        if next >= behind {
            return true;
        }
    }
    false
}

/// The pages of the state after all deltas, each at its place.
fn assemble(base: &Image<'_>, deltas: &[Delta<'_>]) -> Vec<u8> {
    let ends = deltas
        .iter()
        .filter_map(|delta| delta.runs.last())
        .map(|(run, _)| run.end());
    let end = ends.chain(base.runs.last().map(|stored| stored.run.end()));
    // Zeros come lazily from the host, so gaps between runs cost nothing.
    let mut state = vec![0; end.max().unwrap_or(0) as usize * PAGE];
    for stored in &base.runs {
        state[stored.run.offset() as usize..][..stored.bytes.len()].copy_from_slice(stored.bytes);
    }
    for &(first, bytes) in deltas.iter().flat_map(|delta| &delta.spans) {
        state[first as usize * BLOCK..][..bytes.len()].copy_from_slice(bytes);
    }
    state
}
