//! The instruction of each operation.

use super::super::ir::{Binary, Compare, Convert, Scalar, Type, Unary};
use wasm_encoder::Instruction as I;
use wasm_encoder::MemArg;

/// The address is aligned to the scalar.
pub fn mem(offset: u32, align: u32) -> MemArg {
    MemArg {
        offset: u64::from(offset),
        align: align.trailing_zeros(),
        target: wasm_encoder::MemArgTarget::Memory(0),
        ordering: None,
    }
}

pub fn load(scalar: Scalar, offset: u32) -> I<'static> {
    let mem = mem(offset, scalar.size());
    match scalar {
        Scalar::F32 => I::F32Load(mem),
        Scalar::F64 => I::F64Load(mem),
        Scalar::I32 | Scalar::U32 => I::I32Load(mem),
        Scalar::I64 | Scalar::U64 | Scalar::Entity => I::I64Load(mem),
        Scalar::Bool | Scalar::U8 => I::I32Load8U(mem),
    }
}

pub fn store(scalar: Scalar, offset: u32) -> I<'static> {
    let mem = mem(offset, scalar.size());
    match scalar {
        Scalar::F32 => I::F32Store(mem),
        Scalar::F64 => I::F64Store(mem),
        Scalar::I32 | Scalar::U32 => I::I32Store(mem),
        Scalar::I64 | Scalar::U64 | Scalar::Entity => I::I64Store(mem),
        Scalar::Bool | Scalar::U8 => I::I32Store8(mem),
    }
}

/// A store to an address that is aligned to nothing.
pub fn store_packed(scalar: Scalar, offset: u32) -> I<'static> {
    let mem = mem(offset, 1);
    match scalar {
        Scalar::F32 => I::F32Store(mem),
        Scalar::F64 => I::F64Store(mem),
        Scalar::I32 | Scalar::U32 => I::I32Store(mem),
        Scalar::I64 | Scalar::U64 | Scalar::Entity => I::I64Store(mem),
        Scalar::Bool | Scalar::U8 => I::I32Store8(mem),
    }
}

/// What stands behind the operand.
pub fn unary(op: Unary, ty: Type) -> I<'static> {
    match (op, ty) {
        (op, _) if op.is_hosts() => unreachable!("{} is called", op.name()),
        (Unary::Not, Type::Boolx4) => I::V128Not,
        (Unary::Not, _) => I::I32Eqz,
        (Unary::Neg, Type::F32) => I::F32Neg,
        (Unary::Neg, Type::F32x4) => I::F32x4Neg,
        (Unary::Neg, _) => I::F64Neg,
        (Unary::Abs, Type::F32) => I::F32Abs,
        (Unary::Abs, Type::F32x4) => I::F32x4Abs,
        (Unary::Abs, _) => I::F64Abs,
        (Unary::Sqrt, Type::F32) => I::F32Sqrt,
        (Unary::Sqrt, Type::F32x4) => I::F32x4Sqrt,
        (Unary::Sqrt, _) => I::F64Sqrt,
        (Unary::Floor, Type::F32) => I::F32Floor,
        (Unary::Floor, Type::F32x4) => I::F32x4Floor,
        (Unary::Floor, _) => I::F64Floor,
        (Unary::Ceil, Type::F32) => I::F32Ceil,
        (Unary::Ceil, Type::F32x4) => I::F32x4Ceil,
        (Unary::Ceil, _) => I::F64Ceil,
        (Unary::Trunc, Type::F32) => I::F32Trunc,
        (Unary::Trunc, Type::F32x4) => I::F32x4Trunc,
        (_, _) => I::F64Trunc,
    }
}

macro_rules! by_type {
    ($ty:expr, $i32:ident, $i64:ident, $f32:ident, $f64:ident, $i32x4:ident, $f32x4:ident) => {
        match $ty {
            Type::I32 | Type::Bool => I::$i32,
            Type::I64 => I::$i64,
            Type::F32 => I::$f32,
            Type::F64 => I::$f64,
            Type::I32x4 | Type::Boolx4 => I::$i32x4,
            Type::F32x4 => I::$f32x4,
        }
    };
    ($ty:expr, $i32:ident, $i64:ident, $vector:ident) => {
        match $ty {
            Type::I64 => I::$i64,
            ty if ty.is_vector() => I::$vector,
            _ => I::$i32,
        }
    };
    ($ty:expr, $i32:ident, $i64:ident) => {
        match $ty {
            Type::I64 => I::$i64,
            _ => I::$i32,
        }
    };
}

