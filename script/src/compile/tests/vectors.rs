//! Which loops are taken four rows at a time, and why others are not.

use super::program;

/// The report's line for the only loop of a system over `ps: Vec2[]`, `qs: Vec2[]`, `xs: f32[]`, `ns: i32[]` and `b: B[]`.
fn check(body: &str, outcome: &str) {
    let text = format!(
        "class B {{ k: f64; f: f32; n: i32; }} class R {{ n: f32; }}
         function half(x: number): number {{ if (x < 0) return 0; return x / 2; }}
         class S {{ update(ps: Vec2[], qs: Vec2[], xs: f32[], ns: i32[], bs: B[], r: R, dt: number) {{
           for (let i = 0; i < xs.length; i++) {{ {body} }} }} }}"
    );
    let report = program(&text).report();
    let line = report
        .lines()
        .find_map(|line| line.strip_prefix("  loop 1: "));
    assert_eq!(line, Some(outcome), "{body}");
}

#[test]
fn loops_that_fit_are_taken_in_lanes() {
    let rows = "four rows at a time";
    check("xs[i] = half(xs[i]) + half(ps[i].x);", rows);
    check(
        "if (xs[i] > 1) { xs[i] = 0; ns[i] += 1; } else if (ns[i] === 3) continue; ps[i].x = r.n * dt;",
        rows,
    );
    check("ps[i].x += qs[i].y; ps[i].y -= qs[i].x;", rows);
    check(
        "ps[i].x = f32(i32(xs[i]) & ns[i]) + (ns[i] < 5 && !(xs[i] > 2) ? 1 : Math.round(xs[i]));",
        rows,
    );
    let words = "four words at a time, as they stand in memory";
    check("ps[i].y += qs[i].y * dt; ps[i].x += qs[i].x * dt;", words);
    check(
        "if (true) { ps[i].x = Math.max(ps[i].x, 0); ps[i].y = Math.max(ps[i].y, 0); }",
        words,
    );
    check("xs[i] = Math.sqrt(xs[i]) + 1;", words);
    check(
        "const p = ps[i]; p.x = p.x < 0 ? -p.x : p.x; p.y = p.y < 0 ? -p.y : p.y;",
        words,
    );
    // The same words, but not the same expression.
    check("ps[i].y += qs[i].y * dt; ps[i].x += qs[i].x / dt;", rows);
    check("ps[i].y += qs[i].x * dt; ps[i].x += qs[i].y * dt;", rows);
    check("ps[i].x += qs[i].x * dt;", rows);
}

#[test]
fn the_report_says_why_a_loop_is_not() {
    check(
        "bs[i].f += 1;",
        "row by row: a component has fields that are not of 32 bits",
    );
    check(
        "xs[i] = f32(f64(xs[i]) * 2);",
        "row by row: it computes with 64 bits",
    );
    check("ns[i] = ns[i] << 2;", "row by row: it shifts whole numbers");
    check("ns[i] = 7 / ns[i];", "row by row: it divides whole numbers");
    check(
        "xs[i] = f32(i);",
        "row by row: it computes with the number of the row",
    );
    check(
        "xs[i] += xs[i + 1];",
        "row by row: a row that it names may not be there",
    );
    check(
        "for (let k = 0; k < 3; k++) xs[i] += 1;",
        "row by row: there is another loop in it",
    );
    check(
        "if (xs[i] > 5) break; xs[i] = 1;",
        "row by row: it leaves the loop early",
    );
}
