//! JavaScript out of checked sources: for the loop of editing and looking, where starting at once matters more than speed.
//!
//! It is made of the typed tree and not by leaving the types out of the source, for two reasons. The numbers of the language are `f32` and whole numbers that wrap, which JavaScript
//! has not: each operation must be rounded (`Math.fround`, `| 0`, `>>> 0`, `Math.imul`, `BigInt.asIntN`), and only types say how. And `positions[i].x` on objects with getters
//! costs an interpreter five times what `positions[2 * i]` on a flat typed array does.
//!
//! ```text
//! function MovementSystem(positions, velocities, length, dt) {
//!   for (let i = 0; i < length; i++) {
//!     positions[2 * i] = Math.fround(positions[2 * i] + Math.fround(velocities[2 * i] * dt));
//! ```
//!
//! - **Columns and resources** are typed arrays over the world's own bytes, one for each kind of number in the component: `bodies_f32`, `bodies_i32`.
//! - **What stops a system** stops it here too, with the same words: rows out of range, whole numbers divided by 0, loops beyond the budget. `$rowAtHand` tells the row.
//! - **One NaN** reaches memory.
//! - **Commands** are calls of an object `$world` that whoever runs the text provides: the entity, the number of the template, and its values in order.
//! - **Functions** that take rows stand within the system that calls them, once for each column that they are called with.
//!
//! This back end shares neither the lowering nor the passes with WebAssembly, so it is also the second opinion by which both are tested.

mod body;
mod expr;
mod names;
mod place;
mod prelude;
mod seen;
mod steps;

#[cfg(test)]
pub(super) use expr::each;

use super::Source;
use super::diagnostic::Lines;
use super::ir::{At, Component, Scalar, layout};
use super::tree::Tree;
use names::Names;
use std::fmt::Write;
use steps::Steps;
pub use steps::{Statement, Variable};

/// A script as JavaScript.
#[derive(Debug, Clone)]
pub struct Text {
    /// A script, not a module: each system is a function of the top level.
    pub text: String,
    /// The systems in written order.
    pub systems: Vec<SystemText>,
    /// The scalars of each template of the manifest in order, packed: what commands are given values of.
    pub templates: Vec<Vec<Scalar>>,
    /// What stands where: in order of line and column of the text.
    pub places: Vec<Place>,
    /// What a debugger can stop at, if the text was made for one: `$pause(number, row)` asks before each whether to, and `$show(values)` tells what can be seen.
    pub statements: Vec<Statement>,
}

/// A system of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemText {
    /// Its name in the manifest.
    pub name: String,
    /// Its function.
    pub function: String,
    /// What the function is given for each parameter of the manifest: names of typed arrays over the same bytes, none where it is a number.
    pub arrays: Vec<Vec<&'static str>>,
}

/// A place of the text with the place of the source that it was made of. All are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line of the text.
    pub line: u32,
    /// Column of the text.
    pub column: u32,
    /// `file.ts:line:column`.
    pub source: String,
}

/// The text of a tree.
fn text(tree: &Tree, sources: &[Source], steps: Option<&Steps>) -> Text {
    let mut names = Names::new([]);
    let systems: Vec<String> = tree
        .systems
        .iter()
        .map(|system| names.declare(&system.name.replace('.', "_")))
        .collect();
    let functions: Vec<String> = tree
        .functions
        .iter()
        .map(|function| names.declare(&function.name))
        .collect();
    let global = systems.iter().chain(&functions).cloned();
    let names = Names::new(global);
    let mut marked = String::new();
    for (number, function) in tree.functions.iter().enumerate() {
        if !body::takes_rows(function) {
            marked.push('\n');
            body::function(tree, &functions, &names, number, steps, &mut marked);
        }
    }
    let mut made = Vec::new();
    for (system, name) in tree.systems.iter().zip(systems) {
        marked.push('\n');
        body::system(tree, &functions, &names, system, &name, steps, &mut marked);
        let arrays =
            system
                .inputs
                .iter()
                .map(|(input, _)| match layout(&tree.components, *input) {
                    None => Vec::new(),
                    Some(layout) => place::kinds(layout)
                        .into_iter()
                        .map(|kind| place::array(kind).0)
                        .collect(),
                });
        made.push(SystemText {
            name: system.name.clone(),
            function: name,
            arrays: arrays.collect(),
        });
    }
    let files: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    let prelude = prelude::text(&marked);
    let head = format!(
        "// Made of {} by layerw; changes are lost.\n\"use strict\";\n{prelude}",
        files.join(", ").replace(char::is_control, "?")
    );
    let (text, places) = settle(head, &marked, sources);
    Text {
        text,
        systems: made,
        templates: tree
            .templates
            .iter()
            .map(|template| scalars(tree, template))
            .collect(),
        places,
        statements: steps.map(Steps::take).unwrap_or_default(),
    }
}

fn scalars(tree: &Tree, template: &[u32]) -> Vec<Scalar> {
    let fields = template
        .iter()
        .flat_map(|number| &tree.components[*number as usize].fields);
    fields
        .flat_map(|field| std::iter::repeat_n(field.scalar, field.count as usize))
        .collect()
}

/// Before what may stop: the number of a place of the source, between two letters that no source holds.
fn mark(at: At) -> String {
    format!("\u{1}{}:{}\u{2}", at.source, at.byte)
}

/// Takes the marks out, and notes where they stood.
fn settle(mut text: String, marked: &str, sources: &[Source]) -> (String, Vec<Place>) {
    let lines: Vec<Lines> = sources
        .iter()
        .map(|source| Lines::new(&source.text))
        .collect();
    let mut places = Vec::new();
    let head = text.lines().count() as u32;
    for (line, piece) in (head + 1..).zip(marked.lines()) {
        let start = text.len();
        let mut rest = piece;
        while let Some((before, after)) = rest.split_once('\u{1}') {
            text.push_str(before);
            let (mark, after) = after.split_once('\u{2}').expect("a mark ends");
            rest = after;
            let numbers = mark.split_once(':');
            let numbers =
                numbers.and_then(|(a, b)| Some((a.parse::<usize>().ok()?, b.parse().ok()?)));
            let (file, byte) = numbers.expect("a mark is two numbers");
            let (in_line, in_column) = lines[file].place(&sources[file].text, byte);
            places.push(Place {
                line,
                column: text[start..].chars().count() as u32 + 1,
                source: format!("{}:{}:{}", sources[file].name, in_line + 1, in_column + 1),
            });
        }
        text.push_str(rest);
        text.push('\n');
    }
    (text, places)
}

/// The name of the array of a kind: that of the parameter, with the kind where the component has several.
fn array_name(layout: &Component, param: &str, kind: Scalar) -> String {
    let several = place::kinds(layout).len() > 1;
    let mut name = param.to_owned();
    if several {
        let _ = write!(name, "_{}", place::array(kind).1);
    }
    name
}

impl super::Program {
    /// The systems as JavaScript, for runtimes that read it and people who want to step through it.
    pub fn js(&self) -> Text {
        text(&self.tree, &self.sources, None)
    }

    /// The same, for a debugger: it can stop before each statement. See [`Text::statements`].
    pub fn js_with_steps(&self) -> Text {
        text(&self.tree, &self.sources, Some(&Steps::new(&self.sources)))
    }
}
