//! Where an action may come from, as project files name it.

use std::fmt;

use super::{Button, Key, PadAxis, PadButton};

/// One thing on a device that has a value.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Source {
    /// `KeyA`, `Space`, …: 1 while held.
    Key(Key),
    /// `Mouse Left`, …: 1 while held.
    Button(Button),
    /// `Pad South`, … of any gamepad: 1 while held.
    PadButton(PadButton),
    /// `Pad LeftX`, … of the gamepad on which it is largest: -1 to 1.
    PadAxis(PadAxis),
    /// `Mouse X`, `Mouse Y`: pixels since the last step.
    Motion(Direction),
    /// `Wheel X`, `Wheel Y`: lines since the last step.
    Wheel(Direction),
}

/// Right, or up.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// Right is positive.
    X,
    /// Up is positive.
    Y,
}

/// What a source may be, to complete "give …".
pub const SOURCES: &str = "a key by its code (`KeyA`, `Space`, `ArrowLeft`, …), `Mouse` with Left, Right, Middle, Back, Forward, X or Y, `Wheel` with X or Y, or `Pad` with South, East, \
     West, North, LeftShoulder, RightShoulder, LeftStick, RightStick, Select, Start, Guide, Up, Down, Left, Right, LeftX, LeftY, RightX, RightY, LeftTrigger or RightTrigger";

impl Source {
    /// The source of that name.
    pub fn named(name: &str) -> Option<Source> {
        match name.split_once(' ') {
            None => Key::named(name).map(Source::Key),
            Some(("Mouse", part)) => Button::named(part)
                .map(Source::Button)
                .or_else(|| Direction::named(part).map(Source::Motion)),
            Some(("Wheel", part)) => Direction::named(part).map(Source::Wheel),
            Some(("Pad", part)) => PadButton::named(part)
                .map(Source::PadButton)
                .or_else(|| PadAxis::named(part).map(Source::PadAxis)),
            Some(_) => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Key(key) => f.write_str(key.name()),
            Source::Button(button) => write!(f, "Mouse {}", button.name()),
            Source::PadButton(button) => write!(f, "Pad {}", button.name()),
            Source::PadAxis(axis) => write!(f, "Pad {}", axis.name()),
            Source::Motion(direction) => write!(f, "Mouse {direction:?}"),
            Source::Wheel(direction) => write!(f, "Wheel {direction:?}"),
        }
    }
}

impl Direction {
    fn named(name: &str) -> Option<Direction> {
        match name {
            "X" => Some(Direction::X),
            "Y" => Some(Direction::Y),
            _ => None,
        }
    }
}
