//! A panic in a node: what the caller is told, and how the step ends.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use crate::plan::NodeId;
use crate::sync::{AtomicBool, Mutex, PoisonError, Relaxed};

/// A node panicked and the step ended early. The executor can run the next step; whether what the
/// nodes work on can be used is the caller's to know.
pub struct Failure {
    /// The node that panicked; of several, the first in the plan's order.
    pub node: NodeId,
    /// Its name.
    pub name: Arc<str>,
    /// The chunk, for a row node.
    pub chunk: Option<usize>,
    /// What it panicked with, for [`std::panic::resume_unwind`].
    pub payload: Box<dyn Any + Send>,
}

impl Failure {
    /// The panic's message, if it has one.
    pub fn message(&self) -> Option<&str> {
        let text = self.payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| self.payload.downcast_ref::<&str>().copied())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` panicked", self.name)?;
        if let Some(chunk) = self.chunk {
            write!(f, " on chunk {chunk}")?;
        }
        match self.message() {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("node", &self.node)
            .field("name", &self.name)
            .field("chunk", &self.chunk)
            .field("message", &self.message())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Failure {}

/// What a worker is running, noted before each call, so that a panic caught around many of them can
/// be told apart.
pub(super) struct Spot {
    node: Cell<u32>,
    chunk: Cell<usize>,
}

/// No chunk: the node is not a row node.
const NO_CHUNK: usize = usize::MAX;

impl Spot {
    pub(super) fn new() -> Spot {
        Spot {
            node: Cell::new(u32::MAX),
            chunk: Cell::new(NO_CHUNK),
        }
    }

    #[inline(always)]
    pub(super) fn node(&self, node: u32) {
        self.node.set(node);
        self.chunk.set(NO_CHUNK);
    }

    #[inline(always)]
    pub(super) fn chunk(&self, node: u32, chunk: usize) {
        self.node.set(node);
        self.chunk.set(chunk);
    }
}

/// The end of a step that failed.
pub(super) struct Blame {
    stopped: AtomicBool,
    first: Mutex<Option<Caught>>,
}

/// A panic before its node was looked up.
pub(super) struct Caught {
    pub node: u32,
    pub chunk: Option<usize>,
    pub payload: Box<dyn Any + Send>,
}

impl Blame {
    pub(super) fn new() -> Blame {
        Blame {
            stopped: AtomicBool::new(false),
            first: Mutex::new(None),
        }
    }

    /// Whether no more work is to be started.
    #[inline(always)]
    pub(super) fn is_stopped(&self) -> bool {
        // Relaxed: a worker that sees it late starts a piece of work more, which is as if it had
        // started before the panic.
        self.stopped.load(Relaxed)
    }

    /// Notes a panic and stops the step. Keeps the lowest by place of the node, then chunk.
    pub(super) fn report(&self, spot: &Spot, payload: Box<dyn Any + Send>, places: &[u32]) {
        let caught = Caught {
            node: spot.node.get(),
            chunk: Some(spot.chunk.get()).filter(|&chunk| chunk != NO_CHUNK),
            payload,
        };
        let rank = |caught: &Caught| (places.get(caught.node as usize).copied(), caught.chunk);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if first
            .as_ref()
            .is_none_or(|first| rank(&caught) < rank(first))
        {
            *first = Some(caught);
        }
        self.stopped.store(true, Relaxed);
    }

    /// Hands the failure out and starts afresh. When no worker is inside the step.
    pub(super) fn take(&mut self) -> Option<Caught> {
        if !self.is_stopped() {
            return None;
        }
        self.stopped.store(false, Relaxed);
        self.first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
