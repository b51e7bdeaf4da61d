//! JPL's ephemeris DE421 as this example carries it: constants, and states every 128 days from 1899 to 2053.
//!
//! A state between two epochs is integrated from the nearer one, over 64 days at most, with the very model that the
//! simulation uses. `tools/verify.py` compares such states with DE421 itself at random dates. The largest distances it
//! found in 400 dates:
//!
//! | body | km |
//! |---|---|
//! | Sun | 0.0010 |
//! | Mercury | 0.0014 |
//! | Venus | 0.0017 |
//! | Earth | 0.0035 |
//! | Moon | 0.1368 |
//! | Mars | 0.0041 |
//! | Jupiter | 0.0023 |
//! | Saturn | 0.0005 |
//! | Uranus, Neptune, Pluto | 0.0001 |
//!
//! That is far below what the run is checked against (2 km, Moon 25 km), so a check at any date is a check against DE421.

mod csv;
mod error;

use layerw::math::DVec3;

use crate::bodies::{CHECKED, COUNT, DAY, NAMES, State};
use crate::forces::{Model, Oblate};
use crate::gauss;
use csv::Table;
pub(crate) use csv::Table as CsvTable;
pub use error::DataError;

/// A data file: its name for messages, and its text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'t> {
    /// Name, relative to the folder of the example.
    pub file: &'static str,
    /// Content.
    pub text: &'t str,
}

/// The constants of DE421.
pub const CONSTANTS: Source = Source {
    file: "data/constants.csv",
    text: include_str!("../../data/constants.csv"),
};
/// The states of the eleven bodies of DE421.
pub const EPOCHS: Source = Source {
    file: "data/epochs.csv",
    text: include_str!("../../data/epochs.csv"),
};
/// The states of the three asteroids at the same epochs.
pub const PERTURBERS: Source = Source {
    file: "data/perturbers.csv",
    text: include_str!("../../data/perturbers.csv"),
};

/// DE421's constants and states.
#[derive(Clone, Debug)]
pub struct Ephemeris {
    /// Masses and constants, with every term switched on.
    pub model: Model,
    /// Kilometres in an astronomical unit.
    pub astronomical_unit: f64,
    epochs: Vec<(f64, State)>,
}

impl Ephemeris {
    /// The ephemeris from the files that come with the example.
    pub fn load() -> Result<Ephemeris, DataError> {
        Ephemeris::parse(CONSTANTS, EPOCHS, PERTURBERS)
    }

    /// The ephemeris from any three files of the same form.
    pub fn parse(
        constants: Source,
        epochs: Source,
        perturbers: Source,
    ) -> Result<Ephemeris, DataError> {
        let (model, astronomical_unit) = parse_constants(constants)?;
        let mut table = Ephemeris {
            model,
            astronomical_unit,
            epochs: Vec::new(),
        };
        let asteroids = parse_states(perturbers, &NAMES[CHECKED..])?;
        let checked = parse_states(epochs, &NAMES[..CHECKED])?;
        for index in 0..checked.len().max(asteroids.len()) {
            let epoch = |states: &States| states.get(index).map(|(jd, _)| *jd);
            if epoch(&checked) != epoch(&asteroids) {
                let (file, other) = (perturbers.file, epochs.file);
                return Err(DataError::Apart {
                    file,
                    other,
                    nth: index + 1,
                    found: epoch(&asteroids),
                    expected: epoch(&checked),
                });
            }
            let mut state = State::ZERO;
            for (body, (position, velocity)) in checked[index]
                .1
                .iter()
                .chain(&asteroids[index].1)
                .enumerate()
            {
                state.position[body] = *position;
                state.velocity[body] = *velocity;
            }
            table.epochs.push((checked[index].0, state));
        }
        Ok(table)
    }

    /// First and last date, Julian dates in TDB.
    pub fn span(&self) -> (f64, f64) {
        (self.epochs[0].0, self.epochs[self.epochs.len() - 1].0)
    }

