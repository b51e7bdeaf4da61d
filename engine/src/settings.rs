//! What a project lets its users choose: numbers, texts and switches that it declares by asking for them.
//!
//! One call both declares a setting and reads it, so the list of settings cannot drift from the code that uses them. A value comes, first
//! match wins, from the snapshot or recording that the run continues, from `--set NAME=VALUE`, from `[settings]` in layerw.toml, or from the
//! default in the call. After the simulation is built every value that nobody asked for is an error, which lists what could be asked.
//!
//! Settings decide what a run does, so they are part of the state hash ([`Settings::fingerprint`]) and of every snapshot and recording, as
//! canonical texts: the text that gives the same value back, whoever wrote it.

mod declared;
mod error;
mod range;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeBounds;
use std::path::{Path, PathBuf};

use layerw_memory::MemoryConfig;

pub use declared::{Declared, Kind};
pub use error::SettingError;

use crate::config::{ScriptCompiler, ScriptRuntime, ScriptsConfig};
use crate::scripts::{Breakpoints, ScriptsError};
use crate::{Result, Sim};
pub use range::Range;

/// The settings of one run.
///
/// ```
/// use layerw::Settings;
///
/// let settings = Settings::new().with("boids", "2000");
/// let boids = settings.integer("boids", 100_000, 1..=10_000_000, "number of boids")?;
/// let radius = settings.number("radius", 1.5, 0.0.., "how far a boid sees, metres")?;
/// assert_eq!((boids, radius), (2_000, 1.5));
/// # Ok::<(), layerw::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    project: PathBuf,
    seed: u64,
    dt: Option<f64>,
    memory: MemoryConfig,
    scripts: ScriptsConfig,
    /// Whether the project asked for its scripts.
    scripts_asked: Cell<bool>,
    /// Where the scripts stop.
    breakpoints: Option<Breakpoints>,
    given: BTreeMap<String, Given>,
    /// Grows while the project asks. A cell, because asking needs no more than a shared reference.
    declared: RefCell<BTreeMap<String, Declared>>,
}

/// A value that did not come from the code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Given {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// Who gave a value, for messages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// `--set` on the command line.
    Option,
    /// `[settings]` of a project file.
    File {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// A snapshot or recording that the run continues or repeats.
    Stored {
        /// The file.
        path: PathBuf,
    },
    /// The program itself, by [`Settings::with`].
    Code,
}

impl Settings {
    /// No values given, seed 0, the project in the current folder: for tests and programs that do without the command line.
    pub fn new() -> Settings {
        Settings {
            project: PathBuf::from("."),
            seed: 0,
            dt: None,
            memory: MemoryConfig::default(),
            scripts: ScriptsConfig::default(),
            scripts_asked: Cell::new(false),
            breakpoints: None,
            given: BTreeMap::new(),
            declared: RefCell::default(),
        }
    }

