//! The ring of past steps.

use super::Moment;
use crate::error::EcsError;
use crate::image::{HeldRun, Holder};
use crate::root::ROOT_RUN;
use crate::slab::ENTITY_COLUMN;
use crate::world::World;
use layerw_memory::{Owner, PageRun};
use std::collections::VecDeque;

/// Past steps that a world can go back to.
#[derive(Default)]
pub(super) struct Steps {
    /// Most of them; 0 while none are kept.
    limit: usize,
    /// Oldest first.
    kept: VecDeque<Moment>,
    /// Lists of runs to use again.
    spare: Vec<Vec<HeldRun>>,
    /// Steps that went before their time.
    dropped: u64,
}

/// What is kept of the past.
#[derive(Debug, Copy, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Past steps that can be gone back to.
    pub steps: usize,
    /// The first of them.
    pub oldest: Option<u64>,
    /// The last.
    pub newest: Option<u64>,
    /// Bytes of old values, those of forks included.
    pub bytes: u64,
    /// Most bytes so far.
    pub peak: u64,
    /// Bytes that they may take.
    pub budget: u64,
    /// Steps that were dropped before their time, because the budget did not suffice.
    pub dropped: u64,
}

impl World {
    /// Keeps the last `steps` steps from now on, to [go back](World::rewind) to: their old values may take `budget_bytes` of the arena's Scene
    /// pool, that of forks included. Where that does not suffice, the oldest are dropped, which [`World::kept`] tells. 0 steps keep none.
    ///
    /// Takes its memory here, so that keeping allocates nothing later.
    ///
    /// # Errors
    /// [`EcsError::StepRuns`] in the middle of a step, [`EcsError::Memory`] where the Scene pool takes no owner for old values.
    pub fn keep_steps(&mut self, steps: usize, budget_bytes: u64) -> Result<(), EcsError> {
        self.refuse_in_step("keeping steps")?;
        self.forget_steps();
        let past = &mut self.past.steps;
        (past.limit, past.dropped) = (steps, 0);
        if steps == 0 {
            self.pages.history().sweep();
            return Ok(());
        }
        // One more while the next is made.
        past.kept.reserve(steps + 1);
        past.spare.reserve(steps + 1);
        let mut runs = Vec::new();
        self.runs_into(&mut runs);
        let count = runs.len() + 64;
        while self.past.steps.spare.len() <= steps {
            self.past.steps.spare.push(Vec::with_capacity(count));
        }
        let history = self.pages.history();
        history.set_budget(budget_bytes);
        history.expect(steps + 1);
        self.keep_this_step()
    }

    /// What is kept of the past.
    pub fn kept(&self) -> Kept {
        let history = self.pages.history();
        let stats = history.stats();
        let past = &self.past.steps;
        let held = |moment: &&Moment| history.holds(moment.point);
        let mut whole = past.kept.iter().filter(held).map(|moment| moment.step);
        let steps = whole.clone().count();
        let lost = (past.kept.len() - steps) as u64;
        Kept {
            steps,
            oldest: whole.next(),
            newest: past.kept.back().filter(held).map(|moment| moment.step),
            bytes: stats.bytes,
            peak: stats.peak,
            budget: stats.budget,
            dropped: past.dropped + lost,
        }
    }

    /// Makes the world what it was `steps` steps ago; 0 goes back to where a step that failed began. Steps after it are forgotten. The rest is as for
    /// [`World::restore`].
    ///
    /// # Errors
    /// [`EcsError::NotKept`], [`EcsError::ForkHeld`], [`EcsError::StepRuns`] in the middle of a step, and [`EcsError::Memory`] where another holder
    /// has taken pages of the pool meanwhile. The world is as it was.
    pub fn rewind(&mut self, steps: u64) -> Result<(), EcsError> {
        let asked = self.step().checked_sub(steps);
        match asked {
            Some(asked) => self.rewind_to(asked),
            None => Err(EcsError::NotKept {
                asked: 0,
                kept: self.kept().oldest.zip(self.kept().newest),
            }),
        }
    }

