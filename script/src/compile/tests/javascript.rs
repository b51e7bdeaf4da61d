//! Runs the JavaScript of a program over columns of plain bytes, and holds it against what WebAssembly does.

use super::generator;
use super::runner::{self, COMMANDS, Column, Step};
use super::wide;
use super::{FORMS, Passes, Program, program, program_with};
use crate::abi::{MATH, MathFunction, Param};
use crate::compile::ir::{NAMES_ACT, Scalar};
use crate::compile::js::{Statement, Text};
use rquickjs::function::{Args, Rest};
use rquickjs::{
    Array, ArrayBuffer, BigInt, Context, Ctx, Error, Exception, Function, Object, Runtime,
};
use rquickjs::{TypedArray, Value};
use std::cell::RefCell;
use std::rc::Rc;

/// Runs one system over `rows` rows. What stopped it, if something did: the words, the row, and `file:line:column`.
pub fn run(
    program: &Program,
    system: &str,
    rows: usize,
    columns: &mut [Column<'_>],
    step: Step,
) -> Result<(), (String, i32, String)> {
    run_text(program, &program.js(), system, rows, columns, step)
}

fn run_text(
    program: &Program,
    text: &Text,
    system: &str,
    rows: usize,
    columns: &mut [Column<'_>],
    step: Step,
) -> Result<(), (String, i32, String)> {
    let manifest = program.manifest();
    let known = |name: &str| name == system;
    let decl = manifest.systems.iter().find(|decl| known(&decl.name));
    let decl = decl.expect("the system is there");
    let written = text.systems.iter().find(|one| known(&one.name));
    let written = written.expect("so is its function");
    let runtime = Runtime::new().expect("there is memory");
    let context = Context::full(&runtime).expect("there is memory");
    context.with(|ctx| {
        define_math(&ctx).expect("names are names");
        define_steps(&ctx, &text.statements).expect("names are names");
        if let Err(error) = ctx.eval::<(), _>(text.text.as_str()) {
            panic!("{}\n{}", said(&ctx, &error).0, text.text);
        }
        let log = Rc::new(RefCell::new(Vec::new()));
        define_world(&ctx, &log, &text.templates).expect("names are names");
        let mut buffers = Vec::new();
        for (_, bytes) in columns.iter() {
            let buffer = ArrayBuffer::new_copy(ctx.clone(), bytes.as_slice());
            buffers.push(buffer.expect("there is memory"));
        }
        let mut args = Args::new_unsized(ctx.clone());
        for (param, arrays) in decl.params.iter().zip(&written.arrays) {
            let pushed = match param {
                Param::Column { component, .. }
                | Param::Resource { component, .. }
                | Param::Events { component } => {
                    let number = columns.iter().position(|(name, _)| name == component);
                    let number = number.expect("a column of each component was given");
                    arrays
                        .iter()
                        .try_for_each(|kind| args.push_arg(view(kind, &buffers[number])))
                }
                Param::Entities => {
                    let number = columns.iter().position(|(name, _)| *name == "Entity");
                    let number = number.expect("entities were given");
                    arrays
                        .iter()
                        .try_for_each(|kind| args.push_arg(view(kind, &buffers[number])))
                }
                Param::EventCount { component } => {
                    let bytes = columns.iter().find(|(name, _)| name == component);
                    let bytes = bytes.expect("events of each component were given").1.len();
                    let decl = manifest.component(component).expect("it is declared");
                    args.push_arg((bytes / decl.size as usize) as i32)
                }
                Param::Count => args.push_arg(rows as i32),
                Param::Dt | Param::Dt64 => args.push_arg(f64::from(step.dt)),
                Param::Step => args.push_arg(BigInt::from_u64(ctx.clone(), step.step)),
                Param::Seed => args.push_arg(BigInt::from_u64(ctx.clone(), step.seed)),
            };
            pushed.expect("there is memory");
        }
        let globals = ctx.globals();
        let function: Function<'_> = globals.get(written.function.as_str()).expect("it is there");
        let outcome = function.call_arg::<()>(args);
        for ((name, bytes), buffer) in columns.iter_mut().zip(&buffers) {
            if *name == COMMANDS {
                bytes.clone_from(&log.borrow());
                continue;
            }
            // SAFETY: no script runs while the bytes are copied.
            let now = unsafe { buffer.as_bytes() };
            bytes.copy_from_slice(now.expect("nobody detached it"));
        }
        outcome.map_err(|error| {
            let (message, stack) = said(&ctx, &error);
            let row: Function<'_> = globals.get("$rowAtHand").expect("it is always there");
            (message, row.call(()).expect("a number"), stack)
        })
    })
}

/// Runs WebAssembly and JavaScript, which must leave the same bytes and stop at the same row.
pub fn both(
    program: &Program,
    system: &str,
    rows: usize,
    columns: &mut [Column<'_>],
    step: Step,
) -> Result<(), (String, i32)> {
    let (before, mut ours) = (columns.to_vec(), columns.to_vec());
    let wasm = runner::run(&program.wasm(), system, rows, columns, step);
    let js = run(program, system, rows, &mut ours, step);
    let stops = (
        wasm.as_ref().err().map(|(_, row)| *row),
        js.as_ref().err().map(|(_, row, _)| *row),
    );
    assert_eq!(stops.0, stops.1, "{js:?}\n{}", program.js().text);
    assert_eq!(one_nan(&ours), one_nan(columns), "{}", program.js().text);
    // Loops that are stopped for their length would be stepped through to there.
    if js.is_ok() {
        let (text, mut stepped) = (program.js_with_steps(), before);
        let stopped = run_text(program, &text, system, rows, &mut stepped, step);
        assert!(stopped.is_ok(), "{stopped:?}\n{}", text.text);
        assert_eq!(one_nan(&stepped), one_nan(columns), "{}", text.text);
    }
    wasm
}

/// A debugger that stops everywhere: it is shown as many values as there are names.
fn define_steps(ctx: &Ctx<'_>, statements: &[Statement]) -> rquickjs::Result<()> {
    let values = |statement: &Statement| -> usize {
        let variables = statement.variables.iter();
        variables.map(|variable| variable.values).sum()
    };
    let counts: Vec<usize> = statements.iter().map(values).collect();
    let at = Rc::new(RefCell::new(0));
    let here = at.clone();
    let pause = move |number: usize, _row: i32| {
        *here.borrow_mut() = number;
        true
    };
    let show = move |values: Array<'_>| {
        assert_eq!(values.len(), counts[*at.borrow()]);
        for value in values.iter::<Value<'_>>() {
            let value = value.expect("an element");
            assert!(!value.is_undefined(), "a place behind the end of an array");
        }
    };
    ctx.globals()
        .set("$pause", Function::new(ctx.clone(), pause)?)?;
    ctx.globals()
        .set("$show", Function::new(ctx.clone(), show)?)
}

fn said(ctx: &Ctx<'_>, error: &Error) -> (String, String) {
    let thrown = ctx.catch().into_object().and_then(Exception::from_object);
    match thrown {
        None => (error.to_string(), String::new()),
        Some(thrown) => (
            thrown.message().unwrap_or_default(),
            thrown.stack().unwrap_or_default(),
        ),
    }
}

fn view<'js>(kind: &str, buffer: &ArrayBuffer<'js>) -> Value<'js> {
    let buffer = buffer.clone();
    let view = match kind {
        "Float32Array" => TypedArray::<f32>::from_arraybuffer(buffer).map(TypedArray::into_value),
        "Float64Array" => TypedArray::<f64>::from_arraybuffer(buffer).map(TypedArray::into_value),
        "Int32Array" => TypedArray::<i32>::from_arraybuffer(buffer).map(TypedArray::into_value),
        "Uint32Array" => TypedArray::<u32>::from_arraybuffer(buffer).map(TypedArray::into_value),
        "BigInt64Array" => TypedArray::<i64>::from_arraybuffer(buffer).map(TypedArray::into_value),
        "BigUint64Array" => TypedArray::<u64>::from_arraybuffer(buffer).map(TypedArray::into_value),
        "Uint8Array" => TypedArray::<u8>::from_arraybuffer(buffer).map(TypedArray::into_value),
        other => panic!("no view is a {other}"),
    };
    view.expect("rows are whole")
}

