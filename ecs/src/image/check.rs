//! The pages of an image, checked before they are believed.
//!
//! Everything that an index is rebuilt from, and every number that leads to a place, must be what this engine would have written: each run
//! belongs to one table, slab or queue; each block to one column or resource; each column record to one chunk; each row to one living entity and back;
//! each dead index to the free list or to none. So a world over checked pages keeps every promise that its `unsafe` code leans on.

mod rows;
mod tables;

use super::ImageError;
use super::read::{Image, StoredRun};
use super::runs::Holder;
use crate::registry::ComponentId;
use crate::root::{FORMAT, MAGIC, Root, TableHeader, TableName};
use crate::schema::Schema;
use crate::slab::{Block, Cut, ENTITY_COLUMN, SlabRecord};
use bytemuck::Pod;
use layerw_memory::{PAGE, PageRun};

/// Steps and ticks of an image may leave half their range to the steps to come.
const CLOCK_MAX: u64 = u64::MAX / 2;

/// Checks all pages; returns in whose name each run is held, in order.
pub(super) fn check(image: &Image<'_>) -> Result<Vec<Holder>, ImageError> {
    let mut pages = Pages::new(image);
    let root: Root = bytemuck::pod_read_unaligned(&image.runs[0].bytes[..size_of::<Root>()]);
    if root.magic != MAGIC || root.format != FORMAT || root.page_bytes as usize != PAGE {
        let (found, known) = (root.format, FORMAT);
        let fault = format!("tables of format {found}, where this engine's have {known}");
        return Err(ImageError::malformed("root page", fault));
    }
    check_clock(&root)?;
    pages.claim(image.runs[0].run, Holder::Tables, "root page")?;
    let tables = tables::Tables::read(&mut pages, &root)?;
    tables.check_slabs(&mut pages)?;
    tables.check_components(&mut pages)?;
    tables.check_archetypes(&pages)?;
    rows::check(&mut pages, &tables)?;
    pages.finish()
}

/// Refuses clocks that no run reaches: steps and ticks are added to, and time is counted in `dt`.
fn check_clock(root: &Root) -> Result<(), ImageError> {
    let fault = |what: String| Err(ImageError::malformed("root page", what));
    if root.step > CLOCK_MAX || root.tick > CLOCK_MAX {
        return fault(format!(
            "step {} and tick {}, where {CLOCK_MAX} is the most",
            root.step, root.tick
        ));
    }
    if root.last_tick > root.tick {
        return fault(format!(
            "the last step began at tick {}, and now is tick {}",
            root.last_tick, root.tick
        ));
    }
    if !(root.dt.is_finite() && root.dt > 0.0) {
        return fault(format!(
            "{} simulated seconds a step, which must be positive",
            root.dt
        ));
    }
    Ok(())
}

/// The stored pages, with the marks of what was used.
struct Pages<'a> {
    schemas: &'a [Schema],
    runs: &'a [StoredRun<'a>],
    holders: Vec<Option<Holder>>,
    slabs: Vec<SlabRecord>,
    /// Blocks of each slab that nobody referred to yet.
    unreferred: Vec<u64>,
}

impl<'a> Pages<'a> {
    fn new(image: &'a Image<'a>) -> Self {
        let holders = vec![None; image.runs.len()];
        Pages {
            schemas: &image.schemas,
            runs: &image.runs,
            holders,
            slabs: Vec::new(),
            unreferred: Vec::new(),
        }
    }

