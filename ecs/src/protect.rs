//! The world's part of protection: its pages are closed but for what a running system declared to write.
//!
//! ```text
//!   between steps      systems run                      barrier      systems run       commands      between steps
//!   closed or open │ closed, grants by page          │ all open │ closed, grants │ all open       │ closed or open
//! ```
//!
//! Grants are by page and by declaration: a row system holds, while it runs on a chunk, the pages of that chunk's columns that it writes; a whole
//! system those of all rows of the components, or of the resource, that it writes. With them go the pages of the records that hold their
//! change ticks. Without protection all of this is one look at a flag of the step.

use crate::access::Target;
use crate::chunk::{ChunkId, ChunkRecord, ColumnRecord};
use crate::image::HeldRun;
use crate::registry::{ComponentId, ComponentRecord};
use crate::root::{Root, TableHeader, TableName};
use crate::slab::{Cut, ENTITY_COLUMN, SlabRecord};
use crate::world::World;
use bytemuck::Pod;
use layerw_memory::protect::Line;
use layerw_memory::{MemoryError, PAGE, PageRun, Protection};
use std::fmt::Write;
use std::panic::resume_unwind;

/// What of a world's pages is closed. Keeps its memory.
#[derive(Default)]
pub(crate) struct Closed {
    now: bool,
    runs: Vec<PageRun>,
    held: Vec<HeldRun>,
}

impl World {
    /// Closes the world's pages, where its arena is [protected](layerw_memory::protect): until they are opened again only systems in a step
    /// can write to them, each where it declared to. Nothing where they are closed already.
    pub fn close(&mut self) {
        let protection = self.pages.pool().protection();
        if self.closed.now || protection == Protection::Off {
            return;
        }
        let mut held = std::mem::take(&mut self.closed.held);
        self.runs_into(&mut held);
        self.closed.runs.clear();
        self.closed.runs.extend(held.iter().map(|held| PageRun {
            // Of pages that hold nothing there is nothing to sum up.
            pages: match protection {
                Protection::Checksums => held.stored,
                _ => held.run.pages,
            },
            ..held.run
        }));
        self.closed.held = held;
        let pool = self.pages.pool();
        // SAFETY: the world lives in this pool, whose offsets `describe` takes apart, and reads without locks or allocations.
        unsafe { pool.set_describe(describe) };
        for &run in &self.closed.runs {
            // SAFETY: the world holds its runs, and `&mut self` excludes all who may write to them.
            unsafe { pool.close(run) };
        }
        self.closed.now = true;
    }

    /// Opens the world's pages again, for those who have it exclusively.
    ///
    /// # Errors
    /// [`MemoryError::Damaged`] where checksums show that somebody wrote what no system had declared. The pages are open all the same.
    pub fn open(&mut self) -> Result<(), MemoryError> {
        if !self.closed.now {
            return Ok(());
        }
        self.closed.now = false;
        let pool = self.pages.pool();
        let runs = self.closed.runs.iter();
        // SAFETY: as in `close`; a run that was closed is given back only through `&mut World`, which needs it open.
        let opened = runs.map(|&run| unsafe { pool.open(run) });
        // All of them, whatever one finds.
        opened.fold(Ok(()), Result::and)
    }

    /// Whether the world's pages are closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.now
    }

    /// Grants what a system with these writes may write to, on one chunk or wherever it is. Where checksums show that somebody wrote to that
    /// before, unwinds with the [`MemoryError`].
    pub(crate) fn grant<'w>(&'w self, writes: &'w [Target], chunk: Option<ChunkId>) -> Granted<'w> {
        let (pool, mut result) = (self.pages.pool(), Ok(()));
        self.each_run(writes, chunk, |run| {
            // SAFETY: pages that the world holds; the plan lets a system run only while nobody else writes what it declared, and whoever
            // writes next to it on the same page has a grant too.
            let granted = unsafe { pool.grant(run) };
            if result.is_ok() {
                result = granted;
            }
        });
        let granted = Granted {
            world: self,
            writes,
            chunk,
        };
        if let Err(damaged) = result {
            // No message on the way: it is not the system's fault that is about to run.
            resume_unwind(Box::new(damaged));
        }
        granted
    }

    /// All pages to which these declarations lead, the same ones while the world is shared. Some of them may come twice.
    fn each_run(&self, writes: &[Target], chunk: Option<ChunkId>, mut f: impl FnMut(PageRun)) {
        let tables = self.root().tables;
        for &target in writes {
            match (target, chunk) {
                (Target::Component(id), Some(chunk)) => self.chunk_runs(id, chunk, &mut f),
                (Target::Component(id), None) => {
                    let slabs = self.storage.slabs.table.iter();
                    for slab in slabs.filter(|slab| slab.component == id.0 && slab.capacity > 1) {
                        f(slab.run);
                    }
                    f(tables[TableName::Columns as usize].run);
                }
                (Target::Resource(id), _) => {
                    let record = self.components.records.get(id.0);
                    if record.is_resource == 1 {
                        f(pages_of(record.resource, record.size));
                    }
                    f(tables[TableName::Components as usize].run);
                }
                (Target::Local(_), _) => {}
            }
        }
    }

    /// The pages of one column of one chunk, and of the record that holds its tick.
    fn chunk_runs(&self, id: ComponentId, chunk: ChunkId, f: &mut impl FnMut(PageRun)) {
        let record = self.storage.chunks.get(chunk.0);
        let components = self.storage.archetypes[record.archetype as usize].components();
        let Ok(place) = components.binary_search(&id) else {
            return;
        };
        let column = self.storage.columns.get(record.columns + place as u32);
        f(pages_of(
            column.offset,
            record.len * self.components.value_bytes(id),
        ));
        let bytes = size_of::<ColumnRecord>() as u32;
        let first = self.root().tables[TableName::Columns as usize].run.first * PAGE as u32;
        f(pages_of(
            first + (record.columns + place as u32) * bytes,
            bytes,
        ));
    }
}

