//! What a row function refers to has to be a component.

use layerw_ecs::row::IntoRow;

struct Mass(f32);

fn double(mass: &mut Mass) {
    mass.0 *= 2.0;
}

/// As `sim.each(…)` takes it.
fn each<Marker>(_: impl IntoRow<Marker>) {}

fn main() {
    each(double);
}
