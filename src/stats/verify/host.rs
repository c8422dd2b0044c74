//! Whether the marks of samples follow from what the host was doing, and the counts from the samples.
//!
//! Marks are made again by the rules of this version alone; a file of another one may have had
//! others. That isomon was stopped, or that something was left over, the host's numbers do not tell.

use super::{Verified, differ};
use crate::model::bench::{HostState, Outcome, Sample, Taint};
use crate::model::run::Run;
use crate::model::unit::Ratio;
use crate::stats::taint::{Clocks, Thresholds, of_step, taints};

/// Marks of `run`'s samples and steps, made again from their hosts' numbers.
pub(super) fn marks(run: &Run, verified: &mut Verified) {
    if run.head.fingerprint.isomon != env!("CARGO_PKG_VERSION") {
        return;
    }
    let bounds = Thresholds::of(run.head.fingerprint.cpus);
    let mut clocks = Clocks::default();
    for (index, sample) in run.samples.iter().enumerate() {
        let wanted = taints(&sample.host, &bounds, clocks.usual());
        clocks.note(sample.host.clock);
        same(format!("samples[{index}].taints"), &wanted, &sample.taints, verified);
    }
    let usual: Option<Ratio> = clocks.usual();
    let again = |host: &HostState| taints(host, &bounds, usual);
    for (index, step) in run.steps.iter().enumerate() {
        let wanted = of_step(step.stride, again(&step.host));
        same(format!("steps[{index}].taints"), &wanted, &step.taints, verified);
    }
}

/// Notes marks that are not `wanted`, those aside that the host's numbers do not tell.
fn same(at: String, wanted: &[Taint], found: &[Taint], verified: &mut Verified) {
    let told = |taint: &&Taint| !matches!(taint, Taint::Paused | Taint::LeftOver);
    let found: Vec<Taint> = found.iter().filter(told).copied().collect();
    if wanted != found {
        verified.note(at, format!("{wanted:?}"), format!("{found:?}"));
    }
}

/// How many samples and steps that `run` holds ended well and how many failed, warm-up included.
pub fn outcomes(run: &Run) -> (usize, usize) {
    let good = |sample: &&Sample| sample.outcome == Outcome::Good;
    let failed_steps = run.steps.iter().filter(|step| step.failed()).count();
    let good_samples = run.samples.iter().filter(good).count();
    let completed = good_samples + run.steps.len() - failed_steps;
    (completed, run.samples.len() - good_samples + failed_steps)
}

/// How many ended well and how many failed, counted again.
pub(super) fn counts(run: &Run, verified: &mut Verified) {
    let Some(tail) = &run.tail else { return };
    let (completed, failed) = outcomes(run);
    let found = &tail.progress;
    differ("tail.progress.completed", &completed, &(found.completed as usize), verified);
    differ("tail.progress.failed", &failed, &(found.failed as usize), verified);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{found_after, run};
    use super::*;

    #[test]
    fn a_mark_that_was_taken_away_or_added_is_found() {
        let busy = HostState { steal: Ratio::new(0.5), ..HostState::default() };
        let hidden = found_after(|run| run.samples[3].host = busy);
        assert_eq!(hidden, ["samples[3].taints"]);
        let invented = found_after(|run| run.samples[4].taints = vec![Taint::GpuWork]);
        assert!(invented.contains(&"samples[4].taints".to_owned()), "{invented:?}");
        let paused = found_after(|run| run.samples[5].taints = vec![Taint::Paused]);
        assert!(!paused.contains(&"samples[5].taints".to_owned()), "{paused:?}");
        let other = found_after(|run| {
            run.samples[3].host = busy;
            run.head.fingerprint.isomon = "0.0.1".to_owned();
        });
        assert_eq!(other, [""; 0]);
    }

    #[test]
    fn counts_follow_from_the_samples() {
        let count = run().samples.len();
        assert_eq!(run().tail.unwrap().progress.completed as usize, count);
        let fewer = found_after(|run| run.tail.as_mut().unwrap().progress.failed = 1);
        assert_eq!(fewer, ["tail.progress.failed"]);
    }
}