/// The pages that a range of bytes touches.
fn pages_of(offset: u32, bytes: u32) -> PageRun {
    let page = PAGE as u32;
    let first = offset / page;
    let end = u64::from(offset) + u64::from(bytes);
    PageRun {
        first,
        pages: if bytes == 0 {
            0
        } else {
            end.div_ceil(PAGE as u64) as u32 - first
        },
    }
}

/// A system's right to write what it declared; ends with it.
pub(crate) struct Granted<'w> {
    world: &'w World,
    writes: &'w [Target],
    chunk: Option<ChunkId>,
}

impl Drop for Granted<'_> {
    fn drop(&mut self) {
        let pool = self.world.pages.pool();
        // SAFETY: as in `World::grant`, which granted these runs.
        self.world
            .each_run(self.writes, self.chunk, |run| unsafe { pool.revoke(run) });
    }
}

/// Says which table, or which chunk and row, a byte of the Logic pool belongs to. Reads plain records only, checks every number, and neither
/// locks nor allocates, because a signal handler calls it.
///
/// # Safety
/// As [`layerw_memory::protect::Describe`] says.
unsafe fn describe(base: *const u8, offset: u32, line: &mut Line) {
    let image = Image { base };
    // SAFETY: page 0 is held as long as a world lives in the pool, and larger than a root.
    let root = unsafe { base.cast::<Root>().read_volatile() };
    let _ = image.describe(&root, offset, line);
}

/// A pool in which a world lives, as plain bytes.
struct Image {
    base: *const u8,
}

impl Image {
    /// A record of a table, if there is one.
    fn record<T: Pod>(&self, header: TableHeader, index: u32) -> Option<T> {
        let bytes = size_of::<T>() as u64;
        let within = index < header.len && (u64::from(index) + 1) * bytes <= header.run.bytes();
        let at = header.run.offset() + u64::from(index) * bytes;
        // SAFETY: within a run of the world, whose pages can be read; records are plain data.
        within.then(|| unsafe { self.base.add(at as usize).cast::<T>().read_unaligned() })
    }

    fn find<T: Pod>(&self, header: TableHeader, is: impl Fn(u32, &T) -> bool) -> Option<(u32, T)> {
        (0..header.len).find_map(|index| {
            let record = self.record(header, index)?;
            is(index, &record).then_some((index, record))
        })
    }

    fn describe(&self, root: &Root, offset: u32, line: &mut Line) -> Option<()> {
        let table = |name: TableName| root.tables[name as usize];
        let page = offset / PAGE as u32;
        let holds = |run: PageRun| (run.first..run.first.saturating_add(run.pages)).contains(&page);
        if page == 0 {
            return write!(line, "the world's root").ok();
        }
        for name in TableName::ALL {
            let run = table(name).run;
            if holds(run) {
                let record = (offset - run.first * PAGE as u32) / name.record_bytes();
                return write!(line, "{}, record {record}", name.label()).ok();
            }
        }
        let (number, slab) = self.find(table(TableName::Slabs), |_, slab: &SlabRecord| {
            holds(slab.run)
        })?;
        let component = ComponentId(slab.component);
        let value_bytes = if component == ENTITY_COLUMN {
            size_of::<u64>() as u32
        } else {
            self.record::<ComponentRecord>(table(TableName::Components), slab.component)?
                .size
        };
        let cut = Cut::new(component, value_bytes, slab.capacity);
        let into = u64::from(offset).checked_sub(slab.run.offset() + u64::from(cut.phase))?;
        let block = cut.offset(slab.run, into.checked_div(cut.stride)? as u32);
        let row = (offset - block).checked_div(value_bytes)?;
        if slab.capacity == 1 {
            return write!(line, "the resource").ok();
        }
        let chunk = if component == ENTITY_COLUMN {
            let (chunk, _) = self.find(table(TableName::Chunks), |_, chunk: &ChunkRecord| {
                chunk.capacity > 0 && chunk.entities == block
            })?;
            chunk
        } else {
            let columns = table(TableName::Columns);
            let (column, _) = self.find(columns, |_, column: &ColumnRecord| {
                column.offset == block && column.slab == number
            })?;
            let (chunk, _) = self.find(table(TableName::Chunks), |_, chunk: &ChunkRecord| {
                let columns = chunk.columns..chunk.columns.saturating_add(chunk.column_count);
                chunk.capacity > 0 && columns.contains(&column)
            })?;
            chunk
        };
        write!(line, "chunk {chunk}, row {row}").ok()
    }
}
