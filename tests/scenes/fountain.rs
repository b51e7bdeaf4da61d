//! A scene that changes its structure all the time: drops are born, age, splash and die; some get a mark and lose it again.
//! Every kind of command, events, a resource and randomness take part.

use layerw::{Commands, Cx, Entity, Events, Query, Res, ResMut, Sim, component, math::Vec3};

/// Where a drop is and how it moves.
#[component]
pub struct Drop {
    /// Where.
    pub position: Vec3,
    /// How fast.
    pub velocity: Vec3,
}

/// Steps that a drop has lived.
#[component]
pub struct Age(pub u32);

/// Marks drops that were hit by a splash.
#[component]
pub struct Wet {
    /// The splash's strength.
    pub strength: f32,
}

/// What falls, and how strongly.
#[component]
pub struct Weather {
    /// Metres per second squared.
    pub gravity: f32,
    /// Drops alive, counted by a whole system.
    pub alive: u32,
    /// Splashes seen so far.
    pub splashes: u64,
}

/// A drop met the ground.
#[component]
pub struct Splash {
    /// Where.
    pub at: Vec3,
    /// How strongly.
    pub strength: f32,
}

fn spout(weather: Res<Weather>, mut commands: Commands, cx: Cx) {
    let mut random = cx.random(1);
    for _ in 0..40 + random.below(20) {
        let velocity = Vec3::new(
            random.range(-1.0, 1.0),
            5.0 + weather.gravity * 0.1,
            random.range(-1.0, 1.0),
        );
        let drop = commands.spawn((
            Drop {
                position: Vec3::ZERO,
                velocity,
            },
            Age(0),
        ));
        if random.below(8) == 0 {
            commands.insert(
                drop,
                Wet {
                    strength: random.unit(),
                },
            );
        }
    }
}

fn fall(drop: &mut Drop, weather: Res<Weather>, cx: Cx) {
    drop.velocity.y -= weather.gravity * cx.dt;
    drop.position += drop.velocity * cx.dt;
}

fn age(age: &mut Age, drop: &Drop, entity: Entity, mut commands: Commands, cx: Cx) {
    age.0 += 1;
    if drop.position.y < -1.0 {
        commands.send(Splash {
            at: drop.position,
            strength: cx.random(2).unit(),
        });
        commands.despawn(entity);
    }
}

fn dry(wet: &mut Wet, entity: Entity, mut commands: Commands) {
    wet.strength *= 0.9;
    if wet.strength < 0.05 {
        commands.remove::<Wet>(entity);
    }
}

fn splash(
    splashes: Events<Splash>,
    drops: Query<(Entity, &Drop)>,
    mut weather: ResMut<Weather>,
    mut commands: Commands,
) {
    weather.alive = drops.len() as u32;
    weather.splashes += splashes.len() as u64;
    for splash in splashes.iter().take(3) {
        for (entity, drop) in drops.iter().take(200) {
            if (drop.position - splash.at).length_squared() < 0.5 {
                commands.insert(
                    entity,
                    Wet {
                        strength: splash.strength,
                    },
                );
            }
        }
    }
}

/// The scene.
pub fn fountain() -> Sim {
    let mut sim = crate::sim().hertz(30.0).seed(9);
    sim.world.insert_resource(Weather {
        gravity: 9.81,
        alive: 0,
        splashes: 0,
    });
    sim.system(spout)
        .each(fall)
        .each(age)
        .apply()
        .each(dry)
        .system(splash);
    sim
}
