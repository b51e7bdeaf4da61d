//! Made from flock.ts by `layerw_script::compile`; change that and make it again.

use layerw::{Commands, Cx, Query, Res, ResMut, Sim, World, component};

/// `Settings` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Settings {
    /// `boids`.
    pub boids: i32,
}

/// `Rules` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Rules {
    /// `radius`.
    pub radius: f32,
    /// `apart`.
    pub apart: f32,
    /// `separation`.
    pub separation: f32,
    /// `alignment`.
    pub alignment: f32,
    /// `cohesion`.
    pub cohesion: f32,
    /// `slowest`.
    pub slowest: f32,
    /// `fastest`.
    pub fastest: f32,
    /// `home`.
    pub home: f32,
}

/// `Grid` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Grid {
    /// `starts`.
    pub starts: [i32; 16385],
    /// `next`.
    pub next: [i32; 16384],
    /// `lines`.
    pub lines: [u32; 16384],
    /// `x`.
    pub x: [f32; 16384],
    /// `y`.
    pub y: [f32; 16384],
    /// `z`.
    pub z: [f32; 16384],
    /// `vx`.
    pub vx: [f32; 16384],
    /// `vy`.
    pub vy: [f32; 16384],
    /// `vz`.
    pub vz: [f32; 16384],
}

/// `Position` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Position(pub [f32; 3]);

/// `Velocity` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Velocity(pub [f32; 3]);

/// `Sight` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Sight {
    /// `count`.
    pub count: u32,
}

