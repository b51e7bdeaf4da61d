//! Numbers whose bits are the same on every host.
//!
//! Vectors and matrices are glam's, built without SIMD and with `libm`; the functions are `libm`'s,
//! because the standard library's `sin`, `powf` and the like are whatever the host's C library
//! makes of them. (`sqrt`, `abs`, `floor`, `min` and `max` of the standard library are exact
//! everywhere and need no twin.) Names follow C: without a suffix for `f64`, with `f` for `f32`.

pub use glam::{
    DMat3, DMat4, DQuat, DVec2, DVec3, DVec4, EulerRot, IVec2, IVec3, IVec4, Mat2, Mat3, Mat4,
    Quat, UVec2, UVec3, UVec4, Vec2, Vec3, Vec4,
};
pub use libm::{
    acos, acosf, asin, asinf, atan, atan2, atan2f, atanf, cbrt, cbrtf, cos, cosf, cosh, coshf, exp,
    exp2, exp2f, expf, fmod, fmodf, hypot, hypotf, log, log2, log2f, log10, log10f, logf, pow,
    powf, sin, sincos, sincosf, sinf, sinh, sinhf, tan, tanf, tanh, tanhf,
};
