//! Restore and fork: pages taken, filled, and the indices built anew.

use super::read::{StoredRun, read};
use super::runs::{HeldRun, Holder};
use super::{ImageError, check};
use crate::error::EcsError;
use crate::schema::Schema;
use crate::slab::ENTITY_COLUMN;
use crate::world::World;
use layerw_memory::{Arena, MemoryConfig, Owner, PAGE, PageRun, Tier};
use std::slice;

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
        let image = read(image)?;
        let holders = check::check(&image)?;
        let held = holders.into_iter().zip(&image.runs);
        let held: Vec<_> = held
            .map(|(holder, stored)| {
                (
                    HeldRun {
                        run: stored.run,
                        stored: 0,
                        holder,
                    },
                    *stored,
                )
            })
            .collect();
        self.seat(&image.schemas, &held)?;
        Ok(image.header.to_vec())
    }

    /// A world like this one in an arena of its own, of the same configuration, which goes its own way from here. What lives beside the world is not copied.
    ///
    /// # Errors
    /// [`EcsError::Memory`] where the host has no room for another arena.
    pub fn fork(&self) -> Result<World, EcsError> {
        let layout = self.arena().layout();
        let bytes = |tier: Tier| u64::from(layout.windows[tier as usize].pages) * PAGE as u64;
        let config = MemoryConfig {
            total: u64::from(layout.pages) * PAGE as u64,
            logic: bytes(Tier::Logic),
            scene: bytes(Tier::Scene),
            gpu: bytes(Tier::Gpu),
            regions: layout.regions.clone(),
            ..MemoryConfig::default()
        };
        let arena = Arena::new(&config).map_err(EcsError::memory("a fork of the world"))?;
        self.fork_into(&arena)
    }

    /// A world like this one in the Logic pool of another arena, whose pool must be as large as this world's pages reach.
    ///
    /// # Errors
    /// As [`World::new`], and [`ImageError::Room`] where the pool is too small.
    pub fn fork_into(&self, arena: &Arena) -> Result<World, EcsError> {
        let mut fork = World::new(arena)?;
        let schemas: Vec<_> = self
            .components
            .infos
            .iter()
            .map(|info| info.schema.clone())
            .collect();
        let stored = |held: HeldRun| {
            let first = self.pages.at(held.run.first * PAGE as u32);
            // SAFETY: the stored pages of a run that this world holds; all pages are initialised from the start, and that no system writes
            // them meanwhile is the rule for sharing a world.
            let bytes = unsafe { slice::from_raw_parts(first, held.stored as usize * PAGE) };
            (
                held,
                StoredRun {
                    run: held.run,
                    bytes,
                },
            )
        };
        let held: Vec<_> = self.runs().into_iter().map(stored).collect();
        fork.seat(&schemas, &held)?;
        fork.components.take_types(&self.components);
        fork.restored = 0;
        Ok(fork)
    }

    /// Takes these runs in place of the world's own, fills them, and rebuilds all indices. Nothing changes where it is refused.
    ///
    /// The runs and schemas must be those of a world, or checked as [`check`] does.
    pub(crate) fn seat(
        &mut self,
        schemas: &[Schema],
        held: &[(HeldRun, StoredRun<'_>)],
    ) -> Result<(), EcsError> {
        self.check_layouts(schemas)?;
        self.check_room(held)?;
        let prepared = self.components.prepare(schemas, &self.pages)?;
        let pool = self.pages.pool();
        let owner_of = |holder| match holder {
            Holder::Rows(id) if id != ENTITY_COLUMN => prepared.infos[id.0 as usize].owner,
            other => self.owner_of(other),
        };
        let old: Vec<(Owner, PageRun)> = self
            .runs()
            .into_iter()
            .map(|held| (self.owner_of(held.holder), held.run))
            .collect();
        for &(owner, run) in &old {
            pool.release(owner, run);
        }
        for (index, (new, _)) in held.iter().enumerate() {
            if let Err(source) = pool.claim(owner_of(new.holder), new.run) {
                // Someone else took pages since they were found free. Nothing was written, so the world's own pages still hold what they held.
                for (claimed, _) in &held[..index] {
                    pool.release(owner_of(claimed.holder), claimed.run);
                }
                for &(owner, run) in &old {
                    let back = pool.claim(owner, run);
                    back.unwrap_or_else(|refusal| panic!("the world's own pages were taken while an image was restored: {refusal}"));
                }
                prepared.give_up(&self.pages);
                return Err(EcsError::Memory {
                    what: "the pages of an image".to_owned(),
                    source,
                });
            }
        }
        for (new, stored) in held {
            let (first, bytes) = (
                self.pages.at(new.run.first * PAGE as u32),
                stored.bytes.len(),
            );
            // SAFETY: the run was claimed just now, so it lies in the pool and is nobody else's; the stored bytes are at most its own, and not
            // in this pool.
            unsafe {
                first.copy_from_nonoverlapping(stored.bytes.as_ptr(), bytes);
                first
                    .add(bytes)
                    .write_bytes(0, new.run.bytes() as usize - bytes);
            }
        }
        // SAFETY: the pages hold a world's root and tables now, whose runs belong to the owners just used.
        unsafe { self.rebuild(prepared.infos) };
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
    fn check_room(&self, held: &[(HeldRun, StoredRun<'_>)]) -> Result<(), ImageError> {
        let pool = self.pages.pool();
        let last = held.last().map_or(0, |(held, _)| held.run.end());
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
        for (HeldRun { run, .. }, _) in held {
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
