//! Rows run in parallel, so a row function cannot write what all rows share.

use layerw_ecs::row::IntoRow;
use layerw_ecs::{ResMut, component};

#[component]
struct Mass(f32);

#[component]
struct Total(f32);

fn sum(mass: &Mass, mut total: ResMut<Total>) {
    total.0 += mass.0;
}

/// As `sim.each(…)` takes it.
fn each<Marker>(_: impl IntoRow<Marker>) {}

fn main() {
    each(sum);
}
