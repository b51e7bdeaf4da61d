//! What statements and expressions mean.

use super::javascript::both;
use super::runner::{Step, bytes, numbers};
use super::{FORMS, program, program_with};

/// Runs statements for each `v` of a column of `f32`, with `i`, `dt`, and `a`, a row of a component `A` with a field of each type; gives the column afterwards.
fn check(statements: &str, before: &[f32], after: &[f32]) {
    check_with("", statements, before, after);
}

fn check_with(items: &str, statements: &str, before: &[f32], after: &[f32]) {
    let text = format!(
        "class A {{ d: f64; l: i64; m: u64; f: f32; n: i32; u: u32; on: boolean; p0: boolean; p1: boolean; p2: boolean; }}
         {items}
         class S {{ update(vs: f32[], as: A[], dt: number, cx: Context) {{
           for (let i = 0; i < vs.length; i++) {{ const a = as[i]; {statements} }} }} }}"
    );
    // Three times, so that rows are taken four at a time and some remain.
    let rows = 3 * before.len();
    for passes in FORMS {
        let program = program_with(&text, passes);
        let mut columns = [("V", bytes(before).repeat(3)), ("A", vec![0; rows * 40])];
        both(&program, "S", rows, &mut columns, Step::default())
            .unwrap_or_else(|trap| panic!("{trap:?} in {text}"));
        let found: Vec<f32> = numbers(&columns[0].1);
        // Of all NaNs only this one reaches memory.
        let one = |of: f32| if of.is_nan() { NAN } else { of };
        let same = |(a, b): (&f32, &f32)| a.to_bits() == one(*b).to_bits();
        assert!(
            found.iter().zip(after.repeat(3).iter()).all(same),
            "{found:?} and not three times {after:?} of {statements}\n{}",
            program.ir_text()
        );
    }
}

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

#[test]
fn arithmetic_is_rounded_to_f32() {
    let all = [1.5, -0.0, 1e38, 0.1];
    check("vs[i] = vs[i] + 0.1", &all, &all.map(|v| v + 0.1));
    check(
        "vs[i] = vs[i] * vs[i] - vs[i] / 3",
        &all,
        &all.map(|v| v * v - v / 3.0),
    );
    check("vs[i] = -vs[i]", &all, &all.map(|v| -v));
    check(
        "vs[i] += 1; vs[i] -= dt; vs[i] *= 3; vs[i] /= 7; vs[i]++; vs[i]--",
        &all,
        &all.map(|v| ((v + 1.0 - 0.5) * 3.0) / 7.0 + 1.0 - 1.0),
    );
    check("vs[i] = 1 / 0", &[0.0], &[INF]);
    check("vs[i] = 0 / 0", &[0.0], &[NAN]);
    check(
        "vs[i] = f32(f64(vs[i]) + 0.1)",
        &[0.1],
        &[(f64::from(0.1f32) + 0.1) as f32],
    );
    check(
        "const third: f64 = 1 / 3; vs[i] = f32(third * f64(vs[i]))",
        &[3.0],
        &[(1.0 / 3.0 * 3.0) as f32],
    );
}

#[test]
fn whole_numbers_wrap_and_divide_towards_zero() {
    check(
        "let n: i32 = 2147483647; n++; vs[i] = f32(n)",
        &[0.0],
        &[-2147483648.0],
    );
    check(
        "let n: i32 = -2147483648; n = n / -1; vs[i] = f32(n)",
        &[0.0],
        &[-2147483648.0],
    );
    check(
        "let n = i32(vs[i]); vs[i] = f32(n / 2) * 100 + f32(n % 2)",
        &[7.0, -7.0],
        &[301.0, -301.0],
    );
    check(
        "let n: u32 = 0; n -= 1; vs[i] = f32(n >> 31) + f32(n / 2147483648)",
        &[0.0],
        &[2.0],
    );
    check(
        "const n: i32 = -8; vs[i] = f32(n >> 1) + f32(n << 2) + f32(n & 6) + f32(n | 1) + f32(n ^ 3) + f32(~n)",
        &[0.0],
        &[-4.0 - 32.0 + 0.0 - 7.0 - 5.0 + 7.0],
    );
    check(
        "const n: i64 = 3000000000; vs[i] = f32(n * n / n % 7)",
        &[0.0],
        &[(3_000_000_000i64 % 7) as f32],
    );
    check(
        "vs[i] = f32(i32(vs[i]))",
        &[1.9, -1.9, 1e20, -1e20, NAN],
        &[1.0, -1.0, 2147483648.0, -2147483648.0, 0.0],
    );
    check(
        "vs[i] = f32(u32(vs[i]))",
        &[1.9, -1.9, 1e20, NAN],
        &[1.0, 0.0, 4294967296.0, 0.0],
    );
    check(
        "vs[i] = f32(Math.abs(i32(vs[i]))) + f32(Math.min(i32(vs[i]), 2, 5)) + f32(Math.max(i32(vs[i]), -1))",
        &[-3.0],
        &[3.0 - 3.0 - 1.0],
    );
}