/// Commands go to a log, as from WebAssembly.
fn define_world(
    ctx: &Ctx<'_>,
    log: &Rc<RefCell<Vec<u8>>>,
    templates: &[Vec<Scalar>],
) -> rquickjs::Result<()> {
    let world = Object::new(ctx.clone())?;
    let templates = Rc::new(templates.to_vec());
    for act in NAMES_ACT.iter().map(|(_, act)| *act) {
        let (log, templates) = (log.clone(), templates.clone());
        let record = move |args: Rest<Value<'_>>| -> rquickjs::Result<()> {
            let mut args = args.0.into_iter();
            let (mut entity, mut template, mut values) = (0, -1, Vec::new());
            if act.takes_entity() {
                entity = bits(args.next())?;
            }
            if act.takes_template() {
                template = args.next().and_then(|value| value.as_int()).unwrap_or(-1);
            }
            if let (true, Some(given)) = (act.takes_values(), args.next()) {
                let given = given.into_array().expect("values are an array");
                for (place, scalar) in templates[template as usize].iter().enumerate() {
                    values.extend(packed(given.get(place)?, *scalar)?);
                }
            }
            log.borrow_mut()
                .extend(runner::recorded(act, entity, template, &values));
            Ok(())
        };
        world.set(act.name(), Function::new(ctx.clone(), record)?)?;
    }
    ctx.globals().set("$world", world)
}

