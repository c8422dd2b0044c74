//! How numbers are spread, in bounded memory: exactly up to a limit, in narrow bins beyond.
//!
//! A bin holds numbers that agree in the first bits of their binary form, so that it is as wide as a
//! part of them: 0.1 % while they lie within eight powers of two, and twice that for each doubling of
//! those powers. Bins keep the mean of what is in them; so few different numbers stay exact.

use std::collections::VecDeque;

/// Bits of a number that do not tell bins apart at first: 1,024 bins for each power of two.
const FINE: u32 = 42;

/// Numbers as they come.
#[derive(Clone, Debug)]
pub struct Quantiles {
    exact: Vec<f64>,
    keep: usize,
    bins: usize,
    sketch: Option<Box<Sketch>>,
    n: u64,
    mean: f64,
    min: f64,
    max: f64,
}

impl Quantiles {
    /// Numbers that are kept each up to `keep` of them, then in at most twice `bins` bins.
    pub const fn new(keep: usize, bins: usize) -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { exact: Vec::new(), keep, bins, sketch: None, n: 0, mean: 0.0, min, max }
    }

    /// Takes a number in; what is not finite is passed over.
    pub fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.n += 1;
        let n = self.n as f64;
        // Apart, so that numbers near the largest there is do not go beyond it.
        self.mean += value / n - self.mean / n;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        match &mut self.sketch {
            Some(sketch) => sketch.push(value, 1),
            None if self.exact.len() < self.keep => self.exact.push(value),
            None => {
                self.pour();
                if let Some(sketch) = &mut self.sketch {
                    sketch.push(value, 1);
                }
            }
        }
    }

    /// Takes in what `other` took in.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        let n = (self.n + other.n) as f64;
        self.mean = self.mean * (self.n as f64 / n) + other.mean * (other.n as f64 / n);
        self.n += other.n;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        if self.sketch.is_none()
            && other.sketch.is_none()
            && self.exact.len() + other.exact.len() <= self.keep
        {
            self.exact.extend_from_slice(&other.exact);
            return;
        }
        self.pour();
        let Some(sketch) = &mut self.sketch else { return };
        other.exact.iter().for_each(|value| sketch.push(*value, 1));
        for (value, n) in other.sketch.iter().flat_map(|sketch| sketch.parts()) {
            sketch.push(value, n);
        }
    }

    /// Puts what was kept into bins.
    fn pour(&mut self) {
        let sketch = self.sketch.get_or_insert_with(|| Box::new(Sketch::new(self.bins)));
        for value in std::mem::take(&mut self.exact) {
            sketch.push(value, 1);
        }
    }

    /// How many were taken in.
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// Their mean.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean)
    }

    /// What they come to; `None` where there was none.
    pub fn spread(self) -> Option<Spread> {
        if self.n == 0 {
            return None;
        }
        let exact = self.sketch.is_none();
        let mut parts = match &self.sketch {
            Some(sketch) => sketch.parts().collect(),
            None => each(self.exact),
        };
        for (value, _) in &mut parts {
            *value = value.clamp(self.min, self.max);
        }
        let Self { n, mean, min, max, .. } = self;
        Some(Spread { parts, n, mean, min, max, exact })
    }
}

fn each(mut values: Vec<f64>) -> Vec<(f64, u64)> {
    values.sort_unstable_by(f64::total_cmp);
    values.into_iter().map(|value| (value, 1)).collect()
}

/// Numbers in ascending order; at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    parts: Vec<(f64, u64)>,
    /// How many.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Whether every number was kept, so that no quantile is off.
    pub exact: bool,
}

impl Spread {
    /// Numbers and how many of each, ascending.
    pub fn parts(&self) -> &[(f64, u64)] {
        &self.parts
    }