#[test]
fn math_is_what_javascript_says() {
    let all = [2.25, -2.5, -0.2, 0.49999997, 2.5, -0.0, NAN, INF];
    check("vs[i] = Math.sqrt(vs[i])", &all, &all.map(f32::sqrt));
    check("vs[i] = Math.floor(vs[i])", &all, &all.map(f32::floor));
    check("vs[i] = Math.ceil(vs[i])", &all, &all.map(f32::ceil));
    check("vs[i] = Math.trunc(vs[i])", &all, &all.map(f32::trunc));
    check("vs[i] = Math.abs(vs[i])", &all, &all.map(f32::abs));
    check(
        "vs[i] = Math.round(vs[i])",
        &all,
        &[2.0, -2.0, -0.0, 0.0, 3.0, -0.0, NAN, INF],
    );
    check(
        "vs[i] = Math.sign(vs[i])",
        &all,
        &[1.0, -1.0, -1.0, 1.0, 1.0, -0.0, NAN, 1.0],
    );
    check(
        "vs[i] = Math.min(vs[i], 0)",
        &[1.0, -0.0, NAN],
        &[0.0, -0.0, NAN],
    );
    check(
        "vs[i] = Math.max(-0.0, vs[i], 1)",
        &[3.0, -5.0, NAN],
        &[3.0, 1.0, NAN],
    );
    check(
        "vs[i] = Math.PI * vs[i]",
        &[2.0],
        &[std::f64::consts::PI as f32 * 2.0],
    );
}

#[test]
fn conditions() {
    check(
        "if (vs[i] > 1) vs[i] = 10; else if (vs[i] < -1) { vs[i] = 20; } else { vs[i] += 0.5; }",
        &[2.0, -2.0, 0.0, NAN],
        &[10.0, 20.0, 0.5, NAN],
    );
    check(
        "vs[i] = vs[i] > 0 && vs[i] < 5 || vs[i] === -7 ? 1 : 2",
        &[3.0, 6.0, -7.0, NAN],
        &[1.0, 2.0, 1.0, 2.0],
    );
    check(
        "vs[i] = !(vs[i] >= 0) ? 1 : 2",
        &[1.0, -1.0, NAN],
        &[2.0, 1.0, 1.0],
    );
    check(
        "const on = vs[i] != vs[i]; a.on = on; if (a.on) vs[i] = 5",
        &[1.0, NAN],
        &[1.0, 5.0],
    );
    check(
        "let x = 1; let y = 2; if (vs[i] > 0) { x = 3; } else { y = 4; } vs[i] = x * 10 + y",
        &[1.0, -1.0],
        &[32.0, 14.0],
    );
    check(
        "vs[i] = f32(u32(vs[i]) < 3000000000) + f32(i32(vs[i]) < -1)",
        &[5.0],
        &[1.0],
    );
    check(
        "vs[i] = f32((vs[i] > 1) === (vs[i] > 2))",
        &[0.0, 1.5, 3.0],
        &[1.0, 0.0, 1.0],
    );
}