fn bits(value: Option<Value<'_>>) -> rquickjs::Result<i64> {
    let value = value.and_then(Value::into_big_int);
    value.expect("64 bits are a BigInt").to_i64()
}

/// A value of a command, as it stands in a component; there is one NaN.
fn packed(value: Value<'_>, scalar: Scalar) -> rquickjs::Result<Vec<u8>> {
    let number = || value.as_number().expect("it is a number");
    let float = |of: f64| if of.is_nan() { f64::NAN } else { of };
    Ok(match scalar {
        Scalar::F32 => (float(number()) as f32).to_le_bytes().to_vec(),
        Scalar::F64 => float(number()).to_le_bytes().to_vec(),
        Scalar::I32 => (number() as i32).to_le_bytes().to_vec(),
        Scalar::U32 => (number() as u32).to_le_bytes().to_vec(),
        Scalar::U8 => vec![number() as u8],
        Scalar::Bool => vec![u8::from(value.as_bool().expect("it is a boolean"))],
        Scalar::I64 | Scalar::U64 | Scalar::Entity => bits(Some(value))?.to_le_bytes().to_vec(),
    })
}

fn define_math(ctx: &Ctx<'_>) -> rquickjs::Result<()> {
    let math = Object::new(ctx.clone())?;
    for (name, function) in MATH {
        let function = match *function {
            MathFunction::F32(of) => Function::new(ctx.clone(), move |a: f64| of(a as f32)),
            MathFunction::F64(of) => Function::new(ctx.clone(), of),
            MathFunction::F32x2(of) => {
                Function::new(ctx.clone(), move |a: f64, b: f64| of(a as f32, b as f32))
            }
            MathFunction::F64x2(of) => Function::new(ctx.clone(), of),
        };
        math.set(*name, function?)?;
    }
    ctx.globals().set("$math", math)
}

/// What a stop is, by what an interpreter of modules says of it.
fn is_division(message: &str) -> bool {
    message.contains("divi")
}

#[test]
fn javascript_does_the_same_as_webassembly() {
    let long = std::env::var_os("LAYERW_LONG").is_some_and(|value| value == "1");
    let programs = if long {
        10_000
    } else {
        super::differential::PROGRAMS
    };
    let mut stopped = 0;
    for seed in 0..programs {
        let made = (generator::program(seed), generator::columns(seed));
        stopped += u64::from(agrees(seed, &made.0, made.1));
        let made = (wide::program_of(seed), wide::columns(seed));
        stopped += u64::from(agrees(seed, &made.0, made.1));
    }
    assert!(stopped > programs / 100, "{stopped} stopped");
}

