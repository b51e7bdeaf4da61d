//! From key to number: a table of fixed size that never allocates after it was made.
//!
//! Open addressing with linear probing; removal moves followers back instead of leaving marks (Knuth, volume 3, 6.4, algorithm R), so a
//! table that lives long does not slow down. At most half of the cells are used. A cell counts as empty when its round is not the
//! table's, so forgetting all keys is one addition. The order of cells is never looked at: nothing depends on it.

pub(super) struct KeyIndex {
    cells: Box<[Cell]>,
    /// Bits that a hash is shifted right by to become a cell's number.
    shift: u32,
    round: u32,
}

#[derive(Copy, Clone, Default)]
struct Cell {
    key: u64,
    value: u32,
    /// 0 in no round.
    round: u32,
}

impl KeyIndex {
    /// For up to `most` keys.
    pub fn new(most: usize) -> KeyIndex {
        let cells = (2 * most).next_power_of_two().max(2);
        KeyIndex {
            cells: vec![Cell::default(); cells].into_boxed_slice(),
            shift: u64::BITS - cells.trailing_zeros(),
            round: 1,
        }
    }

    pub fn get(&self, key: u64) -> Option<u32> {
        let cell = self.cells[self.find(key)];
        (cell.round == self.round).then_some(cell.value)
    }

    /// Enters a key that is not there.
    pub fn insert(&mut self, key: u64, value: u32) {
        let place = self.find(key);
        debug_assert!(self.cells[place].round != self.round, "the key is new");
        let round = self.round;
        self.cells[place] = Cell { key, value, round };
    }

    /// Removes a key that is there.
    pub fn remove(&mut self, key: u64) {
        let mut hole = self.find(key);
        debug_assert!(self.cells[hole].round == self.round, "the key is known");
        let mask = self.cells.len() - 1;
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let cell = self.cells[place];
            if cell.round != self.round {
                break;
            }
            // The follower may move into the hole unless its own cell lies behind the hole, on the way to where it stands.
            let home = self.home(cell.key);
            if (place.wrapping_sub(home) & mask) >= (place.wrapping_sub(hole) & mask) {
                self.cells[hole] = cell;
                hole = place;
            }
        }
        self.cells[hole].round = 0;
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.cells.fill(Cell::default());
            self.round = 1;
        }
    }

    /// Where a key stands, or the empty cell where it would.
    fn find(&self, key: u64) -> usize {
        let mask = self.cells.len() - 1;
        let mut place = self.home(key);
        while self.cells[place].round == self.round && self.cells[place].key != key {
            place = (place + 1) & mask;
        }
        place
    }

    /// Keys are made by packing numbers, so neighbours differ in few bits: mix them all (the finaliser of SplitMix64).
    fn home(&self, key: u64) -> usize {
        let mixed = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> self.shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn behaves_as_a_map() {
        let mut index = KeyIndex::new(64);
        let mut model = BTreeMap::new();
        let mut state = 7_u64;
        for turn in 0..200_000_u32 {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(99);
            let key = (state >> 40) % 150;
            match (model.contains_key(&key), turn % 50_000) {
                (_, 49_999) => {
                    index.clear();
                    model.clear();
                }
                (true, _) => {
                    index.remove(key);
                    model.remove(&key);
                }
                (false, _) if model.len() < 64 => {
                    index.insert(key, turn);
                    model.insert(key, turn);
                }
                _ => {}
            }
            assert_eq!(index.get(key), model.get(&key).copied());
        }
        for key in 0..150 {
            assert_eq!(index.get(key), model.get(&key).copied());
        }
    }

    #[test]
    fn rounds_come_round() {
        let mut index = KeyIndex::new(1);
        index.insert(5, 1);
        index.round = u32::MAX;
        index.insert(6, 2);
        index.clear();
        assert_eq!((index.get(5), index.get(6)), (None, None));
    }
}
