//! The order in which the nodes run on one worker, or the cycle that forbids one.
//!
//! It is the written order except where an `after` points down the page; then it is the order that
//! takes, of all nodes whose predecessors are done, the first written.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::declare::NodeId;
use super::derive::{Cause, Edge};

/// The edges of a cycle in walking order; the last one is the `after` that closes it.
pub(super) struct Cycle(pub Vec<Edge>);

/// Orders `count` nodes. `edges` are sorted by `to`; `backward` says whether any of them leads
/// against the written order.
pub(super) fn order(count: usize, edges: &[Edge], backward: bool) -> Result<Vec<NodeId>, Cycle> {
    if !backward {
        return Ok((0..count as u32).map(NodeId).collect());
    }
    let successors = Successors::new(count, edges);
    let mut waits = vec![0_u32; count];
    for edge in edges {
        waits[edge.to.index()] += 1;
    }
    let mut ready: BinaryHeap<Reverse<u32>> = (0..count as u32)
        .filter(|&node| waits[node as usize] == 0)
        .map(Reverse)
        .collect();
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse(node)) = ready.pop() {
        order.push(NodeId(node));
        for edge in successors.of(node) {
            let wait = &mut waits[edges[edge as usize].to.index()];
            *wait -= 1;
            if *wait == 0 {
                ready.push(Reverse(edges[edge as usize].to.0));
            }
        }
    }
    if order.len() == count {
        Ok(order)
    } else {
        Err(shortest_cycle(count, edges, &successors))
    }
}

/// The indices of the edges that leave each node.
struct Successors {
    first: Vec<u32>,
    edge: Vec<u32>,
}

impl Successors {
    fn new(count: usize, edges: &[Edge]) -> Successors {
        let mut first = vec![0_u32; count + 1];
        for edge in edges {
            first[edge.from.index() + 1] += 1;
        }
        for node in 0..count {
            first[node + 1] += first[node];
        }
        let mut fill = first.clone();
        let mut edge = vec![0; edges.len()];
        for (index, e) in edges.iter().enumerate() {
            edge[fill[e.from.index()] as usize] = index as u32;
            fill[e.from.index()] += 1;
        }
        Successors { first, edge }
    }

    fn of(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let range = self.first[node as usize] as usize..self.first[node as usize + 1] as usize;
        self.edge[range].iter().copied()
    }
}

/// All edges but some `after`s follow the written order, so every cycle holds an `after` that does
/// not. Takes the first of them, as written, that lies on a cycle, and the fewest edges that lead
/// from the node that asks to the node it wants to follow.
fn shortest_cycle(count: usize, edges: &[Edge], successors: &Successors) -> Cycle {
    let against = |edge: &&Edge| edge.cause == Cause::After && edge.from >= edge.to;
    edges
        .iter()
        .filter(against)
        .find_map(|closing| {
            let mut path = walk(count, edges, successors, closing.to, closing.from)?;
            path.push(*closing);
            Some(Cycle(path))
        })
        .expect("nodes without an order lie on a cycle or behind one, and a cycle needs an `after`")
}

/// The shortest walk along edges, breadth first.
fn walk(
    count: usize,
    edges: &[Edge],
    successors: &Successors,
    source: NodeId,
    target: NodeId,
) -> Option<Vec<Edge>> {
    const UNSEEN: u32 = u32::MAX;
    let mut by = vec![UNSEEN; count];
    let mut seen = vec![source.0];
    let mut next = 0;
    while source != target && by[target.index()] == UNSEEN {
        let &node = seen.get(next)?;
        next += 1;
        for edge in successors.of(node) {
            let to = edges[edge as usize].to;
            if to != source && by[to.index()] == UNSEEN {
                by[to.index()] = edge;
                seen.push(to.0);
            }
        }
    }
    let mut path = Vec::new();
    let mut node = target;
    while node != source {
        let edge = edges[by[node.index()] as usize];
        path.push(edge);
        node = edge.from;
    }
    path.reverse();
    Some(path)
}
