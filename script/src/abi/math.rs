//! The functions of `Math` that a host computes: those of the crate `libm`, whose bits are the same on every host and the same that a Rust system gets from
//! `layerw::math`. A NaN that they give is the canonical one.

/// A function of one or two floats.
#[derive(Debug, Clone, Copy)]
pub enum MathFunction {
    /// `f32` to `f32`.
    F32(fn(f32) -> f32),
    /// `f64` to `f64`.
    F64(fn(f64) -> f64),
    /// Two `f32` to one.
    F32x2(fn(f32, f32) -> f32),
    /// Two `f64` to one.
    F64x2(fn(f64, f64) -> f64),
}

macro_rules! functions {
    ($($name32:literal, $name64:literal: $one:ident $($two:ident)? => $f32:ident, $f64:ident;)*) => {
        /// All of them by name: `sin_f32`, `sin_f64`, …
        pub const MATH: &[(&str, MathFunction)] = &[$(
            ($name32, functions!(@f32 $one $($two)?, $f32)),
            ($name64, functions!(@f64 $one $($two)?, $f64)),
        )*];
    };
    (@f32 a, $f:ident) => { MathFunction::F32(|a| canonical32(libm::$f(a))) };
    (@f64 a, $f:ident) => { MathFunction::F64(|a| canonical64(libm::$f(a))) };
    (@f32 a b, $f:ident) => { MathFunction::F32x2(|a, b| canonical32(libm::$f(a, b))) };
    (@f64 a b, $f:ident) => { MathFunction::F64x2(|a, b| canonical64(libm::$f(a, b))) };
}

functions! {
    "sin_f32", "sin_f64": a => sinf, sin;
    "cos_f32", "cos_f64": a => cosf, cos;
    "tan_f32", "tan_f64": a => tanf, tan;
    "asin_f32", "asin_f64": a => asinf, asin;
    "acos_f32", "acos_f64": a => acosf, acos;
    "atan_f32", "atan_f64": a => atanf, atan;
    "sinh_f32", "sinh_f64": a => sinhf, sinh;
    "cosh_f32", "cosh_f64": a => coshf, cosh;
    "tanh_f32", "tanh_f64": a => tanhf, tanh;
    "exp_f32", "exp_f64": a => expf, exp;
    "log_f32", "log_f64": a => logf, log;
    "log2_f32", "log2_f64": a => log2f, log2;
    "log10_f32", "log10_f64": a => log10f, log10;
    "cbrt_f32", "cbrt_f64": a => cbrtf, cbrt;
    "atan2_f32", "atan2_f64": a b => atan2f, atan2;
    "pow_f32", "pow_f64": a b => powf, pow;
    "hypot_f32", "hypot_f64": a b => hypotf, hypot;
}

/// The function of that name.
pub fn math(name: &str) -> Option<MathFunction> {
    let known = MATH.iter().find(|(known, _)| *known == name);
    known.map(|(_, function)| *function)
}

fn canonical32(value: f32) -> f32 {
    if value.is_nan() { f32::NAN } else { value }
}

fn canonical64(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}
