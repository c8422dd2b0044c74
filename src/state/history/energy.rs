//! What a GPU took in a stretch of time, and at what mean power.
//!
//! By its own counter where it has one: that knows what happened between two samples. Else its power over
//! time, which does not, and says so.

use std::ops::Range;

use super::{GpuHistory, GpuMetric};
use crate::model::unit::{Joules, Watts};

/// Longest time between two samples over which power is believed to have been as it was, in ms.
const LONGEST_STEP_MS: u64 = 30_000;

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

/// By a counter, which starts again at 0 when the driver is loaded anew.
fn counted(mut points: impl Iterator<Item = (u64, f64)>) -> Option<Spent> {
    let (first, mut before) = points.next()?;
    let (mut joules, mut last) = (0.0, first);
    for (at, value) in points {
        joules += if value < before { value } else { value - before };
        (before, last) = (value, at);
    }
    spent(joules, last.checked_sub(first)?, true)
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

    #[test]
    fn a_counter_is_believed_before_power_and_may_start_again() {
        let rows = [
            (1_000, Some(1.0), Some(500.0)),
            (2_000, Some(1.0), Some(700.0)),
            (3_000, None, None),
            (4_000, Some(1.0), Some(50.0)),
            (5_000, Some(1.0), Some(150.0)),
        ];
        let spent = energy(&history(&rows), 0..9_000).unwrap();
        assert_eq!((spent.joules, spent.is_counted), (Joules(350.0), true));
        assert_eq!(spent.mean(), Watts(87.5));
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
