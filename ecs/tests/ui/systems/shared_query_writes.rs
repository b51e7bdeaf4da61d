//! Writing needs the query exclusively, or two references to one row could live at once.

use layerw_ecs::whole::IntoWhole;
use layerw_ecs::{Query, component};

#[component]
struct Mass(f32);

fn double(masses: Query<&mut Mass>) {
    for mass in masses.iter() {
        mass.0 *= 2.0;
    }
}

/// As `sim.system(…)` takes it.
fn system<Marker>(_: impl IntoWhole<Marker>) {}

fn main() {
    system(double);
}
