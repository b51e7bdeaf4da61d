//! rayon, and what people build on it for graphs: a countdown per node.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

use anyhow::Result;

use super::dag::Dag;

/// A pool that the calling thread belongs to, so that entering it costs nothing.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .use_current_thread()
        .build()?)
}

/// "Counters on rayon": each node counts down what it waits for; who ends a node runs its first successor that is
/// ready in place, and spawns the others.
pub struct Counters {
    dag: Arc<Dag>,
    waiting: Vec<AtomicU32>,
}

impl Counters {
    pub fn new(dag: Arc<Dag>) -> Counters {
        let waiting = (0..dag.len()).map(|node| AtomicU32::new(dag.before(node).len() as u32));
        Counters {
            waiting: waiting.collect(),
            dag,
        }
    }

    /// Runs all nodes once, on the pool that the calling thread belongs to.
    pub fn run(&self, body: &(impl Fn(usize) + Sync)) {
        rayon::scope(|scope| {
            for node in self.dag.roots() {
                scope.spawn(move |scope| self.follow(scope, node, body));
            }
        });
    }

    fn follow<'s>(
        &'s self,
        scope: &rayon::Scope<'s>,
        mut node: usize,
        body: &'s (impl Fn(usize) + Sync),
    ) {
        loop {
            body(node);
            let mut next = None;
            for &after in self.dag.after(node) {
                let after = after as usize;
                if self.waiting[after].fetch_sub(1, AcqRel) > 1 {
                    continue;
                }
                // Ready for the next run. Relaxed: nobody looks before the scope ends.
                self.waiting[after].store(self.dag.before(after).len() as u32, Relaxed);
                if next.is_none() {
                    next = Some(after);
                } else {
                    scope.spawn(move |scope| self.follow(scope, after, body));
                }
            }
            match next {
                Some(after) => node = after,
                None => return,
            }
        }
    }
}
