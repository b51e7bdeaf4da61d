//! What was overwritten: a record each, one running hash over all, and counters.

/// One slot overwritten by one item.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Overwrite {
    /// The frame that decided it.
    pub frame: u64,
    /// The slot, counted from the region's start.
    pub slot: u32,
    /// The item that was there, or none in an empty slot.
    pub old: Option<u64>,
    /// How far the old item was, if this frame still wanted it: then it was farther than the new one.
    pub old_reach: Option<f32>,
    /// The item that takes its place.
    pub new: u64,
    /// How far the new item is.
    pub new_reach: f32,
    /// Bytes of the slot.
    pub bytes: u64,
}

/// Sums over the life of a region.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Frames decided.
    pub frames: u64,
    /// Items needed now that were there before the frame.
    pub hits: u64,
    /// Items needed now that are not there when the frame is drawn.
    pub misses: u64,
    /// Slots given to items, empty ones included.
    pub fills: u64,
    /// Slots in which an item gave way to another.
    pub overwrites: u64,
    /// Bytes of the slots in `overwrites`.
    pub bytes_overwritten: u64,
    /// Requests that found no slot, counted in every frame in which they waited.
    pub waits: u64,
    /// Slots that were given to an item and not filled by the end of the frame.
    pub unfilled: u64,
    /// Wants whose distance was not a number or infinite.
    pub unplaced: u64,
}

/// The hash of all records: FNV-1a with 64 bits over the little-endian fields (Fowler, Noll, Vo 1991). It tells logs apart, by accident
/// and not by malice.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct LogHash(pub u64);

impl LogHash {
    pub fn new() -> LogHash {
        LogHash(0xCBF2_9CE4_8422_2325)
    }

    pub fn add(&mut self, record: &Overwrite) {
        let Overwrite {
            frame,
            slot,
            old,
            old_reach,
            new,
            new_reach,
            bytes,
        } = *record;
        let old_reach = old_reach.map_or(u64::MAX, |reach| u64::from(reach.to_bits()));
        self.words(&[frame, u64::from(slot), u64::from(old.is_some())]);
        self.words(&[old.unwrap_or(0), old_reach, new]);
        self.words(&[u64::from(new_reach.to_bits()), bytes]);
    }

    /// A change of granularity, after which slots have other places.
    pub fn add_granularity(&mut self, bytes: u64) {
        self.words(&[u64::MAX, bytes]);
    }

    fn words(&mut self, words: &[u64]) {
        for byte in words.iter().flat_map(|word| word.to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one_and_sees_every_field() {
        let mut hash = LogHash::new();
        hash.words(&[u64::from_le_bytes(*b"foobarba")]);
        let mut want = 0xCBF2_9CE4_8422_2325_u64;
        for byte in *b"foobarba" {
            want = (want ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
        assert_eq!(hash.0, want);

        let base = Overwrite {
            frame: 1,
            slot: 2,
            old: Some(0),
            old_reach: Some(4.0),
            new: 5,
            new_reach: 6.0,
            bytes: 7,
        };
        let others = [
            Overwrite { frame: 9, ..base },
            Overwrite { slot: 9, ..base },
            Overwrite { old: None, ..base },
            Overwrite {
                old: Some(9),
                ..base
            },
            Overwrite {
                old_reach: None,
                ..base
            },
            Overwrite {
                old_reach: Some(9.0),
                ..base
            },
            Overwrite { new: 9, ..base },
            Overwrite {
                new_reach: 9.0,
                ..base
            },
            Overwrite { bytes: 9, ..base },
        ];
        let of = |record: &Overwrite| {
            let mut hash = LogHash::new();
            hash.add(record);
            hash.0
        };
        let mut hashes: Vec<u64> = others.iter().chain([&base]).map(of).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), others.len() + 1);
    }
}
