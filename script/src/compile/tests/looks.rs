//! Random loops that look for something: over arrays and rows, from anywhere to anywhere, with all kinds of questions and of things to do at a hit.

use super::generator::Random;

/// Elements of each array of `Near`: more than are asked at once.
const PLACES: usize = 64;

/// What the loops look at.
pub const AROUND: &str = "
const PLACES = 64;
class Near { begins = new Int32Array(9); x = new Float32Array(PLACES); y = new Float32Array(PLACES); k = new Int32Array(PLACES); u = new Uint32Array(PLACES); }
";

/// What it holds.
pub fn near(seed: u64) -> Vec<u8> {
    let mut random = Random(seed ^ 0x4EA2);
    let mut words: Vec<u32> = (0..9).map(|run| run * 7 + random.below(9) as u32).collect();
    for place in 0..4 * PLACES {
        let value = random.below(40) as i32 - 20;
        let float = match random.below(20) {
            0 => f32::NAN,
            1 => -0.0,
            _ => value as f32 / 4.0,
        };
        words.push(match place / PLACES {
            0 | 1 => float.to_bits(),
            2 => value as u32 & 7,
            _ => value as u32,
        });
    }
    bytemuck::cast_slice(&words).to_vec()
}

/// A loop; `#` makes its names its own.
pub fn text(random: &mut Random) -> String {
    let one = |random: &mut Random, of: &[&str]| of[random.below(of.len())].to_owned();
    let from = one(
        random,
        &[
            "i32(0)",
            "i32(3)",
            "near.begins[ns[i] & 7]",
            "ns[i] & 31",
            "i32(-2)",
            "ns[i] | -64",
        ],
    );
    let to = one(
        random,
        &[
            "PLACES",
            "near.x.length",
            "near.begins[(ns[i] & 7) + 1]",
            "(ns[i] & 31) + 20",
            "xs.length",
            "(bs[i].n & 31) * 3",
        ],
    );
    let mut index = one(
        random,
        &[
            "k#",
            "k# & 63",
            "(k# + 5) & 63",
            "(k# - ns[i]) & 31",
            "(k# & 63) ^ 1",
        ],
    );
    if to == "xs.length" && random.below(2) == 0 {
        index = "i32(0)".to_owned();
    }
    let questions = [
        "near.x[q#] < xs[i]",
        "d# * d# < 4",
        "near.k[q#] === (ns[i] & 3)",
        "near.u[q#] > 3",
        "k# !== i",
        "f32(near.k[q#]) - 2 < d#",
        "Math.abs(near.y[q#]) < 2 && d# > 0",
        "!(d# > 1)",
        "(near.k[q#] & 1) === 0",
        "xs[k# & 0] < d#",
        "k# < xs.length && ps[k#].x > d#",
        "k# < xs.length && k# >= 0 && bs[k#].f > ts[k#].x",
        "f32(k#) < d# + 9",
        "s# < 30",
        "near.y[(q# + 1) & 63] > 0 || near.k[q#] > 2",
    ];
    let mut ask = || {
        let first = one(random, &questions);
        match random.below(3) {
            0 => first,
            _ => format!("({first}) && ({})", one(random, &questions)),
        }
    };
    let (asked, first) = (ask(), ask());
    let hits = [
        "xs[i] += near.x[q#];",
        "c# += 1; s# += d#;",
        "ns[i] ^= q#;",
        "near.y[q#] += d#;",
        "near.x[(q# + 1) & 63] += 1;",
        "near.k[k#] -= 1;",
        "if (d# > 1) break;",
        "if (c# > 3) continue; c# += 2;",
        "for (let e# = 0; e# < 3; e#++) { s# += f32(e#) * d#; }",
        "let w# = c#; while (w# > 0) { w# -= 2; s# += 1; }",
        "t.sums[q# & 7] += 1;",
        "if (ns[i] === 12345) return;",
        "c# = c# / (near.k[q#] + 1);",
        "if (d# < 1) { s# -= d#; } else { c# ^= k#; }",
        "world.send(Hit, { by: d#, n: k# });",
        "const random# = cx.random(k#, 1); s# += random#.unit();",
    ];
    let mut hit = one(random, &hits);
    if random.below(2) == 0 {
        hit.push(' ');
        hit.push_str(
            &one(random, &hits)
                .replace("e#", "f#")
                .replace("w#", "v#")
                .replace("random#", "other#"),
        );
    }
    let body = match random.below(4) {
        0 => format!("if (!({asked})) continue; {hit}"),
        1 => format!("if ({first}) {{ if ({asked}) {{ {hit} }} }}"),
        2 => format!(
            "if ({first}) continue; const near# = near.u[q#]; if ({asked} && near# !== 7) {{ {hit} }}"
        ),
        _ => format!("if ({asked}) {{ {hit} }}"),
    };
    // Where a loop ends may be said in it, or before it; from anywhere, or from the same place on.
    let (before, to) = match random.below(2) {
        0 => (String::new(), to),
        _ if to.ends_with("length") => (String::new(), to),
        _ => (format!("const end#: i32 = {to};\n"), "end#".to_owned()),
    };
    format!(
        "let c#: i32 = 0; let s# = 0;\n{before}\
         for (let k# = {from}; k# < {to}; k#++) {{ const q# = {index}; const d# = near.x[q#] - xs[i]; {body} }}\n\
         xs[i] += s#; ns[i] += c#;\n"
    )
}
