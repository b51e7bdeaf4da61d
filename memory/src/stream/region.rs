//! The region: pages, slots and the phases of its frames.

use std::collections::VecDeque;
use std::fmt;
use std::ptr::NonNull;

use super::config::check_granularity;
use super::decide::{Desk, Fate, Terms, Wanted};
use super::fill::Given;
use super::index::KeyIndex;
use super::log::LogHash;
use super::slots::{NONE, Slots, State};
use super::{Counters, Fills, Overwrite, Reader, StreamConfig, StreamError, Want};
use crate::sync::stamp;
use crate::{Arena, MemoryError, Owner, POISON, PageRun};

/// Pages of a pool, divided into slots of equal size that items overwrite near to far. See the [module](super).
///
/// ```
/// use layerw_memory::stream::{StreamConfig, StreamRegion, Want};
/// use layerw_memory::{Arena, MemoryConfig};
///
/// let arena = Arena::new(&MemoryConfig::default())?;
/// let mut tiles = StreamRegion::new(&arena, &StreamConfig { granularity: 4 << 10, ..StreamConfig::new("tiles", 64 << 10) })?;
/// for frame in 1..=3 {
///     tiles.begin(frame)?;
///     let camera = [10.0 * frame as f32, 0.0, 0.0];
///     for tile in 0..20_u64 {
///         tiles.want(tile, Want::between(camera, [tile as f32, 0.0, 0.0]))?;
///     }
///     tiles.decide()?;
///     for mut fill in tiles.fills() {
///         let value = fill.key() as u8;
///         fill.bytes().fill(value);
///         fill.seal();
///     }
///     let reader = tiles.reader()?;
///     let nearest = reader.find(10).expect("there is room for sixteen tiles");
///     assert_eq!(reader.get(nearest)?[..3], [10, 10, 10]);
///     tiles.end()?;
///     tiles.retire(frame)?;                               // in earnest: when the device has signalled
/// }
/// assert_eq!(tiles.counters().frames, 3);
/// # Ok::<(), layerw_memory::MemoryError>(())
/// ```
pub struct StreamRegion {
    arena: Arena,
    owner: Owner,
    run: PageRun,
    /// With the granularity of now.
    config: StreamConfig,
    slots: Slots,
    /// What the open frame wants, each item once.
    wants: Vec<Wanted>,
    /// Places in `wants` of items that are nowhere.
    missing: KeyIndex,
    desk: Desk,
    /// Slots that the open frame gave to items.
    given: Vec<Given>,
    log: Vec<Overwrite>,
    hash: LogHash,
    counters: Counters,
    phase: Phase,
    /// Frames begun and not retired, the open one included.
    frames: VecDeque<u64>,
    newest: Option<u64>,
    retired: Option<u64>,
    /// Unique to the open frame.
    stamp: u64,
}

/// Where in a frame a region is.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Phase {
    Between,
    Wanting(u64),
    Decided(u64),
}

impl StreamRegion {
    /// Reserves the pages and all memory that frames need.
    ///
    /// # Errors
    /// [`StreamError::Setting`] and [`StreamError::Granularity`], as [`MemoryError::Stream`]; those of [`Pool::owner`](crate::Pool::owner) and
    /// [`Pool::reserve`](crate::Pool::reserve). Then nothing stays reserved.
    pub fn new(arena: &Arena, config: &StreamConfig) -> Result<StreamRegion, MemoryError> {
        config.validate()?;
        let bytes = config.rounded();
        let pool = arena.pool(config.tier);
        let owner = pool.owner(&config.name, bytes)?;
        let pages = (bytes / crate::PAGE as u64) as u32;
        let run = pool
            .reserve(owner, pages)
            .inspect_err(|_| pool.retire(owner))?;
        let count = (bytes / config.granularity) as usize;
        let given_max = config.overwrites_max.min(config.wants_max).min(count);
        Ok(StreamRegion {
            arena: arena.clone(),
            owner,
            run,
            config: config.clone(),
            slots: Slots::new(count, None),
            wants: Vec::with_capacity(config.wants_max),
            missing: KeyIndex::new(config.wants_max),
            desk: Desk::new(count, config.wants_max, config.overwrites_max),
            given: Vec::with_capacity(given_max),
            log: Vec::with_capacity(given_max),
            hash: LogHash::new(),
            counters: Counters::default(),
            phase: Phase::Between,
            frames: VecDeque::with_capacity(config.in_flight_max),
            newest: None,
            retired: None,
            stamp: 0,
        })
    }

