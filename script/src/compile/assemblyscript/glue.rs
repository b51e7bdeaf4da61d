//! What stands beside the sources for asc: the types of the language over the world's memory, made of the layout that the checker found, and for each system the function that a host calls.

use super::rewrite::{name_of, number_type};
use super::signature::{Signature, Take};
use crate::abi::{MATH, MathFunction, Param, SystemDecl};
use crate::compile::ir::Scalar;
use crate::compile::tree::{Shape, Tree};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The exported global with the row at hand, before it gets the name that no text can give it ([`ROW_GLOBAL`](crate::abi::ROW_GLOBAL), of the same length).
pub const ROW: &str = "layerw_row";

/// What does not depend on the source. A value of the world is the address of its first byte, so that no object is made for it.
const TYPES: &str = r#"
let dt: f32 = 0;
let dt64: f64 = 0;
let step: u64 = 0;
let seed: u64 = 0;
@global let $rows: i32 = 0;
@global export let layerw_row: i32 = 0;
@global let $j: i64 = 0;
@global @unmanaged @final class Context {
  @inline get dt(): f32 { return dt; }
  @inline get dt64(): f64 { return dt64; }
  @inline get step(): u64 { return step; }
  @inline get seed(): u64 { return seed; }
}
@global @unmanaged @final class Column<T> {
  @inline get length(): i32 { return $rows; }
  @inline @operator("[]") get(row: i32): T { return load<T>(changetype<usize>(this) + <usize>row * sizeof<T>()); }
  @inline @operator("[]=") set(row: i32, value: T): void { $store<T>(changetype<usize>(this) + <usize>row * sizeof<T>(), value); }
}

