//! Modules of asc beside our own. Where there is no node or no package, each test says so and how to get it; `cargo xtask test native` installs the package or fails.

use super::super::tests::generator;
use super::super::tests::runner::{COMMANDS, Column, Step, bytes, run};
use super::super::tests::wide;
use super::super::{Source, compile};
use super::{Asc, prepare};
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
         class Rate { of: number; }
         function share(part: number) { return; }
         class Heal { update(healths: Health[], loads: number[], rate: Rate, context: Context) {
           const third = 1 / 3;
           const of: i32 = 3;
           for (const health of healths) {
             if (health.hits === of) continue;
             let more = 2;
             more += third * context.dt;
             health.now = Math.min(health.now + more * rate.of, MOST);
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

/// Programs of one kind as one source, whose systems have the seeds in their names.
fn together(seeds: impl Iterator<Item = u64>, program: fn(u64) -> String, around: &str) -> Source {
    let mut text = String::new();
    for seed in seeds {
        let program = program(seed);
        let (head, system) = program.split_once("class S ").expect("it has a system");
        if text.is_empty() {
            text = format!("{head}{around}");
        }
        let system = system.strip_suffix(around).expect("it ends with that");
        text += &format!("class S{seed} {system}");
    }
    Source::new("all.ts", text)
}

#[test]
fn random_programs_give_the_bits_of_our_own_compiler() {
    let Some(asc) = asc() else { return };
    type Columns = fn(u64) -> (usize, Vec<Column<'static>>);
    let around = wide::around_text();
    let long = std::env::var_os("LAYERW_LONG").is_some_and(|value| value == "1");
    let times = if long { 6 } else { 1 };
    type Kind<'k> = (u64, fn(u64) -> String, Columns, &'k str);
    let kinds: [Kind<'_>; 2] = [
        (30 * times, generator::program, generator::columns, ""),
        (60 * times, wide::program_of, wide::columns, &around),
    ];
    let mut stopped = 0;
    for (count, program, columns, around) in kinds {
        let sources = [together(0..count, program, around)];
        let module = asc.compile(&sources).expect("asc takes all");
        assert!(abi::read(&module).expect("a manifest").one_nan);
        let expected = ours(&sources);
        for seed in 0..count {
            let name = format!("S{seed}");
            let ran = |module| {
                let (rows, mut left) = columns(seed);
                let ended = run(module, &name, rows, &mut left, Step::default());
                (left, ended.err().map(|(_, row)| row))
            };
            let (theirs, own) = (ran(&module), ran(&expected));
            let text = program(seed);
            assert_eq!(theirs.1, own.1, "where program {seed} stops\n{text}");
            for (theirs, own) in theirs.0.iter().zip(&own.0) {
                assert_eq!(theirs, own, "program {seed}\n{text}");
            }
            stopped += u32::from(own.1.is_some());
        }
    }
    assert!(stopped > 3, "{stopped} stopped");
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
        "const SIZE = 4;
         class Tally { most: f32; sums = new Int32Array(SIZE); }
         class Room { wide = 3; }
         class Inner { of: Entity; }
         class Hit { who: Inner; by: f32 = 2; rest: f32 = 0; }
         class Unused { list: Array<string>; }
         const seen = new Map<i32, f32>();
         class Begin { start(world: World) { world.spawn({ velocities: { x: 1, y: seen.size }, speeds: 3 }); } }
         class Sum { static without = [Hit]; private x: i32 = 0;
           update(entities: Entity[], positions: Vec2[], speeds: readonly number[], tally: Tally, room: Room, world: World, dt: number): void {
           const names = ['a']; seen.set(positions.length, 3); tally.sums[0] += 1; world.send(Hit, { who: { of: entities[0] } }); throw new Error(names[0] + room.wide.toString()); } }",
    );
    let prepared = prepare(&[source]).expect("the signature is in order");
    let manifest = prepared.manifest;
    assert!(!prepared.whole && !manifest.one_nan);
    let [start, system] = &manifest.systems[..] else {
        panic!("{:?}", manifest.systems);
    };
    assert_eq!(
        (start.name.as_str(), start.export.as_str(), start.start),
        ("Begin.start", "start_Begin", true)
    );
    assert_eq!((system.export.as_str(), system.start), ("run_Sum", false));
    assert!(system.whole_chunks && system.commands && start.commands);
    assert_eq!(system.without, ["Hit"]);
    let column = |component: &str, write| Param::Column {
        component: component.to_owned(),
        write,
    };
    let resource = |component: &str, write| Param::Resource {
        component: component.to_owned(),
        write,
    };
    let expected = [
        Param::Entities,
        column("Position", true),
        column("Speed", false),
        resource("Tally", true),
        resource("Room", false),
        Param::Count,
    ];
    assert_eq!(system.params[..6], expected);
    // Else it would be called for chunks.
    assert!(!start.params.contains(&Param::Count));
    assert_eq!(manifest.fault(), None);
    let mut names: Vec<&str> = manifest
        .components
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["Hit", "Position", "Room", "Speed", "Tally", "Velocity"]
    );
    assert_eq!(
        manifest.templates,
        [
            vec!["Velocity".to_owned(), "Speed".to_owned()],
            vec!["Hit".to_owned()]
        ]
    );
    assert_eq!(
        manifest.resources.len(),
        1,
        "only one has all its initial values"
    );
}

#[test]
fn what_asc_cannot_be_given_is_refused() {
    let refused = |text: &str| {
        let text = format!("const seen = new Map<i32, i32>(); {text}");
        let problems = prepare(&[Source::new("a.ts", text)])
            .err()
            .expect("refused");
        problems[0].to_string()
    };
    let within = refused(
        "class A { update(entities: Entity[], world: World) { const a = world.despawn(entities[0]); } }",
    );
    assert!(within.contains("a command gives nothing back"), "{within}");
    let unknown =
        refused("class A { update(entities: Entity[], world: World) { world.spawn({ xs: 3 }); } }");
    assert!(
        unknown.starts_with("a.ts:1:") && unknown.contains("no column here is named `xs`"),
        "{unknown}"
    );
    let field = refused(
        "class H { a: f32; } class A { update(world: World) { world.spawn({ H: { b: 3 } }); } }",
    );
    assert!(field.contains("`H` has no field `b`"), "{field}");
    let missing =
        refused("class H { a: f32; } class A { update(world: World) { world.spawn({ H: {} }); } }");
    assert!(missing.contains("`a` is missing"), "{missing}");
}

#[test]
fn objects_stand_beside_all_that_the_language_has() {
    let Some(asc) = asc() else { return };
    let source = Source::new(
        "swarm.ts",
        "class Hit { by: f32 = 2; kind: i32; }
         class Tally { sum: f32 = 0; counts = new Int32Array(4); }
         class Seen { times: Map<i32, i32> = new Map<i32, i32>(); add(kind: i32): i32 {
           const n = this.times.has(kind) ? this.times.get(kind) + 1 : 1; this.times.set(kind, n); return n; } }
         class Swarm {
           update(entities: Entity[], positions: Vec2[], hits: Events<Hit>, tally: Tally, world: World, cx: Context) {
             const seen = new Seen();
             const list: f32[] = [];
             for (const hit of hits) { list.push(hit.by); tally.counts[hit.kind & 3] = seen.add(hit.kind); }
             for (let i = 0; i < positions.length; i++) {
               const random = cx.random(entities[i], 1);
               positions[i].x += Math.max(0, list[0]) * 2 + random.unit();
               if (i == 1) world.send(Hit, { kind: i }); else world.insert(entities[i], { positions: positions[i] });
             }
             tally.sum = tally.sum + positions[0].x;
           } }",
    );
    // The same without objects.
    let plain = Source::new(
        "swarm.ts",
        "class Hit { by: f32 = 2; kind: i32; }
         class Tally { sum: f32 = 0; counts = new Int32Array(4); }
         class Swarm {
           update(entities: Entity[], positions: Vec2[], hits: Events<Hit>, tally: Tally, world: World, cx: Context) {
             tally.counts[1] = 2; tally.counts[2] = 1;
             for (let i = 0; i < positions.length; i++) {
               const random = cx.random(entities[i], 1);
               positions[i].x += Math.max(0, hits[0].by) * 2 + random.unit();
               if (i === 1) world.send(Hit, { kind: i }); else world.insert(entities[i], { positions: positions[i] });
             }
             tally.sum = tally.sum + positions[0].x;
           } }",
    );
    let start = || {
        let hits = [
            [3f32.to_bits(), 1],
            [4f32.to_bits(), 2],
            [5f32.to_bits(), 1],
        ];
        vec![
            ("Position", bytes(&[0.5f32, 1.0, 2.0, 3.0, 4.0, 5.0])),
            ("Entity", bytes(&[1u64 | 1 << 32, 2 | 1 << 32, 3 | 1 << 32])),
            ("Hit", bytes(&hits)),
            ("Tally", bytes(&[0u32; 5])),
            (COMMANDS, Vec::new()),
        ]
    };
    let module = asc.compile(&[source]).expect("asc takes it");
    let (mut theirs, mut own) = (start(), start());
    run(&module, "Swarm", 3, &mut theirs, Step::default()).expect("it runs");
    run(&ours(&[plain]), "Swarm", 3, &mut own, Step::default()).expect("it runs");
    assert_eq!(theirs, own);
}

#[test]
fn traps_tell_place_and_row_as_ours_do() {
    let Some(asc) = asc() else { return };
    let stops = [
        ("const k = i + 2; xs[i] = xs[k];", 2),
        ("xs[i] = f32(t.sums[i + 1]);", 3),
        ("t.sums[0] = 6 / (i - 1);", 1),
        ("if (i === 2) xs[i] = hits[7].by;", 2),
    ];
    for (text, row) in stops {
        let text = format!(
            "class Hit {{ by: f32; }} class T {{ sums = new Int32Array(4); }}\n             class S {{ update(xs: f32[], hits: Events<Hit>, t: T) {{\n  for (let i = 0; i < xs.length; i++) {{\n    {text}\n  }}\n}} }}"
        );
        let sources = [Source::new("stop.ts", text)];
        let start = || {
            vec![
                ("X", bytes(&[1f32, 2.0, 3.0, 4.0])),
                ("Hit", bytes(&[1f32])),
                ("T", bytes(&[0u32; 4])),
            ]
        };
        let module = asc.compile(&sources).expect("asc takes it");
        let own = ours(&sources);
        let (mut a, mut b) = (start(), start());
        let (_, theirs) = run(&module, "S", 4, &mut a, Step::default()).unwrap_err();
        let (_, ended) = run(&own, "S", 4, &mut b, Step::default()).unwrap_err();
        assert_eq!((theirs, ended), (row, row), "{sources:?}");
        assert_eq!(a, b);
        // Every place at which ours may stop is one of theirs, with the words.
        let marked = |module: &[u8]| -> std::collections::BTreeSet<(u32, u32, String)> {
            let map = abi::read_map(module).expect("a module").expect("a map");
            let map = oxc_sourcemap::SourceMap::from_json_string(std::str::from_utf8(map).unwrap())
                .unwrap();
            let names: Vec<String> = map.get_names().map(|name| name.to_string()).collect();
            map.get_tokens()
                .filter_map(|token| {
                    Some((
                        token.get_src_line(),
                        token.get_src_col(),
                        names[token.get_name_id()? as usize].clone(),
                    ))
                })
                .collect()
        };
        let (theirs, ours) = (marked(&module), marked(&own));
        assert!(
            ours.is_subset(&theirs) && !ours.is_empty(),
            "{ours:?}, {theirs:?}"
        );
    }
}