    /// Opens a frame. Its number is that of its fence: whatever counts upwards.
    ///
    /// # Errors
    /// [`StreamError::Phase`] when a frame is open, [`StreamError::FrameOrder`] when the number does not rise,
    /// [`StreamError::FramesInFlight`] when too many frames have not retired. Then nothing has changed.
    pub fn begin(&mut self, frame: u64) -> Result<(), StreamError> {
        if self.phase != Phase::Between {
            return Err(self.refuse("begin a frame", "end that one first"));
        }
        if let Some(newest) = self.newest.filter(|&newest| newest >= frame) {
            let region = self.name().to_owned();
            return Err(StreamError::FrameOrder {
                region,
                frame,
                newest,
            });
        }
        let in_flight = self.frames.len();
        if let Some(&oldest) = self.frames.front()
            && in_flight >= self.config.in_flight_max
        {
            let region = self.name().to_owned();
            return Err(StreamError::FramesInFlight {
                region,
                frame,
                in_flight,
                oldest,
            });
        }
        self.wants.clear();
        self.missing.clear();
        self.given.clear();
        self.log.clear();
        self.frames.push_back(frame);
        (self.phase, self.newest) = (Phase::Wanting(frame), Some(frame));
        self.stamp = stamp();
        Ok(())
    }

    /// Says that the open frame wants an item. Said twice, as by several cameras, the nearer counts.
    ///
    /// # Errors
    /// [`StreamError::Phase`] unless a frame is open and not decided yet, [`StreamError::WantsFull`]; the item is not wanted then.
    pub fn want(&mut self, key: u64, want: Want) -> Result<(), StreamError> {
        let Phase::Wanting(frame) = self.phase else {
            return Err(self.refuse(
                "take wants",
                "want items between the frame's begin and its decision",
            ));
        };
        let slot = self.slots.find(key);
        let known = match slot {
            Some(slot) => {
                let slot = self.slots.slot(slot);
                (slot.wanted == Some(frame)).then_some(slot.place)
            }
            None => self.missing.get(key),
        };
        if let Some(place) = known {
            let wanted = &mut self.wants[place as usize];
            wanted.want = wanted.want.nearest(want);
            return Ok(());
        }
        let max = self.config.wants_max;
        if self.wants.len() == max {
            let region = self.name().to_owned();
            return Err(StreamError::WantsFull {
                region,
                frame,
                key,
                max,
            });
        }
        let place = self.wants.len() as u32;
        match slot {
            Some(slot) => {
                let slot = self.slots.slot_mut(slot);
                (slot.wanted, slot.place) = (Some(frame), place);
            }
            None => self.missing.insert(key, place),
        }
        self.wants.push(Wanted {
            key,
            want,
            slot: slot.unwrap_or(NONE),
            fate: Fate::Admitted,
            given: false,
        });
        Ok(())
    }

    /// Decides which slots are overwritten, and returns the records of it. [`fills`](Self::fills) gives the slots out.
    ///
    /// # Errors
    /// [`StreamError::Phase`] unless a frame is open and not decided yet. [`StreamError::Starved`] when a request has waited too long for a slot; **the
    /// decision is made all the same**, what could be served is in [`log`](Self::log), and the frame goes on.
    pub fn decide(&mut self) -> Result<&[Overwrite], StreamError> {
        let Phase::Wanting(frame) = self.phase else {
            return Err(self.refuse("decide", "begin a frame, and decide it once"));
        };
        let terms = Terms {
            frame,
            retired: self.retired,
            in_flight: self.frames.len(),
            overwrites_max: self.config.overwrites_max,
            factor: 1.0 + self.config.hysteresis,
            bytes: self.config.granularity,
        };
        let Self {
            log, given, hash, ..
        } = self;
        self.desk
            .decide(&terms, &mut self.slots, &mut self.wants, |record| {
                let Overwrite { new, slot, .. } = record;
                hash.add(&record);
                log.push(record);
                given.push(Given {
                    key: new,
                    slot,
                    sealed: false,
                });
            });
        self.phase = Phase::Decided(frame);
        self.poison();
        self.count();
        self.starved(frame).map_or(Ok(()), Err)?;
        Ok(&self.log)
    }

