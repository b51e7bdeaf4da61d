//! What a stream region is made of, and what is refused before it exists.

use super::StreamError;
use crate::consts::{PAGE, pages_for};
use crate::table::Bytes;
use crate::{MemoryError, Tier};

/// Bytes of the smallest slot, and what every slot is a multiple of: a cache line, so that workers that fill neighbours do not share one.
pub const GRANULARITY_MIN: u64 = 64;

/// The settings of a [`StreamRegion`](super::StreamRegion).
#[derive(Clone, Debug, PartialEq)]
pub struct StreamConfig {
    /// Owner of the pages, unique within the pool.
    pub name: String,
    /// Pool of the pages: Gpu (the default) or Scene. Logic is refused, because it is hashed and what streams in is not.
    pub tier: Tier,
    /// Size, rounded up to pages.
    pub bytes: u64,
    /// Bytes of a slot: a multiple of [`GRANULARITY_MIN`] that divides the rounded size. 64 KiB unless set. Bookkeeping takes about 120
    /// bytes a slot.
    pub granularity: u64,
    /// Slots that one frame may overwrite, at least 1: what disk and bus can deliver in a frame. 16 unless set.
    pub overwrites_max: usize,
    /// Different items that one frame may want, at least 1. 4 096 unless set.
    pub wants_max: usize,
    /// Frames begun and not retired, at least 1; one more is refused. 64 unless set.
    pub in_flight_max: usize,
    /// Frames that a request waits for a slot, when all are pinned or in flight, before that is an error. 30 unless set.
    pub wait_frames: u32,
    /// By which part of its distance an item must be nearer than one that is there, to overwrite it: finite and not negative. 0.1, a tenth, unless set.
    pub hysteresis: f32,
}

impl StreamConfig {
    /// The defaults, for a region of that name and size.
    pub fn new(name: &str, bytes: u64) -> StreamConfig {
        StreamConfig {
            name: name.to_owned(),
            tier: Tier::Gpu,
            bytes,
            granularity: PAGE as u64,
            overwrites_max: 16,
            wants_max: 4_096,
            in_flight_max: 64,
            wait_frames: 30,
            hysteresis: 0.1,
        }
    }

    /// The size as reserved: whole pages.
    pub(super) fn rounded(&self) -> u64 {
        pages_for(self.bytes).saturating_mul(PAGE as u64)
    }

    pub(super) fn validate(&self) -> Result<(), MemoryError> {
        let refuse = |setting, value: String, cure| {
            let region = self.name.clone();
            Err(StreamError::Setting {
                region,
                setting,
                value,
                cure,
            })
        };
        if self.tier == Tier::Logic {
            let cure = "take the pool scene or gpu: logic is hashed and snapshotted";
            refuse("tier", "logic".to_owned(), cure)?;
        }
        let counts = [
            ("overwrites_max", self.overwrites_max),
            ("wants_max", self.wants_max),
            ("in_flight_max", self.in_flight_max),
        ];
        for (setting, value) in counts {
            if value == 0 || value >= u32::MAX as usize {
                refuse(
                    setting,
                    value.to_string(),
                    "set at least 1 and less than 2^32 - 1",
                )?;
            }
        }
        if !(self.hysteresis >= 0.0 && self.hysteresis.is_finite()) {
            let cure = "set a finite number that is not negative";
            refuse("hysteresis", self.hysteresis.to_string(), cure)?;
        }
        if self.bytes == 0 {
            refuse("bytes", Bytes(0).to_string(), "ask for at least a byte")?;
        }
        Ok(check_granularity(
            &self.name,
            self.rounded(),
            self.granularity,
        )?)
    }
}

/// Whether slots of that size fill the region and start on cache lines.
pub(super) fn check_granularity(
    region: &str,
    bytes: u64,
    granularity: u64,
) -> Result<(), StreamError> {
    let fits = granularity != 0
        && granularity.is_multiple_of(GRANULARITY_MIN)
        && bytes.is_multiple_of(granularity);
    if fits {
        return Ok(());
    }
    Err(StreamError::Granularity {
        region: region.to_owned(),
        asked: granularity,
        bytes,
    })
}
