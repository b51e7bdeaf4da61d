//! Keys of a keyboard, by place and not by letter, under the names that browsers give them.

/// Calls a macro with the name of every key: the one list, from which hosts make theirs.
macro_rules! for_each_key {
    ($macro:ident) => {
        $macro! {
            KeyA KeyB KeyC KeyD KeyE KeyF KeyG KeyH KeyI KeyJ KeyK KeyL KeyM KeyN KeyO KeyP KeyQ KeyR KeyS KeyT KeyU KeyV KeyW KeyX KeyY KeyZ
            Digit0 Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9
            F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12
            ArrowUp ArrowDown ArrowLeft ArrowRight
            Space Enter Escape Tab Backspace Delete Insert Home End PageUp PageDown CapsLock Pause
            ShiftLeft ShiftRight ControlLeft ControlRight AltLeft AltRight MetaLeft MetaRight
            Minus Equal BracketLeft BracketRight Backslash IntlBackslash Semicolon Quote Backquote Comma Period Slash
            Numpad0 Numpad1 Numpad2 Numpad3 Numpad4 Numpad5 Numpad6 Numpad7 Numpad8 Numpad9
            NumpadAdd NumpadSubtract NumpadMultiply NumpadDivide NumpadDecimal NumpadEnter
        }
    };
}
#[cfg(all(feature = "window", any(unix, windows)))]
pub(crate) use for_each_key;

/// Names every key once.
macro_rules! keys {
    ($($key:ident)*) => {
        /// A key by its place on the keyboard: the `code` of the W3C's [UI Events](https://www.w3.org/TR/uievents-code/), which winit uses as well.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the standard's names")]
        pub enum Key { $($key),* }

        impl Key {
            /// All keys.
            pub const ALL: &'static [Key] = &[$(Key::$key),*];

            /// The standard's name, such as `KeyA` or `ArrowLeft`.
            pub fn name(self) -> &'static str {
                match self { $(Key::$key => stringify!($key)),* }
            }
        }
    };
}

for_each_key!(keys);

impl Key {
    /// The key of that name.
    pub fn named(name: &str) -> Option<Key> {
        Key::ALL.iter().copied().find(|key| key.name() == name)
    }
}
