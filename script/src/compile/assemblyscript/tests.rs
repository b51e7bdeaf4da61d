//! Modules of asc beside our own. Where there is no node or no package, each test says so and how to get it; `cargo xtask test native` installs the package or fails.

use super::super::tests::generator::{self, canonical, columns};
use super::super::tests::runner::{Column, Step, bytes, run};
use super::super::{Source, compile};
use super::{Asc, AscError, declared};
use crate::abi::{self, Param};
use std::path::PathBuf;

const MOVEMENT: &str = "\
class MovementSystem {
  update(positions: Vec2[], velocities: Vec2[], dt: number) {
    for (let i = 0; i < positions.length; i++) {
      positions[i].x += velocities[i].x * dt;
      positions[i].y += velocities[i].y * dt;
    }
  }
}
";

/// asc from `target/assemblyscript`, where `cargo xtask` installs it.
fn asc() -> Option<Asc> {
    let folder = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.ancestors().nth(3)?.join("assemblyscript")));
    let folder = folder.unwrap_or_else(|| PathBuf::from("."));
    if !folder.join("node_modules/assemblyscript").is_dir() {
        eprintln!(
            "not tested: no AssemblyScript in {}; run `npm install --prefix {0} assemblyscript@{}`",
            folder.display(),
            super::VERSION
        );
        return None;
    }
    Some(Asc::at(folder))
}

fn ours(sources: &[Source]) -> Vec<u8> {
    compile(sources)
        .expect("the source is in the language")
        .wasm()
}

fn moving(rows: usize) -> Vec<Column<'static>> {
    let value = |i: usize, k: f32| ((i * 7919) % 1000) as f32 * k - 3.7;
    let positions: Vec<f32> = (0..2 * rows).map(|i| value(i, 0.37)).collect();
    let velocities: Vec<f32> = (0..2 * rows).map(|i| value(i + 5, 0.011)).collect();
    vec![
        ("Position", bytes(&positions)),
        ("Velocity", bytes(&velocities)),
    ]
}

#[test]
fn the_source_that_the_project_began_with_gives_the_same_bits() {
    let Some(asc) = asc() else { return };
    let sources = [Source::new("movement.ts", MOVEMENT)];
    let module = asc.compile(&sources).expect("asc takes it unchanged");
    let (mut theirs, mut own) = (moving(1001), moving(1001));
    run(
        &module,
        "MovementSystem",
        1001,
        &mut theirs,
        Step::default(),
    )
    .expect("it runs");
    run(
        &ours(&sources),
        "MovementSystem",
        1001,
        &mut own,
        Step::default(),
    )
    .expect("it runs");
    assert_eq!(theirs, own);
    assert_ne!(theirs, moving(1001));
    let (theirs, own) = (abi::read(&module), abi::read(&ours(&sources)));
    let columns = |manifest: &abi::Manifest| -> Vec<(String, bool)> {
        let columns = manifest.systems[0].columns();
        columns
            .map(|(name, write)| (name.to_owned(), write))
            .collect()
    };
    let (theirs, own) = (theirs.expect("a manifest"), own.expect("a manifest"));
    assert_eq!(columns(&theirs), columns(&own));
    assert_eq!(theirs.components, own.components);
    let map = abi::read_map(&module).expect("a module").expect("a map");
    let map = std::str::from_utf8(map).expect("JSON");
    assert!(map.contains("movement.ts"), "{map}");
}

#[test]
fn words_that_asc_has_not_mean_what_they_mean_in_the_language() {
    let Some(asc) = asc() else { return };
    let source = Source::new(
        "healing.ts",
        "const MOST = 100;
         class Health { now: number; most: f32; hits: i32; }
         class Rate { a: number; }
         function share(part: number) { return; }
         class Heal { update(healths: Health[], loads: number[], rate: Rate, context: Context) {
           const third = 1 / 3;
           for (const health of healths) {
             if (health.hits === 3) continue;
             let more = 2;
             more += third * context.dt;
             health.now = Math.min(health.now + more * rate.a, MOST);
             health.hits += 1;
           }
           for (let i = 0; i < loads.length; i++) {
             if (0.1 < loads[i]) loads[i] = 1 - loads[i] * 0.1;
             else loads[i] = 0.1 / loads[i];
           }
         } }",
    );
    let start = || {
        vec![
            (
                "Health",
                bytes(&[
                    [1f32.to_bits(), 0, 3],
                    [99.5f32.to_bits(), 1, 2],
                    [7f32.to_bits(), 2, 0],
                ]),
            ),
            ("Load", bytes(&[0.1f32, 0.3, -7.0])),
            ("Rate", bytes(&[1.5f32])),
        ]
    };
    let sources = [source];
    let module = asc.compile(&sources).expect("asc takes it");
    let (mut theirs, mut own) = (start(), start());
    run(&module, "Heal", 3, &mut theirs, Step::default()).expect("it runs");
    run(&ours(&sources), "Heal", 3, &mut own, Step::default()).expect("it runs");
    assert_eq!(theirs, own);
}

