//! One recorded event, 32 bytes.

use crate::label::Label;

/// What happened.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A zone without a value.
    Zone,
    /// A zone whose `payload` is its value.
    ZoneValue,
    /// A frame mark.
    Frame,
    /// A plotted value, its bits in `payload`.
    Plot,
}

/// An event as its thread writes it.
///
/// ```text
/// begin_ns u64 | end_ns u64 | payload u64 | label u32 | kind u8 (3 unused)
/// ```
#[derive(Copy, Clone)]
pub(crate) struct Event {
    pub(crate) begin_ns: u64,
    /// Of zones; marks and plots repeat the begin.
    pub(crate) end_ns: u64,
    pub(crate) payload: u64,
    pub(crate) label: Label,
    pub(crate) kind: Kind,
}

const _: () = assert!(size_of::<Event>() == 32);

impl Event {
    #[inline]
    pub(crate) fn zone(label: Label, value: Option<u64>, begin_ns: u64, end_ns: u64) -> Event {
        let kind = if value.is_some() {
            Kind::ZoneValue
        } else {
            Kind::Zone
        };
        // The clocks of two cores may differ by some ns, and a thread may move from one to the other within a zone.
        let end_ns = end_ns.max(begin_ns);
        Event {
            begin_ns,
            end_ns,
            payload: value.unwrap_or(0),
            label,
            kind,
        }
    }

    #[inline]
    pub(crate) fn frame(time_ns: u64) -> Event {
        let label = Label::default();
        Event {
            begin_ns: time_ns,
            end_ns: time_ns,
            payload: 0,
            label,
            kind: Kind::Frame,
        }
    }

    #[inline]
    pub(crate) fn plot(label: Label, value: f64, time_ns: u64) -> Event {
        let payload = value.to_bits();
        Event {
            begin_ns: time_ns,
            end_ns: time_ns,
            payload,
            label,
            kind: Kind::Plot,
        }
    }
}