    /// Marks a run as someone's.
    fn claim(
        &mut self,
        run: PageRun,
        holder: Holder,
        place: &str,
    ) -> Result<StoredRun<'a>, ImageError> {
        let found = self
            .runs
            .binary_search_by_key(&run.first, |stored| stored.run.first)
            .ok();
        match found {
            Some(index) if self.runs[index].run == run && self.holders[index].is_none() => {
                self.holders[index] = Some(holder);
                Ok(self.runs[index])
            }
            _ => {
                let PageRun { first, pages } = run;
                Err(ImageError::malformed(
                    place,
                    format!(
                        "its pages {first}+{pages} are not a run of the image, or someone else's"
                    ),
                ))
            }
        }
    }

    /// The used part of a table.
    fn records(
        &mut self,
        header: TableHeader,
        record_bytes: u32,
        holder: Holder,
        place: &str,
    ) -> Result<&'a [u8], ImageError> {
        let bad = |fault: String| ImageError::malformed(place, fault);
        let TableHeader { run, len, capacity } = header;
        if len > capacity {
            return Err(bad(format!("{len} records, where {capacity} fit")));
        }
        if run.pages == 0 {
            // Without pages there is no record, unless records take no bytes.
            let empty =
                run.first == 0 && (capacity == 0 || record_bytes == 0 && capacity == u32::MAX);
            return if empty {
                Ok(&[])
            } else {
                Err(bad("records without pages".to_owned()))
            };
        }
        let fitting = run
            .bytes()
            .checked_div(u64::from(record_bytes))
            .unwrap_or(0)
            .min(u64::from(u32::MAX));
        if u64::from(capacity) != fitting {
            return Err(bad(format!(
                "room for {capacity} records, where {fitting} fit"
            )));
        }
        let stored = self.claim(run, holder, place)?;
        let used = len as usize * record_bytes as usize;
        stored
            .bytes
            .get(..used)
            .ok_or_else(|| bad("not all its records are stored".to_owned()))
    }

    fn table<T: Pod>(&mut self, root: &Root, name: TableName) -> Result<Vec<T>, ImageError> {
        let header = root.tables[name as usize];
        let bytes = self.records(header, size_of::<T>() as u32, Holder::Tables, name.label())?;
        // Copied out record by record: an image in memory is aligned to nothing.
        Ok(bytes
            .chunks_exact(size_of::<T>())
            .map(bytemuck::pod_read_unaligned)
            .collect())
    }

    fn value_bytes(&self, id: ComponentId) -> u32 {
        if id == ENTITY_COLUMN {
            size_of::<u64>() as u32
        } else {
            self.schemas[id.0 as usize].size
        }
    }

    /// Marks a block as someone's, and returns its first `count` values.
    fn refer(
        &mut self,
        block: Block,
        id: ComponentId,
        capacity: u32,
        count: u32,
        place: &dyn Fn() -> String,
    ) -> Result<&'a [u8], ImageError> {
        let bad = |fault: &str| ImageError::malformed(place(), fault);
        let value_bytes = self.value_bytes(id);
        if value_bytes == 0 {
            return if block == Block::EMPTY {
                Ok(&[])
            } else {
                Err(bad("a block for a type without bytes"))
            };
        }
        let slab = self.slabs.get(block.slab as usize).copied().filter(|slab| {
            slab.run.pages > 0 && slab.component == id.0 && slab.capacity == capacity
        });
        let Some(slab) = slab else {
            return Err(bad(
                "its slab does not exist, or is another component's or capacity's",
            ));
        };
        let cut = Cut::new(id, value_bytes, capacity);
        let unreferred = &mut self.unreferred[block.slab as usize];
        let number = (0..64).find(|&number| {
            *unreferred >> number & 1 == 1 && cut.offset(slab.run, number) == block.offset
        });
        let Some(number) = number else {
            return Err(bad("its block is not in use, or someone else's"));
        };
        *unreferred &= !(1 << number);
        let run = self
            .runs
            .binary_search_by_key(&slab.run.first, |stored| stored.run.first);
        let stored = self.runs[run.map_err(|_| bad("its slab has no pages"))?];
        let first = (u64::from(block.offset) - slab.run.offset()) as usize;
        let values = stored
            .bytes
            .get(first..first + count as usize * value_bytes as usize);
        values.ok_or_else(|| bad("not all its values are stored"))
    }

    /// Checks that no value has bits that its type does not have.
    fn check_bits(
        &self,
        id: ComponentId,
        values: &[u8],
        place: &dyn Fn() -> String,
    ) -> Result<(), ImageError> {
        let schema = &self.schemas[id.0 as usize];
        if schema.size == 0 || !schema.has_invalid_bits() {
            return Ok(());
        }
        for (index, value) in values.chunks_exact(schema.size as usize).enumerate() {
            if let Some(field) = schema.invalid_field(value) {
                let (name, primitive) = (&field.name, field.primitive.name());
                let fault =
                    format!("field `{name}` of value {index} has bits that are no {primitive}");
                return Err(ImageError::malformed(place(), fault));
            }
        }
        Ok(())
    }

    /// Checks that nothing is left over.
    fn finish(self) -> Result<Vec<Holder>, ImageError> {
        if let Some(slab) = self.unreferred.iter().position(|&blocks| blocks != 0) {
            return Err(ImageError::malformed(
                format!("slab {slab}"),
                "a block is in use and nobody's",
            ));
        }
        let all = self.holders.iter().zip(self.runs).map(|(holder, stored)| {
            holder.ok_or_else(|| {
                ImageError::malformed(
                    format!("page {}", stored.run.first),
                    "the run that begins there is nobody's",
                )
            })
        });
        all.collect()
    }
}
