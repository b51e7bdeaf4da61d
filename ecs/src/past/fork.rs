//! Forks: a state of the world that stays while the world goes on.

use super::Moment;
use crate::error::EcsError;
use crate::image::{ImageError, another_arena, write_image};
use crate::pages::Pages;
use crate::world::World;
use layerw_memory::{Arena, PAGE};
use std::io::Write;

/// Bytes that are read, hashed and written while they are in cache.
const PIECE: usize = 4 * PAGE;

/// The state of a world at one moment, kept while the world goes on.
///
/// It may be used on any thread, also while the world steps, and costs the bytes that are written since it was taken; they stand in the Scene
/// pool of the world's arena, under the owner `rewind`. Where that is used up the fork is lost: whoever uses it is told,
/// and the world goes on.
pub struct Fork {
    pages: Pages,
    moment: Moment,
}

impl World {
    /// Keeps the state of the world as it is, without copying it: to make a world of its own of it, or a file, while this one goes on.
    ///
    /// # Errors
    /// [`EcsError::StepRuns`] in the middle of a step, [`EcsError::Memory`] where the Scene pool takes no owner for what is written.
    pub fn fork(&mut self) -> Result<Fork, EcsError> {
        self.refuse_in_step("a fork")?;
        let history = self.pages.history();
        self.past.forks.retain(|&(point, _)| history.holds(point));
        let mut runs = Vec::new();
        self.runs_into(&mut runs);
        let known = self.known();
        let point = self
            .pages
            .history()
            .keep()
            .map_err(EcsError::memory("a fork of the world"))?;
        let step = self.step();
        self.past.forks.push((point, step));
        Ok(Fork {
            pages: self.pages.clone(),
            moment: Moment {
                point,
                step,
                runs,
                known,
            },
        })
    }
}

impl Fork {
    /// Steps done when it was taken.
    pub fn step(&self) -> u64 {
        self.moment.step
    }

    /// Whether it can still be used.
    pub fn is_whole(&self) -> bool {
        self.pages.history().holds(self.moment.point)
    }

    /// A world of its own, in an arena of the same configuration, which goes its own way from here. What lives beside the world is not copied.
    ///
    /// # Errors
    /// [`EcsError::Memory`] where the host has no room for another arena, [`EcsError::ForkLost`].
    pub fn world(&self) -> Result<World, EcsError> {
        self.world_in(&another_arena(self.pages.arena())?)
    }

    /// A world of its own in the Logic pool of another arena, whose pool must be as large as the fork's pages reach.
    ///
    /// # Errors
    /// As [`World::new`], [`ImageError::Room`] where the pool is too small, [`EcsError::ForkLost`].
    pub fn world_in(&self, arena: &Arena) -> Result<World, EcsError> {
        let mut world = World::new(arena)?;
        let Moment {
            point,
            step,
            runs,
            known,
        } = &self.moment;
        world.seat(&known.schemas, runs, &mut |held, target| {
            self.pages
                .history()
                .read(*point, held.run.first * PAGE as u32, target)
                .map_err(|_| EcsError::ForkLost { step: *step })
        })?;
        world.components.take_types(known);
        world.restored = 0;
        Ok(world)
    }

    /// Writes an image of the fork, the same as [`World::snapshot`] would have written when it was taken.
    ///
    /// # Errors
    /// [`ImageError::Write`] where the target refuses, [`EcsError::ForkLost`].
    pub fn snapshot(&self, target: &mut dyn Write, header: &[u8]) -> Result<(), EcsError> {
        let schemas: Vec<_> = self.moment.known.schemas.iter().collect();
        let mut piece = vec![0; PIECE];
        let written = write_image(target, header, &schemas, &self.moment.runs, |held, put| {
            let (mut offset, mut left) =
                (held.run.first * PAGE as u32, held.stored as usize * PAGE);
            while left > 0 {
                let piece = &mut piece[..left.min(PIECE)];
                self.pages
                    .history()
                    .read(self.moment.point, offset, piece)
                    .map_err(|_| ImageError::Lost)?;
                put(piece)?;
                left -= piece.len();
                offset += piece.len() as u32;
            }
            Ok(())
        });
        written.map(drop).map_err(|refusal| match refusal {
            ImageError::Lost => EcsError::ForkLost {
                step: self.moment.step,
            },
            other => other.into(),
        })
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        self.pages.history().let_go(self.moment.point);
    }
}
