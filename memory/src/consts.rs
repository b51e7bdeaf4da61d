//! The three numbers that every image, offset and table of the engine leans on.

/// Bytes of a page, on every host: 64 KiB, the page of WebAssembly and a multiple of every host's own page. Part of
/// the image format: changing it makes every stored image unreadable.
pub const PAGE: usize = 65_536;

/// Pages of the largest arena. With [`PAGE`] it makes 4 GiB, the reach of a u32 byte offset.
pub const PAGES_MAX: u32 = 65_536;

/// Owners that one pool can tell apart at a time. A full table is an error with a cure, not a slow path: an owner
/// is a subsystem, not an object, and usual worlds have a few dozen.
pub const OWNERS_MAX: usize = 1_024;

const _: () = assert!(PAGE.is_power_of_two());
const _: () = assert!(PAGE as u64 * PAGES_MAX as u64 == 1 << 32);
const _: () = assert!(OWNERS_MAX <= u16::MAX as usize);

/// Pages that hold `bytes`, rounded up.
pub(crate) fn pages_for(bytes: u64) -> u64 {
    bytes.div_ceil(PAGE as u64)
}
