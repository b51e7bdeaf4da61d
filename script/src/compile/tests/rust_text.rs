//! Random programs as Rust text, compiled by rustc, do what their WebAssembly does.
//!
//! The texts of all programs are modules of one crate. Around them stands what the engine would be to them, as little as there can be: a context, resources, a
//! simulation to add systems to, which does nothing, and an attribute that leaves a struct as it is. A program calls each system with the columns that the WebAssembly
//! ran over, and writes down what they hold then. The text against the engine itself is a test of the example `script-movement`.

use super::differential::{PROGRAMS, ran};
use super::generator::{self, COLUMNS, canonical, columns};
use super::runner::Step;
use super::{FORMS, program_with};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that one crate is made of: rustc holds them all in memory.
const BATCH: u64 = 500;

/// Where rows are called one by one, a program that stops says at which.
const ROW_UNKNOWN: i32 = -2;
const NOT_STOPPED: i32 = -1;

/// An attribute that leaves what it stands before as it is.
const ATTRIBUTE: &str = "
extern crate proc_macro;
use proc_macro::TokenStream;
#[proc_macro_attribute]
pub fn component(_: TokenStream, item: TokenStream) -> TokenStream { item }
";

/// What the texts use of the engine.
const ENGINE: &str = "
pub use attribute::component;
#[derive(Clone, Copy)]
pub struct Cx { pub dt: f32, pub dt64: f64, pub step: u64, pub seed: u64 }
impl Cx { pub fn seed(&self) -> u64 { self.seed } }
pub struct Res<'a, T>(pub &'a T);
impl<T> Clone for Res<'_, T> { fn clone(&self) -> Self { *self } }
impl<T> Copy for Res<'_, T> {}
impl<T> std::ops::Deref for Res<'_, T> { type Target = T; fn deref(&self) -> &T { self.0 } }
pub struct Sim;
impl Sim {
    pub fn each<F>(&mut self, _: F) -> &mut Sim { self }
    pub fn chunks<F>(&mut self, _: F) -> &mut Sim { self }
}
";

