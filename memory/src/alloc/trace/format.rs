//! A trace as bytes: numbers in groups of seven bits, lowest first. The first of a call has its kind in the low two bits; above them stands the
//! alignment of an allocation as a power of two, or the slot, as its distance from that of the call before. The other one is the size.

use super::{Op, Slots, TraceError};

/// What a file begins with; the digit is the format's version.
pub(super) const MAGIC: &[u8] = b"LWalloc1";

/// Kinds of calls.
const ALLOC: u64 = 0;
const ALLOC_ZEROED: u64 = 1;
const REALLOC: u64 = 2;
const FREE: u64 = 3;

pub(super) fn write(ops: &[Op]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let (mut slots, mut last) = (Slots::default(), 0);
    for &op in ops {
        let numbers = match op {
            Op::Alloc { size, align } => (ALLOC, align.trailing_zeros(), Some(size)),
            Op::AllocZeroed { size, align } => (ALLOC_ZEROED, align.trailing_zeros(), Some(size)),
            Op::Realloc { slot, size } => (REALLOC, away(last, slot), Some(size)),
            Op::Free { slot } => (FREE, away(last, slot), None),
        };
        let (kind, number, size) = numbers;
        push(&mut bytes, kind | (number as u64) << 2);
        if let Some(size) = size {
            push(&mut bytes, size as u64);
        }
        last = slots.apply(op);
    }
    bytes
}

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Op>, TraceError> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(TraceError::Magic)?;
    let (mut slots, mut last) = (Slots::default(), 0);
    let mut ops = Vec::new();
    while !rest.is_empty() {
        let call = ops.len();
        let short = TraceError::Short { call };
        let mut next = || pull(&mut rest).ok_or(short.clone());
        let first = next()?;
        let number = (first >> 2) as u32;
        let align = 1_u32.checked_shl(number).unwrap_or(0);
        let slot = back(last, number);
        let mut size = || next()?.try_into().map_err(|_| short.clone());
        let op = match first & 3 {
            ALLOC => Op::Alloc {
                size: size()?,
                align,
            },
            ALLOC_ZEROED => Op::AllocZeroed {
                size: size()?,
                align,
            },
            REALLOC => Op::Realloc {
                slot,
                size: size()?,
            },
            _ => Op::Free { slot },
        };
        if let Op::Realloc { slot, .. } | Op::Free { slot } = op {
            slots.check(call, slot)?;
        }
        last = slots.apply(op);
        ops.push(op);
    }
    Ok(ops)
}

/// How far a slot is from another, in small numbers for both directions. Wraps, as [`back`] does.
fn away(from: u32, slot: u32) -> u32 {
    let distance = slot.wrapping_sub(from) as i32;
    (distance << 1 ^ distance >> 31) as u32
}

fn back(from: u32, number: u32) -> u32 {
    from.wrapping_add(number >> 1 ^ (number & 1).wrapping_neg())
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The next number, of at most 35 bits; `None` where the bytes end before it does.
fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= ((byte & 127) as u64) << shift;
        if byte < 128 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alloc::trace::Trace;

    #[test]
    fn what_is_written_is_read() {
        let ops = vec![
            Op::Alloc { size: 1, align: 1 },
            Op::AllocZeroed {
                size: 300_000,
                align: 65_536,
            },
            Op::Realloc { slot: 1, size: 127 },
            Op::Free { slot: 0 },
            Op::Alloc {
                size: i32::MAX as u32 - 128,
                align: 128,
            },
            Op::Free { slot: 1 },
        ];
        let bytes = write(&ops);
        assert_eq!(read(&bytes).unwrap(), ops);
        // Every cut is either a shorter trace or refused, and never a panic.
        for end in 0..bytes.len() {
            match Trace::from_bytes(&bytes[..end]) {
                Ok(trace) => assert!(trace.ops().len() < ops.len()),
                Err(error) => assert!(matches!(
                    error,
                    TraceError::Magic | TraceError::Short { .. }
                )),
            }
        }
        let mut wide = bytes.clone();
        wide.extend([255; 6]);
        let call = ops.len();
        assert_eq!(read(&wide), Err(TraceError::Short { call }));
        let mut far = bytes.clone();
        far.extend([3 | 40 << 2 & 127 | 128, 1]);
        let slot = 1 + 20; // 40 is twice the distance
        assert_eq!(read(&far), Err(TraceError::Slot { call, slot }));
    }
}
