//! Made from bees.ts by `layerw_script::compile`; change that and make it again.

use layerw::{Commands, Cx, Entity, Events, IntoRow, Query, Res, ResMut, Sim, Without, World, component, ecs::chunks::over_chunks};

/// `Tally` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Tally {
    /// `sum`.
    pub sum: f32,
    /// `stung`.
    pub stung: u32,
    /// `steps`.
    pub steps: u64,
    /// `log`.
    pub log: [u8; 64],
}

/// `Weights` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Weights {
    /// `scale`.
    pub scale: f32,
    /// `of`.
    pub of: [f32; 3000],
}

/// `Tired` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Tired;

/// `Bee` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Bee {
    /// `age`.
    pub age: u32,
    /// `hurt`.
    pub hurt: i32,
}

/// `Wing` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Wing {
    /// `beat`.
    pub beat: f32,
    /// `span`.
    pub span: [f32; 2],
}

/// `Sting` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Sting {
    /// `who`.
    pub who: Entity,
    /// `by`.
    pub by: i32,
    /// `kind`.
    pub kind: i32,
}

/// `Position` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Position(pub [f32; 2]);

/// `Nobody` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Nobody(pub i64);

/// `Friend` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Friend {
    /// `of`.
    pub of: Entity,
}

/// `Hive.start`, bees.ts:42.
pub fn hive_start(mut tally: ResMut<Tally>, mut commands: Commands, cx: Cx) {
    let tally = &mut *tally;
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    rounds -= 5000;
    assert!(rounds >= 0, "bees.ts:42: loops that go on for too long");
    let v8: i64 = (cx.seed() as i64).wrapping_add(-7046029254386353131);
    let v13: i64 = (v8 ^ (v8 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v18: i64 = (v13 ^ (v13 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v24: i64 = -7046029254386353131 ^ (v18 ^ (v18 as u64).wrapping_shr(31) as i64);
    let v29: i64 = (v24 ^ (v24 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v34: i64 = (v29 ^ (v29 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v39: i64 = (cx.step as i64).wrapping_add(-7046029254386353131);
    let v44: i64 = (v39 ^ (v39 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v49: i64 = (v44 ^ (v44 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v54: i64 = (v34 ^ (v34 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
    let v55: i64 = v54 ^ (v49 ^ (v49 as u64).wrapping_shr(31) as i64);
    let v60: i64 = (v55 ^ (v55 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v65: i64 = (v60 ^ (v60 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v86: i64 = (v65 ^ (v65 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
    // bees.ts:42
    for v5 in 0_i32..5000 {
        let v71: i64 = (v5 as i64).wrapping_add(-7046029254386353131);
        let v76: i64 = (v71 ^ (v71 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v81: i64 = (v76 ^ (v76 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        let v87: i64 = v86 ^ (v81 ^ (v81 as u64).wrapping_shr(31) as i64);
        let v92: i64 = (v87 ^ (v87 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v97: i64 = (v92 ^ (v92 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        let v118: i64 = (v97 ^ (v97 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
        let v119: i64 = v118 ^ 2092789425003139053;
        let v124: i64 = (v119 ^ (v119 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v129: i64 = (v124 ^ (v124 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        let v136: i64 = (v129 ^ (v129 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
        let v141: i64 = (v136 ^ (v136 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v146: i64 = (v141 ^ (v141 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        let v151: i64 = ((v146 ^ (v146 as u64).wrapping_shr(31) as i64) as u64).wrapping_shr(40) as i64;
        let v157: f32 = -1.0 + 2.0 * (v151 as u64 as f32 * 5.9604645e-8);
        let v160: i64 = v136.wrapping_add(-7046029254386353131);
        let v165: i64 = (v160 ^ (v160 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v170: i64 = (v165 ^ (v165 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        let v173: i64 = v170 ^ (v170 as u64).wrapping_shr(31) as i64;
        let v183: i64 = ((v173 as u64).wrapping_shr(32) as i64).wrapping_mul(3).wrapping_add(((v173 & 4294967295).wrapping_mul(3) as u64).wrapping_shr(32) as i64);
        // bees.ts:45
        let _: i64 = if ((v183 as u64).wrapping_shr(32) as i64 as i32) == 0 {
            // bees.ts:46
            commands.spawn((Position([v157, 2.0]), Bee { age: 0, hurt: 2 }, Tired));
            v160
        } else {
            let v193: i64 = v160.wrapping_add(-7046029254386353131);
            let v198: i64 = (v193 ^ (v193 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
            let v203: i64 = (v198 ^ (v198 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
            let v208: i64 = ((v203 ^ (v203 as u64).wrapping_shr(31) as i64) as u64).wrapping_shr(40) as i64;
            // bees.ts:48
            commands.spawn((Position([v157, v208 as u64 as f32 * 5.9604645e-8]), Bee { age: 0, hurt: 0 }, Wing { beat: -v157, span: [1.0, 0.5] }));
            v193
        };
    }
    // bees.ts:51
    tally.stung = 1;
}

/// `Hive`, bees.ts:55.
pub fn hive(mut tally: ResMut<Tally>, cx: Cx) {
    let tally = &mut *tally;
    // bees.ts:55
    tally.steps = cx.step as i64 as u64;
}

/// `Weigh.start`, bees.ts:61.
pub fn weigh_start(mut weights: ResMut<Weights>) {
    let weights = &mut *weights;
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    rounds -= 3000;
    assert!(rounds >= 0, "bees.ts:61: loops that go on for too long");
    let v7: f32 = weights.scale;
    // bees.ts:61
    for v3 in 0_i32..3000 {
        weights.of[v3 as usize] = v3 as f32 * v7;
    }
}

/// `Tire`, bees.ts:70.
pub fn tire(entity: Entity, bee: &mut Bee, mut commands: Commands, cx: Cx) {
    let v11: i64 = (cx.seed() as i64).wrapping_add(-7046029254386353131);
    let v16: i64 = (v11 ^ (v11 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v21: i64 = (v16 ^ (v16 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v27: i64 = -7046029254386353131 ^ (v21 ^ (v21 as u64).wrapping_shr(31) as i64);
    let v32: i64 = (v27 ^ (v27 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v37: i64 = (v32 ^ (v32 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v42: i64 = (cx.step as i64).wrapping_add(-7046029254386353131);
    let v47: i64 = (v42 ^ (v42 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v52: i64 = (v47 ^ (v47 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v57: i64 = (v37 ^ (v37 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
    let v58: i64 = v57 ^ (v52 ^ (v52 as u64).wrapping_shr(31) as i64);
    let v63: i64 = (v58 ^ (v58 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v68: i64 = (v63 ^ (v63 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v90: i64 = (v68 ^ (v68 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
    // bees.ts:71
    bee.age = (bee.age as i32).wrapping_add(1) as u32;
    let v73: i64 = entity.to_bits() as i64;
    let v75: i64 = v73.wrapping_add(-7046029254386353131);
    let v80: i64 = (v75 ^ (v75 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v85: i64 = (v80 ^ (v80 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v91: i64 = v90 ^ (v85 ^ (v85 as u64).wrapping_shr(31) as i64);
    let v96: i64 = (v91 ^ (v91 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v101: i64 = (v96 ^ (v96 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v122: i64 = (v101 ^ (v101 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
    let v123: i64 = v122 ^ -2152535657050944081;
    let v128: i64 = (v123 ^ (v123 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v133: i64 = (v128 ^ (v128 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v138: i64 = (v133 ^ (v133 as u64).wrapping_shr(31) as i64).wrapping_add(-7046029254386353131);
    let v143: i64 = (v138 ^ (v138 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v148: i64 = (v143 ^ (v143 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v153: i64 = ((v148 ^ (v148 as u64).wrapping_shr(31) as i64) as u64).wrapping_shr(40) as i64;
    // bees.ts:73
    if v153 as u64 as f32 * 5.9604645e-8 < 0.1 {
        commands.insert(Entity::from_bits(v73 as u64).expect("an entity"), (Tired, Friend { of: Entity::from_bits(v73 as u64).expect("an entity") }));
    }
    let v164: i64 = v138.wrapping_add(-7046029254386353131);
    let v169: i64 = (v164 ^ (v164 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
    let v174: i64 = (v169 ^ (v169 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
    let v179: i64 = ((v174 ^ (v174 as u64).wrapping_shr(31) as i64) as u64).wrapping_shr(40) as i64;
    // bees.ts:74
    let _: i64 = if v179 as u64 as f32 * 5.9604645e-8 < 0.02 {
        let v190: i64 = v164.wrapping_add(-7046029254386353131);
        let v195: i64 = (v190 ^ (v190 as u64).wrapping_shr(30) as i64).wrapping_mul(-4658895280553007687);
        let v200: i64 = (v195 ^ (v195 as u64).wrapping_shr(27) as i64).wrapping_mul(-7723592293110705685);
        let v203: i64 = v200 ^ (v200 as u64).wrapping_shr(31) as i64;
        let v213: i64 = ((v203 as u64).wrapping_shr(32) as i64).wrapping_mul(2).wrapping_add(((v203 & 4294967295).wrapping_mul(2) as u64).wrapping_shr(32) as i64);
        commands.send(Sting { who: Entity::from_bits(v73 as u64).expect("an entity"), by: 1_i32.wrapping_add((v213 as u64).wrapping_shr(32) as i64 as i32), kind: 7 });
        v190
    } else {
        v164
    };
}

/// `Rest`, bees.ts:83.
pub fn rest(entity: Entity, bee: &mut Bee, mut commands: Commands) {
    let v6: i32 = (bee.age as i32).wrapping_add(1);
    // bees.ts:84
    bee.age = v6 as u32;
    // bees.ts:85
    if ((v6 as u32).wrapping_rem(5) as i32) == 0 {
        commands.remove::<(Tired, Friend)>(entity);
    }
}

/// `Flap`, bees.ts:93.
pub fn flap(wing: &mut Wing, cx: Cx) {
    let v5: f32 = wing.beat;
    // bees.ts:95
    wing.beat = if v5 < 0.0 || wing.span[1] > 3.0 { -v5 } else { wing.beat };
    // bees.ts:97
    wing.span[1] = wing.span[1] + wing.beat * cx.dt;
}

/// `Feel`, bees.ts:105.
pub fn feel(entity: Entity, bee: &mut Bee, sting: Events<Sting>) {
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    rounds -= i64::from(sting.len() as i32).max(0);
    assert!(rounds >= 0, "bees.ts:106: loops that go on for too long");
    // bees.ts:106
    for v6 in 0..sting.len() as i32 {
        // bees.ts:107
        if (sting[v6 as usize].who.to_bits() as i64) == (entity.to_bits() as i64) {
            bee.hurt = bee.hurt.wrapping_add(sting[v6 as usize].by);
        }
    }
}

/// `Heed`, bees.ts:116.
pub fn heed(sting: Events<Sting>, mut tally: ResMut<Tally>) {
    let tally = &mut *tally;
    // Rounds that loops may still make.
    let mut rounds: i64 = 16777216;
    rounds -= i64::from(sting.len() as i32).max(0);
    assert!(rounds >= 0, "bees.ts:116: loops that go on for too long");
    // bees.ts:116
    for v3 in 0..sting.len() as i32 {
        let v7: i32 = sting[v3 as usize].by & 63;
        // bees.ts:117
        tally.log[v7 as usize] = ((tally.log[v7 as usize] as i32).wrapping_add(1) & 255) as u8;
    }
}

/// `Die`, bees.ts:125.
pub fn die(mut rows: Query<(Entity, &mut Bee)>, mut tally: ResMut<Tally>, mut commands: Commands) {
    let tally = &mut *tally;
    'rows: for (entity, bee) in rows.iter_mut() {
        let v4: i32 = bee.hurt;
        // bees.ts:126
        if v4 > 2 && (bee.age as i32 as u32) > 3 {
            // bees.ts:127
            commands.despawn(entity);
            // bees.ts:128
            tally.stung = (tally.stung as i32).wrapping_add(1) as u32;
            continue 'rows;
        }
        // bees.ts:131
        let v26: i32 = if v4 > 5 {
            5
        } else {
            v4
        };
        bee.hurt = v26;
    }
}

/// `Sum`, bees.ts:141.
pub fn sum(rows: Query<&Position, Without<Tired>>, mut tally: ResMut<Tally>) {
    let tally = &mut *tally;
    for position in rows.slices() {
        if position.is_empty() {
            continue;
        }
        // bees.ts:142
        let mut v4: f32 = 0.0;
        for v3 in 0..position.len() as i32 {
            v4 = v4 + position[v3 as usize].0[0];
        }
        // bees.ts:143
        tally.sum = tally.sum + v4;
        let v14: i32 = tally.log[63] as i32;
        assert!((v14 as u32) < 64, "bees.ts:144: an index beyond the end of the array");
        // bees.ts:144
        tally.log[v14 as usize] = (position.len() as i32 & 255 & 255) as u8;
    }
}

/// `Order`, bees.ts:151.
pub fn order(mut rows: Query<(&mut Position, &Wing)>, mut tally: ResMut<Tally>) {
    let tally = &mut *tally;
    for (position, wing) in rows.slices_mut() {
        if position.is_empty() {
            continue;
        }
        let v2: i32 = (position.len() as i32).wrapping_sub(1);
        assert!((v2 as u32) < (position.len() as i32 as u32), "bees.ts:151: a row beyond the last one");
        let v4: f32 = wing[v2 as usize].beat;
        assert!(0 < (position.len() as i32 as u32), "bees.ts:152: a row beyond the last one");
        // bees.ts:152
        position[0].0[0] = v4;
        // bees.ts:153
        tally.sum = tally.sum + v4;
    }
}

/// `Lead`, bees.ts:162.
pub fn lead(entities: &[Entity], position: &mut [Position], weights: Res<Weights>, mut commands: Commands) {
    let v2: i32 = (entities.len() as i32).wrapping_sub(1);
    assert!((v2 as u32) < (entities.len() as i32 as u32), "bees.ts:162: a row beyond the last one");
    let v4: f32 = position[v2 as usize].0[0];
    assert!(0 < (entities.len() as i32 as u32), "bees.ts:163: a row beyond the last one");
    let v8: i32 = (entities.len() as i32).wrapping_rem(3000);
    assert!((v8 as u32) < 3000, "bees.ts:163: an index beyond the end of the array");
    // bees.ts:163
    position[0].0[1] = v4 * weights.of[v8 as usize];
    // bees.ts:164
    if v4 > 0.5 {
        commands.send(Sting { who: entities[0], by: 1, kind: 7 });
    }
}

/// `Nobody`, bees.ts:171.
pub fn nobody(rows: Query<&Nobody>, mut tally: ResMut<Tally>) {
    let tally = &mut *tally;
    for _nobody in rows.iter() {
        // bees.ts:171
        tally.stung = 0;
    }
}

/// Makes the resources that the world lacks.
pub fn resources(world: &mut World) {
    if world.resource::<Tally>().is_none() {
        world.insert_resource(Tally { sum: -1.0, stung: 0, steps: 0, log: [0; 64] });
    }
    if world.resource::<Weights>().is_none() {
        // Too large for the stack.
        let id = world.register::<Weights>().expect("a layout of its own");
        let zeros = vec![0; size_of::<Weights>()];
        world.try_insert_resource_bytes(id, &zeros).expect("room for it");
        let value = world.resource_mut::<Weights>().expect("it was put there");
        value.scale = 0.5;
    }
}

/// Adds the systems to a simulation, in written order, and what they need.
pub fn add(sim: &mut Sim) {
    resources(&mut sim.world);
    sim.start(|sim| {
        sim.system(hive_start);
        sim.system(weigh_start);
    });
    sim.system(hive);
    sim.each(tire.without::<Tired>());
    sim.each(rest.with::<Tired>());
    sim.each(flap);
    sim.each(feel);
    sim.system(heed);
    sim.system(die);
    sim.system(sum);
    sim.system(order);
    sim.each(over_chunks(lead).with::<Wing>());
    sim.system(nobody);
}
