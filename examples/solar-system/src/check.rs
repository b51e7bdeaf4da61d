//! How far a run ended from DE421: a table for people, and numbers for the report.

use std::fmt;

use crate::bodies::{CHECKED, DAY, MOON, NAMES, State};
use crate::ephemeris::{DataError, Ephemeris};
use crate::forces::Model;

/// Distances from DE421 at the end of a run, and how well the energy was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Simulated time, years of 365.25 days.
    pub years: f64,
    /// One row for each body that DE421 has an orbit for.
    pub rows: [Row; CHECKED],
    /// Change of the total energy over the run, as a share of it.
    pub energy_drift: f64,
}

/// The verdict on one body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Name of the body.
    pub name: &'static str,
    /// Distance from DE421's position, km.
    pub error_km: f64,
    /// Distance that is allowed, km.
    pub tolerance_km: f64,
}

impl Row {
    /// Whether the body is where it should be. A position that is no number is not.
    pub fn passed(&self) -> bool {
        self.error_km <= self.tolerance_km
    }
}

impl Check {
    /// Compares `end`, the state `seconds` after the Julian date `start`, with DE421 at that date. `model` is what the run
    /// obeyed, which says what its energy is.
    ///
    /// # Errors
    /// DE421 does not reach that far.
    pub fn new(
        ephemeris: &Ephemeris,
        model: &Model,
        start: f64,
        seconds: f64,
        end: &State,
    ) -> Result<Check, DataError> {
        let date = start + seconds / DAY;
        let (truth, begin) = (ephemeris.state_at(date)?, ephemeris.state_at(start)?);
        let years = seconds / DAY / 365.25;
        let rows = std::array::from_fn(|body| Row {
            name: NAMES[body],
            error_km: end.position[body].distance(truth.position[body]),
            tolerance_km: tolerance_km(body, years),
        });
        let before = model.energy(start, &begin);
        let energy_drift = (model.energy(date, end) - before) / before;
        Ok(Check {
            years,
            rows,
            energy_drift,
        })
    }

    /// Whether every body is where it should be.
    pub fn passed(&self) -> bool {
        self.rows.iter().all(Row::passed)
    }

    /// The distances by name, for the report.
    pub fn error_km(&self) -> Vec<(&'static str, f64)> {
        self.rows
            .iter()
            .map(|row| (row.name, row.error_km))
            .collect()
    }
}

/// How far from DE421 a body may be. Up to one year: 2 km, the Moon 25 km. Up to ten years: 20 km, the Moon 50 km, about
/// three times the worst of the span. After that the tolerance grows with the square of time, as a missing force does.
fn tolerance_km(body: usize, years: f64) -> f64 {
    // A leap year, and ten years with three leap days, are not longer than a year and ten years.
    let (year, ten) = if body == MOON {
        (25.0, 50.0)
    } else {
        (2.0, 20.0)
    };
    if years <= 1.01 {
        year
    } else if years <= 10.01 {
        ten
    } else {
        ten * (years / 10.0) * (years / 10.0)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            out,
            "distance from JPL's DE421 after {:.2} years",
            self.years
        )?;
        writeln!(
            out,
            "{:<10}{:>12}{:>14}  verdict",
            "body", "error km", "tolerance km"
        )?;
        for row in &self.rows {
            let verdict = if row.passed() { "ok" } else { "TOO FAR" };
            writeln!(
                out,
                "{:<10}{:>12.3}{:>14.0}  {verdict}",
                row.name, row.error_km, row.tolerance_km
            )?;
        }
        write!(out, "energy drift {:.1e} of the total", self.energy_drift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::EARTH;

    fn check(years: f64, move_earth_km: f64) -> Check {
        let ephemeris = Ephemeris::load().expect("the data is sound");
        let start = ephemeris.span().0;
        let mut end = ephemeris
            .state_at(start + years * 365.25)
            .expect("within the span");
        end.position[EARTH].x += move_earth_km;
        Check::new(
            &ephemeris,
            &ephemeris.model,
            start,
            years * 365.25 * DAY,
            &end,
        )
        .expect("within the span")
    }

    #[test]
    fn the_table_says_who_is_too_far() {
        let check = check(1.0, 2.5);
        assert!(!check.passed());
        let table = check.to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "distance from JPL's DE421 after 1.00 years");
        assert_eq!(lines[1], "body          error km  tolerance km  verdict");
        assert_eq!(lines[2], "sun              0.000             2  ok");
        assert_eq!(lines[5], "earth            2.500             2  TOO FAR");
        assert_eq!(lines[6], "moon             0.000            25  ok");
        assert_eq!(lines.len(), 2 + CHECKED + 1);
    }

    #[test]
    fn the_report_gets_every_body_by_name() {
        let errors = check(1.0, 2.5).error_km();
        assert_eq!(errors.len(), CHECKED);
        assert_eq!(errors[0], ("sun", 0.0));
        assert!(errors[EARTH].0 == "earth" && (errors[EARTH].1 - 2.5).abs() < 1e-6);
    }

    #[test]
    fn longer_runs_have_their_own_tolerances() {
        let tolerances = |years| {
            let check = check(years, 0.0);
            (
                check.rows[EARTH].tolerance_km,
                check.rows[MOON].tolerance_km,
            )
        };
        assert_eq!(tolerances(1.0), (2.0, 25.0));
        assert_eq!(tolerances(10.0), (20.0, 50.0));
        assert_eq!(tolerances(20.0), (80.0, 200.0));
    }

    #[test]
    fn a_position_that_is_no_number_is_too_far() {
        assert!(!check(1.0, f64::NAN).passed());
    }
}
