//! Random operations on stream regions against a model that sorts everything and remembers everything, for eight granularities.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use layerw_memory::stream::{Overwrite, StreamConfig, StreamError, StreamRegion, Want};
use layerw_memory::{Arena, MemoryConfig, MemoryError, PAGE, Tier};

use crate::random::{Random, length};

/// Size of the region.
const BYTES: u64 = PAGE as u64;

/// From the least to the whole region.
const GRANULARITIES: [u64; 8] = [
    64,
    256,
    1 << 10,
    2 << 10,
    4 << 10,
    16 << 10,
    32 << 10,
    BYTES,
];

/// Operations on each, times [`length`].
const OPERATIONS: u64 = 100_000;

#[test]
fn random_frames_behave_as_in_the_model() {
    for (number, &granularity) in (0..).zip(&GRANULARITIES) {
        let mut seen = Seen::default();
        for seed in 0.. {
            if seen.operations >= OPERATIONS * length() && seed >= WORLDS {
                break;
            }
            World::new(1_000 * number + seed, granularity).run(&mut seen);
        }
        // The model proves nothing about what never happened.
        let Seen {
            overwrites,
            gave_way,
            starved,
            waited,
            failed,
            ..
        } = seen;
        for (what, count) in [
            ("overwrites", overwrites),
            ("wanted items that gave way", gave_way),
            ("starved", starved),
            ("waits", waited),
            ("fills that failed", failed),
        ] {
            assert!(count > 0, "{what}: {count} at {granularity} B");
        }
    }
}

/// Worlds of each, at least: they differ in their settings.
const WORLDS: u64 = 12;

/// What happened, over many worlds.
#[derive(Default)]
struct Seen {
    operations: u64,
    overwrites: u64,
    gave_way: u64,
    starved: u64,
    waited: u64,
    failed: u64,
}

/// What the model knows of a slot.
#[derive(Clone, Debug, Default)]
struct Slot {
    item: Option<Item>,
    /// Last frame that may read it.
    read: Option<u64>,
}

#[derive(Clone, Debug)]
struct Item {
    key: u64,
    want: Want,
    condemned: bool,
    /// What its bytes hold, if they were filled.
    mark: Option<u8>,
}

struct World {
    seed: u64,
    random: Random,
    region: StreamRegion,
    config: StreamConfig,
    slots: Vec<Slot>,
    frame: u64,
    in_flight: VecDeque<u64>,
    retired: Option<u64>,
    waiting: BTreeMap<u64, u64>,
    hash: u64,
    operations: u64,
    gave_way: u64,
    starved: u64,
}

impl World {
    fn new(seed: u64, granularity: u64) -> World {
        let mut random = Random::new(seed);
        let kind = random.below(3);
        let count = (BYTES / granularity) as usize;
        let config = StreamConfig {
            granularity,
            tier: [Tier::Gpu, Tier::Scene][random.below(2)],
            overwrites_max: 1 + [
                random.below(4),
                random.below(40),
                count / 2 + random.below(count),
            ][kind],
            wants_max: 1 + count / 2 + random.below(3 * count),
            in_flight_max: 1 + random.below(6),
            wait_frames: random.below(5) as u32,
            hysteresis: [0.0, 0.1, 1.0][random.below(3)],
            ..StreamConfig::new("tiles", BYTES)
        };
        let arena = Arena::new(&MemoryConfig::with_total(16 << 20)).unwrap();
        World {
            seed,
            random,
            region: StreamRegion::new(&arena, &config).unwrap(),
            slots: vec![Slot::default(); count],
            config,
            frame: 0,
            in_flight: VecDeque::new(),
            retired: None,
            waiting: BTreeMap::new(),
            hash: 0,
            operations: 0,
            gave_way: 0,
            starved: 0,
        }
    }

    fn run(mut self, seen: &mut Seen) {
        let most = 10_000 + 100 * self.slots.len() as u64;
        while self.operations < most {
            match self.random.below(100) {
                0..75 => self.frame(),
                75..98 => self.retire(),
                _ => self.reshape(),
            }
            self.operations += 1;
        }
        let counters = self.region.counters();
        seen.operations += self.operations;
        seen.overwrites += counters.overwrites;
        seen.gave_way += self.gave_way;
        seen.starved += self.starved;
        seen.waited += counters.waits;
        seen.failed += counters.unfilled;
    }

