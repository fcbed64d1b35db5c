//! Medians with their intervals, and ratios inside a block.

use serde::{Deserialize, Serialize};

const RESAMPLES: usize = 2000;

/// A median and its bootstrap 95 % interval.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
pub struct Estimate {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Estimate {
    pub fn of(samples: &[f64]) -> Option<Self> {
        let median = median(samples)?;
        // The same samples give the same interval.
        let mut random = fastrand::Rng::with_seed(20_260_101);
        let mut medians: Vec<f64> = (0..RESAMPLES)
            .filter_map(|_| {
                let resample: Vec<f64> = samples.iter().filter_map(|_| random.choice(samples).copied()).collect();
                self::median(&resample)
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        let at = |index: usize| medians.get(index).copied();
        Some(Self {
            median,
            low: at(RESAMPLES / 40)?,
            high: at(RESAMPLES - 1 - RESAMPLES / 40)?,
        })
    }

    /// Each sample over the one beside it.
    pub fn of_ratios(samples: &[f64], floor: &[f64]) -> Option<Self> {
        let ratios: Vec<f64> = samples
            .iter()
            .zip(floor)
            .map(|(sample, floor)| sample / floor)
            .collect();
        Self::of(&ratios)
    }
}

pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((upper + sorted.get(middle.checked_sub(1)?)?) / 2.0)
}

/// The value below which `share` of the samples lie.
pub fn quantile(samples: &[f64], share: f64) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (sorted.len() as f64 * share) as usize;
    sorted.get(index.min(sorted.len().checked_sub(1)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_lies_in_its_interval() {
        let samples: Vec<f64> = (1..=41).map(f64::from).collect();
        let estimate = Estimate::of(&samples).unwrap();
        assert_eq!(estimate.median, 21.0);
        assert!(estimate.low < 21.0 && estimate.high > 21.0 && estimate.low > 8.0 && estimate.high < 34.0);
        assert_eq!(median(&[1.0, 2.0]), Some(1.5));
        assert_eq!(median(&[]), None);
        assert_eq!(Estimate::of(&[]), None);
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        let ratio = Estimate::of_ratios(&[2.0, 20.0], &[1.0, 10.0]).unwrap();
        assert_eq!((ratio.median, ratio.low, ratio.high), (2.0, 2.0, 2.0));
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.99), Some(3.0));
    }
}
