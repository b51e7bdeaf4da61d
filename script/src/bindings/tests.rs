//! There and back: what is made of components declares the same components.

use super::{rust, typescript};
use crate::abi::{ComponentDecl, FieldDecl};
use crate::compile::{Program, Source, compile};

fn field(name: &str, primitive: &str, offset: u32, count: u32) -> FieldDecl {
    FieldDecl {
        name: name.to_owned(),
        primitive: primitive.to_owned(),
        offset,
        count,
    }
}

fn component(name: &str, size: u32, align: u32, fields: Vec<FieldDecl>) -> ComponentDecl {
    ComponentDecl {
        name: name.to_owned(),
        size,
        align,
        hashed: true,
        fields,
    }
}

fn world() -> Vec<ComponentDecl> {
    vec![
        component("Position", 8, 4, vec![field("0", "f32", 0, 2)]),
        component("Mass", 4, 4, vec![field("0", "f32", 0, 1)]),
        component(
            "Body",
            28,
            4,
            vec![
                field("spin", "f32", 0, 3),
                field("shape.width", "f32", 12, 1),
                field("shape.hits", "i32", 16, 1),
                field("kind", "u32", 20, 1),
                field("age", "f32", 24, 1),
            ],
        ),
    ]
}

/// A system that takes every one of them.
fn with_system(classes: &str) -> Program {
    let text = format!(
        "{classes}\nclass All {{ update(positions: Vec2[], masses: f32[], bodies: Body[]) {{\n\
         for (let i = 0; i < masses.length; i++) {{ positions[i].x += masses[i] * bodies[i].shape.width; }} }} }}\n"
    );
    compile(&[Source::new("all.ts", text)]).unwrap_or_else(|problems| panic!("{}", problems[0]))
}

#[test]
fn components_become_classes_that_declare_them() {
    let text = typescript(&world()).expect("all have a form");
    assert_eq!(
        text,
        "\
// Made from the components of a world by `layerw_script::bindings`.

// `Position` is the column `positions: Vec2[]`.

// `Mass` is the column `masses: f32[]`.

class BodyShape {
  width: f32;
  hits: i32;
}

class Body {
  spin: Vec3;
  shape: BodyShape;
  kind: u32;
  age: f32;
}
"
    );
    let declared = crate::abi::read(&with_system(&text).wasm()).expect("a manifest");
    assert_eq!(declared.components, world());
}

#[test]
fn classes_become_structs() {
    let classes = typescript(&world()).expect("all have a form");
    let text = rust(&with_system(&classes)).expect("all names are Rust's");
    assert_eq!(
        text,
        "\
//! Made from all.ts by `layerw_script::bindings`; change that and make it again.

use layerw::component;

/// `Position` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Position(pub [f32; 2]);

/// `Mass` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Mass(pub f32);

/// `BodyShape` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct BodyShape {
    /// `width`.
    pub width: f32,
    /// `hits`.
    pub hits: i32,
}

/// `Body` of the script.
#[component]
#[derive(Debug, PartialEq)]
pub struct Body {
    /// `spin`.
    pub spin: [f32; 3],
    /// `shape`.
    pub shape: BodyShape,
    /// `kind`.
    pub kind: u32,
    /// `age`.
    pub age: f32,
}
"
    );
    let system = with_system(&classes).rust().expect("it has a Rust form");
    assert!(system.contains("* body.shape.width"), "{system}");
}

#[test]
fn what_scripts_have_not_is_refused_with_its_cure() {
    let refused = |one: ComponentDecl| typescript(&[one]).unwrap_err().to_string();
    let small = refused(component("Small", 1, 1, vec![field("a", "u8", 0, 1)]));
    assert_eq!(
        small,
        "`Small` has no form in TypeScript: scripts have no u8; use i32 or u32"
    );
    let gap = vec![field("a", "f32", 0, 1), field("b", "f64", 8, 1)];
    let gap = refused(component("Gap", 16, 8, gap));
    assert!(gap.contains("a gap before `b`"), "{gap}");
    let unnamed = vec![field("0", "f32", 0, 1), field("1", "f32", 4, 1)];
    let unnamed = refused(component("Pair", 8, 4, unnamed));
    assert!(unnamed.contains("`0` has no name"), "{unnamed}");
}