    /// The stored epochs: dates and states.
    pub fn epochs(&self) -> &[(f64, State)] {
        &self.epochs
    }

    /// The state at a Julian date (TDB), exact at the stored epochs and integrated between them.
    pub fn state_at(&self, jd: f64) -> Result<State, DataError> {
        let (first, last) = self.span();
        if !(first..=last).contains(&jd) {
            return Err(DataError::Span {
                file: EPOCHS.file,
                date: jd,
                first,
                last,
            });
        }
        let after = self.epochs.partition_point(|(epoch, _)| *epoch < jd);
        let before = after.saturating_sub(1);
        let nearer = if jd - self.epochs[before].0 < self.epochs[after].0 - jd {
            before
        } else {
            after
        };
        let (epoch, state) = &self.epochs[nearer];
        if *epoch == jd {
            return Ok(*state);
        }
        Ok(gauss::advance(
            &self.model,
            *epoch,
            state,
            (jd - epoch) * DAY,
        ))
    }
}

const CONSTANT_COLUMNS: [&str; 3] = ["name", "value", "unit"];

fn parse_constants(source: Source) -> Result<(Model, f64), DataError> {
    let mut table = Table::open(
        source.file,
        source.text,
        "name,value,unit",
        &CONSTANT_COLUMNS,
    )?;
    let mut next = |name: &str, unit: &str| {
        let row = table.expect(|| name.to_owned())?;
        row.must_be(0, name)?;
        row.must_be(2, unit)?;
        row.number(1, "a finite number above zero", |value| value > 0.0)
    };
    let mut gm = [0.0; COUNT];
    for (gm, name) in gm.iter_mut().zip(NAMES) {
        *gm = next(&format!("gm_{name}"), "km^3/s^2")?;
    }
    let speed_of_light = next("speed_of_light", "km/s")?;
    let astronomical_unit = next("astronomical_unit", "km")?;
    let earth = Oblate {
        j2: next("earth_j2", "1")?,
        radius: next("earth_radius", "km")?,
    };
    let sun = Oblate {
        j2: next("sun_j2", "1")?,
        radius: next("sun_radius", "km")?,
    };
    Ok((
        Model {
            gm,
            speed_of_light,
            earth,
            sun,
            relativity: true,
            oblateness: true,
        },
        astronomical_unit,
    ))
}

const STATE_HEADER: &str = "epoch_jd,body,x_km,y_km,z_km,vx_km_s,vy_km_s,vz_km_s";
const STATE_COLUMNS: [&str; 8] = [
    "epoch_jd", "body", "x_km", "y_km", "z_km", "vx_km_s", "vy_km_s", "vz_km_s",
];

/// States by epoch: of every body its position and velocity.
type States = Vec<(f64, Vec<(DVec3, DVec3)>)>;

/// Reads states of the bodies called `names`, which every epoch must hold in that order. At least one epoch.
pub(crate) fn parse_states(source: Source, names: &[&str]) -> Result<States, DataError> {
    let mut table = Table::open(source.file, source.text, STATE_HEADER, &STATE_COLUMNS)?;
    let mut states = States::new();
    let mut latest = f64::NEG_INFINITY;
    while let Some(mut row) = table.row()? {
        let jd = row.number(0, "a Julian date after the epoch before it", |jd| {
            jd > latest
        })?;
        latest = jd;
        let mut bodies = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            if index > 0 {
                row = table.expect(|| format!("{name} at epoch {jd}"))?;
            }
            row.must_be(1, name)?;
            row.number(
                0,
                "the epoch of the line before it, until every body had its turn",
                |epoch| epoch == jd,
            )?;
            let position = DVec3::new(row.finite(2)?, row.finite(3)?, row.finite(4)?);
            let velocity = DVec3::new(row.finite(5)?, row.finite(6)?, row.finite(7)?);
            bodies.push((position, velocity));
        }
        states.push((jd, bodies));
    }
    if states.is_empty() {
        return Err(table.ends("an epoch"));
    }
    Ok(states)
}

#[cfg(test)]
mod tests;
