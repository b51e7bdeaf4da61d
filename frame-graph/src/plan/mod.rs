//! Declared access in, compiled plan out. Pure: it runs nothing and knows neither the ECS nor the
//! GPU; both describe their work to it in the same three words, node, key and access.
//!
//! ```text
//! GraphBuilder ──compile──> Plan ──> Executor, DOT, JSON
//!   declare     derive edges        (run/)
//!               order, fuse
//!               lifetimes
//! ```
//!
//! Compiling takes time linear in nodes and accesses (names are sorted), is free of hashing and
//! gives the same plan for the same declarations, everywhere.

mod builder;
mod declare;
mod derive;
mod dot;
#[cfg(test)]
pub(crate) mod drafts;
mod error;
mod fuse;
mod json;
mod order;
#[cfg(test)]
mod tests;

pub use builder::GraphBuilder;
pub use declare::{Access, Grain, Key, Mode, NodeDecl, NodeId, NodeKind, Source};
pub use derive::{Cause, Conflict, Edge, EdgeGrain};
pub use error::GraphError;
pub use fuse::{GroupId, Task};

use std::ops::Range;

/// A compiled graph: what may run when, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    keys: Vec<KeyInfo>,
    nodes: Vec<Node>,
    accesses: Vec<Access>,
    edges: Vec<Edge>,
    order: Vec<NodeId>,
    tasks: Vec<Task>,
    groups: Vec<Vec<NodeId>>,
}

/// A key as the plan keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyInfo {
    /// The name given to [`GraphBuilder::key`]; it need not be unique.
    pub name: String,
    /// Where the value comes from.
    pub source: Source,
    /// The first and the last node that touches a produced key, as places in [`Plan::order`].
    /// `None` for external and for unused keys.
    ///
    /// On several workers the nodes of that range do not run in exactly this order: two keys may
    /// share memory only if, besides, the last users of the one come before the first of the other
    /// along edges.
    pub lifetime: Option<Lifetime>,
}

/// A range of places in [`Plan::order`], both ends included.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Lifetime {
    /// The node that writes it first.
    pub first: u32,
    /// The node that touches it last.
    pub last: u32,
}

/// A node as the plan keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Unique in the plan.
    pub name: String,
    /// How it is run.
    pub kind: NodeKind,
    /// Whether it is ordered against every other node, see [`GraphBuilder::barrier`].
    pub barrier: bool,
    /// The group of a row node, `None` for the others.
    pub group: Option<GroupId>,
    /// Its task's place in [`Plan::tasks`].
    pub task: u32,
    accesses: (u32, u32),
    edges: (u32, u32),
}

impl Plan {
    /// All keys, indexed by [`Key::index`].
    pub fn keys(&self) -> &[KeyInfo] {
        &self.keys
    }

    /// All nodes in written order, indexed by [`NodeId::index`].
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One key.
    pub fn key(&self, key: Key) -> &KeyInfo {
        &self.keys[key.index()]
    }

    /// One node.
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.index()]
    }

    /// The ids of all nodes in written order.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// What a node touches, each key once.
    pub fn accesses(&self, node: NodeId) -> &[Access] {
        &self.accesses[range(self.node(node).accesses)]
    }

    /// All edges, sorted by the node that waits. Edges that others imply are left out; two nodes
    /// that conflict on several keys have an edge for each.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The edges that lead into a node.
    pub fn edges_into(&self, node: NodeId) -> &[Edge] {
        &self.edges[range(self.node(node).edges)]
    }

    /// The nodes in the order in which one worker could run them one by one: as written, unless an
    /// `after` points further down.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// Groups and single nodes in an order that respects all edges.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The members of each group in the order in which they run on a chunk, indexed by
    /// [`GroupId::index`].
    pub fn groups(&self) -> &[Vec<NodeId>] {
        &self.groups
    }

    /// The ids of all groups.
    pub fn group_ids(&self) -> impl Iterator<Item = GroupId> + use<> {
        (0..self.groups.len() as u32).map(GroupId)
    }

    /// The nodes of a task: one, or a group's members.
    pub fn task_nodes<'a>(&'a self, task: &'a Task) -> &'a [NodeId] {
        match task {
            Task::Node(node) => std::slice::from_ref(node),
            Task::Group(group) => &self.groups[group.index()],
        }
    }

    /// The graph in Graphviz' language: groups as clusters, edges labelled with their causes.
    pub fn to_dot(&self) -> String {
        dot::write(self)
    }

    /// The graph as JSON text: keys, nodes, edges, groups and tasks by index.
    pub fn to_json(&self) -> String {
        json::write(self)
    }
}

fn range((start, end): (u32, u32)) -> Range<usize> {
    start as usize..end as usize
}
