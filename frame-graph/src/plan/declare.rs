//! What a client says before anything is compiled: keys, accesses, nodes.
//!
//! Written order is part of the declaration. Two nodes that touch the same key, one of them writing,
//! run in the order in which they were added; nothing a client says can turn that order round.

/// Something that nodes read and write: a component, a resource, a texture. Made by
/// [`GraphBuilder::key`](super::GraphBuilder::key) and valid for that builder and its plan.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Key(pub(super) u32);

impl Key {
    /// The place of this key in [`Plan::keys`](super::Plan::keys).
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A node of the graph, numbered from 0 in written order.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The place of this node in [`Plan::nodes`](super::Plan::nodes), which is its place in the
    /// written order.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where the value behind a key comes from.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// It is there before the graph runs and outlives it, as a component column does.
    External,
    /// It exists only while the graph runs: a node must write it before another may read it, and
    /// the plan knows its first and last user.
    Produced,
}

/// Whether an access may change what is behind the key.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Reads never wait for each other.
    Read,
    /// A write, which may read as well.
    Write,
}

/// How much of the key one call of the node touches.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Grain {
    /// A row node that touches, in each row, only that row of the key.
    Row,
    /// Anything else.
    Whole,
}

/// One key that a node touches, and how.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Access {
    /// What is touched.
    pub key: Key,
    /// Read or write.
    pub mode: Mode,
    /// One row, or all of it. [`Grain::Row`] counts only in a node of kind [`NodeKind::Rows`].
    pub grain: Grain,
}

/// How a node is run.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum NodeKind {
    /// Chunk by chunk, on several workers at once. Its chunks must not conflict with each other:
    /// what a row node accesses with [`Grain::Whole`] has to bear calls from several workers.
    Rows,
    /// Once per step, on any worker.
    Whole,
    /// Once per step, on worker 0 only: for what is bound to one thread.
    Pinned,
}

/// Everything said about one node. Build it with [`NodeDecl::rows`], [`NodeDecl::whole`] or
/// [`NodeDecl::pinned`] and the chained methods, or fill the fields.
#[derive(Clone, Debug)]
pub struct NodeDecl {
    /// Unique in its graph; errors, zones and drawings show it.
    pub name: String,
    /// How it is run.
    pub kind: NodeKind,
    /// What it touches. A key may stand here twice only if both accesses read.
    pub access: Vec<Access>,
    /// Names of nodes that must have ended before this one starts, in addition to what the accesses
    /// imply. They may be declared later than this node.
    pub after: Vec<String>,
}

impl NodeDecl {
    /// A node that runs chunk by chunk.
    pub fn rows(name: impl Into<String>) -> NodeDecl {
        NodeDecl::new(name.into(), NodeKind::Rows)
    }

    /// A node that runs once per step on any worker.
    pub fn whole(name: impl Into<String>) -> NodeDecl {
        NodeDecl::new(name.into(), NodeKind::Whole)
    }

    /// A node that runs once per step on worker 0.
    pub fn pinned(name: impl Into<String>) -> NodeDecl {
        NodeDecl::new(name.into(), NodeKind::Pinned)
    }

    fn new(name: String, kind: NodeKind) -> NodeDecl {
        NodeDecl {
            name,
            kind,
            access: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Adds a read with the grain that the kind suggests: own row for row nodes, else everything.
    pub fn reads(self, key: Key) -> NodeDecl {
        let grain = self.usual_grain();
        self.accesses(Access {
            key,
            mode: Mode::Read,
            grain,
        })
    }

    /// Adds a write with the grain that the kind suggests: own row for row nodes, else everything.
    pub fn writes(self, key: Key) -> NodeDecl {
        let grain = self.usual_grain();
        self.accesses(Access {
            key,
            mode: Mode::Write,
            grain,
        })
    }

    /// Adds a read of any row, also from a row node: a resource, or a neighbour's column.
    pub fn reads_whole(self, key: Key) -> NodeDecl {
        self.accesses(Access {
            key,
            mode: Mode::Read,
            grain: Grain::Whole,
        })
    }

    /// Adds one access as it stands.
    pub fn accesses(mut self, access: Access) -> NodeDecl {
        self.access.push(access);
        self
    }

    /// Asks to run after the node of that name. This can only add an edge: nodes that conflict keep
    /// their written order, and asking for the opposite is an error that names the cycle.
    pub fn after(mut self, name: impl Into<String>) -> NodeDecl {
        self.after.push(name.into());
        self
    }

    fn usual_grain(&self) -> Grain {
        match self.kind {
            NodeKind::Rows => Grain::Row,
            NodeKind::Whole | NodeKind::Pinned => Grain::Whole,
        }
    }
}
