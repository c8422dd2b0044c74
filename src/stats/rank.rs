//! Intervals of quantiles by rank: no more is assumed than that measurements do not hang together.
//!
//! How many of n measurements lie below a quantile has a binomial distribution, so two of the sorted
//! measurements enclose it with a chance that is known (David and Nagaraja, *Order Statistics*, 2003,
//! §7.1). Where there are too few for an end there is none: the 99th percentile needs 368.

use super::interval::Interval;
use super::sorted::Sorted;

/// Chance on each side that the quantile lies beyond.
const BEYOND: f64 = 0.025;

/// The 95 % interval of the quantile at `share` (0..1); `None` where there are too few to enclose it.
pub fn of_quantile(data: &Sorted, share: f64) -> Option<Interval> {
    let (low, high) = ranks(data.len(), share)?;
    Some(Interval { low: data.nth(low), high: data.nth(high) })
}

/// The ranks, from 0, of the measurements that enclose it.
fn ranks(n: usize, share: f64) -> Option<(usize, usize)> {
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    let odds = (share / (1.0 - share)).ln();
    let mut chance = n as f64 * (1.0 - share).ln();
    let (mut below, mut low) = (0.0, None);
    for k in 0..n {
        below += chance.exp();
        if below > BEYOND && low.is_none() {
            low = Some(k.checked_sub(1)?);
        }
        if below >= 1.0 - BEYOND {
            return Some((low?, k));
        }
        chance += ((n - k) as f64 / (k + 1) as f64).ln() + odds;
    }
    None
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn the_ranks_are_those_of_the_tables() {
        // Conover, Practical Nonparametric Statistics (1999), table of the sign test.
        assert_eq!(ranks(6, 0.5), Some((0, 5)));
        assert_eq!(ranks(5, 0.5), None);
        assert_eq!(ranks(20, 0.5), Some((5, 14)));
        assert_eq!(ranks(367, 0.99), None);
        assert!(ranks(368, 0.99).is_some());
        assert_eq!((ranks(100, 0.0), ranks(100, 1.0), ranks(0, 0.5)), (None, None, None));
    }

    #[test]
    fn the_truth_lies_within_as_often_as_is_said() {
        let mut rng = StdRng::seed_from_u64(3);
        for (n, share) in [(30, 0.5), (200, 0.95), (600, 0.99)] {
            let mut within = 0;
            for _ in 0..2_000 {
                let data = Sorted::new((0..n).map(|_| rng.random()).collect()).unwrap();
                let interval = of_quantile(&data, share).unwrap();
                within += u32::from(interval.low <= share && share <= interval.high);
            }
            assert!((1_880..=2_000).contains(&within), "{n}, {share}: {within} of 2,000");
        }
    }
}
