//! The asteroids: 100 000 bodies without mass, on orbits like those of the main belt.

mod kernel;
mod population;

pub use kernel::{INSTANTS, KICKS, Stages, advance};
pub use population::{BELT, Belt, Orbit};
