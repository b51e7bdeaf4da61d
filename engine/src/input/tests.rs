use std::io::Write;
use std::path::Path;

use layerw_platform::files::{Draft, Files, InMemory};
use layerw_platform::input::{Devices, Event, Key, PadAxis, PadEvent};

use super::*;
use crate::config::{InputBinding, Place};
use crate::{Jobs, Runner, RunnerOptions, Sim};

fn rover() -> (Actions, Action, Action) {
    let mut actions = Actions::default();
    let drive = Binding::axis(&["KeyS"], &["KeyW", "ArrowUp"]).or(&["Pad LeftY"]);
    let drive = actions.declare("drive", &drive).expect("sources");
    let horn = Binding::button(&["Space"]);
    let horn = actions.declare("horn", &horn).expect("sources");
    (actions, drive, horn)
}

fn read(text: &str, actions: &Actions) -> Result<Timeline, InputError> {
    let files = InMemory::default();
    let mut draft = files.create(Path::new("in.txt")).expect("a name");
    draft.write_all(text.as_bytes()).expect("room");
    draft.commit().expect("room");
    Timeline::read(&files, Path::new("in.txt"), actions)
}

#[test]
fn actions_follow_their_devices() {
    let (actions, drive, horn) = rover();
    let mut devices = Devices::new();
    devices.feed(&Event::Key(Key::KeyW, true));
    devices.feed(&Event::Key(Key::ArrowUp, true));
    let first = actions.sample(&devices, &Input::default());
    assert_eq!(
        first.value(drive),
        1.0,
        "two keys of one direction are no more than one"
    );
    assert!(first.pressed(drive) && first.held(drive) && !first.held(horn));

    devices.seen();
    devices.feed(&Event::Key(Key::KeyS, true));
    let second = actions.sample(&devices, &first);
    assert_eq!(second.value(drive), 0.0, "both directions");
    assert!(second.released(drive));

    devices.seen();
    for key in [Key::KeyW, Key::ArrowUp] {
        devices.feed(&Event::Key(key, false));
    }
    devices.feed(&Event::Pad(0, PadEvent::Axis(PadAxis::LeftY, 1.0)));
    let third = actions.sample(&devices, &second);
    assert_eq!(third.value(drive), 0.0);
    devices.feed(&Event::Key(Key::KeyS, false));
    assert_eq!(actions.sample(&devices, &third).value(drive), 1.0);
}

#[test]
fn who_owns_the_loop_feeds_the_devices() {
    let mut sim = Sim::new();
    let horn = sim
        .action("horn", Binding::button(&["Space"]))
        .expect("a source");
    let jobs = Jobs::new(1).expect("a worker");
    let mut runner = Runner::new(sim, &jobs, RunnerOptions::default()).expect("no systems");
    let mut devices = Devices::new();
    devices.feed(&Event::Key(Key::Space, true));
    let mut told = Vec::new();
    for _ in 0..2 {
        runner.take_input(&mut devices);
        runner.step().expect("no systems");
        let input = runner.world().resource::<Input>().expect("actions");
        told.push((input.pressed(horn), input.held(horn)));
    }
    assert_eq!(told, [(true, true), (false, true)]);
}

#[test]
fn a_tap_between_two_steps_is_pressed_and_released() {
    let (actions, _, horn) = rover();
    let mut devices = Devices::new();
    devices.feed(&Event::Key(Key::Space, true));
    devices.feed(&Event::Key(Key::Space, false));
    let input = actions.sample(&devices, &Input::default());
    assert!(input.pressed(horn) && input.released(horn) && !input.held(horn));
    devices.seen();
    let input = actions.sample(&devices, &input);
    assert!(!input.pressed(horn) && !input.released(horn));
}

