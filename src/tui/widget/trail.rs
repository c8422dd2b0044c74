//! From a history to what a row of columns shows.

use crate::series::Series;

/// A stretch of time on the axis of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Its end.
    pub end_ms: u64,
    /// Its length.
    pub span_ms: u64,
    /// How often samples are taken.
    pub interval_ms: u64,
}

impl Window {
    /// Number `which` of `series` in `slots` equal parts, oldest first. The parts stand still while
    /// time goes on and move all at once, so that columns do not flicker; a part shorter than the
    /// interval shows the sample it lies in, so that only true gaps are gaps.
    pub fn trail<const N: usize>(
        self,
        series: &Series<N>,
        which: usize,
        slots: usize,
    ) -> Vec<Option<f64>> {
        let slot = (self.span_ms / slots.max(1) as u64).max(1);
        let start = self.end_ms.saturating_sub(self.span_ms);
        let pace = pace(series.within(which, start..self.end_ms + 1).map(|(at, _)| at));
        let pace = pace.max(self.interval_ms);
        let end = self.end_ms.div_ceil(slot) * slot;
        let mut values = series.slots(which, end, slot * slots as u64, slots);
        if slot >= 2 * pace {
            return values;
        }
        for (back, value) in values.iter_mut().rev().enumerate() {
            let middle = end.saturating_sub(back as u64 * slot + slot / 2);
            *value = value.or_else(|| self.around(series, which, middle, pace));
        }
        values
    }

    fn around<const N: usize>(
        self,
        series: &Series<N>,
        which: usize,
        at: u64,
        pace: u64,
    ) -> Option<f64> {
        let (found, value) = series.nearest(which, at)?;
        value.filter(|_| found.abs_diff(at) <= pace && at <= self.end_ms)
    }
}

/// The usual distance between instants: the median, which a few gaps do not move. 0 below two.
pub fn pace(instants: impl Iterator<Item = u64>) -> u64 {
    let mut before = None;
    let distance = |at: u64| before.replace(at).map(|before: u64| at.saturating_sub(before));
    let mut distances: Vec<u64> = instants.filter_map(distance).collect();
    let middle = distances.len() / 2;
    if distances.is_empty() {
        return 0;
    }
    *distances.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { end_ms: 10_000, span_ms: 10_000, interval_ms: 1_000 };

    fn series() -> Series<1> {
        let mut series = Series::default();
        for second in (1..=10).filter(|second| !(4..=7).contains(second)) {
            series.push(second * 1_000, [Some(1.0)]);
        }
        series
    }

    #[test]
    fn short_slots_do_not_make_false_gaps_and_true_ones_stay() {
        let trail = WINDOW.trail(&series(), 0, 40);
        let gap = trail.iter().filter(|value| value.is_none()).count();
        assert!((10..=16).contains(&gap), "{trail:?}");
        assert!(trail[..8].iter().all(Option::is_some));
    }

    #[test]
    fn slots_stand_still_within_their_length() {
        let later = Window { end_ms: 10_400, ..WINDOW };
        let end = |window: Window| window.trail(&series(), 0, 2);
        assert_eq!(end(WINDOW), end(Window { end_ms: 9_990, ..WINDOW }));
        assert_eq!(end(later).len(), 2);
    }
}
