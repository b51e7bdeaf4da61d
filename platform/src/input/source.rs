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

/// How alike two names have to be for one to be meant by the other, from 0 to 1.
const ALIKE: f64 = 0.85;

impl Source {
    /// The source that somebody who wrote this may have meant: `KeyW` by `W`, `ArrowUp` by `up`, `Mouse Left` by `MouseLeft`.
    ///
    /// ```
    /// use layerw_platform::input::{Key, Source};
    /// assert_eq!(Source::nearest("spacebar"), Some(Source::Key(Key::Space)));
    /// assert_eq!(Source::nearest("horse"), None);
    /// ```
    pub fn nearest(name: &str) -> Option<Source> {
        let wanted = name.to_lowercase();
        let alike = |source: &Source| {
            let full = source.to_string().to_lowercase();
            let short = ["key", "digit", "arrow", "mouse ", "wheel ", "pad "]
                .iter()
                .find_map(|kind| full.strip_prefix(kind))
                .unwrap_or(&full);
            let [full, short] =
                [full.as_str(), short].map(|known| strsim::jaro_winkler(known, &wanted));
            // Of those that are as near, a key, and then the one whose whole name is.
            (full.max(short), matches!(source, Source::Key(_)), full)
        };
        let scored = Source::all().map(|source| (alike(&source), source));
        let nearest = scored.max_by(|((a, a_is_key, a_full), _), ((b, b_is_key, b_full), _)| {
            let whole = || a_full.total_cmp(b_full);
            a.total_cmp(b).then(a_is_key.cmp(b_is_key)).then_with(whole)
        });
        let near_enough = nearest.filter(|((score, ..), _)| *score >= ALIKE);
        near_enough.map(|(_, source)| source)
    }

    /// All that there are.
    fn all() -> impl Iterator<Item = Source> {
        let directions = [Direction::X, Direction::Y];
        let keys = Key::ALL.iter().copied().map(Source::Key);
        keys.chain(Button::ALL.iter().copied().map(Source::Button))
            .chain(PadButton::ALL.iter().copied().map(Source::PadButton))
            .chain(PadAxis::ALL.iter().copied().map(Source::PadAxis))
            .chain(directions.map(Source::Motion))
            .chain(directions.map(Source::Wheel))
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
