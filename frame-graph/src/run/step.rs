//! One step as everybody sees it who runs a part of it, and the calls into the client's work.

use layerw_trace::{Label, is_watched, now_ns, zone, zone_value};

use super::Work;
use super::costs::{Clock, Costs};
use super::failure::{Blame, Spot};
use super::rows::Rows;
use super::shape::Shape;
use super::shuffle::{Dice, Stride};
use crate::plan::{GroupId, NodeId};

/// One chunk in so many, another one each step, is timed member by member. A power of two.
const SAMPLED_CHUNKS: usize = 16;
/// In so many first steps all chunks are.
const SAMPLED_STEPS: u32 = 2;

/// What the parts of a step share.
pub(super) struct Step<'a, W: ?Sized> {
    pub work: &'a W,
    pub shape: &'a Shape,
    pub labels: &'a [Label],
    pub costs: &'a Costs,
    pub rows: &'a [Rows],
    pub blame: &'a Blame,
    pub clock: Clock,
    /// Steps run before this one.
    pub number: u32,
    /// For the order of chunks, where it is shuffled.
    pub seed: Option<u64>,
}

impl<W: Work + ?Sized> Step<'_, W> {
    /// Runs a node that is not a row node. Returns what it took, in ns, if that was asked for.
    #[inline(always)]
    pub(super) fn run_node(
        &self,
        node: u32,
        worker: usize,
        spot: &Spot,
        timed: bool,
    ) -> Option<u64> {
        spot.node(node);
        let _zone = zone(self.labels[node as usize]);
        if !timed {
            self.work.run(NodeId(node), worker);
            return None;
        }
        let begin = now_ns();
        self.work.run(NodeId(node), worker);
        Some(self.clock.since(begin, now_ns()))
    }

    /// How many chunks a group has in this step.
    pub(super) fn chunks(&self, group: u32, spot: &Spot) -> usize {
        // A panic in there is put down to the first member.
        spot.node(self.shape.members.of(group as usize)[0]);
        self.work.chunks(GroupId(group))
    }

    /// Runs all of a group's chunks here. Returns what that took, in ns, if it was asked for.
    pub(super) fn run_rows(
        &self,
        group: u32,
        chunks: usize,
        worker: usize,
        spot: &Spot,
        timed: bool,
    ) -> Option<u64> {
        let order = match self.seed {
            None => Stride::natural(chunks),
            Some(seed) => Stride::random(chunks, &mut Dice::new(seed, group)),
        };
        let begin = timed.then(now_ns);
        for place in 0..chunks {
            if self.blame.is_stopped() {
                return None;
            }
            self.run_chunk(group, order.at(place), worker, spot);
        }
        let spent = begin.map(|begin| self.clock.since(begin, now_ns()));
        self.rows[group as usize].learn(chunks, spent);
        spent
    }

    /// Runs the members of a group, in order, on one chunk.
    #[inline]
    pub(super) fn run_chunk(&self, group: u32, chunk: usize, worker: usize, spot: &Spot) {
        let members = self.shape.members.of(group as usize);
        let turn = chunk.wrapping_add(self.number as usize) & (SAMPLED_CHUNKS - 1);
        if turn == 0 || self.number < SAMPLED_STEPS {
            self.run_chunk_timed(members, chunk, worker, spot);
            return;
        }
        let blocks = self.blocks(group, members, chunk);
        if blocks > 1 {
            for block in 0..blocks {
                for &node in members {
                    spot.chunk(node, chunk);
                    self.work.run_block(NodeId(node), chunk, block, worker);
                }
            }
            return;
        }
        for &node in members {
            spot.chunk(node, chunk);
            let _zone = zone_value(self.labels[node as usize], chunk as u64);
            self.work.run_chunk(NodeId(node), chunk, worker);
        }
    }

    /// In how many blocks the members go over a chunk. Where somebody looks, in one, because a zone
    /// says what a member did on a whole chunk.
    #[inline]
    fn blocks(&self, group: u32, members: &[u32], chunk: usize) -> u32 {
        if members.len() < 2 || is_watched() {
            return 1;
        }
        self.work.blocks(GroupId(group), chunk)
    }

    /// The same, timing each member.
    fn run_chunk_timed(&self, members: &[u32], chunk: usize, worker: usize, spot: &Spot) {
        let mut begin = now_ns();
        for &node in members {
            spot.chunk(node, chunk);
            {
                let _zone = zone_value(self.labels[node as usize], chunk as u64);
                self.work.run_chunk(NodeId(node), chunk, worker);
            }
            let end = now_ns();
            self.costs
                .learn_member(node as usize, end.saturating_sub(begin));
            begin = end;
        }
    }
}
