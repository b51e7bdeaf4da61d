//! Whether a device computes what a CPU computes, bit for bit: asked before exact passes are given to it.

use crate::error::Lost;
use crate::shader::{Class, Kernel, Source};
use crate::work::{Array, Bound, Context, Gpu};

/// What an exact kernel may do, once each. A product goes into a sum, which some join; subnormal numbers go in and come out, which some take for 0.
const TEXT: &str = "
struct In { a: f32, b: f32, c: f32 }
struct Out { add: f32, subtract: f32, multiply: f32, both: f32, least: f32, most: f32, magnitude: f32, whole: f32, less: u32, cut: i32 }
var<storage, read> given: array<In>;
var<storage, read_write> found: array<Out>;
fn row(row: u32) {
    let x = given[row];
    found[row] = Out(
        x.a + x.b, x.a - x.b, x.a * x.b, x.a * x.b + x.c, min(x.a, x.b), max(x.a, x.b), abs(x.a),
        f32(bitcast<u32>(x.a) >> 4u), u32(x.a < x.b) + 2u * u32(x.a == x.b), i32(clamped(x.b)),
    );
}
fn clamped(value: f32) -> f32 {
    return select(0.0, value, abs(value) < 1e9);
}";

/// What comes out, in order, for messages.
const NAMES: [&str; 10] = [
    "a + b",
    "a - b",
    "a * b",
    "a * b + c",
    "min(a, b)",
    "max(a, b)",
    "abs(a)",
    "f32(u32)",
    "a < b",
    "i32(b)",
];

/// Numbers at which adapters go their own ways.
const EDGES: [f32; 20] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-40,
    -1e-40,
    1e-45,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    0.1,
    1.000_000_1,
    3.333_333_3,
    1e-20,
    1.5e-23,
    -0.999_999_94,
    12_345.678,
    16_777_217.0,
];

/// Asks a device.
///
/// # Errors
/// The first result that is not a CPU's, as a sentence, or that the device was lost.
pub fn probe(gpu: &mut Gpu) -> Result<(), String> {
    let kernel = Kernel::new(&Source::new("(probe)", TEXT), Class::Exact, gpu.workgroup());
    let kernel = kernel.map_err(|error| error.to_string())?;
    let mut pass = gpu.pass(&kernel, 0)?;
    let inputs: Vec<[f32; 3]> = inputs().collect();
    let rows = inputs.len() as u32;
    let given: Vec<u8> = inputs
        .iter()
        .flatten()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let found = run(gpu, &mut pass, &given, rows).map_err(|lost| lost.to_string())?;
    for (input, found) in inputs.iter().zip(found.chunks_exact(NAMES.len())) {
        for ((&found, wanted), name) in found.iter().zip(twin(*input)).zip(NAMES) {
            let [one, other] = [found, wanted].map(f32::from_bits);
            if found != wanted && !(one.is_nan() && other.is_nan()) {
                let [a, b, c] = *input;
                return Err(format!(
                    "it computes `{name}` as {one:?} and not as {other:?} where a is {a:?}, b is {b:?} and c is {c:?}"
                ));
            }
        }
    }
    Ok(())
}

fn inputs() -> impl Iterator<Item = [f32; 3]> {
    let pairs = EDGES
        .into_iter()
        .flat_map(|a| EDGES.into_iter().map(move |b| (a, b)));
    // The last is what is left of a product that is rounded once.
    pairs.flat_map(|(a, b)| [0.1, -(a * b), 1e-39].into_iter().map(move |c| [a, b, c]))
}

/// The same on a CPU.
fn twin([a, b, c]: [f32; 3]) -> [u32; 10] {
    let product = a * b;
    let clamped = if b.abs() < 1e9 { b } else { 0.0 };
    [
        (a + b).to_bits(),
        (a - b).to_bits(),
        product.to_bits(),
        (product + c).to_bits(),
        (if a < b { a } else { b }).to_bits(),
        (if a > b { a } else { b }).to_bits(),
        a.abs().to_bits(),
        ((a.to_bits() >> 4) as f32).to_bits(),
        u32::from(a < b) + 2 * u32::from(a == b),
        (clamped as i32) as u32,
    ]
}

fn run(
    gpu: &mut Gpu,
    pass: &mut crate::work::Pass,
    given: &[u8],
    rows: u32,
) -> Result<Vec<u32>, Lost> {
    let [mut input, mut output] = [12, 40].map(|stride| {
        Array::new(stride, gpu.limits()).expect("every adapter has room for rows of 40 bytes")
    });
    gpu.reserve(&mut input, rows);
    gpu.reserve(&mut output, rows);
    gpu.upload(&input, 0, given);
    let context = Context { dt: 0.0, step: 0 };
    gpu.dispatch(
        pass,
        &[Bound::Own(&input), Bound::Own(&output)],
        rows,
        context,
    );
    let mut reading = gpu.read(40 * u64::from(rows));
    gpu.read_rows(&mut reading, &output, 0, rows);
    gpu.send(&mut reading);
    let words = |bytes: &[u8]| {
        let words = bytes
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes")));
        words.collect()
    };
    gpu.wait(reading, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Choice, Wanted};

    /// Every adapter that tests run on is one that can be trusted; without the guard the others would show here.
    #[test]
    fn this_adapter_is_exact() {
        let wanted = Wanted {
            choice: Choice::Require,
            at_most: None,
        };
        let mut gpu = Gpu::open(&wanted).unwrap_or_else(|none| panic!("{none}"));
        probe(&mut gpu).unwrap_or_else(|why| panic!("{why}"));
    }
}
