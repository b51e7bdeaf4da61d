//! Restore and copy: pages taken, filled, and the indices built anew.

use super::read::{Image, read};
use super::runs::{HeldRun, Holder};
use super::{ImageError, check};
use crate::error::EcsError;
use crate::root::ROOT_RUN;
use crate::schema::Schema;
use crate::slab::ENTITY_COLUMN;
use crate::world::World;
use layerw_memory::{Arena, MemoryConfig, MemoryError, Owner, PAGE, PageRun, Tier};
use std::slice;

/// Writes the stored pages of a run.
type Fill<'a> = dyn FnMut(HeldRun, &mut [u8]) -> Result<(), EcsError> + 'a;

impl World {
    /// Makes the world what it was when the image was taken, and returns the header that the caller of [`World::snapshot`] put in front.
    ///
    /// Components known here and not in the image stay known, without a row; numbers of components may change, and what lives beside the
    /// world is out of date: [`World::restored`] tells both. After a refusal the world is as it was.
    ///
    /// # Errors
    /// [`ImageError`]s for whatever is wrong with the image, for components that have another layout there, and for a pool that is too
    /// small; [`EcsError::TooManyComponents`].
    pub fn restore(&mut self, image: &[u8]) -> Result<Vec<u8>, EcsError> {
        self.restore_image(&read(image)?)
    }

    pub(super) fn restore_image(&mut self, image: &Image<'_>) -> Result<Vec<u8>, EcsError> {
        let holders = check::check(image)?;
        let held: Vec<_> = holders
            .into_iter()
            .zip(&image.runs)
            .map(|(holder, stored)| HeldRun {
                run: stored.run,
                stored: (stored.bytes.len() / PAGE) as u32,
                holder,
            })
            .collect();
        let mut bytes = image.runs.iter().map(|stored| stored.bytes);
        self.seat(&image.schemas, &held, &mut |_, target| {
            target.copy_from_slice(bytes.next().unwrap_or_default());
            Ok(())
        })?;
        Ok(image.header.to_vec())
    }

    /// A world like this one in an arena of its own, of the same configuration, which goes its own way from here. What lives beside the world is not copied.
    ///
    /// # Errors
    /// [`EcsError::Memory`] where the host has no room for another arena.
    pub fn copy(&self) -> Result<World, EcsError> {
        self.copy_into(&another_arena(self.arena())?)
    }

    /// A world like this one in the Logic pool of another arena, whose pool must be as large as this world's pages reach.
    ///
    /// # Errors
    /// As [`World::new`], and [`ImageError::Room`] where the pool is too small.
    pub fn copy_into(&self, arena: &Arena) -> Result<World, EcsError> {
        let mut copy = World::new(arena)?;
        let known = self.components.known();
        copy.seat(&known.schemas, &self.runs(), &mut |held, target| {
            target.copy_from_slice(self.bytes(held.run.offset() as usize, target.len()));
            Ok(())
        })?;
        copy.components.take_types(&known);
        copy.restored = 0;
        Ok(copy)
    }

    /// Takes these runs in place of the world's own, has their stored pages filled, and rebuilds all indices. Nothing changes where it is refused; a
    /// world that is new may be filled by who can fail, and is as new then.
    ///
    /// The runs and schemas must be those of a world, or checked as [`check`] does.
    pub(crate) fn seat(
        &mut self,
        schemas: &[Schema],
        held: &[HeldRun],
        fill: &mut Fill<'_>,
    ) -> Result<(), EcsError> {
        self.check_layouts(schemas)?;
        self.check_room(held)?;
        let prepared = self.components.prepare(schemas, &self.pages)?;
        let owner_of = |holder| match holder {
            Holder::Rows(id) if id != ENTITY_COLUMN => prepared.infos[id.0 as usize].owner,
            other => self.owner_of(other),
        };
        let old: Vec<(Owner, PageRun)> = self
            .runs()
            .into_iter()
            .map(|held| (self.owner_of(held.holder), held.run))
            .collect();
        let new: Vec<(Owner, PageRun)> = held
            .iter()
            .map(|held| (owner_of(held.holder), held.run))
            .collect();
        // The new contents are written over the old ones, or over pages of which nobody asks what they held.
        for &(_, run) in &old {
            self.pages
                .before_write(run.first * PAGE as u32, run.bytes() as usize);
        }
        if let Err(source) = self.exchange(&old, &new) {
            prepared.give_up(&self.pages);
            return Err(EcsError::Memory {
                what: "the pages of an image".to_owned(),
                source: Box::new(source),
            });
        }
        for &(_, run) in &new {
            self.pages.history().fresh(run);
        }
        self.forget_steps();
        for held in held {
            let first = self.pages.at(held.run.first * PAGE as u32);
            // SAFETY: the run was claimed just now, so it lies in the pool, is initialised and nobody else's; its stored pages are at most all.
            let bytes = unsafe { slice::from_raw_parts_mut(first, held.run.bytes() as usize) };
            let (stored, rest) = bytes.split_at_mut(held.stored as usize * PAGE);
            if let Err(refusal) = fill(*held, stored) {
                for &(owner, run) in new.iter().filter(|(_, run)| *run != ROOT_RUN) {
                    self.pages.pool().release(owner, run);
                }
                prepared.give_up(&self.pages);
                self.clear();
                return Err(refusal);
            }
            rest.fill(0);
        }
        // SAFETY: the pages hold a world's root and tables now, whose runs belong to the owners just used.
        unsafe { self.rebuild(prepared.infos) };
        Ok(())
    }

