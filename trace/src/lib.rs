//! Zones, frame marks and plots: what ran when, on which thread, for how long.
//!
//! The lowest crate of the engine: everything above may name its work here, so being silent must cost next to nothing.
//! Priorities, in this order:
//!
//! 1. **Idle is free.** While nobody listens a zone is one relaxed load and one predictable branch, under 1 ns; with
//!    the feature `zones` off it is nothing at all.
//! 2. **Listening does not disturb.** A recording never allocates between start and finish and takes no lock: every
//!    thread writes to a buffer of its own that was allocated at the start. What does not fit is counted, never guessed.
//! 3. **Exact.** A capture holds every zone that began and ended within the recording, once.
//!
//! ```
//! use layerw_trace::{frame_mark, label, plot, zone, zone_value, Recording};
//!
//! let step = label("step");                   // set-up time: intern each name once
//! let chunk = label("integrate");
//! # #[cfg(feature = "zones")] {
//! let recording = Recording::start(1_000)?;   // room for 1 000 events a thread
//! {
//!     let _step = zone(step);                 // ends when the guard drops
//!     for index in 0..3 {
//!         let _chunk = zone_value(chunk, index);
//!     }
//!     plot(label("memory"), 4096.0);
//! }
//! frame_mark();
//! let capture = recording.finish();
//! assert_eq!((capture.zones.len(), capture.frames.len(), capture.dropped), (4, 1, 0));
//! capture.write_chrome_json(Vec::new())?;     // for ui.perfetto.dev or chrome://tracing
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where it goes
//!
//! - A [`Recording`] collects in memory; its [`Capture`] is inspected by tests or written as Chrome JSON.
//! - With the feature `tracy` the same calls reach the Tracy profiler (protocol of Tracy 0.14) while one is connected.
//!   Only loopback is listened on; the variable `TRACY_PORT` chooses the port, 8086 by default. Nothing is kept for a
//!   viewer that comes later: it sees whole frames from the next [`frame_mark`] on.
//!
//!   The client runs three threads of its own, "Tracy Profiler", "Tracy DXT1" and "Tracy Symbol Worker". The feature
//!   `tracy-flush` adds that a process without a viewer waits for one at its end instead of leaving.
//!
//! Both may listen at once.
//!
//! # What it costs
//!
//! Nanoseconds, as `cargo run --release -p layerw-trace --example zone_cost` prints them on a virtual machine with two
//! cores of an AMD EPYC (Zen 5, KVM, Linux), rustc 1.95:
//!
//! | | ns |
//! | --- | --- |
//! | zone, compiled out | 0 |
//! | zone, nobody listens; the same built with Tracy and no viewer | 0.15-0.2 |
//! | zone, recorded | 25 |
//! | zone, Tracy viewer connected | 23 |
//! | [`now_ns`] | 8.4 |
//! | `std::time::Instant::now`, for comparison | 20 |

#[cfg(not(feature = "zones"))]
mod absent;
#[cfg(feature = "zones")]
mod active;
mod capture;
mod chrome;
mod error;
mod label;
#[cfg(feature = "zones")]
mod mark;
#[cfg(feature = "zones")]
mod record;
mod sink;
#[cfg(feature = "zones")]
mod zone;

#[cfg(not(feature = "zones"))]
pub use absent::{
    Recording, Zone, frame_mark, is_watched, name_thread, plot, plot_unit, viewer_connected, zone,
    zone_value,
};
pub use capture::{Capture, PlotEvent, ZoneEvent};
pub use error::TraceError;
pub use label::{Label, label};
#[cfg(feature = "zones")]
pub use mark::{frame_mark, name_thread, plot, plot_unit, viewer_connected};
#[cfg(feature = "zones")]
pub use record::Recording;
pub use sink::PlotUnit;
pub use sink::clock::now_ns;
#[cfg(feature = "zones")]
pub use zone::{Zone, is_watched, zone, zone_value};
