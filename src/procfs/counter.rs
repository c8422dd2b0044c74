//! Rates from counters that only grow, for things that come and go.
//!
//! A counter that went back was reset (a driver was loaded again, a device was replaced): its rate
//! is missing once, not negative and not huge. What has vanished is forgotten.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::reading::{Reading, Why};

/// What `N` counters of each named thing were at the sample before.
#[derive(Debug, Default)]
pub struct Counters<const N: usize> {
    at: Option<Instant>,
    elapsed: Duration,
    turn: u64,
    before: HashMap<Box<str>, (u64, [u64; N])>,
}

impl<const N: usize> Counters<N> {
    /// Begins a sample at `now`.
    pub fn begin(&mut self, now: Instant) {
        self.elapsed = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.at = Some(now);
        self.turn += 1;
    }

    /// Each counter's growth in a second since the sample before, and keeps `now` for the next.
    pub fn rates(&mut self, name: &str, now: [u64; N]) -> [Reading<f64>; N] {
        let seconds = self.elapsed.as_secs_f64();
        let entry = (self.turn, now);
        let before = if let Some(kept) = self.before.get_mut(name) {
            Some(std::mem::replace(kept, entry).1)
        } else {
            self.before.insert(name.into(), entry);
            None
        };
        std::array::from_fn(|i| rate(before.map(|before| before[i]), now[i], seconds))
    }

    /// Ends a sample: forgets what it did not name.
    pub fn end(&mut self) {
        let turn = self.turn;
        self.before.retain(|_, (seen, _)| *seen == turn);
    }
}

/// Growth in a second from `before` to `now`; missing without a `before`, without time in between,
/// or after a reset.
pub fn rate(before: Option<u64>, now: u64, seconds: f64) -> Reading<f64> {
    match before.and_then(|before| now.checked_sub(before)) {
        Some(grown) if seconds > 0.0 => Reading::Known(grown as f64 / seconds),
        _ => Reading::Missing(Why::NotYet),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_two_samples_of_the_same_thing() {
        let start = Instant::now();
        let mut counters = Counters::<1>::default();
        let mut sample = |seconds, named: &[(&str, u64)]| {
            counters.begin(start + Duration::from_secs(seconds));
            let rates: Vec<Option<f64>> =
                named.iter().map(|&(name, value)| counters.rates(name, [value])[0].get()).collect();
            counters.end();
            rates
        };
        assert_eq!(sample(0, &[("a", 100)]), [None], "first");
        assert_eq!(sample(2, &[("a", 110), ("b", 7)]), [Some(5.0), None], "new");
        assert_eq!(sample(3, &[("a", 5), ("b", 7)]), [None, Some(0.0)], "reset");
        assert_eq!(sample(3, &[("a", 9)]), [None], "no time went by");
        assert_eq!(sample(4, &[("a", 9), ("b", 900)]), [Some(0.0), None], "back again");
    }
}
