//! Which passes come back together, and where.

use std::ops::Range;

use layerw_ecs::World;
use layerw_ecs::access::AccessItem;
use layerw_ecs::schedule::Entry;
use layerw_ecs::system::Kind;

use crate::error::Result;

/// Passes whose results come back in one node.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Batch {
    /// Their numbers, in written order.
    pub(super) passes: Vec<usize>,
    /// The place among the systems that the readback stands before.
    pub(super) readback: usize,
}

/// What an entry does to rows, as far as batches care.
enum Touch {
    /// A pass of this number.
    Pass(usize, Vec<AccessItem>),
    /// Something on the CPU.
    Cpu(Vec<AccessItem>),
    /// Anything.
    All,
}

/// Finds the batches: a pass belongs to the one that is open, which ends before the first that touches what its passes write, or writes what they read. Nobody may overwrite what they read,
/// because their twins read it if the device is lost.
pub(super) fn find(
    systems: &mut [Entry],
    passes: &[usize],
    world: &mut World,
    scripts: &Range<usize>,
) -> Result<Vec<Batch>> {
    let mut touches = Vec::new();
    for (place, entry) in systems.iter_mut().enumerate() {
        touches.push(match entry {
            // Scripts may be others tomorrow.
            _ if scripts.contains(&place) => Touch::All,
            Entry::Apply => Touch::All,
            Entry::System(decl) => match decl.system.kind() {
                Kind::Exclusive | Kind::Apply => Touch::All,
                Kind::Rows | Kind::Whole | Kind::Pinned => {
                    let items = decl.system.declare(world)?.into_items();
                    match passes.iter().position(|&pass| pass == place) {
                        Some(number) => Touch::Pass(number, items),
                        None => Touch::Cpu(items),
                    }
                }
            },
        });
    }
    Ok(group(touches))
}

fn group(touches: Vec<Touch>) -> Vec<Batch> {
    let (mut batches, mut open, mut touched) = (Vec::new(), Vec::new(), Vec::<AccessItem>::new());
    let end = touches.len();
    for (place, touch) in touches.into_iter().enumerate() {
        let ends = match &touch {
            Touch::Pass(..) => false,
            Touch::All => true,
            Touch::Cpu(items) => items.iter().any(|item| {
                let same = |other: &AccessItem| other.target == item.target;
                touched
                    .iter()
                    .any(|other| same(other) && (other.write || item.write))
            }),
        };
        if ends && !open.is_empty() {
            batches.push(Batch {
                passes: std::mem::take(&mut open),
                readback: place,
            });
            touched.clear();
        }
        if let Touch::Pass(number, items) = touch {
            open.push(number);
            touched.extend(items);
        }
    }
    if !open.is_empty() {
        batches.push(Batch {
            passes: open,
            readback: end,
        });
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerw_ecs::ComponentId;
    use layerw_ecs::access::Target;

    /// `r0`: reads component 0, `w1`: writes component 1.
    fn items(words: &str) -> Vec<AccessItem> {
        let item = |word: &str| {
            let (how, number) = word.split_at(1);
            AccessItem {
                target: Target::Component(ComponentId(number.parse().expect("a number"))),
                name: number.to_owned(),
                write: how == "w",
                own_row: true,
                present: true,
            }
        };
        words.split_whitespace().map(item).collect()
    }

    #[test]
    fn a_batch_ends_where_somebody_needs_it() {
        use Touch::{All, Cpu, Pass};
        let batches = group(vec![
            Cpu(items("w0")),
            Pass(0, items("r0 w1")),
            Pass(1, items("r1 w2")),
            // Neither reads what was written nor writes what was read.
            Cpu(items("r0 w3")),
            // Writes what a pass reads.
            Cpu(items("w0")),
            Pass(2, items("w4")),
            All,
            Pass(3, items("w4")),
        ]);
        let found: Vec<_> = batches
            .iter()
            .map(|batch| (batch.passes.as_slice(), batch.readback))
            .collect();
        assert_eq!(found, [(&[0, 1][..], 4), (&[2], 6), (&[3], 8)]);
    }
}
