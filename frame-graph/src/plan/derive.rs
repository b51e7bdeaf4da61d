//! From accesses to edges, in one pass over the nodes.
//!
//! For each key only two things matter while walking down the written order: who wrote it last, and
//! who has read it since. A reader waits for the writer; a writer waits for the readers, or for the
//! writer when nobody has read in between. Every access therefore makes at most one edge to the past
//! and is the past of at most one writer: edges grow with accesses, not with pairs of nodes.
//!
//! What is left out is implied. Let W write, R read, V write the same key, in this order; the edge
//! W to V is not made because W to R and R to V are. It holds per chunk too: if both halves are
//! chunk edges then chunk k of V follows chunk k of R, which follows chunk k of W; and if W to V
//! has to be whole then W or V is not a row access, so the half that touches it is whole as well.
//!
//! A barrier conflicts with every node. Between two barriers lies a segment: it is enough that the
//! segment's nodes without a predecessor in it follow the barrier above, and that the barrier below
//! follows those without a successor in it.

use super::declare::{Grain, Key, Mode, NodeDecl, NodeId, NodeKind};

/// Why one node waits for another.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// Both touch this key and at least one of them writes it.
    Conflict(Key, Conflict),
    /// The later node asked for it by name.
    After,
    /// One of them is a barrier.
    Barrier,
}

/// The three ways in which two accesses to one key conflict, named later-after-earlier.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Conflict {
    /// The later node reads what the earlier one writes.
    ReadAfterWrite,
    /// The later node writes what the earlier one reads.
    WriteAfterRead,
    /// Both write.
    WriteAfterWrite,
}

/// How much of the earlier node has to be done before the later one may go on.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum EdgeGrain {
    /// Chunk k of the later node waits for chunk k of the earlier one.
    Chunk,
    /// The later node waits for all of the earlier one.
    Whole,
}

/// `from` comes before `to`, and why.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Edge {
    /// The node that goes first.
    pub from: NodeId,
    /// The node that waits.
    pub to: NodeId,
    /// Why.
    pub cause: Cause,
    /// For each chunk, or for all of it.
    pub grain: EdgeGrain,
}

/// What the pass over the nodes found.
pub(super) struct Derived {
    /// Sorted by `to`; a node's own edges stand in the order of its accesses.
    pub edges: Vec<Edge>,
    /// The first node, in written order, that reads a produced key nobody wrote before.
    pub unproduced: Option<(NodeId, Key)>,
    /// Whether an edge leads against the written order, which only an `after` can do.
    pub backward: bool,
}

/// Nodes as the pass sees them; barriers are nodes with `barrier` set and no accesses.
pub(super) struct Declared<'a> {
    pub nodes: &'a [NodeDecl],
    pub barrier: &'a [bool],
    /// For each key, whether a node has to write it first.
    pub produced: &'a [bool],
    /// Resolved `after` names: (who asks, whom it waits for), sorted by who asks.
    pub afters: &'a [(u32, u32)],
}

/// Walks the nodes in written order and returns every edge.
pub(super) fn derive(declared: &Declared<'_>) -> Derived {
    let accesses = declared.nodes.iter().map(|node| node.access.len()).sum();
    let mut pass = Pass {
        keys: vec![KeyState::default(); declared.produced.len()],
        readers: Vec::with_capacity(accesses),
        edges: Vec::with_capacity(accesses + declared.afters.len()),
        has_successor: vec![false; declared.nodes.len()],
        segment: 0,
        segment_start: 0,
        above: None,
    };
    let mut afters = declared.afters;
    let mut unproduced = None;
    let mut backward = false;
    for (index, node) in declared.nodes.iter().enumerate() {
        let to = NodeId(index as u32);
        let first_edge = pass.edges.len();
        for access in &node.access {
            let row = node.kind == NodeKind::Rows && access.grain == Grain::Row;
            let made = match access.mode {
                Mode::Read => pass.read(to, access.key, row),
                Mode::Write => pass.write(to, access.key, row),
            };
            if declared.produced[access.key.index()] && !made && unproduced.is_none() {
                unproduced = Some((to, access.key));
            }
        }
        while let Some((&(_, from), rest)) = afters.split_first().filter(|(a, _)| a.0 == to.0) {
            afters = rest;
            backward |= from >= to.0;
            pass.edge(NodeId(from), to, Cause::After, EdgeGrain::Whole);
        }
        if declared.barrier[index] {
            pass.close_segment(to);
        } else {
            pass.follow_barrier(to, first_edge);
        }
    }
    Derived {
        edges: pass.edges,
        unproduced,
        backward,
    }
}

