//! What is said of sources outside of the language: the place, and what to write instead.

use super::super::{Source, compile};

/// Statements in a system with a column `xs` of `Vec2`, a column `ns` of `i32` and `dt`; the place of what is wrong is marked by `^` before it.
fn check(statements: &str, message: &str) {
    check_file(
        &format!("class S {{ update(xs: Vec2[], ns: i32[], dt: number) {{\n{statements}\n}} }}"),
        message,
    );
}

fn check_file(text: &str, message: &str) {
    let byte = text
        .find('^')
        .unwrap_or_else(|| panic!("no place is marked in {text}"));
    let line = text[..byte].matches('\n').count() + 1;
    let column = byte - text[..byte].rfind('\n').map_or(0, |start| start + 1) + 1;
    let found = compile(&[Source::new("a.ts", text.replacen('^', "", 1))])
        .err()
        .unwrap_or_default();
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [format!("a.ts:{line}:{column}: {message}")],
        "{text}"
    );
}

#[test]
fn types_that_do_not_fit() {
    check(
        "const n: i32 = ^dt;",
        "this is f32 and should be i32; write i32(…) around it",
    );
    check(
        "const n = ns[0]; const m = dt * ^n;",
        "this is i32 and the left side f32; write f32(…) around this or i32(…) around the left side",
    );
    check(
        "const n: i32 = ^1.5;",
        "1.5 is no i32; write f32(1.5) or give what it is combined with another type",
    );
    check(
        "if (^dt) { }",
        "this is f32 and should be a boolean; compare it: `x !== 0`",
    );
    check(
        "const n = ns[^dt];",
        "a row is named by a whole number and this is f32; declare the variable `: i32`, or write i32(…)",
    );
    check(
        "const a = ^dt % 2;",
        "% takes whole numbers; for others write a - Math.trunc(a / b) * b",
    );
    check(
        "const a = Math.sqrt(^ns[0]);",
        "`Math.sqrt` takes f32 or f64 and this is i32; write f32(…) around it",
    );
    check(
        "const a = ^ns[0] >>> 2;",
        "`>>>` takes numbers without sign; write u32(…) around both sides",
    );
}

#[test]
fn names_that_are_not_known() {
    check(
        "const a = ^speed;",
        "`speed` is not known; declare it above, or look for a slip of the pen",
    );
    check("xs[0].^z = 1;", "`Vec2` has no field `z`; it has x, y");
    check("^dx = 1;", "`dx` is not known; declare it: `let dx = …`");
    check(
        "const a = ^Math.clz32(dt);",
        "there is no `Math.clz32`; the language has abs, sqrt, floor, ceil, trunc, round, sign, min, max, fround, sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, exp, log, log2, log10, cbrt, pow and hypot",
    );
    check(
        "const a = ^hyp(dt);",
        "there is no function `hyp`; declare it at the top level",
    );
    check("^continue;", "there is no such loop around this");
    check_file(
        "class S { update(xs: ^Vec5[]) { } }",
        "there is no type `Vec5`; known are number (f32), f64, i32, u32, i64, u64, boolean, Entity, Vec2, Vec3, Vec4 and classes with fields",
    );
}

