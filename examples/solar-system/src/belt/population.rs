//! Makes up asteroids: orbits distributed like those of the real main belt, one for each seed and index.
//!
//! Semi-major axes follow the histogram in `data/belt.csv`, so the belt has Kirkwood's gaps; eccentricity and inclination
//! follow Rayleigh's distribution with the mean of their bin, which is what random velocities look like; the three angles
//! are uniform. An asteroid is a function of seed and index alone: it is the same in any belt that has one of that index,
//! whatever order or thread makes it.

use std::f64::consts::{PI, TAU};

use layerw::Random;
use layerw::math::{self, DVec3};

use crate::ephemeris::{CsvTable, DataError, Source};

/// The histogram of the main belt.
pub const BELT: Source = Source {
    file: "data/belt.csv",
    text: include_str!("../../data/belt.csv"),
};

/// How the belt is filled.
#[derive(Clone, Debug)]
pub struct Belt {
    bins: Vec<Bin>,
}

/// Asteroids of similar semi-major axis.
#[derive(Clone, Copy, Debug)]
struct Bin {
    /// Least and greatest semi-major axis, au.
    low: f64,
    high: f64,
    /// Share of all asteroids in this bin and those before it.
    up_to: f64,
    /// Mean eccentricity.
    eccentricity: f64,
    /// Mean inclination, radians.
    inclination: f64,
}

/// An orbit around the Sun: osculating elements, ecliptic and equinox of J2000, angles in radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit {
    /// Semi-major axis, in the unit of length of the state wanted.
    pub semi_major_axis: f64,
    /// Eccentricity, from 0 to below 1.
    pub eccentricity: f64,
    /// Inclination.
    pub inclination: f64,
    /// Longitude of the ascending node.
    pub node: f64,
    /// Argument of the perihelion.
    pub perihelion: f64,
    /// Mean anomaly.
    pub mean_anomaly: f64,
}

impl Belt {
    /// The belt from the file that comes with the example.
    pub fn load() -> Result<Belt, DataError> {
        Belt::parse(BELT)
    }

    /// The belt from any file of the same form.
    pub fn parse(source: Source) -> Result<Belt, DataError> {
        const COLUMNS: [&str; 5] = [
            "low_au",
            "high_au",
            "count",
            "mean_eccentricity",
            "mean_inclination_deg",
        ];
        const HEADER: &str = "low_au,high_au,count,mean_eccentricity,mean_inclination_deg";
        let mut table = CsvTable::open(source.file, source.text, HEADER, &COLUMNS)?;
        let mut bins = Vec::<Bin>::new();
        let mut total = 0.0;
        while let Some(row) = table.row()? {
            let least = bins.last().map_or(0.0, |bin| bin.high);
            let low = row.number(
                0,
                "a number above zero, not below the end of the bin before it",
                |low| low > 0.0 && low >= least,
            )?;
            let high = row.number(1, "a number above low_au", |high| high > low)?;
            total += row.number(2, "a number above zero", |count| count > 0.0)?;
            let eccentricity = row.number(3, "a number above zero and below 0.3", |mean| {
                mean > 0.0 && mean < 0.3
            })?;
            let degrees = row.number(4, "a number above zero and below 30", |mean| {
                mean > 0.0 && mean < 30.0
            })?;
            bins.push(Bin {
                low,
                high,
                up_to: total,
                eccentricity,
                inclination: degrees * (PI / 180.0),
            });
        }
        if bins.is_empty() {
            return Err(table.ends("a bin"));
        }
        for bin in &mut bins {
            bin.up_to /= total;
        }
        Ok(Belt { bins })
    }

