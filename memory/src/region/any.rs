//! A region whose state is checked when it moves, for fields that hold it across states.

use std::fmt;

use bytemuck::Pod;

use super::{Core, Phase, Region, Span, State};
use crate::MemoryError;

/// A [`Region`] in whichever state. Wrong moves panic with region, owner and frame.
///
/// ```
/// use layerw_memory::{AnyRegion, Arena, MemoryConfig, Regions, Tier};
///
/// let arena = Arena::new(&MemoryConfig::default())?;
/// let staging = Regions::new(&arena, Tier::Gpu, "staging", 64 << 10, 3)?;
/// let mut region = AnyRegion::from(staging.take()?);
/// for frame in 0..3 {
///     region.fill(frame);
///     let numbers = region.push(&[1_u32, 2])?;
///     region.seal();
///     assert_eq!(region.get(numbers)?, [1, 2]);
///     region.launch(u64::from(frame));
///     assert!(region.vent(u64::from(frame)));
///     region.recycle();
/// }
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
pub struct AnyRegion {
    core: Core,
}

impl AnyRegion {
    /// From free to filling.
    ///
    /// # Panics
    /// In another state; so do all moves.
    pub fn fill(&mut self, frame: u32) {
        self.expect(&[Phase::Free], "filled");
        self.core.fill(frame);
    }

    /// Copies values in while it is being filled.
    ///
    /// # Errors
    /// [`MemoryError::RegionFull`].
    ///
    /// # Panics
    /// In another state.
    pub fn push<T: Pod>(&mut self, values: &[T]) -> Result<Span<T>, MemoryError> {
        self.expect(&[Phase::Filling], "written");
        self.core.push(values.len(), |index| values[index])
    }

    /// From filling to sealed.
    ///
    /// # Panics
    /// In another state.
    pub fn seal(&mut self) {
        self.expect(&[Phase::Filling], "sealed");
        self.core.seal();
    }

    /// From sealed to in flight, until this fence passes.
    ///
    /// # Panics
    /// In another state.
    pub fn launch(&mut self, fence: u64) {
        self.expect(&[Phase::Sealed], "launched");
        self.core.launch(fence);
    }

    /// From sealed, or from in flight when its fence is among those passed, to vented. False when it is still in flight.
    ///
    /// # Panics
    /// In another state, vented twice for one.
    pub fn vent(&mut self, passed: u64) -> bool {
        self.expect(&[Phase::Sealed, Phase::InFlight], "vented");
        let done = self.core.phase == Phase::Sealed || self.core.fence <= passed;
        if done {
            self.core.vent();
        }
        done
    }

    /// From vented to free.
    ///
    /// # Panics
    /// In another state.
    pub fn recycle(&mut self) {
        self.expect(&[Phase::Vented], "recycled");
        self.core.enter(Phase::Free);
    }

    /// The values of a span of this filling, when sealed or in flight.
    ///
    /// # Errors
    /// [`MemoryError::Stale`].
    ///
    /// # Panics
    /// In another state.
    pub fn get<T: Pod>(&self, span: Span<T>) -> Result<&[T], MemoryError> {
        self.expect(&[Phase::Sealed, Phase::InFlight], "read");
        self.core.get(span)
    }

    /// Frame of its last filling.
    pub fn frame(&self) -> u32 {
        self.core.frame
    }

    fn expect(&self, phases: &[Phase], verb: &str) {
        let names = || {
            phases
                .iter()
                .map(|phase| phase.name())
                .collect::<Vec<_>>()
                .join(" or ")
        };
        assert!(
            phases.contains(&self.core.phase),
            "memory: {} cannot be {verb}: it must be {}",
            self.core.name(),
            names()
        );
    }
}

impl<S: State> From<Region<S>> for AnyRegion {
    fn from(region: Region<S>) -> AnyRegion {
        AnyRegion { core: region.core }
    }
}

impl fmt::Debug for AnyRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyRegion({})", self.core.name())
    }
}
