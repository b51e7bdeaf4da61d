//! The plan as the executor sees it: tasks, what each waits for, and the members of row groups, in
//! flat arrays that never change.

use crate::plan::{NodeId, NodeKind, Plan, Task};

/// The contracted graph.
pub(super) struct Shape {
    pub tasks: Box<[TaskShape]>,
    /// For each node, its task.
    pub task_of: Box<[u32]>,
    /// The tasks that each task waits for, without repetition.
    pub predecessors: Lists,
    /// The tasks that wait for each task.
    pub successors: Lists,
    /// The members of each group, as node indices.
    pub members: Lists,
    /// For each node, the members of its own group that wait for it.
    pub member_successors: Lists,
    /// How many groups there are.
    pub groups: usize,
    /// For each node, its place in the order in which one worker runs the nodes: ranks failures.
    pub places: Box<[u32]>,
}

/// What is run as one piece.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum TaskShape {
    /// The node of this index, on any worker.
    Node(u32),
    /// The node of this index, on worker 0.
    Pinned(u32),
    /// The row group of this index.
    Rows(u32),
}

impl Shape {
    pub(super) fn new(plan: &Plan) -> Shape {
        let shape = |task: &Task| match *task {
            Task::Node(node) if plan.node(node).kind == NodeKind::Pinned => {
                TaskShape::Pinned(node.0)
            }
            Task::Node(node) => TaskShape::Node(node.0),
            Task::Group(group) => TaskShape::Rows(group.0),
        };
        let task_of = |node: NodeId| plan.node(node).task;
        let mut pairs: Vec<(u32, u32)> = (plan.edges().iter())
            .map(|edge| (task_of(edge.to), task_of(edge.from)))
            .filter(|(to, from)| to != from)
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let count = plan.tasks().len();
        let mut places = vec![0; plan.nodes().len()];
        for (node, place) in plan.order().iter().zip(0..) {
            places[node.index()] = place;
        }
        Shape {
            task_of: plan.nodes().iter().map(|node| node.task).collect(),
            tasks: plan.tasks().iter().map(shape).collect(),
            predecessors: Lists::new(count, pairs.iter().copied()),
            successors: Lists::new(count, pairs.iter().map(|&(to, from)| (from, to))),
            members: Lists::new(plan.groups().len(), members(plan)),
            member_successors: Lists::new(plan.nodes().len(), member_edges(plan).into_iter()),
            groups: plan.groups().len(),
            places: places.into(),
        }
    }
}

/// Lists of numbers, back to back.
pub(super) struct Lists {
    starts: Box<[u32]>,
    items: Box<[u32]>,
}

impl Lists {
    /// `count` lists from pairs of (list, item); the items of a list keep their order.
    fn new(count: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Lists {
        let mut starts = vec![0_u32; count + 1];
        for (list, _) in pairs.clone() {
            starts[list as usize + 1] += 1;
        }
        for list in 0..count {
            starts[list + 1] += starts[list];
        }
        let mut fill = starts.clone();
        let mut items = vec![0; starts[count] as usize];
        for (list, item) in pairs {
            items[fill[list as usize] as usize] = item;
            fill[list as usize] += 1;
        }
        Lists {
            starts: starts.into(),
            items: items.into(),
        }
    }

    pub(super) fn of(&self, list: usize) -> &[u32] {
        &self.items[self.starts[list] as usize..self.starts[list + 1] as usize]
    }

    pub(super) fn of_mut(&mut self, list: usize) -> &mut [u32] {
        &mut self.items[self.starts[list] as usize..self.starts[list + 1] as usize]
    }

    /// The items of all lists.
    pub(super) fn items(&self) -> &[u32] {
        &self.items
    }

    pub(super) fn items_mut(&mut self) -> &mut [u32] {
        &mut self.items
    }
}

fn members(plan: &Plan) -> impl Iterator<Item = (u32, u32)> + Clone + '_ {
    (plan.groups().iter().zip(0..))
        .flat_map(|(group, index)| group.iter().map(move |node| (index, node.0)))
}

/// The edges inside groups as (earlier node, later node), without repetition.
fn member_edges(plan: &Plan) -> Vec<(u32, u32)> {
    let mut edges: Vec<(u32, u32)> = (plan.edges().iter())
        .filter(|edge| plan.node(edge.from).task == plan.node(edge.to).task)
        .map(|edge| (edge.from.0, edge.to.0))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}