    /// The slots that this frame's decision gave to items and that are not sealed yet; none before the decision.
    pub fn fills(&mut self) -> Fills<'_> {
        let base = self.arena.pool(self.config.tier).address(self.run);
        // SAFETY: the run is this region's alone, since nobody else has its owner. The slots given in a frame are all different and exist, because each was
        // idle and is kept since, until the next decision. They are used by nobody else: the region is borrowed exclusively, and no
        // frame in flight reads an idle slot. Arena memory is initialised from the start.
        unsafe { Fills::new(base, self.config.granularity as usize, &mut self.given) }
    }

    /// The permission to read what the open frame wanted and found: after the decision, and once slots are filled.
    ///
    /// # Errors
    /// [`StreamError::Phase`] unless a frame is open and decided.
    pub fn reader(&self) -> Result<Reader<'_>, StreamError> {
        let Phase::Decided(frame) = self.phase else {
            return Err(self.refuse("be read", "read between a frame's decision and its end"));
        };
        Ok(Reader {
            region: self,
            frame,
            stamp: self.stamp,
        })
    }

    /// Closes the frame: from here until it retires, a device may read its items. Slots that were not sealed become empty. A frame may end
    /// undecided, too: then it reads nothing.
    ///
    /// # Errors
    /// [`StreamError::Phase`] when none is open.
    pub fn end(&mut self) -> Result<(), StreamError> {
        if self.phase == Phase::Between {
            return Err(self.refuse("end a frame", "begin one first"));
        }
        for given in &mut self.given {
            if given.sealed {
                self.slots.slot_mut(given.slot).filled = true;
            } else {
                self.slots.abandon(given.slot);
                given.slot = NONE;
                self.counters.unfilled += 1;
            }
        }
        self.phase = Phase::Between;
        Ok(())
    }

    /// Says that this frame and all before it have been read: their fence has passed. At any time; again, or backwards, changes nothing.
    ///
    /// # Errors
    /// [`StreamError::Retire`] for a frame that has not ended; nothing has changed then.
    pub fn retire(&mut self, frame: u64) -> Result<(), StreamError> {
        let ended = match self.phase {
            Phase::Between => self.newest,
            Phase::Wanting(open) | Phase::Decided(open) => {
                let before = self.frames.iter().rev().find(|&&frame| frame < open);
                before.copied().or(self.retired)
            }
        };
        if Some(frame) > ended {
            let region = self.name().to_owned();
            return Err(StreamError::Retire {
                region,
                frame,
                ended,
            });
        }
        while self.frames.front().is_some_and(|&oldest| oldest <= frame) {
            self.frames.pop_front();
        }
        self.retired = self.retired.max(Some(frame));
        Ok(())
    }

    /// Divides the region anew. All items are forgotten; slots that overlap what a frame in flight may read are used when it retires. Nothing
    /// happens where the granularity is that already. Allocates.
    ///
    /// # Errors
    /// [`StreamError::Phase`] while a frame is open, [`StreamError::Granularity`] when it does not fit; nothing has changed then.
    pub fn set_granularity(&mut self, bytes: u64) -> Result<(), StreamError> {
        if self.phase != Phase::Between {
            return Err(self.refuse(
                "change its granularity",
                "end the frame first, and change it before the next",
            ));
        }
        check_granularity(self.name(), self.run.bytes(), bytes)?;
        if bytes == self.config.granularity {
            return Ok(());
        }
        let count = (self.run.bytes() / bytes) as usize;
        let StreamConfig {
            wants_max,
            overwrites_max,
            ..
        } = self.config;
        let given_max = overwrites_max.min(wants_max).min(count);
        self.config.granularity = bytes;
        self.slots = Slots::new(count, self.frames.back().copied());
        self.desk = Desk::new(count, wants_max, overwrites_max);
        (self.given, self.log) = (Vec::with_capacity(given_max), Vec::with_capacity(given_max));
        self.hash.add_granularity(bytes);
        Ok(())
    }

    /// Name of the region and of its pages' owner.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Bytes of a slot.
    pub fn granularity(&self) -> u64 {
        self.config.granularity
    }

    /// Slots in all.
    pub fn slots(&self) -> usize {
        self.slots.count()
    }

    /// The pages, within the pool.
    pub fn run(&self) -> PageRun {
        self.run
    }

    /// Whether an item's bytes are in a slot. What the open frame may read of that, its [reader](Self::reader) says.
    pub fn is_resident(&self, key: u64) -> bool {
        self.slots
            .find(key)
            .is_some_and(|slot| self.slots.slot(slot).filled)
    }

    /// What the last decision overwrote, in the order of deciding: nearest first. Kept until the next frame begins.
    pub fn log(&self) -> &[Overwrite] {
        &self.log
    }

    /// One number for everything that was ever overwritten here: equal logs have equal hashes.
    pub fn log_hash(&self) -> u64 {
        self.hash.0
    }

    /// Sums since the region was made.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Frames begun and not retired.
    pub fn in_flight(&self) -> usize {
        self.frames.len()
    }

    /// The slot of an item that the frame may read.
    pub(super) fn readable(&self, key: u64, frame: u64) -> Option<u32> {
        let number = self.slots.find(key)?;
        let slot = self.slots.slot(number);
        let is_read = slot.state == State::Kept && slot.read == Some(frame);
        let is_sealed = || {
            let given = self.given.get(slot.given as usize);
            given.is_some_and(|given| given.slot == number && given.sealed)
        };
        (is_read && (slot.filled || is_sealed())).then_some(number)
    }

    /// Where a slot begins.
    pub(super) fn address(&self, slot: u32) -> NonNull<u8> {
        let base = self.arena.pool(self.config.tier).address(self.run);
        // SAFETY: slots lie within the run.
        unsafe { base.add(slot as usize * self.config.granularity as usize) }
    }

    /// Debug builds make what is overwritten unrecognisable.
    fn poison(&mut self) {
        if cfg!(debug_assertions) {
            for mut fill in self.fills() {
                fill.bytes().fill(POISON);
            }
        }
    }

    fn count(&mut self) {
        let counters = &mut self.counters;
        counters.frames += 1;
        counters.fills += self.log.len() as u64;
        let overwrites = self.log.iter().filter(|record| record.old.is_some());
        let overwrites = overwrites.count() as u64;
        counters.overwrites += overwrites;
        counters.bytes_overwritten += overwrites * self.config.granularity;
        counters.waits += self.desk.waiting().len() as u64;
        for wanted in &self.wants {
            let is_there = wanted.slot != NONE && wanted.fate != Fate::Condemned;
            let is_now = wanted.want.is_now();
            counters.hits += u64::from(is_now && is_there && !wanted.given);
            counters.misses += u64::from(is_now && !is_there);
            counters.unplaced += u64::from(wanted.want.reach() == f32::INFINITY);
        }
    }

    /// The error of a request that has waited too long.
    fn starved(&self, frame: u64) -> Option<StreamError> {
        let longest = self.desk.longest_waiting()?;
        if longest.frames < u64::from(self.config.wait_frames) {
            return None;
        }
        let is_pinned = |wanted: &&Wanted| wanted.slot != NONE && wanted.want.is_pinned();
        let pinned = self.wants.iter().filter(is_pinned).count();
        Some(StreamError::Starved {
            region: self.name().to_owned(),
            frame,
            key: longest.key,
            waited: longest.frames,
            waiting: self.desk.waiting().len(),
            slots: self.slots.count(),
            pinned,
            in_flight: self.slots.count() - self.slots.idle() - pinned,
            oldest: self
                .frames
                .front()
                .copied()
                .filter(|&oldest| oldest != frame),
        })
    }

    #[cold]
    fn refuse(&self, verb: &'static str, cure: &'static str) -> StreamError {
        let frame = match self.phase {
            Phase::Between => None,
            Phase::Wanting(frame) | Phase::Decided(frame) => Some(frame),
        };
        StreamError::Phase {
            region: self.name().to_owned(),
            verb,
            frame,
            cure,
        }
    }
}

impl Drop for StreamRegion {
    fn drop(&mut self) {
        // What a frame in flight may still read is better lost to the pool, and listed in its table, than written by its next owner.
        if self.frames.is_empty() {
            let pool = self.arena.pool(self.config.tier);
            pool.release(self.owner, self.run);
            pool.retire(self.owner);
        }
    }
}

impl fmt::Debug for StreamRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRegion")
            .field("name", &self.config.name)
            .field("granularity", &self.config.granularity)
            .field("slots", &self.slots.count())
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
