//! From lanes to a capture: after the recording has stopped, at leisure.

use super::event::Kind;
use super::{buffers, thread};
use crate::capture::{Capture, PlotEvent, ZoneEvent};

/// Everything that was recorded under `epoch`. Only for the holder of the recorder, so no later epoch can start.
pub(super) fn capture(epoch: u32, start_ns: u64, finish_ns: u64) -> Capture {
    let mut capture = Capture {
        start_ns,
        finish_ns,
        dropped: thread::homeless(),
        ..Capture::default()
    };
    let Some(buffers) = buffers::current() else {
        return capture;
    };
    for (index, lane) in thread::lanes() {
        // SAFETY: the buffers are those of this epoch, as only the holder of the recorder replaces them, and no later
        // epoch starts before it is done here.
        let Some(contents) = (unsafe { lane.read(buffers.of(index), epoch) }) else {
            continue;
        };
        let thread = capture.threads.len();
        capture.threads.push(match contents.name() {
            Some(name) => name.name().to_owned(),
            None => format!("thread {thread}"),
        });
        capture.dropped += contents.dropped;

        let first_zone = capture.zones.len();
        for event in contents.events {
            match event.kind {
                Kind::Zone | Kind::ZoneValue => capture.zones.push(ZoneEvent {
                    thread,
                    label: event.label,
                    value: (event.kind == Kind::ZoneValue).then_some(event.payload),
                    begin_ns: event.begin_ns,
                    end_ns: event.end_ns,
                }),
                Kind::Frame => capture.frames.push(event.begin_ns),
                Kind::Plot => capture.plots.push(PlotEvent {
                    label: event.label,
                    time_ns: event.begin_ns,
                    value: f64::from_bits(event.payload),
                }),
            }
        }
        // A thread writes a zone when it ends, inner ones first. Reversed, of two zones with the same times the outer
        // one comes first, and the stable sort keeps it there.
        let zones = &mut capture.zones[first_zone..];
        zones.reverse();
        zones.sort_by_key(|zone| (zone.begin_ns, std::cmp::Reverse(zone.end_ns)));
    }
    capture.frames.sort_unstable();
    capture.plots.sort_by_key(|plot| plot.time_ns);
    capture
}
