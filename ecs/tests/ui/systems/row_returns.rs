//! A row function changes its row; a result would go nowhere.

use layerw_ecs::component;
use layerw_ecs::row::IntoRow;

#[component]
struct Mass(f32);

fn double(mass: &mut Mass) -> f32 {
    mass.0 *= 2.0;
    mass.0
}

/// As `sim.each(…)` takes it.
fn each<Marker>(_: impl IntoRow<Marker>) {}

fn main() {
    each(double);
}
