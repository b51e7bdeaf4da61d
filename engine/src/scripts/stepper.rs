//! A person at a breakpoint: shows what can be seen, and does what the person says.
//!
//! The run goes on one worker and waits meanwhile, so what is shown does not change under the person's eyes, and the state is the one that a run without breakpoints has. Where
//! nobody is there (standard input has ended), each stop is shown and the run goes on: a log of the lines that were asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use layerw_platform::signals::Stop;
use layerw_script::compile::js::Statement;
use layerw_script::runtime::{Debugger, Seen, Stopped};

use super::ScriptsError;
use super::breakpoints::{BREAKPOINT, Breakpoint, Breakpoints};

/// What a person can say.
const HELP: &str = "\
c, continue                    go on to the next breakpoint
s, step                        go on to the next statement
b, break FILE:LINE[@ENTITY]    stop there, too
d, delete                      forget all breakpoints
q, quit                        end the run after this step
nothing                        the same as before
";

/// The person, or the log.
pub(super) struct Stepper {
    state: Mutex<State>,
    stop: Stop,
}

struct State {
    places: Vec<Breakpoint>,
    /// Whether the next statement is stopped at.
    stepping: bool,
    /// Whether standard input may say something yet.
    asks: bool,
    before: Word,
    /// Lines with statements, by file.
    lines: BTreeMap<String, BTreeSet<u32>>,
}

/// What a person said.
#[derive(Clone, Debug, PartialEq)]
enum Word {
    Continue,
    Step,
    Break(Breakpoint),
    Delete,
    Quit,
    Help,
    /// What was said before.
    Again,
}

impl Word {
    fn read(line: &str) -> Result<Word, String> {
        let mut words = line.split_whitespace();
        let word = match (words.next().unwrap_or_default(), words.next()) {
            ("", _) => Word::Again,
            ("c" | "continue", None) => Word::Continue,
            ("s" | "step", None) => Word::Step,
            ("d" | "delete", None) => Word::Delete,
            ("q" | "quit", None) => Word::Quit,
            ("h" | "help" | "?", None) => Word::Help,
            ("b" | "break", Some(place)) => match place.parse() {
                Ok(place) => Word::Break(place),
                Err(allowed) => {
                    return Err(format!("`break {place}` cannot be done; give {allowed}"));
                }
            },
            ("b" | "break", None) => {
                return Err(format!("`break` needs a place; give {BREAKPOINT}"));
            }
            _ => {
                return Err(format!(
                    "`{}` is nothing that can be done here; `help` lists what can",
                    line.trim()
                ));
            }
        };
        Ok(word)
    }
}

impl Stepper {
    pub(super) fn new(breakpoints: &Breakpoints) -> Stepper {
        Stepper {
            state: Mutex::new(State {
                places: breakpoints.places.clone(),
                stepping: false,
                asks: true,
                before: Word::Step,
                lines: BTreeMap::new(),
            }),
            stop: breakpoints.stop.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of the statements there are.
    pub(super) fn learn(&self, statements: &[Statement]) {
        let mut state = self.state();
        for statement in statements {
            let lines = state.lines.entry(statement.file.clone()).or_default();
            lines.insert(statement.line);
        }
    }

    /// After all scripts are known.
    ///
    /// # Errors
    /// A breakpoint where no statement is.
    pub(super) fn check(&self) -> Result<(), ScriptsError> {
        let state = self.state();
        let refused = state.places.iter().find_map(|place| state.refusal(place));
        match refused {
            Some(refusal) => Err(ScriptsError::Refused(refusal)),
            None => Ok(()),
        }
    }

    /// Asks until the script may go on.
    fn ask(&self) {
        let mut state = self.state();
        while state.asks && !self.stop.requested() {
            let Some(line) = read_line() else {
                state.asks = false;
                state.stepping = false;
                return;
            };
            match Word::read(&line) {
                Ok(Word::Again) => {
                    let before = state.before.clone();
                    if self.follow(&mut state, before) {
                        return;
                    }
                }
                Ok(word) => {
                    if self.follow(&mut state, word) {
                        return;
                    }
                }
                Err(sentence) => show(&format!("{sentence}\n")),
            }
        }
    }

    /// Does what was said. Whether the script goes on.
    fn follow(&self, state: &mut State, word: Word) -> bool {
        match &word {
            Word::Continue | Word::Step => {
                state.stepping = word == Word::Step;
                state.before = word;
                return true;
            }
            Word::Quit => {
                state.places.clear();
                state.stepping = false;
                self.stop.request();
                return true;
            }
            Word::Break(place) => match state.refusal(place) {
                Some(refusal) => show(&format!("{refusal}\n")),
                None => state.places.push(place.clone()),
            },
            Word::Delete => state.places.clear(),
            Word::Help | Word::Again => show(HELP),
        }
        false
    }
}

impl State {
    /// Why a run never stops at a place, with the cure.
    fn refusal(&self, place: &Breakpoint) -> Option<String> {
        let Some(lines) = self.lines.get(&place.file) else {
            let files: Vec<&str> = self.lines.keys().map(String::as_str).collect();
            let cure = match files.as_slice() {
                [] => "name a .ts file in `[scripts]` of layerw.toml".to_owned(),
                files => format!("give one of {}", files.join(", ")),
            };
            return Some(format!(
                "`{place}` cannot be stopped at: `{}` is no source of a script here; {cure}",
                place.file
            ));
        };
        if lines.contains(&place.line) {
            return None;
        }
        let nearest = lines.iter().min_by_key(|line| line.abs_diff(place.line));
        let nearest = nearest.copied().unwrap_or_default();
        Some(format!(
            "`{place}` cannot be stopped at: no statement of a system begins on that line; the nearest is {}:{nearest}",
            place.file
        ))
    }
}

impl Debugger for Stepper {
    fn wants(&self, at: &Stopped<'_>) -> bool {
        let state = self.state();
        state.stepping
            || state.places.iter().any(|place| {
                let entity = place.entity;
                at.first
                    && place.line == at.line
                    && place.file == at.file
                    && entity.is_none_or(|index| at.entity.is_some_and(|at| at.index() == index))
            })
    }

    fn stopped(&self, at: &Stopped<'_>, variables: &[Seen<'_>]) {
        show(&told(at, variables));
        self.ask();
    }
}

/// A stop, as people read it.
fn told(at: &Stopped<'_>, variables: &[Seen<'_>]) -> String {
    let Stopped {
        file,
        line,
        column,
        within,
        step,
        ..
    } = at;
    let mut text = format!("{file}:{line}:{column} in {within}, step {step}");
    if let Some(entity) = at.entity {
        text.push_str(&format!(", entity {entity}"));
    }
    text.push_str(&format!("\n{line:5} | {}\n", at.text));
    for variable in variables {
        text.push_str(&format!("  {variable}\n"));
    }
    text
}

