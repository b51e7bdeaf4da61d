//! Programs in TypeScript beside the same in Rust: the same state, bit for bit, on any number of workers and by whatever runs it.

use crate::support::*;
use layerw_ecs::row::IntoRow;
use layerw_ecs::system::SystemDecl;
use layerw_ecs::whole::{Applying, IntoWhole};
use layerw_ecs::{
    CHUNK_ROWS, Commands, Entity, Events, Query, Res, ResMut, StateHash, World, component,
};
use layerw_jobs::on_fresh_thread;
use layerw_memory::Backing;
use layerw_script::compile::{Source, compile};
use layerw_script::runtime::{Columns, Options, Runtime, Script};

const ENTITIES: usize = 5_000;

/// How a script is run: by what, and how columns come to it.
type Way = (Runtime, Columns);

/// By every runtime that is built in, on a number of workers.
fn ways() -> Vec<(usize, Way)> {
    let mut ways = vec![
        (1, (Runtime::Wasmtime, Columns::Best)),
        (3, (Runtime::Wasmtime, Columns::Best)),
        (2, (Runtime::Wasmtime, Columns::Copied)),
    ];
    if cfg!(feature = "wasmi") {
        ways.push((2, (Runtime::Wasmi, Columns::Best)));
    }
    if cfg!(feature = "quickjs") {
        ways.push((2, (Runtime::QuickJs, Columns::Best)));
        ways.push((1, (Runtime::QuickJs, Columns::Copied)));
    }
    ways
}

/// A script of one file.
fn script(text: &str, (runtime, columns): Way) -> Script {
    let program = compile(&[Source::new("test.ts", text)]).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });
    let options = Options {
        runtime,
        columns,
        ..Options::default()
    };
    Script::of_program("test", &program, &options).unwrap_or_else(|error| panic!("{error}"))
}

/// The state after some steps of systems over a world of [`ENTITIES`] positions and velocities.
fn hash_of(
    threads: usize,
    steps: usize,
    prepare: impl Fn(&mut World) -> Vec<SystemDecl> + Send + Sync,
    look: impl Fn(&World) + Send + Sync,
) -> StateHash {
    on_fresh_thread("language", 0, || {
        let mut world = world(Backing::Best, ENTITIES);
        let systems = prepare(&mut world);
        let mut scene = Scene::new(threads, world, systems);
        scene.steps(steps);
        look(&scene.world);
        scene.hash()
    })
}

/// What both forms have in common.
struct Around {
    steps: usize,
    /// Puts resources into the world.
    prepare: fn(&mut World),
    /// Rust systems behind the script's.
    behind: fn() -> Vec<SystemDecl>,
    /// Looks at the end whether something happened at all.
    look: fn(&World),
}

/// The script gives the state of the Rust systems with 1 and more workers, and where columns are copied.
fn agree(text: &str, in_rust: fn() -> Vec<SystemDecl>, around: Around) {
    let Around {
        steps,
        prepare,
        behind,
        look,
    } = around;
    let rust = |world: &mut World| {
        prepare(world);
        let mut systems = in_rust();
        systems.append(&mut behind());
        systems
    };
    let expected = hash_of(1, steps, rust, look);
    for (threads, way) in ways() {
        let bound = |world: &mut World| {
            prepare(world);
            let script = script(text, way);
            let mut systems = script.bind(world).expect("the same layouts");
            systems.append(&mut behind());
            systems
        };
        let found = hash_of(threads, steps, bound, look);
        assert_eq!(found, expected, "{threads} workers, {way:?}");
    }
}

/// Where a position came from.
#[component]
struct Child {
    parent: Entity,
    born: u32,
    alive: u32,
}

/// What is sent.
#[component]
struct Born {
    x: f32,
}

/// A mark.
#[component]
struct Old;

const BREED: &str = "
class Child { parent: Entity; born: u32; alive: u32; }
class Born { x: number; }
class Old { }

function birth(world: World, x: number) { world.send(Born, { x: x + 1 }); }

