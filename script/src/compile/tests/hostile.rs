//! Sources that are malformed, huge or deep: refused or compiled, and the process lives. Tests run on threads of 2 MiB of stack.

use super::super::{Source, compile};

fn outcome(text: String) -> Result<usize, String> {
    match compile(&[Source::new("a.ts", text)]) {
        Ok(program) => Ok(program.wasm().len()),
        Err(problems) => Err(problems[0].message.clone()),
    }
}

fn in_a_system(statements: &str) -> String {
    format!(
        "class S {{ update(xs: f32[], dt: number) {{ for (let i = 0; i < xs.length; i++) {{ {statements} }} }} }}"
    )
}

#[test]
fn a_hundred_thousand_lines_compile() {
    let lines = "xs[i] += dt;\n".repeat(100_000);
    outcome(in_a_system(&lines)).unwrap_err();
    let many: String = (0..20_000)
        .map(|n| {
            format!(
                "class S{n} {{\n  update(xs: f32[]) {{\n    for (const x of xs) {{}}\n  }}\n}}\n"
            )
        })
        .collect();
    assert!(many.lines().count() >= 100_000);
    outcome(many).unwrap();
    let functions: String = (0..33_000)
        .map(|n| format!("function g{n}(a: number): number {{\n  return a * {n};\n}}\n"))
        .collect();
    outcome(functions).unwrap();
}

#[test]
fn deep_sources_are_refused() {
    for (open, close) in [
        ("(", ")"),
        ("-", ""),
        ("Math.abs(", ")"),
        ("1 + (", ")"),
        ("dt > 1 ? dt : ", "dt"),
    ] {
        for depth in [100, 10_000, 300_000] {
            let text = in_a_system(&format!(
                "xs[i] = {}dt{};",
                open.repeat(depth),
                close.repeat(depth)
            ));
            if depth > 200 {
                assert!(outcome(text).unwrap_err().contains("deep"), "{open}");
            } else {
                let _ = outcome(text);
            }
        }
    }
    for piece in [
        "if (dt > 1) ",
        "for (let k = 0; k < 2; k++) ",
        "{",
        "while (dt > 1) {",
        "if (dt > 1) { } else ",
    ] {
        for depth in [60, 100_000] {
            let text = in_a_system(&format!(
                "{} xs[i] = 1; {}",
                piece.repeat(depth),
                "}".repeat(piece.matches('{').count() * depth)
            ));
            let _ = outcome(text).map_err(|message| {
                assert!(depth > 60 || message.contains("deep") || !message.is_empty())
            });
        }
    }
    // Long from left to right is deep in the tree, though the parser does not notice.
    let sum = in_a_system(&format!("xs[i] = dt{};", " + dt".repeat(100_000)));
    assert!(outcome(sum).unwrap_err().contains("deep"));
    let literals = in_a_system(&format!("xs[i] = 1{};", " + 1".repeat(100_000)));
    assert!(outcome(literals).unwrap_err().contains("deep"));
    let fields = in_a_system(&format!("xs[i] = xs{};", ".x".repeat(100_000)));
    assert!(outcome(fields).unwrap_err().contains("deep"));
}

#[test]
fn functions_that_double_are_refused() {
    let mut text = "function g0(a: number): number { return a; }\n".to_owned();
    for n in 1..64 {
        text += &format!(
            "function g{n}(a: number): number {{ return g{}(a) + g{}(a); }}\n",
            n - 1,
            n - 1
        );
    }
    text += &in_a_system("xs[i] = g63(xs[i]);");
    let message = outcome(text).unwrap_err();
    assert!(
        message.contains("steps") || message.contains("deep"),
        "{message}"
    );
}

/// A program with pieces lost, doubled and changed: refused or compiled, never a panic.
#[test]
fn malformed_sources_never_panic() {
    let whole = "class Body { place: Vec3; mass: f32; }\nfunction f(a: number, b: Vec3): number { if (a > 1) { return b.x; } return a; }\n\
        const K = -3.5;\nclass S { update(bodies: Body[], ns: i32[], dt: number, cx: Context) {\n  let s = 0;\n  \
        for (let i = 0; i < ns.length; i++) { const b = bodies[i]; b.place.y += f(b.mass, b.place) * dt * K; ns[i] <<= 2; s += b.mass; }\n  \
        outer: while (s > 1 && !(dt < 0)) { s -= 1; if (s === 4) continue outer; else break; }\n} }\n";
    let mut seed = 3u64;
    let mut next = |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % bound
    };
    let mut compiled = 0;
    for _ in 0..1500 {
        let mut text = whole.as_bytes().to_vec();
        for _ in 0..=next(3) {
            if text.is_empty() {
                break;
            }
            let from = next(text.len());
            let to = (from + next(20)).min(text.len());
            match next(4) {
                0 => drop(text.drain(from..to)),
                1 => {
                    let piece = text[from..to].to_vec();
                    let place = next(text.len());
                    text.splice(place..place, piece);
                }
                2 => text[from] = b" ;(){}[]<>=+-*/%&|!?:.,'\"0x9_$\n"[next(31)],
                _ => text.truncate(from.max(1)),
            }
        }
        compiled +=
            usize::from(outcome(String::from_utf8(text).expect("the text is ASCII")).is_ok());
    }
    assert!(compiled > 20, "{compiled} compiled");
}
