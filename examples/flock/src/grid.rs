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

use layerw::math::Vec3;
use layerw::{Cx, Label, ScratchVec, par};

/// All boids, sorted by cell. Lives in frame scratch.
pub struct Grid<'a> {
    shape: Shape,
    groups: par::Groups<'a>,
    lines: ScratchVec<'a, u32>,
    axes: [ScratchVec<'a, f32>; 3],
    velocities: ScratchVec<'a, Vec3>,
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

/// Neighbours that are noted before they are visited: telling them from strangers needs no branch then, and a branch
/// that goes one way in six is mispredicted all the time.
const NOTED: usize = 64;

/// Boids looked at together: two vectors of four.
const BATCH: usize = 8;

/// Boids that a worker sorts at a time.
const GRAIN: usize = 4096;

/// Boids that look around at a time; each looks at some hundred and fifty others.
const LOOKS: usize = 256;

impl<'a> Grid<'a> {
    /// Sorts boids into cells of one `radius`.
    pub fn build(
        cx: Cx<'a>,
        label: Label,
        positions: &[Vec3],
        velocities: &[Vec3],
        radius: f32,
    ) -> Self {
        let shape = Shape::new(radius, positions.len());
        let bucket = |row: usize| shape.bucket(shape.cell(positions[row]));
        let keys = par::map(cx, label, positions.len(), GRAIN, bucket);
        let groups = par::group(cx, label, &keys, shape.mask as usize + 1);
        let order = groups.order();
        // Entries behind the last boid, so that a batch may begin at any place; nobody looks at them.
        let padded = order.len() + BATCH;
        let boid = |place: usize| order.get(place).map_or(0, |&row| row as usize);
        let line_of = |place: usize| {
            let cell = shape.cell(positions[boid(place)]);
            line(cell.y, cell.z)
        };
        Grid {
            shape,
            lines: par::map(cx, label, padded, GRAIN, line_of),
            axes: [0, 1, 2].map(|axis| {
                par::map(cx, label, padded, GRAIN, |place| {
                    positions[boid(place)][axis]
                })
            }),
            velocities: par::map(cx, label, order.len(), GRAIN, |place| {
                velocities[boid(place)]
            }),
            groups,
        }
    }

    /// `f` of the neighbourhood, position and velocity of every boid, by row. Boids are visited in order of their cells, so
    /// that those who look at the same neighbours do it one after the other.
    pub fn map<T: Copy + Send + Sync>(
        &self,
        cx: Cx<'a>,
        label: Label,
        f: impl Fn(View<'_>, Vec3, Vec3) -> T + Sync,
    ) -> ScratchVec<'a, T> {
        let [x, y, z] = &self.axes;
        let view = View {
            shape: self.shape,
            starts: self.groups.starts(),
            lines: &self.lines,
            x,
            y,
            z,
            velocities: &self.velocities,
        };
        self.groups.map(cx, label, LOOKS, |place, _| {
            f(
                view,
                Vec3::new(view.x[place], view.y[place], view.z[place]),
                view.velocities[place],
            )
        })
    }
}

/// A grid as its boids see it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    shape: Shape,
    starts: &'a [u32],
    lines: &'a [u32],
    x: &'a [f32],
    y: &'a [f32],
    z: &'a [f32],
    velocities: &'a [Vec3],
}

impl View<'_> {
    /// Calls `visit` with offset, squared distance and velocity of every boid nearer than `radius` (at most a cell's
    /// size) and not at the very same place.
    pub fn neighbours(&self, position: Vec3, radius: f32, mut visit: impl FnMut(Vec3, f32, Vec3)) {
        let cell = self.shape.cell(position);
        let mut noted = [0; NOTED];
        let mut count = 0;
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
                        if count > NOTED - BATCH {
                            self.visit(&noted[..count], position, &mut visit);
                            count = 0;
                        }
                        let near = self.near(start, line, position, radius);
                        for (place, near) in (start..end).zip(near) {
                            noted[count % NOTED] = place as u32;
                            count += near as usize;
                        }
                        start += BATCH;
                    }
                }
            }
        }
        self.visit(&noted[..count], position, &mut visit);
    }

    /// Which boids of a batch are neighbours, 1 or 0 each. A loop without branches over plain arrays, so that it becomes
    /// vector instructions on every host.
    #[inline(always)]
    fn near(&self, start: usize, line: u32, position: Vec3, radius: f32) -> [u32; BATCH] {
        let batch = start..start + BATCH;
        let (x, y, z) = (
            &self.x[batch.clone()],
            &self.y[batch.clone()],
            &self.z[batch.clone()],
        );
        let lines = &self.lines[batch];
        let limit = radius * radius;
        let mut near = [0; BATCH];
        for lane in 0..BATCH {
            let (dx, dy, dz) = (
                x[lane] - position.x,
                y[lane] - position.y,
                z[lane] - position.z,
            );
            let squared = dx * dx + dy * dy + dz * dz;
            near[lane] = u32::from((lines[lane] == line) & (squared < limit) & (squared > 0.0));
        }
        near
    }

    /// Visits neighbours that were noted.
    #[inline(always)]
    fn visit(&self, noted: &[u32], position: Vec3, visit: &mut impl FnMut(Vec3, f32, Vec3)) {
        for &place in noted {
            let place = place as usize;
            let offset = Vec3::new(self.x[place], self.y[place], self.z[place]) - position;
            visit(offset, offset.length_squared(), self.velocities[place]);
        }
    }
}
