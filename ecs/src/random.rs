//! Randomness that is a function of its inputs: no state, so no order, so the same numbers whatever the schedule.
//!
//! A generator is keyed by seed, step, entity and stream and counts from there. The mixing function is the finaliser of SplitMix64
//! (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014), applied once per key word.

/// Numbers from a key; two generators with the same key yield the same numbers on every host.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

/// The odd constant of SplitMix64: 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Random {
    /// A generator for the key words, in order.
    pub fn keyed(words: [u64; 4]) -> Self {
        let state = words.iter().fold(0, |state: u64, word| {
            mix(state.wrapping_add(GAMMA) ^ mix(word.wrapping_add(GAMMA)))
        });
        Random { state }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A number in [0, 1), one of 2^24 equally spaced ones.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 * (1.0 / (1u32 << 24) as f32)
    }

    /// A number in [0, 1), one of 2^53 equally spaced ones.
    pub fn unit64(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in [low, high); `low` where the range is empty.
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A whole number in [0, bound), without bias to speak of (below 2^-32); 0 where `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_word_matters() {
        let first = |words| Random::keyed(words).bits();
        let base = first([1, 2, 3, 4]);
        for word in 0..4 {
            let mut words = [1, 2, 3, 4];
            words[word] += 1;
            assert_ne!(base, first(words), "word {word}");
        }
        assert_ne!(base, first([2, 1, 3, 4]), "order matters");
        assert_eq!(base, first([1, 2, 3, 4]));
    }

    #[test]
    fn units_stay_in_range_and_spread() {
        let mut random = Random::keyed([7, 0, 0, 0]);
        let mut buckets = [0u32; 16];
        for _ in 0..16_000 {
            let value = random.unit();
            assert!((0.0..1.0).contains(&value));
            buckets[(value * 16.0) as usize] += 1;
            assert!((0.0..1.0).contains(&random.unit64()));
            assert!(random.below(10) < 10);
            assert!((-2.0..3.0).contains(&random.range(-2.0, 3.0)));
        }
        assert!(
            buckets.iter().all(|&count| (800..1200).contains(&count)),
            "{buckets:?}"
        );
    }
}