#[test]
fn a_loop_counts_from_a_constant_in_whole_numbers() {
    for from in ["FROM", "-FROM", "FROM - 1", "2 * (FROM + HERE)"] {
        let value = match from {
            "FROM" => 3,
            "-FROM" => -3,
            "FROM - 1" => 2,
            _ => 2 * (3 + 1),
        };
        check_with(
            "const FROM = 3;",
            &format!(
                "const HERE = 1; let n: i32 = 0; for (let k = {from}; k < 9; k++) n += k; vs[i] = f32(n)"
            ),
            &[0.0],
            &[(value..9).sum::<i32>() as f32],
        );
    }
    // One that is not whole, and what may not stay whole, are numbers.
    check_with(
        "const FROM = 0.5;",
        "let s = 0; for (let k = FROM; k < 3; k++) s += k; for (let k = 3 / 2; k < 3; k++) s += k; vs[i] = s",
        &[0.0],
        &[0.5 + 1.5 + 2.5 + 1.5 + 2.5],
    );
}

#[test]
fn loops() {
    check(
        "let s = 0; for (let k = 0; k < 5; k++) { s += f32(k); } vs[i] = s",
        &[0.0],
        &[10.0],
    );
    check(
        "let s = 0; for (let k = 10; k > 0; k -= 3) s += f32(k); vs[i] = s",
        &[0.0],
        &[22.0],
    );
    check(
        "let n = i32(vs[i]); let s = 0; while (n > 0) { n--; if (n % 2 === 0) continue; if (n > 7) break; s += f32(n); } vs[i] = s",
        &[6.0, 20.0, -1.0],
        &[9.0, 0.0, 0.0],
    );
    check(
        "let n: i32 = 0; do { n += 3; } while (n < i32(vs[i])); vs[i] = f32(n)",
        &[7.0, -1.0],
        &[9.0, 3.0],
    );
    check(
        "let s = 0; outer: for (let k = 0; k < 4; k++) { for (let j = 0; j < 4; j++) { if (j > k) continue outer; if (k === 3) break outer; s += 1; } } vs[i] = s",
        &[0.0],
        &[6.0],
    );
    check(
        "let k: i32 = 0; for (; k < 5; ) { k += 2; if (k === 4) continue; } vs[i] = f32(k)",
        &[0.0],
        &[6.0],
    );
    check(
        "let s = 0; for (let k = 0, n: i32 = 3; k < n; k++) { if (k === 1) n = 5; s += 1; } vs[i] = s",
        &[0.0],
        &[5.0],
    );
    check(
        "let a1 = 1; let b1 = 2; for (let k = 0; k < 3; k++) { const t = a1; a1 = b1; b1 = t; } vs[i] = a1 * 10 + b1",
        &[0.0],
        &[21.0],
    );
    check(
        "for (let k = 0; k < 3; k++) { if (k === 1) { break; } vs[i] += 1; }",
        &[0.0],
        &[1.0],
    );
    check(
        "let n: i32 = 0; for (let k = 0; k < 9; k++) { n = k; if (k === 2) { break; } n = 100; } vs[i] = f32(n)",
        &[0.0],
        &[2.0],
    );
}

#[test]
fn functions() {
    let items = "const G = -9.81; const HALF: f32 = 1 / 2;
        function lerp(a: number, b: number, t: number): number { return a + (b - a) * t; }
        function clamp(x: number): number { if (x < 0) { return 0; } if (x > 1) return 1; return x; }
        function first(limit: i32): i32 { for (let k = 0; k < limit; k++) { if (k * k > 10) return k; } return -1; }
        function raise(a: A, by: number): void { if (by < 0) return; a.f += by; }";
    check_with(
        items,
        "vs[i] = lerp(vs[i], 10, 0.25) + G + HALF",
        &[2.0],
        &[2.0 + 8.0 * 0.25 - 9.81 + 0.5],
    );
    check_with(
        items,
        "vs[i] = clamp(vs[i]) + clamp(clamp(2))",
        &[-1.0, 0.5, 7.0],
        &[1.0, 1.5, 2.0],
    );
    check_with(
        items,
        "vs[i] = f32(first(i32(vs[i])))",
        &[3.0, 100.0],
        &[-1.0, 4.0],
    );
    check_with(
        items,
        "raise(a, vs[i]); raise(as[i], 1); vs[i] = a.f",
        &[2.0, -1.0],
        &[3.0, 1.0],
    );
}

