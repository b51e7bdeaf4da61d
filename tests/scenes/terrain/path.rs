//! Three flights of a minute at 60 Hz, each from a seed.

use super::world::{SIDE, View, World, mix, unit};

/// Frames of a flight.
pub const FRAMES: usize = 3_600;

/// Frames at the start in which the camera rests and misses do not count: a loading screen.
pub const LOADING: usize = 240;

/// How a camera flies.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Path {
    /// Low and fast along bends.
    Weave,
    /// Slow, while the camera looks around: quick turns, then rest.
    Survey,
    /// As weave; after a third it is elsewhere, after two thirds back.
    Teleport,
}

impl Path {
    /// All of them.
    pub const ALL: [Path; 3] = [Path::Weave, Path::Survey, Path::Teleport];

    /// For people.
    pub fn name(self) -> &'static str {
        ["weave", "survey", "teleport"][self as usize]
    }

    /// Frames in which the camera is suddenly elsewhere.
    pub fn teleports(self) -> &'static [usize] {
        match self {
            Path::Teleport => &[FRAMES / 3, 2 * FRAMES / 3],
            Path::Weave | Path::Survey => &[],
        }
    }

    /// Where the camera is in each frame.
    pub fn views(self, world: &World, seed: u64) -> Vec<View> {
        let mut random = seed;
        let mut next = move || {
            random = mix(random);
            unit(random)
        };
        // Metres a frame, and the most radians a frame.
        let (speed, turn) = match self {
            Path::Weave | Path::Teleport => (2.5, 0.012),
            Path::Survey => (0.7, 0.025),
        };
        let mut place = [SIDE * (0.3 + 0.4 * next()), SIDE * (0.3 + 0.4 * next())];
        let home = place;
        let (mut heading, mut sight) = ([1.0, 0.0], [1.0, 0.0]);
        let (mut rate, mut target, mut left) = (0.0, 0.0, 0);
        let mut frames = Vec::with_capacity(FRAMES);
        for frame in 0..FRAMES {
            if left == 0 {
                left = 40 + (120.0 * next()) as usize;
                let rests = self == Path::Survey && next() < 0.4;
                target = if rests {
                    0.0
                } else {
                    turn * (2.0 * next() - 1.0)
                };
            }
            left -= 1;
            rate += 0.08 * (target - rate);
            match self.teleports().iter().position(|&at| at == frame) {
                Some(0) => place = place.map(|metres| SIDE - metres),
                Some(_) => place = home,
                None => {}
            }
            if frame < LOADING {
                rate = 0.0;
            }
            sight = turned(sight, rate);
            // The camera of a survey turns, its carrier hardly; back to the middle where the terrain ends.
            let bend = if self == Path::Survey {
                0.1 * rate
            } else {
                rate
            };
            heading = turned(heading, bend);
            let ends = |metres: f32| !(0.1 * SIDE..0.9 * SIDE).contains(&metres);
            if place.iter().any(|&metres| ends(metres)) {
                let [x, y] = place.map(|metres| SIDE / 2.0 - metres);
                let length = (x * x + y * y).sqrt();
                let inward = [x / length, y / length];
                let aside = heading[0] * inward[1] - heading[1] * inward[0];
                heading = turned(heading, 0.02 * aside);
            }
            if self != Path::Survey {
                sight = heading;
            }
            if frame > LOADING {
                place = [0, 1].map(|axis| place[axis] + speed * heading[axis]);
            }
            let height = world.height(place[0], place[1]) + 120.0;
            let before = frames.last().map_or(height, |view: &View| view.at[1]);
            frames.push(View {
                at: [place[0], before + 0.05 * (height - before), place[1]],
                forward: sight,
            });
        }
        frames
    }
}

/// A direction turned by a small angle, of length 1 again.
pub fn turned([x, y]: [f32; 2], angle: f32) -> [f32; 2] {
    let (x, y) = (x - angle * y, y + angle * x);
    let length = (x * x + y * y).sqrt();
    [x / length, y / length]
}

/// The view some frames after the last of two, if the camera goes on as between them; a camera that jumped has no motion.
pub fn foreseen(before: &View, now: &View, frames: f32) -> View {
    let step = [0, 1, 2].map(|axis| now.at[axis] - before.at[axis]);
    let jumped = step.iter().any(|metres| metres.abs() > 50.0);
    if jumped {
        return *now;
    }
    let aside = before.forward[0] * now.forward[1] - before.forward[1] * now.forward[0];
    // A turn of many frames in steps that are small enough.
    let mut forward = now.forward;
    for _ in 0..8 {
        forward = turned(forward, aside * frames / 8.0);
    }
    View {
        at: [0, 1, 2].map(|axis| now.at[axis] + step[axis] * frames),
        forward,
    }
}
