//! The store's own clock, which never goes back, and what the wall clock showed meanwhile.
//!
//! Everything is kept by the own clock, so a wall clock that jumps, however far and often, neither
//! mixes rows nor makes them old. The own clock goes on with the monotonic one; over a pause it goes on
//! with the wall clock, by a day at most. Where the wall clock departs from it, a segment begins that
//! says by how much. Usually there is one, with an offset of zero.

use std::ops::Range;

use super::tier::{DAY_MS, LATEST_MS};
use crate::model::time::Stamp;

/// Differences that a clock may be set right by without a segment of its own.
const TOLERANCE_MS: i64 = 2_000;
const BEHIND_MS: i64 = -TOLERANCE_MS;

/// From `own` on the wall clock showed `own + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) own: i64,
    pub(super) offset: i64,
}

/// A piece of own time, and what turns it into wall time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) own: Range<i64>,
    pub(super) offset: i64,
}

/// The own clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    segments: Vec<Segment>,
    /// The latest own time anything was kept at.
    last: Option<i64>,
    /// An instant of the monotonic clock and what the own one showed then.
    base: Option<(i64, i64)>,
    newest_mono: i64,
    /// The wall clock has gone back: when it jumps on, no time has gone by.
    distrusted: bool,
}

impl Timeline {
    /// The clock of a store that has these segments, ascending, and is kept until `last`.
    pub(super) fn new(segments: Vec<Segment>, last: Option<i64>) -> Self {
        Self { segments, last, ..Self::default() }
    }

    /// The own time of `at`, and the segment that begins with it if one does.
    pub(super) fn own(&mut self, at: Stamp) -> (i64, Option<Segment>) {
        let mono = i64::try_from(at.mono_ms).unwrap_or(i64::MAX);
        let wall = at.wall_ms.clamp(0, LATEST_MS);
        let Some((base_mono, base_own)) = self.base else {
            return self.begin(mono, wall);
        };
        let own = base_own.saturating_add(mono.saturating_sub(base_mono)).clamp(0, LATEST_MS);
        if mono <= self.newest_mono {
            return (own, None);
        }
        self.newest_mono = mono;
        self.last = self.last.max(Some(own));
        let ahead = wall - own - self.offset();
        match ahead {
            BEHIND_MS..=TOLERANCE_MS => (own, None),
            0..=DAY_MS if !self.distrusted => {
                let own = (own + ahead).min(LATEST_MS);
                self.base = Some((mono, own));
                self.last = Some(own);
                (own, None)
            }
            _ => {
                self.distrusted |= ahead < 0;
                self.turn(own, wall)
            }
        }
    }

    /// The first instant since the store was opened.
    fn begin(&mut self, mono: i64, wall: i64) -> (i64, Option<Segment>) {
        let (own, segment) = match self.last {
            None => self.turn(wall, wall),
            Some(last) => {
                let ahead = wall - last - self.offset();
                let own = last.saturating_add(ahead.clamp(1, DAY_MS)).min(LATEST_MS);
                let as_before = (BEHIND_MS..=DAY_MS).contains(&ahead);
                if as_before { (own, None) } else { self.turn(own, wall) }
            }
        };
        self.base = Some((mono, own));
        self.newest_mono = mono;
        self.last = Some(own);
        (own, segment)
    }

    /// Begins a segment.
    fn turn(&mut self, own: i64, wall: i64) -> (i64, Option<Segment>) {
        let segment = Segment { own, offset: wall - own };
        self.segments.retain(|before| before.own < own);
        self.segments.push(segment);
        (own, Some(segment))
    }

    fn offset(&self) -> i64 {
        self.segments.last().map_or(0, |segment| segment.offset)
    }

    /// The latest own time.
    pub(super) const fn last(&self) -> Option<i64> {
        self.last
    }

    /// What the wall clock showed at `own`.
    pub(super) fn wall(&self, own: i64) -> i64 {
        let since = self.segments.partition_point(|segment| segment.own <= own);
        let segment = since.checked_sub(1).and_then(|index| self.segments.get(index));
        own + segment.or_else(|| self.segments.first()).map_or(0, |segment| segment.offset)
    }

