//! What makes a run the run it is: everything that must be equal for two runs to give the same hashes, besides the program itself.
//!
//! Snapshots and recordings carry it, so that a run can be continued and repeated without anybody remembering its options.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::command::UsageError;
use crate::settings::{Declared, Origin, SettingError, Settings};

/// Project, settings, seed and step length of a run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Identity {
    /// Version of the engine that wrote it.
    pub(crate) engine: String,
    /// The project's name.
    pub(crate) project: String,
    /// All settings that the project asked for, canonical.
    pub(crate) settings: BTreeMap<String, String>,
    /// The seed.
    pub(crate) seed: u64,
    /// Simulated seconds a step.
    #[serde(with = "exact")]
    pub(crate) dt: f64,
}

impl Identity {
    /// The identity of a run of `project` with what its settings have become.
    pub(crate) fn new(project: &str, settings: &Settings, seed: u64, dt: f64) -> Identity {
        Identity {
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            project: project.to_owned(),
            settings: settings.values(),
            seed,
            dt,
        }
    }

    /// The options of the command line may repeat what `file` holds, and not contradict it. The settings on the command line are compared by
    /// [`Identity::check_settings`], once it is known what they are.
    ///
    /// # Errors
    /// [`UsageError::Contradiction`] that names option and file.
    pub(crate) fn check_options(
        &self,
        file: &Path,
        seed: Option<u64>,
        dt: Option<f64>,
    ) -> Result<(), UsageError> {
        if let Some(seed) = seed.filter(|&seed| seed != self.seed) {
            return Err(UsageError::Contradiction {
                option: "--seed",
                value: seed.to_string(),
                file: file.to_owned(),
                stored: format!("seed {}", self.seed),
            });
        }
        if let Some(dt) = dt.filter(|&dt| dt != self.dt) {
            return Err(UsageError::Contradiction {
                option: "--dt",
                value: format!("{dt:?}"),
                file: file.to_owned(),
                stored: format!("steps of {:?} seconds", self.dt),
            });
        }
        Ok(())
    }

    /// Gives the stored settings to `settings`, which is asked after that.
    pub(crate) fn give(&self, file: &Path, settings: &mut Settings) {
        for (name, value) in &self.settings {
            let origin = Origin::Stored {
                path: file.to_owned(),
            };
            settings.give(name, value, origin);
        }
    }

    /// The settings of the command line, now that `settings` has been asked, may repeat the stored ones and not contradict them.
    ///
    /// # Errors
    /// [`SettingError::Contradiction`] that names setting and file.
    pub(crate) fn check_settings(
        &self,
        file: &Path,
        settings: &Settings,
        sets: &[(String, String)],
    ) -> Result<(), SettingError> {
        for (name, value) in sets {
            let Some(stored) = self.settings.get(name) else {
                continue;
            };
            if settings.canonical(name, value).as_ref() != Some(stored) {
                return Err(SettingError::Contradiction {
                    name: name.clone(),
                    value: value.clone(),
                    file: file.to_owned(),
                    stored: stored.clone(),
                });
            }
        }
        Ok(())
    }

    /// The settings that the project has by now and had not when this was written, where nobody gives them a value: what they are was never chosen.
    pub(crate) fn later_defaults(&self, settings: &Settings) -> Vec<Declared> {
        let mut later = settings.declared();
        later.retain(|known| {
            !self.settings.contains_key(&known.name) && !settings.is_given(&known.name)
        });
        later
    }

    /// What differs from `other`, as "seed 1 and 2", in the order of the fields; empty for runs that ought to be equal.
    pub(crate) fn differences(&self, other: &Identity) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, a: &str, b: &str| {
            if a != b {
                found.push(format!("{what} {a} and {b}"));
            }
        };
        compare("engine", &self.engine, &other.engine);
        compare("project", &self.project, &other.project);
        let names: std::collections::BTreeSet<&String> =
            self.settings.keys().chain(other.settings.keys()).collect();
        for name in names {
            let value = |of: &Identity| {
                let value = of.settings.get(name);
                value.map_or("none".to_owned(), |text| format!("`{text}`"))
            };
            compare(&format!("setting `{name}`"), &value(self), &value(other));
        }
        compare("seed", &self.seed.to_string(), &other.seed.to_string());
        compare("dt", &format!("{:?}", self.dt), &format!("{:?}", other.dt));
        found
    }
}

