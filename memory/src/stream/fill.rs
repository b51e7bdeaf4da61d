//! Slots to be filled in this frame: disjoint bytes that workers write in parallel.

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;

use super::slots::NONE;

/// A slot that an item was given in this frame.
#[derive(Copy, Clone, Debug)]
pub(super) struct Given {
    pub key: u64,
    /// [`NONE`] where the item is given up.
    pub slot: u32,
    pub sealed: bool,
}

/// The slots that are still to be filled in this frame: an iterator that can be split, so that several workers each take a part.
///
/// ```
/// use layerw_memory::stream::{StreamConfig, StreamRegion, Want};
/// use layerw_memory::{Arena, MemoryConfig};
///
/// let arena = Arena::new(&MemoryConfig::default())?;
/// let mut tiles = StreamRegion::new(&arena, &StreamConfig::new("tiles", 1 << 20))?;
/// tiles.begin(1)?;
/// for key in 0..10 {
///     tiles.want(key, Want::distance(key as f32))?;
/// }
/// tiles.decide()?;
/// let (mine, yours) = tiles.fills().split();
/// std::thread::scope(|scope| {
///     for part in [mine, yours] {
///         scope.spawn(|| part.for_each(|mut fill| {
///             let value = fill.key() as u8;
///             fill.bytes().fill(value);
///             fill.seal();
///         }));
///     }
/// });
/// assert_eq!(tiles.reader()?.bytes(7).unwrap()[0], 7);
/// tiles.end()?;
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
pub struct Fills<'r> {
    /// Start of the region.
    base: NonNull<u8>,
    granularity: usize,
    given: &'r mut [Given],
}

/// One slot to be filled. Dropped without [`seal`](Self::seal), as when a job panics, it stays empty, and the item is not there in this frame.
pub struct Fill<'r> {
    given: &'r mut Given,
    bytes: NonNull<u8>,
    len: usize,
    region: PhantomData<&'r mut [u8]>,
}

// SAFETY: the pointer stands for exclusive use of the bytes of the slots in `given`, as a `&mut [u8]` to each would.
unsafe impl Send for Fills<'_> {}
// SAFETY: through `&Fills` nothing but counts is read.
unsafe impl Sync for Fills<'_> {}
// SAFETY: the pointer stands for a `&mut [u8]`.
unsafe impl Send for Fill<'_> {}
// SAFETY: through `&Fill` bytes are only read, and only by `Debug`, which reads none.
unsafe impl Sync for Fill<'_> {}

impl<'r> Fills<'r> {
    /// # Safety
    /// `base` leads to a region of slots of `granularity` bytes, of which those in `given` are all different, exist, are initialised, and are used by nobody else
    /// for 'r.
    pub(super) unsafe fn new(
        base: NonNull<u8>,
        granularity: usize,
        given: &'r mut [Given],
    ) -> Fills<'r> {
        Fills {
            base,
            granularity,
            given,
        }
    }

    /// Two halves.
    pub fn split(self) -> (Fills<'r>, Fills<'r>) {
        let middle = self.given.len() / 2;
        let Fills {
            base, granularity, ..
        } = self;
        let (left, right) = self.given.split_at_mut(middle);
        let part = |given| Fills {
            base,
            granularity,
            given,
        };
        (part(left), part(right))
    }

    /// Slots to be filled.
    pub fn len(&self) -> usize {
        self.given.iter().filter(|given| is_open(given)).count()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn is_open(given: &Given) -> bool {
    !given.sealed && given.slot != NONE
}

impl<'r> Iterator for Fills<'r> {
    type Item = Fill<'r>;

    fn next(&mut self) -> Option<Fill<'r>> {
        loop {
            let (given, rest) = std::mem::take(&mut self.given).split_first_mut()?;
            self.given = rest;
            if is_open(given) {
                // SAFETY: the slot exists, says `new`.
                let bytes = unsafe { self.base.add(given.slot as usize * self.granularity) };
                return Some(Fill {
                    given,
                    bytes,
                    len: self.granularity,
                    region: PhantomData,
                });
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for Fills<'_> {}

impl Fill<'_> {
    /// The item.
    pub fn key(&self) -> u64 {
        self.given.key
    }

    /// The slot, counted from the region's start.
    pub fn slot(&self) -> u32 {
        self.given.slot
    }

    /// The bytes to write, all of them: what they hold before is unspecified, and depends on history.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the slot's bytes, which are used through this value alone: the slots of a frame are all different, and `Fills` gives
        // each out once while the region is borrowed.
        unsafe { slice::from_raw_parts_mut(self.bytes.as_ptr(), self.len) }
    }

    /// Says that the slot holds the item.
    pub fn seal(self) {
        self.given.sealed = true;
    }
}

impl fmt::Debug for Fills<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fills({} slots)", self.len())
    }
}

impl fmt::Debug for Fill<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fill(item {} into slot {})", self.key(), self.slot())
    }
}
