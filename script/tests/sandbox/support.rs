//! A world, a schedule, and modules written by hand.

#![allow(dead_code, reason = "each of the programs that share it uses a part")]

use layerw_ecs::schedule::{Entry, Failure, Schedule};
use layerw_ecs::system::{Stopped, SystemDecl};
use layerw_ecs::workers::Workers;
use layerw_ecs::{Component, Schema, StateHash, World, component};
use layerw_frame_graph::RunOptions;
use layerw_jobs::Jobs;
use layerw_memory::{Arena, Backing, MemoryConfig};
use layerw_script::abi::{self, ComponentDecl, Manifest, Param};
use layerw_script::runtime::{Options, Script};

#[component]
#[derive(Debug, PartialEq)]
pub struct Position(pub [f32; 2]);

#[component]
#[derive(Debug, PartialEq)]
pub struct Velocity(pub [f32; 2]);

/// What no script here is granted.
#[component]
#[derive(Debug, PartialEq)]
pub struct Secret(pub u64);

/// Counts the steps in which a row was visited.
#[component]
#[derive(Debug, PartialEq)]
pub struct Visits(pub u32);

#[component]
#[derive(Debug, PartialEq)]
pub struct Flag(pub bool);

#[component]
#[derive(Debug, PartialEq)]
pub struct Total(pub f32);

/// The systems' place.
pub struct Scene {
    pub world: World,
    schedule: Schedule,
    workers: Workers,
    jobs: Jobs,
}

impl Scene {
    pub fn new(threads: usize, world: World, systems: Vec<SystemDecl>) -> Scene {
        Scene::with_scratch(threads, world, systems, 1 << 20)
    }

    /// With so many bytes of scratch for each worker.
    pub fn with_scratch(
        threads: usize,
        mut world: World,
        systems: Vec<SystemDecl>,
        scratch: u64,
    ) -> Scene {
        let jobs = Jobs::new(threads).expect("as many workers as asked for");
        let entries = systems.into_iter().map(Entry::System).collect();
        let schedule =
            Schedule::new(entries, &mut world, threads).expect("the systems form a graph");
        let workers = Workers::new(world.arena(), threads, scratch).expect("room for scratch");
        Scene {
            world,
            schedule,
            workers,
            jobs,
        }
    }

    pub fn step(&mut self) -> Result<(), Failure> {
        let options = RunOptions::default();
        self.schedule
            .step(&mut self.world, &self.jobs, &mut self.workers, options)
    }

    /// Steps that must not fail.
    pub fn steps(&mut self, count: usize) {
        for _ in 0..count {
            if let Err(failure) = self.step() {
                panic!("{}: {}", failure.system, text(&failure));
            }
        }
    }

    pub fn hash(&self) -> StateHash {
        self.world.hash()
    }
}

/// What a failed step says.
pub fn text(failure: &Failure) -> String {
    failure
        .payload
        .downcast_ref::<Stopped>()
        .map_or_else(String::new, |stopped| stopped.0.clone())
}

pub fn arena(backing: Backing) -> Arena {
    let mut config = MemoryConfig::with_total(64 << 20);
    config.backing = backing;
    Arena::new(&config).expect("a small arena")
}

/// Entities with everything that a movement needs and what it does not.
pub fn world(backing: Backing, entities: usize) -> World {
    let mut world = World::new(&arena(backing)).expect("a fresh arena");
    world.spawn_batch((0..entities).map(|index| {
        let x = index as f32;
        (
            Position([x, -x]),
            Velocity([0.5 + x * 0.001, 1.0 - x * 0.002]),
            Secret(index as u64 ^ 0x5eed),
            Visits(0),
        )
    }));
    world
}

pub fn column<T: Component>(write: bool) -> Param {
    Param::Column {
        component: T::NAME.to_owned(),
        write,
    }
}

pub fn resource<T: Component>(write: bool) -> Param {
    Param::Resource {
        component: T::NAME.to_owned(),
        write,
    }
}

