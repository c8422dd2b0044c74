//! What became of work of late, out of a list of its pieces. Pure.
//!
//! One piece of code for agents and for workloads, so that one word means one thing. A piece counts by
//! when it ended. What somebody stopped is over and did not end well, and is no error.

use crate::model::done::Done;
use crate::model::reading::{Reading, Why};
use crate::model::unit::{Ratio, Seconds};

/// An hour, in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
/// A day, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// How far a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits.
    Waits,
    /// It runs.
    Runs,
    /// It ended well.
    Good,
    /// It failed.
    Failed,
    /// It ran out of time.
    TimedOut,
    /// Somebody stopped it.
    Stopped,
    /// It has another word for it.
    Other,
}

/// What matters of a piece of work here.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// How far it is.
    pub fate: Fate,
    /// Milliseconds since 1970 UTC when it began.
    pub begun_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// How long it took, where that is told; else it is the time between those two.
    pub seconds: Option<f64>,
}

impl Piece {
    /// Whether it ended in the last `length_ms` before `now_ms`. Clocks that are a little off may have
    /// it end in the future.
    fn ended_within(&self, length_ms: i64, now_ms: i64) -> bool {
        let ago = self.ended_ms.map(|ended| now_ms.saturating_sub(ended));
        ago.is_some_and(|ago| (-HOUR_MS..length_ms).contains(&ago))
    }

    fn length(&self) -> Option<f64> {
        let between = || {
            let length = self.ended_ms?.checked_sub(self.begun_ms?)?;
            Some(length as f64 / 1e3)
        };
        self.seconds.or_else(between).filter(|length| length.is_finite() && *length >= 0.0)
    }
}

/// What became of `pieces` of late, seen at `now_ms`.
pub fn done(pieces: &[Piece], now_ms: i64) -> Done {
    let count = |length_ms, fates: &[Fate]| {
        let ended = pieces.iter().filter(|piece| piece.ended_within(length_ms, now_ms));
        Reading::Known(ended.filter(|piece| fates.contains(&piece.fate)).count() as f64)
    };
    let good = |piece: &&Piece| piece.fate == Fate::Good && piece.ended_within(DAY_MS, now_ms);
    let lengths = pieces.iter().filter(good).filter_map(Piece::length);
    let (sum, many) = lengths.fold((0.0, 0.0), |(sum, many), length| (sum + length, many + 1.0));
    Done {
        errors_1h: count(HOUR_MS, &[Fate::Failed, Fate::TimedOut]),
        timeouts_1h: count(HOUR_MS, &[Fate::TimedOut]),
        completed_1h: count(HOUR_MS, &[Fate::Good]),
        completed_24h: count(DAY_MS, &[Fate::Good]),
        success_24h: share(pieces, DAY_MS, now_ms),
        mean_24h_seconds: none_yet((many > 0.0).then(|| Seconds(sum / many))),
    }
}

/// Share of what failed in the last hour before `now_ms`, of what was over.
pub fn error_rate(pieces: &[Piece], now_ms: i64) -> Reading<Ratio> {
    share(pieces, HOUR_MS, now_ms).map(|good| Ratio::new(1.0 - good.fraction()).unwrap_or(good))
}

/// Share of what ended well, of what ended within `length_ms`.
fn share(pieces: &[Piece], length_ms: i64, now_ms: i64) -> Reading<Ratio> {
    let is_over = |piece: &&Piece| {
        let over = [Fate::Good, Fate::Failed, Fate::TimedOut, Fate::Stopped];
        over.contains(&piece.fate) && piece.ended_within(length_ms, now_ms)
    };
    let over = pieces.iter().filter(is_over);
    let good = over.clone().filter(|piece| piece.fate == Fate::Good).count();
    none_yet(Ratio::of(good as f64, over.count() as f64))
}

/// How long the oldest of `pieces` that runs has run, seen at `now_ms`.
pub fn oldest(pieces: &[Piece], now_ms: i64) -> Reading<Seconds> {
    let runs = pieces.iter().filter(|piece| piece.fate == Fate::Runs);
    let begun = runs.filter_map(|piece| piece.begun_ms).min();
    let age = begun.map(|begun| Seconds(now_ms.saturating_sub(begun).max(0) as f64 / 1e3));
    Reading::from_option(age, Why::Failed("nothing runs".into()))
}

/// How many of `pieces` are as far as `fate`.
pub fn count(pieces: &[Piece], fate: Fate) -> f64 {
    pieces.iter().filter(|piece| piece.fate == fate).count() as f64
}

fn none_yet<T>(value: Option<T>) -> Reading<T> {
    Reading::from_option(value, Why::Failed("nothing ended in this time".into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW_MS: i64 = 1_795_253_412_000;

    fn piece(fate: Fate, minutes_ago: i64, seconds: f64) -> Piece {
        let ended_ms = NOW_MS - minutes_ago * 60_000;
        let begun_ms = Some(ended_ms - 10_000);
        Piece { fate, begun_ms, ended_ms: Some(ended_ms), seconds: Some(seconds) }
    }

    #[test]
    fn each_window_counts_what_ended_in_it() {
        let pieces = [
            piece(Fate::Good, 1, 2.0),
            piece(Fate::Good, 61, 4.0),
            piece(Fate::Good, 60 * 25, 400.0),
            piece(Fate::Failed, 5, 1.0),
            piece(Fate::TimedOut, 6, 30.0),
            piece(Fate::Stopped, 7, 1.0),
            piece(Fate::Failed, 90, 1.0),
            Piece { ended_ms: None, ..piece(Fate::Runs, 3, 0.0) },
        ];
        let done = done(&pieces, NOW_MS);
        assert_eq!(done.errors_1h.get(), Some(2.0));
        assert_eq!(done.timeouts_1h.get(), Some(1.0));
        assert_eq!((done.completed_1h.get(), done.completed_24h.get()), (Some(1.0), Some(2.0)));
        assert_eq!(done.success_24h.get(), Ratio::of(2.0, 6.0));
        assert_eq!(done.mean_24h_seconds.get(), Some(Seconds(3.0)));
        assert_eq!(error_rate(&pieces, NOW_MS).get(), Ratio::of(3.0, 4.0));
        assert_eq!(oldest(&pieces, NOW_MS).get(), Some(Seconds(190.0)));
    }

    #[test]
    fn nothing_over_has_no_rate_and_a_count_of_none() {
        let done = done(&[], NOW_MS);
        assert_eq!(done.completed_24h.get(), Some(0.0), "it was counted");
        assert!(done.success_24h.known().is_none() && done.mean_24h_seconds.known().is_none());
        assert!(oldest(&[], NOW_MS).known().is_none());
    }

    proptest! {
        #[test]
        fn no_time_makes_a_wrong_figure(begun: i64, ended: i64, now: i64, seconds: f64) {
            let piece = Piece {
                fate: Fate::Good, begun_ms: Some(begun), ended_ms: Some(ended), seconds: Some(seconds),
            };
            let runs = Piece { fate: Fate::Runs, ..piece.clone() };
            let pieces = [piece, runs];
            let mean = done(&pieces, now).mean_24h_seconds.get();
            prop_assert!(mean.is_none_or(|mean| mean.0 >= 0.0 && mean.0.is_finite()));
            prop_assert!(oldest(&pieces, now).get().is_some_and(|age| age.0 >= 0.0));
        }
    }
}