#[test]
fn fields_of_every_type() {
    check(
        "a.d = 0.1; a.l = -5; a.m = 7; a.f = vs[i]; a.n = -3; a.u = 4; a.p1 = true;
         vs[i] = f32(a.d) + f32(a.l) + f32(a.m) + a.f + f32(a.n) + f32(a.u) + f32(a.p1) + f32(a.p2)",
        &[1.0],
        &[(0.1f64 as f32) - 5.0 + 7.0 + 1.0 - 3.0 + 4.0 + 1.0],
    );
    check(
        "vs[i] = f32(cx.step) + f32(cx.seed % 10) + cx.dt + f32(cx.dt64)",
        &[0.0],
        &[7.0 + 9.0 + 0.5 + 0.5],
    );
}

#[test]
fn rows_by_name_and_by_turns() {
    let program = program(
        "class Body { place: Vec3; speed: Vec3; mass: f32; alive: i32; }
         class Wind { force: Vec3; gust: f32; }
         function push(v: Vec3, by: Vec3, k: number) { v.x += by.x * k; v.y += by.y * k; v.z += by.z * k; }
         class Blow { update(bodies: Body[], wind: Wind, dt: number) {
           for (const body of bodies) {
             if (body.alive === 0) continue;
             push(body.speed, wind.force, dt / body.mass);
             push(body.place, body.speed, dt);
             body.mass += wind.gust;
           } } }",
    );
    let mut columns = [
        (
            "Body",
            bytes(&[
                0f32,
                0.0,
                0.0,
                1.0,
                2.0,
                3.0,
                2.0,
                f32::from_bits(1),
                9.0,
                9.0,
                9.0,
                9.0,
                9.0,
                9.0,
                9.0,
                0.0,
            ]),
        ),
        ("Wind", bytes(&[4f32, 8.0, -4.0, 0.25])),
    ];
    both(&program, "Blow", 2, &mut columns, Step::default()).unwrap();
    let body: Vec<f32> = numbers(&columns[0].1);
    assert_eq!(body[..7], [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 2.25]);
    assert_eq!(body[8..], [9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 0.0]);
    assert_eq!(
        program.report(),
        "Blow: reads Body, Wind; writes Body\n  loop 1: four rows at a time\n"
    );
    let manifest = crate::abi::read(&program.wasm()).unwrap();
    let names: Vec<_> = manifest
        .component("Body")
        .unwrap()
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.offset))
        .collect();
    assert_eq!(
        names,
        [("place", 0), ("speed", 12), ("mass", 24), ("alive", 28)]
    );
}

#[test]
fn what_stops_a_system_names_row_and_line() {
    let text = "class S { update(ns: i32[], ms: i32[]) {\n  for (let i = 0; i < ns.length; i++) {\n    ns[i] = 10 / ms[i];\n  }\n} }";
    let program = program(text);
    let mut columns = [("N", bytes(&[0; 4])), ("M", bytes(&[1, 5, 0, 2]))];
    let (_, row) = both(&program, "S", 4, &mut columns, Step::default()).unwrap_err();
    assert_eq!(row, 2);
    assert_eq!(
        numbers::<i32>(&columns[0].1),
        [10, 2, 0, 0],
        "rows before the trap are done"
    );
    let wasm = program.wasm();
    let map: serde_json::Value =
        serde_json::from_slice(crate::abi::read_map(&wasm).unwrap().unwrap()).unwrap();
    let names = map["names"].as_array().unwrap();
    assert!(
        names.contains(&"a whole number divided by 0".into()),
        "{names:?}"
    );
    assert_eq!(map["sources"][0], "test.ts");

    let beyond = super::program(
        "class S { update(ns: i32[]) { for (let i = 0; i < ns.length; i++) { ns[i] += ns[i + 1]; } } }",
    );
    let mut columns = [("N", bytes(&[1, 2, 3]))];
    let (_, row) = both(&beyond, "S", 3, &mut columns, Step::default()).unwrap_err();
    assert_eq!((row, numbers::<i32>(&columns[0].1)), (2, vec![3, 5, 3]));

    let endless = super::program(
        "class S { update(ns: i32[]) { for (let i = 0; i < ns.length; i++) { while (ns[i] > 0) { ns[i] += 0; } } } }",
    );
    let mut columns = [("N", bytes(&[0, 1, 0]))];
    let (_, row) = both(&endless, "S", 3, &mut columns, Step::default()).unwrap_err();
    assert_eq!(row, 1);
}