class Breed {
  update(entities: Entity[], positions: Vec2[], world: World, cx: Context) {
    for (let i = 0; i < positions.length; i++) {
      const p = positions[i];
      if (p.x < 100) {
        world.spawn({ positions: { x: p.y, y: p.x }, Child: { parent: entities[i], born: u32(cx.step), alive: 1 } });
        birth(world, p.x);
      } else if (p.x < 200) {
        world.despawn(entities[i]);
      } else if (p.x < 300) {
        world.remove(entities[i], \"velocities\");
      } else if (p.x < 400) {
        world.insert(entities[i], { Old: {}, velocities: positions[i] });
      }
    }
  }
}

class Age {
  static without = [Old];
  update(velocities: Vec2[]) {
    for (const velocity of velocities) { velocity.x += 1; }
  }
}

class Orphans {
  static with = [Child];
  update(entities: Entity[], children: Child[], world: World) {
    for (let i = 0; i < entities.length; i++) {
      if (children[i].parent === entities[i] || children[i].born === 2) { world.despawn(entities[i]); }
    }
  }
}
";

fn breed(entity: Entity, position: &Position, mut commands: Commands, cx: layerw_ecs::Cx) {
    let [x, y] = position.0;
    if x < 100.0 {
        let child = Child {
            parent: entity,
            born: cx.step as u32,
            alive: 1,
        };
        commands.spawn((Position([y, x]), child));
        commands.send(Born { x: x + 1.0 });
    } else if x < 200.0 {
        commands.despawn(entity);
    } else if x < 300.0 {
        commands.remove::<Velocity>(entity);
    } else if x < 400.0 {
        commands.insert(entity, (Old, Velocity(position.0)));
    }
}

fn age(velocity: &mut Velocity) {
    velocity.0[0] += 1.0;
}

fn orphans(entity: Entity, child: &Child, mut commands: Commands) {
    if child.parent == entity || child.born == 2 {
        commands.despawn(entity);
    }
}

fn gather(born: Events<Born>, mut total: ResMut<Total>) {
    total.0 += born.into_iter().map(|born| born.x).sum::<f32>();
}

#[test]
fn commands_in_typescript_are_those_of_rust() {
    let in_rust = || {
        vec![
            breed.named("Breed").finish(),
            age.without::<Old>().finish(),
            orphans.decl().finish(),
        ]
    };
    agree(
        BREED,
        in_rust,
        Around {
            steps: 4,
            prepare: |world| {
                world.insert_resource(Total(0.0));
            },
            behind: || vec![gather.decl().finish()],
            look: |world| {
                assert!(world.len() > ENTITIES);
                assert!(world.resource::<Total>().expect("inserted").0 > 0.0);
            },
        },
    );
}

/// State of the script's own.
#[component]
#[derive(Debug, PartialEq)]
struct Grid {
    counts: [u32; 64],
    sum: f32,
    drag: f32,
    first: u64,
}

const COUNT: &str = "
const SIDE = 8;
class Grid { counts = new Uint32Array(SIDE * SIDE); sum = 0; drag: f32 = 1 / 4; first: u64 = 0; }

class Spawner {
  start(world: World, cx: Context) {
    for (let i = 0; i < 500; i++) {
      world.spawn({ positions: { x: f32(i), y: f32(i) * 0.1 }, velocities: new Vec2(1, f32(cx.step)) });
    }
  }
  update(positions: Vec2[], velocities: Vec2[], grid: Grid) {
    for (let i = 0; i < positions.length; i++) { positions[i].x += velocities[i].y * grid.drag; }
  }
}
class Clear {
  update(grid: Grid) { for (let i = 0; i < grid.counts.length; i++) { grid.counts[i] = 0; } }
}
class Count {
  update(entities: Entity[], positions: Vec2[], grid: Grid) {
    if (grid.first === 0) { grid.first = u64(entities[0]); }
    for (let i = 0; i < positions.length; i++) {
      grid.counts[i32(positions[i].x) & 63]++;
      grid.sum = grid.sum * 0.999 + positions[i].x;
    }
  }
}
class Spread {
  update(positions: Vec2[], grid: Grid) {
    for (const position of positions) { position.y += f32(grid.counts[i32(position.x) & 63]); }
  }
}
";

fn spawner_start(mut commands: Commands, cx: layerw_ecs::Cx) {
    for i in 0..500 * i32::from(cx.step == 0) {
        commands.spawn((
            Position([i as f32, i as f32 * 0.1]),
            Velocity([1.0, cx.step as f32]),
        ));
    }
}

fn spawner(position: &mut Position, velocity: &Velocity, grid: Res<Grid>) {
    position.0[0] += velocity.0[1] * grid.drag;
}

fn clear(mut grid: ResMut<Grid>) {
    grid.counts = [0; 64];
}

fn count(positions: Query<(Entity, &Position)>, mut grid: ResMut<Grid>) {
    for (entity, position) in positions.iter() {
        if grid.first == 0 {
            grid.first = entity.to_bits();
        }
        grid.counts[(position.0[0] as i32 & 63) as usize] += 1;
        grid.sum = grid.sum * 0.999 + position.0[0];
    }
}

fn spread(position: &mut Position, grid: Res<Grid>) {
    position.0[1] += grid.counts[(position.0[0] as i32 & 63) as usize] as f32;
}

#[test]
fn a_script_begins_by_itself_and_keeps_state_over_all_rows() {
    let in_rust = |world: &mut World| {
        world.insert_resource(Grid {
            counts: [0; 64],
            sum: 0.0,
            drag: 0.25,
            first: 0,
        });
        vec![
            IntoWhole::decl(spawner_start).finish(),
            Applying::decl("start"),
            spawner.decl().finish(),
            IntoWhole::decl(clear).finish(),
            count.decl().finish(),
            spread.decl().finish(),
        ]
    };
    let look = |world: &World| assert_eq!(world.len(), ENTITIES + 500);
    let expected = hash_of(1, 3, in_rust, look);
    for (threads, way) in ways() {
        let bound = |world: &mut World| script(COUNT, way).bind(world).expect("the same layouts");
        let found = hash_of(threads, 3, bound, look);
        assert_eq!(found, expected, "{threads} workers, {way:?}");
    }
}

#[test]
fn a_resource_that_the_world_has_stays_as_it_is() {
    let mut world = world(Backing::Best, 1);
    let own = Grid {
        counts: [3; 64],
        sum: 1.0,
        drag: 2.0,
        first: 4,
    };
    world.insert_resource(own);
    script(COUNT, (Runtime::Wasmtime, Columns::Best))
        .bind(&mut world)
        .expect("the same layouts");
    assert_eq!(world.resource::<Grid>(), Some(&own));
}

const NUMBERS: &str = "
class Walk {
  update(entities: Entity[], positions: Vec2[], velocities: Vec2[], cx: Context) {
    for (let i = 0; i < positions.length; i++) {
      const random = cx.random(entities[i], 7);
      const p = positions[i];
      const v = velocities[i];
      const angle = random.range(-Math.PI, Math.PI);
      p.x += Math.sin(angle) * v.x + (random.below(10) > 4 ? random.unit() : 0.5);
      p.y += Math.cos(angle) + f32(random.unit64()) + f32(random.bits() >> 40);
      if (random.unit() < 0.5) { v.x = Math.hypot(p.x, p.y) + Math.atan2(p.y, p.x); }
      let k: u32 = random.below(4);
      while (k > 0) { k--; v.y += random.unit() ** 1.5; }
      v.y = f32(Math.exp(f64(random.unit()))) + Math.log(v.x * v.x + 1) + Math.cbrt(v.y) + Math.tanh(v.x) + Math.asin(v.y);
    }
  }
}
";

fn walk(position: &mut Position, velocity: &mut Velocity, cx: layerw_ecs::Cx) {
    use layerw_ecs::math;
    let mut random = cx.random(7);
    let (p, v) = (&mut position.0, &mut velocity.0);
    let pi = std::f32::consts::PI;
    let angle = random.range(-pi, pi);
    let more = if random.below(10) > 4 {
        random.unit()
    } else {
        0.5
    };
    p[0] += math::sinf(angle) * v[0] + more;
    p[1] += math::cosf(angle) + random.unit64() as f32 + (random.bits() >> 40) as f32;
    if random.unit() < 0.5 {
        v[0] = math::hypotf(p[0], p[1]) + math::atan2f(p[1], p[0]);
    }
    for _ in 0..random.below(4) {
        v[1] += math::powf(random.unit(), 1.5);
    }
    v[1] = math::exp(f64::from(random.unit())) as f32
        + math::logf(v[0] * v[0] + 1.0)
        + math::cbrtf(v[1])
        + math::tanhf(v[0])
        + math::asinf(v[1]);
}

#[test]
fn random_numbers_and_functions_are_those_of_rust() {
    agree(
        NUMBERS,
        || vec![walk.named("Walk").finish()],
        Around {
            steps: 3,
            prepare: |_| {},
            behind: Vec::new,
            look: |_| {},
        },
    );
}

const EVENTS: &str = "
class Hit { target: Entity; damage: f32; big: f32; }
class Sums { hits = 0; all: i32 = 0; }
class Shoot {
  update(entities: Entity[], positions: Vec2[], world: World) {
    for (let i = 0; i < positions.length; i++) {
      if (i % 7 === 0) { world.send(Hit, { target: entities[i], damage: positions[i].x, big: f32(i) }); }
    }
  }
}
class Sum {
  update(hits: Events<Hit>, sums: Sums) {
    for (const hit of hits) { sums.hits = sums.hits * 0.5 + hit.damage; }
    sums.all += hits.length;
  }
}
class Suffer {
  update(entities: Entity[], velocities: Vec2[], hits: Events<Hit>) {
    for (let i = 0; i < entities.length; i++) {
      let k: i32 = 0;
      while (k < hits.length && k < 20) {
        const hit = hits[k];
        if (hit.target === entities[i]) { velocities[i].x -= hit.damage; }
        k++;
      }
    }
  }
}
";

#[component]
#[derive(Debug, PartialEq)]
struct Hit {
    target: Entity,
    damage: f32,
    big: f32,
}

#[component]
#[derive(Debug, PartialEq)]
struct Sums {
    hits: f32,
    all: i32,
}

fn shoot(positions: Query<(Entity, &Position)>, mut commands: Commands) {
    // The rows of a chunk are counted from its first.
    for (number, (target, position)) in positions.iter().enumerate() {
        let row = number % CHUNK_ROWS as usize;
        if row.is_multiple_of(7) {
            commands.send(Hit {
                target,
                damage: position.0[0],
                big: row as f32,
            });
        }
    }
}

fn sum(hits: Events<Hit>, mut sums: ResMut<Sums>) {
    for hit in hits {
        sums.hits = sums.hits * 0.5 + hit.damage;
    }
    sums.all += hits.len() as i32;
}

fn suffer(entity: Entity, velocity: &mut Velocity, hits: Events<Hit>) {
    for hit in hits.iter().take(20) {
        if hit.target == entity {
            velocity.0[0] -= hit.damage;
        }
    }
}

#[test]
fn events_are_read_as_in_rust() {
    agree(
        EVENTS,
        || {
            vec![
                shoot.named("Shoot").finish(),
                IntoWhole::decl(sum).finish(),
                suffer.decl().finish(),
            ]
        },
        Around {
            steps: 4,
            prepare: |world| {
                world.insert_resource(Sums { hits: 0.0, all: 0 });
            },
            behind: Vec::new,
            look: |world| assert!(world.resource::<Sums>().expect("inserted").all > 2000),
        },
    );
}
