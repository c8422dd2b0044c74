//! Whether the machine was quiet while a run was measured.
//!
//! It counts what stands: a disturbed sample that was measured again in quiet does no harm any more,
//! and is told apart. Steps of loads count like samples.

use std::collections::BTreeMap;

use super::standing::standing;
use crate::model::bench::{HostState, Sample, Taint};
use crate::model::load::{Cause, Step, Verdict};
use crate::model::run::Run;
use crate::model::unit::Ratio;

/// The verdict on `run`; of a file that does not tell it is judged here.
pub fn of(run: &Run) -> Verdict {
    let told = run.tail.as_ref().and_then(|tail| tail.verdict.clone());
    told.unwrap_or_else(|| verdict(&run.samples, &run.steps))
}

/// The verdict on `samples` and `steps`.
pub fn verdict(samples: &[Sample], steps: &[Step]) -> Verdict {
    let stands = standing(samples);
    let counted = samples.iter().filter(|sample| !sample.warmup).count();
    let of_samples = stands.iter().map(|sample| (&sample.taints, &sample.host));
    let seen = of_samples.chain(steps.iter().map(|step| (&step.taints, &step.host)));
    let mut verdict = Verdict { repeated: count(counted - stands.len()), ..Verdict::default() };
    let mut causes: BTreeMap<Taint, Cause> = BTreeMap::new();
    for (taints, host) in seen {
        verdict.samples += 1;
        verdict.tainted += u32::from(!taints.is_empty());
        for taint in taints {
            let none = Cause { taint: *taint, samples: 0, worst: None };
            let cause = causes.entry(*taint).or_insert(none);
            cause.samples += 1;
            cause.worst = worse(*taint, cause.worst, share(*taint, host));
        }
    }
    verdict.causes = causes.into_values().collect();
    verdict.causes.sort_by_key(|cause| std::cmp::Reverse(cause.samples));
    verdict
}

/// The share of `host` that `taint` is judged by; `None` where it is no share.
pub const fn share(taint: Taint, host: &HostState) -> Option<Ratio> {
    match taint {
        Taint::Steal => host.steal,
        Taint::CpuPressure => host.cpu_pressure,
        Taint::MemoryPressure => host.memory_pressure,
        Taint::IoPressure => host.io_pressure,
        Taint::SlowClock => host.clock,
        Taint::GpuWork => host.gpu,
        Taint::OtherWork | Taint::Paused | Taint::LeftOver | Taint::Throttled => None,
    }
}

/// The higher of two shares; the lower of two clocks.
pub fn worse(taint: Taint, one: Option<Ratio>, other: Option<Ratio>) -> Option<Ratio> {
    let (Some(left), Some(right)) = (one, other) else {
        return one.or(other);
    };
    let swap = (taint == Taint::SlowClock) == (right < left);
    Some(if swap { right } else { left })
}

/// `quiet`, or `disturbed: steal 4 %, 12 of 300 samples`; with how many were measured again.
pub fn words(verdict: &Verdict) -> String {
    let again = match verdict.repeated {
        0 => String::new(),
        1 => "; 1 more was disturbed and measured again".to_owned(),
        many => format!("; {many} more were disturbed and measured again"),
    };
    if verdict.samples == 0 {
        return format!("nothing was measured{again}");
    }
    if verdict.tainted == 0 {
        return format!("quiet{again}");
    }
    let causes: Vec<String> = verdict.causes.iter().take(3).map(cause).collect();
    let (causes, tainted, all) = (causes.join(", "), verdict.tainted, verdict.samples);
    format!("disturbed: {causes}, {tainted} of {all} samples{again}")
}

fn cause(cause: &Cause) -> String {
    let worst = cause.worst.map(|worst| format!(" {:.0} %", worst.percent()));
    format!("{}{}", cause.taint.words(), worst.unwrap_or_default())
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bench::{Outcome, Phases};
    use crate::model::unit::Seconds;

    fn sample(round: u32, attempt: u32, steal: f64) -> Sample {
        let host = HostState { steal: Ratio::new(steal), ..HostState::default() };
        let taints = if steal > 0.02 { vec![Taint::Steal] } else { Vec::new() };
        Sample {
            cell: 0,
            round,
            warmup: false,
            attempt,
            at_seconds: Seconds(0.0),
            phases: Phases::default(),
            outcome: Outcome::Good,
            host,
            taints,
        }
    }

    #[test]
    fn what_was_measured_again_is_quiet_and_told() {
        let samples = [sample(0, 0, 0.5), sample(0, 1, 0.0), sample(1, 0, 0.0)];
        let found = verdict(&samples, &[]);
        assert_eq!((found.samples, found.tainted, found.repeated), (2, 0, 1));
        assert_eq!(words(&found), "quiet; 1 more was disturbed and measured again");
        assert_eq!(words(&verdict(&samples[2..], &[])), "quiet");
        assert_eq!(words(&verdict(&[], &[])), "nothing was measured");
    }

    #[test]
    fn the_most_frequent_cause_comes_first_with_its_worst() {
        let mut samples: Vec<Sample> =
            (0..10).map(|round| sample(round, 0, if round < 3 { 0.04 } else { 0.0 })).collect();
        samples[1].taints.push(Taint::SlowClock);
        samples[1].host.clock = Ratio::new(0.6);
        samples[2].taints.push(Taint::SlowClock);
        samples[2].host.clock = Ratio::new(0.5);
        let found = verdict(&samples, &[]);
        assert_eq!(words(&found), "disturbed: steal 4 %, slow clock 50 %, 3 of 10 samples");
        assert_eq!(found.causes[0].samples, 3);
    }
}
