//! Chance that can be repeated.

/// SplitMix64: a failure needs only its seed to be repeated.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let sides = u64::try_from(sides).unwrap_or(u64::MAX);
        usize::try_from((z ^ (z >> 31)).checked_rem(sides).unwrap_or_default()).unwrap_or_default()
    }
}
