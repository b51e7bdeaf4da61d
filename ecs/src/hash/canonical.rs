//! NaN made one: a NaN has many bit patterns, and which one an operation yields differs between processors.
//!
//! Blocks without any NaN are hashed where they stand, after a scan that the compiler turns into vector compares. Only a block
//! that holds one is copied, piece by piece, with every NaN replaced; XXH3 gives the same for pieces as for the whole.

use crate::schema::{Field, Primitive};
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// The NaN that stands for all of them.
const NAN_32: u32 = 0x7fc0_0000;
const NAN_64: u64 = 0x7ff8_0000_0000_0000;

/// Bytes of the pieces.
const PIECE: usize = 4096;

/// Where the floats of a component are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Floats {
    /// Nowhere: every bit pattern is a value of its own.
    None,
    /// Everywhere, all of 32 bits.
    All32,
    /// Everywhere, all of 64 bits.
    All64,
    /// At these offsets.
    Some { f32s: Vec<u32>, f64s: Vec<u32> },
}

impl Floats {
    /// The floats among these fields.
    pub(crate) fn of(fields: &[Field]) -> Self {
        let offsets = |wanted: Primitive| -> Vec<u32> {
            let fields = fields.iter().filter(|field| field.primitive == wanted);
            fields
                .flat_map(|field| {
                    (0..field.count).map(|index| field.offset + index * wanted.size())
                })
                .collect()
        };
        let all = |wanted: Primitive| {
            !fields.is_empty() && fields.iter().all(|field| field.primitive == wanted)
        };
        if all(Primitive::F32) {
            return Floats::All32;
        }
        if all(Primitive::F64) {
            return Floats::All64;
        }
        let (f32s, f64s) = (offsets(Primitive::F32), offsets(Primitive::F64));
        if f32s.is_empty() && f64s.is_empty() {
            Floats::None
        } else {
            Floats::Some { f32s, f64s }
        }
    }

    /// The hash of values of `size` bytes, with every NaN made one.
    pub(crate) fn hash(&self, values: &[u8], size: usize) -> u128 {
        if !self.has_nan(values, size) {
            return xxh3_128(values);
        }
        let mut state = Xxh3Default::new();
        if size > PIECE {
            for value in values.chunks_exact(size) {
                let mut value = value.to_vec();
                self.canonicalise(&mut value, size);
                state.update(&value);
            }
        } else {
            let mut piece = [0; PIECE];
            for rows in values.chunks(PIECE / size * size) {
                let piece = &mut piece[..rows.len()];
                piece.copy_from_slice(rows);
                self.canonicalise(piece, size);
                state.update(piece);
            }
        }
        state.digest128()
    }

    fn has_nan(&self, values: &[u8], size: usize) -> bool {
        match self {
            Floats::None => false,
            // Without an early end, so that it vectorises.
            Floats::All32 => values.as_chunks().0.iter().fold(false, |any, &word| {
                any | is_nan_32(u32::from_le_bytes(word))
            }),
            Floats::All64 => values.as_chunks().0.iter().fold(false, |any, &word| {
                any | is_nan_64(u64::from_le_bytes(word))
            }),
            Floats::Some { f32s, f64s } => values.chunks_exact(size).any(|value| {
                f32s.iter().any(|&offset| is_nan_32(word_32(value, offset)))
                    || f64s.iter().any(|&offset| is_nan_64(word_64(value, offset)))
            }),
        }
    }

    fn canonicalise(&self, values: &mut [u8], size: usize) {
        match self {
            Floats::None => {}
            Floats::All32 => values
                .as_chunks_mut()
                .0
                .iter_mut()
                .for_each(canonicalise_32),
            Floats::All64 => values
                .as_chunks_mut()
                .0
                .iter_mut()
                .for_each(canonicalise_64),
            Floats::Some { f32s, f64s } => {
                for value in values.chunks_exact_mut(size) {
                    f32s.iter().for_each(|&offset| {
                        canonicalise_32(
                            value[offset as usize..].first_chunk_mut().expect("4 bytes"),
                        )
                    });
                    f64s.iter().for_each(|&offset| {
                        canonicalise_64(
                            value[offset as usize..].first_chunk_mut().expect("8 bytes"),
                        )
                    });
                }
            }
        }
    }
}

