//! The compiler: TypeScript in, WebAssembly, Rust and JavaScript out.
//!
//! ```text
//!   sources ──parse──> syntax ──check──> typed tree ──lower──> systems in SSA ──passes──> WebAssembly, Rust text
//!                                             └───────> JavaScript text
//! ```
//!
//! **The language** is TypeScript as far as it can run at full speed over columns. A class with `update` is a system; what its parameters are typed as is what it
//! touches; whether it reads or writes is seen from what it does.
//!
//! ```ts
//! class Health { now: f32; most: f32; }          // a component: fields in order, without padding
//!
//! class Regenerate {                              // a system
//!   update(healths: Health[], dt: number) {       // a column, and the seconds of the step
//!     for (const health of healths) {
//!       health.now = Math.min(health.now + 2 * dt, health.most);
//!     }
//!   }
//! }
//! ```
//!
//! - **Parameters of `update`**: `T[]` is the column of a component, `T` a resource, `number` the seconds of the step, `Context` the step (`dt`, `dt64`, `step`, `seed`). A
//!   column of `Vec2`, `Vec3`, `Vec4` or of plain numbers is named after its parameter: `positions: Vec2[]` is the component `Position`. `Entity[]` are the rows' own
//!   entities, `World` is what commands are given to, `Events<Hit>` the events of
//!   the step before.
//! - **Which entities**: those with all columns; `static with = [A]` and `static without = [B]` of the class narrow them down.
//! - **Commands**: `world.spawn({ positions: { x: 1, y: 2 }, Health: { now: 5, most: 5 } })`, `despawn(entity)`, `insert(entity, { … })`, `remove(entity, Health)` and
//!   `send(Hit, { … })` are recorded and done when no system runs. A key names a component as a parameter does; all fields are given.
//! - **Types**: `number` is `f32`, and each operation is rounded to it (as by `Math.fround`); `f64`, `i32`, `u32`, `i64`, `u64`, `boolean`, `Entity`, which is compared and passed on only. Nothing is converted
//!   unasked: write `f32(n)`, `i32(x)` (towards 0, the nearest there is if out of range, 0 if NaN). A number as written takes the type that its place asks for.
//! - **Resources** keep state. Where the world lacks one whose fields all have initial values (`speed = 3;`), it is made of them. Its arrays (`counts = new Uint32Array(4096)`,
//!   also Int32, Float32, Float64, Uint8) have a fixed length; an index beyond it stops the system. A system that writes a resource and takes rows is called for
//!   one chunk after another, in the world's order.
//! - **The beginning**: `start` of a class runs once, in step 0, before all `update`s of the script, which find what it recorded.
//! - **Operations**: whole numbers wrap; dividing one by 0 stops the system, as does a row that is not there. Comparisons, `Math.min` and `Math.max` treat NaN
//!   and -0 as JavaScript does.
//! - **Statements**: `const`, `let`, `if`, `for`, `for … of` a column, `while`, `do`, `break`, `continue`, `return`, assignments. Functions of the top level take
//!   values and rows; they may not call themselves.
//! - **Loops** end: who goes round more than [`LOOP_BUDGET`] times for one row stops with an error. Loops over the rows cost nothing of it.
//! - **Math**: `sqrt`, `abs`, `floor` and the like are instructions; `sin`, `exp`, `pow`, `hypot` and the like are those of the crate `libm`, as in `layerw::math`, and
//!   cost a call of the host.
//! - **Random numbers** are functions of seed, step, entity and stream: `const random = cx.random(entities[i], 0)`, then `random.unit()`, `range(low, high)`, `below(n)`,
//!   `unit64()`, `bits()`. They are those of `Cx::random` in Rust.
//! - **Left out**: objects, text, exceptions, closures. Each is refused with what to write instead.
//!
//! Everything is deterministic: the same sources give the same bytes, and a module gives the same bits everywhere.

pub mod access;
pub mod assemblyscript;
mod check;
mod diagnostic;
pub mod ir;
pub mod js;
mod lower;
mod parse;
mod passes;
pub mod rust;
mod tree;
mod wasm;

pub use diagnostic::Diagnostic;
use diagnostic::{Lines, Problem};
use oxc_allocator::Allocator;
use std::fmt::Write;
use std::sync::Arc;

/// Rounds that loops may make for one row, beside the loop over the rows itself.
pub const LOOP_BUDGET: i32 = 1 << 24;

/// A file of a script.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name, for messages and maps.
    pub name: String,
    /// What it holds.
    pub text: String,
}

