//! Worlds against a model: a map from entity to components, put through the same random operations.
//!
//! `LAYERW_LONG=1` runs a hundred times as many.

use layerw_ecs::{
    CHUNK_ROWS, Checkpoint, ChunkId, ComponentId, Entity, StateHash, World, component,
};
use layerw_memory::{Arena, MemoryConfig};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[component]
#[derive(Debug, PartialEq)]
struct Small(u8);

#[component]
#[derive(Debug, PartialEq)]
struct Vector([f32; 3]);

#[component]
#[derive(Debug, PartialEq)]
struct Tag;

#[component]
#[derive(Debug, PartialEq)]
#[repr(align(64))]
struct Line([u32; 16]);

#[component]
#[derive(Debug, PartialEq)]
struct Link {
    to: Option<Entity>,
    weight: f64,
}

/// What the model knows of an entity.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Row {
    small: Option<Small>,
    vector: Option<Vector>,
    tag: Option<Tag>,
    line: Option<Line>,
    link: Option<Link>,
}

/// One operation. Entities are chosen by place among the living (modulo their number), values follow from `value`.
#[derive(Debug, Clone, Copy)]
enum Op {
    Spawn { kind: u8, value: u8 },
    SpawnRaw { mask: u8, value: u8 },
    Batch { kind: u8, count: u16 },
    Despawn { place: u16 },
    DespawnMany { place: u16, count: u16 },
    Insert { place: u16, kind: u8, value: u8 },
    InsertRaw { place: u16, mask: u8, value: u8 },
    Remove { place: u16, kind: u8 },
    Set { place: u16, value: u8 },
    Stale { place: u16 },
    Fork,
    Restore,
    Keep,
    RollBack,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..6_u8, any::<u8>()).prop_map(|(kind, value)| Op::Spawn { kind, value }),
        2 => (0..32_u8, any::<u8>()).prop_map(|(mask, value)| Op::SpawnRaw { mask, value }),
        2 => (0..6_u8, 0..900_u16).prop_map(|(kind, count)| Op::Batch { kind, count }),
        6 => any::<u16>().prop_map(|place| Op::Despawn { place }),
        1 => (any::<u16>(), 0..1500_u16).prop_map(|(place, count)| Op::DespawnMany { place, count }),
        8 => (any::<u16>(), 0..5_u8, any::<u8>()).prop_map(|(place, kind, value)| Op::Insert { place, kind, value }),
        3 => (any::<u16>(), 0..32_u8, any::<u8>()).prop_map(|(place, mask, value)| Op::InsertRaw { place, mask, value }),
        8 => (any::<u16>(), 0..5_u8).prop_map(|(place, kind)| Op::Remove { place, kind }),
        6 => (any::<u16>(), any::<u8>()).prop_map(|(place, value)| Op::Set { place, value }),
        2 => any::<u16>().prop_map(|place| Op::Stale { place }),
        1 => Just(Op::Fork),
        1 => Just(Op::Restore),
        4 => Just(Op::Keep),
        2 => Just(Op::RollBack),
    ]
}

/// A world, its model, and what it takes to check the one against the other.
struct Bench {
    world: World,
    rows: BTreeMap<Entity, Row>,
    /// The living in an order that the test chooses from.
    living: Vec<Entity>,
    dead: Vec<Entity>,
    ids: [ComponentId; 5],
    seen: Seen,
    kept: Option<Kept>,
}

/// A checkpoint, and what was true when it was taken.
struct Kept {
    checkpoint: Checkpoint,
    hash: StateHash,
    rows: BTreeMap<Entity, Row>,
    living: Vec<Entity>,
    dead: Vec<Entity>,
}

/// The structure that was seen last, with the addresses of all columns then.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    structure: u64,
    columns: Vec<(ChunkId, usize)>,
}

