//! A hash grid: boids sorted by cell, so that a neighbourhood is nine runs of memory.
//!
//! Space is cut into cubic cells of one radius. A cell's bucket is a hash of its `y` and `z` plus its `x`, so the
//! three cells beside each other in `x` share one run of buckets:
//!
//! ```text
//!   bucket(x, y, z) = (hash(y, z) + x) mod size       3 × 3 lines of cells, each one run of three buckets
//! ```
//!
//! Different lines may meet in a bucket; every entry carries its line, and strangers are passed over. Neighbours
//! come in order of (z, y, x, row), whatever the hash does, so sums over them have one order.

use crate::{Position, Velocity};
use layerw::math::Vec3;
use layerw::{Cx, FrameSlice, LocalMut, Query, Res, label, par};
use std::ops::Range;

/// What the flock looks up, built anew in each step. Lives in frame scratch, so it is neither hashed nor kept.
#[derive(Default)]
pub struct Grid {
    shape: Shape,
    starts: FrameSlice<u32>,
    lines: FrameSlice<u32>,
    positions: FrameSlice<Vec3>,
    velocities: FrameSlice<Vec3>,
}

/// Size of cells and number of buckets.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shape {
    inverse: f32,
    mask: u32,
}

/// A cell's coordinates, 16 bits each: cells further out than 32 768 wrap around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    x: i32,
    y: i32,
    z: i32,
}

impl Shape {
    /// Cells of one `radius`, and at least as many buckets as boids.
    pub fn new(radius: f32, count: usize) -> Self {
        Shape {
            inverse: 1.0 / radius,
            mask: count.next_power_of_two().max(16) as u32 - 1,
        }
    }

    fn cell(self, position: Vec3) -> Cell {
        let scaled = position * self.inverse;
        let floor = |value: f32| (value.floor() as i32) as i16 as i32;
        Cell {
            x: floor(scaled.x),
            y: floor(scaled.y),
            z: floor(scaled.z),
        }
    }

    fn bucket(self, cell: Cell) -> u32 {
        let hash = line(cell.y, cell.z).wrapping_mul(0x9E37_79B1);
        (hash >> 8).wrapping_add(cell.x as u32) & self.mask
    }
}

/// What cells beside each other in `x` share.
fn line(y: i32, z: i32) -> u32 {
    (y as u16 as u32) | (z as u16 as u32) << 16
}

/// Sorts all boids into the grid.
pub fn build_grid(
    positions: Query<&Position>,
    velocities: Query<&Velocity>,
    rules: Res<crate::Rules>,
    mut grid: LocalMut<Grid>,
    cx: Cx,
) {
    let label = label("grid");
    let positions = positions.collect(cx, label, |position| position.0);
    let velocities = velocities.collect(cx, label, |velocity| velocity.0);
    let shape = Shape::new(rules.radius, positions.len());
    let (positions, velocities) = (positions.as_slice(), velocities.as_slice());
    let keys = par::map(cx, label, positions.len(), 4096, |row| {
        shape.bucket(shape.cell(positions[row]))
    });
    let groups = par::group(cx, label, &keys, shape.mask as usize + 1);
    let order = groups.order.as_slice();
    let sorted = |values: &[Vec3]| {
        par::map(cx, label, order.len(), 4096, |place| {
            values[order[place] as usize]
        })
    };
    let line_of = |place| {
        let cell = shape.cell(positions[order[place] as usize]);
        line(cell.y, cell.z)
    };
    *grid = Grid {
        shape,
        lines: par::map(cx, label, order.len(), 4096, line_of).lend(),
        positions: sorted(positions).lend(),
        velocities: sorted(velocities).lend(),
        starts: groups.starts.lend(),
    };
}

/// A grid as it is seen by one row.
#[derive(Clone, Copy)]
pub struct View<'a> {
    shape: Shape,
    starts: &'a [u32],
    lines: &'a [u32],
    positions: &'a [Vec3],
    velocities: &'a [Vec3],
}

/// Neighbours that are noted before they are visited: telling them from strangers is a loop without
/// branches then.
const NOTED: usize = 64;

impl Grid {
    /// The grid of this step.
    pub fn view<'a>(&self, cx: Cx<'a>) -> View<'a> {
        View {
            shape: self.shape,
            starts: cx.frame(&self.starts),
            lines: cx.frame(&self.lines),
            positions: cx.frame(&self.positions),
            velocities: cx.frame(&self.velocities),
        }
    }
}

impl View<'_> {
    /// Calls `visit` with offset, squared distance and velocity of every boid nearer than `radius` (at most a cell's
    /// size) and not at the very same place.
    pub fn neighbours(&self, position: Vec3, radius: f32, mut visit: impl FnMut(Vec3, f32, Vec3)) {
        let cell = self.shape.cell(position);
        let mut noted = [0; NOTED];
        for z in cell.z - 1..=cell.z + 1 {
            for y in cell.y - 1..=cell.y + 1 {
                let line = line(y, z);
                let first = self.shape.bucket(Cell {
                    x: cell.x - 1,
                    y,
                    z,
                }) as usize;
                let past = first + 3;
                let buckets = self.starts.len() - 1;
                // The three buckets may wrap around the table's end.
                let runs = [
                    (first, past.min(buckets)),
                    (0, past.saturating_sub(buckets)),
                ];
                for (first, past) in runs {
                    let (mut start, end) =
                        (self.starts[first] as usize, self.starts[past] as usize);
                    while start < end {
                        let block = start..end.min(start + NOTED);
                        start = block.end;
                        for &place in self.note(block, line, position, radius, &mut noted) {
                            let offset = self.positions[place as usize] - position;
                            visit(
                                offset,
                                offset.length_squared(),
                                self.velocities[place as usize],
                            );
                        }
                    }
                }
            }
        }
    }

    /// The places of a block, at most [`NOTED`], that are neighbours.
    #[inline(always)]
    fn note<'n>(
        &self,
        block: Range<usize>,
        line: u32,
        position: Vec3,
        radius: f32,
        noted: &'n mut [u32; NOTED],
    ) -> &'n [u32] {
        let limit = radius * radius;
        let mut count = 0;
        let candidates = self.positions[block.clone()]
            .iter()
            .zip(&self.lines[block.clone()]);
        for ((&other, &its_line), place) in candidates.zip(block.start as u32..) {
            let squared = (other - position).length_squared();
            noted[count % NOTED] = place;
            count += usize::from((its_line == line) & (squared < limit) & (squared > 0.0));
        }
        &noted[..count]
    }
}
