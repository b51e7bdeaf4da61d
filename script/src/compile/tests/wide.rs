//! Random programs that use all of the language, also what Rust text has no form for; and that they do.

use super::generator::{self, Random};
use super::runner::{COMMANDS, Column};
use super::{looks, program};
use crate::compile::ir::{Index, Op};
use crate::compile::tree::{Base, Draw, Expr, Function, Kind, Param, Stmt};
use crate::compile::{Source, compile, js};
use std::collections::BTreeMap;

/// What programs may use beside what they are made of.
const AROUND: &str = "
const SIZE = 8;
const HALF: f64 = 0.5;
class Hit { by: f32; n: i32; }
class Trace { kept: u64 = 7; on: u32 = 1; rest: i32 = -1; }
class Tally { wide: f64 = 0; deep: i64 = 0; sums = new Int32Array(SIZE); parts = new Float32Array(4); bytes = new Uint8Array(8); }
function push(p: Vec2, by: number) { p.x += by; p.y -= by * 0.5; }
function swap(b: B): i32 { const n = b.n; b.n = b.m; b.m = n; return n; }
function climb(from: i32): i32 { let n = from; for (let k = 0; k < 3; k++) { if (n > 100) break; n += k; } return n; }
";

/// Statements of which some stand in the loop over the rows; `#` makes their names their own.
const PIECES: [&str; 33] = [
    "let w# = i32(0); while (w# < 3) { w# += 1; if (xs[i] > 4) continue; xs[i] += 0.25; }",
    "let d# = i32(0); do { d# += 1; if (ns[i] > 3) continue; ns[i] += 1; } while (d# < 3);",
    "for (let g# = i32(6); g# > 0; g# -= 2) { if (ns[i] === 2) continue; ns[i] ^= g#; }",
    "for (let g#: i32 = 0; g# < 3; bs[i].n += 1) { g# += 1; if (xs[i] < 0) continue; xs[i] -= 1; }",
    "outer#: for (let a# = 0; a# < 3; a#++) { for (let b# = 0; b# < 3; b#++) { if (ns[i] > b#) continue outer#; if (xs[i] > 9) break outer#; ns[i] += a#; } }",
    "for (let k# = ns[i] & 3; k# < SIZE; k#++) { t.sums[k#] += ns[i]; }",
    "for (const part of t.parts) { xs[i] += part; }",
    "t.sums[ns[i] & 7] = bs[i].n; t.bytes[i & 3] = u32(bs[i].m);",
    "t.parts[ns[i] & 5] += xs[i];",
    "t.wide += f64(xs[i]) * HALF; t.deep -= i64(ns[i]);",
    "bs[i].m = i32(((i64(bs[i].n) * i64(ns[i])) >> i64(7)) ^ i64(xs[i]));",
    "bs[i].u = u32((u64(bs[i].u) * u64(bs[i].u) + u64(xs[i])) >> u64(9)) & 255;",
    "xs[i] = f32(i64(bs[i].n) * i64(bs[i].m) * i64(1000003) * i64(ns[i]));",
    "xs[i] = f32(u64(bs[i].n) - u64(3)); ts[i].x = f32(f64(u64(bs[i].m)));",
    "if (bs[i].m !== 0) { ns[i] = i32(i64(bs[i].n) / i64(bs[i].m)); ns[i] += bs[i].n % bs[i].m; }",
    "bs[i].u = (bs[i].u / ((bs[i].u & 7) + 1)) % 100;",
    "xs[i] = f32(f64(xs[i]) * f64(ps[i].x) / 3 + Math.sqrt(Math.abs(f64(ws[i].x))));",
    "ns[i] = (ns[i] << (bs[i].n & 31)) >> 3; bs[i].u = bs[i].u >>> 2; bs[i].m = ns[i] >> bs[i].m;",
    "push(ps[i], xs[i]); push(qs[i], 0.5); ns[i] += swap(bs[i]);",
    "const b# = bs[i]; b#.f += 1; b#.n = climb(b#.n); const on# = b#.n > 3; xs[i] += f32(on#) + (on# === (b#.m < 2) ? 1 : 0);",
    "if (ns[i] === 1234567) return;",
    "const r# = cx.random(ns[i], 3); xs[i] += r#.unit() + r#.range(-1, xs[i]); bs[i].u = r#.below(10) + u32(r#.bits() & u64(3)); ts[i].y = f32(r#.unit64());",
    "xs[i] = Math.sin(xs[i]) + Math.atan2(ps[i].x, 2); ts[i].z = f32(Math.exp(f64(ts[i].x) * 0.001)); qs[i].x = Math.pow(Math.abs(qs[i].x), 0.5);",
    "if (ns[i] > 2 || (xs[i] < 1 && !(ps[i].x > 0))) { xs[i] = -xs[i]; } else if (Math.abs(ns[i]) === 2) ns[i] = ~ns[i];",
    "xs[i] = Math.round(xs[i] * 2) + Math.sign(ps[i].x) + f32(Math.min(ns[i], 3)) + f32(Math.max(bs[i].u, 3)) + f32(cx.step) + f32(cx.dt64);",
    "if (i + 1 < xs.length) { xs[i] += xs[i + 1] * f32(xs.length); }",
    "for (const hit of hits) { xs[i] += hit.by; if (hit.n > 2) ns[i] ^= hit.n; }",
    "if (hits.length > 2) { xs[i] -= hits[2].by; } else if (ns[i] === 7) xs[i] += hits[ns[i] & 3].by;",
    "world.send(Hit, { by: xs[i] / ps[i].x, n: ns[i] });",
    "if (xs[i] > 3) world.despawn(entities[i]); else world.remove(entities[i], Trace, \"ns\");",
    "world.insert(entities[i], { B: { f: 1, n: ns[i], g: xs[i], u: bs[i].u, h: -xs[i], m: 3 }, qs: ps[i] });",
    "if (entities[i] !== entities[0]) world.spawn({ xs: xs[i] * 2, Trace: { kept: u64(entities[i]) } }); else world.spawn({ ts: { x: 1, y: xs[i], z: 0 }, Trace: {} });",
    "LOOK",
];

