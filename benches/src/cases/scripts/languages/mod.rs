//! The systems in other scripting languages, each over arrays of its own and in the form that suits it best.
//!
//! They compute in f64 where the language has nothing else, and so end near the rows that Rust ends with, not at the same bits.

mod luajit;
mod luau;
mod rhai;

use anyhow::{Result, ensure};

use super::systems::System;
use crate::harness::{Effort, Entry, single};

pub use luajit::LuaJit;
pub use luau::Luau;
pub use rhai::Rhai;

/// The simulated seconds of a step, those of `Sim::new`.
const DT: f32 = 1.0 / 60.0;

/// The rows of a system: two columns, each of `width` numbers a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    pub width: usize,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl Rows {
    pub fn count(&self) -> usize {
        self.first.len() / self.width
    }
}

/// A language that runs a system over rows.
pub trait Language: Sized + 'static {
    fn load(system: System, rows: &Rows) -> Result<Self>;

    /// Runs the system so many times, and tells how many ns that took.
    fn steps(&mut self, number: u64) -> Result<u64>;

    fn rows(&mut self) -> Result<Rows>;
}

/// A peer that is checked against the rows of the system in Rust, and then measured.
pub fn entry<L: Language>(
    peer: &'static str,
    system: System,
    effort: Effort,
    count: usize,
) -> Entry {
    Entry::new(peer, 1, move || {
        check::<L>(system)?;
        let mut language = L::load(system, &system.rows(count)?)?;
        let mut repeat = effort.repeat();
        single(move || {
            let mut failure = None;
            let ns = repeat.mean_of(|calls| match language.steps(calls) {
                Ok(ns) => ns,
                Err(error) => {
                    failure = Some(error);
                    u64::MAX
                }
            });
            failure.map_or(Ok(ns / count as f64), Err)
        })
    })
}

fn check<L: Language>(system: System) -> Result<()> {
    const ROWS: usize = 10_007;
    const STEPS: u32 = 20;
    let mut language = L::load(system, &system.rows(ROWS)?)?;
    language.steps(STEPS.into())?;
    let (found, expected) = (language.rows()?, system.rows_after(ROWS, STEPS)?);
    let columns = [
        (&found.first, &expected.first),
        (&found.second, &expected.second),
    ];
    for (found, expected) in columns {
        ensure!(found.len() == expected.len(), "{system:?} has lost rows");
        for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
            ensure!(
                (found - expected).abs() <= 1e-4 * expected.abs().max(1.0),
                "{system:?} ends with {found} at {place}, in Rust with {expected}"
            );
        }
    }
    Ok(())
}