impl Seen {
    fn new(world: &World) -> Self {
        let chunks = world.archetypes().iter().flat_map(|archetype| {
            archetype
                .chunks()
                .iter()
                .map(|&id| (id, archetype.components().len()))
        });
        let address = |id, column| world.chunk(id).column_ptr(column).as_ptr() as usize;
        let columns = chunks
            .flat_map(|(id, count)| (0..count).map(move |column| (id, address(id, column))))
            .collect();
        Seen {
            structure: world.structure(),
            columns,
        }
    }
}

fn arena() -> Arena {
    Arena::new(&MemoryConfig::with_total(64 << 20)).expect("a small arena")
}

fn small(value: u8) -> Small {
    Small(value)
}

fn vector(value: u8) -> Vector {
    Vector([f32::from(value), -0.0, 1.5])
}

fn line(value: u8) -> Line {
    Line([u32::from(value); 16])
}

fn link(value: u8) -> Link {
    Link {
        to: Entity::new(u32::from(value), u32::from(value) % 3),
        weight: f64::from(value),
    }
}

impl Bench {
    fn new() -> Self {
        let mut world = World::new(&arena()).expect("a fresh arena");
        let ids = ids(&mut world);
        Bench {
            world,
            rows: BTreeMap::new(),
            living: Vec::new(),
            dead: Vec::new(),
            ids,
            seen: Seen::default(),
            kept: None,
        }
    }

    fn add(&mut self, entity: Entity, row: Row) {
        assert!(
            self.rows.insert(entity, row).is_none(),
            "{entity} was given twice"
        );
        self.living.push(entity);
    }

    fn pick(&self, place: u16) -> Option<(usize, Entity)> {
        let place = usize::from(place) % self.living.len().max(1);
        self.living.get(place).map(|&entity| (place, entity))
    }

    /// Does it, and checks that columns stayed where they were unless the world says that its structure changed.
    fn apply(&mut self, op: Op) {
        self.act(op);
        let seen = Seen::new(&self.world);
        if seen.structure == self.seen.structure
            && !matches!(op, Op::Fork | Op::Restore | Op::RollBack)
        {
            assert_eq!(seen, self.seen, "columns moved");
        }
        self.seen = seen;
    }