/// A program out of a seed; its one system is `S`.
pub fn program_of(seed: u64) -> String {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x51DE);
    let mut pieces = String::new();
    pieces.push_str(&looks::text(&mut random).replace('#', "_look"));
    for number in 0..3 + random.below(4) {
        let piece = PIECES[random.below(PIECES.len())];
        let piece = match piece {
            "LOOK" => looks::text(&mut random),
            piece => piece.to_owned(),
        };
        pieces.push_str(&piece.replace('#', &format!("_{number}")));
        pieces.push('\n');
    }
    around(seed, &pieces)
}

fn around(seed: u64, pieces: &str) -> String {
    let head = "for (let i = 0; i < xs.length; i++) {\n";
    generator::program(seed)
        .replace(head, &format!("{head}{pieces}"))
        .replace(
            "r: R, dt: number",
            "r: R, t: Tally, near: Near, hits: Events<Hit>, entities: Entity[], world: World, dt: number, cx: Context",
        )
        + &around_text()
}

/// What each program ends with.
pub fn around_text() -> String {
    format!("{AROUND}{}", looks::AROUND)
}

/// Its columns.
pub fn columns(seed: u64) -> (usize, Vec<Column<'static>>) {
    let (rows, mut columns) = generator::columns(seed);
    columns.push(("Tally", vec![1; 72]));
    columns.push(("Near", looks::near(seed)));
    let hits: Vec<u32> = (0..seed % 4)
        .flat_map(|hit| [(hit as f32 - 1.5).to_bits(), 3 * hit as u32])
        .collect();
    columns.push(("Hit", bytemuck::cast_slice(&hits).to_vec()));
    let entities: Vec<u64> = (0..rows as u64).map(|row| row | 5 << 32).collect();
    columns.push(("Entity", bytemuck::cast_slice(&entities).to_vec()));
    columns.push((COMMANDS, Vec::new()));
    (rows, columns)
}

/// The constructs of the tree, each with whether a program used it.
const CONSTRUCTS: [&str; 49] = [
    "spawn",
    "despawn",
    "insert",
    "remove",
    "send",
    "load from an event",
    "store to a resource",
    "store to an array",
    "loop that is sifted",
    "set",
    "alias",
    "store",
    "if",
    "count",
    "loop with a test",
    "loop until",
    "loop with an update",
    "break",
    "continue",
    "return of a system",
    "return of a value",
    "call for what it does",
    "const",
    "local",
    "global",
    "load",
    "load from an array",
    "length",
    "input",
    "unary",
    "hosted unary",
    "binary",
    "hosted binary",
    "compare",
    "and",
    "or",
    "choose",
    "convert",
    "round",
    "sign",
    "abs of a whole number",
    "min of whole numbers",
    "max of whole numbers",
    "keyed",
    "draw",
    "call",
    "call with a row",
    "row that is looked for",
    "value function",
];

fn statement_name(statement: &Stmt) -> Vec<&'static str> {
    vec![match statement {
        Stmt::Set(..) => "set",
        Stmt::Alias(..) => "alias",
        Stmt::Store(access, ..) if access.element.item.is_some() => "store to an array",
        Stmt::Store(..) => "store",
        Stmt::If(..) => "if",
        Stmt::Count(_) => "count",
        Stmt::Loop(general) if general.until.is_some() => "loop until",
        Stmt::Loop(general) if !general.update.is_empty() => "loop with an update",
        Stmt::Loop(_) => "loop with a test",
        Stmt::Break(_) => "break",
        Stmt::Continue(_) => "continue",
        Stmt::Return(None) => "return of a system",
        Stmt::Return(Some(_)) => "return of a value",
        Stmt::Call(_) => "call for what it does",
        Stmt::Command(command) => command.act.name(),
    }]
}

