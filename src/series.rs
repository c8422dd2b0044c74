//! History of numbers over time, with gaps.
//!
//! All numbers of a node share one time axis, so a chart needs one look-up and a missing value
//! costs four bytes. A gap is a missing value or a pause between two instants; it is never filled
//! with zeros, and it is never drawn as a line.

use std::collections::VecDeque;
use std::ops::Range;

/// Instants kept: an hour at one a second.
pub const HOUR: usize = 3_600;
/// An hour.
const HOUR_MS: u64 = 3_600_000;

/// Values of `N` numbers at up to [`HOUR`] instants.
#[derive(Clone, Debug)]
pub struct Series<const N: usize> {
    at_ms: VecDeque<u64>,
    /// NaN stands for "missing" and never leaves this file.
    values: VecDeque<[f32; N]>,
}

impl<const N: usize> Default for Series<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Series<N> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { at_ms: VecDeque::new(), values: VecDeque::new() }
    }

    /// `rows` as they are, however long a time they are of; one that is not later than the one before is left
    /// out.
    pub fn of(rows: impl IntoIterator<Item = (u64, [Option<f64>; N])>) -> Self {
        let mut series = Self::new();
        for (at_ms, values) in rows {
            if series.last_ms().is_none_or(|last| last < at_ms) {
                series.at_ms.push_back(at_ms);
                series.values.push_back(values.map(keep));
            }
        }
        series
    }

    /// Puts before the first instant those of `rows`, earliest first, that are earlier and within an hour of
    /// the last, as long as there are at most `most` instants in all.
    pub fn precede(&mut self, most: usize, rows: &[(u64, [Option<f64>; N])]) {
        let since = self.last_ms().map(|last| last.saturating_sub(HOUR_MS));
        for (at_ms, values) in rows.iter().rev() {
            let early = self.first_ms().is_none_or(|first| *at_ms < first);
            let young = since.is_none_or(|since| since == 0 || *at_ms > since);
            if early && young && self.len() < most.min(HOUR) {
                self.at_ms.push_front(*at_ms);
                self.values.push_front(values.map(keep));
            }
        }
    }

    /// Adds the values at `at_ms`; what is older than an hour falls out. An instant that is not
    /// later than the last one replaces it, so that time never runs backwards on a chart.
    pub fn push(&mut self, at_ms: u64, values: [Option<f64>; N]) {
        self.push_within(HOUR, at_ms, values);
    }

    /// The same with at most `most` instants. Where an hour has more, what is long ago is remembered less
    /// closely, not less long.
    pub fn push_within(&mut self, most: usize, at_ms: u64, values: [Option<f64>; N]) {
        while self.at_ms.back().is_some_and(|last| *last >= at_ms) {
            self.at_ms.pop_back();
            self.values.pop_back();
        }
        while self.at_ms.front().is_some_and(|first| first + HOUR_MS <= at_ms) {
            self.at_ms.pop_front();
            self.values.pop_front();
        }
        while self.at_ms.len() >= most.clamp(4, HOUR) {
            if most < HOUR {
                self.thin();
            } else {
                self.at_ms.pop_front();
                self.values.pop_front();
            }
        }
        self.make_room(most.clamp(4, HOUR));
        self.at_ms.push_back(at_ms);
        self.values.push_back(values.map(keep));
    }

    /// Room for one more, twice as much as there was, but never for more than `most`: ten thousand nodes pay
    /// for what is too much.
    fn make_room(&mut self, most: usize) {
        let len = self.at_ms.len();
        if len == self.at_ms.capacity() {
            let more = len.min(most.saturating_sub(len)).max(1);
            self.at_ms.reserve_exact(more);
            self.values.reserve_exact(more);
        }
    }

    /// Lets go of the instant that stands closest between its neighbours, but of none of the latest
    /// quarter and not of the first.
    fn thin(&mut self) {
        let old = self.at_ms.len() * 3 / 4;
        let room = |index: &usize| self.at_ms[*index + 1] - self.at_ms[*index - 1];
        let closest = (1..old.max(2)).min_by_key(room).unwrap_or_default();
        self.at_ms.remove(closest);
        self.values.remove(closest);
    }

    /// How many instants are held.
    pub fn len(&self) -> usize {
        self.at_ms.len()
    }

    /// Whether nothing has been pushed yet.
    pub fn is_empty(&self) -> bool {
        self.at_ms.is_empty()
    }

    /// The latest instant.
    pub fn last_ms(&self) -> Option<u64> {
        self.at_ms.back().copied()
    }

    /// The earliest instant.
    pub fn first_ms(&self) -> Option<u64> {
        self.at_ms.front().copied()
    }

    /// Number `which` at each instant within `span` (milliseconds, end excluded).
    pub fn within(
        &self,
        which: usize,
        span: Range<u64>,
    ) -> impl Iterator<Item = (u64, Option<f64>)> {
        let start = self.at_ms.partition_point(|at| *at < span.start);
        let end = self.at_ms.partition_point(|at| *at < span.end).max(start);
        let values = self.values.range(start..end).map(move |row| known(row[which]));
        self.at_ms.range(start..end).copied().zip(values)
    }

    /// Number `which` at the instant nearest to `at_ms`, with that instant.
    pub fn nearest(&self, which: usize, at_ms: u64) -> Option<(u64, Option<f64>)> {
        let after = self.at_ms.partition_point(|at| *at < at_ms);
        let candidates = [after.checked_sub(1), Some(after)];
        let known_at = |index: usize| self.at_ms.get(index).map(|at| (*at, index));
        let (at, index) = candidates
            .into_iter()
            .flatten()
            .filter_map(known_at)
            .min_by_key(|(at, _)| at.abs_diff(at_ms))?;
        Some((at, known(self.values[index][which])))
    }

    /// Number `which` in `slots` equal parts of about `span_ms`, oldest first: the mean of the
    /// values within a part, or `None` where there is none. What a sparkline draws.
    ///
    /// The parts begin at multiples of their own length, and the last one holds `end_ms`: as time
    /// goes on a part never changes once it is full, so a drawing moves only when a new one begins.
    pub fn slots(&self, which: usize, end_ms: u64, span_ms: u64, slots: usize) -> Vec<Option<f64>> {
        let length = (span_ms / slots.max(1) as u64).max(1);
        let end = (end_ms / length + 1) * length;
        let mut sums = vec![(0.0, 0_u32); slots];
        for (at, value) in self.within(which, end.saturating_sub(length * slots as u64)..end) {
            let Some(value) = value else { continue };
            let age = usize::try_from((end - 1 - at) / length).unwrap_or(usize::MAX);
            if let Some((sum, count)) = sums.iter_mut().rev().nth(age) {
                *sum += value;
                *count += 1;
            }
        }
        sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / f64::from(count))).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven digits are enough for a chart")]
