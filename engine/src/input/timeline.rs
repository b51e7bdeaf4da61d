//! Input from a file: what the player does, step by step, for tests and for runs that repeat.
//!
//! ```text
//! # step action value
//! 0   drive 1
//! 120 horn 1        # on from the step that begins when 120 are done
//! 121 horn 0
//! 200 pointer 0.5 -0.25
//! ```

use std::path::Path;

use layerw_platform::files::Files;

use super::{ACTIONS_MAX, Actions, Input, InputError};

/// What happens when, in order of steps.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    events: Vec<(u64, Change)>,
    next: usize,
    values: [f32; ACTIONS_MAX],
    pointer: [f32; 2],
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Action(usize, f32),
    Pointer([f32; 2]),
}

impl Timeline {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, a line says nothing, or names an action that there is not.
    pub(crate) fn read(
        files: &impl Files,
        path: &Path,
        actions: &Actions,
    ) -> Result<Timeline, InputError> {
        let bytes = files.read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut events = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let said = line.split('#').next().unwrap_or_default().trim();
            if said.is_empty() {
                continue;
            }
            let words: Vec<&str> = said.split_whitespace().collect();
            let event = event(&words, actions).ok_or_else(|| InputError::Line {
                path: path.to_owned(),
                line: number + 1,
                text: said.to_owned(),
            })?;
            let (step, Some(change)) = event else {
                return Err(InputError::Unknown {
                    place: crate::config::Place {
                        path: path.to_owned(),
                        line: number + 1,
                    },
                    action: words[1].to_owned(),
                    known_actions: actions.names(),
                });
            };
            events.push((step, change));
        }
        // Stable: of two lines for one step the later one holds.
        events.sort_by_key(|(step, _)| *step);
        Ok(Timeline {
            events,
            ..Timeline::default()
        })
    }

    /// The input of the step that begins when `step` steps are done, following on `before`. Never allocates.
    pub(crate) fn at(&mut self, step: u64, before: &Input) -> Input {
        while let Some(&(when, change)) =
            self.events.get(self.next).filter(|(when, _)| *when <= step)
        {
            // What was over before this run began set the values that it begins with.
            debug_assert!(when <= step);
            match change {
                Change::Action(place, value) => self.values[place] = value,
                Change::Pointer(at) => self.pointer = at,
            }
            self.next += 1;
        }
        before.then(self.values, 0, self.pointer)
    }
}

/// A line's words; None where they make no sense, no change where there is no such action.
fn event(words: &[&str], actions: &Actions) -> Option<(u64, Option<Change>)> {
    let number = |word: &str| word.parse().ok().filter(|value: &f32| value.is_finite());
    match *words {
        [step, "pointer", x, y] => {
            let change = Change::Pointer([number(x)?, number(y)?]);
            Some((step.parse().ok()?, Some(change)))
        }
        [step, action, value] => {
            let value = number(value)?;
            let place = actions.named(action);
            Some((
                step.parse().ok()?,
                place.map(|place| Change::Action(place, value)),
            ))
        }
        _ => None,
    }
}
