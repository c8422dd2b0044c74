//! A set of measurements in ascending order, and what can be read off it without chance.
//!
//! Sorted once and never empty, so that no statistic below has a case without an answer. It knows
//! nothing of units: times come in as seconds and leave as seconds.

/// `|x - median| / MAD` beyond which a measurement counts as an outlier: ten standard deviations of
/// normal data (1.4826 · 10), the rule of hyperfine after Iglewicz and Hoaglin (1993).
pub const OUTLIER: f64 = 14.826;

/// Finite numbers in ascending order; at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted(Vec<f64>);

impl Sorted {
    /// Sorts `values`. NaN and the infinities are no measurements and are left out; `None` if
    /// nothing remains.
    pub fn new(mut values: Vec<f64>) -> Option<Self> {
        values.retain(|value| value.is_finite());
        values.sort_unstable_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self(values))
    }

    /// The numbers, ascending.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// How many there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Smallest.
    pub fn min(&self) -> f64 {
        self.nth(0)
    }

    /// Largest.
    pub fn max(&self) -> f64 {
        self.nth(self.len() - 1)
    }

    /// The number at `rank` from 0; the largest if there are fewer.
    pub(super) fn nth(&self, rank: usize) -> f64 {
        self.0[rank.min(self.len() - 1)]
    }

    /// The quantile at `share` (0..=1) by linear interpolation between the two nearest ranks:
    /// type 7 of Hyndman and Fan (1996), the default of R and `NumPy`.
    pub fn quantile(&self, share: f64) -> f64 {
        let position = share.clamp(0.0, 1.0) * (self.len() - 1) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 0..len"
        )]
        let below = position.floor() as usize;
        let (low, high) = (self.nth(below), self.nth(below + 1));
        low + (high - low) * position.fract()
    }

    /// Middle number, or the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let half = self.len() / 2;
        if self.len() % 2 == 1 {
            return self.nth(half);
        }
        f64::midpoint(self.nth(half - 1), self.nth(half))
    }

    /// Median absolute deviation from the median, not scaled.
    pub fn mad(&self) -> f64 {
        let (median, n) = (self.median(), self.len());
        // From the median outwards the distances on each side rise, so merging both sorts them.
        let mut high = self.0.partition_point(|value| *value < median);
        let mut low = high;
        let (mut before, mut last) = (0.0, 0.0);
        for _ in 0..=n / 2 {
            let below = low.checked_sub(1).map_or(f64::INFINITY, |at| median - self.0[at]);
            let above = self.0.get(high).map_or(f64::INFINITY, |value| value - median);
            before = last;
            last = below.min(above);
            if below < above {
                low -= 1;
            } else {
                high += 1;
            }
        }
        if n % 2 == 1 { last } else { f64::midpoint(before, last) }
    }

    /// Arithmetic mean.
    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.len() as f64
    }

    /// Standard deviation of the sample (n - 1 below the line); `None` for a single number.
    pub fn sd(&self) -> Option<f64> {
        let mean = self.mean();
        let squares: f64 = self.0.iter().map(|value| (value - mean).powi(2)).sum();
        (self.len() > 1).then(|| (squares / (self.len() - 1) as f64).sqrt())
    }

    /// How many numbers are outliers by [`OUTLIER`]. Where more than half are equal the MAD is 0
    /// and every other number counts, as with hyperfine.
    pub fn outliers(&self) -> usize {
        let (median, bound) = (self.median(), OUTLIER * self.mad());
        let below = self.0.partition_point(|value| median - value > bound);
        let near = self.0.partition_point(|value| value - median <= bound);
        below + self.len() - near
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Sorted {
        Sorted::new(values.to_vec()).unwrap()
    }

    #[track_caller]
    fn near(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-9, "{left} is not {right}");
    }

    #[test]
    fn known_values() {
        let data = of(&[2.0, 8.0, 4.0, 4.0, 5.0, 4.0, 7.0, 9.0]);
        near(data.median(), 4.5);
        near(data.mean(), 5.375);
        near(data.sd().unwrap(), 2.386_719_206_657_66);
        near(data.mad(), 1.5);
        near(data.quantile(0.9), 8.3);
        near(data.quantile(0.0), 2.0);
        near(data.quantile(1.0), 9.0);
        near(of(&[1.0, 2.0, 3.0, 4.0]).quantile(0.25), 1.75);
        assert_eq!(of(&[3.0]).sd(), None);
    }

    #[test]
    fn outliers_are_counted_also_when_most_numbers_are_equal() {
        assert_eq!(of(&[1.0, 2.0, 3.0, 4.0, 5.0]).outliers(), 0);
        assert_eq!(of(&[1.0, 2.0, 3.0, 4.0, 100.0]).outliers(), 1);
        assert_eq!(of(&[1.0, 1.0, 1.0, 1.0, 1.1]).outliers(), 1);
        assert_eq!(of(&[1.0; 9]).outliers(), 0);
    }

    #[test]
    fn what_is_no_number_is_no_measurement() {
        assert_eq!(Sorted::new(vec![]), None);
        assert_eq!(Sorted::new(vec![f64::NAN, f64::INFINITY]), None);
        assert_eq!(of(&[f64::NAN, 2.0, 1.0]).values(), [1.0, 2.0]);
    }

    proptest! {
        #[test]
        fn every_statistic_lies_within_the_data(
            values in prop::collection::vec(-1e9_f64..1e9, 1..200), share in 0.0_f64..=1.0,
        ) {
            let data = Sorted::new(values).unwrap();
            let slack = 1e-6;
            for value in [data.quantile(share), data.median(), data.mean()] {
                prop_assert!(value >= data.min() - slack && value <= data.max() + slack);
            }
            prop_assert!(data.mad() >= 0.0);
            prop_assert!((data.quantile(0.5) - data.median()).abs() < slack);
            prop_assert!(data.outliers() <= data.len());
        }

        #[test]
        fn what_is_read_off_the_order_is_what_the_definition_says(
            values in prop::collection::vec(-50_i8..50, 1..60),
        ) {
            let data = Sorted::new(values.into_iter().map(f64::from).collect()).unwrap();
            let median = data.median();
            let away: Vec<f64> = data.values().iter().map(|value| (value - median).abs()).collect();
            let mad = Sorted::new(away.clone()).unwrap().median();
            prop_assert_eq!(data.mad().to_bits(), mad.to_bits());
            let far = away.iter().filter(|away| **away > OUTLIER * mad).count();
            prop_assert_eq!(data.outliers(), far);
        }

        #[test]
        fn quantiles_rise(
            values in prop::collection::vec(0.0_f64..1.0, 1..50), a in 0.0_f64..1.0, b in 0.0_f64..1.0,
        ) {
            let data = Sorted::new(values).unwrap();
            prop_assert!(data.quantile(a.min(b)) <= data.quantile(a.max(b)) + 1e-12);
        }
    }
}
