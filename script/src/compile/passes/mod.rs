//! What makes systems small and fast, and leaves their meaning alone: each pass goes from a sound system to a sound system that gives the same bits.
//!
//! | pass | what it does |
//! |---|---|
//! | [`simplify`] | constants, common subexpressions, what memory is known to hold, rows known to be there |
//! | [`unblock`] | early returns become conditions |
//! | [`hoist`] | what is the same in each round is done before the loop |
//! | [`dead`] | what nobody needs goes |
//! | [`vectorise`] | loops over rows in lanes of four, with [`flatten`] for their conditions |
//! | [`mod@settle`] | memory holds one NaN |
//! | [`join`] | both halves of a condition are asked where that is cheaper than a branch |

mod dead;
mod flatten;
mod fold;
mod hoist;
mod join;
mod settle;
mod simplify;
mod unblock;
mod vectorise;

use super::access::Access;
use super::ir::Module;
pub use settle::settle;
pub use vectorise::Outcome;

/// A pass that is made to go wrong, so that tests can show that they would notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "made by tests only")]
pub enum Spoilt {
    Fold,
    Bounds,
    Vectorise,
}

/// Which passes run.
#[derive(Debug, Clone, Copy)]
pub struct Passes {
    /// All but vectorising.
    pub scalar: bool,
    /// Loops over rows in lanes.
    pub vectors: bool,
    /// None outside of tests.
    pub spoilt: Option<Spoilt>,
}

impl Default for Passes {
    fn default() -> Self {
        Passes {
            scalar: true,
            vectors: true,
            spoilt: None,
        }
    }
}

/// What is known of a system besides its instructions.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What it touches, before lanes of words no longer say which rows they are of.
    pub access: Access,
    /// What became of its loops over rows.
    pub loops: Vec<Outcome>,
}

/// Runs the scalar passes over every system.
pub fn scalar(module: &mut Module, passes: Passes) -> Vec<Facts> {
    let facts = module.systems.iter_mut().map(|system| {
        if passes.scalar {
            simplify::simplify(system, passes.spoilt);
            unblock::unblock(system);
            simplify::simplify(system, passes.spoilt);
            hoist::hoist(system);
            simplify::simplify(system, passes.spoilt);
            dead::remove_dead(system);
        }
        Facts {
            access: Access::of(system),
            loops: Vec::new(),
        }
    });
    facts.collect()
}

/// Takes rows four at a time, where the scalar passes ran before.
pub fn vectors(module: &mut Module, facts: &mut [Facts], passes: Passes) {
    if !passes.vectors || !passes.scalar {
        return;
    }
    let mut systems = std::mem::take(&mut module.systems);
    for (system, facts) in systems.iter_mut().zip(facts) {
        facts.loops = vectorise::vectorise(module, system, passes.spoilt);
        join::join(system);
        simplify::simplify(system, None);
        dead::remove_dead(system);
    }
    module.systems = systems;
}

#[cfg(test)]
mod tests;
