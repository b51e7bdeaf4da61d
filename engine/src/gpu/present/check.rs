//! Whether a shader fits the components that it names, and its twin.

use layerw_ecs::access::{Access, Target};
use layerw_ecs::{ComponentId, Field, Primitive, Schema, World};
use layerw_render::{Class, Column, Kernel, Scalar, ScalarAt, ShaderError, Shape};

/// Holds a kernel against the world and what its twin declares.
pub(super) fn check(kernel: &Kernel, twin: &Access, world: &World) -> Result<(), ShaderError> {
    for column in &kernel.columns {
        let fits = find(column, twin, world).and_then(|(id, written)| {
            let schema = world.schema(id);
            layout(column, schema)?;
            rights(column, schema, written, kernel.class)
        });
        fits.map_err(|message| ShaderError {
            place: column.place.clone(),
            message,
        })?;
    }
    let writes = kernel.columns.iter().any(|column| column.written);
    let untouched = twin.items().iter().find(|item| match item.target {
        Target::Local(_) => false,
        Target::Component(_) | Target::Resource(_) => !kernel
            .columns
            .iter()
            .any(|column| target(column, world) == Some(item.target)),
    });
    let message = match untouched {
        _ if !writes => {
            "the pass writes nothing; declare a variable `var<storage, read_write>`".to_owned()
        }
        None => return Ok(()),
        Some(item) => format!(
            "the twin touches {} and the shader does not; leave it out there, or declare it here: the two are to do the same",
            item.name
        ),
    };
    let place = kernel.columns.first().map(|column| column.place.clone());
    Err(ShaderError {
        place: place.unwrap_or(layerw_render::Place {
            file: kernel.name.clone(),
            line: 1,
            column: 1,
        }),
        message,
    })
}

/// What a variable of a kernel is in a world.
pub(super) fn target(column: &Column, world: &World) -> Option<Target> {
    let id = world.component_id_by_name(&column.element)?;
    Some(match column.shape {
        Shape::Rows(_) => Target::Component(id),
        Shape::Value => Target::Resource(id),
    })
}

/// The component, and whether the twin writes it.
fn find(column: &Column, twin: &Access, world: &World) -> Result<(ComponentId, bool), String> {
    let (name, what) = match column.shape {
        Shape::Rows(_) => (&column.element, "component"),
        Shape::Value => (&column.element, "resource"),
    };
    let wanted = target(column, world);
    let mut items = twin
        .items()
        .iter()
        .filter(|item| Some(item.target) == wanted)
        .peekable();
    if items.peek().is_none() {
        let known: Vec<&str> = twin.items().iter().map(|item| item.name.as_str()).collect();
        return Err(format!(
            "the shader touches the {what} `{name}` and the twin does not; the twin touches {}: the two are to do the same",
            known.join(", ")
        ));
    }
    let written = items.any(|item| item.write);
    let id = wanted.and_then(|target| match target {
        Target::Component(id) | Target::Resource(id) => Some(id),
        Target::Local(_) => None,
    });
    Ok((id.expect("it was found by its number"), written))
}

/// Whether rows have the same bytes on both sides.
fn layout(column: &Column, schema: &Schema) -> Result<(), String> {
    let name = &column.element;
    if column.stride != schema.size {
        let cure = match schema.size.is_multiple_of(4) {
            true => {
                "; in storage a vec3 begins at multiples of 16 bytes, so write three f32 instead"
            }
            false => {
                "; a GPU sees rows of whole words, so fill the component up to a multiple of 4 bytes"
            }
        };
        return Err(format!(
            "`{name}` takes {} bytes here and {} in the component{cure}",
            column.stride, schema.size
        ));
    }
    for &ScalarAt { offset, scalar } in &column.scalars {
        let covers =
            |field: &&Field| (field.offset..field.offset + field.bytes()).contains(&offset);
        let Some(field) = schema.fields.iter().find(covers) else {
            return Err(format!(
                "byte {offset} of `{name}` is {} here and nothing in the component",
                scalar.name()
            ));
        };
        let fits = match field.primitive {
            Primitive::F32 => scalar == Scalar::F32,
            Primitive::I32 => scalar == Scalar::I32,
            Primitive::U32 => scalar == Scalar::U32,
            // Bytes, halves and pairs of words can be taken apart.
            _ => scalar == Scalar::U32,
        };
        if !fits {
            let wanted = match field.primitive {
                Primitive::F32 | Primitive::I32 | Primitive::U32 => field.primitive.name(),
                _ => "u32, a word for each 4 bytes",
            };
            return Err(format!(
                "byte {offset} of `{name}` is {} here and the component has `{field}` there; write {wanted}",
                scalar.name()
            ));
        }
    }
    Ok(())
}

