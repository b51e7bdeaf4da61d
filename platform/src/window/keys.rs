//! The host's names of keys and buttons.

use winit::event::MouseButton;

use crate::input::{Button, Key, for_each_key};

/// winit's codes under the names of the standard, from which two of them differ.
mod codes {
    pub(super) use winit::keyboard::KeyCode::{SuperLeft as MetaLeft, SuperRight as MetaRight, *};
}

macro_rules! by_code {
    ($($key:ident)*) => {
        /// The key at a place of the keyboard; None of those that no action can be bound to.
        pub(super) fn key(code: winit::keyboard::KeyCode) -> Option<Key> {
            match code {
                $(codes::$key => Some(Key::$key),)*
                _ => None,
            }
        }
    };
}
for_each_key!(by_code);

/// The button of a mouse; None of those beyond the fifth.
pub(super) fn button(button: MouseButton) -> Option<Button> {
    match button {
        MouseButton::Left => Some(Button::Left),
        MouseButton::Right => Some(Button::Right),
        MouseButton::Middle => Some(Button::Middle),
        MouseButton::Back => Some(Button::Back),
        MouseButton::Forward => Some(Button::Forward),
        MouseButton::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winit::keyboard::KeyCode;

    #[test]
    fn keys_are_those_at_their_places() {
        assert_eq!(key(KeyCode::KeyQ), Some(Key::KeyQ));
        assert_eq!(key(KeyCode::SuperLeft), Some(Key::MetaLeft));
        assert_eq!(key(KeyCode::NumpadEnter), Some(Key::NumpadEnter));
        assert_eq!(key(KeyCode::Katakana), None);
    }
}
