//! The simulation: two systems, the settings, and the comparison with DE421 at the end.

use layerw::math::DVec3;
use layerw::{Cx, Error, Finish, Local, Query, Res, ResMut, Result, Settings, Sim, component};
use serde_json::Value;

use crate::belt::{self, Belt, Stages};
use crate::bodies::{DAY, NAMES, SUN, State};
use crate::check::Check;
use crate::ephemeris::{DataError, Ephemeris};
use crate::forces::Model;
use crate::step::{LONGEST_STEP, step};
use crate::view::look;

/// 1 January 2010, 0 h.
const START: f64 = 2_455_197.5;

/// A massive body. Its place among the others says which it is.
#[component]
#[derive(Debug, PartialEq)]
pub struct Body {
    /// Position, km.
    pub position: DVec3,
    /// Velocity, km/s.
    pub velocity: DVec3,
}

/// Where an asteroid is, km.
#[component]
#[derive(Debug, PartialEq)]
pub struct Position(pub DVec3);

/// How fast it moves, km/s.
#[component]
#[derive(Debug, PartialEq)]
pub struct Velocity(pub DVec3);

/// What the massive bodies obey, and since when.
pub(crate) struct Laws {
    pub(crate) model: Model,
    /// Julian date of step 0.
    start: f64,
}

/// The simulation. Settings: `start`, `years`, `asteroids`, and what to leave out.
pub fn sim(settings: &Settings) -> Result<Sim> {
    let ephemeris = Ephemeris::load()?;
    let (first, last) = ephemeris.span();
    let start = settings.number(
        "start",
        START,
        first..=last,
        "date of the start, Julian date (TDB)",
    )?;
    let years = settings.number(
        "years",
        1.0,
        0.0..=150.0,
        "time to simulate, years of 365.25 days",
    )?;
    let asteroids = settings.integer(
        "asteroids",
        100_000,
        0..=10_000_000,
        "how many asteroids there are",
    )?;
    let model = model(settings, &ephemeris)?;
    let dt = settings.dt().unwrap_or(DAY);
    if dt > LONGEST_STEP {
        let days = LONGEST_STEP / DAY;
        return Err(Error::Project(format!(
            "a step of {dt} seconds is too long for the asteroids; give --dt up to {LONGEST_STEP}, {days} days"
        )));
    }

    let mut sim = settings
        .sim()?
        .dt(dt)
        .frames((years * 365.25 * DAY / dt) as u64);
    let state = ephemeris.state_at(start)?;
    populate(
        &mut sim,
        &ephemeris,
        &Belt::load()?,
        &state,
        settings.seed(),
        asteroids as u64,
    );
    sim.world
        .insert_resource(Stages::new(&model.gm, &[state; belt::KICKS]));
    sim.world.insert_local(Laws { model, start });
    sim.system(move_bodies).each(move_asteroid);
    look(&mut sim);
    sim.on_finish(move |finish| report(finish, &ephemeris, &model, start));
    Ok(sim)
}

/// Moves the massive bodies by a step, and leaves their places on the way to the asteroids.
fn move_bodies(
    mut bodies: Query<&mut Body>,
    mut stages: ResMut<Stages>,
    laws: Local<Laws>,
    cx: Cx,
) {
    let state = gather(bodies.iter_mut().map(|body| *body));
    let date = laws.start + cx.time() / DAY;
    let (moved, places) = step(&laws.model, date, &state, cx.dt64);
    for (index, body) in bodies.iter_mut().enumerate() {
        *body = Body {
            position: moved.position[index],
            velocity: moved.velocity[index],
        };
    }
    *stages = places;
}

/// Moves an asteroid by a step.
fn move_asteroid(position: &mut Position, velocity: &mut Velocity, stages: Res<Stages>, cx: Cx) {
    belt::advance(&mut position.0, &mut velocity.0, &stages, cx.dt64);
}

/// The equations of motion without the terms that the settings leave out.
fn model(settings: &Settings, ephemeris: &Ephemeris) -> Result<Model> {
    let mut model = ephemeris.model;
    model.relativity = !settings.flag("no-relativity", "leave out relativity")?;
    model.oblateness = !settings.flag(
        "no-oblateness",
        "leave out the flattening of the Earth and the Sun",
    )?;
    let without = settings.text(
        "without",
        "",
        "name of a body whose pull on the others is left out",
    )?;
    if without.is_empty() {
        return Ok(model);
    }
    match NAMES.iter().position(|name| *name == without) {
        Some(body) if body != SUN => Ok(model.without(body)),
        _ => Err(settings.refuse(
            "without",
            &format!("one of {}", NAMES[SUN + 1..].join(", ")),
        )),
    }
}

/// Spawns the massive bodies in their order, then the asteroids.
fn populate(
    sim: &mut Sim,
    ephemeris: &Ephemeris,
    belt: &Belt,
    state: &State,
    seed: u64,
    asteroids: u64,
) {
    let bodies = state.position.into_iter().zip(state.velocity);
    sim.world
        .spawn_batch(bodies.map(|(position, velocity)| Body { position, velocity }));
    sim.world.spawn_batch((0..asteroids).map(|index| {
        let mut orbit = belt.orbit(seed, index);
        orbit.semi_major_axis *= ephemeris.astronomical_unit;
        let (position, velocity) = orbit.state(ephemeris.model.gm[SUN]);
        (
            Position(position + state.position[SUN]),
            Velocity(velocity + state.velocity[SUN]),
        )
    }));
}

/// The state of the massive bodies, which come in the order of [`NAMES`].
pub(crate) fn gather(bodies: impl Iterator<Item = Body>) -> State {
    let mut state = State::ZERO;
    for (index, body) in bodies.enumerate() {
        state.position[index] = body.position;
        state.velocity[index] = body.velocity;
    }
    state
}

/// Compares the end with DE421, as a table and in the report.
fn report(finish: &mut Finish, ephemeris: &Ephemeris, model: &Model, start: f64) {
    let world = finish.world();
    let end = gather(world.query::<&Body>().copied());
    let seconds = world.step() as f64 * world.dt();
    match Check::new(ephemeris, model, start, seconds, &end) {
        Ok(check) => {
            finish.report("error_km", check.error_km().into_iter().collect::<Value>());
            finish.report("energy_drift", check.energy_drift);
            finish.print(&check.to_string());
        }
        Err(error) => finish.print(&format!("not compared with DE421: {error}")),
    }
}

impl From<DataError> for Error {
    fn from(error: DataError) -> Error {
        Error::Project(error.to_string())
    }
}