#[test]
fn the_project_file_binds_anew_or_is_told_what_there_is() {
    let (mut actions, drive, _) = rover();
    let place = Place {
        path: "layerw.toml".into(),
        line: 7,
    };
    let binding = |action: &str, source: &str| InputBinding {
        action: action.to_owned(),
        negative: Vec::new(),
        positive: vec![source.to_owned()],
        place: place.clone(),
    };
    actions
        .rebind(&[binding("drive", "KeyX")])
        .expect("an action and a source");
    let mut devices = Devices::new();
    devices.feed(&Event::Key(Key::KeyW, true));
    assert_eq!(
        actions.sample(&devices, &Input::default()).value(drive),
        0.0
    );
    devices.feed(&Event::Key(Key::KeyX, true));
    assert_eq!(
        actions.sample(&devices, &Input::default()).value(drive),
        1.0
    );

    let refusal = |binding| {
        rover()
            .0
            .rebind(&[binding])
            .expect_err("a slip")
            .to_string()
    };
    let unknown = refusal(binding("drift", "KeyX"));
    assert!(
        unknown.ends_with("the project has no action `drift`; it has drive, horn"),
        "{unknown}"
    );
    let source = refusal(binding("drive", "X"));
    assert!(
        source.starts_with("action `drive` is bound to `X` (") && source.contains("line 7"),
        "{source}"
    );
    let meant =
        "which is no source of input; did you mean `KeyX`? Otherwise give a key by its code";
    assert!(source.contains(meant), "{source}");
}

#[test]
fn input_reads_as_it_was_written() {
    let (actions, ..) = rover();
    let mut timeline = read("0 drive 1\n0 horn 1\n0 pointer 1 -1", &actions).expect("right lines");
    let input = timeline.at(0, &Input::default());
    let mut bytes = Vec::new();
    input.write(&mut bytes);
    assert_eq!(Input::read(&bytes), Some(input));
    assert_eq!(Input::read(&bytes[1..]), None);
    assert_eq!(Input::read(&[&bytes[..], &[0; 4]].concat()), None);
}

#[test]
fn actions_have_room_and_names() {
    let mut actions = Actions::default();
    for number in 0..ACTIONS_MAX {
        actions
            .declare(&number.to_string(), &Binding::default())
            .expect("room");
    }
    let refusal = |actions: &mut Actions, name| {
        actions
            .declare(name, &Binding::default())
            .expect_err("no")
            .to_string()
    };
    assert!(refusal(&mut actions, "5").starts_with("action `5` is declared twice"));
    assert!(refusal(&mut actions, "more").starts_with("action `more` is one too many"));
}

#[test]
fn a_timeline_says_what_holds_from_when_on() {
    let (actions, drive, horn) = rover();
    let text = "# a drive\n2 horn 1\n0 drive -0.5  # back\n3 horn 0\n3 pointer 0.5 -1\n";
    let mut timeline = read(text, &actions).expect("right lines");
    let mut input = Input::default();
    let mut told = Vec::new();
    for step in 0..5 {
        input = timeline.at(step, &input);
        told.push((
            input.value(drive),
            input.pressed(horn),
            input.held(horn),
            input.released(horn),
        ));
    }
    assert_eq!(
        told,
        [
            (-0.5, false, false, false),
            (-0.5, false, false, false),
            (-0.5, true, true, false),
            (-0.5, false, false, true),
            (-0.5, false, false, false),
        ]
    );
    assert_eq!(input.pointer(), [0.5, -1.0]);
}

#[test]
fn a_line_that_says_nothing_is_shown() {
    let (actions, ..) = rover();
    for (text, part) in [
        (
            "0 drive 1\nsoon horn 1",
            "`in.txt` line 2: `soon horn 1` is no input",
        ),
        ("0 drive nan", "line 1: `0 drive nan` is no input"),
        ("0 drive", "line 1: `0 drive` is no input"),
        ("-1 drive 1", "line 1: `-1 drive 1` is no input"),
        (
            "0 fly 1",
            "the project has no action `fly`; it has drive, horn",
        ),
    ] {
        let refusal = read(text, &actions).expect_err(text).to_string();
        assert!(refusal.contains(part), "{refusal}");
    }
}
