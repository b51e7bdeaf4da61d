//! Which lamps reach where: the picture is cut into columns, rows and slices of depth, and each of the cells has a bit for every lamp.
//!
//! Bits and not lists: a cell cannot overflow, their order is that of the lamps, and no counters are shared, so that cells can be filled in any order.

use glam::Vec3;

use super::frame::LAMPS;
use crate::scene::{Camera, Lamp};

pub(super) const COLUMNS: usize = 16;
pub(super) const ROWS: usize = 9;
pub(super) const SLICES: usize = 24;
const WORDS: usize = LAMPS / 32;

/// Texels, of four words each, of a row of cells.
pub(super) const TEXELS_ACROSS: u32 = (COLUMNS * WORDS / 4) as u32;
pub(super) const TEXELS_DOWN: u32 = (ROWS * SLICES) as u32;

/// Words of all cells.
pub(super) type Bits = [u32; COLUMNS * ROWS * SLICES * WORDS];

/// From depth to slices, which are even in its logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slices {
    pub(super) scale: f32,
    pub(super) offset: f32,
}

impl Slices {
    /// Slices between the eye and where the last lamp ends.
    pub(super) fn new(camera: &Camera, lamps: &[Lamp]) -> Slices {
        let forward = camera.forward();
        let ends = lamps
            .iter()
            .map(|lamp| (lamp.at - camera.eye).dot(forward) + lamp.reach);
        let far = ends.fold(1e-3, f32::max).min(1e30);
        let near = camera.sane_near().max(far / 4096.0).min(0.5 * far);
        let scale = SLICES as f32 / (libm::log2f(far) - libm::log2f(near));
        Slices {
            scale,
            offset: -libm::log2f(near) * scale,
        }
    }

    fn of(&self, depth: f32) -> usize {
        // What is nearer than the nearest slice is in it; a cast saturates.
        let slice = libm::log2f(depth.max(1e-30)) * self.scale + self.offset;
        (slice.max(0.0) as usize).min(SLICES - 1)
    }
}

/// Fills the bits of all cells. `half` is half of what is seen at distance 1, across and up.
pub(super) fn fill(
    bits: &mut Bits,
    camera: &Camera,
    half: [f32; 2],
    lamps: &[Lamp],
    slices: &Slices,
) {
    bits.fill(0);
    let [right, up, forward] = camera.axes();
    for (number, lamp) in lamps.iter().take(LAMPS).enumerate() {
        let offset = lamp.at - camera.eye;
        let at = Vec3::new(offset.dot(right), offset.dot(up), offset.dot(forward));
        let reach = lamp.reach;
        if at.z + reach <= 0.0 {
            continue;
        }
        let (first, last) = (slices.of(at.z - reach), slices.of(at.z + reach));
        for slice in first..=last {
            // Of the slice, as far as the lamp comes.
            let start = libm::exp2f((slice as f32 - slices.offset) / slices.scale);
            let end = libm::exp2f((slice as f32 + 1.0 - slices.offset) / slices.scale);
            let begins = if slice == 0 { 0.0 } else { start };
            let near = begins.max(at.z - reach).max(1e-6);
            let far = end.min(at.z + reach).max(near);
            let cells = |at: f32, half: f32, count: usize| {
                // What is to the left of the middle reaches farthest left where it is nearest.
                let side = |edge: f32, low: bool| {
                    let depth = if (edge < 0.0) == low { near } else { far };
                    (edge / (depth * half) * 0.5 + 0.5) * count as f32
                };
                let (low, high) = (side(at - reach, true), side(at + reach, false));
                let cell = |edge: f32| (edge.max(0.0) as usize).min(count - 1);
                let outside = high < 0.0 || low >= count as f32;
                (!outside).then(|| cell(low)..=cell(high))
            };
            // The picture's rows go down.
            let (columns, rows) = (cells(at.x, half[0], COLUMNS), cells(-at.y, half[1], ROWS));
            let (Some(columns), Some(rows)) = (columns, rows) else {
                continue;
            };
            for row in rows {
                for column in columns.clone() {
                    let cell = (slice * ROWS + row) * COLUMNS + column;
                    bits[cell * WORDS + number / 32] |= 1 << (number % 32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place that a lamp reaches lies in a cell with its bit, for all places of a grid before the camera.
    #[test]
    fn no_place_lacks_a_lamp_that_reaches_it() {
        let camera = Camera::new(Vec3::new(1.0, 2.0, 3.0), Vec3::new(-4.0, 0.5, -6.0));
        let half = camera.half_extent(16.0 / 9.0);
        let [right, up, forward] = camera.axes();
        let mut state = 7_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 16_777_216.0
        };
        let lamps: Vec<Lamp> = (0..LAMPS)
            .map(|_| {
                let depth = random() * 60.0 - 5.0;
                let at = camera.eye
                    + forward * depth
                    + right * (random() - 0.5) * 60.0
                    + up * (random() - 0.5) * 40.0;
                Lamp::new(at, 0.3 + 6.0 * random() * random())
            })
            .collect();
        let slices = Slices::new(&camera, &lamps);
        let mut bits: Box<Bits> = vec![0; COLUMNS * ROWS * SLICES * WORDS]
            .try_into()
            .expect("as long as that");
        fill(&mut bits, &camera, half, &lamps, &slices);
        let (mut reached, mut spared) = (0, 0);
        for _ in 0..20_000 {
            let (u, v) = (random(), random());
            let depth = 0.05 + 60.0 * random() * random();
            let across = right * half[0] * (2.0 * u - 1.0) - up * half[1] * (2.0 * v - 1.0);
            let place = camera.eye + (forward + across) * depth;
            let (column, row) = ((u * COLUMNS as f32) as usize, (v * ROWS as f32) as usize);
            let cell = (slices.of(depth) * ROWS + row) * COLUMNS + column;
            for (number, lamp) in lamps.iter().enumerate() {
                let bit = bits[cell * WORDS + number / 32] >> (number % 32) & 1 == 1;
                let lit = (lamp.at - place).length() < lamp.reach;
                assert!(bit || !lit, "lamp {number} reaches {place}");
                reached += usize::from(lit);
                spared += usize::from(!bit);
            }
        }
        assert!(reached > 1000, "{reached}");
        assert!(spared > 20_000 * LAMPS / 2, "{spared}");
    }
}
