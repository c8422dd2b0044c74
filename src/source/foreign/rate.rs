//! A rate, made from a total that only grows.
//!
//! A total that became smaller was begun anew: the server was started again. There is no rate then,
//! for one sample.

use tokio::time::Instant;

use crate::model::reading::{Reading, Why};

/// The sample before.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::source) struct Rate {
    last: Option<(Instant, f64)>,
}

impl Rate {
    /// What is added each second since the sample before, now that the total is `total`.
    pub(in crate::source) fn take(&mut self, now: Instant, total: Option<f64>) -> Reading<f64> {
        let Some(total) = total.filter(|total| total.is_finite() && *total >= 0.0) else {
            self.last = None;
            return Reading::Missing(Why::NotSupported);
        };
        let before = self.last.replace((now, total));
        let rate = before.and_then(|(then, before)| {
            let seconds = now.saturating_duration_since(then).as_secs_f64();
            (seconds > 0.0 && total >= before).then(|| (total - before) / seconds)
        });
        Reading::from_option(rate.filter(|rate| rate.is_finite()), Why::NotYet)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_rate_needs_two_totals_and_survives_a_restart() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut rate = Rate::default();
        assert_eq!(rate.take(at(0), Some(100.0)), Reading::Missing(Why::NotYet));
        assert_eq!(rate.take(at(2), Some(150.0)), Reading::Known(25.0));
        assert_eq!(rate.take(at(2), Some(160.0)), Reading::Missing(Why::NotYet), "no time passed");
        assert_eq!(rate.take(at(4), Some(3.0)), Reading::Missing(Why::NotYet), "begun anew");
        assert_eq!(rate.take(at(5), Some(3.0)), Reading::Known(0.0));
        for wrong in [None, Some(f64::NAN), Some(f64::INFINITY), Some(-1.0)] {
            assert_eq!(rate.take(at(6), wrong), Reading::Missing(Why::NotSupported));
        }
        assert_eq!(rate.take(at(7), Some(f64::MAX)), Reading::Missing(Why::NotYet));
    }
}