#[test]
fn what_is_not_in_the_language() {
    check(
        "const a = ^'text';",
        "text is not in the language; use numbers and booleans",
    );
    check(
        "const a = ^[1, 2];",
        "an array is not in the language; use columns, or variables of their own",
    );
    check(
        "const f = ^(a: number) => a;",
        "a function as a value is not in the language; declare it at the top level and call it by name",
    );
    check(
        "^switch (dt) { }",
        "`switch` is not in the language; write `if … else if …`",
    );
    check(
        "^try { } catch { }",
        "an exception is not in the language; write what happened into a component",
    );
    check(
        "const a = ^this;",
        "`this` is not in the language; a system keeps nothing: use parameters, and constants of the top level",
    );
    check(
        "const a = dt ^as i32;".replace("dt ^as", "^dt as").as_str(),
        "a type assertion is not in the language; convert by i32(…), u32(…), f32(…) or f64(…)",
    );
    check(
        "const p = xs[0]; ^p = xs[1];",
        "`p` itself cannot be changed; change its numbers: `p.x = …`",
    );
    check(
        "const k = 1; ^k = 2;",
        "`k` is a constant; declare it by `let` to change it",
    );
    check(
        "const q = ^xs;",
        "`xs` is a column; use a row of it: `xs[i]`",
    );
    check("^dt + 1;", "this does nothing; assign it, or leave it out");
    check("^var a = 1;", "write `let` or `const`");
    check("let ^a: number;", "`a` needs a value: `let a = 0`");
    check(
        "^return 1;".replace("^return 1", "return ^1").as_str(),
        "nothing is given back here; say the type of the function's result (`: number`), or write to a row",
    );
    check_file(
        "^let state = 0;",
        "a variable outside of a system would be shared by all workers; make it `const`, or put it into a resource",
    );
    check_file(
        "class S { ^count: number; update(xs: f32[]) { } }",
        "a system runs on many workers at once and keeps nothing; put this into a component or a resource",
    );
    check_file(
        "class ^C { a: f32; b: f64; } class S { update(cs: C[]) { } }"
            .replace("class ^C", "class C")
            .replace("(cs", "(^cs")
            .as_str(),
        "component `C` would have padding at byte 4; order its fields from large to small (f64, then f32, i32 and u32, then boolean) and fill up with fields of your own",
    );
    check_file(
        "class S { update(xs: f32[], dt: number, ^speed: number) { } }",
        "`speed` is the second plain number; a system takes one, the seconds of the step: put others into a resource",
    );
    check_file(
        "import { x } from 'lodash';"
            .replace("import", "^import")
            .as_str(),
        "nothing can be imported from \"lodash\"; only from \"layerw\" and from files of this script",
    );
    check_file(
        "class A { ^b: B; } class B { a: A; }"
            .replace("^b", "b")
            .replace("class A", "^class A")
            .as_str(),
        "`A` holds itself; name an entity instead of holding it",
    );
}

#[test]
fn calls_in_a_circle() {
    check_file(
        "function f(a: number): number { return g(a); } function g(a: number): number { return ^f(a); }
         class S { update(xs: f32[]) { for (let i = 0; i < xs.length; i++) { xs[i] = f(xs[i]); } } }",
        "`f` calls itself, directly or through others; write a loop",
    );
    check_file(
        "^function f(a: number): number { if (a > 1) { return 1; } }",
        "`f` can reach its end without `return`; give a value on every way",
    );
}

#[test]
fn each_statement_has_its_own_say() {
    let text = "class S { update(xs: f32[]) {\n  const a = b;\n  const c = 'd';\n} }";
    let found = compile(&[Source::new("a.ts", text)]).unwrap_err();
    let places: Vec<_> = found.iter().map(|one| (one.line, one.column)).collect();
    assert_eq!(places, [(2, 13), (3, 13)]);
}

#[test]
fn the_file_is_named() {
    let sources = [
        Source::new("one.ts", "const A = 1;"),
        Source::new("two.ts", "class {\n"),
    ];
    let found = compile(&sources).unwrap_err();
    assert!(found[0].to_string().starts_with("two.ts:"), "{}", found[0]);
}

#[test]
fn commands_that_are_not_whole() {
    let system = |statements: &str| {
        format!(
            "class Health {{ now: f32; most: f32; }} class Dead {{ }} class Home {{ of: Entity; }}\n\
             class S {{ update(entities: Entity[], xs: Vec2[], n: number, world: World) {{ for (let i = 0; i < xs.length; i++) {{\n{statements}\n}} }} }}"
        )
    };
    let check = |statements: &str, message: &str| check_file(&system(statements), message);
    check(
        "world.spawn({ Health: ^{ now: 1 } });",
        "`Health` needs all its fields here, and `most` is missing",
    );
    check(
        "world.spawn({ Health: { now: 1, most: 2, ^least: 3 } });",
        "`Health` has no field `least`; it has now, most",
    );
    check(
        "world.spawn({ xs: { x: 1, y: 2 }, ^X: { x: 1, y: 2 } });",
        "`X` is a component that stands here already",
    );
    check(
        "world.spawn({ ^xs: { x: 1, y: 2, z: 3 } });",
        "`component X { 0: f32 x3 }` is declared elsewhere as `component X { 0: f32 x2 }`; they must be the same",
    );
    check(
        "world.insert(^n, { Dead: {} });",
        "this is f32 and should be Entity; an entity is compared and passed on, and nothing else",
    );
    check(
        "world.remove(entities[i], ^Gone);",
        "`Gone` is no class of a component; name one, or write the name of a column in quotes: \"positions\"",
    );
    check(
        "^world.despawn();",
        "this command is written `world.despawn(entity)`",
    );
    check(
        "world.^clear();",
        "the world has no `clear`; it has spawn, despawn, insert, remove and send",
    );
    check(
        "const e = ^world.despawn(entities[i]);",
        "a command gives nothing back; it stands as a statement of its own",
    );
    check(
        "^entities[i] = entities[0];",
        "the rows' own entities cannot be changed; despawn one, or write to a field of a component",
    );
    check(
        "if (^entities[i] < entities[0]) { }",
        "entities have no order; compare them by === and !==",
    );
    check(
        "const n = i32(^entities[i]);",
        "an entity is no number; its bits are u64(entity), and there is no way back",
    );
    check_file(
        "class D { } class S { static without = [D]; ^update(dt: number) { } }"
            .replace("^update(", "update^(")
            .as_str(),
        "`S` says which entities it is for and takes no column; take one, or `entities: Entity[]`",
    );
}

