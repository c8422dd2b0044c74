//! Histograms of servers: how many fell into each bucket over a stretch of time, and quantiles of that.
//!
//! The quantile is that of PromQL, `histogram_quantile(q, sum by (le) (increase(…)))`: linear within a
//! bucket, from 0 in the first, and the highest bound there is where the rank lies above all of them.
//! A histogram without `+Inf`, or into which nothing fell, has none.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::grown::{Key, grown};
use crate::model::reading::{Reading, Why};

/// Steps kept at most, however often somebody samples.
const MOST_STEPS: usize = 128;
/// Buckets kept at most, of all label sets of one histogram together.
pub const MOST_BUCKETS: usize = 4_096;

/// A cumulative bucket: its upper bound, and how many are not above it.
pub type Bucket = (f64, f64);

/// One histogram of a page, all its label sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Each bucket: what tells its label set from the others (without `le`), bound, total.
    pub buckets: Vec<(Key, f64, f64)>,
    /// Each label set's sum of what was observed.
    pub sums: Vec<(Key, f64)>,
    /// Each label set's count of what was observed.
    pub counts: Vec<(Key, f64)>,
}

impl Histogram {
    /// Whether nothing was found of it.
    pub const fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.sums.is_empty()
    }
}

/// What fell into the buckets of a histogram over a stretch of time.
#[derive(Clone, Debug)]
pub struct Distribution {
    stretch: Duration,
    at: Option<Instant>,
    before: HashMap<(Key, u64), f64>,
    steps: VecDeque<Step>,
}

#[derive(Clone, Debug, Default)]
struct Step {
    from: Option<Instant>,
    buckets: Vec<Bucket>,
    sum: f64,
    count: f64,
}

/// Stands for a bound where a sum and a count are kept; no bound is NaN.
const SUM: u64 = f64::NAN.to_bits();
const COUNT: u64 = SUM | 1;

impl Distribution {
    /// Nothing yet; what is older than `stretch` will be forgotten.
    pub fn over(stretch: Duration) -> Self {
        Self { stretch, at: None, before: HashMap::new(), steps: VecDeque::new() }
    }

    /// Takes in the totals of `histogram` at `now`.
    pub fn take(&mut self, now: Instant, histogram: &Histogram) {
        let mut kept = HashMap::new();
        let mut more = |key: &Key, bound: u64, value: f64| {
            let key = (key.clone(), bound);
            let before = self.before.get(&key).copied();
            let is_new = value.is_finite() && kept.insert(key, value).is_none();
            before.filter(|_| is_new).map(|before| grown(before, value))
        };
        let mut step = Step { from: self.at.filter(|at| *at < now), ..Step::default() };
        let bounded = histogram.buckets.iter().filter(|(_, bound, _)| !bound.is_nan());
        for (key, bound, value) in bounded.take(MOST_BUCKETS) {
            let grown = more(key, bound.to_bits(), *value);
            step.buckets.extend(grown.map(|grown| (*bound, grown)));
        }
        let sums = histogram.sums.iter().filter_map(|(key, value)| more(key, SUM, *value));
        step.sum = sums.sum();
        let counts = histogram.counts.iter().filter_map(|(key, value)| more(key, COUNT, *value));
        step.count = counts.sum();
        merge(&mut step.buckets);
        (self.at, self.before) = (Some(now), kept);
        if step.from.is_some() {
            self.steps.push_back(step);
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        let age = |step: &Step| step.from.map(|from| now.saturating_duration_since(from));
        while self.steps.len() > MOST_STEPS
            || self.steps.front().and_then(age).is_some_and(|age| age > self.stretch)
        {
            self.steps.pop_front();
        }
    }

    /// What fell into each bucket, cumulative, by bound.
    pub fn buckets(&self) -> Vec<Bucket> {
        let mut all = self.steps.iter().flat_map(|step| step.buckets.iter().copied()).collect();
        merge(&mut all);
        all
    }

    /// How many were observed.
    pub fn count(&self) -> Reading<f64> {
        let counts = self.steps.iter().map(|step| step.count);
        Reading::from_option(counts.reduce(|sum, count| sum + count), Why::NotYet)
    }

    /// The mean of what was observed; missing where nothing was.
    pub fn mean(&self) -> Reading<f64> {
        let (sum, count) = self
            .steps
            .iter()
            .fold((0.0, 0.0), |(sum, count), step| (sum + step.sum, count + step.count));
        let mean = (count > 0.0).then(|| sum / count).filter(|mean| mean.is_finite());
        Reading::from_option(mean, self.none())
    }

    /// The value that a share `q` (0..=1) of what was observed is not above.
    pub fn quantile(&self, q: f64) -> Reading<f64> {
        Reading::from_option(quantile(q, &self.buckets()), self.none())
    }

    /// Why there is nothing to say.
    fn none(&self) -> Why {
        if self.steps.is_empty() {
            return Why::NotYet;
        }
        Why::Absent("a request in the last minute".into())
    }
}

/// Sorts by bound and adds up what has the same.
fn merge(buckets: &mut Vec<Bucket>) {
    buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    buckets.dedup_by(|(bound, more), (kept, sum)| {
        let same = bound.total_cmp(kept).is_eq();
        if same {
            *sum += *more;
        }
        same
    });
}

/// The quantile `q` of cumulative `buckets`, which are in order of their bounds; `None` without `+Inf`,
/// without a second bucket, or where nothing was observed. A bucket below the one before it counts as
/// much as that: two totals were read at slightly different times.
pub fn quantile(q: f64, buckets: &[Bucket]) -> Option<f64> {
    buckets.split_last().filter(|(last, rest)| last.0 == f64::INFINITY && !rest.is_empty())?;
    let mut most = 0.0_f64;
    let rising: Vec<Bucket> = buckets
        .iter()
        .map(|(bound, count)| {
            most = most.max(*count);
            (*bound, most)
        })
        .collect();
    let rank = q.clamp(0.0, 1.0) * most;
    if !(most > 0.0 && most.is_finite() && rank.is_finite()) {
        return None;
    }
    let at = rising.iter().position(|(_, count)| *count >= rank)?;
    let (bound, count) = rising[at];
    if at + 1 == rising.len() {
        return rising.get(rising.len() - 2).map(|(bound, _)| *bound);
    }
    let (begin, below) = match at.checked_sub(1) {
        Some(before) => rising[before],
        None if bound <= 0.0 => return Some(bound),
        None => (0.0, 0.0),
    };
    Some(begin + (bound - begin) * ((rank - below) / (count - below)))
        .filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests;
