//! Blocks: the pieces of a recording, each with a checksum of its own, so that damage is found where it is.

use std::io::{self, Read, Write};

use xxhash_rust::xxh3::Xxh3;

/// Bytes of tag and length.
pub(super) const HEAD: usize = 5;
/// Bytes of the check.
pub(super) const CHECK: usize = 8;

/// What a block holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Tag {
    Header = 1,
    Name = 2,
    System = 3,
    Rows = 4,
    Step = 5,
    End = 6,
    Input = 7,
}

impl Tag {
    fn of(byte: u8) -> Option<Tag> {
        let all = [
            Tag::Header,
            Tag::Name,
            Tag::System,
            Tag::Rows,
            Tag::Step,
            Tag::End,
            Tag::Input,
        ];
        all.into_iter().find(|tag| *tag as u8 == byte)
    }
}

/// Writes block number `number`.
pub(super) fn write(to: &mut impl Write, number: u64, tag: Tag, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len())
        .map_err(|_| io::Error::other("a block of a recording grew beyond 4 GiB"))?;
    let head = head(tag as u8, length);
    to.write_all(&head)?;
    to.write_all(payload)?;
    to.write_all(&check(number, &head, payload).to_le_bytes())
}

/// What stands where a block was expected.
pub(super) enum Found {
    /// A whole block; its payload is in the buffer.
    Block(Tag),
    /// The file ends before the block does.
    Cut,
    /// The block is not as it was written.
    Changed,
}

/// Reads block number `number`, its payload into `payload`. Never trusts the length before the bytes are there.
pub(super) fn read(from: &mut impl Read, number: u64, payload: &mut Vec<u8>) -> io::Result<Found> {
    let mut head = [0; HEAD];
    if !fill(from, &mut head)? {
        return Ok(Found::Cut);
    }
    let [tag, length @ ..] = head;
    let length = u64::from(u32::from_le_bytes(length));
    payload.clear();
    if from.by_ref().take(length).read_to_end(payload)? as u64 != length {
        return Ok(Found::Cut);
    }
    let mut expected = [0; CHECK];
    if !fill(from, &mut expected)? {
        return Ok(Found::Cut);
    }
    let right = check(number, &head, payload) == u64::from_le_bytes(expected);
    Ok(match Tag::of(tag) {
        Some(tag) if right => Found::Block(tag),
        _ => Found::Changed,
    })
}

/// Fills `buffer`, or says that the file ends before.
pub(super) fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn head(tag: u8, length: u32) -> [u8; HEAD] {
    let [a, b, c, d] = length.to_le_bytes();
    [tag, a, b, c, d]
}

fn check(number: u64, head: &[u8], payload: &[u8]) -> u64 {
    let mut hasher = Xxh3::with_seed(number);
    hasher.update(head);
    hasher.update(payload);
    hasher.digest()
}
