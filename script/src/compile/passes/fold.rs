//! Operations on constants, bit for bit as they are at run time.

use super::super::ir::{Binary, Compare, Const, Convert, Unary};

pub fn unary(op: Unary, a: Const) -> Option<Const> {
    macro_rules! float {
        ($kind:ident, $float:ty, $bits:expr) => {{
            let a = <$float>::from_bits($bits);
            let result = match op {
                Unary::Neg => -a,
                Unary::Abs => a.abs(),
                Unary::Sqrt => a.sqrt(),
                Unary::Floor => a.floor(),
                Unary::Ceil => a.ceil(),
                Unary::Trunc => a.trunc(),
                // Functions of the host are left to it.
                _ => return None,
            };
            known(result.is_nan(), Const::$kind(result.to_bits()))
        }};
    }
    match a {
        Const::F32(bits) => float!(F32, f32, bits),
        Const::F64(bits) => float!(F64, f64, bits),
        Const::Bool(a) if op == Unary::Not => Some(Const::Bool(!a)),
        _ => None,
    }
}

/// A NaN is left to the run time, whose choice of bits is its own.
fn known(is_nan: bool, value: Const) -> Option<Const> {
    (!is_nan).then_some(value)
}

pub fn binary(op: Binary, a: Const, b: Const) -> Option<Const> {
    macro_rules! float {
        ($kind:ident, $float:ty, $a:expr, $b:expr) => {{
            let (a, b) = (<$float>::from_bits($a), <$float>::from_bits($b));
            let result = match op {
                Binary::Add => a + b,
                Binary::Sub => a - b,
                Binary::Mul => a * b,
                Binary::Div => a / b,
                Binary::Copysign => a.copysign(b),
                // -0 is smaller than 0, and equal to it.
                Binary::Min if a == b => {
                    if a.is_sign_negative() {
                        a
                    } else {
                        b
                    }
                }
                Binary::Max if a == b => {
                    if a.is_sign_negative() {
                        b
                    } else {
                        a
                    }
                }
                Binary::Min if a < b => a,
                Binary::Min if b < a => b,
                Binary::Max if a > b => a,
                Binary::Max if b > a => b,
                _ => return None,
            };
            known(result.is_nan(), Const::$kind(result.to_bits()))
        }};
    }
    macro_rules! int {
        ($kind:ident, $int:ty, $unsigned:ty, $a:expr, $b:expr) => {{
            let (a, b): ($int, $int) = ($a, $b);
            let (ua, ub) = (a as $unsigned, b as $unsigned);
            let amount = ub as u32;
            Some(Const::$kind(match op {
                Binary::Add => a.wrapping_add(b),
                Binary::Sub => a.wrapping_sub(b),
                Binary::Mul => a.wrapping_mul(b),
                Binary::And => a & b,
                Binary::Or => a | b,
                Binary::Xor => a ^ b,
                Binary::Shl => a.wrapping_shl(amount),
                Binary::ShrS => a.wrapping_shr(amount),
                Binary::ShrU => ua.wrapping_shr(amount) as $int,
                _ if b == 0 => return None,
                Binary::DivS => a.wrapping_div(b),
                Binary::DivU => (ua / ub) as $int,
                Binary::RemS => a.wrapping_rem(b),
                Binary::RemU => (ua % ub) as $int,
                _ => return None,
            }))
        }};
    }
    match (a, b) {
        (Const::F32(a), Const::F32(b)) => float!(F32, f32, a, b),
        (Const::F64(a), Const::F64(b)) => float!(F64, f64, a, b),
        (Const::I32(a), Const::I32(b)) => int!(I32, i32, u32, a, b),
        (Const::I64(a), Const::I64(b)) => int!(I64, i64, u64, a, b),
        (Const::Bool(a), Const::Bool(b)) => match op {
            Binary::And => Some(Const::Bool(a & b)),
            Binary::Or => Some(Const::Bool(a | b)),
            Binary::Xor => Some(Const::Bool(a ^ b)),
            _ => None,
        },
        _ => None,
    }
}