impl Source {
    /// A file out of its parts.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Source {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// A script that was compiled.
#[derive(Debug, Clone)]
pub struct Program {
    sources: Vec<Source>,
    /// Before rows are taken four at a time.
    scalar: ir::Module,
    /// What WebAssembly is made of.
    module: ir::Module,
    facts: Vec<passes::Facts>,
    tree: Arc<tree::Tree>,
}

/// Compiles the files of a script, as one: a name that one of them declares is known in all.
///
/// # Errors
/// What is wrong or outside of the language, each with its place and cure, in order of the files.
pub fn compile(sources: &[Source]) -> Result<Program, Vec<Diagnostic>> {
    compile_with(sources, passes::Passes::default())
}

fn compile_with(sources: &[Source], which: passes::Passes) -> Result<Program, Vec<Diagnostic>> {
    let (mut scalar, tree) = front(sources)?;
    let mut facts = passes::scalar(&mut scalar, which);
    let mut module = scalar.clone();
    passes::vectors(&mut module, &mut facts, which);
    passes::settle(&mut module, which.spoilt);
    Ok(Program {
        sources: sources.to_vec(),
        scalar,
        module,
        facts,
        tree: Arc::new(tree),
    })
}

impl Program {
    /// The module, with its manifest and source map.
    pub fn wasm(&self) -> Vec<u8> {
        self.wasm_within(LOOP_BUDGET)
    }

    /// The module with another budget of rounds than [`LOOP_BUDGET`].
    fn wasm_within(&self, budget: i32) -> Vec<u8> {
        wasm::module(&self.module, &self.facts, &self.sources, budget)
    }

    /// What the module declares.
    pub fn manifest(&self) -> crate::abi::Manifest {
        wasm::manifest(&self.module, &self.facts)
    }

    /// The systems as Rust text.
    ///
    /// # Errors
    /// A name that Rust has not, or a system that has no Rust form.
    pub fn rust(&self) -> Result<String, rust::RustError> {
        let texts: Vec<&str> = self
            .sources
            .iter()
            .map(|source| source.text.as_str())
            .collect();
        rust::text(&self.scalar, &texts)
    }

    /// The systems in the form that the passes work on ([`ir`]).
    pub fn ir_text(&self) -> String {
        self.module.to_string()
    }

    /// The systems.
    pub fn module(&self) -> &ir::Module {
        &self.module
    }

    /// For people: what each system reads and writes, and what became of its loops over rows.
    pub fn report(&self) -> String {
        let mut report = String::new();
        for (system, facts) in self.module.systems.iter().zip(&self.facts) {
            let access = &facts.access;
            let named = |touches: &dyn Fn(usize) -> bool| {
                let names: Vec<&str> = system
                    .inputs
                    .iter()
                    .enumerate()
                    .filter(|(number, _)| touches(*number))
                    .filter_map(|(_, input)| {
                        Some(self.module.components[input.component()?].name.as_str())
                    })
                    .collect();
                match names.is_empty() {
                    true => "nothing".to_owned(),
                    false => names.join(", "),
                }
            };
            let rows = match access.needs_whole_chunks() {
                true => "; takes whole chunks, since a row depends on others",
                false => "",
            };
            let (reads, writes) = (
                named(&|input| access.reads(input)),
                named(&|input| access.writes(input)),
            );
            let _ = writeln!(
                report,
                "{}: reads {reads}; writes {writes}{rows}",
                system.name
            );
            for (number, outcome) in (1..).zip(&facts.loops) {
                let _ = writeln!(report, "  loop {number}: {outcome}");
            }
            if facts.sifted > 0 {
                let (loops, places) = (facts.sifted, passes::PLACES_AT_ONCE);
                let _ = writeln!(
                    report,
                    "  loops that look at {places} places at once for what they do something with: {loops}"
                );
            }
        }
        report
    }
}

/// The parameter of `update` that stands for the column of a component that wraps one value: `positions` for `Position`.
pub(crate) fn column_name(component: &str) -> Option<String> {
    let mut letters = component.chars();
    let first: String = letters.next()?.to_lowercase().collect();
    let single = first + letters.as_str();
    let hissing = ["x", "ss", "ch", "sh"]
        .iter()
        .any(|end| single.ends_with(end));
    let plural = match single.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if hissing => format!("{single}es"),
        None => format!("{single}s"),
    };
    let also = format!("{single}s");
    let mut names = [plural, also, single].into_iter();
    names.find(|name| check::classes::component_name(name) == component)
}

fn front(sources: &[Source]) -> Result<(ir::Module, tree::Tree), Vec<Diagnostic>> {
    let allocator = Allocator::default();
    let mut programs = Vec::new();
    let mut problems = Vec::new();
    for (number, source) in (0..).zip(sources) {
        match parse::parse(number, source, &allocator) {
            Ok(program) => programs.push(program),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(said(problems, sources));
    }
    let names = sources.iter().map(|source| source.name.clone()).collect();
    check::check(&programs)
        .and_then(|tree| Ok((lower::lower(&tree, names)?, tree)))
        .map_err(|problems| said(problems, sources))
}

fn said(problems: Vec<Problem>, sources: &[Source]) -> Vec<Diagnostic> {
    let lines: Vec<Lines> = sources
        .iter()
        .map(|source| Lines::new(&source.text))
        .collect();
    let mut said: Vec<Diagnostic> = problems
        .into_iter()
        .map(|problem| {
            let number = problem.at.source as usize;
            let source = &sources[number];
            let (line, column) = lines[number].place(&source.text, problem.at.byte);
            Diagnostic {
                file: source.name.clone(),
                line: line + 1,
                column: column + 1,
                message: problem.message,
            }
        })
        .collect();
    said.dedup();
    said
}

#[cfg(test)]
mod tests;
