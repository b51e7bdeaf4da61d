//! Actions: what a project lets its player do, and what each is bound to.

use layerw_platform::input::{Devices, Source};

use super::{Input, InputError};
use crate::config::{InputBinding, Place};

/// Actions that a simulation may have.
pub const ACTIONS_MAX: usize = 32;

/// An action of a simulation, from [`Sim::action`](crate::Sim::action).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Action(u8);

impl Action {
    pub(super) fn place(self) -> usize {
        self.0.into()
    }

    pub(super) fn bit(self) -> u32 {
        1 << self.0
    }
}

/// What an action is bound to where the project file says nothing. Sources are named as in `[input.NAME]` of layerw.toml: a key by its place on the keyboard (the
/// W3C's `code`: `KeyA`, `Space`, `ArrowLeft`), `Mouse Left`, `Mouse X`, `Wheel Y`, `Pad South`, `Pad LeftX`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Binding {
    negative: Vec<String>,
    positive: Vec<String>,
}

impl Binding {
    /// On while one of them is held.
    #[must_use]
    pub fn button(sources: &[&str]) -> Binding {
        Binding::default().or(sources)
    }

    /// -1 while one of the first is held, 1 while one of the second is.
    #[must_use]
    pub fn axis(negative: &[&str], positive: &[&str]) -> Binding {
        Binding {
            negative: negative.iter().map(|&name| name.to_owned()).collect(),
            positive: positive.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// These as well, with their own values: for axes of gamepads, the mouse and the wheel.
    #[must_use]
    pub fn or(mut self, sources: &[&str]) -> Binding {
        self.positive
            .extend(sources.iter().map(|&name| name.to_owned()));
        self
    }
}

/// The actions of a simulation, in the order in which they were declared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Actions {
    actions: Vec<Bound>,
}

#[derive(Clone, Debug)]
struct Bound {
    name: String,
    negative: Vec<Source>,
    positive: Vec<Source>,
}

impl Actions {
    pub(crate) fn names(&self) -> Vec<String> {
        self.actions
            .iter()
            .map(|bound| bound.name.clone())
            .collect()
    }

    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.actions.iter().position(|bound| bound.name == name)
    }

    /// Adds an action.
    ///
    /// # Errors
    /// There is one of that name, no room, or a source that is none.
    pub(crate) fn declare(&mut self, name: &str, binding: &Binding) -> Result<Action, InputError> {
        let action = || name.to_owned();
        if self.named(name).is_some() {
            return Err(InputError::Twice { action: action() });
        }
        if self.actions.len() == ACTIONS_MAX {
            return Err(InputError::TooMany { action: action() });
        }
        let place = self.actions.len() as u8;
        self.actions
            .push(bound(name, &binding.negative, &binding.positive, None)?);
        Ok(Action(place))
    }

    /// Binds actions as the project file says, in place of what the code says.
    ///
    /// # Errors
    /// There is no such action, or a source is none.
    pub(crate) fn rebind(&mut self, bindings: &[InputBinding]) -> Result<(), InputError> {
        for binding in bindings {
            let InputBinding {
                action,
                negative,
                positive,
                place,
            } = binding;
            let Some(index) = self.named(action) else {
                return Err(InputError::Unknown {
                    place: place.clone(),
                    action: action.clone(),
                    known_actions: self.names(),
                });
            };
            self.actions[index] = bound(action, negative, positive, Some(place))?;
        }
        Ok(())
    }

    /// Whether an action is bound to a key.
    #[cfg(feature = "window")]
    pub(crate) fn binds(&self, key: layerw_platform::input::Key) -> bool {
        let sources = |bound: &Bound| {
            let mut all = bound.positive.iter().chain(&bound.negative);
            all.any(|source| *source == Source::Key(key))
        };
        self.actions.iter().any(sources)
    }

    /// What the devices do since they were last looked at, following on `before`.
    pub(crate) fn sample(&self, devices: &Devices, before: &Input) -> Input {
        let (mut values, mut tapped) = ([0.0; ACTIONS_MAX], 0);
        for (place, bound) in self.actions.iter().enumerate() {
            let sum = |sources: &[Source]| {
                sources
                    .iter()
                    .map(|&source| devices.value(source))
                    .fold(0.0, larger)
            };
            values[place] = sum(&bound.positive) - sum(&bound.negative);
            let mut sources = bound.positive.iter().chain(&bound.negative);
            if sources.any(|&source| devices.hit(source)) {
                tapped |= 1 << place;
            }
        }
        before.then(values, tapped, devices.pointer())
    }
}

/// The one that goes further; two keys of one direction are no more than one.
fn larger(a: f32, b: f32) -> f32 {
    if b.abs() > a.abs() { b } else { a }
}

fn bound(
    name: &str,
    negative: &[String],
    positive: &[String],
    place: Option<&Place>,
) -> Result<Bound, InputError> {
    let read = |names: &[String]| -> Result<Vec<Source>, InputError> {
        let source = |source_name: &String| {
            Source::named(source_name).ok_or_else(|| InputError::Source {
                action: name.to_owned(),
                source_name: source_name.clone(),
                place: place.cloned(),
            })
        };
        names.iter().map(source).collect()
    };
    Ok(Bound {
        name: name.to_owned(),
        negative: read(negative)?,
        positive: read(positive)?,
    })
}