    /// Gives a value, as `--set NAME=VALUE` does.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Settings {
        self.give(name, value, Origin::Code);
        self
    }

    /// Sets the seed, as `--seed` does.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Settings {
        self.seed = seed;
        self
    }

    /// Sets the folder that [`Settings::project`] names.
    #[must_use]
    pub fn with_project(mut self, folder: impl Into<PathBuf>) -> Settings {
        self.project = folder.into();
        self
    }

    /// Sets the budgets that [`Settings::sim`] uses.
    #[must_use]
    pub fn with_memory(mut self, memory: MemoryConfig) -> Settings {
        self.memory = memory;
        self
    }

    /// Names one more script of the project, as `files` of `[scripts]` does: what [`Sim::scripts`] adds.
    #[must_use]
    pub fn with_script(mut self, file: &str) -> Settings {
        self.scripts.files.push(file.to_owned());
        self
    }

    /// Says what runs the scripts, as `runtime` of `[scripts]` does.
    #[must_use]
    pub fn with_script_runtime(mut self, runtime: ScriptRuntime) -> Settings {
        self.scripts.runtime = Some(runtime);
        self
    }

    /// Says what compiles the scripts, as `compiler` of `[scripts]` does.
    #[must_use]
    pub fn with_script_compiler(mut self, compiler: ScriptCompiler) -> Settings {
        self.scripts.compiler = compiler;
        self
    }

    /// Sets the scripts and what they may take.
    pub(crate) fn with_scripts(mut self, scripts: ScriptsConfig) -> Settings {
        self.scripts = scripts;
        self
    }

    /// Says where the scripts stop.
    pub(crate) fn with_breakpoints(mut self, breakpoints: Option<Breakpoints>) -> Settings {
        self.breakpoints = breakpoints;
        self
    }

    /// Where the scripts stop, if they do anywhere.
    #[cfg(feature = "scripts-compiler")]
    pub(crate) fn breakpoints(&self) -> Option<&Breakpoints> {
        self.breakpoints.as_ref()
    }

    /// A whole number. `help` says in a few words what it means, with its unit.
    ///
    /// # Errors
    /// The value given is no whole number or out of `range`; the declaration itself is impossible ([`SettingError::Declaration`]).
    pub fn integer(
        &self,
        name: &str,
        default: i64,
        range: impl RangeBounds<i64>,
        help: &str,
    ) -> Result<i64> {
        let kind = Kind::Integer(Range::of_integers(&range));
        let text = self.declare(name, kind, default.to_string(), help)?;
        Ok(Kind::parse_integer(&text).unwrap_or(default))
    }

    /// A number, finite. `help` says in a few words what it means, with its unit.
    ///
    /// # Errors
    /// The value given is no finite number or out of `range`; the declaration itself is impossible ([`SettingError::Declaration`]).
    pub fn number(
        &self,
        name: &str,
        default: f64,
        range: impl RangeBounds<f64>,
        help: &str,
    ) -> Result<f64> {
        let kind = Kind::Number(Range::of_numbers(&range));
        let text = self.declare(name, kind, declared::number_text(default), help)?;
        Ok(Kind::parse_number(&text).unwrap_or(default))
    }

    /// A text, such as a date or the name of a scene. What it may be is the project's to check: [`Settings::refuse`] makes the error.
    ///
    /// # Errors
    /// The declaration is impossible ([`SettingError::Declaration`]).
    pub fn text(&self, name: &str, default: &str, help: &str) -> Result<String> {
        self.declare(name, Kind::Text, default.to_owned(), help)
    }

    /// A switch, off unless `--set NAME=true`.
    ///
    /// # Errors
    /// The value given is neither `true` nor `false`; the declaration is impossible ([`SettingError::Declaration`]).
    pub fn flag(&self, name: &str, help: &str) -> Result<bool> {
        let text = self.declare(name, Kind::Flag, "false".to_owned(), help)?;
        Ok(text == "true")
    }

    /// A switch that is on or off where nobody says.
    #[cfg(feature = "scripting")]
    pub(crate) fn switch(&self, name: &str, default: bool, help: &str) -> Result<bool> {
        let text = self.declare(name, Kind::Flag, default.to_string(), help)?;
        Ok(text == "true")
    }

    /// The error for a value that the project cannot use, naming who gave it. `allowed` completes the sentence "give …".
    pub fn refuse(&self, name: &str, allowed: &str) -> crate::Error {
        let declared = self.declared.borrow();
        let value = declared.get(name).map_or("", |known| &known.value);
        SettingError::Value {
            origin: self
                .given
                .get(name)
                .map_or(Origin::Code, |given| given.origin.clone()),
            name: name.to_owned(),
            value: value.to_owned(),
            problem: "cannot be used",
            allowed: allowed.to_owned(),
        }
        .into()
    }

    /// The seed of all randomness.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Simulated seconds a step, where the caller chose; None leaves it to the project.
    pub fn dt(&self) -> Option<f64> {
        self.dt
    }

    /// The project's folder, where its layerw.toml and assets are.
    pub fn project(&self) -> &Path {
        &self.project
    }

    /// The budgets of layerw.toml.
    pub fn memory(&self) -> &MemoryConfig {
        &self.memory
    }

    /// The scripts of layerw.toml.
    pub(crate) fn scripts(&self) -> &ScriptsConfig {
        &self.scripts
    }

    /// Their files.
    pub(crate) fn script_paths(&self) -> Vec<PathBuf> {
        let files = self.scripts.files.iter();
        files.map(|file| self.project.join(file)).collect()
    }

    /// Notes that the project takes its scripts.
    pub(crate) fn scripts_asked(&self) {
        self.scripts_asked.set(true);
    }

    /// Scripts that layerw.toml names must have been asked for.
    ///
    /// # Errors
    /// [`ScriptsError::NotAsked`] with the first; [`ScriptsError::NoStops`] where a run is to stop in scripts that there are none of.
    pub(crate) fn check_scripts_asked(&self) -> Result<(), ScriptsError> {
        match self.scripts.files.first() {
            Some(file) if !self.scripts_asked.get() => Err(ScriptsError::NotAsked(file.clone())),
            None if !self.scripts_asked.get() => self.check_no_breakpoints(),
            _ => Ok(()),
        }
    }

    /// Where there are no scripts, nothing is to be stopped.
    ///
    /// # Errors
    /// [`ScriptsError::NoStops`] with the first breakpoint.
    pub(crate) fn check_no_breakpoints(&self) -> Result<(), ScriptsError> {
        let places = self.breakpoints.iter().flat_map(|all| &all.places);
        match { places }.next() {
            Some(place) => Err(ScriptsError::NoStops(place.to_string())),
            None => Ok(()),
        }
    }

    /// An empty simulation with these budgets and this seed: what a project starts from.
    ///
    /// # Errors
    /// The budgets do not fit, or the host refuses the address space.
    pub fn sim(&self) -> Result<Sim> {
        Ok(Sim::with_memory(&self.memory)?.seed(self.seed))
    }

    /// Everything asked for so far, by name.
    pub fn declared(&self) -> Vec<Declared> {
        self.declared.borrow().values().cloned().collect()
    }

    /// The values of everything asked for so far, as canonical texts, by name.
    pub fn values(&self) -> BTreeMap<String, String> {
        let declared = self.declared.borrow();
        let value = |(name, known): (&String, &Declared)| (name.clone(), known.value.clone());
        declared.iter().map(value).collect()
    }

    /// 128 bits that differ when any value does: what the state hash takes in.
    pub fn fingerprint(&self) -> u128 {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        for (name, value) in self.values() {
            // Lengths first, so that no two lists of texts make the same bytes.
            for text in [&name, &value] {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
        }
        hasher.digest128()
    }

    /// Gives a value. The last one stays.
    pub(crate) fn give(&mut self, name: &str, text: &str, origin: Origin) {
        let text = text.to_owned();
        self.given.insert(name.to_owned(), Given { text, origin });
    }

    pub(crate) fn set_dt(&mut self, dt: Option<f64>) {
        self.dt = dt;
    }

    /// Whether anybody but the code gave a value.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Every value given must have been asked for.
    ///
    /// # Errors
    /// [`SettingError::Unknown`] for the first that was not, by name.
    pub(crate) fn check_all_asked(&self) -> Result<(), SettingError> {
        let declared = self.declared.borrow();
        let unasked = self
            .given
            .iter()
            .find(|(name, _)| !declared.contains_key(*name));
        match unasked {
            None => Ok(()),
            Some((name, given)) => Err(SettingError::Unknown {
                name: name.clone(),
                value: given.text.clone(),
                origin: given.origin.clone(),
                known: declared.values().cloned().collect(),
            }),
        }
    }

    /// `text` as the canonical text of setting `name`, if it is declared and the text is a value of it.
    pub(crate) fn canonical(&self, name: &str, text: &str) -> Option<String> {
        let declared = self.declared.borrow();
        declared.get(name)?.kind.canonical(text).ok()
    }

    fn declare(&self, name: &str, kind: Kind, default: String, help: &str) -> Result<String> {
        let declaration = |problem: String| SettingError::Declaration {
            name: name.to_owned(),
            problem,
        };
        if !is_name(name) {
            return Err(declaration(
                "is no name; use lower-case letters, digits, `_` and `-`".to_owned(),
            )
            .into());
        }
        let default = kind.canonical(&default).map_err(|_| {
            declaration(format!("has the default `{default}`, which is not {kind}"))
        })?;
        let value = match self.given.get(name) {
            None => default.clone(),
            Some(given) => kind
                .canonical(&given.text)
                .map_err(|problem| SettingError::Value {
                    origin: given.origin.clone(),
                    name: name.to_owned(),
                    value: given.text.clone(),
                    problem,
                    allowed: kind.to_string(),
                })?,
        };
        let asked = Declared {
            name: name.to_owned(),
            kind,
            default,
            help: help.to_owned(),
            value: value.clone(),
        };
        let mut declared = self.declared.borrow_mut();
        match declared.get(name) {
            Some(known) if *known != asked => Err(declaration(
                "is asked for twice, differently; ask once and pass the value on".to_owned(),
            )
            .into()),
            _ => {
                declared.insert(name.to_owned(), asked);
                Ok(value)
            }
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::new()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Option => write!(f, "`--set`"),
            Origin::File { path, line } => write!(f, "`{}`, line {line}", path.display()),
            Origin::Stored { path } => write!(f, "`{}`", path.display()),
            Origin::Code => write!(f, "the program"),
        }
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    !name.is_empty() && name.chars().all(letter)
}

#[cfg(test)]
mod tests;