/// `Populate.start`, flock.ts:69.
pub fn populate_start(settings: Res<Settings>, rules: Res<Rules>, mut commands: Commands, cx: Cx) {
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    let v5: i32 = settings.boids;
    let v9: i64 = (cx.seed() as i64).wrapping_add(-7046029254386353131);
    let v14: i64 = (v9 ^ (v9 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v19: i64 = (v14 ^ (v14 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v25: i64 = -7046029254386353131 ^ (v19 ^ (v19 as u64).wrapping_shr(31) as i64);
    let v30: i64 = (v25 ^ (v25 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v35: i64 = (v30 ^ (v30 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v40: i64 = (cx.step as i64).wrapping_add(-7046029254386353131);
    let v45: i64 = (v40 ^ (v40 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v50: i64 = (v45 ^ (v45 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v55: i64 = (v35 ^ (v35 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
    let v56: i64 = v55 ^ (v50 ^ (v50 as u64).wrapping_shr(31) as i64);
    let v61: i64 = (v56 ^ (v56 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v66: i64 = (v61 ^ (v61 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v87: i64 = (v66 ^ (v66 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
    let v228: f32 = rules.home;
    let v229: f32 = rules.fastest;
    // flock.ts:69
    let mut v3: i32 = 0;
    let _: i32 = 'l0: loop {
        rounds -= 1;
        assert!(rounds >= 0, "flock.ts:69: loops that go on for too long");
        if v3 < v5 {
        } else {
            break 'l0 v3;
        }
        let v72: i64 = (v3 as i64).wrapping_add(-7046029254386353131);
        let v77: i64 = (v72 ^ (v72 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v82: i64 = (v77 ^ (v77 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        let v88: i64 = v87 ^ (v82 ^ (v82 as u64).wrapping_shr(31) as i64);
        let v93: i64 = (v88 ^ (v88 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v98: i64 = (v93 ^ (v93 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        let v119: i64 = (v98 ^ (v98 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
        let v120: i64 = v119 ^ -2152535657050944081;
        let v125: i64 = (v120 ^ (v120 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v130: i64 = (v125 ^ (v125 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        // flock.ts:74
        let mut v137: i64 = v130 ^ (v130 as u64).wrapping_shr(31) as i64;
        let mut v138: f32 = 1.0;
        let mut v139: f32 = 1.0;
        let mut v140: f32 = 1.0;
        let (_, v225, v226, v227): (i64, f32, f32, f32) = 'l1: loop {
            rounds -= 1;
            assert!(rounds >= 0, "flock.ts:74: loops that go on for too long");
            if v138 * v138 + v139 * v139 + v140 * v140 > 1.0 {
            } else {
                break 'l1 (v137, v138, v139, v140);
            }
            let v152: i64 = v137.wrapping_add(-7046029254386353131);
            let v157: i64 = (v152 ^ (v152 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
            let v162: i64 = (v157 ^ (v157 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
            let v167: i64 = ((v162 ^ (v162 as u64).wrapping_shr(31) as i64) as u64).wrapping_shr(40) as i64;
            let v177: i64 = v152.wrapping_add(-7046029254386353131);
            let v182: i64 = (v177 ^ (v177 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
            let v187: i64 = (v182 ^ (v182 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
            let v192: i64 = ((v187 ^ (v187 as u64).wrapping_shr(31) as i64) as u64).wrapping_shr(40) as i64;
            let v202: i64 = v177.wrapping_add(-7046029254386353131);
            let v207: i64 = (v202 ^ (v202 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
            let v212: i64 = (v207 ^ (v207 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
            let v217: i64 = ((v212 ^ (v212 as u64).wrapping_shr(31) as i64) as u64).wrapping_shr(40) as i64;
            (v137, v138, v139, v140) = (v202, -1.0 + 2.0 * (v167 as u64 as f32 * 5.9604645e-8), -1.0 + 2.0 * (v192 as u64 as f32 * 5.9604645e-8), -1.0 + 2.0 * (v217 as u64 as f32 * 5.9604645e-8));
        };
        // flock.ts:81
        commands.spawn((Position([v225 * v228, v226 * v228, v227 * v228]), Velocity([v226 * v229, v227 * v229, v225 * v229]), Sight { count: 0 }));
        v3 = v3.wrapping_add(1);
    };
}

/// `Clear`, flock.ts:92.
pub fn clear(mut grid: ResMut<Grid>) {
    let grid = &mut *grid;
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    rounds -= 16385;
    assert!(rounds >= 0, "flock.ts:92: loops that go on for too long");
    // flock.ts:92
    for v3 in 0_i32..16385 {
        // flock.ts:93
        grid.starts[v3 as usize] = 0;
    }
}

/// `Count`, flock.ts:100.
pub fn count(rows: Query<&Position>, mut grid: ResMut<Grid>, rules: Res<Rules>) {
    let grid = &mut *grid;
    let v4: f32 = rules.radius;
    for position in rows.iter() {
        let v23: i32 = (position.0[1] / v4).floor() as i32 & 65535 | ((position.0[2] / v4).floor() as i32 & 65535).wrapping_shl(16);
        let v28: i32 = ((v23.wrapping_mul(-1640531535) as u32).wrapping_shr(8) as i32).wrapping_add((position.0[0] / v4).floor() as i32);
        let v32: i32 = v28 & 16383;
        // flock.ts:101
        grid.starts[v32 as usize] = grid.starts[v32 as usize].wrapping_add(1);
    }
}

/// `PrefixSum`, flock.ts:108.
pub fn prefix_sum(mut grid: ResMut<Grid>) {
    let grid = &mut *grid;
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    rounds -= 16384;
    assert!(rounds >= 0, "flock.ts:109: loops that go on for too long");
    // flock.ts:109
    let mut v5: i32 = 0;
    for v4 in 0_i32..16384 {
        let v8: i32 = grid.starts[v4 as usize];
        // flock.ts:111
        grid.starts[v4 as usize] = v5;
        // flock.ts:112
        grid.next[v4 as usize] = v5;
        v5 = v5.wrapping_add(v8);
    }
    // flock.ts:115
    grid.starts[16384] = v5;
}

/// `Scatter`, flock.ts:121.
pub fn scatter(rows: Query<(&Position, &Velocity)>, mut grid: ResMut<Grid>, rules: Res<Rules>) {
    let grid = &mut *grid;
    let v5: f32 = rules.radius;
    for (position, velocity) in rows.iter() {
        let v6: f32 = position.0[0];
        let v10: f32 = position.0[1];
        let v14: f32 = position.0[2];
        let v24: i32 = (v10 / v5).floor() as i32 & 65535 | ((v14 / v5).floor() as i32 & 65535).wrapping_shl(16);
        let v29: i32 = ((v24.wrapping_mul(-1640531535) as u32).wrapping_shr(8) as i32).wrapping_add((v6 / v5).floor() as i32);
        let v33: i32 = v29 & 16383;
        let v36: i32 = grid.next[v33 as usize];
        // flock.ts:126
        grid.next[v33 as usize] = v36.wrapping_add(1);
        assert!((v36 as u32) < 16384, "flock.ts:127: an index beyond the end of the array");
        // flock.ts:127
        grid.lines[v36 as usize] = v24 as u32;
        // flock.ts:128
        grid.x[v36 as usize] = v6;
        // flock.ts:129
        grid.y[v36 as usize] = v10;
        // flock.ts:130
        grid.z[v36 as usize] = v14;
        // flock.ts:131
        grid.vx[v36 as usize] = velocity.0[0];
        // flock.ts:132
        grid.vy[v36 as usize] = velocity.0[1];
        // flock.ts:133
        grid.vz[v36 as usize] = velocity.0[2];
    }
}

/// `Steer`, flock.ts:140.
pub fn steer(position: &Position, velocity: &mut Velocity, sight: &mut Sight, grid: Res<Grid>, rules: Res<Rules>, cx: Cx) {
    let v2: f32 = rules.radius;
    let v4: f32 = v2 * v2;
    let v5: f32 = rules.apart;
    let v7: f32 = v5 * v5;
    let v248: f32 = rules.separation;
    let v304: f32 = rules.home;
    let v337: f32 = rules.slowest;
    let v339: f32 = rules.fastest;
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    let v12: f32 = position.0[0];
    let v17: f32 = position.0[1];
    let v21: i32 = (v17 / v2).floor() as i32;
    let v22: f32 = position.0[2];
    let v26: i32 = (v22 / v2).floor() as i32;
    let v75: i32 = ((v12 / v2).floor() as i32).wrapping_sub(1);
    // flock.ts:152
    let mut v40: i32 = 0;
    let mut v41: f32 = 0.0;
    let mut v42: f32 = 0.0;
    let mut v43: f32 = 0.0;
    let mut v44: f32 = 0.0;
    let mut v45: f32 = 0.0;
    let mut v46: f32 = 0.0;
    let mut v47: f32 = 0.0;
    let mut v48: f32 = 0.0;
    let mut v49: f32 = 0.0;
    for v39 in -1_i32..2 {
        rounds -= 1;
        assert!(rounds >= 0, "flock.ts:152: loops that go on for too long");
        let v72: i32 = (v26.wrapping_add(v39) & 65535).wrapping_shl(16);
        // flock.ts:153
        let mut v54: i32 = v40;
        let mut v55: f32 = v41;
        let mut v56: f32 = v42;
        let mut v57: f32 = v43;
        let mut v58: f32 = v44;
        let mut v59: f32 = v45;
        let mut v60: f32 = v46;
        let mut v61: f32 = v47;
        let mut v62: f32 = v48;
        let mut v63: f32 = v49;
        for v53 in -1_i32..2 {
            rounds -= 1;
            assert!(rounds >= 0, "flock.ts:153: loops that go on for too long");
            let v73: i32 = v21.wrapping_add(v53) & 65535 | v72;
            let v80: i32 = ((v73.wrapping_mul(-1640531535) as u32).wrapping_shr(8) as i32).wrapping_add(v75);
            let v84: i32 = v80 & 16383;
            rounds -= 2;
            assert!(rounds >= 0, "flock.ts:157: loops that go on for too long");
            // flock.ts:157
            let mut v89: i32 = v54;
            let mut v90: f32 = v55;
            let mut v91: f32 = v56;
            let mut v92: f32 = v57;
            let mut v93: f32 = v58;
            let mut v94: f32 = v59;
            let mut v95: f32 = v60;
            let mut v96: f32 = v61;
            let mut v97: f32 = v62;
            let mut v98: f32 = v63;
            for v88 in 0_i32..2 {
                let v100: bool = v88 == 0;
                // flock.ts:158
                let v102: i32 = if v100 {
                    v84
                } else {
                    0
                };
                // flock.ts:159
                let v117: i32 = if v100 {
                    let v106: i32 = v84.wrapping_add(3);
                    if v106 < 16384 { v106 } else { 16384 }
                } else {
                    let v113: i32 = v84.wrapping_add(3).wrapping_sub(16384);
                    if v113 > 0 { v113 } else { 0 }
                };
                assert!((v117 as u32) < 16385, "flock.ts:160: an index beyond the end of the array");
                // flock.ts:161
                let mut v125: i32 = v89;
                let mut v126: f32 = v90;
                let mut v127: f32 = v91;
                let mut v128: f32 = v92;
                let mut v129: f32 = v93;
                let mut v130: f32 = v94;
                let mut v131: f32 = v95;
                let mut v132: f32 = v96;
                let mut v133: f32 = v97;
                let mut v134: f32 = v98;
                for v124 in grid.starts[v102 as usize]..grid.starts[v117 as usize] {
                    rounds -= 1;
                    assert!(rounds >= 0, "flock.ts:161: loops that go on for too long");
                    let v139: i32 = v124 & 16383;
                    let v144: f32 = grid.x[v139 as usize] - v12;
                    let v149: f32 = grid.y[v139 as usize] - v17;
                    let v154: f32 = grid.z[v139 as usize] - v22;
                    let v157: i32 = grid.lines[v139 as usize] as i32;
                    let v162: f32 = v144 * v144 + v149 * v149 + v154 * v154;
                    // flock.ts:168
                    let (v198, v199, v200, v201, v202, v203, v204, v205, v206, v207): (i32, f32, f32, f32, f32, f32, f32, f32, f32, f32) = if (v162 < v4 && v162 > 0.0) && v157 == v73 {
                        let v176: f32 = v129 + grid.vx[v139 as usize];
                        let v180: f32 = v130 + grid.vy[v139 as usize];
                        let v184: f32 = v131 + grid.vz[v139 as usize];
                        // flock.ts:176
                        let (v195, v196, v197): (f32, f32, f32) = if v162 < v7 {
                            (v126 - v144 / v162, v127 - v149 / v162, v128 - v154 / v162)
                        } else {
                            (v126, v127, v128)
                        };
                        (v125.wrapping_add(1), v195, v196, v197, v176, v180, v184, v132 + v144, v133 + v149, v134 + v154)
                    } else {
                        (v125, v126, v127, v128, v129, v130, v131, v132, v133, v134)
                    };
                    (v125, v126, v127, v128, v129, v130, v131, v132, v133, v134) = (v198, v199, v200, v201, v202, v203, v204, v205, v206, v207);
                }
                (v89, v90, v91, v92, v93, v94, v95, v96, v97, v98) = (v125, v126, v127, v128, v129, v130, v131, v132, v133, v134);
            }
            (v54, v55, v56, v57, v58, v59, v60, v61, v62, v63) = (v89, v90, v91, v92, v93, v94, v95, v96, v97, v98);
        }
        (v40, v41, v42, v43, v44, v45, v46, v47, v48, v49) = (v54, v55, v56, v57, v58, v59, v60, v61, v62, v63);
    }
    let v249: f32 = v41 * v248;
    let v251: f32 = v42 * v248;
    let v253: f32 = v43 * v248;
    // flock.ts:189
    let (v289, v290, v291): (f32, f32, f32) = if (v40 as u32) > 0 {
        let v258: f32 = 1.0 / v40 as u32 as f32;
        let v262: f32 = rules.alignment;
        let v265: f32 = rules.cohesion;
        (v249 + ((v44 * v258 - velocity.0[0]) * v262 + v47 * v258 * v265), v251 + ((v45 * v258 - velocity.0[1]) * v262 + v48 * v258 * v265), v253 + ((v46 * v258 - velocity.0[2]) * v262 + v49 * v258 * v265))
    } else {
        (v249, v251, v253)
    };
    let v303: f32 = (v12 * v12 + v17 * v17 + v22 * v22).sqrt();
    let v310: f32 = at_least_f32(v303 - v304, 0.0) / at_least_f32(v303, 1e-6);
    let v316: f32 = velocity.0[0] + (v289 - v12 * v310) * cx.dt;
    let v322: f32 = velocity.0[1] + (v290 - v17 * v310) * cx.dt;
    let v328: f32 = velocity.0[2] + (v291 - v22 * v310) * cx.dt;
    let v336: f32 = at_least_f32((v316 * v316 + v322 * v322 + v328 * v328).sqrt(), 1e-6);
    let v341: f32 = min_f32(max_f32(v336, v337), v339) / v336;
    // flock.ts:202
    velocity.0[0] = v316 * v341;
    // flock.ts:203
    velocity.0[1] = v322 * v341;
    // flock.ts:204
    velocity.0[2] = v328 * v341;
    // flock.ts:205
    sight.count = v40 as u32;
}

/// `Fly`, flock.ts:212.
pub fn fly(position: &mut Position, velocity: &Velocity, cx: Cx) {
    // flock.ts:213
    position.0[0] = position.0[0] + velocity.0[0] * cx.dt;
    // flock.ts:214
    position.0[1] = position.0[1] + velocity.0[1] * cx.dt;
    // flock.ts:215
    position.0[2] = position.0[2] + velocity.0[2] * cx.dt;
}

/// Makes the resources that the world lacks.
pub fn resources(world: &mut World) {
    if world.resource::<Settings>().is_none() {
        world.insert_resource(Settings { boids: 10000 });
    }
    if world.resource::<Rules>().is_none() {
        world.insert_resource(Rules { radius: 1.0, apart: 0.4, separation: 1.5, alignment: 1.0, cohesion: 0.5, slowest: 1.0, fastest: 3.0, home: 7.27 });
    }
    if world.resource::<Grid>().is_none() {
        // Too large for the stack.
        let id = world.register::<Grid>().expect("a layout of its own");
        let zeros = vec![0; size_of::<Grid>()];
        world.try_insert_resource_bytes(id, &zeros).expect("room for it");
    }
}

/// Adds the systems to a simulation, in written order, and what they need.
pub fn add(sim: &mut Sim) {
    resources(&mut sim.world);
    sim.start(|sim| {
        sim.system(populate_start);
    });
    sim.system(clear);
    sim.system(count);
    sim.system(prefix_sum);
    sim.system(scatter);
    sim.each(steer);
    sim.each(fly);
}

/// The larger one; NaN if the first is. The second is a constant.
fn at_least_f32(a: f32, b: f32) -> f32 {
    if a <= b { b } else { a }
}

/// The larger one; NaN if one is; -0 is smaller than 0.
fn max_f32(a: f32, b: f32) -> f32 {
    let first = a > b || a.is_nan() || (a == b && a.is_sign_positive());
    if first { a } else { b }
}

/// The smaller one; NaN if one is; -0 is smaller than 0.
fn min_f32(a: f32, b: f32) -> f32 {
    let first = a < b || a.is_nan() || (a == b && a.is_sign_negative());
    if first { a } else { b }
}
