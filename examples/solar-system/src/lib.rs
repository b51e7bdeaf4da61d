//! The solar system, started from JPL's ephemeris DE421 and checked against it.
//!
//! The Sun, eight planets, the Moon and Pluto attract each other, with relativity and the flattening of the Earth and the
//! Sun; Ceres, Pallas and Vesta help, because Mars notices them; 100 000 asteroids without mass move among them. After a
//! simulated year every planet and the Sun are within 2 km of DE421 and the Moon within 25 km, for any date of its span;
//! in fact the worst planet is 0.25 km off and the Moon 1 km, over 437 start dates from 1899 to 2052.
//!
//! - [`bodies`]: names, order and state of the massive bodies, and the units
//! - [`forces`]: what pulls on them, each term with its switch
//! - [`gauss`]: the integrator
//! - [`step`]: one step of the simulation
//! - [`belt`]: the asteroids, and the kernel that moves them
//! - [`ephemeris`]: DE421 as data files, at any date
//! - [`check`]: the comparison at the end
//! - [`view`]: what it looks like
//! - [`mod@sim`]: the systems and the settings

#![forbid(unsafe_code)]

#[cfg(test)]
mod accuracy;
pub mod belt;
pub mod bodies;
pub mod check;
pub mod ephemeris;
pub mod forces;
pub mod gauss;
pub mod sim;
pub mod step;
pub mod view;

pub use sim::sim;
