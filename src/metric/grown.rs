//! What counters have grown by: since the sample before, and over a stretch of time.
//!
//! Each series is compared with itself before anything is added up, so that a server of several engines
//! of which one began anew loses nothing: a total that went back has counted what it shows since. A
//! series that is new says nothing the first time. All of this is what PromQL's `increase` does between
//! the samples it has, without its guess of what was before the first and after the last.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::model::reading::{Reading, Why};

/// What tells a series from the others of its metric: its labels, in order.
pub type Key = Box<str>;

/// Steps kept at most, however often somebody samples.
const MOST_STEPS: usize = 512;

/// The growth of some totals, step by step, within a stretch of time.
#[derive(Clone, Debug)]
pub struct Grown<const N: usize> {
    stretch: Duration,
    at: Option<Instant>,
    before: HashMap<Key, [f64; N]>,
    steps: VecDeque<Step<N>>,
}

#[derive(Clone, Copy, Debug)]
struct Step<const N: usize> {
    from: Instant,
    to: Instant,
    more: [f64; N],
}

impl<const N: usize> Grown<N> {
    /// Nothing yet; what is older than `stretch` will be forgotten.
    pub fn over(stretch: Duration) -> Self {
        Self { stretch, at: None, before: HashMap::new(), steps: VecDeque::new() }
    }

    /// Takes in the totals of each series at `now`. Without any series the step is left out.
    pub fn take<'k>(
        &mut self,
        now: Instant,
        totals: impl IntoIterator<Item = (&'k Key, [f64; N])>,
    ) {
        let mut more = [0.0; N];
        let (mut known, mut kept) = (false, HashMap::new());
        for (key, values) in totals {
            if !values.iter().all(|value| value.is_finite()) {
                continue;
            }
            if let Some(before) = self.before.get(key) {
                known = true;
                for ((more, value), before) in more.iter_mut().zip(values).zip(before) {
                    *more += grown(*before, value);
                }
            }
            kept.insert(key.clone(), values);
        }
        let from = self.at.replace(now).filter(|from| *from < now);
        self.before = kept;
        if let Some(from) = from.filter(|_| known) {
            self.steps.push_back(Step { from, to: now, more });
        } else {
            self.steps.clear();
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        let old = |step: &Step<N>| now.saturating_duration_since(step.from) > self.stretch;
        while self.steps.len() > 1 && self.steps.front().is_some_and(old)
            || self.steps.len() > MOST_STEPS
        {
            self.steps.pop_front();
        }
    }

    /// Growth of number `which` in a second since the sample before.
    pub fn per_second(&self, which: usize) -> Reading<f64> {
        Self::rate(self.steps.back(), which)
    }

    /// Growth of number `which` in a second over the whole stretch.
    pub fn mean_per_second(&self, which: usize) -> Reading<f64> {
        Self::rate(&self.steps, which)
    }

    fn rate<'s>(steps: impl IntoIterator<Item = &'s Step<N>>, which: usize) -> Reading<f64> {
        let (mut more, mut seconds) = (0.0, 0.0);
        for step in steps {
            more += step.more[which];
            seconds += step.to.saturating_duration_since(step.from).as_secs_f64();
        }
        let rate = (seconds > 0.0).then(|| more / seconds).filter(|rate| rate.is_finite());
        Reading::from_option(rate, Why::NotYet)
    }

    /// What all numbers grew by over the stretch; `None` before there are two samples.
    pub fn whole(&self) -> Option<[f64; N]> {
        let add = |mut sum: [f64; N], step: &Step<N>| {
            sum.iter_mut().zip(step.more).for_each(|(sum, more)| *sum += more);
            sum
        };
        (!self.steps.is_empty()).then(|| self.steps.iter().fold([0.0; N], add))
    }
}

/// From `before` to `now`, of a total that may have begun anew in between.
pub(super) fn grown(before: f64, now: f64) -> f64 {
    if now < before { now.max(0.0) } else { now - before }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        text.into()
    }

    #[test]
    fn engines_are_added_up_and_one_that_began_anew_loses_nothing() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut grown = Grown::<1>::over(Duration::from_mins(1));
        let engines = [key("0"), key("1")];
        let both = |zero: f64, one: f64| [(&engines[0], [zero]), (&engines[1], [one])];
        grown.take(at(0), both(100.0, 1000.0));
        assert_eq!(grown.per_second(0), Reading::Missing(Why::NotYet));
        grown.take(at(2), both(110.0, 1010.0));
        assert_eq!(grown.per_second(0), Reading::Known(10.0));
        grown.take(at(4), both(120.0, 4.0));
        assert_eq!(grown.per_second(0), Reading::Known(7.0));
        assert_eq!(grown.whole(), Some([34.0]));
        grown.take(at(6), both(f64::NAN, 4.0));
        assert_eq!(grown.per_second(0), Reading::Known(0.0));
        assert_eq!(grown.mean_per_second(0), Reading::Known(34.0 / 6.0));
        grown.take(at(8), []);
        assert_eq!(grown.whole(), None, "nothing is known any more");
    }

    #[test]
    fn what_is_old_is_forgotten_and_no_time_is_no_rate() {
        let start = Instant::now();
        let mut grown = Grown::<2>::over(Duration::from_secs(10));
        let one = key("");
        for second in 0..100_u32 {
            let at = start + Duration::from_secs(second.into());
            grown.take(at, [(&one, [f64::from(second) * 3.0, 1.0])]);
        }
        assert_eq!(grown.whole(), Some([30.0, 0.0]));
        let at = start + Duration::from_secs(99);
        grown.take(at, [(&one, [500.0, 1.0])]);
        assert_eq!(grown.per_second(0), Reading::Missing(Why::NotYet));
    }
}
