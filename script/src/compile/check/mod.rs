//! From the parser's tree to the checked one: names, types, and a sentence about everything that is outside of the language.

mod calls;
pub mod classes;
mod commands;
mod context;
mod expressions;
mod frame;
mod items;
mod loops;
mod numbers;
mod operators;
mod places;
mod random;
mod registry;
mod statements;
mod systems;

use super::diagnostic::Problem;
use super::tree::Tree;
use oxc_ast::ast::Program;

/// Problems after which the rest of the sources is not looked at: nobody reads more.
const PROBLEMS_MAX: usize = 100;

/// How deep expressions and statements may stand in one another.
const DEPTH_MAX: usize = 200;

/// Checks all sources as one: a name that one of them declares is known in all.
///
/// # Errors
/// Everything that was found, in order of the sources.
pub fn check(programs: &[Program<'_>]) -> Result<Tree, Vec<Problem>> {
    let mut checker = items::Checker::default();
    checker.collect(programs);
    checker.resolve();
    let classes = checker.class_trees();
    let items::Checker {
        tree,
        problems,
        registry,
        notes,
        ..
    } = checker;
    let (registry, notes) = (registry.into_inner(), notes.into_inner());
    match problems.is_empty() {
        true => Ok(Tree {
            components: registry.components,
            templates: registry.templates,
            resources: registry.resources,
            classes,
            notes,
            ..tree
        }),
        false => Err(problems),
    }
}
