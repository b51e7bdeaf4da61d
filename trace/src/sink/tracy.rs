//! The Tracy sink: the same events for the profiler of that name, while one is connected.
//!
//! The client is Tracy's own C++ (crate `tracy-client-sys`). It starts with the process, listens on loopback at
//! `TRACY_PORT`, runs threads of its own ("Tracy Profiler" and helpers) and has its own allocator. We talk to the C
//! interface: the macros of `tracy-client` want names that are literals, and ours are interned at run time.

use std::ffi::{CString, c_char};

use tracy_client_sys as sys;

use super::PlotUnit;
use crate::label::Label;

/// What Tracy wants to know about a label: a source location and a C string, both of which stay for ever, as the viewer
/// asks for them by address whenever it likes.
#[derive(Copy, Clone)]
pub(crate) struct Site {
    location: &'static sys::___tracy_source_location_data,
}

// SAFETY: the location and the strings it points to are leaked and never change.
unsafe impl Send for Site {}
// SAFETY: as above; nothing is ever written.
unsafe impl Sync for Site {}

impl Site {
    /// Leaks a source location for `name`, once for each label.
    pub(crate) fn new(name: &'static str) -> Site {
        let name = c_string(name).into_raw().cast_const();
        Site {
            location: Box::leak(Box::new(sys::___tracy_source_location_data {
                name,
                function: name,
                file: c"layerw".as_ptr(),
                line: 0,
                // Tracy picks a colour by depth and thread.
                color: 0,
            })),
        }
    }

    fn name(self) -> *const c_char {
        self.location.name
    }
}

/// A zone that is open in Tracy. It remembers the connection: the end of a zone that a former viewer saw begin is not
/// sent to the next.
#[derive(Copy, Clone)]
pub(crate) struct Open(sys::___tracy_c_zone_context);

impl Open {
    /// No zone.
    pub(crate) const NONE: Open = Open(sys::___tracy_c_zone_context {
        id: 0,
        active: 0,
        connectionId: 0,
    });
}

/// Whether a viewer is connected.
pub(crate) fn connected() -> bool {
    // SAFETY: no preconditions; the client lives as long as the process.
    unsafe { sys::___tracy_connected() != 0 }
}

pub(crate) fn begin(label: Label, value: Option<u64>) -> Open {
    // SAFETY: the location and its strings live for ever.
    let zone = unsafe { sys::___tracy_emit_zone_begin(label.site().location, 1) };
    if let Some(value) = value {
        // SAFETY: the zone is open, and it is this thread's innermost one.
        unsafe { sys::___tracy_emit_zone_value(zone, value) };
    }
    Open(zone)
}

pub(crate) fn end(zone: Open) {
    // SAFETY: the zone came from `begin` on this thread (guards do not leave it), or is NONE, which is inactive.
    unsafe { sys::___tracy_emit_zone_end(zone.0) };
}

pub(crate) fn frame_mark() {
    // SAFETY: null names the main frame.
    unsafe { sys::___tracy_emit_frame_mark(std::ptr::null()) };
}

pub(crate) fn plot(label: Label, value: f64) {
    // SAFETY: a C string that lives for ever, always the same for the same label, as plots are told apart by address.
    unsafe { sys::___tracy_emit_plot(label.site().name(), value) };
}

pub(crate) fn plot_unit(label: Label, unit: PlotUnit) {
    let format = match unit {
        PlotUnit::Number => sys::TracyPlotFormatEnum_TracyPlotFormatNumber,
        PlotUnit::Bytes => sys::TracyPlotFormatEnum_TracyPlotFormatMemory,
        PlotUnit::Percent => sys::TracyPlotFormatEnum_TracyPlotFormatPercentage,
    };
    // A quantity keeps its value until the next: steps, not slopes.
    let (stepped, filled, default_color) = (1, 1, 0);
    let name = label.site().name();
    // SAFETY: a C string that lives for ever. Tracy keeps the configuration for viewers that come later.
    unsafe { sys::___tracy_emit_plot_config(name, format as i32, stepped, filled, default_color) };
}

pub(crate) fn name_thread(name: Label) {
    // SAFETY: a C string; Tracy copies it.
    unsafe { sys::___tracy_set_thread_name(name.site().name()) };
}

/// `name` up to its first NUL, should it have one.
fn c_string(name: &str) -> CString {
    let end = name.find('\0').unwrap_or(name.len());
    CString::new(&name[..end]).expect("cut before the first NUL")
}