    fn act(&mut self, op: Op) {
        self.world.set_tick(self.world.tick() + 1);
        let world = &mut self.world;
        match op {
            Op::Spawn { kind, value } => {
                let (entity, row) = spawn(world, kind, value);
                self.add(entity, row);
            }
            Op::SpawnRaw { mask, value } => {
                let list = list(&self.ids, mask);
                let ids = self.ids;
                // SAFETY: `write` puts the value of the component's type.
                let entity =
                    unsafe { world.spawn_raw(&list, &mut |id, to| write(&ids, id, to, value)) };
                self.add(entity, masked(mask, value, Row::default()));
            }
            Op::Batch { kind, count } => {
                let spawned: Vec<Entity> = match kind % 3 {
                    0 => world
                        .spawn_batch((0..count).map(|value| (small(value as u8), Tag)))
                        .collect(),
                    1 => world
                        .spawn_batch((0..count).map(|value| {
                            (vector(value as u8), (link(value as u8), line(value as u8)))
                        }))
                        .collect(),
                    // An iterator that does not know how long it is.
                    _ => world
                        .spawn_batch(
                            (0..count * 2)
                                .filter(|value| value % 2 == 0)
                                .map(|value| vector((value / 2) as u8)),
                        )
                        .collect(),
                };
                assert_eq!(spawned.len(), usize::from(count));
                for (entity, value) in spawned.into_iter().zip(0..count) {
                    let value = value as u8;
                    let row = match kind % 3 {
                        0 => Row {
                            small: Some(small(value)),
                            tag: Some(Tag),
                            ..Row::default()
                        },
                        1 => Row {
                            vector: Some(vector(value)),
                            link: Some(link(value)),
                            line: Some(line(value)),
                            ..Row::default()
                        },
                        _ => Row {
                            vector: Some(vector(value)),
                            ..Row::default()
                        },
                    };
                    self.add(entity, row);
                }
            }
            Op::Despawn { place } => self.despawn(place),
            Op::DespawnMany { place, count } => {
                (0..count.min(self.living.len() as u16)).for_each(|_| self.despawn(place))
            }
            Op::Insert { place, kind, value } => {
                let Some((_, entity)) = self.pick(place) else {
                    return;
                };
                let row = self.rows.get_mut(&entity).expect("living");
                insert(&mut self.world, entity, kind, value, row);
            }
            Op::InsertRaw { place, mask, value } => {
                let Some((_, entity)) = self.pick(place) else {
                    return;
                };
                let (list, ids) = (list(&self.ids, mask), self.ids);
                // SAFETY: as above.
                unsafe {
                    self.world
                        .insert_raw(entity, &list, &mut |id, to| write(&ids, id, to, value))
                }
                .expect("living");
                let row = self.rows.get_mut(&entity).expect("living");
                *row = masked(mask, value, *row);
            }
            Op::Remove { place, kind } => {
                let Some((_, entity)) = self.pick(place) else {
                    return;
                };
                let row = self.rows.get_mut(&entity).expect("living");
                remove(&mut self.world, entity, kind, row, &self.ids);
            }
            Op::Set { place, value } => {
                let Some((_, entity)) = self.pick(place) else {
                    return;
                };
                let row = self.rows.get_mut(&entity).expect("living");
                if let (Some(here), Some(there)) =
                    (self.world.get_mut::<Vector>(entity), &mut row.vector)
                {
                    (*here, *there) = (vector(value), vector(value));
                }
            }
            Op::Stale { place } => {
                let Some(&entity) = self.dead.get(usize::from(place) % self.dead.len().max(1))
                else {
                    return;
                };
                assert!(!self.world.contains(entity), "{entity} is dead");
                assert!(
                    self.world.despawn(entity).is_err()
                        && self.world.insert(entity, Tag).is_err()
                        && self.world.get::<Tag>(entity).is_none()
                );
            }
            Op::Fork => {
                let fork = self.world.copy().expect("room for a copy");
                assert_eq!(fork.hash(), self.world.hash());
                self.world = fork;
            }
            Op::Keep => {
                let checkpoint = match self.kept.take() {
                    Some(mut kept) => {
                        kept.checkpoint.update(world);
                        kept.checkpoint
                    }
                    None => world.checkpoint(),
                };
                self.kept = Some(Kept {
                    checkpoint,
                    hash: world.hash(),
                    rows: self.rows.clone(),
                    living: self.living.clone(),
                    dead: self.dead.clone(),
                });
            }
            Op::RollBack => {
                let Some(kept) = &self.kept else { return };
                world
                    .roll_back(&kept.checkpoint)
                    .expect("the pages are there");
                assert_eq!(world.hash(), kept.hash);
                self.rows.clone_from(&kept.rows);
                self.living.clone_from(&kept.living);
                self.dead.clone_from(&kept.dead);
                self.ids = ids(world);
            }
            Op::Restore => {
                let mut image = Vec::new();
                self.world
                    .snapshot(&mut image, b"header")
                    .expect("memory takes all");
                // A world that knows some components under other numbers, and holds rows of its own.
                let mut world = World::new(&arena()).expect("a fresh arena");
                world.spawn_batch((0..100).map(|value| (line(value), small(value))));
                let header = world.restore(&image).expect("a good image");
                assert_eq!(
                    (header.as_slice(), world.hash()),
                    (&b"header"[..], self.world.hash())
                );
                self.ids = ids(&mut world);
                self.world = world;
            }
        }
    }

    fn despawn(&mut self, place: u16) {
        let Some((place, entity)) = self.pick(place) else {
            return;
        };
        self.world.despawn(entity).expect("living");
        self.rows.remove(&entity);
        self.living.swap_remove(place);
        self.dead.push(entity);
    }

