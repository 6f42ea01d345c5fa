//! Dice: numbers that follow from a seed (SplitMix64, Steele and others, 2014).

use std::time::Duration;

/// Draws; the same seed draws the same.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Draws a number below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a bound that fits")
    }

    /// Draws a number from a range, both ends included.
    pub(crate) fn number(&mut self, least: u32, most: u32) -> u32 {
        least + u32::try_from(self.below((most - least + 1) as usize)).expect("it is below a bound that fits")
    }

    /// Says yes once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Draws one of several.
    pub(crate) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Draws a time up to a bound, short ones more often than long ones.
    pub(crate) fn time(&mut self, most: Duration) -> Duration {
        let share = self.number(0, 1000);
        most * share / 1000 * share / 1000
    }
}
