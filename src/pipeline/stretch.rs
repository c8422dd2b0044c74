//! When a stage was at work, and how long together.
//!
//! The one definition of a stage's time, of benchmarks and of workflows: the stretches from a beginning to an
//! end in which somebody worked for it. What overlaps counts once, however many were at work; what lies
//! between two stretches does not count. The table of stages shows their sum, the timeline shows them.

use crate::model::pipeline::Spell;
use crate::model::unit::Seconds;

/// A stretch of a job's own time in seconds; no end while it goes on.
pub(super) type Stretch = (f64, Option<f64>);

/// `all` in their order, those that overlap or touch as one.
pub(super) fn joined(mut all: Vec<Stretch>) -> Vec<Stretch> {
    all.retain(|(from, to)| from.is_finite() && to.is_none_or(f64::is_finite));
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut joined: Vec<Stretch> = Vec::new();
    for (from, to) in all {
        match joined.last_mut().filter(|last| last.1.is_none_or(|end| end >= from)) {
            Some(last) => last.1 = last.1.zip(to).map(|(end, to)| end.max(to)),
            None => joined.push((from, to)),
        }
    }
    joined
}

/// The time of a stage that was at work in `stretches`: all of them together, one that goes on as far as
/// `now`. `None` where it never was.
pub(super) fn took(stretches: &[Stretch], now: f64) -> Option<Seconds> {
    let each = stretches.iter().map(|(from, to)| (to.unwrap_or(now) - from).max(0.0));
    (!stretches.is_empty()).then(|| Seconds(each.sum()))
}

/// `stretches` by the wall clock.
pub(super) fn spells(stretches: &[Stretch], wall_ms: impl Fn(f64) -> i64) -> Vec<Spell> {
    let spell = |(from, to): &Stretch| Spell { from_ms: wall_ms(*from), to_ms: to.map(&wall_ms) };
    stretches.iter().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_counts_once_and_what_lies_between_does_not() {
        let tasks = vec![(5.0, Some(6.0)), (0.0, Some(2.0)), (1.0, Some(3.0)), (0.5, Some(1.0))];
        let stretches = joined(tasks);
        assert_eq!(stretches, [(0.0, Some(3.0)), (5.0, Some(6.0))]);
        assert_eq!(took(&stretches, 99.0), Some(Seconds(4.0)));
    }

    #[test]
    fn what_goes_on_lasts_until_now() {
        let stretches = joined(vec![(0.0, Some(1.0)), (4.0, None), (5.0, Some(6.0))]);
        assert_eq!(stretches, [(0.0, Some(1.0)), (4.0, None)]);
        assert_eq!(took(&stretches, 10.0), Some(Seconds(7.0)));
        assert_eq!(took(&[], 10.0), None);
        assert_eq!(joined(vec![(f64::NAN, None), (1.0, Some(f64::INFINITY))]), []);
    }
}