/// Standard output is the person's here. One that has seen enough and closed it loses nothing but this.
fn show(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// A line of what the person says; `None` where there is no more.
fn read_line() -> Option<String> {
    let input = io::stdin();
    if input.is_terminal() {
        let mut out = io::stdout().lock();
        let _ = out.write_all(b"(step) ").and_then(|()| out.flush());
    }
    let mut line = String::new();
    match input.lock().read_line(&mut line) {
        Ok(1..) => Some(line),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Stepper, Word};
    use crate::scripts::breakpoints::Breakpoints;
    use layerw_platform::signals::Stop;
    use layerw_script::compile::js::Statement;

    fn stepper(places: &[&str]) -> Stepper {
        let places = places.iter().map(|place| place.parse().expect("a place"));
        let stepper = Stepper::new(&Breakpoints {
            places: places.collect(),
            stop: Stop::new(),
        });
        let statement = |line| Statement {
            file: "a.ts".into(),
            line,
            column: 3,
            text: String::new(),
            within: "A".into(),
            first: true,
            variables: Vec::new(),
        };
        stepper.learn(&[statement(4), statement(9)]);
        stepper
    }

    #[test]
    fn places_without_a_statement_are_refused_with_the_nearest() {
        stepper(&["a.ts:4", "a.ts:9@3"])
            .check()
            .expect("there are statements");
        let refused = |place| {
            stepper(&[place])
                .check()
                .expect_err("nothing there")
                .to_string()
        };
        assert_eq!(
            refused("a.ts:8"),
            "`a.ts:8` cannot be stopped at: no statement of a system begins on that line; the nearest is a.ts:9"
        );
        assert_eq!(
            refused("b.ts:8"),
            "`b.ts:8` cannot be stopped at: `b.ts` is no source of a script here; give one of a.ts"
        );
    }

    #[test]
    fn words_of_a_person_are_followed_or_refused_in_a_sentence() {
        assert_eq!(Word::read(" s \n"), Ok(Word::Step));
        assert_eq!(Word::read("continue"), Ok(Word::Continue));
        assert_eq!(Word::read("\n"), Ok(Word::Again));
        let refused = |line| Word::read(line).expect_err("no word");
        assert!(refused("b").contains("give a line of a script as FILE:LINE"));
        assert!(refused("b x").starts_with("`break x` cannot be done; give"));
        assert_eq!(
            refused("jump"),
            "`jump` is nothing that can be done here; `help` lists what can"
        );
        let stepper = stepper(&["a.ts:4"]);
        let mut state = stepper.state();
        assert!(stepper.follow(&mut state, Word::Step) && state.stepping);
        assert!(!stepper.follow(&mut state, Word::Break("a.ts:9".parse().expect("a place"))));
        assert_eq!(state.places.len(), 2);
        assert!(!stepper.follow(&mut state, Word::Break("a.ts:7".parse().expect("a place"))));
        assert_eq!(state.places.len(), 2, "no statement is there");
        assert!(stepper.follow(&mut state, Word::Quit) && stepper.stop.requested());
    }
}
