//! Bootstrap intervals of a median, and of a ratio of medians.
//!
//! The percentile bootstrap (Efron 1979): take the median of n numbers drawn with replacement, many
//! times; the middle 95 % of those medians is the interval. Drawing n numbers to keep one is waste:
//! the rank of a resample's median is an order statistic of n uniform numbers, which has a Beta
//! distribution (David and Nagaraja, *Order Statistics*, 2003, §2.1). So one resample costs one
//! Beta draw whatever n is. Ranks between two samples are interpolated (Hutson 1999, fractional
//! order statistics): without that, small and even n cover the truth too seldom.

use rand::Rng;

use super::sorted::Sorted;

/// Samples below which no interval is given: too few ranks lie on each side of the median.
pub const FEWEST: usize = 6;

/// Resamples behind a published interval.
pub const RESAMPLES: u32 = 9_999;

/// The middle 95 % of what resampling gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end: the 2.5th percentile.
    pub low: f64,
    /// Upper end: the 97.5th percentile.
    pub high: f64,
}

impl Interval {
    /// Half its width as a share of `middle`; `None` where that is no number (`middle` is 0).
    pub fn half_width(&self, middle: f64) -> Option<f64> {
        let share = (self.high - self.low) / 2.0 / middle.abs();
        share.is_finite().then_some(share)
    }

    fn of(draws: Vec<f64>) -> Option<Self> {
        Sorted::new(draws)
            .map(|draws| Self { low: draws.quantile(0.025), high: draws.quantile(0.975) })
    }
}

/// The 95 % interval of the median of `data`; `None` below [`FEWEST`] samples.
pub fn of_median(data: &Sorted, resamples: u32, rng: &mut impl Rng) -> Option<Interval> {
    if data.len() < FEWEST {
        return None;
    }
    Interval::of((0..resamples).map(|_| resampled(data, rng)).collect())
}

/// The median of `data` over that of `base`, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// How many times the base.
    pub times: f64,
    /// Its interval; `None` where either side has fewer than [`FEWEST`] samples.
    pub interval: Option<Interval>,
}

/// How many times `base` takes what `data` takes. Both sides are resampled apart, as they were
/// measured apart. `None` when the base is 0.
pub fn times(data: &Sorted, base: &Sorted, resamples: u32, rng: &mut impl Rng) -> Option<Times> {
    let times = data.median() / base.median();
    let enough = data.len().min(base.len()) >= FEWEST;
    let draw = |_| resampled(data, rng) / resampled(base, rng);
    let interval = enough.then(|| Interval::of((0..resamples).map(draw).collect()));
    times.is_finite().then_some(Times { times, interval: interval.flatten() })
}

/// The median of one resample of `data`.
fn resampled(data: &Sorted, rng: &mut impl Rng) -> f64 {
    let n = data.len() as f64;
    let rank = beta(f64::midpoint(n, 1.0), rng) * (n + 1.0) - 1.0;
    data.quantile(rank / (n - 1.0).max(1.0))
}

/// A draw from Beta(shape, shape), as the share of one gamma draw in the sum of two.
fn beta(shape: f64, rng: &mut impl Rng) -> f64 {
    let (left, right) = (gamma(shape, rng), gamma(shape, rng));
    left / (left + right)
}

/// A draw from Gamma(shape, 1), shape 1 or more: Marsaglia and Tsang (2000).
fn gamma(shape: f64, rng: &mut impl Rng) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(rng);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && uniform(rng).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A standard normal draw: the polar method of Marsaglia and Bray (1964), its second half unused.
fn normal(rng: &mut impl Rng) -> f64 {
    loop {
        let (x, y) = (2.0 * uniform(rng) - 1.0, 2.0 * uniform(rng) - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
}

/// A draw from the open interval 0..1, whose logarithm is finite.
fn uniform(rng: &mut impl Rng) -> f64 {
    rng.sample(rand::distr::Open01)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::{Sorted, of_median, resampled, times};

    fn of(values: Vec<f64>) -> Sorted {
        Sorted::new(values).unwrap()
    }

    /// The bootstrap as the textbook has it: draw n with replacement, take the median.
    fn textbook(data: &Sorted, rng: &mut StdRng) -> f64 {
        let pick = |_| data.nth(rng.sample(rand::distr::Uniform::new(0, data.len()).unwrap()));
        of((0..data.len()).map(pick).collect()).median()
    }

    #[test]
    fn a_beta_draw_stands_for_a_whole_resample() {
        for n in [31_u32, 60, 101] {
            let data = of((0..n).map(|k| f64::from(k * k)).collect());
            let mut rng = StdRng::seed_from_u64(7);
            let quick = of((0..4_000).map(|_| resampled(&data, &mut rng)).collect());
            let slow = of((0..4_000).map(|_| textbook(&data, &mut rng)).collect());
            for share in [0.025, 0.25, 0.5, 0.75, 0.975] {
                let ratio = quick.quantile(share) / slow.quantile(share);
                assert!((ratio - 1.0).abs() < 0.08, "n = {n}, {share}: {ratio}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let data = of((0..40).map(f64::from).collect());
        let with = |seed| of_median(&data, 999, &mut StdRng::seed_from_u64(seed)).unwrap();
        assert_eq!(with(3), with(3));
        assert_ne!(with(3), with(4));
    }

    #[test]
    fn few_samples_have_no_interval() {
        let mut rng = StdRng::seed_from_u64(1);
        assert_eq!(of_median(&of(vec![1.0; 5]), 99, &mut rng), None);
        let known = of_median(&of(vec![1.0; 6]), 99, &mut rng).unwrap();
        assert_eq!((known.low, known.high), (1.0, 1.0));
    }

    #[test]
    fn a_ratio_has_an_interval_around_it() {
        let mut rng = StdRng::seed_from_u64(1);
        let base = of((10..30).map(f64::from).collect());
        let twice = of((10..30).map(|k| f64::from(2 * k)).collect());
        let ratio = times(&twice, &base, 999, &mut rng).unwrap();
        assert!((ratio.times - 2.0).abs() < 1e-12);
        let interval = ratio.interval.unwrap();
        assert!(interval.low < 2.0 && interval.high > 2.0);
        assert_eq!(times(&base, &of(vec![0.0]), 99, &mut rng), None);
    }

    proptest! {
        #[test]
        fn an_interval_lies_within_the_data(
            values in prop::collection::vec(0.0_f64..1e6, 6..60), seed: u64,
        ) {
            let data = Sorted::new(values).unwrap();
            let found = of_median(&data, 199, &mut StdRng::seed_from_u64(seed)).unwrap();
            prop_assert!(data.min() <= found.low && found.low <= found.high);
            prop_assert!(found.high <= data.max());
        }
    }
}
