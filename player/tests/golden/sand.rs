//! Made from sand.ts by `layerw_script::compile`; change that and make it again.

use layerw::{Commands, Cx, Entity, Query, Res, ResMut, Sim, World, component};

/// `Glass` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Glass {
    /// `down`.
    pub down: i32,
    /// `turns`.
    pub turns: i32,
    /// `moved`.
    pub moved: i32,
    /// `cells`.
    pub cells: [u8; 80000],
}

/// `Settings` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Settings {
    /// `grains`.
    pub grains: i32,
}

/// `Grain` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Grain {
    /// `x`.
    pub x: i32,
    /// `y`.
    pub y: i32,
    /// `speed`.
    pub speed: i32,
}

/// `Fill.start`, sand.ts:52.
pub fn fill_start(mut glass: ResMut<Glass>, settings: Res<Settings>, mut commands: Commands) {
    let glass = &mut *glass;
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    rounds -= 400;
    assert!(rounds >= 0, "sand.ts:52: loops that go on for too long");
    // sand.ts:52
    for v3 in 0_i32..400 {
        rounds -= 200;
        assert!(rounds >= 0, "sand.ts:53: loops that go on for too long");
        let v16: i32 = v3.wrapping_sub(200);
        let v20: i32 = if v16 < 0 { 0_i32.wrapping_sub(v16) } else { v16 };
        let v32: i32 = 16_i32.wrapping_add(v20.wrapping_shr(1)).wrapping_add(v20.wrapping_shr(3));
        let v37: i32 = if v32 < 98 { v32 } else { 98 };
        let v50: i32 = v3.wrapping_mul(200);
        // sand.ts:53
        for v7 in 0_i32..200 {
            let v9: i32 = v7.wrapping_sub(100);
            let v48: bool = ((if v9 < 0 { 0_i32.wrapping_sub(v9) } else { v9 }) < v37 && v3 > 0) && v3 < 399;
            // sand.ts:55
            let v56: i32 = if v48 {
                0
            } else {
                1
            };
            glass.cells[v50.wrapping_add(v7) as usize] = (v56 & 255) as u8;
        }
    }
    let v59: i32 = settings.grains;
    rounds -= 200;
    assert!(rounds >= 0, "sand.ts:60: loops that go on for too long");
    // sand.ts:60
    let mut v66: i32 = v59;
    for v65 in 200_i32..400 {
        rounds -= 200;
        assert!(rounds >= 0, "sand.ts:61: loops that go on for too long");
        // sand.ts:61
        let mut v71: i32 = v66;
        for v70 in 0_i32..200 {
            // sand.ts:62
            let v83: bool = if v71 > 0 {
                let v81: bool = (glass.cells[v65.wrapping_mul(200).wrapping_add(v70) as usize] as i32) == 0;
                v81
            } else {
                false
            };
            let v95: i32 = if v83 {
                // sand.ts:63
                glass.cells[v65.wrapping_mul(200).wrapping_add(v70) as usize] = 2;
                // sand.ts:64
                commands.spawn(Grain { x: v70, y: v65, speed: 0 });
                v71.wrapping_sub(1)
            } else {
                v71
            };
            v71 = v95;
        }
        v66 = v71;
    }
}

/// `Turn`, sand.ts:74.
pub fn turn(mut glass: ResMut<Glass>, cx: Cx) {
    let glass = &mut *glass;
    // sand.ts:74
    if glass.moved == 0 && (cx.step as i64 as u64) > 0 {
        // sand.ts:75
        glass.down = 0_i32.wrapping_sub(glass.down);
        // sand.ts:76
        glass.turns = glass.turns.wrapping_add(1);
    }
    // sand.ts:78
    glass.moved = 0;
}