pub fn decl<T: Component>() -> ComponentDecl {
    ComponentDecl::of(&Schema::of::<T>())
}

/// The system `name`, exported under the same name.
pub fn system(name: &str, params: &[Param]) -> abi::SystemDecl {
    abi::SystemDecl {
        name: name.to_owned(),
        export: name.to_owned(),
        params: params.to_vec(),
        ..abi::SystemDecl::default()
    }
}

pub fn manifest(systems: &[abi::SystemDecl]) -> Manifest {
    Manifest {
        abi: abi::VERSION,
        sources: vec!["hostile.ts".to_owned()],
        components: vec![
            decl::<Position>(),
            decl::<Velocity>(),
            decl::<Secret>(),
            decl::<Flag>(),
            decl::<Total>(),
        ],
        templates: vec![vec!["Position".to_owned()], vec!["Flag".to_owned()]],
        resources: Vec::new(),
        one_nan: false,
        systems: systems.to_vec(),
    }
}

/// Every instruction is line 7, column 3.
const MAP: &[u8] = br#"{"version":3,"sources":["hostile.ts"],"names":[],"mappings":"AAME"}"#;

pub fn module(wat: &str, manifest: &Manifest) -> Vec<u8> {
    let bytes = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
    abi::attach(bytes, manifest, Some(MAP))
}

pub fn load(module: &[u8], options: &Options) -> Script {
    Script::load("test", module, options).unwrap_or_else(|error| panic!("{error}"))
}

/// `positions += velocities * dt`, row by row.
pub const MOVEMENT: &str = r#"
(module
  (import "env" "memory" (memory 1))
  (func (export "Movement") (param $p i32) (param $v i32) (param $n i32) (param $dt f32)
    (local $end i32)
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 3))))
    (loop $rows
      (f32.store (local.get $p) (f32.add (f32.load (local.get $p)) (f32.mul (f32.load (local.get $v)) (local.get $dt))))
      (f32.store offset=4 (local.get $p) (f32.add (f32.load offset=4 (local.get $p)) (f32.mul (f32.load offset=4 (local.get $v)) (local.get $dt))))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $v (i32.add (local.get $v) (i32.const 8)))
      (br_if $rows (i32.lt_u (local.get $p) (local.get $end)))))
)"#;

/// The same, two rows at a time.
pub const MOVEMENT_V128: &str = r#"
(module
  (import "env" "memory" (memory 1))
  (func (export "Movement") (param $p i32) (param $v i32) (param $n i32) (param $dt f32)
    (local $end i32) (local $pairs i32) (local $dts v128)
    (local.set $dts (f32x4.splat (local.get $dt)))
    (local.set $pairs (i32.add (local.get $p) (i32.shl (i32.and (local.get $n) (i32.const -2)) (i32.const 3))))
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 3))))
    (block $done
      (br_if $done (i32.ge_u (local.get $p) (local.get $pairs)))
      (loop $rows
        (v128.store (local.get $p) (f32x4.add (v128.load (local.get $p)) (f32x4.mul (v128.load (local.get $v)) (local.get $dts))))
        (local.set $p (i32.add (local.get $p) (i32.const 16)))
        (local.set $v (i32.add (local.get $v) (i32.const 16)))
        (br_if $rows (i32.lt_u (local.get $p) (local.get $pairs)))))
    (if (i32.lt_u (local.get $p) (local.get $end)) (then
      (f32.store (local.get $p) (f32.add (f32.load (local.get $p)) (f32.mul (f32.load (local.get $v)) (local.get $dt))))
      (f32.store offset=4 (local.get $p) (f32.add (f32.load offset=4 (local.get $p)) (f32.mul (f32.load offset=4 (local.get $v)) (local.get $dt)))))))
)"#;

/// The manifest of both.
pub fn movement() -> Manifest {
    manifest(&[system(
        "Movement",
        &[
            column::<Position>(true),
            column::<Velocity>(false),
            Param::Count,
            Param::Dt,
        ],
    )])
}
