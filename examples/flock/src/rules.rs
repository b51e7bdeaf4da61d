//! The three rules of Reynolds ("Flocks, herds and schools", SIGGRAPH 1987): keep apart, fly alike, stay together.

use crate::grid::Grid;
use crate::{Position, Velocity};
use layerw::math::Vec3;
use layerw::{Cx, FrameSlice, Local, LocalMut, Query, Res, component, label};

/// How boids behave. A resource, so it is part of the state's hash.
#[component]
#[derive(Debug)]
pub struct Rules {
    /// How far a boid sees.
    pub radius: f32,
    /// How near is too near, at most `radius`.
    pub apart: f32,
    /// Acceleration away from those too near.
    pub separation: f32,
    /// Acceleration towards the neighbours' mean velocity.
    pub alignment: f32,
    /// Acceleration towards the neighbours' centre.
    pub cohesion: f32,
    /// Least and greatest speed.
    pub slowest: f32,
    /// Greatest speed.
    pub fastest: f32,
    /// Radius of the ball that boids turn back into.
    pub home: f32,
}

impl Rules {
    /// Rules for a flock of `count` boids, in a ball of such a size that a boid sees some two dozen others
    /// wherever the flock spreads evenly.
    pub fn for_count(count: usize) -> Self {
        let radius = 1.0;
        let neighbours = 26.0;
        let home = radius * layerw::math::cbrt(count as f64 / neighbours) as f32;
        Rules {
            radius,
            apart: 0.4,
            separation: 1.5,
            alignment: 1.0,
            cohesion: 0.5,
            slowest: 1.0,
            fastest: 3.0,
            home,
        }
    }
}

/// What a boid learns from its neighbours.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sight {
    /// How many it sees.
    pub count: u32,
    /// Sum of pushes away from those too near.
    pub push: Vec3,
    /// Sum of velocities.
    pub velocity: Vec3,
    /// Sum of offsets.
    pub offset: Vec3,
}

impl Sight {
    /// Adds a neighbour.
    pub fn add(&mut self, rules: &Rules, offset: Vec3, squared: f32, velocity: Vec3) {
        self.count += 1;
        self.velocity += velocity;
        self.offset += offset;
        if squared < rules.apart * rules.apart {
            self.push -= offset / squared;
        }
    }

    /// The acceleration that the rules ask for.
    pub fn steer(&self, rules: &Rules, position: Vec3, velocity: Vec3) -> Vec3 {
        let mut pull = self.push * rules.separation;
        if self.count > 0 {
            let share = 1.0 / self.count as f32;
            pull += (self.velocity * share - velocity) * rules.alignment;
            pull += self.offset * (share * rules.cohesion);
        }
        let out = position.length() - rules.home;
        if out > 0.0 {
            pull -= position * (out / position.length());
        }
        pull
    }
}

/// What each boid's neighbours make it want, by row; in frame scratch, looked up anew in each step.
#[derive(Default)]
pub struct Pulls(FrameSlice<Vec3>);

/// Lets every boid look at its neighbours.
pub fn look(
    positions: Query<&Position>,
    velocities: Query<&Velocity>,
    rules: Res<Rules>,
    mut pulls: LocalMut<Pulls>,
    cx: Cx,
) {
    let (sort, look) = (label("sort into cells"), label("look around"));
    let positions = positions.collect(cx, sort, |position| position.0);
    let velocities = velocities.collect(cx, sort, |velocity| velocity.0);
    let grid = Grid::build(cx, sort, &positions, &velocities, rules.radius);
    let rules = *rules;
    let wanted = grid.map(cx, look, |view, position, velocity| {
        let mut sight = Sight::default();
        view.neighbours(position, rules.radius, |offset, squared, other| {
            sight.add(&rules, offset, squared, other);
        });
        sight.steer(&rules, position, velocity)
    });
    pulls.0 = wanted.lend();
}

/// Turns every boid as its neighbours make it want.
pub fn turn(mut velocities: Query<&mut Velocity>, pulls: Local<Pulls>, rules: Res<Rules>, cx: Cx) {
    let (pulls, rules, dt) = (cx.frame(&pulls.0), *rules, cx.dt);
    velocities.par_enumerate(cx, label("turn"), |boid, velocity| {
        let wanted = velocity.0 + pulls[boid] * dt;
        let speed = wanted.length().max(1e-6);
        velocity.0 = wanted * (speed.clamp(rules.slowest, rules.fastest) / speed);
    });
}

/// Moves every boid along.
pub fn fly(position: &mut Position, velocity: &Velocity, cx: Cx) {
    position.0 += velocity.0 * cx.dt;
}
