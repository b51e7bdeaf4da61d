//! Random programs of the language, and columns for them to run over.

use super::runner::Column;

/// Numbers out of a seed.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// The components by column name: how many words, and which of them are floats.
pub const COLUMNS: [(&str, &str, usize, &[usize]); 7] = [
    ("ps: Vec2[]", "P", 2, &[0, 1]),
    ("qs: Vec2[]", "Q", 2, &[0, 1]),
    ("ts: Vec3[]", "T", 3, &[0, 1, 2]),
    ("ws: Vec4[]", "W", 4, &[0, 1, 2, 3]),
    ("xs: f32[]", "X", 1, &[0]),
    ("ns: i32[]", "N", 1, &[]),
    ("bs: B[]", "B", 6, &[0, 2, 4]),
];

struct Maker {
    random: Random,
    locals: Vec<(String, bool)>,
    wild: bool,
}

/// A program out of a seed. Its one system is `S`.
pub fn program(seed: u64) -> String {
    Maker::program(seed)
}

/// How many rows a program's columns have, and the columns with its resource.
pub fn columns(seed: u64) -> (usize, Vec<Column<'static>>) {
    let mut random = Random(seed ^ 0xABCD);
    let rows = [1, 3, 4, 5, 8, 18, 23][random.below(7)];
    let mut columns: Vec<(&str, Vec<u8>)> = COLUMNS
        .iter()
        .map(|(_, name, words, floats)| {
            let word = |place: usize, random: &mut Random| match floats.contains(&(place % words)) {
                true => match random.below(12) {
                    0 => [
                        f32::NAN,
                        f32::INFINITY,
                        f32::NEG_INFINITY,
                        -0.0,
                        0.0,
                        1e-40,
                        3e38,
                    ][random.below(7)]
                    .to_bits(),
                    _ => ((random.below(2000) as f32 - 1000.0) / 64.0).to_bits(),
                },
                false => match random.below(6) {
                    0 => [i32::MIN, i32::MAX, -1, 0][random.below(4)] as u32,
                    _ => (random.below(40) as i32 - 20) as u32,
                },
            };
            let words: Vec<u32> = (0..rows * words)
                .map(|place| word(place, &mut random))
                .collect();
            (*name, bytemuck::cast_slice(&words).to_vec())
        })
        .collect();
    columns.push(("R", bytemuck::cast_slice(&[1.25f32.to_bits(), 6]).to_vec()));
    (rows, columns)
}