#[test]
fn random_programs_give_the_bits_of_our_own_compiler() {
    let Some(asc) = asc() else { return };
    // Programs that may stop are left out: asc's own division stops for one more pair of numbers, and no row is known.
    let mut seeds: Vec<u64> = (0..300).filter(|seed| seed % 3 != 0).collect();
    let all = seeds.len();
    let source = |seeds: &[u64]| {
        let mut text = String::new();
        for (number, seed) in seeds.iter().enumerate() {
            let program = generator::program(*seed);
            let (classes, rest) = program.split_once("function pick(").expect("it has pick");
            if number == 0 {
                text.push_str(classes);
            }
            let rest = format!("function pick({}", rest).replace("pick(", &format!("pick{seed}("));
            text.push_str(&rest.replace("class S ", &format!("class S{seed} ")));
        }
        Source::new("all.ts", text)
    };
    let module = loop {
        let source = source(&seeds);
        match asc.compile(std::slice::from_ref(&source)) {
            Ok(module) => break module,
            // asc has no smaller one of two whole numbers by that name, and says so; it may not say so of most.
            Err(AscError::Sources(problems)) => {
                let lines: Vec<&str> = source.text.lines().collect();
                let system = |line: usize| {
                    let mut before = lines[..line].iter().rev();
                    let head = before.find_map(|line| line.strip_prefix("class S"));
                    head.and_then(|head| head.split_once(' ')?.0.parse::<u64>().ok())
                };
                let refused: Vec<u64> =
                    problems.iter().filter_map(|one| system(one.line)).collect();
                let before = seeds.len();
                seeds.retain(|seed| !refused.contains(seed));
                assert!(
                    seeds.len() < before && seeds.len() > all / 3,
                    "{} of {all} are left: {}",
                    seeds.len(),
                    problems[0]
                );
            }
            Err(error) => panic!("{error}"),
        }
    };
    for seed in seeds {
        let text = generator::program(seed);
        let (rows, mut theirs) = columns(seed);
        let (_, mut own) = columns(seed);
        let name = format!("S{seed}");
        let ended = run(&module, &name, rows, &mut theirs, Step::default());
        let module = ours(&[Source::new("one.ts", text.clone())]);
        let expected = run(&module, "S", rows, &mut own, Step::default());
        assert_eq!(ended.is_ok(), expected.is_ok(), "program {seed}\n{text}");
        assert_eq!(
            canonical(&theirs),
            canonical(&own),
            "program {seed}\n{text}"
        );
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let Some(asc) = asc() else { return };
    let wrong = MOVEMENT.replace("positions[i].y +=", "positions[i].z +=");
    let error = asc
        .compile(&[Source::new("movement.ts", wrong)])
        .unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("movement.ts:5:"), "{said}");
}

#[test]
fn what_is_missing_is_said_with_its_cure() {
    let sources = [Source::new("movement.ts", MOVEMENT)];
    let nowhere = Asc {
        node: "/nowhere/node".into(),
        folder: ".".into(),
    };
    let said = nowhere.compile(&sources).unwrap_err().to_string();
    assert!(said.contains("install node 20 or later"), "{said}");
    let said = Asc::at("/nowhere")
        .compile(&sources)
        .unwrap_err()
        .to_string();
    assert!(said.contains("npm install assemblyscript@"), "{said}");
    if asc().is_some() {
        let said = Asc::at("/").compile(&sources).unwrap_err().to_string();
        assert!(said.contains("npm install assemblyscript@"), "{said}");
    }
}

#[test]
fn access_is_declared_where_the_source_is_not_in_the_language() {
    let source = Source::new(
        "large.ts",
        "class Tally { most: f32; }
         class Unused { list: Array<string>; }
         const seen = new Map<i32, f32>();
         class Sum { private x: i32 = 0; update(positions: Vec2[], speeds: readonly number[], tally: Tally, dt: number): void {
           const names = ['a']; seen.set(positions.length, 3); throw new Error(names[0]); } }",
    );
    let (systems, manifest) = declared(&[source]).expect("the signature is in order");
    assert_eq!(systems.len(), 1);
    let system = &manifest.systems[0];
    assert_eq!(system.export, "run_Sum");
    assert!(system.whole_chunks);
    let column = |component: &str, write| Param::Column {
        component: component.to_owned(),
        write,
    };
    assert_eq!(
        system.params[..2],
        [column("Position", true), column("Speed", false)]
    );
    let tally = Param::Resource {
        component: "Tally".to_owned(),
        write: false,
    };
    assert_eq!(system.params[2], tally);
    assert_eq!(manifest.fault(), None);
    let names: Vec<&str> = manifest
        .components
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["Position", "Speed", "Tally"]);
}

#[test]
fn what_asc_cannot_be_given_is_refused() {
    let refused = |text: &str| {
        let problems = declared(&[Source::new("a.ts", text)]).unwrap_err();
        problems[0].to_string()
    };
    let entities = refused("class A { update(entities: Entity[]) { } }");
    assert!(
        entities.starts_with("a.ts:1:18: AssemblyScript is given no entities"),
        "{entities}"
    );
    let world = refused("class A { update(xs: f32[], world: World) { } }");
    assert!(world.contains("records no commands"), "{world}");
    let wide =
        refused("class Two { at: Vec2; } class A { update(twos: Two[]) { twos[0].at.x = 1; } }");
    assert!(wide.contains("`at` of `Two`"), "{wide}");
}
