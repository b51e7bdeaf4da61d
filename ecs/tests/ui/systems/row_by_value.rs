//! A component by value would be a copy that nobody reads.

use layerw_ecs::component;
use layerw_ecs::row::IntoRow;

#[component]
struct Mass(f32);

fn weigh(mass: Mass) {
    assert!(mass.0 > 0.0);
}

/// As `sim.each(…)` takes it.
fn each<Marker>(_: impl IntoRow<Marker>) {}

fn main() {
    each(weigh);
}
