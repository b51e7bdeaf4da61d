//! What happens to input devices, in the words of no particular host.

use super::{Key, PADS_MAX};

/// Something that happened to a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A key went down or up. Repeats of a key held down change nothing.
    Key(Key, bool),
    /// A button of the mouse, or the first finger, went down or up.
    Button(Button, bool),
    /// The pointer is there: x from -1 on the left to 1, y from -1 at the bottom to 1, of what is drawn.
    Pointer([f32; 2]),
    /// The mouse moved by so many pixels, right and up, wherever the pointer is.
    Motion([f32; 2]),
    /// The wheel turned by so many lines, right and up.
    Wheel([f32; 2]),
    /// Something happened to gamepad number `0`, of [`PADS_MAX`] at most.
    Pad(usize, PadEvent),
    /// The window is no longer the one that is typed into: everything held is let go.
    FocusLost,
}

/// Something that happened to a gamepad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadEvent {
    /// A button went down or up.
    Button(PadButton, bool),
    /// An axis stands there: -1 to 1, right and up positive; triggers 0 to 1.
    Axis(PadAxis, f32),
    /// It is gone: everything held on it is let go.
    Gone,
}

/// Names every variant once, by the word that sources use.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident: $($variant:ident)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "names that say it")]
        pub enum $name { $($variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => stringify!($variant)),* }
            }

            /// The one of that name.
            pub fn named(name: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// A button of a mouse.
    Button: Left Right Middle Back Forward
}
named! {
    /// A button of a gamepad, by its place: South is A of Xbox and the cross of PlayStation.
    PadButton: South East West North LeftShoulder RightShoulder LeftStick RightStick Select Start Guide Up Down Left Right
}
named! {
    /// An axis of a gamepad.
    PadAxis: LeftX LeftY RightX RightY LeftTrigger RightTrigger
}

const _: () = assert!(PADS_MAX <= 8);
