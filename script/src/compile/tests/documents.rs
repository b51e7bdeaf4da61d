//! What stands in documents and in the typings for editors is what the compiler knows.

use super::program;
use oxc_allocator::Allocator;
use oxc_ast::ast::{Declaration, Statement};
use oxc_parser::Parser;
use oxc_span::SourceType;

#[test]
fn the_first_program_of_the_page_compiles() {
    let page = include_str!("../../../../docs/scripts.md");
    let blocks: Vec<&str> = page.split("```ts\n").skip(1).collect();
    let text = blocks[0].split("```").next().expect("a block ends");
    let report = program(text).report();
    assert!(
        report.contains("Bounce: reads ") && report.contains("writes Position, Health, Room"),
        "{report}"
    );
}

#[test]
fn the_typings_name_what_the_language_has() {
    let typings = include_str!("../../../types/layerw.d.ts");
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, typings, SourceType::d_ts()).parse();
    let problems = parsed.diagnostics.len();
    assert_eq!(problems, 0, "{:?}", parsed.diagnostics);
    let mut names = Vec::new();
    for statement in &parsed.program.body {
        let name = match statement {
            Statement::TSTypeAliasDeclaration(one) => Some(one.id.name.as_str()),
            Statement::ClassDeclaration(one) => one.id.as_ref().map(|id| id.name.as_str()),
            Statement::FunctionDeclaration(one) => one.id.as_ref().map(|id| id.name.as_str()),
            other => panic!(
                "{:?} is no declaration",
                other.as_declaration().map(Declaration::is_type)
            ),
        };
        names.extend(name);
    }
    for wanted in [
        "f32", "f64", "i32", "u32", "i64", "u64", "Vec2", "Vec3", "Vec4", "Entity", "Context",
        "World", "Events", "Random",
    ] {
        assert!(names.contains(&wanted), "{wanted} is not in {names:?}");
    }
}