/// Reads the words of columns, calls each system, writes the words.
const MAIN: &str = "
#![allow(non_snake_case)]
use components::*;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
struct Words(std::vec::IntoIter<u32>);
impl Words {
    fn next(&mut self) -> u32 { self.0.next().expect(\"there are words for every program\") }
    fn f32(&mut self) -> f32 { f32::from_bits(self.next()) }
    fn i32(&mut self) -> i32 { self.next() as i32 }
    fn u32(&mut self) -> u32 { self.next() }
}
trait Bits { fn bits(&self) -> u32; }
impl Bits for f32 { fn bits(&self) -> u32 { self.to_bits() } }
impl Bits for i32 { fn bits(&self) -> u32 { *self as u32 } }
impl Bits for u32 { fn bits(&self) -> u32 { *self } }
fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut files = std::env::args_os().skip(1);
    let mut file = || files.next().expect(\"a file to read and one to write\");
    let bytes = std::fs::read(file()).expect(\"the words can be read\");
    let words: Vec<u32> = bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let mut words = Words(words.into_iter());
    let mut out: Vec<u32> = Vec::new();
    for program in PROGRAMS {
        let mut world = World::read(&mut words);
        let at = Cell::new(ROW_UNKNOWN);
        let stopped = catch_unwind(AssertUnwindSafe(|| program(&mut world, &at))).is_err();
        out.push(if stopped { at.get() } else { NOT_STOPPED } as u32);
        world.write(&mut out);
    }
    let bytes: Vec<u8> = out.iter().flat_map(|word| word.to_le_bytes()).collect();
    std::fs::write(file(), bytes).expect(\"the words can be written\");
}
";

/// What a program did: what its columns hold, and the row that it stopped at.
type Ran = (Vec<Vec<u32>>, i32);

/// A program's text and the seed of its columns.
struct Text {
    seed: u64,
    rust: String,
}

impl Text {
    fn of(seed: u64) -> Self {
        let program = program_with(&generator::program(seed), FORMS[1]);
        let rust = program.rust();
        let rust = rust.unwrap_or_else(|error| panic!("program {seed}: {error}"));
        Text { seed, rust }
    }

    /// What stands before the components, they, and the rest.
    fn parts(&self) -> [&str; 3] {
        let cut = |mark| self.rust.find(mark).expect("every text has it");
        let (components, system) = (cut("/// `P` of the script."), cut("/// `S`, "));
        let (head, rest) = self.rust.split_at(components);
        let (components, rest) = rest.split_at(system - components);
        [head, components, rest]
    }

    /// The parameters of the system's function, each a name and a type.
    fn params(&self) -> Vec<(&str, &str)> {
        let (_, after) = self.rust.split_once("pub fn s(").expect("the system is S");
        let (params, _) = after.split_once(") {").expect("its parameters end");
        params
            .split(", ")
            .map(|param| param.split_once(": ").expect("a name and a type"))
            .collect()
    }

    /// A module with the system, and a function that calls it.
    fn glue(&self, number: usize) -> String {
        let [head, _, system] = self.parts();
        let params = self.params();
        let by_row = !params.iter().any(|(_, ty)| ty.contains('['));
        let args: Vec<String> = params
            .iter()
            .map(|(_, ty)| {
                let name = ty
                    .trim_start_matches('&')
                    .trim_start_matches("mut ")
                    .trim_matches(['[', ']']);
                let column = format!("world.column_{name}");
                match *ty {
                    "Cx" => "CX".to_owned(),
                    "Res<R>" => "layerw::Res(&world.resource)".to_owned(),
                    ty if ty.starts_with("&mut ") && by_row => format!("&mut {column}[row]"),
                    _ if by_row => format!("&{column}[row]"),
                    ty if ty.starts_with("&mut ") => format!("&mut {column}"),
                    _ => format!("&{column}"),
                }
            })
            .collect();
        let args = args.join(", ");
        let call = match by_row {
            true => format!(
                "for row in 0..world.column_P.len() {{ at.set(row as i32); p{number}::s({args}); }}"
            ),
            false => format!("p{number}::s({args});"),
        };
        format!(
            "mod p{number} {{\n{head}use crate::components::*;\n{system}}}\n\
             fn run_p{number}(world: &mut World, at: &Cell<i32>) {{\n\
             p{number}::add(&mut layerw::Sim);\n{call}\n}}\n"
        )
    }
}

/// The columns, and how they are read and written down.
fn world() -> String {
    let (mut held, mut read, mut write) = (String::new(), String::new(), String::new());
    for (declared, name, ..) in COLUMNS {
        let fields = fields(declared);
        let values: Vec<String> = fields
            .iter()
            .map(|(field, types)| {
                let reads: Vec<String> = types.iter().map(|ty| format!("words.{ty}()")).collect();
                match reads.as_slice() {
                    [one] => format!("{field}: {one}"),
                    all => format!("{field}: [{}]", all.join(", ")),
                }
            })
            .collect();
        let bits: Vec<String> = fields
            .iter()
            .flat_map(|(field, types)| match types.len() {
                1 => vec![format!("one.{field}.bits()")],
                count => (0..count)
                    .map(|word| format!("one.{field}[{word}].bits()"))
                    .collect(),
            })
            .collect();
        let (values, bits) = (values.join(", "), bits.join(", "));
        let _ = writeln!(held, "column_{name}: Vec<{name}>,");
        let _ = writeln!(
            read,
            "column_{name}: (0..rows).map(|_| {name} {{ {values} }}).collect(),"
        );
        let _ = writeln!(
            write,
            "for one in &self.column_{name} {{ out.extend([{bits}]); }}"
        );
    }
    let Step { dt, step, seed } = Step::default();
    let dt64 = f64::from(dt);
    format!(
        "struct World {{ {held} resource: R }}\nimpl World {{\n\
         fn read(words: &mut Words) -> World {{ let rows = words.next();\n\
         World {{ {read} resource: R {{ a: words.f32(), k: words.i32() }} }} }}\n\
         fn write(&self, out: &mut Vec<u32>) {{ {write} }}\n}}\n\
         const CX: layerw::Cx = layerw::Cx {{ dt: {dt:?}, dt64: {dt64:?}, step: {step}, seed: {seed} }};\n"
    )
}

/// The fields of a column's component, and the types of each one's words.
fn fields(declared: &str) -> Vec<(&'static str, Vec<&'static str>)> {
    let (_, ty) = declared.split_once(": ").expect("a name and a type");
    match ty {
        "Vec2[]" => vec![("0", vec!["f32"; 2])],
        "Vec3[]" => vec![("0", vec!["f32"; 3])],
        "Vec4[]" => vec![("0", vec!["f32"; 4])],
        "f32[]" => vec![("0", vec!["f32"])],
        "i32[]" => vec![("0", vec!["i32"])],
        "B[]" => [
            ("f", "f32"),
            ("n", "i32"),
            ("g", "f32"),
            ("u", "u32"),
            ("h", "f32"),
            ("m", "i32"),
        ]
        .map(|(name, ty)| (name, vec![ty]))
        .to_vec(),
        other => panic!("the harness knows no `{other}`"),
    }
}

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("layerw-rust-text-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        Folder(folder)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("a temporary file can be written");
        path
    }

    fn rustc(&self, source: &Path, words: &str) {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(&rustc)
            .current_dir(&self.0)
            .args(["--edition", "2024", "--cap-lints", "allow", "-L", "."])
            .args(words.split_whitespace())
            .arg(source)
            .output()
            .unwrap_or_else(|error| panic!("{rustc:?} does not start: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "rustc refuses the text:\n{said}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Compiles the texts as one crate, with these further words for rustc, and runs each.
fn compiled(name: &str, texts: &[Text], optimised: &str) -> Vec<Ran> {
    let folder = Folder::new(name);
    let attribute = folder.write("attribute.rs", ATTRIBUTE);
    folder.rustc(&attribute, "--crate-type proc-macro --crate-name attribute");
    let engine = folder.write("layerw.rs", ENGINE);
    folder.rustc(
        &engine,
        "--crate-type rlib --crate-name layerw -C opt-level=3 --extern attribute",
    );
    let [_, components, _] = texts[0].parts();
    let mut main = format!(
        "{MAIN}const ROW_UNKNOWN: i32 = {ROW_UNKNOWN};\nconst NOT_STOPPED: i32 = {NOT_STOPPED};\n\
         mod components {{ use layerw::component;\n{components}}}\n{}",
        world()
    );
    let mut words: Vec<u8> = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        assert_eq!(text.parts()[1], components, "program {}", text.seed);
        main.push_str(&text.glue(number));
        let (rows, columns) = columns(text.seed);
        words.extend((rows as u32).to_le_bytes());
        words.extend(columns.iter().flat_map(|(_, bytes)| bytes));
    }
    let all: Vec<String> = (0..texts.len())
        .map(|number| format!("run_p{number}"))
        .collect();
    let _ = writeln!(
        main,
        "const PROGRAMS: &[fn(&mut World, &Cell<i32>)] = &[{}];",
        all.join(", ")
    );
    let main = folder.write("main.rs", main);
    let words_of_rustc = format!("--crate-name main --extern layerw {optimised}");
    folder.rustc(&main, &words_of_rustc);
    let input = folder.write("words", &words);
    let output = folder.0.join("found");
    let program = folder
        .0
        .join("main")
        .with_extension(std::env::consts::EXE_EXTENSION);
    let status = Command::new(program)
        .args([&input, &output])
        .status()
        .expect("the program starts");
    assert!(status.success(), "the program ends with {status}");
    let found = fs::read(&output).expect("the program wrote what it found");
    let mut found = found.as_slice();
    let mut take = |bytes: usize| {
        let (taken, rest) = found.split_at(bytes);
        found = rest;
        taken.to_vec()
    };
    texts
        .iter()
        .map(|text| {
            let stopped: [u8; 4] = take(4).try_into().expect("four bytes");
            let (_, mut columns) = columns(text.seed);
            for ((_, bytes), _) in columns.iter_mut().zip(&COLUMNS) {
                *bytes = take(bytes.len());
            }
            (canonical(&columns), i32::from_le_bytes(stopped))
        })
        .collect()
}

/// What differs between the text's run and WebAssembly's.
fn difference(text: &Text, found: &Ran) -> Option<String> {
    let source = generator::program(text.seed);
    for passes in FORMS {
        let (columns, stopped, _) = ran(&source, passes, text.seed);
        let same_row = match (stopped, found.1) {
            (None, NOT_STOPPED) | (Some(_), ROW_UNKNOWN) => true,
            (Some(wasm), rust) => wasm == rust,
            (None, _) => false,
        };
        if !same_row {
            return Some(format!(
                "WebAssembly with {passes:?} stops at row {stopped:?}, Rust at {}",
                found.1
            ));
        }
        if columns != found.0 {
            return Some(format!(
                "WebAssembly with {passes:?} leaves {columns:?}, Rust {:?}",
                found.0
            ));
        }
    }
    None
}

#[test]
fn rust_text_does_what_webassembly_does() {
    let long = std::env::var_os("LAYERW_LONG").is_some_and(|value| value == "1");
    let (programs, optimised) = match long {
        true => (10_000, "-C opt-level=2"),
        false => (PROGRAMS, "-C opt-level=0"),
    };
    let (mut rows, mut chunks, mut stopped) = (0, 0, 0);
    for first in (0..programs).step_by(BATCH as usize) {
        let seeds = first..programs.min(first + BATCH);
        let texts: Vec<Text> = seeds.map(Text::of).collect();
        for (text, found) in texts.iter().zip(compiled("all", &texts, optimised)) {
            if let Some(difference) = difference(text, &found) {
                panic!(
                    "program {}: {difference}\n{}\nas Rust:\n{}",
                    text.seed,
                    generator::program(text.seed),
                    text.rust
                );
            }
            match text.params().iter().any(|(_, ty)| ty.contains('[')) {
                true => chunks += 1,
                false => rows += 1,
            }
            stopped += u64::from(found.1 != NOT_STOPPED);
        }
    }
    // The comparison is worth something only if all forms occur.
    assert!(
        rows > programs / 4 && chunks > programs / 20 && stopped > programs / 100,
        "{rows} by rows, {chunks} by chunks, {stopped} stopped"
    );
}

/// What a back end may get wrong: what it ought to write, and what it writes.
const MISTAKES: [(&str, &str); 10] = [
    (" + ", " - "),
    (" * ", " + "),
    (" < ", " > "),
    ("a < b ||", "b < a ||"),
    ("first { a }", "first { b }"),
    (".wrapping_add(", ".wrapping_sub("),
    (" as i32", " as u8 as i32"),
    ("return;", ""),
    ("assert!(v", "assert!(false && v"),
    (".trunc()", ".floor()"),
];

#[test]
fn a_text_that_is_wrong_is_noticed() {
    let texts: Vec<Text> = (0..80).map(Text::of).collect();
    let (mut spoilt, mut kinds) = (Vec::new(), Vec::new());
    for (kind, (right, wrong)) in MISTAKES.iter().enumerate() {
        let with = texts.iter().filter(|text| text.rust.contains(right));
        for text in with.take(8) {
            spoilt.push(Text {
                seed: text.seed,
                rust: text.rust.replace(right, wrong),
            });
            kinds.push(kind);
        }
    }
    let found = compiled("spoilt", &spoilt, "-C opt-level=0");
    let noticed: BTreeSet<usize> = spoilt
        .iter()
        .zip(&found)
        .zip(&kinds)
        .filter(|((text, found), _)| difference(text, found).is_some())
        .map(|(_, kind)| *kind)
        .collect();
    let missed: Vec<_> = (0..MISTAKES.len())
        .filter(|kind| !noticed.contains(kind))
        .map(|kind| MISTAKES[kind])
        .collect();
    assert!(missed.is_empty(), "{missed:?} were not noticed");
}
