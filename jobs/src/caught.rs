//! A panic on its way from the job that raised it to whoever waits for that job.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::sync::{AtomicBool, Mutex, PoisonError, Relaxed};

/// What `panic!` was given.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Holds the panic that the waiter will get: of several the one with the lowest position, so that the same failures
/// give the same message whichever worker was first.
pub(crate) struct Caught {
    /// Spares those who look for a panic the lock.
    any: AtomicBool,
    lowest: Mutex<Option<(u64, Payload)>>,
}

impl Caught {
    pub(crate) fn new() -> Caught {
        Caught {
            any: AtomicBool::new(false),
            lowest: Mutex::new(None),
        }
    }

    /// Runs `work` and keeps its panic, if it panics, under the position that `work` has set last.
    /// None: it did panic.
    pub(crate) fn watch<R>(&self, position: &Cell<u64>, work: impl FnOnce() -> R) -> Option<R> {
        // AssertUnwindSafe: the waiter raises the panic again, so nobody goes on with what `work` left behind unless
        // that somebody catches it there, as everywhere in Rust.
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(result) => Some(result),
            Err(payload) => {
                self.offer(position.get(), payload);
                None
            }
        }
    }

    /// Keeps `payload` unless there is one with a lower position.
    pub(crate) fn offer(&self, position: u64, payload: Payload) {
        let mut lowest = self.lowest.lock().unwrap_or_else(PoisonError::into_inner);
        if lowest.as_ref().is_none_or(|&(other, _)| position < other) {
            *lowest = Some((position, payload));
        }
        self.any.store(true, Relaxed);
    }

    /// Something panicked. A hint until everybody who may panic has been waited for.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Relaxed)
    }

    /// Takes the panic out. Whoever calls has waited for everybody who may panic.
    pub(crate) fn take(&self) -> Option<Payload> {
        if !self.any.load(Relaxed) {
            return None;
        }
        self.any.store(false, Relaxed);
        self.lowest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .map(|(_, payload)| payload)
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;
    use std::panic::resume_unwind;

    #[test]
    fn the_lowest_position_wins_in_any_order() {
        for order in [[3, 1, 2], [1, 2, 3], [3, 2, 1]] {
            let caught = Caught::new();
            assert!(!caught.any() && caught.take().is_none());
            for position in order {
                caught.offer(position, Box::new(position));
            }
            assert!(caught.any());
            assert_eq!(caught.take().unwrap().downcast_ref(), Some(&1_u64));
            assert!(!caught.any() && caught.take().is_none(), "it is used again");
        }
    }

    #[test]
    fn watched_work_returns_or_leaves_its_panic() {
        let caught = Caught::new();
        let position = Cell::new(7);
        assert_eq!(caught.watch(&position, || 5), Some(5));
        assert_eq!(
            caught.watch(&position, || resume_unwind(Box::new("lost"))),
            None::<()>
        );
        assert_eq!(caught.take().unwrap().downcast_ref(), Some(&"lost"));
    }
}
