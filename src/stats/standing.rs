//! Which samples count.
//!
//! The rule, once: a warm-up sample never counts. Where a cell was visited again in a round because
//! its sample was disturbed, the last visit stands for the round, however it ended; those before are
//! kept in the file and are in no figure. A sample that is still disturbed after the last visit
//! stands as it is, and is counted as disturbed.

use std::collections::BTreeMap;

use crate::model::bench::{Outcome, Sample};

/// Those of `samples` that count, in their order.
pub fn standing<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Vec<&'a Sample> {
    let counted: Vec<&Sample> = samples.into_iter().filter(|sample| !sample.warmup).collect();
    let mut last: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for sample in counted.iter().filter(|sample| sample.attempt > 0) {
        let attempt = last.entry((sample.cell, sample.round)).or_default();
        *attempt = sample.attempt.max(*attempt);
    }
    let stands = |sample: &&Sample| {
        last.get(&(sample.cell, sample.round)).is_none_or(|attempt| sample.attempt >= *attempt)
    };
    counted.into_iter().filter(stands).collect()
}

/// Those of `samples` that count and are good, in their order.
pub fn good<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> impl Iterator<Item = &'a Sample> {
    standing(samples).into_iter().filter(|sample| sample.outcome == Outcome::Good)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    use super::*;
    use crate::model::bench::{Failure, HostState, Phases};
    use crate::model::text::SafeText;
    use crate::model::unit::Seconds;

    fn sample(cell: u32, round: u32, attempt: u32, at: f64) -> Sample {
        Sample {
            cell,
            round,
            warmup: false,
            attempt,
            at_seconds: Seconds(at),
            phases: Phases::default(),
            outcome: Outcome::Good,
            host: HostState::default(),
            taints: Vec::new(),
        }
    }

    #[test]
    fn the_last_visit_stands_and_warm_up_never_does() {
        let samples = [
            Sample { warmup: true, ..sample(0, 0, 0, 0.0) },
            sample(0, 0, 0, 1.0),
            sample(1, 0, 0, 2.0),
            sample(0, 0, 1, 3.0),
            sample(0, 1, 0, 4.0),
            sample(0, 0, 2, 5.0),
        ];
        let times: Vec<f64> = standing(&samples).iter().map(|sample| sample.at_seconds.0).collect();
        assert_eq!(times, [2.0, 4.0, 5.0]);
    }

    #[test]
    fn a_last_visit_that_failed_takes_the_good_one_along() {
        let failed = Outcome::Failed { kind: Failure::Timeout, message: SafeText::default() };
        let samples = [
            sample(0, 0, 0, 1.0),
            Sample { outcome: failed, ..sample(0, 0, 1, 2.0) },
            sample(0, 1, 0, 3.0),
        ];
        let times: Vec<f64> = good(&samples).map(|sample| sample.at_seconds.0).collect();
        assert_eq!(times, [3.0]);
    }

    proptest! {
        #[test]
        fn the_highest_attempt_of_a_round_stands_and_no_other(
            visits in prop::collection::vec((0_u32..3, 0_u32..4, 0_u32..3), 0..60),
        ) {
            let all: Vec<Sample> = visits.iter().map(|(c, r, a)| sample(*c, *r, *a, 0.0)).collect();
            let highest = |of: &Sample| {
                let same = all.iter().filter(|s| (s.cell, s.round) == (of.cell, of.round));
                same.map(|s| s.attempt).max()
            };
            let wanted: Vec<&Sample> =
                all.iter().filter(|of| highest(of) == Some(of.attempt)).collect();
            prop_assert_eq!(standing(&all), wanted);
        }
    }
}