/// What stands behind both operands; None for what takes more than one instruction.
pub fn binary(op: Binary, ty: Type) -> Option<I<'static>> {
    Some(match op {
        Binary::Add => by_type!(ty, I32Add, I64Add, F32Add, F64Add, I32x4Add, F32x4Add),
        Binary::Sub => by_type!(ty, I32Sub, I64Sub, F32Sub, F64Sub, I32x4Sub, F32x4Sub),
        Binary::Mul => by_type!(ty, I32Mul, I64Mul, F32Mul, F64Mul, I32x4Mul, F32x4Mul),
        Binary::Div => match ty {
            Type::F32 => I::F32Div,
            Type::F32x4 => I::F32x4Div,
            _ => I::F64Div,
        },
        Binary::Min => match ty {
            Type::F32 => I::F32Min,
            Type::F32x4 => I::F32x4Min,
            _ => I::F64Min,
        },
        Binary::Max => match ty {
            Type::F32 => I::F32Max,
            Type::F32x4 => I::F32x4Max,
            _ => I::F64Max,
        },
        Binary::Copysign => match ty {
            Type::F32 => I::F32Copysign,
            Type::F64 => I::F64Copysign,
            _ => return None,
        },
        Binary::And => by_type!(ty, I32And, I64And, V128And),
        Binary::Or => by_type!(ty, I32Or, I64Or, V128Or),
        Binary::Xor => by_type!(ty, I32Xor, I64Xor, V128Xor),
        Binary::DivU => by_type!(ty, I32DivU, I64DivU),
        Binary::RemS => by_type!(ty, I32RemS, I64RemS),
        Binary::RemU => by_type!(ty, I32RemU, I64RemU),
        Binary::Shl => by_type!(ty, I32Shl, I64Shl),
        Binary::ShrS => by_type!(ty, I32ShrS, I64ShrS),
        Binary::ShrU => by_type!(ty, I32ShrU, I64ShrU),
        // The smallest number by -1 would trap. The others are called.
        Binary::DivS | Binary::Atan2 | Binary::Pow | Binary::Hypot => return None,
    })
}

/// What stands behind both operands of this type.
pub fn compare(op: Compare, ty: Type) -> I<'static> {
    match op {
        Compare::Eq => by_type!(ty, I32Eq, I64Eq, F32Eq, F64Eq, I32x4Eq, F32x4Eq),
        Compare::Ne => by_type!(ty, I32Ne, I64Ne, F32Ne, F64Ne, I32x4Ne, F32x4Ne),
        Compare::Lt => by_type!(ty, I32LtS, I64LtS, F32Lt, F64Lt, I32x4LtS, F32x4Lt),
        Compare::Le => by_type!(ty, I32LeS, I64LeS, F32Le, F64Le, I32x4LeS, F32x4Le),
        Compare::Gt => by_type!(ty, I32GtS, I64GtS, F32Gt, F64Gt, I32x4GtS, F32x4Gt),
        Compare::Ge => by_type!(ty, I32GeS, I64GeS, F32Ge, F64Ge, I32x4GeS, F32x4Ge),
        Compare::LtU => by_type!(ty, I32LtU, I64LtU, I32x4LtU),
        Compare::LeU => by_type!(ty, I32LeU, I64LeU, I32x4LeU),
        Compare::GtU => by_type!(ty, I32GtU, I64GtU, I32x4GtU),
        Compare::GeU => by_type!(ty, I32GeU, I64GeU, I32x4GeU),
    }
}

/// What stands behind the operand; None where nothing needs to.
pub fn convert(op: Convert, vector: bool) -> Option<I<'static>> {
    use Convert::*;
    Some(match (op, vector) {
        (I32ToF32S, true) => I::F32x4ConvertI32x4S,
        (I32ToF32U, true) => I::F32x4ConvertI32x4U,
        (F32ToI32S, true) => I::I32x4TruncSatF32x4S,
        (F32ToI32U, true) => I::I32x4TruncSatF32x4U,
        // All ones is -1.
        (BoolToI32, true) => I::I32x4Neg,
        (BoolToI32, false) => return None,
        (F32ToF64, _) => I::F64PromoteF32,
        (F64ToF32, _) => I::F32DemoteF64,
        (I32ToF32S, _) => I::F32ConvertI32S,
        (I32ToF32U, _) => I::F32ConvertI32U,
        (I32ToF64S, _) => I::F64ConvertI32S,
        (I32ToF64U, _) => I::F64ConvertI32U,
        (I64ToF32S, _) => I::F32ConvertI64S,
        (I64ToF32U, _) => I::F32ConvertI64U,
        (I64ToF64S, _) => I::F64ConvertI64S,
        (I64ToF64U, _) => I::F64ConvertI64U,
        (F32ToI32S, _) => I::I32TruncSatF32S,
        (F32ToI32U, _) => I::I32TruncSatF32U,
        (F64ToI32S, _) => I::I32TruncSatF64S,
        (F64ToI32U, _) => I::I32TruncSatF64U,
        (F32ToI64S, _) => I::I64TruncSatF32S,
        (F32ToI64U, _) => I::I64TruncSatF32U,
        (F64ToI64S, _) => I::I64TruncSatF64S,
        (F64ToI64U, _) => I::I64TruncSatF64U,
        (I32ToI64S, _) => I::I64ExtendI32S,
        (I32ToI64U, _) => I::I64ExtendI32U,
        (I64ToI32, _) => I::I32WrapI64,
    })
}