pub fn compare(op: Compare, a: Const, b: Const) -> Option<Const> {
    macro_rules! ordered {
        ($a:expr, $b:expr) => {{
            let (a, b) = ($a, $b);
            match op {
                Compare::Eq => a == b,
                Compare::Ne => a != b,
                Compare::Lt => a < b,
                Compare::Le => a <= b,
                Compare::Gt => a > b,
                Compare::Ge => a >= b,
                _ => return None,
            }
        }};
    }
    macro_rules! int {
        ($a:expr, $b:expr, $unsigned:ty) => {{
            let (ua, ub) = ($a as $unsigned, $b as $unsigned);
            match op {
                Compare::LtU => ua < ub,
                Compare::LeU => ua <= ub,
                Compare::GtU => ua > ub,
                Compare::GeU => ua >= ub,
                _ => ordered!($a, $b),
            }
        }};
    }
    Some(Const::Bool(match (a, b) {
        (Const::F32(a), Const::F32(b)) => ordered!(f32::from_bits(a), f32::from_bits(b)),
        (Const::F64(a), Const::F64(b)) => ordered!(f64::from_bits(a), f64::from_bits(b)),
        (Const::I32(a), Const::I32(b)) => int!(a, b, u32),
        (Const::I64(a), Const::I64(b)) => int!(a, b, u64),
        (Const::Bool(a), Const::Bool(b)) => match op {
            Compare::Eq => a == b,
            Compare::Ne => a != b,
            _ => return None,
        },
        _ => return None,
    }))
}

pub fn convert(op: Convert, a: Const) -> Option<Const> {
    use Convert::*;
    let float = |value: f32| known(value.is_nan(), Const::f32(value));
    let double = |value: f64| known(value.is_nan(), Const::f64(value));
    match (op, a) {
        (F32ToF64, Const::F32(a)) => double(f64::from(f32::from_bits(a))),
        (F64ToF32, Const::F64(a)) => float(f64::from_bits(a) as f32),
        (I32ToF32S, Const::I32(a)) => float(a as f32),
        (I32ToF32U, Const::I32(a)) => float(a as u32 as f32),
        (I32ToF64S, Const::I32(a)) => double(f64::from(a)),
        (I32ToF64U, Const::I32(a)) => double(f64::from(a as u32)),
        (I64ToF32S, Const::I64(a)) => float(a as f32),
        (I64ToF32U, Const::I64(a)) => float(a as u64 as f32),
        (I64ToF64S, Const::I64(a)) => double(a as f64),
        (I64ToF64U, Const::I64(a)) => double(a as u64 as f64),
        (F32ToI32S, Const::F32(a)) => Some(Const::I32(f32::from_bits(a) as i32)),
        (F32ToI32U, Const::F32(a)) => Some(Const::I32(f32::from_bits(a) as u32 as i32)),
        (F64ToI32S, Const::F64(a)) => Some(Const::I32(f64::from_bits(a) as i32)),
        (F64ToI32U, Const::F64(a)) => Some(Const::I32(f64::from_bits(a) as u32 as i32)),
        (F32ToI64S, Const::F32(a)) => Some(Const::I64(f32::from_bits(a) as i64)),
        (F32ToI64U, Const::F32(a)) => Some(Const::I64(f32::from_bits(a) as u64 as i64)),
        (F64ToI64S, Const::F64(a)) => Some(Const::I64(f64::from_bits(a) as i64)),
        (F64ToI64U, Const::F64(a)) => Some(Const::I64(f64::from_bits(a) as u64 as i64)),
        (I32ToI64S, Const::I32(a)) => Some(Const::I64(i64::from(a))),
        (I32ToI64U, Const::I32(a)) => Some(Const::I64(i64::from(a as u32))),
        (I64ToI32, Const::I64(a)) => Some(Const::I32(a as i32)),
        (BoolToI32, Const::Bool(a)) => Some(Const::I32(i32::from(a))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_told_apart() {
        let (plus, minus) = (Const::f32(0.0), Const::f32(-0.0));
        for (a, b) in [(plus, minus), (minus, plus)] {
            assert_eq!(binary(Binary::Min, a, b), Some(minus));
            assert_eq!(binary(Binary::Max, a, b), Some(plus));
        }
        assert_eq!(unary(Unary::Neg, plus), Some(minus));
        assert_eq!(compare(Compare::Eq, plus, minus), Some(Const::Bool(true)));
    }

    #[test]
    fn what_traps_or_is_no_number_is_left() {
        assert_eq!(binary(Binary::DivS, Const::I32(1), Const::I32(0)), None);
        assert_eq!(
            binary(Binary::DivS, Const::I32(i32::MIN), Const::I32(-1)),
            Some(Const::I32(i32::MIN))
        );
        assert_eq!(binary(Binary::Div, Const::f32(0.0), Const::f32(0.0)), None);
        assert_eq!(unary(Unary::Sqrt, Const::f64(-1.0)), None);
        assert_eq!(
            binary(Binary::Min, Const::f32(f32::NAN), Const::f32(1.0)),
            None
        );
    }
}
