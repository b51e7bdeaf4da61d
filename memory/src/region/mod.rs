//! Regions: pages with a life cycle, for data that one frame writes and something slower reads (a device, a renderer).
//!
//! ```text
//!            fill(frame)          seal()           launch(fence)            vent(passed)
//!   Free ──────────────▶ Filling ──────▶ Sealed ─────────────────▶ InFlight ────────────▶ Vented
//!     ▲                  push             │ get                      get                    │
//!     │                                   └───────────────── vent() ──────────────────────▶ │
//!     └──────────────────────────────────────── recycle() ────────────────────────────────── ┘
//! ```
//!
//! The state is a type parameter and every move takes the region by value, so reading a vented region or filling a sealed one does not
//! compile. Where a region must be kept in a field across states, [`AnyRegion`] checks the same moves when they are made and panics with
//! region, owner and frame.
//!
//! [`Regions`] is where they come from and go back to: a fixed number of equal regions of one pool, reserved once. **Dropping returns
//! the pages in every state**, also when a job panics. Regions dropped in flight stay with their fence until
//! [`Regions::land`] hears that it has passed: nothing that a device may still read is written.

mod any;
mod depot;
#[cfg(all(test, not(feature = "loom")))]
mod tests;

use std::fmt;
use std::marker::PhantomData;
use std::mem::{align_of, size_of};
use std::ptr::NonNull;
use std::slice;

use bytemuck::Pod;

use crate::consts::PAGE;
use crate::sync::stamp;
use crate::{MemoryError, POISON, PageRun};
use depot::Home;

pub use any::AnyRegion;
pub use depot::Regions;

/// Not in use: what [`Regions::take`] gives.
#[derive(Debug)]
pub enum Free {}
/// Being written by one thread.
#[derive(Debug)]
pub enum Filling {}
/// Complete: readable by all, written by nobody.
#[derive(Debug)]
pub enum Sealed {}
/// Read by something that has not finished, until its fence passes.
#[derive(Debug)]
pub enum InFlight {}
/// Done with: nothing in it can be read.
#[derive(Debug)]
pub enum Vented {}

/// The states of a region's life.
pub trait State: sealed::State {}

impl State for Free {}
impl State for Filling {}
impl State for Sealed {}
impl State for InFlight {}
impl State for Vented {}

/// States in which a region can be read.
#[diagnostic::on_unimplemented(
    message = "a region that is `{Self}` cannot be read",
    label = "readable are regions that are Sealed or InFlight",
    note = "seal it first; after venting its bytes belong to the next frame"
)]
pub trait Readable: State {}

impl Readable for Sealed {}
impl Readable for InFlight {}

/// One region in a state. See the [module](self).
///
/// ```
/// use layerw_memory::{Arena, MemoryConfig, Regions, Tier};
///
/// let arena = Arena::new(&MemoryConfig::default())?;
/// let staging = Regions::new(&arena, Tier::Gpu, "staging", 64 << 10, 3)?;
///
/// let mut region = staging.take()?.fill(17);
/// let points = region.push(&[1.0_f32, 2.0])?;
/// let region = region.seal();
/// assert_eq!(region.get(points)?, [1.0, 2.0]);
/// let region = region.launch(5);                          // the device signals 5 when it has read everything
/// let region = region.vent(4).expect_err("still in flight");
/// let region = region.vent(5).expect("the fence has passed");
/// let again = region.recycle().fill(18);
/// assert_eq!(again.frame(), 18);
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
pub struct Region<S: State> {
    core: Core,
    state: PhantomData<fn() -> S>,
}

/// Where values lie in a region: plain data, valid for one filling of it.
pub struct Span<T> {
    offset: usize,
    len: usize,
    stamp: u64,
    frame: u32,
    kind: PhantomData<fn() -> T>,
}

impl Region<Free> {
    /// Begins to fill it, in this frame.
    pub fn fill(mut self, frame: u32) -> Region<Filling> {
        self.core.fill(frame);
        self.moved()
    }
}

