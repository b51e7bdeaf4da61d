//! A row function sees its own row; whoever looks around is a whole system.

use layerw_ecs::row::IntoRow;
use layerw_ecs::{Query, component};

#[component]
struct Mass(f32);

fn attract(mass: &mut Mass, others: Query<&Mass>) {
    mass.0 += others.iter().count() as f32;
}

/// As `sim.each(…)` takes it.
fn each<Marker>(_: impl IntoRow<Marker>) {}

fn main() {
    each(attract);
}