// Random numbers: SplitMix64, keyed by four words.
const GAMMA: u64 = 0x9e3779b97f4a7c15;
@inline function mix(z: u64): u64 {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
@global function $random(place: usize, entity: u64, stream: u64): Random {
  let state = mix(GAMMA ^ mix(seed + GAMMA));
  state = mix((state + GAMMA) ^ mix(step + GAMMA));
  state = mix((state + GAMMA) ^ mix(entity + GAMMA));
  state = mix((state + GAMMA) ^ mix(stream + GAMMA));
  store<u64>(place, state);
  return changetype<Random>(place);
}
@global @unmanaged @final class Random {
  state: u64;
  @inline bits(): u64 { this.state += GAMMA; return mix(this.state); }
  @inline unit(): f32 { return <f32>(this.bits() >> 40) * <f32>(1.0 / 16777216.0); }
  @inline unit64(): f64 { return <f64>(this.bits() >> 11) * (1.0 / 9007199254740992.0); }
  @inline range(low: f32, high: f32): f32 { return low + (high - low) * this.unit(); }
  @inline below(bound: u32): u32 {
    const bits = this.bits();
    return <u32>(((bits >> 32) * <u64>bound + (((bits & 0xffffffff) * <u64>bound) >> 32)) >> 32);
  }
}

// Commands.
@external("layerw", "spawn") declare function hostSpawn(template: i32, values: usize): void;
@external("layerw", "despawn") declare function hostDespawn(entity: u64): void;
@external("layerw", "insert") declare function hostInsert(entity: u64, template: i32, values: usize): void;
@external("layerw", "remove") declare function hostRemove(entity: u64, template: i32): void;
@external("layerw", "send") declare function hostSend(template: i32, values: usize): void;
@global @inline function $spawn(template: i32, values: usize): void { hostSpawn(template, values); }
@global @inline function $despawn(entity: u64): void { hostDespawn(entity); }
@global @inline function $insert(entity: u64, template: i32, values: usize): void { hostInsert(entity, template, values); }
@global @inline function $remove(entity: u64, template: i32): void { hostRemove(entity, template); }
@global @inline function $send(template: i32, values: usize): void { hostSend(template, values); }
@global @unmanaged @final class World {}
// Rows stand where bulk operations do not reach.
@global function $copy(to: usize, from: usize, bytes: i32): void {
  for (let i = 0; i < bytes; i++) store<u8>(to + i, load<u8>(from + i));
}
@global @inline function $store_f32(at: usize, value: f32): void { $store<f32>(at, value); }
@global @inline function $store_f64(at: usize, value: f64): void { $store<f64>(at, value); }
@global @inline function $store_i32(at: usize, value: i32): void { store<i32>(at, value); }
@global @inline function $store_u32(at: usize, value: u32): void { store<u32>(at, value); }
@global @inline function $store_i64(at: usize, value: i64): void { store<i64>(at, value); }
@global @inline function $store_u64(at: usize, value: u64): void { store<u64>(at, value); }
@global @inline function $store_Entity(at: usize, value: u64): void { store<u64>(at, value); }
@global @inline function $store_bool(at: usize, value: bool): void { store<bool>(at, value); }

// Math of both floats, by the operations of the language.
@inline function floorOf<T>(x: T): T { return floor<T>(x); }
@inline function sqrtOf<T>(x: T): T { return sqrt<T>(x); }
@inline function ceilOf<T>(x: T): T { return ceil<T>(x); }
@inline function truncOf<T>(x: T): T { return trunc<T>(x); }
@inline function absOf<T>(x: T): T { return abs<T>(x); }
@inline function minOf<T>(a: T, b: T): T { return min<T>(a, b); }
@inline function maxOf<T>(a: T, b: T): T { return max<T>(a, b); }
@inline function signed<T>(x: T, like: T): T { return copysign<T>(x, like); }
"#;

/// How numbers reach memory: with one NaN for all, or as they are.
const ONE_NAN: &str = "@global @inline function $store<T>(at: usize, value: T): void { if (isFloat<T>()) store<T>(at, value == value ? value : <T>NaN); else store<T>(at, value); }\n";
const AS_IT_IS: &str =
    "@global @inline function $store<T>(at: usize, value: T): void { store<T>(at, value); }\n";

/// The object `Math`: `sin` and the like are the host's.
fn math() -> String {
    let mut out = String::new();
    let mut inner = String::new();
    for (name, function) in MATH {
        let (params, ty) = match function {
            MathFunction::F32(_) => ("a: f32", "f32"),
            MathFunction::F64(_) => ("a: f64", "f64"),
            MathFunction::F32x2(_) => ("a: f32, b: f32", "f32"),
            MathFunction::F64x2(_) => ("a: f64, b: f64", "f64"),
        };
        let _ = writeln!(
            out,
            "@external(\"layerw\", \"{name}\") declare function host_{name}({params}): {ty};"
        );
        let Some(plain) = name.strip_suffix("_f32") else {
            continue;
        };
        let (params, wide, narrow) = match function {
            MathFunction::F32x2(_) => ("a: T, b: T", "<f64>a, <f64>b", "<f32>a, <f32>b"),
            _ => ("a: T", "<f64>a", "<f32>a"),
        };
        let _ = writeln!(
            inner,
            "  @inline export function {plain}<T>({params}): T {{ if (sizeof<T>() == 8) return <T>host_{plain}_f64({wide}); else return <T>host_{plain}_f32({narrow}); }}"
        );
    }
    for one in ["sqrt", "floor", "ceil", "trunc", "abs"] {
        let _ = writeln!(
            inner,
            "  @inline export function {one}<T>(x: T): T {{ return {one}Of<T>(x); }}"
        );
    }
    for one in ["min", "max"] {
        let _ = writeln!(
            inner,
            "  @inline export function {one}<T>(a: T, b: T): T {{ return {one}Of<T>(a, b); }}"
        );
    }
    inner.push_str(
        "  @inline export function fround<T>(x: T): f32 { return <f32>x; }\n  \
         @inline export function sign<T>(x: T): T { return x > 0 ? <T>1 : x < 0 ? <T>-1 : x; }\n  \
         export function round<T>(x: T): T { const low = floorOf<T>(x); return signed<T>(x - low >= <T>0.5 ? low + <T>1 : low, x); }\n",
    );
    for (name, value) in [
        ("PI", std::f64::consts::PI),
        ("E", std::f64::consts::E),
        ("LN2", std::f64::consts::LN_2),
        ("LN10", std::f64::consts::LN_10),
        ("LOG2E", std::f64::consts::LOG2_E),
        ("LOG10E", std::f64::consts::LOG10_E),
        ("SQRT2", std::f64::consts::SQRT_2),
        ("SQRT1_2", std::f64::consts::FRAC_1_SQRT_2),
    ] {
        let _ = writeln!(inner, "  @inline export const {name}: f32 = {value:?};");
    }
    format!("{out}@global namespace $Math {{\n{inner}}}\n")
}

/// A number as written on the left of an operator, which takes the type of what stands on the right. The driver puts calls of these.
fn numbers() -> String {
    let mut out = String::new();
    for (name, sign, result) in [
        ("plus", "+", "T"),
        ("minus", "-", "T"),
        ("times", "*", "T"),
        ("over", "/", "T"),
        ("less", "<", "bool"),
        ("atMost", "<=", "bool"),
        ("more", ">", "bool"),
        ("atLeast", ">=", "bool"),
    ] {
        for (kind, ty) in [("", "f64"), ("Whole", "i64")] {
            let _ = writeln!(
                out,
                "@global @inline function __{name}{kind}<T>(right: T, left: {ty}): {result} {{ return <T>left {sign} right; }}"
            );
        }
    }
    out
}

/// The text of the glue. Where all is in our own language, whoever stores a number sees to it that there is one NaN.
pub fn text(tree: &Tree, systems: &[(&SystemDecl, &Signature)], one_nan: bool) -> String {
    let mut out = format!(
        "{TYPES}{}{}{}",
        if one_nan { ONE_NAN } else { AS_IT_IS },
        math(),
        numbers()
    );
    out.push_str(&classes(tree));
    for (decl, system) in systems {
        out.push_str(&function(decl, system));
    }
    out
}

/// The classes that stand in the world's memory, with the columns and events of each.
fn classes(tree: &Tree) -> String {
    let mut out = String::new();
    let mut arrays = BTreeSet::new();
    for class in &tree.classes {
        let (name, size) = (&class.name, class.size);
        let _ = writeln!(out, "@global @unmanaged @final class {name} {{");
        for field in &class.fields {
            let (field, offset, shape) = (name_of(&field.name), field.offset, field.shape);
            let _ = match shape {
                Shape::Scalar(scalar) => {
                    let ty = number_type(scalar);
                    let memory = if scalar == Scalar::Bool { "bool" } else { ty };
                    writeln!(
                        out,
                        "  @inline get {field}(): {ty} {{ return load<{memory}>(changetype<usize>(this) + {offset}); }}\n  \
                         @inline set {field}(value: {ty}) {{ $store<{memory}>(changetype<usize>(this) + {offset}, value); }}"
                    )
                }
                Shape::Class(inner) => {
                    let inner = &tree.classes[inner].name;
                    writeln!(
                        out,
                        "  @inline get {field}(): {inner} {{ return changetype<{inner}>(changetype<usize>(this) + {offset}); }}"
                    )
                }
                Shape::Array(scalar, count) => {
                    let ty = scalar.name();
                    arrays.insert((ty, number_type(scalar), count));
                    writeln!(
                        out,
                        "  @inline get {field}(): Array_{ty}_{count} {{ return changetype<Array_{ty}_{count}>(changetype<usize>(this) + {offset}); }}"
                    )
                }
            };
        }
        let _ = writeln!(
            out,
            "}}\n@global @unmanaged @final class Rows_{name} {{\n  \
             @inline get length(): i32 {{ return $rows; }}\n  \
             @inline @operator(\"[]\") get(row: i32): {name} {{ return changetype<{name}>(changetype<usize>(this) + <usize>row * {size}); }}\n}}\n\
             let count_{name}: i32 = 0;\n\
             @global @unmanaged @final class Events_{name} {{\n  \
             @inline get length(): i32 {{ return count_{name}; }}\n  \
             @inline @operator(\"[]\") get(event: i32): {name} {{ return changetype<{name}>(changetype<usize>(this) + <usize>event * {size}); }}\n}}"
        );
    }
    for (memory, ty, count) in arrays {
        let _ = writeln!(
            out,
            "@global @unmanaged @final class Array_{memory}_{count} {{\n  \
             @inline get length(): i32 {{ return {count}; }}\n  \
             @inline @operator(\"[]\") get(at: i32): {ty} {{ return <{ty}>load<{memory}>(changetype<usize>(this) + <usize>at * sizeof<{memory}>()); }}\n  \
             @inline @operator(\"[]=\") set(at: i32, value: {ty}): void {{ $store<{memory}>(changetype<usize>(this) + <usize>at * sizeof<{memory}>(), <{memory}>value); }}\n}}"
        );
    }
    out
}

/// The parameters of a system's function where our own compiler does not say: what the method takes, then the rows, then all that is known of the step.
pub fn params(system: &Signature) -> Vec<Param> {
    let mut params = Vec::new();
    let mut rows = false;
    for (name, take) in &system.takes {
        match take {
            Take::Column {
                component,
                readonly,
                ..
            } => {
                rows = true;
                params.push(Param::Column {
                    component: component.clone(),
                    write: !readonly,
                });
            }
            Take::Entities => {
                rows = true;
                params.push(Param::Entities);
            }
            Take::Resource(component) => params.push(Param::Resource {
                component: component.clone(),
                write: system.written.contains(name),
            }),
            Take::Events(component) => params.extend([
                Param::Events {
                    component: component.clone(),
                },
                Param::EventCount {
                    component: component.clone(),
                },
            ]),
            Take::Dt | Take::Dt64 | Take::Context | Take::World => {}
        }
    }
    if rows {
        params.push(Param::Count);
    }
    params.extend([Param::Dt, Param::Dt64, Param::Step, Param::Seed]);
    params
}

fn function(decl: &SystemDecl, system: &Signature) -> String {
    let (mut declared, mut known) = (Vec::new(), String::new());
    for (number, param) in decl.params.iter().enumerate() {
        let ty = match param {
            Param::Column { .. }
            | Param::Entities
            | Param::Resource { .. }
            | Param::Events { .. } => "usize",
            Param::Count => {
                let _ = write!(known, " $rows = a{number};");
                "i32"
            }
            Param::EventCount { component } => {
                let _ = write!(known, " count_{component} = a{number};");
                "i32"
            }
            Param::Dt => {
                let _ = write!(known, " dt = a{number};");
                "f32"
            }
            Param::Dt64 => {
                let _ = write!(known, " dt64 = a{number};");
                "f64"
            }
            Param::Step => {
                let _ = write!(known, " step = a{number};");
                "u64"
            }
            Param::Seed => {
                let _ = write!(known, " seed = a{number};");
                "u64"
            }
        };
        declared.push(format!("a{number}: {ty}"));
    }
    let place = |is: &dyn Fn(&Param) -> bool| {
        let number = decl.params.iter().position(is);
        number.map_or_else(|| "0".to_owned(), |number| format!("a{number}"))
    };
    let arg = |take: &Take| match take {
        Take::Column {
            component, element, ..
        } => {
            let class = match element.as_str() {
                "f32" | "f64" | "i32" | "u32" | "i64" | "u64" | "bool" => {
                    format!("Column<{element}>")
                }
                class => format!("Rows_{class}"),
            };
            let place = place(
                &|param| matches!(param, Param::Column { component: one, .. } if one == component),
            );
            format!("changetype<{class}>({place})")
        }
        Take::Entities => {
            let place = place(&|param| matches!(param, Param::Entities));
            format!("changetype<Column<u64>>({place})")
        }
        Take::Resource(class) => {
            let place = place(
                &|param| matches!(param, Param::Resource { component, .. } if component == class),
            );
            format!("changetype<{class}>({place})")
        }
        Take::Events(class) => {
            let place =
                place(&|param| matches!(param, Param::Events { component } if component == class));
            format!("changetype<Events_{class}>({place})")
        }
        Take::Dt => "dt".to_owned(),
        Take::Dt64 => "dt64".to_owned(),
        Take::Context => "changetype<Context>(0)".to_owned(),
        Take::World => "changetype<World>(0)".to_owned(),
    };
    let args: Vec<String> = system.takes.iter().map(|(_, take)| arg(take)).collect();
    let method = if system.start { "start" } else { "update" };
    format!(
        "export function {}({}): void {{ layerw_row = 0;{known}\n  changetype<{}>(0).{method}({});\n}}\n",
        decl.export,
        declared.join(", "),
        system.class,
        args.join(", ")
    )
}