/// Whether the pass may do what it declares.
fn rights(column: &Column, schema: &Schema, twin_writes: bool, class: Class) -> Result<(), String> {
    let name = &column.element;
    // Not the other way round: a second variable may read what the pass writes.
    if column.written && !twin_writes {
        return Err(format!(
            "the shader writes `{name}` and the twin only reads it: the two are to do the same"
        ));
    }
    if column.written && schema.has_invalid_bits() {
        return Err(format!(
            "`{name}` holds an entity or a bool, of which not all bits are values, so a shader may only read it; move what is written to a component of its own"
        ));
    }
    if column.written && class == Class::Visual && schema.hashed {
        return Err(format!(
            "`{name}` is a part of the state hash, and what a visual pass writes may differ between adapters; declare it `#[component(unhashed)]`, or make the pass exact"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::math::Vec3;
    use crate::{Entity, Query, Res, Sim};
    use layerw_ecs::component;
    use layerw_memory::MemoryConfig;

    #[component]
    struct Position(Vec3);
    #[component]
    struct Glow(f32);
    #[component(unhashed)]
    struct Look {
        id: u64,
        kind: [u8; 8],
    }
    #[component]
    struct Target(Entity);
    #[component]
    struct Rules {
        far: f32,
        count: u32,
    }

    fn sim() -> Sim {
        Sim::with_memory(&MemoryConfig::with_total(16 << 20)).expect("a small arena")
    }

    fn shine(position: &Position, glow: &mut Glow) {
        glow.0 = position.0.x;
    }

    const SHINE: &str = "var<storage, read> positions: array<Position>;
var<storage, read_write> glows: array<Glow>;
fn row(row: u32) { glows[row].value = positions[row].x; }";

    fn refusal(structs: &str) -> String {
        let mut sim = sim();
        let source = format!("{structs}\n{SHINE}");
        let refused = sim.gpu("shine", source.as_str()).exact(shine).err();
        refused.expect("it does not fit").to_string()
    }

    #[test]
    fn layouts_that_differ_are_told_with_the_line_of_the_shader() {
        let glow = "struct Glow { value: f32 }";
        for (structs, said) in [
            (
                "struct Position { x: f32, y: f32 }",
                "shine.wgsl:2:1: `Position` takes 8 bytes here and 12 in the component",
            ),
            (
                "struct Position { x: f32, yz: vec3<f32> }",
                "shine.wgsl:2:1: `Position` takes 32 bytes here and 12 in the component; in storage a vec3",
            ),
            (
                "struct Position { x: f32, y: u32, z: f32 }",
                "shine.wgsl:2:1: byte 4 of `Position` is u32 here and the component has `0: f32 x3 at 0` there; write f32",
            ),
        ] {
            let refusal = refusal(&format!("{glow}\n{structs}"));
            assert!(refusal.starts_with(said), "{refusal}");
        }
        let fits = format!("{glow}\nstruct Position {{ x: f32, y: f32, z: f32 }}\n{SHINE}");
        sim()
            .gpu("shine", fits.as_str())
            .exact(shine)
            .expect("it fits");
    }

    #[test]
    fn shader_and_twin_touch_the_same() {
        let structs = "struct Position { x: f32, y: f32, z: f32 }\nstruct Glow { value: f32 }";
        let text = format!("{structs}\n{SHINE}");
        let said = |refused: Option<crate::Error>| refused.expect("it does not fit").to_string();
        let mut sim = sim();
        assert_eq!(
            said(
                sim.gpu("shine", text.as_str())
                    .exact(|glow: &mut Glow| glow.0 = 0.0)
                    .err()
            ),
            "shine.wgsl:1:1: the shader touches the component `Position` and the twin does not; the twin touches Glow: the two are to do the same"
        );
        let more = |_: &Position, _: &mut Glow, _: &Target| {};
        assert!(
            said(sim.gpu("shine", text.as_str()).exact(more).err())
                .contains("the twin touches Target and the shader does not")
        );
        let reads = |_: &Position, _: &Glow| {};
        assert!(
            said(sim.gpu("shine", text.as_str()).exact(reads).err())
                .contains("the shader writes `Glow` and the twin only reads it")
        );
        assert!(
            said(sim.gpu("shine", text.as_str()).visual(shine).err())
                .contains("declare it `#[component(unhashed)]`")
        );
    }

    #[test]
    fn words_can_be_taken_apart_and_values_read() {
        let text = "struct Look { id: vec2<u32>, kind: vec2<u32> }
            struct Rules { far: f32, count: u32 }
            struct Position { x: f32, y: f32, z: f32 }
            var<storage, read_write> looks: array<Look>;
            var<storage, read> positions: array<Position>;
            var<uniform> rules: Rules;
            fn row(row: u32) { looks[row].kind.y = rules.count + u32(positions[arrayLength(&positions) - 1u].x); }";
        let twin = |_: Query<&mut Look>, _: Query<&Position>, _: Res<Rules>| {};
        sim()
            .gpu("look", text)
            .visual_system(twin)
            .expect("it fits");
        let floats = text
            .replace("kind: vec2<u32>", "kind: vec2<f32>")
            .replace("= rules", "= f32(rules")
            .replace("x); }", "x)); }");
        let refused = sim()
            .gpu("look", floats.as_str())
            .visual_system(twin)
            .err()
            .expect("bytes are no floats");
        assert!(refused.to_string().contains("byte 8 of `Look` is f32 here and the component has `kind: u8 x8 at 8` there; write u32"), "{refused}");
    }

    #[test]
    fn what_has_no_value_for_all_bits_is_only_read() {
        let text = "struct Target { entity: vec2<u32> }
            var<storage, read_write> targets: array<Target>;
            fn row(row: u32) { targets[row].entity.x = 0u; }";
        let refused = sim().gpu("aim", text).exact(|_: &mut Target| {}).err();
        assert!(
            refused
                .expect("refused")
                .to_string()
                .contains("may only read it")
        );
    }
}
