//! W1 to W5: scripts as systems, beside the same systems in Rust.

mod calls;
#[cfg(feature = "script-peers")]
mod languages;
mod systems;
// As the compiler wrote it.
#[allow(clippy::all, clippy::pedantic, dead_code)]
#[rustfmt::skip]
mod text;

use crate::harness::{Case, Effort, Entry, Figure, Goal};
use systems::System;

/// The family.
pub const CASES: &[Case] = &[
    Case {
        name: "W1",
        about: "a system that does nothing on 244 chunks: what a call of a script costs",
        figures: &[Figure::new("ns/chunk").goals(&[Goal::value(1, 200.0)])],
        entries: calls::entries,
    },
    case("W2-10k", MOVEMENT, |effort| {
        System::Movement.entries(effort, 10_000)
    }),
    case("W2-100k", MOVEMENT, |effort| {
        System::Movement.entries(effort, 100_000)
    }),
    case("W2-1M", MOVEMENT, |effort| {
        System::Movement.entries(effort, 1_000_000)
    }),
    case("W3-10k", STEER, |effort| {
        System::Steer.entries(effort, 10_000)
    }),
    case("W3-100k", STEER, |effort| {
        System::Steer.entries(effort, 100_000)
    }),
    case("W3-1M", STEER, |effort| {
        System::Steer.entries(effort, 1_000_000)
    }),
    case("W4-10k", BOUNCE, |effort| {
        System::Bounce.entries(effort, 10_000)
    }),
    case("W4-100k", BOUNCE, |effort| {
        System::Bounce.entries(effort, 100_000)
    }),
    case("W4-1M", BOUNCE, |effort| {
        System::Bounce.entries(effort, 1_000_000)
    }),
    case("W5-10k", POISONED, |effort| {
        System::Poisoned.entries(effort, 10_000)
    }),
    case("W5-100k", POISONED, |effort| {
        System::Poisoned.entries(effort, 100_000)
    }),
    case("W5-1M", POISONED, |effort| {
        System::Poisoned.entries(effort, 1_000_000)
    }),
    #[cfg(feature = "script-peers")]
    times("W6-movement", |_| System::Movement.times_of_quickjs()),
    #[cfg(feature = "script-peers")]
    times("W6-steer", |_| System::Steer.times_of_quickjs()),
    #[cfg(feature = "script-peers")]
    times("W6-bounce", |_| System::Bounce.times_of_quickjs()),
    #[cfg(feature = "script-peers")]
    times("W6-poison", |_| System::Poisoned.times_of_quickjs()),
    Case {
        name: "W7",
        about: "a script moves 100 000 points, called for so many rows at a time",
        figures: &[Figure::new("ns/entity")],
        entries: |effort| System::Movement.batches(effort),
    },
];

const MOVEMENT: &str = "a script moves points in two dimensions";
const STEER: &str = "a script steers to a point: square roots, divisions, branches";
const BOUNCE: &str = "a script turns round at four walls: branches";
const POISONED: &str = "a script poisons and heals: a branch, two columns written";

const FIGURES: &[Figure] = &[Figure::new("ns/entity").goals(&[Goal::of_floor(1, 1.3, 1.0)])];

/// What documents promise: less than ten times is an error and not a figure.
#[cfg(feature = "script-peers")]
const fn times(name: &'static str, entries: fn(Effort) -> Vec<Entry>) -> Case {
    const TIMES: &[Figure] = &[Figure::new("times")
        .more_is_better()
        .goals(&[Goal::value(1, 10.0)])];
    Case {
        name,
        about: "how many times as long a step of a million entities takes in QuickJS",
        figures: TIMES,
        entries,
    }
}

const fn case(name: &'static str, about: &'static str, entries: fn(Effort) -> Vec<Entry>) -> Case {
    Case {
        name,
        about,
        figures: FIGURES,
        entries,
    }
}