    fn frame(&mut self) {
        let seed = self.seed;
        let frame = self.frame + 1 + self.random.below(3) as u64 / 2;
        let begun = self.region.begin(frame);
        if self.in_flight.len() == self.config.in_flight_max {
            let refused = matches!(begun, Err(StreamError::FramesInFlight { oldest, .. }) if oldest == self.in_flight[0]);
            assert!(refused, "seed {seed}: {begun:?}");
            return;
        }
        assert_eq!(begun, Ok(()), "seed {seed}");
        self.frame = frame;
        self.in_flight.push_back(frame);
        assert!(self.region.begin(frame + 1).is_err(), "seed {seed}");
        assert!(self.region.set_granularity(64).is_err(), "seed {seed}");
        let wants = self.want();
        if self.random.below(50) == 0 {
            return self.region.end().unwrap(); // undecided
        }
        let (served, starved) = self.decide(&wants);
        let result = self.region.decide().map(<[_]>::to_vec);
        assert_eq!(self.region.log(), served, "seed {seed}, frame {frame}");
        match result {
            Ok(log) => assert_eq!((log, starved), (served.clone(), None), "seed {seed}"),
            Err(StreamError::Starved { key, waited, .. }) => {
                assert_eq!(Some((key, waited)), starved, "seed {seed}, frame {frame}");
                self.starved += 1;
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
        assert!(
            served.is_empty() || self.region.log_hash() != self.hash,
            "seed {seed}"
        );
        self.hash = self.region.log_hash();
        self.gave_way += served
            .iter()
            .filter(|record| record.old_reach.is_some())
            .count() as u64;
        self.fill(&served);
        self.read(&wants, frame);
        self.region.end().unwrap();
        for record in &served {
            let slot = &mut self.slots[record.slot as usize];
            if slot.item.as_ref().is_some_and(|item| item.mark.is_none()) {
                *slot = Slot::default();
            }
        }
    }

    /// What a frame wants, by key. Few keys and distances, so that items meet again and ties are common.
    fn want(&mut self) -> BTreeMap<u64, Want> {
        let mut wants: BTreeMap<u64, Want> = BTreeMap::new();
        let room = self.slots.len();
        let busy = [2, room / 2, room, 2 * room][self.random.below(4)];
        let count = self.random.below(busy + 3);
        let pins = [0, 0, 0, 5, 60][self.random.below(5)];
        for _ in 0..count {
            self.operations += 1;
            let key = self.random.below(2 * room + 3) as u64;
            let want = match self.random.below(100) {
                percent if percent < pins => Want::pinned(),
                97.. => Want::between([f32::NAN, 0.0, 0.0], [0.0; 3]),
                _ => Want::distance(self.random.below(30) as f32),
            };
            let want = want.ahead([0.0, 0.0, 1.0, 5.0][self.random.below(4)]);
            let is_full = wants.len() == self.config.wants_max && !wants.contains_key(&key);
            match self.region.want(key, want) {
                Ok(()) => assert!(!is_full, "seed {}", self.seed),
                Err(StreamError::WantsFull { .. }) => {
                    assert!(is_full, "seed {}", self.seed);
                    continue;
                }
                Err(other) => panic!("seed {}: {other}", self.seed),
            }
            let known = wants.get(&key).copied();
            wants.insert(key, known.map_or(want, |known| known.nearest(want)));
        }
        wants
    }

    /// The decision by its definition: everything sorted, nothing clever.
    fn decide(&mut self, wants: &BTreeMap<u64, Want>) -> (Vec<Overwrite>, Option<(u64, u64)>) {
        let (frame, room) = (self.frame, self.slots.len());
        let factor = 1.0 + self.config.hysteresis;
        let items = (0..)
            .zip(&self.slots)
            .filter_map(|(slot, held)| Some((held.item.as_ref()?.key, slot)));
        let index: BTreeMap<u64, usize> = items.collect();
        // The cut.
        let mut order: Vec<(u64, Want)> = wants.iter().map(|(&key, &want)| (key, want)).collect();
        let rank = |&(key, want): &(u64, Want)| {
            let item = index
                .get(&key)
                .and_then(|&slot| self.slots[slot].item.as_ref());
            let bonus = item.is_some_and(|item| !item.condemned);
            let reach = want.reach() / if bonus { factor } else { 1.0 };
            (!want.is_pinned(), reach.to_bits(), key)
        };
        order.sort_by_key(rank);
        let beyond = order.split_off(order.len().min(room));
        let is_missing = |key: &u64| !index.contains_key(key);
        let missing = order.iter().filter(|(key, _)| is_missing(key)).count();
        let there: Vec<u64> = beyond
            .iter()
            .map(|&(key, _)| key)
            .filter(|key| !is_missing(key))
            .collect();
        let soon = missing.min(self.config.overwrites_max * self.in_flight.len());
        let unwanted = missing - there.len().min(missing);
        let count = soon.saturating_sub(unwanted).min(there.len());
        let condemned: BTreeSet<u64> = there[there.len() - count..].iter().copied().collect();
        // What is read by this frame, and what is not any more.
        for slot in &mut self.slots {
            let Some(item) = &mut slot.item else { continue };
            if wants.contains_key(&item.key) {
                item.condemned = condemned.contains(&item.key);
            }
            if let Some(&want) = wants.get(&item.key).filter(|_| !item.condemned) {
                (item.want, slot.read) = (want, Some(frame));
            }
        }
        // Requests.
        let pinned = wants.values().filter(|want| want.is_pinned()).count();
        let mut requests = order;
        if pinned >= room {
            requests.extend(&beyond);
        }
        requests.retain(|(key, _)| is_missing(key));
        requests.sort_by_key(|&(key, want)| (!want.is_pinned(), want.reach().to_bits(), key));
        requests.truncate(self.config.overwrites_max);
        let (mut log, mut waiting) = (Vec::new(), BTreeMap::new());
        for (key, want) in requests {
            let Some(slot) = self.next_idle() else {
                let before = self.waiting.get(&key);
                waiting.insert(key, before.map_or(0, |frames| frames + 1));
                continue;
            };
            let old = self.slots[slot].item.as_ref().map(|item| item.key);
            let old_want = old.and_then(|old| wants.get(&old));
            let farther =
                |old: &Want| (!old.is_pinned(), old.reach()) >= (!want.is_pinned(), want.reach());
            assert!(
                old_want.is_none_or(farther),
                "seed {}: near to far",
                self.seed
            );
            log.push(Overwrite {
                frame,
                slot: slot as u32,
                old,
                old_reach: old_want.map(|want| want.reach()),
                new: key,
                new_reach: want.reach(),
                bytes: self.config.granularity,
            });
            let item = Item {
                key,
                want,
                condemned: false,
                mark: None,
            };
            self.slots[slot] = Slot {
                item: Some(item),
                read: Some(frame),
            };
        }
        self.waiting = waiting;
        let longest = self
            .waiting
            .iter()
            .max_by_key(|&(&key, &frames)| (frames, std::cmp::Reverse(key)));
        let limit = u64::from(self.config.wait_frames);
        (
            log,
            longest
                .filter(|&(_, &frames)| frames >= limit)
                .map(|(&key, &frames)| (key, frames)),
        )
    }

    /// The slot to overwrite next, of those that nobody may read.
    fn next_idle(&self) -> Option<usize> {
        let idle = (0..self.slots.len()).filter(|&slot| self.slots[slot].read <= self.retired);
        idle.min_by_key(|&number| {
            let Slot { item, read } = &self.slots[number];
            match item {
                None => (false, None, std::cmp::Reverse((false, 0)), number as u64),
                Some(Item { key, want, .. }) => {
                    let rank = std::cmp::Reverse((!want.is_pinned(), want.reach().to_bits()));
                    (true, *read, rank, *key)
                }
            }
        })
    }

    /// Fills what was given, but for a few that fail; by halves, as workers would.
    fn fill(&mut self, served: &[Overwrite]) {
        let (left, right) = self.region.fills().split();
        assert_eq!(left.len() + right.len(), served.len(), "seed {}", self.seed);
        for mut fill in right.chain(left) {
            assert_eq!(fill.bytes().len() as u64, self.config.granularity);
            if self.random.below(20) == 0 {
                fill.bytes().fill(0xEE);
                continue;
            }
            let mark = self.random.next() as u8;
            fill.bytes().fill(mark);
            let item = self.slots[fill.slot() as usize].item.as_mut().unwrap();
            assert_eq!(item.key, fill.key(), "seed {}", self.seed);
            item.mark = Some(mark);
            fill.seal();
        }
    }

    /// A frame reads exactly what it wanted, what is there and what does not have to go; and every byte is the item's.
    fn read(&mut self, wants: &BTreeMap<u64, Want>, frame: u64) {
        let reader = self.region.reader().unwrap();
        for slot in &self.slots {
            let Some(item) = &slot.item else { continue };
            let is_read = slot.read == Some(frame) && item.mark.is_some();
            assert!(
                !is_read || wants.contains_key(&item.key),
                "seed {}",
                self.seed
            );
            let bytes = reader.bytes(item.key);
            assert_eq!(
                bytes.is_some(),
                is_read,
                "seed {}, frame {frame}: {item:?}",
                self.seed
            );
            if let Some(bytes) = bytes {
                // The ends and a word between: a slot that somebody else wrote would show in one of them.
                let places = [0, bytes.len() / 2, bytes.len() - 1].map(|place| Some(bytes[place]));
                assert_eq!(places, [item.mark; 3], "seed {}: stale bytes", self.seed);
            }
        }
    }

    fn retire(&mut self) {
        let Some(&newest) = self.in_flight.back() else {
            return;
        };
        let frame = self.in_flight[self.random.below(self.in_flight.len())];
        assert!(
            self.region.retire(newest + 1).is_err(),
            "seed {}",
            self.seed
        );
        self.region.retire(frame).unwrap();
        self.in_flight.retain(|&begun| begun > frame);
        self.retired = self.retired.max(Some(frame));
        assert_eq!(self.region.in_flight(), self.in_flight.len());
    }

    /// Another granularity and back: all is forgotten, and what is in flight is still guarded.
    fn reshape(&mut self) {
        let granularity = self.config.granularity;
        self.region
            .set_granularity(if granularity == 64 { 128 } else { 64 })
            .unwrap();
        self.region.set_granularity(granularity).unwrap();
        let read = self.in_flight.back().copied();
        self.slots.fill(Slot { item: None, read });
        self.waiting.clear();
    }
}

#[test]
fn the_same_frames_in_another_order_of_wants_have_the_same_log() {
    let hashes = [0_u64, 7, 99].map(|shuffle| {
        let arena = Arena::new(&MemoryConfig::with_total(16 << 20)).unwrap();
        let config = StreamConfig {
            granularity: 1 << 10,
            overwrites_max: 7,
            ..StreamConfig::new("tiles", BYTES)
        };
        let mut region = StreamRegion::new(&arena, &config).unwrap();
        let mut random = Random::new(5);
        for frame in 1..300 {
            let mut wants: Vec<(u64, Want)> = (0..400)
                .map(|_| {
                    (
                        random.below(900) as u64,
                        Want::distance(random.below(50) as f32),
                    )
                })
                .collect();
            let mut other = Random::new(shuffle + frame);
            wants.sort_by_cached_key(|_| if shuffle == 0 { 0 } else { other.next() });
            region.begin(frame).unwrap();
            for (key, want) in wants {
                region.want(key, want).unwrap();
            }
            region.decide().unwrap();
            region.fills().for_each(|fill| fill.seal());
            region.end().unwrap();
            region.retire(frame.saturating_sub(2)).unwrap_or_default();
        }
        assert!(region.counters().overwrites > 1_000);
        region.log_hash()
    });
    assert_eq!(hashes, [hashes[0]; 3]);
}

#[test]
fn what_a_region_cannot_be_is_refused() {
    let arena = Arena::new(&MemoryConfig::with_total(16 << 20)).unwrap();
    let base = StreamConfig::new("tiles", 3 * PAGE as u64);
    let refused = |config: StreamConfig| match StreamRegion::new(&arena, &config) {
        Err(MemoryError::Stream(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let cases = [
        (
            StreamConfig {
                tier: Tier::Logic,
                ..base.clone()
            },
            "stream: region \"tiles\" has tier = logic; take the pool scene or gpu: logic is hashed and snapshotted",
        ),
        (
            StreamConfig {
                overwrites_max: 0,
                ..base.clone()
            },
            "stream: region \"tiles\" has overwrites_max = 0; set at least 1 and less than 2^32 - 1",
        ),
        (
            StreamConfig {
                hysteresis: f32::NAN,
                ..base.clone()
            },
            "stream: region \"tiles\" has hysteresis = NaN; set a finite number that is not negative",
        ),
        (
            StreamConfig {
                bytes: 0,
                ..base.clone()
            },
            "stream: region \"tiles\" has bytes = 0 B; ask for at least a byte",
        ),
        (
            StreamConfig {
                granularity: 128 << 10,
                ..base.clone()
            },
            "stream: a granularity of 128 KiB does not divide the 192 KiB of region \"tiles\" into multiples of 64 B; choose a multiple of 64 B that does",
        ),
    ];
    for (config, text) in cases {
        assert_eq!(refused(config), text);
    }
    for granularity in [0, 1, 32, 96, 100, 65, 384 << 10, u64::MAX] {
        refused(StreamConfig {
            granularity,
            ..base.clone()
        });
    }
    for granularity in [64, 192, 3 << 10, 64 << 10, 96 << 10, 192 << 10] {
        let region = StreamRegion::new(
            &arena,
            &StreamConfig {
                granularity,
                ..base.clone()
            },
        )
        .unwrap();
        assert_eq!(region.slots() as u64 * granularity, 3 * PAGE as u64);
    }
    assert_eq!(arena.gpu().stats().used, 0, "dropping gives the pages back");
    let large = StreamRegion::new(&arena, &StreamConfig::new("tiles", 1 << 30));
    assert!(matches!(large, Err(MemoryError::OwnerBudget { .. })));
}