/// Runs a system without rows over a resource `Grid` of these bytes, in every form; gives the bytes afterwards.
fn grid(fields: &str, statements: &str, before: Vec<u8>) -> Result<Vec<u8>, String> {
    let text = format!(
        "const SIZE = 8; class Grid {{ {fields} }} class S {{ update(grid: Grid, dt: number) {{ {statements} }} }}"
    );
    let mut all = Vec::new();
    for passes in FORMS {
        let program = program_with(&text, passes);
        let mut columns = [("Grid", before.clone())];
        let ran = both(&program, "S", 1, &mut columns, Step::default());
        let [(_, after)] = columns;
        all.push(ran.map(|()| after).map_err(|(trap, _)| trap));
    }
    let first = all.swap_remove(0);
    assert!(
        all.iter().all(|one| *one == first),
        "{all:?} {first:?} of {text}"
    );
    first
}

#[test]
fn arrays_in_resources() {
    let counts = "counts = new Uint32Array(2 * SIZE); speed: number = 3; at: i32 = 0; bytes = new Uint8Array(4); ";
    let bytes = [&[7, 0, 0, 0], [0u8; 68].as_slice(), &[0; 4]].concat();
    let after = grid(
        counts,
        "for (let i = 0; i < grid.counts.length; i++) { grid.counts[i] += u32(i); }
         let sum: u32 = 0;
         for (const n of grid.counts) { sum += n; }
         grid.at = i32(sum); const counts = grid.counts;
         counts[grid.at & 15]--;
         grid.bytes[1] = 511; grid.bytes[2] = grid.bytes[1] + 2; grid.speed += f32(grid.bytes[2]);",
        bytes.clone(),
    )
    .unwrap();
    let words: Vec<u32> = numbers(&after[..64]);
    let mut wanted: Vec<u32> = (0..16).collect();
    wanted[0] = 7;
    // 7 and the sum of all below 16 is 127, whose low bits are 15.
    wanted[15] -= 1;
    assert_eq!(words, wanted);
    assert_eq!(after[64..68], 1f32.to_le_bytes());
    assert_eq!(after[68..72], 127i32.to_le_bytes());
    assert_eq!(after[72..], [0, 255, 1, 0]);
    let after = grid(
        counts,
        "const end: i32 = grid.counts.length; grid.at = end + grid.bytes.length;",
        bytes.clone(),
    );
    assert_eq!(after.unwrap()[68..72], 20i32.to_le_bytes());
    for beyond in [
        "grid.counts[16] = 1;",
        "grid.counts[i32(dt) - 1] = 1;",
        "let s = 0; for (let i = 0; i <= grid.counts.length; i++) { s += f32(grid.counts[i]); } grid.speed = s;",
        "grid.bytes[u32(grid.counts[0])] = 1;",
    ] {
        let trap = grid(counts, beyond, bytes.clone()).unwrap_err();
        assert!(trap.contains("unreachable"), "{beyond}: {trap}");
    }
}

#[test]
fn what_lies_within_an_array_is_not_looked_at() {
    let checks = |index: &str| {
        let text = format!(
            "class Grid {{ next = new Float32Array(64); }}
             class S {{ update(xs: i32[], ys: u32[], grid: Grid) {{ for (let i = 0; i < xs.length; i++) {{ const x = xs[i]; const y = ys[i]; grid.next[{index}] += 1; }} }} }}"
        );
        program(&text).ir_text().contains("assert")
    };
    for within in [
        "x & 63",
        "63 & x",
        "y % 64",
        "y >> 26",
        "(y & 31) + 32",
        "(x & 7) * 8 + (x & 7)",
        "y < 9 ? 3 : 5",
    ] {
        assert!(!checks(within), "{within}");
    }
    for unknown in [
        "x & 64",
        "y % 65",
        "x % 64",
        "y >> 25",
        "(y & 31) + 33",
        "x",
        "(x & 7) * 8 + 8",
    ] {
        assert!(checks(unknown), "{unknown}");
    }
}

