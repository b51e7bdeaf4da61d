//! Who uses the values of a system, which decides what gets a name.

use crate::compile::ir::{Region, System, Value};

/// How often each value is used, and whether by another region than the one that defines it.
pub(super) struct Uses {
    pub(super) count: Vec<u32>,
    pub(super) elsewhere: Vec<bool>,
}

impl Uses {
    pub(super) fn of(system: &System) -> Self {
        let values = system.types.len();
        let mut uses = Uses {
            count: vec![0; values],
            elsewhere: vec![false; values],
        };
        let mut home = vec![usize::MAX; values];
        let mut number = 0;
        uses.region(&system.body, &mut number, &mut home);
        uses
    }

    fn region(&mut self, region: &Region, number: &mut usize, home: &mut [usize]) {
        let here = *number;
        *number += 1;
        let note = |uses: &mut Uses, value: Value, home: &[usize]| {
            uses.count[value.index()] += 1;
            uses.elsewhere[value.index()] |= home[value.index()] != here;
        };
        for inst in &region.insts {
            inst.op.operands(&mut |value| note(self, value, home));
            for inner in inst.op.regions() {
                self.region(inner, number, home);
            }
            for result in &inst.results {
                home[result.index()] = here;
            }
        }
        for &value in region.end.values() {
            note(self, value, home);
        }
    }
}
