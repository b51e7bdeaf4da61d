//! Without the feature `zones` the calls remain and are nothing.

#![cfg(not(feature = "zones"))]

use layerw_trace::{
    Recording, TraceError, Zone, frame_mark, label, name_thread, plot, zone, zone_value,
};

#[test]
fn zones_are_nothing() {
    assert_eq!(size_of::<Zone>(), 0);
    let name = label("absent");
    name_thread("main");
    let _zone = zone(name);
    let _value = zone_value(name, 7);
    plot(name, 1.0);
    frame_mark();
    assert_eq!(Recording::start(8).err(), Some(TraceError::CompiledOut));
    assert_eq!(name.name(), "absent");
}
