//! What makes systems small and fast, and leaves their meaning alone: each pass goes from a sound system to a sound system that gives the same bits.
//!
//! | pass | what it does |
//! |---|---|
//! | [`simplify`] | constants, common subexpressions, what memory is known to hold, rows known to be there |
//! | [`unblock`] | early returns become conditions |
//! | [`hoist`] | what is the same in each round is done before the loop |
//! | [`dead`] | what nobody needs goes |
//! | [`vectorise`] | loops over rows in lanes of four, with [`flatten`] for their conditions |
//! | [`mod@count`] | loops that count to an end which stands still are counted loops |
//! | [`mod@sift`] | loops that look for something ask many places at once |
//! | [`mod@settle`] | memory holds one NaN |
//! | [`join`] | both halves of a condition are asked where that is cheaper than a branch |

mod copy;
mod count;
mod dead;
mod flatten;
mod fold;
mod hoist;
mod join;
mod settle;
mod sift;
mod simplify;
mod unblock;
mod vectorise;

use super::access::Access;
use super::ir::Module;
pub use settle::settle;
pub use sift::GROUP as PLACES_AT_ONCE;
pub use vectorise::Outcome;

/// A pass that is made to go wrong, so that tests can show that they would notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "made by tests only")]
pub enum Spoilt {
    /// A float that is folded is off by one bit.
    Fold,
    /// Every row is taken to be there.
    Bounds,
    /// What was stored is not known to have changed what stands there.
    Memory,
    /// The arms of what was an early return change places.
    Unblock,
    /// What a loop stores is taken to be the same in each round.
    Hoist,
    /// A condition whose results nobody needs goes with what it does.
    Dead,
    /// Of what two arms store, the wrong one is chosen.
    Flatten,
    /// Lanes add where they should subtract.
    Vectorise,
    /// `and` and `or` change places.
    Join,
    /// Loops that are counted leave out every other round.
    Count,
    /// Places behind the last one of a loop are asked too.
    Sift,
    /// NaNs are stored as they are.
    Settle,
}

impl Spoilt {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Spoilt; 12] = [
        Spoilt::Fold,
        Spoilt::Bounds,
        Spoilt::Memory,
        Spoilt::Unblock,
        Spoilt::Hoist,
        Spoilt::Dead,
        Spoilt::Flatten,
        Spoilt::Vectorise,
        Spoilt::Join,
        Spoilt::Count,
        Spoilt::Sift,
        Spoilt::Settle,
    ];
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
    /// How many loops ask many places at once.
    pub sifted: usize,
}

/// Runs the scalar passes over every system.
pub fn scalar(module: &mut Module, passes: Passes) -> Vec<Facts> {
    let facts = module.systems.iter_mut().map(|system| {
        if passes.scalar {
            simplify::simplify(system, passes.spoilt);
            unblock::unblock(system, passes.spoilt);
            simplify::simplify(system, passes.spoilt);
            hoist::hoist(system, passes.spoilt);
            simplify::simplify(system, passes.spoilt);
            dead::remove_dead(system, passes.spoilt);
        }
        Facts {
            access: Access::of(system),
            loops: Vec::new(),
            sifted: 0,
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
        join::join(system, passes.spoilt);
        count::count(system, passes.spoilt);
        facts.sifted = sift::sift(module, system, passes.spoilt);
        simplify::simplify(system, None);
        dead::remove_dead(system, passes.spoilt);
    }
    module.systems = systems;
}

#[cfg(test)]
mod tests;