    /// Everything that can be asked, asked.
    fn check(&self) {
        let world = &self.world;
        assert_eq!(world.len(), self.rows.len());
        for (&entity, row) in &self.rows {
            let found = Row {
                small: world.get(entity).copied(),
                vector: world.get(entity).copied(),
                tag: world.get(entity).copied(),
                line: world.get(entity).copied(),
                link: world.get(entity).copied(),
            };
            assert_eq!(found, *row, "{entity}");
            let (chunk, place) = world.location(entity).expect("living");
            assert_eq!(world.chunk(chunk).entities()[place], entity);
        }
        let mut chunks: BTreeSet<ChunkId> = BTreeSet::new();
        for archetype in world.archetypes() {
            assert!(archetype.components().is_sorted_by(|a, b| a < b));
            let lens: Vec<usize> = archetype
                .chunks()
                .iter()
                .map(|&id| world.chunk(id).len())
                .collect();
            assert_eq!(lens.iter().sum::<usize>(), archetype.len());
            if let Some((last, full)) = lens.split_last() {
                assert!(
                    full.iter().all(|&len| len == CHUNK_ROWS as usize)
                        && (*last > 0 || full.is_empty()),
                    "{lens:?}"
                );
            }
            for &id in archetype.chunks() {
                assert!(chunks.insert(id), "a chunk belongs to one archetype");
                assert_eq!(world.chunk(id).archetype(), archetype.id());
                assert!(
                    world
                        .chunk(id)
                        .entities()
                        .iter()
                        .all(|entity| self.rows.contains_key(entity))
                );
                for column in 0..archetype.components().len() {
                    assert_eq!(world.chunk(id).column_ptr(column).as_ptr() as usize % 64, 0);
                }
            }
        }
    }
}

fn ids(world: &mut World) -> [ComponentId; 5] {
    let ids = [
        world.register::<Small>(),
        world.register::<Vector>(),
        world.register::<Tag>(),
        world.register::<Line>(),
        world.register::<Link>(),
    ];
    ids.map(|id| id.expect("known or new"))
}

fn list(ids: &[ComponentId; 5], mask: u8) -> Vec<ComponentId> {
    let mut list: Vec<_> = ids
        .iter()
        .enumerate()
        .filter(|(bit, _)| mask >> bit & 1 == 1)
        .map(|(_, &id)| id)
        .collect();
    list.sort();
    list
}

fn write(ids: &[ComponentId; 5], id: ComponentId, to: *mut u8, value: u8) {
    // SAFETY: the address is of a value of the type that was registered under this id.
    unsafe {
        match ids.iter().position(|&other| other == id) {
            Some(0) => to.cast::<Small>().write(small(value)),
            Some(1) => to.cast::<Vector>().write(vector(value)),
            Some(2) => to.cast::<Tag>().write(Tag),
            Some(3) => to.cast::<Line>().write(line(value)),
            Some(4) => to.cast::<Link>().write(link(value)),
            _ => unreachable!(),
        }
    }
}

fn masked(mask: u8, value: u8, mut row: Row) -> Row {
    let has = |bit: u8| mask >> bit & 1 == 1;
    row.small = if has(0) {
        Some(small(value))
    } else {
        row.small
    };
    row.vector = if has(1) {
        Some(vector(value))
    } else {
        row.vector
    };
    row.tag = if has(2) { Some(Tag) } else { row.tag };
    row.line = if has(3) { Some(line(value)) } else { row.line };
    row.link = if has(4) { Some(link(value)) } else { row.link };
    row
}