#[test]
fn a_large_array_costs_no_time_to_compile() {
    let count = 1 << 20;
    let text = format!(
        "class Grid {{ rows = new Float32Array({count}); end: number = 1; }} class S {{ update(grid: Grid) {{ grid.rows[{count} - 1] = grid.end; grid.end = 2; }} }}"
    );
    let program = program(&text);
    let mut bytes = vec![0; 4 * count + 4];
    bytes[4 * count..].copy_from_slice(&5f32.to_le_bytes());
    let mut columns = [("Grid", bytes)];
    both(&program, "S", 1, &mut columns, Step::default()).unwrap();
    assert_eq!(numbers::<f32>(&columns[0].1)[count - 1..], [5.0, 2.0]);
    let manifest = crate::abi::read(&program.wasm()).unwrap();
    let [grid] = &manifest.resources[..] else {
        panic!("one resource: {manifest:?}")
    };
    assert_eq!(grid.values[0].offset, 4 << 20);
    assert_eq!(grid.values[0].bytes, 1f32.to_le_bytes());
    assert_eq!(manifest.components[0].fields[0].count, 1 << 20);
}

#[test]
fn functions_of_the_host_are_those_of_libm() {
    let all = [0.3, -2.5, 1e-30, 7e5, NAN, INF];
    check("vs[i] = Math.sin(vs[i])", &all, &all.map(libm::sinf));
    check("vs[i] = Math.log2(vs[i])", &all, &all.map(libm::log2f));
    check(
        "vs[i] = f32(Math.cosh(f64(vs[i])))",
        &all,
        &all.map(|v| libm::cosh(f64::from(v)) as f32),
    );
    check(
        "vs[i] = Math.pow(vs[i], 3) + vs[i] ** 0.5 + Math.hypot(2, vs[i])",
        &all,
        &all.map(|v| libm::powf(v, 3.0) + libm::powf(v, 0.5) + libm::hypotf(2.0, v)),
    );
}

#[test]
fn functions_are_given_the_step() {
    let first = layerw_ecs::Random::keyed([99, 7, 5, 1]).unit();
    check_with(
        "function draw(cx: Context, key: i32): number { const random = cx.random(key, 1); return random.unit(); }
         function late(by: number, step: Context): number { return draw(step, 5) + step.dt * by + f32(step.step); }",
        "vs[i] = late(vs[i], cx)",
        &[4.0],
        &[first + 2.0 + 7.0],
    );
}

#[test]
fn random_numbers_are_those_of_the_engine() {
    use layerw_ecs::Random;
    // Seed 99, step 7.
    let mut random = Random::keyed([99, 7, 5, 1]);
    let first = random.unit();
    let mut more: Vec<f32> = Vec::new();
    for _ in 0..3 {
        more.push(random.range(-2.0, 3.0));
    }
    check(
        "const random = cx.random(5, 1); vs[i] = random.unit(); let s = 0; for (let k = 0; k < 3; k++) { s += random.range(-2, 3); } a.f = s; vs[i] += s",
        &[0.0],
        &[first + (0.0 + more[0] + more[1] + more[2])],
    );
    let mut random = Random::keyed([99, 7, 0, 2]);
    let dice = random.below(6);
    let wanted = if random.unit64() < 0.5 || random.below(3_000_000_000) > 5 {
        random.bits() >> 44
    } else {
        0
    };
    check(
        "const random = cx.random(2); const dice = random.below(6); vs[i] = random.unit64() < 0.5 || random.below(3000000000) > 5 ? f32(random.bits() >> 44) : 0; vs[i] += f32(dice)",
        &[0.0],
        &[wanted as f32 + dice as f32],
    );
}

#[test]
fn a_loop_whose_end_lies_far_below_its_start_makes_no_rounds() {
    let text = "class S { update(ns: i32[], ms: i32[]) {
        for (let i = 0; i < ns.length; i++) { for (let k = 2; k < ns[i]; k++) ms[i] += k; } } }";
    for passes in FORMS {
        let program = program_with(text, passes);
        let mut columns = [
            ("N", bytes(&[i32::MIN, 5, i32::MIN + 1, -1])),
            ("M", bytes(&[1, 1, 1, 1])),
        ];
        both(&program, "S", 4, &mut columns, Step::default()).expect("it ends");
        assert_eq!(numbers::<i32>(&columns[1].1), [1, 10, 1, 1]);
    }
}