fn keep(value: Option<f64>) -> f32 {
    value.filter(|value| value.is_finite()).map_or(f32::NAN, |value| value as f32)
}

fn known(value: f32) -> Option<f64> {
    value.is_finite().then_some(f64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u64) -> Series<1> {
        let mut series = Series::default();
        for second in 0..count {
            series.push(second * 1000, [Some(second as f64)]);
        }
        series
    }

    #[test]
    fn an_hour_is_kept_and_no_more() {
        let series = filled(HOUR as u64 + 10);
        assert_eq!(series.len(), HOUR);
        assert_eq!(series.first_ms(), Some(10_000));
    }

    #[test]
    fn with_less_room_an_hour_is_remembered_less_closely() {
        let mut series = Series::<1>::default();
        for tick in 0..1_800_u64 {
            series.push_within(100, tick * 2_000, [Some(tick as f64)]);
            assert!(series.len() <= 100);
        }
        assert!(series.first_ms().unwrap() < 600_000, "{:?}", series.first_ms());
        let late: Vec<u64> = series.within(0, 3_560_000..u64::MAX).map(|(at, _)| at).collect();
        assert!(late.windows(2).all(|pair| pair[1] - pair[0] == 2_000), "{late:?}");
        series.push_within(100, 9_000_000, [None]);
        assert_eq!(series.len(), 1, "what is older than an hour falls out");
    }

    #[test]
    fn what_was_kept_comes_before_what_was_seen() {
        let rows = [(500, [Some(1.0)]), (900, [None]), (1_000, [Some(8.0)]), (9_999, [Some(9.0)])];
        let mut series = Series::<1>::default();
        series.push(1_000, [Some(2.0)]);
        series.precede(HOUR, &rows);
        let all: Vec<_> = series.within(0, 0..10_000).collect();
        assert_eq!(all, [(500, Some(1.0)), (900, None), (1_000, Some(2.0))]);
        let mut late = Series::<1>::default();
        late.push(HOUR_MS + 900, [None]);
        late.precede(HOUR, &rows);
        assert_eq!(late.first_ms(), Some(1_000), "an hour and no more");
        let mut narrow = Series::<1>::default();
        narrow.push(1_000, [None]);
        narrow.precede(2, &rows);
        assert_eq!(narrow.first_ms(), Some(900), "no more than there is room for");
        assert_eq!(Series::of(rows).len(), 4);
        assert_eq!(Series::of(rows.into_iter().rev()).len(), 1);
    }

    #[test]
    fn a_gap_stays_a_gap() {
        let mut series = Series::<1>::default();
        series.push(0, [Some(1.0)]);
        series.push(2000, [None]);
        series.push(7000, [Some(f64::NAN)]);
        series.push(9500, [Some(3.0)]);
        assert_eq!(series.slots(0, 9_900, 10_000, 5), [Some(1.0), None, None, None, Some(3.0)]);
    }

    #[test]
    fn a_full_part_never_changes_again() {
        let series = filled(100);
        let before = series.slots(0, 59_000, 60_000, 6);
        let after = series.slots(0, 61_000, 60_000, 6);
        assert_eq!(before[1..], after[..5]);
        assert_eq!(before, series.slots(0, 59_900, 60_000, 6));
    }

    #[test]
    fn time_never_runs_backwards() {
        let mut series = filled(5);
        series.push(2_500, [Some(9.0)]);
        assert_eq!(series.last_ms(), Some(2_500));
        assert_eq!(series.len(), 4);
    }

    #[test]
    fn the_nearest_instant_is_found_on_both_sides() {
        let series = filled(5);
        assert_eq!(series.nearest(0, 1_400), Some((1_000, Some(1.0))));
        assert_eq!(series.nearest(0, 1_600), Some((2_000, Some(2.0))));
        assert_eq!(series.nearest(0, 99_000), Some((4_000, Some(4.0))));
        assert_eq!(Series::<1>::default().nearest(0, 5), None);
    }
}