fn spawn(world: &mut World, kind: u8, value: u8) -> (Entity, Row) {
    let (mut row, entity) = (
        Row::default(),
        match kind {
            0 => world.spawn(()),
            1 => world.spawn(small(value)),
            2 => world.spawn((small(value), vector(value))),
            3 => world.spawn((Tag, line(value))),
            4 => world.spawn(Tag),
            _ => world.spawn((
                link(value),
                (vector(value), small(value)),
                (Tag, line(value)),
            )),
        },
    );
    (row.small, row.vector) = (
        (matches!(kind, 1 | 2 | 5)).then(|| small(value)),
        matches!(kind, 2 | 5).then(|| vector(value)),
    );
    (row.tag, row.line) = (
        matches!(kind, 3..=5).then_some(Tag),
        matches!(kind, 3 | 5).then(|| line(value)),
    );
    row.link = (kind == 5).then(|| link(value));
    (entity, row)
}

fn insert(world: &mut World, entity: Entity, kind: u8, value: u8, row: &mut Row) {
    let done = match kind {
        0 => world.insert(entity, small(value)),
        1 => world.insert(entity, (vector(value), Tag)),
        2 => world.insert(entity, line(value)),
        3 => world.insert(entity, (link(value), small(value))),
        _ => world.insert(entity, ()),
    };
    done.expect("living");
    let mask = [0b00001, 0b00110, 0b01000, 0b10001, 0][usize::from(kind)];
    *row = masked(mask, value, *row);
}

fn remove(world: &mut World, entity: Entity, kind: u8, row: &mut Row, ids: &[ComponentId; 5]) {
    match kind {
        0 => world.remove::<Small>(entity).map(|()| row.small = None),
        1 => world
            .remove::<(Vector, Tag)>(entity)
            .map(|()| (row.vector, row.tag) = (None, None)),
        2 => world.remove::<Line>(entity).map(|()| row.line = None),
        3 => world
            .remove_raw(entity, &list(ids, 0b10001))
            .map(|()| (row.link, row.small) = (None, None)),
        _ => world.remove::<()>(entity),
    }
    .expect("living");
}

/// How often each test runs, times a hundred if asked.
fn cases(count: u32) -> u32 {
    if std::env::var_os("LAYERW_LONG").is_some() {
        count * 100
    } else {
        count
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(24), failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn a_world_is_its_model(ops in prop::collection::vec(op(), 1..400)) {
        let mut bench = Bench::new();
        for op in ops {
            bench.apply(op);
        }
        bench.check();
    }

    #[test]
    fn a_restored_world_has_the_same_future(before in prop::collection::vec(op(), 1..200), after in prop::collection::vec(op(), 1..200)) {
        let (mut one, mut other) = (Bench::new(), Bench::new());
        for &op in &before {
            one.apply(op);
            other.apply(op);
        }
        // Forking counts as an operation too, and is checked by the way.
        one.apply(Op::Fork);
        other.apply(Op::Restore);
        for &op in &after {
            one.apply(op);
            other.apply(op);
            assert_eq!(one.living, other.living, "the same entities, in the same order");
        }
        assert_eq!(one.world.hash(), other.world.hash());
        other.check();
    }
}

#[test]
fn an_index_is_used_by_one_entity_at_a_time() {
    let mut bench = Bench::new();
    let mut seen = BTreeSet::new();
    let mut state = 1_u32;
    for _ in 0..20_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let before = bench.living.len();
        bench.apply(if state >> 31 == 0 || before < 10 {
            Op::Spawn {
                kind: (state >> 8) as u8 % 6,
                value: 0,
            }
        } else {
            Op::Despawn {
                place: (state >> 8) as u16,
            }
        });
        if bench.living.len() > before {
            assert!(
                seen.insert(*bench.living.last().expect("just spawned")),
                "ids never come back"
            );
        }
        if state.is_multiple_of(64) {
            bench.apply(Op::Stale {
                place: (state >> 16) as u16,
            });
        }
    }
    bench.check();
    let mut indices: Vec<_> = bench.living.iter().map(|entity| entity.index()).collect();
    indices.sort_unstable();
    indices.dedup();
    assert_eq!(indices.len(), bench.living.len());
}
