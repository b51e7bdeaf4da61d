//! Functions over the rows of a chunk are the same systems as functions over one row.

use layerw::ecs::CHUNK_ROWS;
use layerw::{Commands, Cx, Entity, Res, Sim, StateHash, component};
use layerw_tests::{Scene, on_workers};

#[component]
struct Place(f32);

#[component]
struct Speed(f32);

#[component]
struct Wind(f32);

#[component]
struct Landed;

/// How many rows shared the entity's chunk, and its place among them.
#[component]
#[derive(Debug, PartialEq)]
struct Among(u32, u32);

fn blow(speed: &mut Speed, wind: Res<Wind>) {
    speed.0 += wind.0;
}

fn fly(place: &mut Place, speed: &Speed, cx: Cx) {
    place.0 += speed.0 * cx.dt;
}

fn land(place: &Place, entity: Entity, mut commands: Commands) {
    if place.0 > 20.0 {
        commands.insert(entity, Landed);
    }
}

fn blow_all(speeds: &mut [Speed], wind: Res<Wind>) {
    speeds.iter_mut().for_each(|speed| speed.0 += wind.0);
}

fn fly_all(places: &mut [Place], speeds: &[Speed], cx: Cx) {
    for (place, speed) in places.iter_mut().zip(speeds) {
        place.0 += speed.0 * cx.dt;
    }
}

fn land_all(places: &[Place], entities: &[Entity], mut commands: Commands) {
    for (place, &entity) in places.iter().zip(entities) {
        if place.0 > 20.0 {
            commands.insert(entity, Landed);
        }
    }
}

fn count(among: &mut [Among]) {
    let rows = among.len() as u32;
    for (row, among) in among.iter_mut().enumerate() {
        *among = Among(rows, row as u32);
    }
}

fn sim(rows: usize) -> Sim {
    let mut sim = layerw_tests::sim();
    sim.world.insert_resource(Wind(0.5));
    let spawned = (0..rows).map(|row| (Place(row as f32 * 0.001), Speed(1.0), Among(0, 0)));
    sim.world.spawn_batch(spawned);
    sim
}

fn by_row() -> Sim {
    let mut sim = sim(20_000);
    sim.each(blow).each(fly).each(land);
    sim
}

fn by_chunk() -> Sim {
    let mut sim = sim(20_000);
    sim.chunks(blow_all).chunks(fly_all).chunks(land_all);
    sim
}

/// In a group that would go block by block, were they functions of a row.
fn counted() -> Sim {
    let mut sim = sim(10_000);
    sim.chunks(count).each(fly);
    sim
}

fn run(threads: usize, scene: Scene) -> (StateHash, Vec<Among>, usize) {
    on_workers(scene, threads, None, |runner| {
        for _ in 0..30 {
            runner.step().expect("the step is done");
        }
        let among = runner.world().query::<&Among>().copied().collect();
        let landed = runner.world().query::<&Landed>().count();
        (runner.hash(), among, landed)
    })
}

#[test]
fn a_chunk_function_does_what_the_row_function_does() {
    let (expected, _, landed) = run(1, by_row);
    assert!(
        (1_000..19_000).contains(&landed),
        "{landed} of 20 000 landed"
    );
    for threads in [1, 2, 3] {
        assert_eq!(run(threads, by_chunk).0, expected, "{threads} workers");
    }
}

#[test]
fn chunks_are_never_cut() {
    let (_, among, _) = run(2, counted);
    let full = CHUNK_ROWS as usize;
    for (row, among) in among.iter().enumerate() {
        let rows = full.min(10_000 - row / full * full);
        assert_eq!(*among, Among(rows as u32, (row % full) as u32), "row {row}");
    }
}
