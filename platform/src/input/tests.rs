use super::*;

fn source(name: &str) -> Source {
    Source::named(name).unwrap_or_else(|| panic!("`{name}` is a source"))
}

fn devices(events: &[Event]) -> Devices {
    let mut devices = Devices::new();
    events.iter().for_each(|event| devices.feed(event));
    devices
}

#[test]
fn sources_have_one_name_each() {
    for key in Key::ALL {
        assert_eq!(source(key.name()), Source::Key(*key));
    }
    for name in [
        "Mouse Left",
        "Mouse X",
        "Wheel Y",
        "Pad South",
        "Pad LeftTrigger",
        "Pad Left",
        "ArrowUp",
    ] {
        assert_eq!(source(name).to_string(), name);
    }
    for name in [
        "",
        "A",
        "keya",
        "Mouse",
        "Mouse South",
        "Pad  South",
        "Stick X",
        "Pad LeftZ",
    ] {
        assert_eq!(Source::named(name), None, "{name}");
    }
}

#[test]
fn a_tap_between_two_looks_is_not_lost() {
    let mut devices = devices(&[Event::Key(Key::Space, true), Event::Key(Key::Space, false)]);
    assert_eq!(devices.value(source("Space")), 0.0);
    assert!(devices.hit(source("Space")));
    devices.seen();
    assert!(!devices.hit(source("Space")));
}

#[test]
fn repeats_of_a_key_are_no_new_hits() {
    let mut devices = devices(&[Event::Key(Key::KeyW, true)]);
    devices.seen();
    devices.feed(&Event::Key(Key::KeyW, true));
    assert!(!devices.hit(source("KeyW")));
    assert_eq!(devices.value(source("KeyW")), 1.0);
}

#[test]
fn losing_the_focus_lets_everything_go() {
    let devices = devices(&[
        Event::Key(Key::KeyW, true),
        Event::Button(Button::Left, true),
        Event::Pad(0, PadEvent::Button(PadButton::South, true)),
        Event::Pad(0, PadEvent::Axis(PadAxis::LeftX, 1.0)),
        Event::FocusLost,
    ]);
    for name in ["KeyW", "Mouse Left", "Pad South", "Pad LeftX"] {
        assert_eq!(devices.value(source(name)), 0.0, "{name}");
    }
}

#[test]
fn a_gamepad_that_is_pulled_out_while_pressed_holds_nothing() {
    let pressed = PadEvent::Button(PadButton::South, true);
    let mut devices = devices(&[
        Event::Pad(1, pressed),
        Event::Pad(2, pressed),
        Event::Pad(1, PadEvent::Gone),
    ]);
    assert_eq!(
        devices.value(source("Pad South")),
        1.0,
        "the other one is still held"
    );
    devices.feed(&Event::Pad(2, PadEvent::Gone));
    assert_eq!(devices.value(source("Pad South")), 0.0);
}

#[test]
fn axes_have_a_dead_zone_and_end_at_one() {
    let at = |value| {
        let devices = devices(&[Event::Pad(7, PadEvent::Axis(PadAxis::LeftX, value))]);
        devices.value(source("Pad LeftX"))
    };
    assert_eq!(at(0.1), 0.0);
    assert_eq!((at(1.0), at(-1.0)), (1.0, -1.0));
    assert!((at(0.575) - 0.5).abs() < 1e-6);
}

#[test]
fn nonsense_of_drivers_changes_nothing() {
    let devices = devices(&[
        Event::Pad(0, PadEvent::Axis(PadAxis::LeftX, 0.9)),
        Event::Pad(0, PadEvent::Axis(PadAxis::LeftX, f32::NAN)),
        Event::Pad(0, PadEvent::Axis(PadAxis::LeftY, f32::INFINITY)),
        Event::Pad(PADS_MAX, PadEvent::Button(PadButton::South, true)),
        Event::Pointer([0.5, 0.25]),
        Event::Pointer([f32::NAN, 0.0]),
        Event::Motion([f32::NEG_INFINITY, 0.0]),
    ]);
    assert_eq!(devices.value(source("Pad LeftX")), 0.0);
    assert_eq!(devices.value(source("Pad LeftY")), 1.0);
    assert_eq!(devices.value(source("Pad South")), 0.0);
    assert_eq!(devices.pointer(), [0.5, 0.25]);
    assert_eq!(devices.value(source("Mouse X")), 0.0);
}

#[test]
fn motion_adds_up_until_it_is_seen() {
    let mut devices = devices(&[
        Event::Motion([3.0, -1.0]),
        Event::Motion([2.0, 0.0]),
        Event::Wheel([0.0, 1.5]),
    ]);
    assert_eq!(devices.value(source("Mouse X")), 5.0);
    assert_eq!(devices.value(source("Mouse Y")), -1.0);
    assert_eq!(devices.value(source("Wheel Y")), 1.5);
    devices.seen();
    assert_eq!(devices.value(source("Mouse X")), 0.0);
}

#[test]
fn who_misspells_a_source_is_told_the_one_that_was_meant() {
    let nearest = |name: &str| Source::nearest(name).map(|source| source.to_string());
    for (name, meant) in [
        ("W", "KeyW"),
        ("keyw", "KeyW"),
        ("7", "Digit7"),
        ("Arrow Left", "ArrowLeft"),
        ("Spcae", "Space"),
        ("Esc", "Escape"),
        ("MouseLeft", "Mouse Left"),
        ("pad south", "Pad South"),
    ] {
        assert_eq!(nearest(name).as_deref(), Some(meant), "{name}");
    }
    for name in ["", "?", "horse", "Joystick 4"] {
        assert_eq!(nearest(name), None, "{name}");
    }
}