fn word_32(value: &[u8], offset: u32) -> u32 {
    u32::from_le_bytes(*value[offset as usize..].first_chunk().expect("4 bytes"))
}

fn word_64(value: &[u8], offset: u32) -> u64 {
    u64::from_le_bytes(*value[offset as usize..].first_chunk().expect("8 bytes"))
}

fn is_nan_32(word: u32) -> bool {
    word & 0x7fff_ffff > 0x7f80_0000
}

fn is_nan_64(word: u64) -> bool {
    word & 0x7fff_ffff_ffff_ffff > 0x7ff0_0000_0000_0000
}

fn canonicalise_32(word: &mut [u8; 4]) {
    if is_nan_32(u32::from_le_bytes(*word)) {
        *word = NAN_32.to_le_bytes();
    }
}

fn canonicalise_64(word: &mut [u8; 8]) {
    if is_nan_64(u64::from_le_bytes(*word)) {
        *word = NAN_64.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(primitive: Primitive, offset: u32, count: u32) -> Field {
        Field {
            name: "field".to_owned(),
            primitive,
            offset,
            count,
        }
    }

    #[test]
    fn all_nans_are_one_and_zeros_are_two() {
        let floats = Floats::of(&[field(Primitive::F32, 0, 3)]);
        assert_eq!(floats, Floats::All32);
        let hash = |word: u32| floats.hash(&[[0; 4], word.to_le_bytes(), [0; 4]].concat(), 12);
        for nan in [0x7f80_0001, 0x7fff_ffff, 0xffc0_0000, 0xff80_1234] {
            assert_eq!(hash(nan), hash(NAN_32), "{nan:x}");
        }
        assert_eq!(
            hash(NAN_32),
            xxh3_128(&[[0; 4], NAN_32.to_le_bytes(), [0; 4]].concat()),
            "pieces hash as the whole"
        );
        assert_ne!(hash(0), hash(0x8000_0000));
        assert_ne!(hash(0x7f80_0000), hash(NAN_32), "infinity is no NaN");
    }

    #[test]
    fn only_floats_are_touched() {
        let floats = Floats::of(&[
            field(Primitive::U32, 0, 2),
            field(Primitive::F64, 8, 1),
            field(Primitive::F32, 16, 1),
            field(Primitive::U32, 20, 1),
        ]);
        let hash = |words: [u32; 6]| floats.hash(bytemuck::cast_slice(&words), 24);
        let nan = 0x7fff_0000;
        assert_ne!(
            hash([nan, 0, 0, nan, nan, 0]),
            hash([NAN_32, 0, 0, nan, nan, 0]),
            "an integer that looks like a NaN"
        );
        assert_eq!(
            hash([0, 0, 5, nan, 0xffff_ffff, 0]),
            hash([0, 0, 6, 0x7ff8_0000, 0x7f80_0001, 0])
        );
        assert_eq!(Floats::of(&[field(Primitive::U64, 0, 1)]), Floats::None);
        assert_eq!(Floats::of(&[]), Floats::None);
    }

    #[test]
    fn long_blocks_with_a_nan_hash_like_their_canonical_bytes() {
        for (size, rows) in [(12, 4096), (4, 1), (8, 1024), (8192, 3), (40, 333)] {
            let floats = Floats::All32;
            let mut words: Vec<u32> = (0..size * rows / 4).map(|word| word as u32).collect();
            let last = words.len() - 1;
            words[last] = 0xffff_ffff;
            let given = floats.hash(bytemuck::cast_slice(&words), size);
            words[last] = NAN_32;
            assert_eq!(
                given,
                xxh3_128(bytemuck::cast_slice(&words)),
                "{size} x {rows}"
            );
        }
    }
}
