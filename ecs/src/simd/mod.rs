//! Loops over rows, compiled twice: for the baseline that every machine of the host has, and for wider vectors.
//!
//! A released program is built for plain x86-64, whose vectors hold four `f32`; nearly every machine has AVX2, whose vectors hold eight. The
//! loop over a chunk's rows is generic over the function that it calls, so the compiler can make a second one for AVX2 with the function's body
//! inside, and a check per chunk picks it.
//!
//! **The bits stay the same.** Wider vectors do the same operations on more rows at once: Rust neither reorders nor fuses floating-point
//! operations, and FMA is not enabled here, so that no compiler may be tempted to. Measured on ten row systems over a million rows of `f32`
//! columns: see the cases E3 and E4 of the benchmarks.

mod gauge;

pub(crate) use gauge::Gauge;

/// A loop that is worth compiling twice.
pub(crate) trait Kernel {
    /// Runs it. Implementations are `#[inline(always)]`, or the second copy calls the first.
    fn run(self);
}

/// Runs a kernel over so many rows, `wide` with the widest vectors that the machine has.
#[inline(always)]
pub(crate) fn run(rows: usize, wide: bool, kernel: impl Kernel) {
    #[cfg(target_arch = "x86_64")]
    if wide && rows >= WORTH_IT && is_x86_feature_detected!("avx2") {
        // SAFETY: the machine has AVX2.
        return unsafe { avx2(kernel) };
    }
    // Elsewhere there is one copy.
    let _ = (rows, wide);
    kernel.run();
}

/// Rows from which on the check is worth its while.
#[cfg(target_arch = "x86_64")]
const WORTH_IT: usize = 32;

/// # Safety
/// The machine has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2(kernel: impl Kernel) {
    kernel.run();
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Steps<'a> {
        positions: &'a mut [[f32; 3]],
        velocities: &'a [[f32; 3]],
    }

    impl Kernel for Steps<'_> {
        #[inline(always)]
        fn run(self) {
            for (position, velocity) in self.positions.iter_mut().zip(self.velocities) {
                for axis in 0..3 {
                    let pull = position[axis] * position[axis] - velocity[axis];
                    position[axis] =
                        (position[axis] + velocity[axis] * 0.1) / (1.5 + pull.sqrt()) + pull.abs();
                }
            }
        }
    }

    /// Values of all kinds, from a counter.
    fn value(number: usize) -> f32 {
        match number % 11 {
            0 => 0.0,
            1 => -0.0,
            2 => f32::MIN_POSITIVE / 3.0,
            3 => f32::INFINITY,
            4 => -f32::MAX,
            kind => (number as f32 * 0.618_034).fract() * 10_f32.powi(kind as i32 - 7),
        }
    }

    #[test]
    fn wide_vectors_give_the_same_bits() {
        for rows in [0, 1, 31, 32, 33, 1000] {
            let velocities: Vec<_> = (0..rows)
                .map(|row| [value(row), value(row + 5), value(row * 7)])
                .collect();
            let mut wide: Vec<_> = (0..rows)
                .map(|row| [value(row * 3), value(row + 2), value(row)])
                .collect();
            let mut plain = wide.clone();
            for _ in 0..8 {
                run(
                    rows,
                    true,
                    Steps {
                        positions: &mut wide,
                        velocities: &velocities,
                    },
                );
                Steps {
                    positions: &mut plain,
                    velocities: &velocities,
                }
                .run();
            }
            let bits = |rows: &[[f32; 3]]| -> Vec<u32> {
                rows.iter()
                    .flatten()
                    .map(|value| {
                        if value.is_nan() {
                            0x7fc0_0000
                        } else {
                            value.to_bits()
                        }
                    })
                    .collect()
            };
            assert_eq!(bits(&wide), bits(&plain), "{rows} rows");
        }
    }
}