impl Region<Filling> {
    /// Copies values in, behind what is there, aligned for their type.
    ///
    /// # Errors
    /// [`MemoryError::RegionFull`]; what is in it stays.
    pub fn push<T: Pod>(&mut self, values: &[T]) -> Result<Span<T>, MemoryError> {
        self.core.push(values.len(), |index| values[index])
    }

    /// As [`push`](Self::push), from a function of the index: straight into the region.
    ///
    /// # Errors
    /// [`MemoryError::RegionFull`], before the function is called.
    pub fn push_with<T: Pod>(
        &mut self,
        len: usize,
        value: impl FnMut(usize) -> T,
    ) -> Result<Span<T>, MemoryError> {
        self.core.push(len, value)
    }

    /// Ends the writing.
    pub fn seal(mut self) -> Region<Sealed> {
        self.core.seal();
        self.moved()
    }
}

impl Region<Sealed> {
    /// Hands it to a reader that finishes later, and says so by passing this fence. Fences count upwards.
    pub fn launch(mut self, fence: u64) -> Region<InFlight> {
        self.core.launch(fence);
        self.moved()
    }

    /// Ends its use.
    pub fn vent(mut self) -> Region<Vented> {
        self.core.vent();
        self.moved()
    }
}

impl Region<InFlight> {
    /// Ends its use, if its fence is among those passed; else it is given back as it was.
    ///
    /// # Errors
    /// The region itself, still in flight.
    pub fn vent(mut self, passed: u64) -> Result<Region<Vented>, Region<InFlight>> {
        if self.core.fence > passed {
            return Err(self);
        }
        self.core.vent();
        Ok(self.moved())
    }

    /// The fence that its reader passes when done.
    pub fn fence(&self) -> u64 {
        self.core.fence
    }
}

impl Region<Vented> {
    /// Makes it ready for another frame without going through [`Regions`].
    pub fn recycle(mut self) -> Region<Free> {
        self.core.enter(Phase::Free);
        self.moved()
    }
}

impl<S: State> Region<S> {
    /// The values of a span of this filling.
    ///
    /// # Errors
    /// [`MemoryError::Stale`] for a span of another region or an earlier frame.
    pub fn get<T: Pod>(&self, span: Span<T>) -> Result<&[T], MemoryError>
    where
        S: Readable,
    {
        self.core.get(span)
    }

    /// All that was pushed, with gaps for alignment, whose bytes are unspecified.
    pub fn bytes(&self) -> &[u8]
    where
        S: Readable,
    {
        self.core.bytes()
    }

    /// Place among its equals, from 0.
    pub fn index(&self) -> usize {
        self.core.index
    }

    /// Its pages within the pool, for those that address memory by offset.
    pub fn run(&self) -> PageRun {
        self.core.run
    }

    /// Frame of its last filling.
    pub fn frame(&self) -> u32 {
        self.core.frame
    }

    /// Bytes pushed in its last filling, with gaps for alignment.
    pub fn used(&self) -> usize {
        self.core.used
    }

    fn moved<Next: State>(self) -> Region<Next> {
        Region {
            core: self.core,
            state: PhantomData,
        }
    }
}

impl<S: State> fmt::Debug for Region<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.core.name())
    }
}

impl<T> Clone for Span<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Span<T> {}

impl<T> fmt::Debug for Span<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span {
            offset, len, frame, ..
        } = self;
        write!(f, "Span({len} values from byte {offset}, frame {frame})")
    }
}

/// The state as a value, for messages, for [`AnyRegion`] and for going home.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Phase {
    Free,
    Filling,
    Sealed,
    InFlight,
    Vented,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Phase::Free => "free",
            Phase::Filling => "being filled",
            Phase::Sealed => "sealed",
            Phase::InFlight => "in flight",
            Phase::Vented => "vented",
        }
    }
}

/// What a region is in every state. Goes home when dropped.
struct Core {
    home: Home,
    index: usize,
    run: PageRun,
    start: NonNull<u8>,
    used: usize,
    frame: u32,
    /// Fence of the last launch.
    fence: u64,
    /// Unique to this filling.
    stamp: u64,
    phase: Phase,
}

