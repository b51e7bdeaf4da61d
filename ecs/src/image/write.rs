//! Snapshot: the world's pages behind a header.

use super::{CHECKSUM, DELTA_MAGIC, FRAME, HeldRun, ImageError, MAGIC, VERSION};
use crate::error::EcsError;
use crate::schema::Schema;
use crate::world::World;
use layerw_memory::PAGE;
use std::io::Write;
use xxhash_rust::xxh3::Xxh3Default;

/// Bytes that are hashed and then written while they are in cache.
const PIECE: usize = 4 * PAGE;

impl World {
    /// Writes an image of the world behind a header of the caller's own, which comes back from [`World::restore`].
    ///
    /// To be called between steps. A file should be written beside its final name and renamed, so that a crash leaves no half of one.
    ///
    /// # Errors
    /// [`ImageError::Write`] where the target refuses, [`EcsError::StepRuns`] in the middle of a step.
    pub fn snapshot(&self, target: &mut dyn Write, header: &[u8]) -> Result<(), EcsError> {
        self.write_snapshot(target, header).map(drop)
    }

    /// The same; returns its checksum.
    pub(super) fn write_snapshot(
        &self,
        target: &mut dyn Write,
        header: &[u8],
    ) -> Result<u128, EcsError> {
        self.refuse_in_step("a snapshot")?;
        let schemas: Vec<_> = self.components.ids().map(|id| self.schema(id)).collect();
        write_image(target, header, &schemas, &self.runs(), |held, put| {
            put(self.bytes(held.run.offset() as usize, held.stored as usize * PAGE))
        })
        .map_err(EcsError::Image)
    }
}

/// Writes an image of these components and runs, whose stored pages `pages` hands over in pieces.
pub(crate) fn write_image(
    target: &mut dyn Write,
    header: &[u8],
    schemas: &[&Schema],
    runs: &[HeldRun],
    mut pages: impl FnMut(
        HeldRun,
        &mut dyn FnMut(&[u8]) -> Result<(), ImageError>,
    ) -> Result<(), ImageError>,
) -> Result<u128, ImageError> {
    let stored: u64 = runs.iter().map(|held| u64::from(held.stored)).sum();
    let front = front(header, schemas, runs, None, stored * PAGE as u64)?;
    let mut sealed = Sealed::new(target);
    sealed.put(&front)?;
    for &held in runs {
        pages(held, &mut |bytes| sealed.put(bytes))?;
    }
    sealed.finish()
}

/// A target whose bytes are counted into a checksum on the way.
pub(super) struct Sealed<'a> {
    target: &'a mut dyn Write,
    checksum: Xxh3Default,
}

impl<'a> Sealed<'a> {
    pub(super) fn new(target: &'a mut dyn Write) -> Self {
        Sealed {
            target,
            checksum: Xxh3Default::new(),
        }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), ImageError> {
        // In pieces that are written while they are in cache.
        for piece in bytes.chunks(PIECE) {
            self.checksum.update(piece);
            self.target.write_all(piece)?;
        }
        Ok(())
    }

    /// Writes the checksum, and returns it.
    pub(super) fn finish(self) -> Result<u128, ImageError> {
        let checksum = self.checksum.digest128();
        self.target.write_all(&checksum.to_le_bytes())?;
        Ok(checksum)
    }
}

/// What a delta says besides: the checksum of what it follows, and its spans of blocks.
pub(super) struct Follows<'a> {
    pub(super) checksum: u128,
    pub(super) spans: &'a [(u32, u32)],
}

/// Everything in front of the pages, of which there are `bytes`.
pub(super) fn front(
    header: &[u8],
    schemas: &[&Schema],
    runs: &[HeldRun],
    follows: Option<Follows<'_>>,
    bytes: u64,
) -> Result<Vec<u8>, ImageError> {
    let spans = follows.as_ref().map_or(&[][..], |follows| follows.spans);
    let mut front = Vec::with_capacity(PAGE);
    front.extend(if follows.is_some() {
        DELTA_MAGIC
    } else {
        MAGIC
    });
    front.extend(VERSION.to_le_bytes());
    front.extend((PAGE as u32).to_le_bytes());
    front.extend([0; 8]); // the length, once it is known
    for count in [header.len(), schemas.len(), runs.len(), spans.len()] {
        let count = u32::try_from(count)
            .map_err(|_| ImageError::malformed("header", "4 GiB and more of it do not fit"))?;
        front.extend(count.to_le_bytes());
    }
    debug_assert_eq!(front.len(), FRAME);
    if let Some(follows) = &follows {
        front.extend(follows.checksum.to_le_bytes());
    }
    front.extend(header);
    for schema in schemas {
        write_schema(schema, &mut front);
    }
    for held in runs {
        for number in [held.run.first, held.run.pages, held.stored] {
            front.extend(number.to_le_bytes());
        }
    }
    for &(first, count) in spans {
        front.extend(first.to_le_bytes());
        front.extend(count.to_le_bytes());
    }
    let length = (front.len() + CHECKSUM) as u64 + bytes;
    front[16..24].copy_from_slice(&length.to_le_bytes());
    Ok(front)
}

fn write_schema(schema: &Schema, front: &mut Vec<u8>) {
    write_name(&schema.name, front);
    front.extend(schema.size.to_le_bytes());
    front.extend(schema.align.to_le_bytes());
    front.push(u8::from(schema.hashed));
    front.extend(schema.layout_hash.to_le_bytes());
    front.extend((schema.fields.len() as u32).to_le_bytes());
    for field in &schema.fields {
        write_name(&field.name, front);
        front.push(field.primitive as u8);
        front.extend(field.offset.to_le_bytes());
        front.extend(field.count.to_le_bytes());
    }
}

fn write_name(name: &str, front: &mut Vec<u8>) {
    front.extend((name.len() as u16).to_le_bytes());
    front.extend(name.as_bytes());
}
