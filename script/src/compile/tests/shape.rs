//! What a system becomes, and what it is said to need.

use super::program;

fn whole_chunks(statements: &str) -> bool {
    let text = format!(
        "class R {{ n: f32; }} class S {{ update(xs: f32[], ys: f32[], r: R, dt: number) {{ {statements} }} }}"
    );
    let manifest = crate::abi::read(&program(&text).wasm()).unwrap();
    manifest.systems[0].whole_chunks
}

#[test]
fn a_system_that_looks_beyond_its_row_takes_whole_chunks() {
    for own in [
        "for (let i = 0; i < xs.length; i++) { xs[i] += ys[i] * r.n; }",
        "for (const x of xs) { if (x > 1) continue; }",
        "for (let i = 0; i < xs.length; i++) { xs[i] = 1; } for (let j = 0; j < ys.length; j++) { ys[j] = dt; }",
        "for (let i = 0; i < xs.length; i++) { for (let k = 0; k < 3; k++) { if (ys[i] > 2) break; xs[i] += 1; } }",
        "const k = r.n * dt; if (k > 1) { return; } for (let i = 0; i < xs.length; i++) { xs[i] += k; }",
    ] {
        assert!(!whole_chunks(own), "{own}");
    }
    for others in [
        "for (let i = 0; i < xs.length; i++) { xs[i] = f32(i); }",
        "for (let i = 0; i < xs.length; i++) { xs[i] = f32(xs.length); }",
        "for (let i = 1; i < xs.length; i++) { xs[i] = xs[i - 1]; }",
        "let s = 0; for (let i = 0; i < xs.length; i++) { s += xs[i]; xs[i] = s; }",
        "for (let i = 0; i < xs.length; i++) { if (xs[i] > 5) break; xs[i] = 1; }",
        "for (let i = 0; i < xs.length; i++) { for (let j = 0; j < xs.length; j++) { xs[i] += ys[j]; } }",
        "xs[0] = 1;",
    ] {
        assert!(whole_chunks(others), "{others}");
    }
}
