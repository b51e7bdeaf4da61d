//! A whole system runs once per step: there is no row whose component it could get.

use layerw_ecs::component;
use layerw_ecs::whole::IntoWhole;

#[component]
struct Mass(f32);

fn weigh(mass: &Mass) {
    assert!(mass.0 > 0.0);
}

/// As `sim.system(…)` takes it.
fn system<Marker>(_: impl IntoWhole<Marker>) {}

fn main() {
    system(weigh);
}
