//! What a stream region refuses.

use super::config::GRANULARITY_MIN;
use crate::table::Bytes;

/// Why a stream region refused something. Every message names region, value, frame and cure.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StreamError {
    /// A setting that no region can have.
    #[error("stream: region {region:?} has {setting} = {value}; {cure}")]
    Setting {
        /// Name of the region.
        region: String,
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What to do.
        cure: &'static str,
    },
    /// Slots of that size do not fill the region, or not from cache line to cache line.
    #[error(
        "stream: a granularity of {} does not divide the {} of region {region:?} into multiples of {GRANULARITY_MIN} B; \
         choose a multiple of {GRANULARITY_MIN} B that does",
        Bytes(*asked), Bytes(*bytes)
    )]
    Granularity {
        /// Name of the region.
        region: String,
        /// Bytes of a slot asked for.
        asked: u64,
        /// Bytes of the region.
        bytes: u64,
    },
    /// A call that the present phase of a frame does not allow.
    #[error("stream: region {region:?} cannot {verb} while {}; {cure}", phase_of(*frame))]
    Phase {
        /// Name of the region.
        region: String,
        /// What was asked for.
        verb: &'static str,
        /// The open frame, or none between frames.
        frame: Option<u64>,
        /// What to do.
        cure: &'static str,
    },
    /// A frame begins whose number does not come after that of the frame before.
    #[error(
        "stream: region {region:?} begins frame {frame} after frame {newest}; count frames upwards"
    )]
    FrameOrder {
        /// Name of the region.
        region: String,
        /// The frame that was to begin.
        frame: u64,
        /// The frame that began last.
        newest: u64,
    },
    /// A frame retires that has not ended, so that its slots would lose their guard.
    #[error("stream: region {region:?} retires frame {frame}, which has not ended (the last that has is {}); retire frames that were drawn", frame_name(*ended))]
    Retire {
        /// Name of the region.
        region: String,
        /// The frame that was to retire.
        frame: u64,
        /// The last frame that has ended, if any.
        ended: Option<u64>,
    },
    /// As many frames are in flight as may be.
    #[error(
        "stream: region {region:?} cannot begin frame {frame}: {in_flight} frames are in flight, and of them frame {oldest} has never \
         retired; wait for its fence, or raise in_flight_max"
    )]
    FramesInFlight {
        /// Name of the region.
        region: String,
        /// The frame that was to begin.
        frame: u64,
        /// Frames begun and not retired.
        in_flight: usize,
        /// The oldest of them.
        oldest: u64,
    },
    /// More items are wanted than the region was made for.
    #[error(
        "stream: frame {frame} wants item {key} of region {region:?} on top of {max} others; want less, or raise wants_max"
    )]
    WantsFull {
        /// Name of the region.
        region: String,
        /// The frame.
        frame: u64,
        /// The item that found no room in the list.
        key: u64,
        /// Items that a frame may want.
        max: usize,
    },
    /// A request has waited as long as requests may: every slot is pinned or may be read by a frame in flight.
    #[error(
        "stream: item {key} has waited {waited} frames for a slot of region {region:?} in frame {frame}: of its {slots} slots {pinned} \
         are pinned and {in_flight} in flight, {waiting} items wait{}", starved_cure(*oldest)
    )]
    Starved {
        /// Name of the region.
        region: String,
        /// The frame.
        frame: u64,
        /// The item that has waited longest (of several the one with the lowest key).
        key: u64,
        /// Frames before this one in which it waited.
        waited: u64,
        /// Items that wait.
        waiting: usize,
        /// Slots in all.
        slots: usize,
        /// Slots whose items this frame pins.
        pinned: usize,
        /// Other slots that a frame in flight may read, this one included.
        in_flight: usize,
        /// The oldest frame that has never retired, if any is in flight beside this one.
        oldest: Option<u64>,
    },
    /// A handle of an earlier frame, or of another region, is read: the slot may hold anything by now.
    #[error(
        "stream: a handle on item {key}, found in frame {found}, is read in frame {now} of region {region:?}; \
         find the item again in every frame and region"
    )]
    Stale {
        /// Name of the region.
        region: String,
        /// The item that the handle was for.
        key: u64,
        /// Frame in which it was found.
        found: u64,
        /// Frame of the reader.
        now: u64,
    },
}

fn phase_of(frame: Option<u64>) -> String {
    frame.map_or("no frame is open".to_owned(), |frame| {
        format!("frame {frame} is open")
    })
}

fn frame_name(frame: Option<u64>) -> String {
    frame.map_or("none".to_owned(), |frame| format!("frame {frame}"))
}

fn starved_cure(oldest: Option<u64>) -> String {
    match oldest {
        Some(frame) => format!(
            ", and frame {frame} has never retired; see why its fence does not pass, or pin less"
        ),
        None => "; pin less, or make the region larger".to_owned(),
    }
}