/// `Fall`, sand.ts:84.
pub fn fall(mut rows: Query<(Entity, &mut Grain)>, mut glass: ResMut<Glass>, cx: Cx) {
    let glass = &mut *glass;
    for (entities, grain) in rows.slices_mut() {
        if entities.is_empty() {
            continue;
        }
        // Rounds that loops may still make.
        #[allow(unused_assignments, reason = "rows begin with a budget of their own")]
        let mut rounds: i64 = 16777216;
        let v35: i32 = glass.down;
        // sand.ts:84
        for v4 in 0..entities.len() as i32 {
            rounds = 16777216;
            let v6: i32 = grain[v4 as usize].x;
            let v7: i32 = grain[v4 as usize].y;
            let v10: i32 = v7.wrapping_mul(200).wrapping_add(v6);
            // sand.ts:90
            let mut v14: i32 = v7;
            let mut v15: i32 = 0;
            let (v39, v40): (i32, i32) = 'l1: loop {
                rounds -= 1;
                assert!(rounds >= 0, "sand.ts:90: loops that go on for too long");
                let v34: bool = if v15 <= grain[v4 as usize].speed && v15 < 6 {
                    let v27: i32 = v14.wrapping_add(v35).wrapping_mul(200).wrapping_add(v6);
                    assert!((v27 as u32) < 80000, "sand.ts:90: an index beyond the end of the array");
                    (glass.cells[v27 as usize] as i32) == 0
                } else {
                    false
                };
                if v34 {
                } else {
                    break 'l1 (v14, v15);
                }
                (v14, v15) = (v14.wrapping_add(v35), v15.wrapping_add(1));
            };
            // sand.ts:94
            let (v248, v249): (i32, i32) = if v40 == 0 {
                let v45: i64 = (cx.seed() as i64).wrapping_add(-7046029254386353131);
                let v50: i64 = (v45 ^ (v45 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
                let v55: i64 = (v50 ^ (v50 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
                let v61: i64 = -7046029254386353131 ^ (v55 ^ (v55 as u64).wrapping_shr(31) as i64);
                let v66: i64 = (v61 ^ (v61 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
                let v71: i64 = (v66 ^ (v66 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
                let v76: i64 = (cx.step as i64).wrapping_add(-7046029254386353131);
                let v81: i64 = (v76 ^ (v76 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
                let v86: i64 = (v81 ^ (v81 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
                let v91: i64 = (v71 ^ (v71 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
                let v92: i64 = v91 ^ (v86 ^ (v86 as u64).wrapping_shr(31) as i64);
                let v97: i64 = (v92 ^ (v92 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
                let v102: i64 = (v97 ^ (v97 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
                let v109: i64 = (entities[v4 as usize].to_bits() as i64).wrapping_add(-7046029254386353131);
                let v114: i64 = (v109 ^ (v109 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
                let v119: i64 = (v114 ^ (v114 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
                let v124: i64 = (v102 ^ (v102 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
                let v125: i64 = v124 ^ (v119 ^ (v119 as u64).wrapping_shr(31) as i64);
                let v130: i64 = (v125 ^ (v125 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
                let v135: i64 = (v130 ^ (v130 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
                let v156: i64 = (v135 ^ (v135 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
                let v157: i64 = v156 ^ -2152535657050944081;
                let v162: i64 = (v157 ^ (v157 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
                let v167: i64 = (v162 ^ (v162 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
                let v173: i64 = (v167 ^ (v167 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
                let v178: i64 = (v173 ^ (v173 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
                let v183: i64 = (v178 ^ (v178 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
                let v186: i64 = v183 ^ (v183 as u64).wrapping_shr(31) as i64;
                let v196: i64 = ((v186 as u64).wrapping_shr(32) as i64).wrapping_mul(2).wrapping_add(((v186 & 4294967295).wrapping_mul(2) as u64).wrapping_shr(32) as i64);
                // sand.ts:97
                let v204: i32 = if ((v196 as u64).wrapping_shr(32) as i64 as i32) == 0 {
                    -1
                } else {
                    1
                };
                rounds -= 2;
                assert!(rounds >= 0, "sand.ts:98: loops that go on for too long");
                // sand.ts:98
                let mut v209: i32 = v6;
                let mut v210: i32 = v39;
                let mut v211: i32 = v204;
                for _ in 0_i32..2 {
                    // sand.ts:99
                    let v224: bool = if v209 == v6 {
                        let v217: i32 = v210.wrapping_mul(200).wrapping_add(v209.wrapping_add(v211));
                        assert!((v217 as u32) < 80000, "sand.ts:99: an index beyond the end of the array");
                        (glass.cells[v217 as usize] as i32) == 0
                    } else {
                        false
                    };
                    let v237: bool = if v224 {
                        let v230: i32 = v210.wrapping_add(v35).wrapping_mul(200).wrapping_add(v209.wrapping_add(v211));
                        assert!((v230 as u32) < 80000, "sand.ts:99: an index beyond the end of the array");
                        (glass.cells[v230 as usize] as i32) == 0
                    } else {
                        false
                    };
                    let (v241, v242): (i32, i32) = if v237 {
                        (v209.wrapping_add(v211), v210.wrapping_add(v35))
                    } else {
                        (v209, v210)
                    };
                    (v209, v210, v211) = (v241, v242, 0_i32.wrapping_sub(v211));
                }
                (v209, v210)
            } else {
                (v6, v39)
            };
            // sand.ts:106
            grain[v4 as usize].speed = v40;
            let v252: i32 = v249.wrapping_mul(200).wrapping_add(v248);
            // sand.ts:108
            if v252 != v10 {
                assert!((v10 as u32) < 80000, "sand.ts:109: an index beyond the end of the array");
                // sand.ts:109
                glass.cells[v10 as usize] = 0;
                assert!((v252 as u32) < 80000, "sand.ts:110: an index beyond the end of the array");
                // sand.ts:110
                glass.cells[v252 as usize] = 2;
                // sand.ts:111
                grain[v4 as usize].x = v248;
                // sand.ts:112
                grain[v4 as usize].y = v249;
                // sand.ts:113
                glass.moved = glass.moved.wrapping_add(1);
            }
        }
    }
}

/// Makes the resources that the world lacks.
pub fn resources(world: &mut World) {
    if world.resource::<Glass>().is_none() {
        // Too large for the stack.
        let id = world.register::<Glass>().expect("a layout of its own");
        let zeros = vec![0; size_of::<Glass>()];
        world.try_insert_resource_bytes(id, &zeros).expect("room for it");
        let value = world.resource_mut::<Glass>().expect("it was put there");
        value.down = -1;
    }
    if world.resource::<Settings>().is_none() {
        world.insert_resource(Settings { grains: 10000 });
    }
}

/// Adds the systems to a simulation, in written order, and what they need.
pub fn add(sim: &mut Sim) {
    resources(&mut sim.world);
    sim.start(|sim| {
        sim.system(fill_start);
    });
    sim.system(turn);
    sim.system(fall);
}
