//! Lending the workers to rayon.

use layerw_trace::zone;

use crate::Jobs;
use crate::board::{Slot, Work};
use crate::local::Local;

impl Jobs {
    /// Runs `f` with all workers at rayon's service, sleeping ones woken: inside of it, `par_iter` and the like run
    /// on this pool's workers.
    ///
    /// Members of a team that wait anyway help rayon without being asked; workers that sleep do not notice what rayon
    /// pushes, and this is for them.
    ///
    /// # Panics
    ///
    /// With the panic of `f`, else with that of a task that was left to rayon (`rayon::spawn`) and has panicked since
    /// the last call. If the calling thread is not a worker of this pool.
    pub fn rayon<R>(&self, f: impl FnOnce() -> R) -> R {
        self.here("rayon", |here| {
            let mut f = Some(f);
            let mut run = || f.take().map(|f| f());
            let work = Work {
                help,
                data: std::ptr::null(),
            };
            let seats = self.threads() - 1;
            let own = |slot: &Slot| {
                self.pool.board.hint(slot);
                let (looking, resting) = self.pool.sleep.settle();
                self.pool
                    .call(slot, seats.saturating_sub(looking).min(resting));
                run()
            };
            let mut posted = None;
            if seats > 0 {
                // SAFETY: `help` does not use its data.
                posted = unsafe { here.post(|_| (), work, seats, own) };
            }
            let Some(result) = posted.flatten().or_else(run) else {
                unreachable!("f runs once, on the slot or without one");
            };
            if let Some(payload) = self.pool.stray.take() {
                std::panic::resume_unwind(payload);
            }
            result
        })
    }
}

/// What other workers call: rayon's tasks, until the slot is shut.
///
/// # Safety
///
/// The caller is inside of `slot`.
unsafe fn help(_data: *const (), here: &Local, slot: &Slot) {
    let pool = here.pool();
    let _zone = zone(pool.rayon_label);
    while slot.seats.is_open() {
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            here.patience.renew();
        } else if !here.patience.turn(here.look_ns(), pool.crowded) {
            // Rayon would not wake a worker that sleeps here, so it only gives its CPU to others.
            crate::sync::yield_now();
        }
    }
}