#[test]
fn fields_and_arrays_that_are_wrong() {
    let system = "class S { update(grid: Grid, ns: i32[]) { for (let i = 0; i < ns.length; i++) { grid.a[0] = 1; } } }";
    let check = |fields: &str, message: &str| {
        check_file(&format!("class Grid {{ {fields} }}\n{system}"), message);
    };
    check(
        "^a = new Float32Array(0);",
        "`a` has 0 elements; a whole number from 1 to 2097152 is possible",
    );
    check(
        "^a = new Float32Array();",
        "write its length: `a = new Float32Array(4096);`",
    );
    check(
        "a = new Float32Array(^SIZE);",
        "`SIZE` is no constant number of the top level",
    );
    check(
        "n: i32 = ^1.5; a = new Float32Array(1);",
        "1.5 is no i32; write f32(1.5) or give what it is combined with another type",
    );
    check(
        "a = new Uint32Array(2); on: boolean = ^1;",
        "this should be true or false",
    );
    check_file(
        "class Grid { a = new Float32Array(4); } class S { update(^grids: Grid[]) { } }",
        "`Grid` has an array in it, so it is a resource and no component of entities",
    );
    check_file(
        "class Grid { a = new Float32Array(4); } class S { update(grid: Grid) { grid.a[^grid.a[0]] = 1; } }",
        "an element is named by a whole number and this is f32; declare the variable `: i32`, or write i32(…)",
    );
    check_file(
        "class Grid { a = new Float32Array(4); } class S { update(grid: Grid) { ^grid.a = 1; } }",
        "this is a whole array; use its elements one by one: `[i]`",
    );
    check_file(
        "class Grid { a = new Float32Array(4); } class S { update(grid: Grid) { grid.a.^fill = 1; } }",
        "this is an array and has no `fill`; it has `length` and elements: `[i]`",
    );
}

#[test]
fn random_numbers_have_a_name_and_a_key() {
    let check = |statements: &str, message: &str| {
        check_file(
            &format!("class S {{ update(xs: f32[], cx: Context) {{\n{statements}\n}} }}"),
            message,
        );
    };
    check(
        "const a = ^cx.random(1).unit();",
        "only functions of the top level, Math and conversions can be called",
    );
    check(
        "let a = 1; a = ^cx.random(1);",
        "give random numbers a name first: `const random = cx.random(entity, 0)`, then `random.unit()`",
    );
    check(
        "let ^r = cx.random(1);",
        "`r` names random numbers and cannot be changed to others; write `const`",
    );
    check(
        "const r = ^cx.random();",
        "name an entity and a stream, or a stream: `cx.random(entities[i], 0)`",
    );
    check(
        "const r = cx.random(^xs[0]);",
        "this is f32 and should be an entity or a whole number",
    );
    check(
        "const r = cx.random(1); const a = ^r;",
        "`r` is a source of random numbers; draw one: `r.unit()`",
    );
    check(
        "const r = cx.random(1); const a = ^r.gauss();",
        "there is no `gauss` of random numbers; there are unit, unit64, range, below and bits",
    );
    check(
        "const a = ^Math.random();",
        "there is no `Math.random`; it would differ from run to run; write `const random = cx.random(entity, 0)` and `random.unit()`",
    );
}

#[test]
fn events_are_only_read() {
    let check = |statements: &str, message: &str| {
        check_file(
            &format!(
                "class Hit {{ damage: f32; }} class S {{ update(hits: Events<Hit>) {{\n{statements}\n}} }}"
            ),
            message,
        );
    };
    check(
        "for (const hit of hits) { ^hit.damage = 1; }",
        "an event is only read; write to a field of a component or resource",
    );
    check(
        "const all = ^hits;",
        "`hits` are events; go over them: `for (const event of hits)`",
    );
    check_file(
        "class S { update(^hits: Events<f32>) { } }",
        "events are of a class: `hits: Events<Hit>`",
    );
}