/// No node, no reader.
const NONE: u32 = u32::MAX;

#[derive(Copy, Clone)]
struct KeyState {
    /// The segment in which `writer`, `first_reader` and `last_reader` were set; in a later segment
    /// they are void, because the barrier in between stands for them.
    segment: u32,
    writer: u32,
    /// Ends of a list in `Pass::readers`.
    first_reader: u32,
    last_reader: u32,
    writer_row: bool,
    /// Whether any node wrote the key, in any segment.
    made: bool,
}

impl Default for KeyState {
    fn default() -> KeyState {
        KeyState {
            segment: 0,
            writer: NONE,
            first_reader: NONE,
            last_reader: NONE,
            writer_row: false,
            made: false,
        }
    }
}

struct Reader {
    node: u32,
    next: u32,
    row: bool,
}

struct Pass {
    keys: Vec<KeyState>,
    readers: Vec<Reader>,
    edges: Vec<Edge>,
    /// Whether an edge leads from this node to another.
    has_successor: Vec<bool>,
    segment: u32,
    segment_start: u32,
    /// The barrier that opened the segment.
    above: Option<NodeId>,
}

impl Pass {
    /// Returns whether the key had been written before.
    fn read(&mut self, to: NodeId, key: Key, row: bool) -> bool {
        let state = self.state(key);
        if state.writer != NONE {
            let cause = Cause::Conflict(key, Conflict::ReadAfterWrite);
            let grain = grain(state.writer_row && row);
            self.edge(NodeId(state.writer), to, cause, grain);
        }
        let reader = self.readers.len() as u32;
        self.readers.push(Reader {
            node: to.0,
            next: NONE,
            row,
        });
        match state.last_reader {
            NONE => self.keys[key.index()].first_reader = reader,
            last => self.readers[last as usize].next = reader,
        }
        self.keys[key.index()].last_reader = reader;
        state.made
    }

    /// Returns true: a writer needs no producer.
    fn write(&mut self, to: NodeId, key: Key, row: bool) -> bool {
        let state = self.state(key);
        let mut reader = state.first_reader;
        if reader == NONE && state.writer != NONE {
            let cause = Cause::Conflict(key, Conflict::WriteAfterWrite);
            let grain = grain(state.writer_row && row);
            self.edge(NodeId(state.writer), to, cause, grain);
        }
        while reader != NONE {
            let Reader { node, next, row: r } = self.readers[reader as usize];
            let cause = Cause::Conflict(key, Conflict::WriteAfterRead);
            self.edge(NodeId(node), to, cause, grain(r && row));
            reader = next;
        }
        self.keys[key.index()] = KeyState {
            segment: self.segment,
            writer: to.0,
            first_reader: NONE,
            last_reader: NONE,
            writer_row: row,
            made: true,
        };
        true
    }

    /// The key's state in this segment.
    fn state(&mut self, key: Key) -> KeyState {
        let state = &mut self.keys[key.index()];
        if state.segment != self.segment {
            *state = KeyState {
                segment: self.segment,
                made: state.made,
                ..KeyState::default()
            };
        }
        *state
    }

    fn edge(&mut self, from: NodeId, to: NodeId, cause: Cause, grain: EdgeGrain) {
        self.has_successor[from.index()] = true;
        self.edges.push(Edge {
            from,
            to,
            cause,
            grain,
        });
    }

    /// A node whose edges, from `first_edge` on, all come from outside the segment waits for the
    /// barrier above.
    fn follow_barrier(&mut self, to: NodeId, first_edge: usize) {
        let Some(above) = self.above else { return };
        let inside = |edge: &Edge| edge.from.0 >= self.segment_start;
        if !self.edges[first_edge..].iter().any(inside) {
            self.edge(above, to, Cause::Barrier, EdgeGrain::Whole);
        }
    }

    /// A barrier waits for the nodes of its segment that nobody waits for, or for the barrier above
    /// if the segment is empty, and opens the next segment.
    fn close_segment(&mut self, barrier: NodeId) {
        if let Some(above) = self.above.filter(|_| self.segment_start == barrier.0) {
            self.edge(above, barrier, Cause::Barrier, EdgeGrain::Whole);
        }
        for node in self.segment_start..barrier.0 {
            if !self.has_successor[node as usize] {
                self.edge(NodeId(node), barrier, Cause::Barrier, EdgeGrain::Whole);
            }
        }
        self.segment += 1;
        self.segment_start = barrier.0 + 1;
        self.above = Some(barrier);
    }
}

fn grain(both_rows: bool) -> EdgeGrain {
    if both_rows {
        EdgeGrain::Chunk
    } else {
        EdgeGrain::Whole
    }
}
