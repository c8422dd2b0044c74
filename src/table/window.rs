//! Values of windows of equal length, and what becomes of each window.
//!
//! Where the length is told, a window is closed when rows are eight windows further, and is exact up to
//! 65,536 values. Where it is not, windows grow from a millionth by twos and fives until fewer than
//! 300 hold everything; rows may then come in any order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Error;
use super::quantile::Quantiles;
use super::thin::{Choice, Point, Thin};
use crate::model::workflow::Aggregation;

/// Windows of a curve at most, where their length is chosen.
const MOST: f64 = 300.0;
/// Windows that are open at a time where their length is told.
const OPEN: usize = 8;
/// The length that growing windows begin with.
const FIRST: f64 = 1e-6;
/// Values kept each, and bins on each side of zero: of a window of a told length, and of a growing one.
const TOLD: (usize, usize) = (1 << 16, 8_192);
const GROWING: (usize, usize) = (512, 512);

/// The windows of some curves, all of the same length.
pub(super) struct Windows {
    of: Aggregation,
    each: f64,
    told: bool,
    /// Whether the next step is by two, not by five.
    by_two: bool,
    ends: (f64, f64),
    curves: Vec<Curve>,
    /// Points of a curve at most.
    most: usize,
    /// Rows of windows that were closed.
    late: u64,
}

struct Curve {
    open: BTreeMap<i64, Window>,
    closed: Option<i64>,
    done: Thin,
}

/// What is in a window.
struct Window {
    x: f64,
    n: u64,
    values: Quantiles,
}

impl Windows {
    /// Windows of `each` for so many curves; `None` chooses their length.
    pub(super) fn new(of: Aggregation, each: Option<f64>, most: usize) -> Self {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let told = each.is_some();
        let each = each.unwrap_or(FIRST);
        Self { of, each, told, by_two: true, ends, curves: Vec::new(), most, late: 0 }
    }

    /// The length of a window.
    pub(super) const fn each(&self) -> f64 {
        self.each
    }

    /// Takes a value of the curve `curve` in.
    pub(super) fn push(&mut self, curve: usize, (x, y): Point) {
        while self.curves.len() <= curve {
            self.curves.push(Curve::new(self.most));
        }
        if !self.told {
            self.fit(x);
        }
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let key = (x / self.each).floor() as i64;
        let (keep, bins) = self.memory();
        let of = &mut self.curves[curve];
        if of.closed.is_some_and(|closed| key <= closed) {
            self.late += 1;
            return;
        }
        let fresh = || Window { x: 0.0, n: 0, values: Quantiles::new(keep, bins) };
        of.open.entry(key).or_insert_with(fresh).push(x, y);
        if self.told && of.open.len() > OPEN {
            of.close(self.of);
        }
    }

    /// Values of a window kept each, and bins beyond. A mean needs none.
    const fn memory(&self) -> (usize, usize) {
        match (self.of, self.told) {
            (Aggregation::Avg, _) => (0, 2),
            (_, true) => TOLD,
            (_, false) => GROWING,
        }
    }

    /// Makes windows so long that there are not too many with one at `x`.
    fn fit(&mut self, x: f64) {
        if self.ends.0 <= x && x <= self.ends.1 {
            return;
        }
        self.ends = (self.ends.0.min(x), self.ends.1.max(x));
        let number = |each: f64| (self.ends.1 / each).floor() - (self.ends.0 / each).floor();
        while number(self.each) >= MOST {
            let times = if self.by_two { 2 } else { 5 };
            self.by_two = !self.by_two;
            self.each *= f64::from(times);
            self.curves.iter_mut().for_each(|curve| curve.grow(i64::from(times)));
        }
    }

    /// The points of each curve, one a window, where the mean of its rows is. Fails where rows came
    /// after their window was closed.
    pub(super) fn curves(self) -> Result<Vec<Vec<Point>>, Error> {
        if self.late > 0 {
            return Err(Error::Nothing(format!(
                "{} rows come more than {OPEN} windows after their time: sort the file by time, or leave \
                 the length of a window out",
                self.late
            )));
        }
        let of = self.of;
        let points = |mut curve: Curve| {
            while !curve.open.is_empty() {
                curve.close(of);
            }
            curve.done.points()
        };
        Ok(self.curves.into_iter().map(points).collect())
    }
}

