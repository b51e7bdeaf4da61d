//! Random numbers: those of `layerw_ecs::Random`, in arithmetic on 64 bits, so that every back end gives the same ones.

use super::super::diagnostic::Outcome;
use super::super::ir::{Binary, Const, Convert, Value};
use super::super::tree::{Draw, Expr, Local};
use super::Lower;

/// The odd constant of SplitMix64.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl<'t> Lower<'t> {
    /// The state of a generator for four words.
    pub fn keyed(&mut self, words: &'t [Expr; 4]) -> Outcome<Value> {
        let mut state = self.word(0);
        for word in words {
            let word = self.value(word)?;
            let word = self.step(word);
            let word = self.mix(word);
            let next = self.step(state);
            let both = self.b.binary(Binary::Xor, next, word);
            state = self.mix(both);
        }
        Ok(state)
    }

    /// The next number of a generator, whose state is in a variable.
    pub fn draw(&mut self, draw: Draw, local: Local, args: &'t [Expr]) -> Outcome<Value> {
        let args = args.iter().map(|arg| self.value(arg));
        let args = args.collect::<Outcome<Vec<Value>>>()?;
        let slot = self.slot(local);
        let state = self.env[slot].expect("a generator is declared with a state");
        let state = self.step(state);
        self.set(slot, state);
        let bits = self.mix(state);
        Ok(match draw {
            Draw::Bits => bits,
            Draw::Unit => self.unit(bits),
            Draw::Unit64 => {
                let high = self.shifted(bits, 11);
                let whole = self.b.convert(Convert::I64ToF64U, high);
                let scale = self.b.constant(Const::f64(1.0 / (1u64 << 53) as f64));
                self.b.binary(Binary::Mul, whole, scale)
            }
            Draw::Range => {
                let unit = self.unit(bits);
                let width = self.b.binary(Binary::Sub, args[1], args[0]);
                let above = self.b.binary(Binary::Mul, width, unit);
                self.b.binary(Binary::Add, args[0], above)
            }
            Draw::Below => self.below(bits, args[0]),
        })
    }

    fn unit(&mut self, bits: Value) -> Value {
        let high = self.shifted(bits, 40);
        let whole = self.b.convert(Convert::I64ToF32U, high);
        let scale = self.b.constant(Const::f32(1.0 / (1u32 << 24) as f32));
        self.b.binary(Binary::Mul, whole, scale)
    }

    /// The upper 64 of the 128 bits of `bits * bound`, by halves.
    fn below(&mut self, bits: Value, bound: Value) -> Value {
        let bound = self.b.convert(Convert::I32ToI64U, bound);
        let high = self.shifted(bits, 32);
        let mask = self.word(0xFFFF_FFFF);
        let low = self.b.binary(Binary::And, bits, mask);
        let high = self.b.binary(Binary::Mul, high, bound);
        let low = self.b.binary(Binary::Mul, low, bound);
        let carried = self.shifted(low, 32);
        let sum = self.b.binary(Binary::Add, high, carried);
        let whole = self.shifted(sum, 32);
        self.b.convert(Convert::I64ToI32, whole)
    }

    fn mix(&mut self, z: Value) -> Value {
        let mut z = z;
        for (shift, factor) in [(30, 0xBF58_476D_1CE4_E5B9), (27, 0x94D0_49BB_1331_11EB)] {
            let high = self.shifted(z, shift);
            let both = self.b.binary(Binary::Xor, z, high);
            let factor = self.word(factor);
            z = self.b.binary(Binary::Mul, both, factor);
        }
        let high = self.shifted(z, 31);
        self.b.binary(Binary::Xor, z, high)
    }

    fn step(&mut self, state: Value) -> Value {
        let gamma = self.word(GAMMA);
        self.b.binary(Binary::Add, state, gamma)
    }

    fn shifted(&mut self, value: Value, by: u64) -> Value {
        let by = self.word(by);
        self.b.binary(Binary::ShrU, value, by)
    }

    fn word(&mut self, value: u64) -> Value {
        self.b.constant(Const::I64(value as i64))
    }
}