    /// The own times at which the wall clock showed something of `wall`, in the order of the wall clock.
    /// Where it showed a time twice, the later one counts.
    pub(super) fn legs(&self, wall: &Range<i64>) -> Vec<Leg> {
        let mut open = vec![wall.clone()];
        let mut legs = Vec::new();
        for (index, segment) in self.segments.iter().enumerate().rev() {
            let last = self.last.map_or(LATEST_MS, |last| last + 1);
            let end = self.segments.get(index + 1).map_or(last, |next| next.own);
            let lived = segment.own + segment.offset..end.saturating_add(segment.offset);
            let mut rest = Vec::new();
            for piece in open {
                let (from, to) = (piece.start.max(lived.start), piece.end.min(lived.end));
                if from >= to {
                    rest.push(piece);
                    continue;
                }
                let own = from - segment.offset..to - segment.offset;
                legs.push(Leg { own, offset: segment.offset });
                rest.extend(
                    [piece.start..from, to..piece.end].into_iter().filter(|r| !r.is_empty()),
                );
            }
            open = rest;
            if open.is_empty() {
                break;
            }
        }
        legs.sort_unstable_by_key(|leg| leg.own.start + leg.offset);
        legs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_795_000_000_000;
    const HOUR: i64 = 3_600_000;

    fn at(mono: i64, wall: i64) -> Stamp {
        Stamp { mono_ms: mono.unsigned_abs(), wall_ms: START + wall }
    }

    fn owns(timeline: &mut Timeline, stamps: &[(i64, i64)]) -> Vec<i64> {
        stamps.iter().map(|(mono, wall)| timeline.own(at(*mono, *wall)).0 - START).collect()
    }

    #[test]
    fn a_clock_that_does_not_jump_is_the_own_clock() {
        let mut timeline = Timeline::default();
        assert_eq!(
            owns(&mut timeline, &[(5, 0), (1_005, 1_000), (2_005, 2_900)]),
            [0, 1_000, 2_000]
        );
        assert_eq!(timeline.segments.len(), 1);
        assert_eq!(timeline.legs(&(START..START + 9)), [Leg { own: START..START + 9, offset: 0 }]);
        assert_eq!(
            timeline.legs(&(START + 2_001..LATEST_MS)),
            [],
            "of the future nothing is known"
        );
    }

    #[test]
    fn an_hour_back_is_a_segment_and_what_came_later_is_shown() {
        let mut timeline = Timeline::default();
        let stamps = [(0, 0), (HOUR, HOUR), (HOUR + 1_000, 1_000), (HOUR + 2_000, 2_000)];
        assert_eq!(owns(&mut timeline, &stamps), [0, HOUR, HOUR + 1_000, HOUR + 2_000]);
        let legs = timeline.legs(&(START..START + 5_000));
        assert_eq!(legs.len(), 3, "{legs:?}");
        assert_eq!(legs[0], Leg { own: START..START + 1_000, offset: 0 });
        assert_eq!((legs[1].offset, legs[1].own.end - legs[1].own.start), (-HOUR, 1_001));
        assert_eq!(legs[2].own.end, START + 5_000, "until it has caught up");
    }

    #[test]
    fn ten_years_on_and_back_age_nothing() {
        let mut timeline = Timeline::default();
        let years = 10 * 365 * 24 * HOUR;
        let mut stamps = Vec::new();
        for second in 0..1_000 {
            stamps.push((second * 1_000, second * 1_000 + if second % 2 == 0 { 0 } else { years }));
        }
        let owns = owns(&mut timeline, &stamps);
        assert!(owns.is_sorted_by(|a, b| a < b));
        assert_eq!(owns.last(), Some(&999_000));
        assert_eq!(timeline.wall(START + 3_000), START + 3_000 + years);
        assert_eq!(timeline.wall(START + 4_000), START + 4_000);
    }

    #[test]
    fn an_hour_on_and_back_goes_by_once_at_most() {
        let mut timeline = Timeline::default();
        let stamps: Vec<_> = (0..1_000).map(|n| (n * 5_000, n * 5_000 + (n % 2) * HOUR)).collect();
        let owns = owns(&mut timeline, &stamps);
        assert!(owns.is_sorted_by(|a, b| a < b));
        assert!(owns.last() <= Some(&(999 * 5_000 + HOUR)), "{owns:?}");
    }

    #[test]
    fn sleep_is_a_gap_and_a_week_of_rest_ages_by_a_day() {
        let mut timeline = Timeline::default();
        assert_eq!(owns(&mut timeline, &[(0, 0), (1_000, 8 * HOUR)]), [0, 8 * HOUR]);
        assert_eq!(timeline.segments.len(), 1);
        let mut again = Timeline::new(timeline.segments.clone(), timeline.last());
        let (own, segment) = again.own(at(7, 8 * HOUR + 7 * 24 * HOUR));
        assert_eq!(own - START, 8 * HOUR + DAY_MS);
        assert_eq!(segment.map(|segment| segment.offset), Some(6 * 24 * HOUR));
        let mut back = Timeline::new(timeline.segments.clone(), timeline.last());
        assert_eq!(back.own(at(7, 0)).0 - START, 8 * HOUR + 1, "it never goes back");
    }

    #[test]
    fn a_stamp_that_comes_late_turns_nothing() {
        let mut timeline = Timeline::default();
        owns(&mut timeline, &[(0, 0), (1_000, -HOUR)]);
        let (own, segment) = timeline.own(at(999, 999));
        assert_eq!((own - START, segment), (999, None));
        assert_eq!(timeline.wall(own), START + 999);
    }

    #[test]
    fn no_stamp_makes_it_panic() {
        let mut timeline = Timeline::default();
        for (mono_ms, wall_ms) in [(0, i64::MIN), (u64::MAX, i64::MAX), (5, 0), (9, i64::MIN)] {
            let (own, _) = timeline.own(Stamp { mono_ms, wall_ms });
            assert!((0..=LATEST_MS).contains(&own));
        }
        assert!(!timeline.legs(&(i64::MIN..i64::MAX)).is_empty());
    }
}