/// An f64 as the shortest text that reads back as the same bits: a JSON number need not.
mod exact {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{value:?}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<f64, D::Error> {
        let text = String::deserialize(source)?;
        text.parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no finite number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let settings = BTreeMap::from([("boids".to_owned(), "2000".to_owned())]);
        Identity {
            engine: "1".into(),
            project: "flock".into(),
            settings,
            seed: u64::MAX,
            dt: 1.0 / 60.0,
        }
    }

    #[test]
    fn survives_json_bit_for_bit() {
        for dt in [
            1.0 / 60.0,
            0.1 + 0.2,
            f64::MIN_POSITIVE,
            f64::MAX,
            5e-324,
            86_400.0,
        ] {
            let before = Identity { dt, ..identity() };
            let json = serde_json::to_string(&before).expect("JSON");
            let after: Identity = serde_json::from_str(&json).expect("our own JSON");
            assert_eq!(after, before);
            assert_eq!(after.dt.to_bits(), dt.to_bits());
        }
    }

    #[test]
    fn repeating_is_allowed_and_contradicting_is_not() {
        let (identity, file) = (identity(), Path::new("a.snapshot"));
        identity
            .check_options(file, Some(u64::MAX), Some(1.0 / 60.0))
            .expect("the same");
        identity
            .check_options(file, None, None)
            .expect("nothing said");
        assert_eq!(
            identity
                .check_options(file, Some(1), None)
                .expect_err("another seed")
                .to_string(),
            "`--seed 1` contradicts `a.snapshot`, which was made with seed 18446744073709551615; leave the option out"
        );
        assert_eq!(
            identity
                .check_options(file, None, Some(0.5))
                .expect_err("another dt")
                .to_string(),
            "`--dt 0.5` contradicts `a.snapshot`, which was made with steps of 0.016666666666666666 seconds; leave the option out"
        );

        let mut settings = Settings::new();
        identity.give(file, &mut settings);
        assert_eq!(settings.integer("boids", 5, .., "").expect("stored"), 2000);
        let set = |value: &str| vec![("boids".to_owned(), value.to_owned())];
        let check = |value: &str| identity.check_settings(file, &settings, &set(value));
        check("+2000").expect("the same number");
        assert_eq!(
            check("7").expect_err("another number").to_string(),
            "`--set boids=7` contradicts `a.snapshot`, which was made with `boids=2000`; leave the option out or begin a new run"
        );
    }

    #[test]
    fn a_stored_setting_that_the_project_lost_is_named() {
        let mut settings = Settings::new();
        identity().give(Path::new("a.snapshot"), &mut settings);
        let error = settings.check_all_asked().expect_err("nobody asked");
        assert_eq!(
            error.to_string(),
            "`a.snapshot` gives `boids=2000`, but this project has no setting `boids`; it has none"
        );
        assert!(!error.is_usage());
    }

    #[test]
    fn differences_are_told_in_order() {
        let mut other = identity();
        assert_eq!(identity().differences(&other), [""; 0]);
        (other.seed, other.dt, other.project) = (1, 0.5, "hello".into());
        other.settings = BTreeMap::from([("walls".to_owned(), "true".to_owned())]);
        assert_eq!(
            identity().differences(&other),
            [
                "project flock and hello",
                "setting `boids` `2000` and none",
                "setting `walls` none and `true`",
                "seed 18446744073709551615 and 1",
                "dt 0.016666666666666666 and 0.5",
            ]
        );
    }
}