impl Window {
    fn push(&mut self, x: f64, y: f64) {
        self.n += 1;
        let n = self.n as f64;
        self.x += x / n - self.x / n;
        self.values.push(y);
    }

    fn add(&mut self, other: &Self) {
        let n = (self.n + other.n) as f64;
        self.x = self.x * (self.n as f64 / n) + other.x * (other.n as f64 / n);
        self.n += other.n;
        self.values.merge(&other.values);
    }
}

impl Curve {
    fn new(most: usize) -> Self {
        Self { open: BTreeMap::new(), closed: None, done: Thin::new(most, Choice::Stride) }
    }

    /// Each `times` windows become one.
    fn grow(&mut self, times: i64) {
        let mut grown: BTreeMap<i64, Window> = BTreeMap::new();
        for (key, window) in std::mem::take(&mut self.open) {
            match grown.entry(key.div_euclid(times)) {
                Entry::Vacant(place) => {
                    place.insert(window);
                }
                Entry::Occupied(mut of) => of.get_mut().add(&window),
            }
        }
        self.open = grown;
    }

    /// Closes the first window.
    fn close(&mut self, of: Aggregation) {
        let Some((key, window)) = self.open.pop_first() else { return };
        self.closed = Some(key);
        if let Some(value) = value(window.values, of) {
            self.done.push((window.x, value));
        }
    }
}

fn value(values: Quantiles, of: Aggregation) -> Option<f64> {
    if of == Aggregation::Avg {
        return values.mean();
    }
    let spread = values.spread()?;
    Some(match of {
        Aggregation::Avg => spread.mean,
        Aggregation::Median => spread.median(),
        Aggregation::P95 => spread.nearest(0.95),
        Aggregation::P99 => spread.nearest(0.99),
    })
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::needless_for_each, reason = "small numbers")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(points: &[Point], each: f64, of: Aggregation) -> Vec<f64> {
        let mut windows: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
        for (x, y) in points {
            windows.entry((x / each).floor() as i64).or_default().push(*y);
        }
        let value = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            let rank = |percent: usize| values[(percent * values.len()).div_ceil(100) - 1];
            match of {
                Aggregation::Avg => values.iter().sum::<f64>() / values.len() as f64,
                Aggregation::Median => {
                    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
                }
                Aggregation::P95 => rank(95),
                Aggregation::P99 => rank(99),
            }
        };
        windows.into_values().map(value).collect()
    }

    proptest! {
        #[test]
        fn windows_hold_what_the_naive_way_finds(
            values in prop::collection::vec(0.0_f64..1e3, 1..400), told in any::<bool>(),
        ) {
            let points: Vec<Point> = (0..).map(|at| f64::from(at) * 0.37).zip(values).collect();
            for of in [Aggregation::Avg, Aggregation::Median, Aggregation::P95, Aggregation::P99] {
                let mut windows = Windows::new(of, told.then_some(5.0), 10_000);
                points.iter().for_each(|point| windows.push(0, *point));
                let wanted = naive(&points, windows.each(), of);
                let found = windows.curves().unwrap().remove(0);
                prop_assert_eq!(found.len(), wanted.len());
                for ((_, found), wanted) in found.iter().zip(wanted) {
                    prop_assert!((found - wanted).abs() < 1e-9, "{found} is not {wanted}");
                }
            }
        }
    }

    #[test]
    fn growing_windows_have_round_lengths_and_rows_come_in_any_order() {
        let mut windows = Windows::new(Aggregation::Avg, None, 1_000);
        for at in (0..3_600).rev().map(f64::from) {
            windows.push(0, (at, 1.0));
        }
        assert!((windows.each() - 20.0).abs() < 1e-9, "{}", windows.each());
        assert_eq!(windows.curves().unwrap()[0].len(), 180);
        let mut windows = Windows::new(Aggregation::P95, None, 1_000);
        [-1e308, 1e308, 0.0].into_iter().for_each(|at| windows.push(0, (at, 1.0)));
        assert!(windows.curves().is_ok());
    }

    #[test]
    fn a_row_whose_window_is_closed_is_an_error() {
        let mut windows = Windows::new(Aggregation::Avg, Some(1.0), 1_000);
        (0..20).rev().map(f64::from).for_each(|at| windows.push(0, (at, 1.0)));
        assert!(windows.curves().unwrap_err().to_string().starts_with("11 rows come more than 8"));
    }
}
