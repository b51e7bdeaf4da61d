//! Disorder on purpose: among what the plan leaves free, a seed picks. A system that touches what it
//! did not declare gives other results under another seed; one that does not, cannot.

use super::shape::Shape;

/// A small generator of numbers (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>).
#[derive(Clone, Debug)]
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn new(seed: u64, step: u32) -> Dice {
        let mut dice = Dice {
            state: seed ^ u64::from(step) << 32,
        };
        dice.roll();
        dice
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }
}

/// An order of `0..count` that needs no memory: `index -> factor * index + start (mod count)`, with
/// a factor that shares no divisor with the count.
#[derive(Copy, Clone, Debug)]
pub(super) struct Stride {
    factor: u64,
    start: u64,
    count: u64,
}

impl Stride {
    /// The natural order.
    pub(super) fn natural(count: usize) -> Stride {
        Stride {
            factor: 1,
            start: 0,
            count: count as u64,
        }
    }

    pub(super) fn random(count: usize, dice: &mut Dice) -> Stride {
        let mut stride = Stride::natural(count);
        if count > 1 {
            stride.start = dice.below(count) as u64;
            stride.factor = 1 + dice.below(count) as u64;
            while greatest_common_divisor(stride.factor, stride.count) != 1 {
                stride.factor += 1;
            }
        }
        stride
    }

    /// What stands at a place of the order. Places and counts are below 2³².
    #[inline(always)]
    pub(super) fn at(self, place: usize) -> usize {
        if self.factor == 1 && self.start == 0 {
            return place;
        }
        ((place as u64 * (self.factor % self.count) + self.start) % self.count) as usize
    }
}

/// Puts the members of groups into random orders that keep their chunk edges, and back.
pub(super) struct MemberOrder {
    declared: Box<[u32]>,
    shuffled: bool,
    /// Per node: members of its group that it still waits for.
    waits: Box<[u32]>,
    ready: Vec<u32>,
}

impl MemberOrder {
    pub(super) fn new(shape: &Shape) -> MemberOrder {
        let nodes = shape.places.len();
        MemberOrder {
            declared: shape.members.items().into(),
            shuffled: false,
            waits: vec![0; nodes].into(),
            ready: Vec::with_capacity(nodes),
        }
    }

    /// Restores the declared order.
    pub(super) fn restore(&mut self, shape: &mut Shape) {
        if self.shuffled {
            shape.members.items_mut().copy_from_slice(&self.declared);
            self.shuffled = false;
        }
    }

    /// Of the members that wait for no other, picks any, again and again.
    pub(super) fn shuffle(&mut self, shape: &mut Shape, dice: &mut Dice) {
        self.restore(shape);
        self.shuffled = true;
        let Shape {
            members,
            member_successors,
            groups,
            ..
        } = shape;
        for group in 0..*groups {
            let members = members.of_mut(group);
            for &member in &*members {
                for &later in member_successors.of(member as usize) {
                    self.waits[later as usize] += 1;
                }
            }
            let waits = &mut self.waits;
            self.ready.extend(
                members
                    .iter()
                    .filter(|&&member| waits[member as usize] == 0),
            );
            for place in members {
                let pick = dice.below(self.ready.len());
                *place = self.ready.swap_remove(pick);
                for &later in member_successors.of(*place as usize) {
                    waits[later as usize] -= 1;
                    if waits[later as usize] == 0 {
                        self.ready.push(later);
                    }
                }
            }
        }
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn a_stride_visits_everything_once() {
        let mut dice = Dice::new(7, 1);
        for count in 1..200 {
            let stride = Stride::random(count, &mut dice);
            let mut seen = vec![false; count];
            (0..count).for_each(|place| seen[stride.at(place)] = true);
            assert!(seen.iter().all(|&seen| seen), "{stride:?}");
        }
    }

    #[test]
    fn another_seed_or_step_rolls_otherwise() {
        let rolls = |seed, step| Dice::new(seed, step).roll();
        assert_eq!(rolls(1, 1), rolls(1, 1));
        assert_ne!(rolls(1, 1), rolls(2, 1));
        assert_ne!(rolls(1, 1), rolls(1, 2));
    }
}
