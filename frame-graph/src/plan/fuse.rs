//! Fusion: row nodes that may run chunk by chunk, one after the other, become one group.
//!
//! ```text
//! written            tasks                 on one chunk
//! gravity    rows    ┌ group 0 ┐           gravity, integrate, bounce, age
//! integrate  rows    │         │           while its columns are in cache
//! camera     whole   │         │  camera
//! bounce     rows    │         │
//! age        rows    └─────────┘
//! ```
//!
//! This is how chunk edges are carried out. Memory is streamed once per step and not once per
//! system; the group's chunks are spread over the workers.

use super::declare::{NodeId, NodeKind};
use super::derive::{Edge, EdgeGrain};

/// Row nodes that run in order on each chunk, numbered from 0 in task order.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct GroupId(pub(crate) u32);

impl GroupId {
    /// The place of this group in [`Plan::groups`](super::Plan::groups).
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is scheduled as one piece.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Task {
    /// A node that runs once per step.
    Node(NodeId),
    /// Row nodes that run chunk by chunk; a row node that fuses with nobody is a group of one.
    Group(GroupId),
}

/// The tasks, in an order that respects all edges, and the members of the groups.
pub(super) struct Fused {
    pub tasks: Vec<Task>,
    /// The place of each node's task.
    pub task_of: Vec<u32>,
    /// Members in the order in which they run on a chunk.
    pub groups: Vec<Vec<NodeId>>,
}

/// Contracts `order`. A row node joins the newest group if everything it waits for outside the
/// group comes, in the list of tasks, before the group, and what it waits for inside it, it waits
/// for chunk by chunk.
///
/// The list of tasks stays an order of the contracted graph, which therefore has no cycle: a node
/// that joins has its predecessors before the group or earlier in it; a node that starts a task of
/// its own goes to the end of the list. Either way no edge ever leads to an earlier task.
pub(super) fn fuse(
    kinds: &[NodeKind],
    order: &[NodeId],
    edges_into: impl Fn(NodeId) -> std::ops::Range<usize>,
    edges: &[Edge],
) -> Fused {
    let mut fused = Fused {
        tasks: Vec::new(),
        task_of: vec![u32::MAX; kinds.len()],
        groups: Vec::new(),
    };
    // The task of the newest group.
    let mut newest: Option<u32> = None;
    for &node in order {
        let rows = kinds[node.index()] == NodeKind::Rows;
        let fits = |group: u32| {
            edges[edges_into(node)].iter().all(|edge| {
                let task = fused.task_of[edge.from.index()];
                task < group || (task == group && edge.grain == EdgeGrain::Chunk)
            })
        };
        let task = match newest {
            Some(group) if rows && fits(group) => group,
            _ => fused.tasks.len() as u32,
        };
        fused.task_of[node.index()] = task;
        if !rows {
            fused.tasks.push(Task::Node(node));
            continue;
        }
        if newest != Some(task) {
            newest = Some(task);
            fused
                .tasks
                .push(Task::Group(GroupId(fused.groups.len() as u32)));
            fused.groups.push(Vec::new());
        }
        fused
            .groups
            .last_mut()
            .expect("just pushed or newest")
            .push(node);
    }
    fused
}