// SAFETY: the bytes behind `start` belong to this value alone (its home gives each region out once and keeps the owner private), so
// they may be used wherever the value is.
unsafe impl Send for Core {}
// SAFETY: through `&Core` bytes are only read.
unsafe impl Sync for Core {}

impl Core {
    fn fill(&mut self, frame: u32) {
        (self.frame, self.used, self.stamp) = (frame, 0, stamp());
        self.home.pool().lend_out(self.run);
        self.enter(Phase::Filling);
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.home.note(self.index, phase, self.frame);
    }

    fn push<T: Pod>(
        &mut self,
        len: usize,
        mut value: impl FnMut(usize) -> T,
    ) -> Result<Span<T>, MemoryError> {
        const { assert!(align_of::<T>() <= PAGE) };
        let offset = self.used.next_multiple_of(align_of::<T>());
        let bytes = size_of::<T>().saturating_mul(len);
        let room = self.run.pages as usize * PAGE;
        let end = offset.saturating_add(bytes);
        if end > room {
            return Err(self.full(bytes, room));
        }
        // SAFETY: `offset` is within the region, whose start is on a page, and so aligned for T.
        let first = unsafe { self.start.add(offset) }.cast::<T>();
        for index in 0..len {
            // SAFETY: `offset + len * size` is within the region, and `&mut self` is the only way to its bytes.
            unsafe { first.add(index).write(value(index)) };
        }
        self.used = end;
        Ok(Span {
            offset,
            len,
            stamp: self.stamp,
            frame: self.frame,
            kind: PhantomData,
        })
    }

    fn seal(&mut self) {
        self.home.pool().seal(self.run);
        self.enter(Phase::Sealed);
    }

    fn launch(&mut self, fence: u64) {
        self.fence = fence;
        self.enter(Phase::InFlight);
    }

    fn vent(&mut self) {
        let pool = self.home.pool();
        if pool.poisons() {
            // It may be sealed.
            pool.lend_out(self.run);
            // SAFETY: within the region, whose bytes nobody else can reach: references into it borrowed the region.
            unsafe { self.start.write_bytes(POISON, self.used) };
        }
        pool.take_in(self.run);
        self.enter(Phase::Vented);
    }

    fn get<T: Pod>(&self, span: Span<T>) -> Result<&[T], MemoryError> {
        if span.stamp != self.stamp {
            return Err(MemoryError::Stale {
                what: "span",
                lent: span.frame,
                now: self.frame,
            });
        }
        // SAFETY: the stamp says that `push` wrote these values in this filling, which is not vented yet.
        Ok(unsafe { slice::from_raw_parts(self.start.add(span.offset).cast().as_ptr(), span.len) })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: within the region; arena memory is initialised from the start and `Pod` values have no padding.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.used) }
    }

    fn name(&self) -> String {
        let (owner, pool) = (self.home.name(), self.home.pool_name());
        format!(
            "region {} of {owner:?} in pool {pool}, {}, frame {}",
            self.index,
            self.phase.name(),
            self.frame
        )
    }

    #[cold]
    fn full(&self, asked: usize, room: usize) -> MemoryError {
        let (asked, used, budget) = (asked as u64, self.used as u64, room as u64);
        let (pool, owner) = (self.home.pool_name(), self.home.name().to_owned());
        MemoryError::RegionFull {
            pool,
            owner,
            region: self.index,
            frame: self.frame,
            asked,
            used,
            budget,
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if matches!(self.phase, Phase::Filling | Phase::Sealed) {
            self.vent();
        }
        let fence = (self.phase == Phase::InFlight).then_some(self.fence);
        self.home.come_back(self.index, fence);
    }
}

mod sealed {
    pub trait State {}
    impl State for super::Free {}
    impl State for super::Filling {}
    impl State for super::Sealed {}
    impl State for super::InFlight {}
    impl State for super::Vented {}
}
