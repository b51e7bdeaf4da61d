//! Tracy's wire protocol 82, as far as a viewer of zones, frames and plots needs it.
//!
//! Source: `TracyProtocol.hpp` and `TracyQueue.hpp` of Tracy 0.14 in the crate tracy-client-sys 0.30.1. All numbers are
//! little endian and packed.

/// What a viewer says first.
pub const SHIBBOLETH: &[u8; 8] = b"TracyPrf";
/// The version that this module speaks; a client of another refuses.
pub const VERSION: u32 = 82;
/// The client's answer when it accepts.
pub const STATUS_WELCOME: u8 = 1;
/// `WelcomeMessage`: see [`welcome`].
pub const WELCOME_BYTES: usize = 1_170;
/// `OnDemandPayloadMessage`, after the welcome when its flags have bit 0: frames so far u64, present time u64.
pub const ON_DEMAND_BYTES: usize = 16;

/// Offsets into the welcome message.
pub mod welcome {
    /// Nanoseconds per tick of all times, f64.
    pub const TIMER_MUL: usize = 0;
    /// Flags, u8; bit 0: on demand.
    pub const FLAGS: usize = 64;
    /// Name of the program, 64 bytes, NUL padded.
    pub const PROGRAM: std::ops::Range<usize> = 82..146;
}

/// Largest block before compression (`TargetFrameSize`).
pub const BLOCK_BYTES_MAX: usize = 256 * 1_024;
/// What LZ4 may refer back to.
pub const DICTIONARY_BYTES: usize = 64 * 1_024;

/// What a viewer asks: a packet of kind u8, pointer u64, extra u32.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Query {
    /// The viewer has all it wants; the client may exit.
    Terminate = 0,
    /// The C string at a pointer.
    String = 1,
    /// The name of a thread.
    ThreadString = 2,
    /// The source location at a pointer. The answer does not repeat the pointer: answers come in order.
    SourceLocation = 3,
    /// The name of a plot.
    PlotName = 4,
}

/// Event kinds (`QueueType`) that are looked into; all others are skipped by their size.
pub mod event {
    #![allow(missing_docs, reason = "named as in TracyQueue.hpp")]
    pub const ZONE_BEGIN_ALLOC: u8 = 7;
    pub const ZONE_BEGIN: u8 = 19;
    pub const ZONE_BEGIN_32: u8 = 20;
    pub const ZONE_BEGIN_16: u8 = 21;
    pub const ZONE_END: u8 = 25;
    pub const ZONE_END_32: u8 = 26;
    pub const ZONE_END_16: u8 = 27;
    pub const PLOT_INT: u8 = 55;
    pub const PLOT_FLOAT: u8 = 56;
    pub const PLOT_DOUBLE: u8 = 57;
    pub const TERMINATE: u8 = 73;
    pub const THREAD_CONTEXT: u8 = 75;
    pub const ZONE_VALUE: u8 = 82;
    pub const FRAME_MARK: u8 = 83;
    pub const SOURCE_LOCATION: u8 = 87;
    pub const PLOT_CONFIG: u8 = 106;
    pub const SINGLE_STRING: u8 = 112;
    pub const SECOND_STRING: u8 = 113;
    pub const SINGLE_STRING_8: u8 = 114;
    pub const SECOND_STRING_8: u8 = 115;
    pub const STRING: u8 = 119;
    pub const THREAD_NAME: u8 = 120;
    pub const PLOT_NAME: u8 = 121;
    pub const SOURCE_LOCATION_PAYLOAD: u8 = 122;
    pub const FRAME_IMAGE: u8 = 126;
    pub const SYMBOL_CODE: u8 = 129;
    pub const SOURCE_CODE: u8 = 130;
    pub const FIBER_NAME: u8 = 131;
}

/// Times of zones are differences to the event before, and a shorter form starts where the range of the next shorter
/// one ends.
pub const OFFSET_16: i64 = 1 << 16;
/// Where the range of 64-bit differences starts.
pub const OFFSET_32: i64 = (1 << 16) + (1 << 32);

/// Bytes of an event by kind, with its kind byte and without a string that follows: `QueueDataSize`, printed by a C++
/// program that includes the header.
pub const EVENT_BYTES: [u8; 132] = [
    1, 1, 10, 13, 10, 13, 9, 9, 9, 1, 1, 1, 13, 9, 7, 13, 9, 7, 10, 17, // 0
    13, 11, 17, 13, 11, 9, 5, 3, 17, 17, 13, 17, 17, 17, 5, 27, 27, 21, 21, 27, // 20
    27, 21, 21, 21, 21, 24, 24, 16, 16, 16, 24, 24, 16, 16, 16, 25, 21, 25, 23, 16, // 40
    12, 2, 10, 10, 13, 1, 1, 1, 25, 13, 15, 13, 3, 1, 1, 5, 26, 18, 1, 17, // 60
    5, 4, 9, 17, 17, 17, 13, 32, 22, 13, 17, 17, 20, 17, 20, 28, 17, 13, 25, 17, // 80
    17, 17, 17, 17, 17, 17, 16, 18, 1, 5, 1, 17, 1, 1, 1, 1, 9, 9, 24, 9, // 100
    9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, // 120
];

/// How long the length of the string is that follows an event of this kind, in bytes; 0 when none follows.
pub fn string_length_bytes(kind: u8) -> usize {
    match kind {
        event::SINGLE_STRING_8 | event::SECOND_STRING_8 => 1,
        event::SINGLE_STRING | event::SECOND_STRING => 2,
        event::FRAME_IMAGE | event::SYMBOL_CODE | event::SOURCE_CODE => 4,
        event::STRING..=event::FIBER_NAME => 2,
        _ => 0,
    }
}