/// The words of the columns, with one NaN for all: which one it is, is not said.
pub fn canonical(columns: &[Column<'_>]) -> Vec<Vec<u32>> {
    COLUMNS
        .iter()
        .zip(columns)
        .map(|((_, _, words, floats), (_, bytes))| {
            let found: Vec<u32> = bytemuck::pod_collect_to_vec(bytes);
            let canonical = |(place, bits): (usize, u32)| match floats.contains(&(place % words))
                && f32::from_bits(bits).is_nan()
            {
                true => f32::NAN.to_bits(),
                false => bits,
            };
            found.into_iter().enumerate().map(canonical).collect()
        })
        .collect()
}

impl Maker {
    fn program(seed: u64) -> String {
        let mut maker = Maker {
            random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            locals: Vec::new(),
            wild: seed.is_multiple_of(3),
        };
        for _ in 0..8 {
            maker.random.below(2);
        }
        let mut body = match seed % 4 {
            1 => maker.by_words(),
            _ => maker.statements(3),
        };
        if maker.wild && maker.random.below(2) == 0 {
            body.push_str(&maker.wild());
        }
        let columns: Vec<&str> = COLUMNS.iter().map(|(column, ..)| *column).collect();
        format!(
            "class B {{ f: f32; n: i32; g: f32; u: u32; h: f32; m: i32; }}\nclass R {{ a: f32; k: i32; }}\n\
             function pick(a: number, b: number): number {{ if (a < b) return a * 2; if (b < 0) {{ return -b; }} return a - b; }}\n\
             class S {{ update({}, r: R, dt: number) {{\nfor (let i = 0; i < xs.length; i++) {{\n{body}}}\n}} }}\n",
            columns.join(", ")
        )
    }

    /// The same expression for each word.
    fn by_words(&mut self) -> String {
        let template = self.word(3);
        let condition = format!(
            "if ({} < {}) {{ ps[i].$ = {}; }}\n",
            self.word(1),
            self.word(1),
            self.word(2)
        );
        let template = match self.random.below(2) {
            0 => format!("ps[i].$ = {template};\n"),
            _ => format!("ps[i].$ = {template};\n{condition}"),
        };
        ["x", "y"].map(|word| template.replace('$', word)).concat()
    }

    fn word(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 4 } else { 9 }) {
            0 => "ps[i].$".to_owned(),
            1 => "qs[i].$".to_owned(),
            2 => self.random.one(&["dt", "r.a", "1.5", "0.1"]).to_owned(),
            3 => "ps[i].$".to_owned(),
            4 => format!(
                "Math.max({}, {})",
                self.word(depth - 1),
                self.word(depth - 1)
            ),
            5 => format!(
                "({} < 1 ? {} : {})",
                self.word(depth - 1),
                self.word(depth - 1),
                self.word(depth - 1)
            ),
            _ => {
                let op = self.random.one(&["+", "-", "*", "/"]);
                format!("({} {op} {})", self.word(depth - 1), self.word(depth - 1))
            }
        }
    }

    fn statements(&mut self, depth: usize) -> String {
        let known = self.locals.len();
        let count = 1 + self.random.below(4);
        let text = (0..count).map(|_| self.statement(depth)).collect();
        self.locals.truncate(known);
        text
    }

    fn statement(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 6 } else { 12 }) {
            0..=2 => {
                let op = self.random.one(&["=", "=", "+=", "-=", "*="]);
                format!("{} {op} {};\n", self.float_place(), self.float(3))
            }
            3 => {
                let op = self.random.one(&["=", "+=", "*=", "&=", "^="]);
                format!(
                    "{} {op} {};\n",
                    self.random.one(&["ns[i]", "bs[i].n", "bs[i].m"]),
                    self.int(2)
                )
            }
            4 => {
                let name = format!("v{}", self.locals.len());
                let whole = self.random.below(3) == 0;
                let value = if whole { self.int(2) } else { self.float(2) };
                let text = format!(
                    "let {name}: {} = {value};\n",
                    if whole { "i32" } else { "f32" }
                );
                self.locals.push((name, whole));
                text
            }
            5 => match self.local(false) {
                Some(name) => format!("{name} = {};\n", self.float(2)),
                None => format!("bs[i].u += u32({});\n", self.float(1)),
            },
            6..=8 => {
                let (condition, then) = (self.condition(2), self.statements(depth - 1));
                match self.random.below(2) {
                    0 => format!("if ({condition}) {{\n{then}}}\n"),
                    _ => format!(
                        "if ({condition}) {{\n{then}}} else {{\n{}}}\n",
                        self.statements(depth - 1)
                    ),
                }
            }
            9 => format!("if ({}) continue;\n", self.condition(1)),
            10 if self.wild => self.wild(),
            _ => format!(
                "{} = pick({}, {});\n",
                self.float_place(),
                self.float(1),
                self.float(1)
            ),
        }
    }

    /// What may stop the program, or ties its rows to others.
    fn wild(&mut self) -> String {
        match self.random.below(4) {
            0 => format!(
                "ns[i] = {} {} ns[i];\n",
                self.int(1),
                self.random.one(&["/", "%"])
            ),
            1 => format!("xs[i] += xs[i + {}];\n", self.random.below(3)),
            2 => format!("if ({}) break;\n", self.condition(1)),
            _ => format!(
                "for (let k = 0; k < {}; k++) {{\n{}}}\n",
                self.random.below(4),
                self.statements(1)
            ),
        }
    }

    fn local(&mut self, whole: bool) -> Option<String> {
        let fitting: Vec<&(String, bool)> =
            self.locals.iter().filter(|(_, is)| *is == whole).collect();
        match fitting.is_empty() {
            true => None,
            false => Some(fitting[self.random.below(fitting.len())].0.clone()),
        }
    }

    fn float_place(&mut self) -> &'static str {
        self.random.one(&[
            "ps[i].x", "ps[i].y", "qs[i].x", "ts[i].x", "ts[i].y", "ts[i].z", "ws[i].x", "ws[i].w",
            "xs[i]", "bs[i].f", "bs[i].h",
        ])
    }

    fn float(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 4 } else { 12 }) {
            0 | 1 => self.float_place().to_owned(),
            2 => self
                .random
                .one(&["dt", "r.a", "0", "1", "-0.5", "3.25", "0.1", "1e30", "-7"])
                .to_owned(),
            3 => self.local(false).unwrap_or_else(|| "bs[i].g".to_owned()),
            4 => {
                let function = self
                    .random
                    .one(&["sqrt", "abs", "floor", "ceil", "trunc", "round", "sign"]);
                format!("Math.{function}({})", self.float(depth - 1))
            }
            5 => format!(
                "Math.{}({}, {})",
                self.random.one(&["min", "max"]),
                self.float(depth - 1),
                self.float(depth - 1)
            ),
            6 => format!(
                "({} ? {} : {})",
                self.condition(1),
                self.float(depth - 1),
                self.float(depth - 1)
            ),
            7 => format!("f32({})", self.int(depth - 1)),
            8 => format!("(-{})", self.float(depth - 1)).replace("--", "- -"),
            _ => {
                let op = self.random.one(&["+", "-", "*", "/"]);
                format!("({} {op} {})", self.float(depth - 1), self.float(depth - 1))
            }
        }
    }

    fn int(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 3 } else { 8 }) {
            0 => self
                .random
                .one(&["ns[i]", "bs[i].n", "bs[i].m", "r.k", "i32(bs[i].u)"])
                .to_owned(),
            1 => self
                .random
                .one(&["i32(0)", "i32(1)", "i32(-3)", "i32(2147483647)"])
                .to_owned(),
            2 => self.local(true).unwrap_or_else(|| "ns[i]".to_owned()),
            3 => format!("i32({})", self.float(depth - 1)),
            4 => format!(
                "Math.{}({}, {})",
                self.random.one(&["min", "max"]),
                self.int(depth - 1),
                self.int(depth - 1)
            ),
            _ => {
                let op = self.random.one(&["+", "-", "*", "&", "|", "^"]);
                format!("({} {op} {})", self.int(depth - 1), self.int(depth - 1))
            }
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 3 } else { 6 }) {
            0 | 1 => format!(
                "{} {} {}",
                self.float(1),
                self.random.one(&["<", "<=", ">", ">=", "===", "!=="]),
                self.float(1)
            ),
            2 => format!(
                "{} {} {}",
                self.int(1),
                self.random.one(&["<", "<=", ">", "==="]),
                self.int(1)
            ),
            3 => format!("!({})", self.condition(depth - 1)),
            _ => format!(
                "({}) {} ({})",
                self.condition(depth - 1),
                self.random.one(&["&&", "||"]),
                self.condition(depth - 1)
            ),
        }
    }
}