    /// Gives runs back and takes others; all of it or nothing. What they held is for the caller to keep.
    pub(crate) fn exchange(
        &self,
        old: &[(Owner, PageRun)],
        new: &[(Owner, PageRun)],
    ) -> Result<(), MemoryError> {
        let pool = self.pages.pool();
        for &(owner, run) in old {
            pool.release(owner, run);
        }
        for (index, &(owner, run)) in new.iter().enumerate() {
            if let Err(source) = pool.claim(owner, run) {
                // Someone else took pages since they were found free. Nothing was written, so the world's own pages still hold what they held.
                for &(owner, run) in &new[..index] {
                    pool.release(owner, run);
                }
                for &(owner, run) in old {
                    let back = pool.claim(owner, run);
                    back.unwrap_or_else(|refusal| panic!("the world's own pages were taken while an image was restored: {refusal}"));
                }
                return Err(source);
            }
        }
        Ok(())
    }

    /// Checks that what is known by the same name is the same: Rust types stay with the names.
    fn check_layouts(&self, schemas: &[Schema]) -> Result<(), ImageError> {
        for schema in schemas {
            let known = self
                .components
                .by_name(&schema.name)
                .map(|id| self.schema(id));
            if let Some(known) = known.filter(|known| *known != schema) {
                let (name, differences) = (schema.name.clone(), known.differences(schema));
                return Err(ImageError::Layout { name, differences });
            }
        }
        Ok(())
    }

    /// Checks that all pages of an image are free, but for those that the world itself holds.
    fn check_room(&self, held: &[HeldRun]) -> Result<(), ImageError> {
        let pool = self.pages.pool();
        let last = held.last().map_or(0, |held| held.run.end());
        let room = |run: PageRun, reason: String| ImageError::Room {
            first: run.first,
            end: run.end(),
            reason,
            needed_bytes: last * PAGE as u64,
        };
        let mine: Vec<_> = self.runs().into_iter().map(|held| held.run.first).collect();
        let window = self.arena().layout().windows[pool.tier() as usize].first;
        let others = pool.map().into_iter().filter_map(|region| {
            let run = PageRun {
                first: region.first - window,
                pages: region.pages,
            };
            let holder = region.holder?;
            mine.binary_search(&run.first)
                .is_err()
                .then_some((run, holder.owner))
        });
        let others: Vec<_> = others.collect();
        for HeldRun { run, .. } in held {
            if run.end() > u64::from(pool.pages()) {
                return Err(room(*run, format!("which has {}", pool.pages())));
            }
            let taken = others.iter().find(|(other, _)| {
                u64::from(other.first) < run.end() && u64::from(run.first) < other.end()
            });
            if let Some((other, owner)) = taken {
                return Err(room(
                    *run,
                    format!("where {owner:?} holds page {}", other.first),
                ));
            }
        }
        Ok(())
    }
}

/// An arena of the same configuration.
///
/// # Errors
/// [`EcsError::Memory`] where the host has no room for it.
pub(crate) fn another_arena(arena: &Arena) -> Result<Arena, EcsError> {
    let layout = arena.layout();
    let bytes = |tier: Tier| u64::from(layout.windows[tier as usize].pages) * PAGE as u64;
    let config = MemoryConfig {
        total: u64::from(layout.pages) * PAGE as u64,
        logic: bytes(Tier::Logic),
        scene: bytes(Tier::Scene),
        gpu: bytes(Tier::Gpu),
        regions: layout.regions.clone(),
        ..MemoryConfig::default()
    };
    Arena::new(&config).map_err(EcsError::memory("a copy of the world"))
}
