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
        let (slot, end) = self.parts(slots);
        let start = self.end_ms.saturating_sub(self.span_ms);
        let pace = pace(series.within(which, start..self.end_ms + 1).map(|(at, _)| at));
        let pace = pace.max(self.interval_ms);
        let mut values = series.slots(which, self.end_ms, slot * slots as u64, slots);
        if slot >= 2 * pace {
            return values;
        }
        for (back, value) in values.iter_mut().rev().enumerate() {
            let middle = end.saturating_sub(back as u64 * slot + slot / 2);
            *value = value.or_else(|| self.around(series, which, middle, pace));
        }
        values
    }

    /// The one of `slots` parts of [`Self::trail`] that holds `at_ms`; `None` where none does.
    pub fn part_of(self, at_ms: u64, slots: usize) -> Option<usize> {
        let (slot, end) = self.parts(slots);
        let back = end.checked_sub(at_ms.saturating_add(1))? / slot;
        slots.checked_sub(usize::try_from(back).ok()?.saturating_add(1))
    }

    /// How long each of `slots` parts is, and where the last ends, which holds the end of the window.
    fn parts(self, slots: usize) -> (u64, u64) {
        let slot = (self.span_ms / slots.max(1) as u64).max(1);
        (slot, (self.end_ms / slot + 1) * slot)
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
        let ending = |end_ms| Window { end_ms, ..WINDOW }.trail(&series(), 0, 2);
        assert_eq!(ending(10_000), ending(14_990));
    }

    #[test]
    fn an_instant_is_found_in_the_part_that_holds_its_sample() {
        let mut counted = Series::<1>::default();
        (0..=60).for_each(|second| counted.push(second * 1_000, [Some(second as f64)]));
        for end_ms in [40_000, 41_300, 43_999, 44_000, 59_999] {
            let window = Window { end_ms, span_ms: 20_000, interval_ms: 1_000 };
            for slots in [5, 7, 40] {
                let trail = window.trail(&counted, 0, slots);
                assert_eq!(window.part_of(end_ms, slots), Some(slots - 1), "{window:?}");
                for second in (end_ms - 15_000).div_ceil(1_000)..=end_ms / 1_000 {
                    let part = window.part_of(second * 1_000, slots).unwrap();
                    let shown = trail[part].unwrap();
                    let off = (shown - second as f64).abs() * 1_000.0;
                    assert!(off <= 20_000.0 / slots as f64, "{second} s is {shown} {window:?}");
                }
            }
        }
        let window = Window { end_ms: 40_000, span_ms: 20_000, interval_ms: 1_000 };
        assert_eq!([window.part_of(44_000, 5), window.part_of(0, 5)], [None, None]);
    }
}