    /// Makes the world what it was after a step, by number; see [`World::rewind`].
    ///
    /// # Errors
    /// As [`World::rewind`].
    pub fn rewind_to(&mut self, asked: u64) -> Result<(), EcsError> {
        self.refuse_in_step("going back")?;
        let history = self.pages.history();
        let kept = &self.past.steps.kept;
        let found = kept
            .iter()
            .rposition(|moment| moment.step == asked && history.holds(moment.point));
        let Some(index) = found else {
            return Err(EcsError::NotKept {
                asked,
                kept: self.kept().oldest.zip(self.kept().newest),
            });
        };
        let point = kept[index].point;
        let newer = |&&(fork, _): &&(_, u64)| fork > point && history.holds(fork);
        if let Some(&(_, fork)) = self.past.forks.iter().rfind(newer) {
            return Err(EcsError::ForkHeld { asked, fork });
        }
        let moment = self
            .past
            .steps
            .kept
            .remove(index)
            .expect("it was just found");
        let gone = self.go_back(&moment);
        if let Err(refusal) = gone {
            self.past.steps.kept.insert(index, moment);
            return Err(refusal);
        }
        let past = &mut self.past.steps;
        past.spare.push(moment.runs);
        let later = past.kept.drain(index..);
        past.spare.extend(later.map(|moment| moment.runs));
        Ok(())
    }

    /// Takes the runs of a moment, writes its bytes back, and rebuilds all indices. Nothing changes where it is refused.
    fn go_back(&mut self, moment: &Moment) -> Result<(), EcsError> {
        let prepared = self
            .components
            .prepare(&moment.known.schemas, &self.pages)?;
        let then = moment.runs.iter().map(|held| {
            let owner = match held.holder {
                Holder::Rows(id) if id != ENTITY_COLUMN => prepared.infos[id.0 as usize].owner,
                other => self.owner_of(other),
            };
            (owner, held.run)
        });
        let then: Vec<(Owner, PageRun)> = then.collect();
        let now: Vec<(Owner, PageRun)> = self
            .runs()
            .into_iter()
            .map(|held| (self.owner_of(held.holder), held.run))
            .collect();
        let without = |all: &[(Owner, PageRun)], others: &[(Owner, PageRun)]| -> Vec<_> {
            let other = |run: PageRun| {
                let found = others.binary_search_by_key(&run.first, |(_, run)| run.first);
                found.ok().map(|index| others[index])
            };
            let differs = all
                .iter()
                .filter(|&&(owner, run)| other(run) != Some((owner, run)));
            differs.copied().collect()
        };
        // Pages that came since hold nothing that an earlier point asks for, and those that went were kept when they did.
        if let Err(source) = self.exchange(&without(&now, &then), &without(&then, &now)) {
            prepared.give_up(&self.pages);
            return Err(EcsError::Memory {
                what: "the pages of a past step".to_owned(),
                source: Box::new(source),
            });
        }
        debug_assert_eq!(then[0].1, ROOT_RUN);
        let runs: Vec<PageRun> = then.iter().map(|&(_, run)| run).collect();
        // SAFETY: the runs are the world's, in order, as they were at the point; `&mut self` excludes all users.
        let undone = unsafe { self.pages.history().undo(moment.point, &runs) };
        undone.expect("a point that is held stays so while nobody writes");
        // SAFETY: the pages hold the world's root and tables of that moment, whose runs belong to the owners just used.
        unsafe { self.rebuild(prepared.infos) };
        Ok(())
    }

    /// Forgets all past steps.
    pub(crate) fn forget_steps(&mut self) {
        let past = &mut self.past.steps;
        for moment in past.kept.drain(..) {
            self.pages.history().let_go(moment.point);
            past.spare.push(moment.runs);
        }
    }

    /// The beginning of a step: keeps the state before it, if steps are kept.
    ///
    /// # Panics
    /// The Scene pool takes no owner for old values any more.
    pub(crate) fn begin_step(&mut self) {
        self.pages.history().sweep();
        if self.past.steps.limit > 0
            && let Err(refusal) = self.keep_this_step()
        {
            panic!("{refusal}");
        }
        self.stepping = true;
    }

    fn keep_this_step(&mut self) -> Result<(), EcsError> {
        let (step, known) = (self.step(), self.known());
        let mut runs = self.past.steps.spare.pop().unwrap_or_default();
        self.runs_into(&mut runs);
        let history = self.pages.history();
        let past = &mut self.past.steps;
        let point = history
            .keep()
            .map_err(EcsError::memory("the state before a step"))?;
        let moment = Moment {
            point,
            step,
            runs,
            known,
        };
        past.kept.push_back(moment);
        // The state after a step is that before the next one, also if it was changed in between; so one of the same step is out of date.
        let count = past.kept.len();
        if count > 1 && past.kept[count - 2].step == step {
            let old = past.kept.remove(count - 2).expect("two of them");
            history.let_go(old.point);
            past.spare.push(old.runs);
        }
        while let Some(oldest) = past.kept.front() {
            let lost = !history.holds(oldest.point);
            if !lost && past.kept.len() <= past.limit {
                break;
            }
            past.dropped += u64::from(lost);
            let oldest = past.kept.pop_front().expect("it was just seen");
            history.let_go(oldest.point);
            past.spare.push(oldest.runs);
        }
        Ok(())
    }
}