fn kind_name(expr: &Expr) -> &'static str {
    match &expr.kind {
        Kind::Const(_) => "const",
        Kind::Local(_) => "local",
        Kind::Global(_) => "global",
        Kind::Load(access) if matches!(access.element.base, Base::Event(..)) => {
            "load from an event"
        }
        Kind::Load(access) if access.element.item.is_some() => "load from an array",
        Kind::Load(_) => "load",
        Kind::Length => "length",
        Kind::Input(_) => "input",
        Kind::Unary(op, _) if op.is_hosts() => "hosted unary",
        Kind::Unary(..) => "unary",
        Kind::Binary(op, ..) if op.is_hosts() => "hosted binary",
        Kind::Binary(..) => "binary",
        Kind::Compare(..) => "compare",
        Kind::And(..) => "and",
        Kind::Or(..) => "or",
        Kind::Choose(..) => "choose",
        Kind::Convert(_) => "convert",
        Kind::Round(_) => "round",
        Kind::Sign(_) => "sign",
        Kind::AbsInt(_) => "abs of a whole number",
        Kind::MinInt(..) => "min of whole numbers",
        Kind::MaxInt(..) => "max of whole numbers",
        Kind::Keyed(_) => "keyed",
        Kind::Draw(draw, ..) => match draw {
            Draw::Bits | Draw::Unit | Draw::Unit64 | Draw::Range | Draw::Below => "draw",
        },
        Kind::Call(_, args) => {
            let row = |arg: &crate::compile::tree::Arg| {
                matches!(arg, crate::compile::tree::Arg::Element(_))
            };
            match args.iter().any(row) {
                true => "call with a row",
                false => "call",
            }
        }
    }
}

fn statements<'t>(body: &'t [Stmt], f: &mut dyn FnMut(&'t Stmt)) {
    for statement in body {
        f(statement);
        match statement {
            Stmt::If(_, then, otherwise, _) => {
                statements(then, f);
                statements(otherwise, f);
            }
            Stmt::Count(counted) => statements(&counted.body, f),
            Stmt::Loop(general) => {
                statements(&general.body, f);
                statements(&general.update, f);
            }
            _ => {}
        }
    }
}

#[test]
fn every_piece_is_in_the_language() {
    let mut refused = Vec::new();
    let mut random = Random(1);
    let looks = (0..50).map(|_| looks::text(&mut random));
    let pieces = PIECES.into_iter().filter(|piece| *piece != "LOOK");
    for piece in pieces.map(str::to_owned).chain(looks) {
        let text = around(1, &piece.replace('#', "_0"));
        if let Err(problems) = compile(&[Source::new("test.ts", text)]) {
            refused.extend(
                problems
                    .into_iter()
                    .map(|problem| format!("{piece}: {problem}")),
            );
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn every_construct_of_the_language_is_generated() {
    let mut found: BTreeMap<&str, u32> = CONSTRUCTS.iter().map(|name| (*name, 0)).collect();
    for seed in 0..200 {
        let script = program(&program_of(seed));
        let tree = &script.tree;
        let bodies = tree.systems.iter().map(|system| &system.body);
        let functions = tree.functions.iter();
        for body in bodies.chain(functions.map(|function| &function.body)) {
            let mut note =
                |name: &str| *found.get_mut(name).unwrap_or_else(|| panic!("{name}")) += 1;
            statements(body, &mut |statement| {
                statement_name(statement).into_iter().for_each(&mut note);
            });
            js::each(body, &mut |expr| note(kind_name(expr)));
        }
        let takes_values = |function: &Function| {
            let value = |param: &Param| matches!(param, Param::Value(_));
            function.params.iter().all(value)
        };
        let text = script.js().text;
        let values = tree.functions.iter().any(takes_values);
        *found.entry("value function").or_default() += u32::from(values);
        let mut stores = 0;
        script.scalar.systems[0].body.walk(&mut |inst| {
            stores += u32::from(
                matches!(&inst.op, Op::Store(place, _) if matches!(place.index, Index::Only(_))),
            );
        });
        *found.entry("store to a resource").or_default() += stores;
        let sifted: usize = script.facts.iter().map(|facts| facts.sifted).sum();
        *found.entry("loop that is sifted").or_default() += sifted as u32;
        *found.entry("row that is looked for").or_default() += u32::from(text.contains("$at("));
    }
    for (construct, count) in &found {
        println!("{count:>6}  {construct}");
    }
    let never: Vec<_> = found.iter().filter(|(_, count)| **count == 0).collect();
    assert!(
        never.is_empty(),
        "never generated in 200 programs: {never:?}"
    );
}
