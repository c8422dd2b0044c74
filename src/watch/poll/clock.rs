//! Brings the times that a source writes down to the clock of this machine.
//!
//! Ages, and whether something is stale or stuck, are judged by the clock here; a server whose clock is
//! an hour behind would have everything look an hour old. By how much a clock is off is known from its
//! answers ([`Origin::skew_seconds`](crate::model::origin::Origin)), to a second or two at best: less is
//! left as it is. Runs are evidence and stay as they were written.

use crate::model::agent::Agents;
use crate::model::alert::Alerts;
use crate::model::pipeline::Pipeline;
use crate::model::update::What;
use crate::model::workload::Workloads;

/// Seconds from which on a clock is off.
const OFF: f64 = 2.0;

/// Puts the times in `what` by the clock here, where the clock they are by is `skew` seconds ahead.
pub(super) fn correct(what: &mut What, skew: Option<f64>) {
    let Some(skew) = skew.filter(|skew| skew.abs() > OFF) else { return };
    #[expect(clippy::cast_possible_truncation, reason = "saturates, as what follows does")]
    let ahead_ms = (skew * 1e3).round() as i64;
    let put = |at: &mut i64| *at = at.saturating_sub(ahead_ms);
    match what {
        What::Workloads(workloads) => workload_times(workloads).for_each(put),
        What::Pipelines(pipelines) => pipelines.jobs.iter_mut().flat_map(job_times).for_each(put),
        What::Agents(agents) => agent_times(agents).for_each(put),
        What::Alerts(alerts) => alert_times(alerts).for_each(put),
        _ => {}
    }
}

fn agent_times(agents: &mut Agents) -> impl Iterator<Item = &mut i64> {
    let sessions = agents.list.iter_mut();
    let sessions = sessions.flat_map(|one| [one.started_ms.as_mut(), one.updated_ms.as_mut()]);
    sessions.chain(agents.errors.iter_mut().map(|one| one.at_ms.as_mut())).flatten()
}

fn alert_times(alerts: &mut Alerts) -> impl Iterator<Item = &mut i64> {
    let each = alerts.alerts.iter_mut().flat_map(|one| {
        let seen = one.acknowledged.as_mut().map(|seen| &mut seen.at_ms);
        let well = [one.well_since_ms.as_mut(), one.silenced_until_ms.as_mut(), seen];
        well.into_iter().flatten().chain([&mut one.since_ms])
    });
    each.chain(alerts.past.iter_mut().map(|event| &mut event.at_ms))
        .chain(alerts.silences.iter_mut().map(|silence| &mut silence.until_ms))
}

fn workload_times(workloads: &mut Workloads) -> impl Iterator<Item = &mut i64> {
    let each = workloads.latest.iter_mut().flat_map(|one| {
        [Some(&mut one.created_ms), one.started_ms.as_mut(), one.finished_ms.as_mut()]
    });
    each.flatten().chain(workloads.spells.iter_mut().map(|spell| &mut spell.from_ms))
}

