//! fork_union: threads that spin until they get work, so they exist only while it is its turn.

use anyhow::{Result, anyhow};
use fork_union::{CallerExclusivity, ThreadPool};

/// A pool in which the calling thread and `threads - 1` others work.
pub struct Spinning {
    threads: usize,
    pool: Option<ThreadPool>,
}

impl Spinning {
    pub fn new(threads: usize) -> Spinning {
        Spinning {
            threads,
            pool: None,
        }
    }

    /// The pool; its threads start with the first use after a [`Spinning::rest`].
    pub fn pool(&mut self) -> Result<&mut ThreadPool> {
        if self.pool.is_none() {
            let pool =
                ThreadPool::try_spawn_with_exclusivity(self.threads, CallerExclusivity::Inclusive);
            self.pool = Some(pool.map_err(|error| anyhow!("fork_union: {error:?}"))?);
        }
        self.pool
            .as_mut()
            .ok_or_else(|| anyhow!("fork_union: no pool"))
    }

    /// Ends the threads.
    pub fn rest(&mut self) {
        self.pool = None;
    }
}