/// Holds JavaScript against WebAssembly as lowered and in lanes; whether the program stopped.
fn agrees(seed: u64, text: &str, (rows, columns): (usize, Vec<Column<'_>>)) -> bool {
    let script = program_with(text, FORMS[0]);
    let mut ours = columns.clone();
    let js = run(&script, "S", rows, &mut ours, Step::default());
    let fault = match &js {
        Ok(()) => String::new(),
        Err((message, row, stack)) => format!("{message} at row {row}\n{stack}"),
    };
    let about = || format!("program {seed}\n{text}\n{}\n{fault}", script.js().text);
    for passes in [FORMS[0], FORMS[2]] {
        let mut theirs = columns.clone();
        let wasm = program_with(text, passes).wasm();
        let wasm = runner::run(&wasm, "S", rows, &mut theirs, Step::default());
        assert_eq!(one_nan(&ours), one_nan(&theirs), "{passes:?}, {}", about());
        match (&wasm, &js) {
            (Ok(()), Ok(())) => {}
            (Err((trap, row)), Err((message, at, _))) => {
                let (their, our) = (is_division(trap), is_division(message));
                assert_eq!((at, our), (row, their), "{passes:?}, {}", about());
            }
            _ => panic!("only one of them stops: {wasm:?}, {passes:?}\n{}", about()),
        }
    }
    js.is_err()
}

/// Words with one NaN for all: which one it is, an interpreter of modules leaves to the processor.
fn one_nan(columns: &[Column<'_>]) -> Vec<Vec<u32>> {
    let words = columns.iter().map(|(_, bytes)| {
        let words = bytemuck::pod_collect_to_vec::<u8, u32>(&bytes[..bytes.len() & !3]);
        let same = |bits: u32| match f32::from_bits(bits).is_nan() {
            true => f32::NAN.to_bits(),
            false => bits,
        };
        words.into_iter().map(same).collect()
    });
    words.collect()
}

#[test]
fn javascript_keeps_the_names_and_shape_of_the_source() {
    let text = program(
        "class Health { now: f32; most: f32; level: i32; }
         function half(x: number): number { return x / 2; }
         function heal(who: Health, by: number) { who.now = Math.min(who.now + by, who.most); }
         class Regenerate { update(healths: Health[], dt: number) {
           for (const health of healths) {
             if (health.level > 3) continue;
             heal(health, half(0.1) * dt);
           } } }",
    )
    .js()
    .text;
    let from = text.find("function half").expect("it is called that");
    assert_eq!(
        &text[from..],
        "function half(x) {
  return Math.fround(x / 2);
}

function Regenerate(healths_f32, healths_i32, dt, length) {
  for (let health = 0; health < length; health++) {
    $row = health;
    if (healths_i32[3 * health + 2] > 3) {
      continue;
    }
    heal(health, Math.fround(half(Math.fround(0.1)) * dt));
  }

  function heal(who, by) {
    healths_f32[3 * who] = $nan(Math.min(Math.fround(healths_f32[3 * who] + by), healths_f32[3 * who + 1]));
  }
}
"
    );
}

#[test]
fn what_stops_javascript_is_found_in_the_source() {
    let script = program(
        "class S { update(ns: i32[], ms: i32[]) {\n  for (let i = 0; i < ns.length; i++) {\n    ns[i] = 10 / ms[i];\n    ms[i] = ns[i + 2];\n  }\n} }",
    );
    let mut columns = [
        ("N", runner::bytes(&[0; 3])),
        ("M", runner::bytes(&[1, 0, 2])),
    ];
    let (message, row, _) = run(&script, "S", 3, &mut columns, Step::default()).unwrap_err();
    assert_eq!((message.as_str(), row), ("a whole number divided by 0", 1));
    let places = script.js().places;
    for source in ["test.ts:3:13", "test.ts:4:13"] {
        assert!(
            places.iter().any(|place| place.source == source),
            "{places:?}"
        );
    }
    let lines = script.js().text;
    let lines: Vec<&str> = lines.lines().collect();
    for place in &places {
        let line = lines[place.line as usize - 1];
        let called = &line[place.column as usize - 1..];
        assert!(called.starts_with('$'), "{place:?} leads to {called}");
    }
    assert_eq!(script.js().text, program_with(
        "class S { update(ns: i32[], ms: i32[]) {\n  for (let i = 0; i < ns.length; i++) {\n    ns[i] = 10 / ms[i];\n    ms[i] = ns[i + 2];\n  }\n} }",
        Passes { scalar: false, ..Passes::default() },
    ).js().text, "it is made of the tree, whatever the passes do");
}
