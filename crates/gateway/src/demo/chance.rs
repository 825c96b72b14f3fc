//! Chance that falls alike on every machine and in every version: SplitMix64 from a fixed seed.

/// A stream of numbers.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// One of `range`.
    pub fn of(&mut self, range: std::ops::Range<usize>) -> usize {
        range.start + (self.next() % range.len().max(1) as u64) as usize
    }
    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.of(0..100) < percent
    }
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.of(0..from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_falls_the_same_way() {
        let throw = || {
            let mut chance = Chance::new(7);
            (0..50).map(|_| chance.of(1..7)).collect::<Vec<_>>()
        };
        assert_eq!(throw(), throw());
        assert!(throw().iter().all(|d| (1..7).contains(d)));
        assert_eq!(Chance::new(0).next(), 0xe220_a839_7b1d_cdaf, "the published first value");
    }
}
