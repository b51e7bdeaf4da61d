//! Marks without a duration: ends of frames, plotted values, names of threads.

use crate::active::{self, Active};
use crate::label::{Label, label};
use crate::record::{self, Event};
use crate::sink::{PlotUnit, clock::now_ns, tracy};

/// Says that a step, which headless is also a frame, ends here.
///
/// This is where a Tracy viewer that has come or gone is noticed, so that it sees whole frames.
pub fn frame_mark() {
    let _ = viewer_connected();
    if Active::now().tracy() {
        tracy::frame_mark();
    }
    let epoch = active::recording_epoch();
    if epoch != 0 {
        record::push(epoch, Event::frame(now_ns()));
    }
}

/// Says that the quantity `label` has the value `value` from now on, for a curve over time.
pub fn plot(label: Label, value: f64) {
    let active = Active::now();
    if active.is_idle() {
        return;
    }
    if active.tracy() {
        tracy::plot(label, value);
    }
    let epoch = active::recording_epoch();
    if epoch != 0 {
        record::push(epoch, Event::plot(label, value, now_ns()));
    }
}

/// Says in which unit a viewer shows the plot `label`; numbers without a unit unless told. For set-up time.
pub fn plot_unit(label: Label, unit: PlotUnit) {
    tracy::plot_unit(label, unit);
}

/// Names the calling thread in every trace from now on. For set-up time: the name is interned, see
/// [`label`](crate::label()).
pub fn name_thread(name: &str) {
    let name = label(name);
    record::name_thread(name);
    tracy::name_thread(name);
}

/// Whether a Tracy viewer is connected; from the moment it says so, zones reach that viewer.
///
/// For programs and tests that wait for a viewer before they start. Always false without the feature `tracy`.
pub fn viewer_connected() -> bool {
    let connected = tracy::connected();
    active::set_tracy(connected);
    connected
}
