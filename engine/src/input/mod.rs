//! What the player does, as state of the world: actions that a project declares, bound to keys, buttons and axes.
//!
//! Systems read actions and never devices. What they read is the resource [`Input`], set before each step: part of the hash, of snapshots and of recordings, so
//! that a game replays to the same bits whoever plays it and wherever. Headless runs take input from a timeline (`--input FILE`) or a recording.

mod actions;
mod error;
mod timeline;

use layerw_ecs::component;

pub use actions::{ACTIONS_MAX, Action, Binding};
pub use error::InputError;

pub(crate) use actions::Actions;
pub(crate) use timeline::Timeline;

/// What the player does in this step: a resource of every simulation that declares actions.
///
/// ```
/// use layerw::{Binding, Input, Res, Sim, component};
///
/// #[component]
/// struct Rover { speed: f32, horns: u32 }
///
/// let mut sim = Sim::new();
/// let drive = sim.action("drive", Binding::axis(&["KeyS"], &["KeyW"]).or(&["Pad LeftY"]))?;
/// let horn = sim.action("horn", Binding::button(&["Space", "Pad South"]))?;
/// sim.world.spawn(Rover { speed: 0.0, horns: 0 });
/// sim.each(move |rover: &mut Rover, input: Res<Input>| {
///     rover.speed = 3.0 * input.value(drive);
///     rover.horns += u32::from(input.pressed(horn));
/// });
/// # Ok::<(), layerw::Error>(())
/// ```
#[component(name = "layerw input")]
#[derive(Debug, Default, PartialEq)]
pub struct Input {
    values: [f32; ACTIONS_MAX],
    pointer: [f32; 2],
    /// A bit for each action.
    held: u32,
    pressed: u32,
    released: u32,
}

impl Input {
    /// How far an action goes: 0 or 1 of a button, -1 to 1 of an axis, beyond that where the mouse or the wheel is bound to it.
    pub fn value(&self, action: Action) -> f32 {
        self.values[action.place()]
    }

    /// Whether an action is on: its value is at least a half, either way.
    pub fn held(&self, action: Action) -> bool {
        self.held & action.bit() != 0
    }

    /// Whether an action went on since the step before; so does one that was let go again between two steps.
    pub fn pressed(&self, action: Action) -> bool {
        self.pressed & action.bit() != 0
    }

    /// Whether an action was let go since the step before.
    pub fn released(&self, action: Action) -> bool {
        self.released & action.bit() != 0
    }

    /// Where the pointer is: x from -1 on the left to 1, y from -1 at the bottom to 1.
    pub fn pointer(&self) -> [f32; 2] {
        self.pointer
    }

    /// Appends its value: the words of its fields, little-endian.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        let numbers = self.values.iter().chain(&self.pointer);
        numbers.for_each(|number| to.extend(number.to_le_bytes()));
        for bits in [self.held, self.pressed, self.released] {
            to.extend(bits.to_le_bytes());
        }
    }

    /// The value that [`Input::write`] wrote; None of anything else.
    pub(crate) fn read(bytes: &[u8]) -> Option<Input> {
        let (words, []) = bytes.as_chunks::<4>() else {
            return None;
        };
        let (numbers, bits) = words.split_at_checked(ACTIONS_MAX + 2)?;
        let number = |place: usize| f32::from_le_bytes(numbers[place]);
        let &[held, pressed, released] = bits else {
            return None;
        };
        let [held, pressed, released] = [held, pressed, released].map(u32::from_le_bytes);
        Some(Input {
            values: std::array::from_fn(number),
            pointer: [number(ACTIONS_MAX), number(ACTIONS_MAX + 1)],
            held,
            pressed,
            released,
        })
    }

    /// What follows on this when the actions have these values, and these were tapped between the two.
    pub(crate) fn then(&self, values: [f32; ACTIONS_MAX], tapped: u32, pointer: [f32; 2]) -> Input {
        let bits = values.iter().enumerate();
        let held = bits.fold(0, |bits, (place, value)| {
            bits | u32::from(value.abs() >= 0.5) << place
        });
        Input {
            values,
            pointer,
            held,
            pressed: (held & !self.held) | tapped,
            released: (self.held & !held) | (tapped & !held),
        }
    }
}

#[cfg(test)]
mod tests;
