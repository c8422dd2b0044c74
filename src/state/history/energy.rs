//! What a GPU took in a stretch of time, and at what mean power.
//!
//! By its own counter where it has one: that knows what happened between two samples. Else its power over
//! time, which does not, and says so.
//!
//! A counter that falls began again, with its driver or at another GPU, and nobody knows from where; one that
//! rises beyond what any GPU takes was wrong for a moment. Such a step is neither energy nor time, so that the
//! mean stays true, and what is told is over fewer seconds than were asked for.

use std::ops::Range;

use super::{GpuHistory, GpuMetric};
use crate::model::unit::{Joules, Watts};

/// Longest time between two samples over which power is believed to have been as it was, in ms.
const LONGEST_STEP_MS: u64 = 30_000;
/// Mean power of a step over which a counter is believed. A hundred times what a GPU takes: an exporter that
/// reads its counter once a minute tells all of that minute within a second.
const MOST: Watts = Watts(100_000.0);

/// Energy over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// The energy.
    pub joules: Joules,
    /// Over so many seconds, which may be fewer than were asked for.
    pub seconds: f64,
    /// Whether a counter tells it; else it is power times time.
    pub is_counted: bool,
}

impl Spent {
    /// Energy over time.
    pub fn mean(&self) -> Watts {
        Watts(self.joules.0 / self.seconds)
    }
}

/// What was taken within `span` (milliseconds); `None` where two samples of it are not known.
pub fn energy(history: &GpuHistory, span: Range<u64>) -> Option<Spent> {
    let known = |metric: GpuMetric| {
        let points = history.within(metric as usize, span.clone());
        points.filter_map(|(at, value)| Some((at, value?)))
    };
    counted(known(GpuMetric::Energy)).or_else(|| summed(known(GpuMetric::Power)))
}

fn counted(mut points: impl Iterator<Item = (u64, f64)>) -> Option<Spent> {
    let (mut joules, mut milliseconds) = (0.0, 0);
    let (mut then, mut before) = points.next()?;
    for (at, value) in points {
        let (step, grown) = (at.saturating_sub(then), value - before);
        if (0.0..=MOST.0 * step as f64 / 1000.0).contains(&grown) {
            joules += grown;
            milliseconds += step;
        }
        (then, before) = (at, value);
    }
    spent(joules, milliseconds, true)
}

fn summed(mut points: impl Iterator<Item = (u64, f64)>) -> Option<Spent> {
    let (mut joules, mut milliseconds) = (0.0, 0);
    let (mut then, mut before) = points.next()?;
    for (at, value) in points {
        let step = at.saturating_sub(then);
        if step <= LONGEST_STEP_MS {
            joules += f64::midpoint(before, value) * step as f64 / 1000.0;
            milliseconds += step;
        }
        (then, before) = (at, value);
    }
    spent(joules, milliseconds, false)
}

fn spent(joules: f64, milliseconds: u64, is_counted: bool) -> Option<Spent> {
    let seconds = milliseconds as f64 / 1000.0;
    (milliseconds > 0).then_some(Spent { joules: Joules(joules), seconds, is_counted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(rows: &[(u64, Option<f64>, Option<f64>)]) -> GpuHistory {
        let mut history = GpuHistory::new();
        for (at, power, energy) in rows {
            let mut row = [None; GpuMetric::ALL.len()];
            row[GpuMetric::Power as usize] = *power;
            row[GpuMetric::Energy as usize] = *energy;
            history.push(*at, row);
        }
        history
    }

    fn told(rows: &[(u64, f64)]) -> Option<Spent> {
        let told = |(at, joules): &(u64, f64)| (*at, Some(1.0), Some(*joules));
        energy(&history(&rows.iter().map(told).collect::<Vec<_>>()), 0..99_000)
    }

    #[test]
    fn a_counter_is_believed_before_power() {
        let rows = [
            (1_000, Some(1.0), Some(500.0)),
            (2_000, Some(1.0), Some(700.0)),
            (3_000, None, None),
            (5_000, Some(1.0), Some(900.0)),
        ];
        let spent = energy(&history(&rows), 0..9_000).unwrap();
        assert_eq!((spent.joules, spent.is_counted), (Joules(400.0), true));
        assert_eq!(spent.mean(), Watts(100.0));
    }

    #[test]
    fn where_a_counter_falls_nothing_is_known() {
        for after in [0.0, 50.0, 900e6] {
            let rows =
                [(1_000, 980e6), (2_000, 980e6 + 640.0), (7_000, after), (8_000, after + 128.0)];
            let spent = told(&rows).unwrap();
            assert_eq!((spent.joules, spent.seconds), (Joules(768.0), 2.0), "to {after}");
            assert_eq!(spent.mean(), Watts(384.0));
        }
        let fallen = told(&[(1_000, 980e6), (3_000, 970e6)]).unwrap();
        assert_eq!((fallen.joules, fallen.is_counted), (Joules(2.0), false), "by power then");
    }

    #[test]
    fn a_counter_that_is_wrong_for_a_moment_is_not_believed() {
        let rows = [(1_000, 980e6), (2_000, 0.0), (3_000, 980e6 + 640.0), (4_000, 980e6 + 1_280.0)];
        let spent = told(&rows).unwrap();
        assert_eq!((spent.joules, spent.seconds), (Joules(640.0), 1.0));
    }

    #[test]
    fn a_counter_may_be_read_seldom_and_told_often() {
        let rows = [(1_000, 500.0), (2_000, 500.0), (59_000, 500.0), (60_000, 42_500.0)];
        let spent = told(&rows).unwrap();
        assert_eq!((spent.joules, spent.seconds), (Joules(42_000.0), 59.0));
    }

    #[test]
    fn without_one_power_is_summed_where_it_is_known() {
        let rows = [
            (0, Some(100.0), None),
            (10_000, Some(200.0), None),
            (100_000, Some(200.0), None),
            (101_000, Some(200.0), None),
        ];
        let spent = energy(&history(&rows), 0..200_000).unwrap();
        assert_eq!((spent.joules, spent.seconds), (Joules(1700.0), 11.0));
        assert!(!spent.is_counted);
        assert_eq!(energy(&history(&rows), 0..5_000), None, "one sample tells nothing");
        assert_eq!(energy(&history(&[]), 0..5_000), None);
    }
}
