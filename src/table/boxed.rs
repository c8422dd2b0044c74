//! Numbers as a box: quartiles, whiskers to the last within one and a half times the box (Tukey 1977), and
//! what lies beyond. Every picture of a box takes it from here.

use super::Spread;

/// A box.
#[derive(Clone, Debug, PartialEq)]
pub struct Boxed {
    /// How many numbers.
    pub n: u64,
    /// Where the lower whisker ends.
    pub low: f64,
    /// The first quartile.
    pub first: f64,
    /// The median.
    pub median: f64,
    /// The third quartile.
    pub third: f64,
    /// Where the upper whisker ends.
    pub high: f64,
    /// Numbers beyond the whiskers, ascending; of many some, the farthest among them.
    pub beyond: Vec<f64>,
}

impl Spread {
    /// The box of these numbers, with about `most` of those beyond.
    pub fn boxed(&self, most: usize) -> Boxed {
        let [first, median, third] = [0.25, 0.5, 0.75].map(|of| self.between(of));
        let reach = (third - first) * 1.5;
        let within = |value: &f64| (first - reach..=third + reach).contains(value);
        let values = || self.parts().iter().map(|(value, _)| *value);
        let mut inside = values().filter(within);
        let low = inside.next();
        let high = inside.next_back().or(low);
        let beyond: Vec<f64> = values().filter(|value| !within(value)).collect();
        let stride = beyond.len().div_ceil(most.max(1)).max(1);
        let rings = beyond.iter().step_by(stride).chain(beyond.last()).copied();
        let mut rings: Vec<f64> = rings.collect();
        rings.dedup();
        Boxed {
            n: self.n,
            low: low.unwrap_or(first).min(first),
            first,
            median,
            third,
            high: high.unwrap_or(third).max(third),
            beyond: rings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Quantiles;

    #[test]
    fn a_box_is_tukey_s() {
        let mut numbers = Quantiles::new(100, 16);
        for value in [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 30.0, -20.0] {
            numbers.push(value);
        }
        let boxed = numbers.spread().unwrap().boxed(10);
        let found = [boxed.low, boxed.first, boxed.median, boxed.third, boxed.high];
        for (found, wanted) in found.into_iter().zip([1.0, 2.5, 5.0, 7.5, 9.0]) {
            assert!((found - wanted).abs() < 1e-12, "{found} is not {wanted}");
        }
        assert_eq!((boxed.n, boxed.beyond), (11, vec![-20.0, 30.0]));
        let mut many = Quantiles::new(10_000, 16);
        (0..1_000).for_each(|at| many.push(f64::from(at % 7)));
        (1..500).for_each(|at| many.push(f64::from(at) * 100.0));
        let boxed = many.spread().unwrap().boxed(20);
        assert!(boxed.beyond.len() <= 21, "{}", boxed.beyond.len());
        assert_eq!(boxed.beyond.last().copied(), Some(49_900.0));
    }
}