    /// The orbit of asteroid `index` in the belt made from `seed`; semi-major axis in au.
    pub fn orbit(&self, seed: u64, index: u64) -> Orbit {
        // No asteroid of the sample is beyond these.
        const ECCENTRICITY_MAX: f64 = 0.4;
        const INCLINATION_MAX: f64 = 40.0 * PI / 180.0;
        let mut random = Random::keyed([seed, 0, index, 0]);
        let mut draw = || random.unit64();
        let share = draw();
        let last = self.bins.len() - 1;
        let bin = &self.bins[self
            .bins
            .partition_point(|bin| bin.up_to <= share)
            .min(last)];
        Orbit {
            semi_major_axis: bin.low + (bin.high - bin.low) * draw(),
            eccentricity: rayleigh(bin.eccentricity, ECCENTRICITY_MAX, draw()),
            inclination: rayleigh(bin.inclination, INCLINATION_MAX, draw()),
            node: TAU * draw(),
            perihelion: TAU * draw(),
            mean_anomaly: TAU * draw(),
        }
    }
}

impl Orbit {
    /// Position and velocity relative to the Sun, whose gravitational constant times mass is `gm`, in the axes of the ICRF.
    pub fn state(&self, gm: f64) -> (DVec3, DVec3) {
        let (a, e) = (self.semi_major_axis, self.eccentricity);
        let anomaly = eccentric_anomaly(self.mean_anomaly, e);
        let (sine, cosine) = math::sincos(anomaly);
        let minor = (1.0 - e * e).sqrt();
        let rate = (gm / a).sqrt() / (1.0 - e * cosine);
        let place = self.turn(a * (cosine - e), a * minor * sine);
        let speed = self.turn(-rate * sine, rate * minor * cosine);
        (place, speed)
    }

    /// From the plane of the orbit, perihelion along x, to the axes of the ICRF.
    fn turn(&self, x: f64, y: f64) -> DVec3 {
        /// Of the ecliptic of J2000 to the ICRF: 84381.448 seconds of arc.
        const OBLIQUITY: f64 = 84_381.448 / 3_600.0 * (PI / 180.0);
        let (x, y) = rotate(x, y, self.perihelion);
        let (y, z) = rotate(y, 0.0, self.inclination);
        let (x, y) = rotate(x, y, self.node);
        let (y, z) = rotate(y, z, OBLIQUITY);
        DVec3::new(x, y, z)
    }
}

fn rotate(x: f64, y: f64, angle: f64) -> (f64, f64) {
    let (sine, cosine) = math::sincos(angle);
    (x * cosine - y * sine, x * sine + y * cosine)
}

/// Solves Kepler's equation by Newton's method: from this start, eight rounds are exact for any eccentricity below 0.9.
fn eccentric_anomaly(mean: f64, eccentricity: f64) -> f64 {
    let mut anomaly = mean + eccentricity * math::sin(mean);
    for _ in 0..8 {
        let (sine, cosine) = math::sincos(anomaly);
        anomaly -= (anomaly - eccentricity * sine - mean) / (1.0 - eccentricity * cosine);
    }
    anomaly
}