fn job_times(job: &mut Pipeline) -> impl Iterator<Item = &mut i64> {
    let own = [job.started_ms.as_mut(), job.ended_ms.as_mut()].into_iter();
    let stages = job.stages.iter_mut().map(|stage| stage.started_ms.as_mut());
    let errors = job.exceptions.iter_mut();
    let errors = errors.flat_map(|one| [one.first_ms.as_mut(), one.last_ms.as_mut()]);
    let workers = job.workers.iter_mut().flat_map(|one| {
        let own = [one.doing_since_ms.as_mut(), one.started_ms.as_mut(), one.ended_ms.as_mut()];
        own.into_iter().chain(one.events.iter_mut().map(|event| Some(&mut event.at_ms)))
    });
    let said = own.chain(stages).chain(errors).chain(workers).flatten();
    said.chain(job.checkpoints.iter_mut().map(|one| &mut one.at_ms))
        .chain(job.timeline.iter_mut().map(|one| &mut one.at_ms))
        .chain(job.log.iter_mut().map(|one| &mut one.at_ms))
        .chain(job.pressure.iter_mut().map(|one| &mut one.at_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::agent::{Session, Trouble};
    use crate::model::alert::{Acknowledgement, Alert, Event, Silence};
    use crate::model::pipeline::{Exception, Pipelines, Worker};
    use crate::model::workload::Workload;

    #[test]
    fn times_by_a_clock_that_is_off_are_put_by_the_one_here() {
        let job = Pipeline {
            started_ms: Some(10_000_000),
            workers: vec![Worker { doing_since_ms: Some(11_000_000), ..Worker::default() }],
            exceptions: vec![Exception { last_ms: Some(12_000_000), ..Exception::default() }],
            ..Pipeline::default()
        };
        let jobs = Pipelines { jobs: vec![job], ..Pipelines::default() };
        let told = What::Pipelines(Box::new(jobs));
        let seen = |skew| {
            let mut what = told.clone();
            correct(&mut what, skew);
            let What::Pipelines(jobs) = what else { panic!("jobs") };
            let job = &jobs.jobs[0];
            [job.started_ms, job.workers[0].doing_since_ms, job.exceptions[0].last_ms]
        };
        assert_eq!(seen(Some(-3_600.0)), [13_600_000, 14_600_000, 15_600_000].map(Some));
        assert_eq!(seen(Some(90.5)), [9_909_500, 10_909_500, 11_909_500].map(Some));
        for near in [None, Some(1.9), Some(-1.9)] {
            assert_eq!(seen(near), [10_000_000, 11_000_000, 12_000_000].map(Some), "{near:?}");
        }
        for absurd in [f64::MAX, f64::MIN, f64::INFINITY] {
            let _ = seen(Some(absurd));
        }
    }

    #[test]
    fn sessions_and_errors_of_agents_are_put_by_the_clock_here() {
        let session = Session { updated_ms: Some(1_000_000), ..Session::default() };
        let trouble = Trouble { at_ms: Some(2_000_000), ..Trouble::default() };
        let agents = Agents {
            list: vec![session],
            errors: vec![trouble, Trouble::default()],
            ..Agents::default()
        };
        let mut what = What::Agents(Box::new(agents));
        correct(&mut what, Some(-100.0));
        let What::Agents(agents) = what else { panic!("agents") };
        assert_eq!((agents.list[0].updated_ms, agents.list[0].started_ms), (Some(1_100_000), None));
        assert_eq!((agents.errors[0].at_ms, agents.errors[1].at_ms), (Some(2_100_000), None));
    }

    #[test]
    fn alerts_are_as_old_as_the_clock_here_has_it() {
        let alert = Alert {
            since_ms: 1_000_000,
            well_since_ms: Some(2_000_000),
            silenced_until_ms: Some(3_000_000),
            acknowledged: Some(Acknowledgement { at_ms: 4_000_000, ..Acknowledgement::default() }),
            ..Alert::default()
        };
        let alerts = Alerts {
            alerts: vec![alert, Alert::default()],
            past: vec![Event { at_ms: 5_000_000, ..Event::default() }],
            silences: vec![Silence { until_ms: 6_000_000, ..Silence::default() }],
            ..Alerts::default()
        };
        let mut what = What::Alerts(Box::new(alerts));
        correct(&mut what, Some(-100.0));
        let What::Alerts(alerts) = what else { panic!("alerts") };
        let one = &alerts.alerts[0];
        let seen = one.acknowledged.as_ref().map(|seen| seen.at_ms);
        let optional = [one.well_since_ms, one.silenced_until_ms, seen];
        assert_eq!(optional, [2_100_000, 3_100_000, 4_100_000].map(Some));
        let told = [one.since_ms, alerts.past[0].at_ms, alerts.silences[0].until_ms];
        assert_eq!(told, [1_100_000, 5_100_000, 6_100_000]);
        assert_eq!(alerts.alerts[1].silenced_until_ms, None);
    }

    #[test]
    fn workloads_keep_their_lengths() {
        let one = Workload {
            created_ms: 1_000_000,
            started_ms: Some(1_001_000),
            finished_ms: None,
            ..Workload::default()
        };
        let mut what =
            What::Workloads(Box::new(Workloads { latest: vec![one], ..Workloads::default() }));
        correct(&mut what, Some(-100.0));
        let What::Workloads(all) = what else { panic!("workloads") };
        let one = &all.latest[0];
        assert_eq!((one.created_ms, one.started_ms), (1_100_000, Some(1_101_000)));
        assert_eq!(one.finished_ms, None);
    }
}
