//! Random numbers that depend on the seed alone: splitmix64.
//!
//! Not taken from a crate: the documents of a seed must stay the same from release to release, because figures are
//! compared by them, and crates such as `fastrand` and `rand` may change their streams with any version.

/// A stream of numbers that its seed alone decides.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// Starts the stream of item `n` of a family of streams; neighbours have nothing in common.
    pub(crate) fn new(seed: u64, n: u64, purpose: u64) -> Self {
        Self { state: mix(mix(mix(seed) ^ n) ^ purpose) }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// A number from 0 to `end - 1`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // The upper half of the product: no division, and a bias far below what a sample can show.
        let product: u128 = u128::from(self.next()) * u128::from(end);
        u64::try_from(product >> 64).expect("the upper half of a 128-bit product has 64 bits")
    }

    /// A number from `first` to `last`.
    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// True in `permille` of 1,000 cases.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        let idx = self.below(items.len() as u64);
        items[usize::try_from(idx).expect("an index below a length is an index")]
    }
}

fn mix(state: u64) -> u64 {
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_splitmix64() {
        // The first outputs of the reference implementation for seed 1234567.
        let mut random = Random { state: 1_234_567 };
        assert_eq!(
            [random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let mut random = Random::new(1, 2, 3);
        let mut seen = [0_u32; 5];
        for _ in 0..1000 {
            let number = random.between(10, 14);
            seen[usize::try_from(number - 10).expect("small")] += 1;
        }
        assert!(seen.iter().all(|&count| count > 150), "{seen:?}");
    }
}
