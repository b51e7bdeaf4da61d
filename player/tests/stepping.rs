//! `run --break`: a person, or a log, at a line of a script.

mod support;

use std::io::Write;
use std::process::Stdio;

use support::Folder;

/// Ten entities, of which `Fall` moves each through a function; line 13 is the call.
const FALL: &str = "class Speed { value: number = 1; }
class World1 { falls: i32 = 0; }
function fallen(y: number, speed: number): number {
  return y - speed;
}
class Fall {
  start(world: World) {
    for (let i = 0; i < 10; i++) {
      world.spawn({ positions: { x: f32(i), y: 0.5 }, Speed: {} });
    }
  }
  update(positions: Vec2[], speeds: Speed[], dt: number) {
    for (let i = 0; i < positions.length; i++) {
      const before = positions[i].y;
      positions[i].y = fallen(before, speeds[i].value * dt);
    }
  }
}
class Count {
  update(positions: Vec2[], counts: World1) {
    for (const p of positions) {
      if (p.x > 7) counts.falls++;
    }
  }
}
";

/// The player with something said to it: exit status, standard output, standard error.
fn said(folder: &Folder, words: &str, input: &str) -> (Option<i32>, String, String) {
    let mut child = folder
        .command(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the player starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    // Whoever ends the run early does not read the rest.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn stops<'o>(out: &'o str, place: &str) -> Vec<&'o str> {
    out.lines().filter(|line| line.starts_with(place)).collect()
}

#[test]
fn where_nobody_asks_each_stop_is_logged_and_the_state_is_the_same() {
    let folder = Folder::with_scripts("log", &[("fall.ts", FALL)]);
    let (code, plain, err) = folder.player("run --frames 3 --memory-total 64MiB");
    assert_eq!(code, Some(0), "{err}");
    let run = "run --frames 3 --memory-total 64MiB --break fall.ts:15 --break fall.ts:22";
    let (code, out, err) = said(&folder, run, "");
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(out.lines().last(), plain.lines().last());
    assert_eq!(stops(&out, "fall.ts:15:").len(), 30, "{out}");
    // Two of ten are that far; the statement behind the condition begins on the same line, and is no second stop.
    assert_eq!(stops(&out, "fall.ts:22:").len(), 30, "{out}");
    let first = out.lines().take(8).collect::<Vec<_>>();
    assert_eq!(
        first,
        [
            "fall.ts:15:7 in Fall, step 0, entity 0v1",
            "   15 |       positions[i].y = fallen(before, speeds[i].value * dt);",
            "  dt = 0.016666668",
            "  i = 0",
            "  positions[i] = (0, 0.5)",
            "  speeds[i].value = 1",
            "  before = 0.5",
            "fall.ts:15:7 in Fall, step 0, entity 1v1",
        ]
    );
    // A row by its name, and a resource.
    let shown = "    22 |       if (p.x > 7) counts.falls++;\n  counts.falls = 0\n  p = (0, ";
    assert!(out.contains(&shown[1..]), "{out}");
}

#[test]
fn an_entity_is_followed_alone_also_into_functions() {
    let folder = Folder::with_scripts("entity", &[("fall.ts", FALL)]);
    let run = "run --frames 2 --memory-total 64MiB --break fall.ts:4@7";
    let (code, out, err) = said(&folder, run, "");
    assert_eq!(code, Some(0), "{err}");
    let stops = stops(&out, "fall.ts:4:");
    let told: Vec<&str> = stops
        .iter()
        .map(|stop| stop.rsplit_once("in ").expect("a place").1)
        .collect();
    let expected = ["fallen, step 0, entity 7v1", "fallen, step 1, entity 7v1"];
    assert_eq!(told, expected, "{out}");
    assert!(out.contains("  y = 0.5\n  speed = 0.016666668\n"), "{out}");
}

#[test]
fn a_person_steps_adds_places_and_ends_the_run() {
    let folder = Folder::with_scripts("person", &[("fall.ts", FALL)]);
    let run = "run --frames 1000000 --memory-total 64MiB --break fall.ts:14@3";
    let talk = "step\n\nbreak fall.ts:2\nbreak fall.ts:22@9\ndelete\nbreak fall.ts:22@9\njump\ncontinue\nquit\n";
    let (code, out, err) = said(&folder, run, talk);
    assert_eq!(code, Some(0), "{err}");
    let places: Vec<&str> = out
        .lines()
        .filter(|line| line.starts_with("fall.ts:"))
        .map(|line| line.split(" in ").next().expect("a place"))
        .collect();
    // The line, the next statement, the one in the function, and the place that was added.
    assert_eq!(
        places,
        [
            "fall.ts:14:22",
            "fall.ts:15:7",
            "fall.ts:4:10",
            "fall.ts:22:7"
        ],
        "{out}"
    );
    assert!(out.contains("`fall.ts:2` cannot be stopped at"), "{out}");
    assert!(out.contains("`jump` is nothing"), "{out}");
    assert!(err.contains("999999 of 1000000 steps not done"), "{err}");
    assert!(out.lines().last().expect("lines").starts_with("hash "));
}

#[test]
fn places_that_no_run_stops_at_are_refused_before_it_starts() {
    let folder = Folder::with_scripts("refused", &[("fall.ts", FALL)]);
    for (words, sentence) in [
        (
            "run --break fall.ts:1",
            "`fall.ts:1` cannot be stopped at: no statement of a system begins on that line; the nearest is fall.ts:4\n",
        ),
        (
            "run --break fell.ts:4",
            "`fell.ts:4` cannot be stopped at: `fell.ts` is no source of a script here; give one of fall.ts\n",
        ),
    ] {
        let (code, out, err) = folder.player(words);
        assert_eq!((code, out.as_str(), err.as_str()), (Some(1), "", sentence));
    }
    let (code, _, err) = folder.player("run --break fall.ts:4 --threads 2");
    assert_eq!(code, Some(2), "{err}");
    assert!(
        err.contains("`--threads` and `--break fall.ts:4` exclude each other"),
        "{err}"
    );
    let none = Folder::with_scripts("none", &[]);
    let (code, _, err) = none.player("run --break fall.ts:4");
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("name a .ts file in `[scripts]`"), "{err}");
}
