//! How lengths are spread, without keeping each of them.
//!
//! Lengths that differ by less than 0.1 % share a bin, which keeps their number and their sum. So a
//! picture of any width is drawn from a few hundred bins, however many samples there are, and a
//! median is off by less than the width of a bin.

use std::collections::BTreeMap;
use std::ops::Range;

/// Bins of a factor of e; each is 0.1 % wide.
const FINE: f64 = 1_000.0;
/// Lengths that have bins, in seconds: from a nanosecond to 31 years, in some 41,000 of them.
const LENGTHS: Range<f64> = 1e-9..1e9;

/// Counts of lengths, in bins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    bins: BTreeMap<i32, Bin>,
    n: u64,
}

/// Lengths that are nearly the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many.
    pub n: u32,
    /// Of those, how many are marked as disturbed.
    pub tainted: u32,
    sum: f64,
}

impl Bin {
    /// Their mean.
    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.n.max(1))
    }
}

impl Sketch {
    /// Takes `length` in; what no run can last is passed over. Unless it `may_grow`, the nearest bin
    /// takes it that has shorter ones, else the first.
    pub fn push(&mut self, length: f64, tainted: bool, may_grow: bool) {
        if let Some(at) = place(length) {
            let near = if may_grow { None } else { self.near(at) };
            let bin = self.bins.entry(near.unwrap_or(at)).or_default();
            bin.n = bin.n.saturating_add(1);
            bin.tainted = bin.tainted.saturating_add(u32::from(tainted));
            bin.sum += length;
            self.n += 1;
        }
    }

    /// The last bin up to that at `at`, else the first.
    fn near(&self, at: i32) -> Option<i32> {
        let near = self.bins.range(..=at).next_back().or_else(|| self.bins.first_key_value());
        near.map(|(at, _)| *at)
    }

    /// Takes out a `length` that was taken in.
    pub fn pull(&mut self, length: f64, tainted: bool) {
        let Some((at, bin)) = place(length).and_then(|at| Some((at, self.bins.get_mut(&at)?)))
        else {
            return;
        };
        bin.n = bin.n.saturating_sub(1);
        bin.tainted = bin.tainted.saturating_sub(u32::from(tainted));
        bin.sum -= length;
        self.n = self.n.saturating_sub(1);
        if bin.n == 0 {
            self.bins.remove(&at);
        }
    }

    /// How many were taken in.
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// Its bins, the shortest first.
    pub fn bins(&self) -> impl ExactSizeIterator<Item = &Bin> {
        self.bins.values()
    }

    /// The shortest and the longest, as their bins have them.
    pub fn ends(&self) -> Option<(f64, f64)> {
        let (_, first) = self.bins.first_key_value()?;
        let (_, last) = self.bins.last_key_value()?;
        Some((first.mean(), last.mean()))
    }

    /// The middle, or the mean of the two in the middle.
    pub fn median(&self) -> Option<f64> {
        let last = self.n.checked_sub(1)?;
        let (lower, upper) = (self.ranked(last / 2)?, self.ranked(last.div_ceil(2))?);
        Some(f64::midpoint(lower, upper))
    }

    /// The length of `rank`, from 0.
    fn ranked(&self, rank: u64) -> Option<f64> {
        let mut before = 0;
        let found = self.bins.values().find(|bin| {
            before += u64::from(bin.n);
            before > rank
        });
        found.map(Bin::mean)
    }
}

/// The bin of `length`; `None` for what is none of [`LENGTHS`].
fn place(length: f64) -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    LENGTHS.contains(&length).then(|| (length.ln() * FINE).floor() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(lengths: &[f64]) -> Sketch {
        let mut sketch = Sketch::default();
        for length in lengths {
            sketch.push(*length, *length > 2.5, true);
        }
        sketch
    }

    #[test]
    fn the_middle_is_the_middle() {
        assert_eq!(sketch(&[]).median(), None);
        assert_eq!(sketch(&[3.0, 1.0, 2.0]).median(), Some(2.0));
        assert_eq!(sketch(&[4.0, 1.0, 2.0, 3.0]).median(), Some(2.5));
        assert_eq!(sketch(&[4.0, 1.0, 2.0]).ends(), Some((1.0, 4.0)));
    }

    #[test]
    fn many_lengths_share_few_bins_and_the_median_stays_close() {
        let lengths: Vec<f64> = (1..=100_001).map(|at| 1.0 + f64::from(at) / 1e5).collect();
        let sketch = sketch(&lengths);
        assert!(sketch.bins().count() < 800, "{}", sketch.bins().count());
        let median = sketch.median().unwrap();
        assert!((median / 1.500_01 - 1.0).abs() < 0.002, "{median}");
        assert_eq!(sketch.bins().map(|bin| u64::from(bin.n)).sum::<u64>(), sketch.n());
    }

    #[test]
    fn what_is_no_length_is_passed_over() {
        let sketch = sketch(&[f64::NAN, f64::INFINITY, 0.0, -1.0, 9e-10, 1e9, 1e300, 3.0]);
        assert_eq!((sketch.n(), sketch.bins().next().map(|bin| bin.tainted)), (1, Some(1)));
    }

    #[test]
    fn one_that_may_not_grow_counts_in_the_bins_it_has() {
        let mut sketch = sketch(&[1.0, 3.0]);
        for length in [0.5, 1.5, 4.0, 5.0] {
            sketch.push(length, false, false);
        }
        let counts: Vec<u32> = sketch.bins().map(|bin| bin.n).collect();
        assert_eq!((counts, sketch.n()), (vec![3, 3], 6));
        let mut empty = Sketch::default();
        empty.push(1.0, false, false);
        assert_eq!(empty.n(), 1, "each has one at least");
    }

    #[test]
    fn what_is_taken_out_leaves_nothing() {
        let mut sketch = sketch(&[1.0, 3.0]);
        sketch.pull(3.0, true);
        sketch.pull(9.0, false);
        assert_eq!((sketch.n(), sketch.median()), (1, Some(1.0)));
        assert_eq!(sketch.bins().count(), 1);
    }
}
