//! The tiles: a quadtree over 32 km × 32 km whose geometric errors come from a seed.

/// Levels of the tree: 4^0 + … + 4^9 = 349 525 tiles.
pub const LEVELS: u32 = 10;

/// Metres of the finest tiles' sides.
const FINEST: f32 = 64.0;

/// Metres of the whole terrain's side.
pub const SIDE: f32 = FINEST * (1 << (LEVELS - 1)) as f32;

/// Geometric error of the finest tiles where the terrain is of middling roughness, metres.
const FINEST_ERROR: f32 = 1.0;

/// Pixels that a metre covers at a distance of a metre: 1 080 lines, 60 degrees from top to bottom.
const PIXELS: f32 = 935.3;

/// The error on the screen that a frame tolerates, pixels.
pub const TOLERANCE: f32 = 3.0;

/// Number of a tile: level by level, row by row.
pub type Tile = u32;

/// The terrain.
pub struct World {
    /// Geometric error by tile, metres; no tile's is less than its children's.
    errors: Vec<f32>,
    /// Height at the tile's middle, metres.
    heights: Vec<f32>,
}

/// Where a camera is and where it looks. The view is 90 degrees wide.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct View {
    /// Metres: east, up, south.
    pub at: [f32; 3],
    /// Direction of sight on the map, of length 1.
    pub forward: [f32; 2],
}

impl World {
    /// The terrain of a seed.
    pub fn new(seed: u64) -> World {
        let count = first(LEVELS) as usize;
        let (mut errors, mut heights) = (vec![0.0; count], vec![0.0; count]);
        for level in (0..LEVELS).rev() {
            for tile in first(level)..first(level + 1) {
                let ([x, y], _) = place(tile);
                let roughness = 0.4 + 1.2 * noise(seed, x / 2_000.0, y / 2_000.0);
                let own = FINEST_ERROR * (1 << (LEVELS - 1 - level)) as f32 * roughness;
                let below = children(tile).map(|child| errors[child as usize]);
                errors[tile as usize] = below.fold(own, f32::max);
                heights[tile as usize] = 400.0 * noise(seed ^ 1, x / 5_000.0, y / 5_000.0)
                    + 60.0 * noise(seed ^ 2, x / 900.0, y / 900.0);
            }
        }
        World { errors, heights }
    }

    /// Tiles in all.
    pub fn tiles(&self) -> usize {
        self.errors.len()
    }

    /// Height of the ground, metres.
    pub fn height(&self, x: f32, y: f32) -> f32 {
        let [column, row] = [x, y].map(|metres| (metres.clamp(0.0, SIDE - 1.0) / FINEST) as u32);
        let tile = first(LEVELS - 1) + (row << (LEVELS - 1)) + column;
        self.heights[tile as usize]
    }

    /// The tiles of the view's cut, each with the error on the screen that would show without it: its parent's.
    pub fn cut(&self, view: &View, mut visit: impl FnMut(Tile, f32)) {
        let mut open = [(0, f32::INFINITY); 4 * LEVELS as usize];
        let mut count = 1;
        while count > 0 {
            count -= 1;
            let (tile, without) = open[count];
            if !self.is_in_view(view, tile) {
                continue;
            }
            let error = self.errors[tile as usize] * PIXELS / self.distance(view, tile);
            if error <= TOLERANCE || tile >= first(LEVELS - 1) {
                visit(tile, without);
                continue;
            }
            for child in children(tile) {
                open[count] = (child, error);
                count += 1;
            }
        }
    }

    /// Metres from the camera to the tile, at least 1.
    pub fn distance(&self, view: &View, tile: Tile) -> f32 {
        let ([x, y], side) = place(tile);
        let outside = |at: f32, middle: f32| ((at - middle).abs() - side / 2.0).max(0.0);
        let (dx, dy) = (outside(view.at[0], x), outside(view.at[2], y));
        let dz = view.at[1] - self.heights[tile as usize];
        (dx * dx + dy * dy + dz * dz).sqrt().max(1.0)
    }

    fn is_in_view(&self, view: &View, tile: Tile) -> bool {
        let ([x, y], side) = place(tile);
        let (dx, dy) = (x - view.at[0], y - view.at[2]);
        let [fx, fy] = view.forward;
        // 45 degrees to either side: both planes' distances are sums of the parts ahead and aside.
        let (ahead, aside) = (dx * fx + dy * fy, dx * fy - dy * fx);
        let radius = side; // half the diagonal is 0.71 of it; times the square root of 2, for the planes' normals
        ahead - aside.abs() > -radius
    }
}

/// The first tile of a level.
pub const fn first(level: u32) -> Tile {
    ((1 << (2 * level)) - 1) / 3
}

/// Middle and side, metres.
fn place(tile: Tile) -> ([f32; 2], f32) {
    let (level, cell) = cell(tile);
    let side = SIDE / (1 << level) as f32;
    (cell.map(|cell| (cell as f32 + 0.5) * side), side)
}

/// Level, and column and row in it.
fn cell(tile: Tile) -> (u32, [u32; 2]) {
    let level = (3 * tile + 1).ilog2() / 2;
    let number = tile - first(level);
    (level, [number & ((1 << level) - 1), number >> level])
}

/// The four tiles of the next level; none on the last.
fn children(tile: Tile) -> impl Iterator<Item = Tile> {
    let (level, [x, y]) = cell(tile);
    let count = if level + 1 < LEVELS { 4 } else { 0 };
    (0..count).map(move |quarter| {
        let (x, y) = (2 * x + (quarter & 1), 2 * y + (quarter >> 1));
        first(level + 1) + (y << (level + 1)) + x
    })
}

/// Smooth noise from 0 to 1, with one period a unit.
fn noise(seed: u64, x: f32, y: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let corner = |dx: i64, dy: i64| {
        let number = (left as i64 + dx) as u64 ^ ((top as i64 + dy) as u64) << 32;
        unit(mix(seed ^ mix(number)))
    };
    let ease = |part: f32| part * part * (3.0 - 2.0 * part);
    let (u, v) = (ease(x - left), ease(y - top));
    let above = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * u;
    let below = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * u;
    above + (below - above) * v
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): a random number from a counter.
pub fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// From 0 to 1.
pub fn unit(random: u64) -> f32 {
    (random >> 40) as f32 / (1 << 24) as f32
}