/// A draw from Rayleigh's distribution with a mean, cut off at `most`, by inversion of a uniform number in [0, 1).
fn rayleigh(mean: f64, most: f64, uniform: f64) -> f64 {
    // The mean is sqrt(π/2) times the parameter.
    let double_square = mean * mean * (4.0 / PI);
    let cut = 1.0 - math::exp(-most * most / double_square);
    (-double_square * math::log(1.0 - uniform * cut)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ephemeris::Ephemeris;

    fn belt() -> Belt {
        Belt::load().expect("the data is sound")
    }

    #[test]
    fn the_belt_has_kirkwoods_gaps() {
        let belt = belt();
        let mut bins = [0_u32; 60];
        for index in 0..100_000 {
            let a = belt.orbit(1, index).semi_major_axis;
            assert!((2.1..3.6).contains(&a), "{a} au");
            bins[((a - 2.1) / 0.025) as usize] += 1;
        }
        let at = |a: f64| bins[((a + 1e-9 - 2.1) / 0.025) as usize];
        for (gap, beside) in [(2.5, 2.55), (2.95, 2.9), (3.25, 3.15)] {
            assert!(
                at(gap) * 3 < at(beside),
                "{} at {gap} au, {} at {beside} au",
                at(gap),
                at(beside)
            );
        }
    }

    #[test]
    fn orbits_have_the_means_of_their_bins() {
        let belt = Belt::parse(Source {
            file: "test",
            text: "low_au,high_au,count,mean_eccentricity,mean_inclination_deg\n2.2,2.3,9,0.12,8.0\n",
        });
        let belt = belt.expect("one bin is a belt");
        let count = 20_000;
        let orbits: Vec<Orbit> = (0..count).map(|index| belt.orbit(7, index)).collect();
        let mean = |value: fn(&Orbit) -> f64| orbits.iter().map(value).sum::<f64>() / count as f64;
        assert!((mean(|orbit| orbit.eccentricity) - 0.12).abs() < 0.002);
        assert!((mean(|orbit| orbit.inclination.to_degrees()) - 8.0).abs() < 0.2);
        assert!((mean(|orbit| orbit.semi_major_axis) - 2.25).abs() < 0.002);
        assert!((mean(|orbit| orbit.mean_anomaly) - PI).abs() < 0.05);
        assert!(orbits.iter().all(|orbit| orbit.eccentricity < 0.4));
    }

    #[test]
    fn an_asteroid_depends_on_seed_and_index_alone() {
        let belt = belt();
        assert_eq!(belt.orbit(3, 99), belt.orbit(3, 99));
        assert_ne!(belt.orbit(3, 99), belt.orbit(4, 99));
        assert_ne!(belt.orbit(3, 99), belt.orbit(3, 98));
    }

    #[test]
    fn states_have_the_elements_that_they_came_from() {
        let ephemeris = Ephemeris::load().expect("the data is sound");
        let gm = ephemeris.model.gm[0];
        let pole = DVec3::new(0.0, -0.397_777_155_931_913_8, 0.917_482_062_069_181_8);
        for index in 0..1_000 {
            let mut orbit = belt().orbit(5, index);
            orbit.semi_major_axis *= ephemeris.astronomical_unit;
            let (x, v) = orbit.state(gm);
            let (r, momentum) = (x.length(), x.cross(v));
            let axis = 1.0 / (2.0 / r - v.dot(v) / gm);
            let eccentricity = (v.cross(momentum) / gm - x / r).length();
            let inclination = math::acos(momentum.dot(pole) / momentum.length());
            assert!((axis / orbit.semi_major_axis - 1.0).abs() < 1e-12);
            assert!((eccentricity - orbit.eccentricity).abs() < 1e-12);
            assert!(
                (inclination - orbit.inclination).abs() < 1e-9,
                "{inclination} {orbit:?}"
            );
        }
    }

    #[test]
    fn the_elements_of_ceres_give_its_place() {
        // JPL's elements of Ceres for MJD 59800 against the file of perturbers eight days before.
        let ephemeris = Ephemeris::load().expect("the data is sound");
        let degrees = PI / 180.0;
        let ceres = Orbit {
            semi_major_axis: 2.766_619_044_655_007 * ephemeris.astronomical_unit,
            eccentricity: 0.078_635_756_918_755_28,
            inclination: 10.586_795_121_533_67 * degrees,
            node: 80.266_436_111_941_5 * degrees,
            perihelion: 73.531_625_522_475_71 * degrees,
            mean_anomaly: (334.327_169_897_115_1 - 8.0 * 0.214_180_48) * degrees,
        };
        let (_, state) = ephemeris
            .epochs()
            .iter()
            .find(|(jd, _)| *jd == 2_459_792.5)
            .expect("an epoch");
        let place = ceres.state(ephemeris.model.gm[0]).0 + state.position[0];
        let error = place.distance(state.position[11]);
        assert!(error < 1_000.0, "{error} km");
    }
}