    /// The number that the share `of` (0..=1) of all do not exceed, by the nearest rank:
    /// the one at `ceil(of · n)`, from 1.
    pub fn nearest(&self, of: f64) -> f64 {
        // A share such as 0.95 is a little more than it is written, and 0.95 · 20 is no more than 19.
        let rank = (of * self.n as f64 - 1e-9).ceil().max(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 1..=n")]
        self.ranked(rank as u64 - 1)
    }

    /// The quantile at `of` (0..=1) between the two nearest ranks: type 7 of Hyndman and Fan (1996).
    pub fn between(&self, of: f64) -> f64 {
        let at = of.clamp(0.0, 1.0) * (self.n - 1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..n")]
        let below = at.floor() as u64;
        let (low, high) = (self.ranked(below), self.ranked(below + 1));
        low * (1.0 - at.fract()) + high * at.fract()
    }

    /// The middle, or the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let last = self.n - 1;
        f64::midpoint(self.ranked(last / 2), self.ranked(last.div_ceil(2)))
    }

    /// The number of `rank`, from 0; the largest beyond.
    fn ranked(&self, rank: u64) -> f64 {
        if self.parts.len() as u64 == self.n {
            let at = usize::try_from(rank).unwrap_or(usize::MAX);
            return self.parts.get(at).map_or(self.max, |(value, _)| *value);
        }
        let mut before = 0;
        let found = self.parts.iter().find(|(_, n)| {
            before += n;
            before > rank
        });
        match found {
            _ if rank == 0 => self.min,
            Some((value, _)) if rank + 1 < self.n => *value,
            _ => self.max,
        }
    }
}

/// Numbers in bins.
#[derive(Clone, Debug)]
struct Sketch {
    /// Bits that do not tell bins apart.
    coarse: u32,
    /// Bins on one side of zero at most.
    most: u64,
    below: Side,
    zeros: u64,
    above: Side,
}

/// The bins on one side of zero, the nearest to it first.
#[derive(Clone, Debug, Default)]
struct Side {
    first: u64,
    bins: VecDeque<Bin>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    n: u64,
    /// Mean of the sizes in it.
    mean: f64,
}

impl Bin {
    fn add(&mut self, mean: f64, n: u64) {
        self.n += n;
        self.mean += (mean - self.mean) * (n as f64 / self.n.max(1) as f64);
    }
}

impl Sketch {
    fn new(bins: usize) -> Self {
        let side = Side::default;
        let most = bins.max(2) as u64;
        Self { coarse: FINE, most, below: side(), zeros: 0, above: side() }
    }

    fn push(&mut self, value: f64, n: u64) {
        if value == 0.0 {
            self.zeros += n;
            return;
        }
        let bits = value.abs().to_bits();
        loop {
            let side = if value < 0.0 { &mut self.below } else { &mut self.above };
            if let Some(bin) = side.bin(bits >> self.coarse, self.most) {
                bin.add(value.abs(), n);
                return;
            }
            self.coarse += 1;
            self.below.halve();
            self.above.halve();
        }
    }

    /// Means and counts of the bins that hold something, ascending.
    fn parts(&self) -> impl Iterator<Item = (f64, u64)> {
        let below = self.below.bins.iter().rev().map(|bin| (-bin.mean, bin.n));
        let above = self.above.bins.iter().map(|bin| (bin.mean, bin.n));
        below.chain([(0.0, self.zeros)]).chain(above).filter(|(_, n)| *n > 0)
    }
}

impl Side {
    /// The bin `key`; `None` where there would be more than `most`.
    fn bin(&mut self, key: u64, most: u64) -> Option<&mut Bin> {
        if self.bins.is_empty() {
            self.first = key;
        }
        let last = self.first + (self.bins.len() as u64).saturating_sub(1);
        if key.max(last) - key.min(self.first) >= most {
            return None;
        }
        while key < self.first {
            self.bins.push_front(Bin::default());
            self.first -= 1;
        }
        let at = usize::try_from(key - self.first).ok()?;
        if at >= self.bins.len() {
            self.bins.resize(at + 1, Bin::default());
        }
        self.bins.get_mut(at)
    }

    /// Each two bins become one.
    fn halve(&mut self) {
        let mut merged: VecDeque<Bin> = VecDeque::with_capacity(self.bins.len() / 2 + 1);
        let first = self.first / 2;
        for (key, bin) in (self.first..).zip(&self.bins) {
            let at = usize::try_from(key / 2 - first).unwrap_or(usize::MAX);
            if at >= merged.len() {
                merged.push_back(*bin);
            } else if let Some(of) = merged.back_mut()
                && bin.n > 0
            {
                of.add(bin.mean, bin.n);
            }
        }
        (self.first, self.bins) = (first, merged);
    }
}
