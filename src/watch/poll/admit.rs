//! What a source may say here, and how much of it.
//!
//! A remote speaks of its own nodes, work and runs, those it keeps too. Whether it answers, what was lost
//! here, which workflows and repairs go on and which nodes a benchmark was begun on is for this isomon to
//! say. Lists are cut to what the largest real machine has.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::id::{RunId, SourceId};
use crate::model::run::RunEvent;
use crate::model::text::SafeText;
use crate::model::update::{Notice, What};
use crate::source::{Told, Wants};

/// Nodes that one source may tell of, those that it tells of no more among them.
pub const NODES: usize = 20_000;
/// Runs of one source that may be live.
pub const RUNS: usize = 8;
/// Notices taken of one answer.
const NOTICES: usize = 4;
/// Processors, the processes of a node, and anything else of which there is a list.
const CORES: usize = 8_192;
const PROCESSES: usize = 50_000;
const THINGS: usize = 1_024;
/// What a sample or a step was disturbed by; there are fewer kinds.
const TAINTS: usize = 16;
/// Runs that a source may say it keeps.
const KEPT: usize = 10_000;

/// What has been heard of one source.
#[derive(Debug)]
pub struct Admission {
    id: SourceId,
    below: BTreeSet<SafeText>,
    /// Whether it was said that there are more nodes than are taken.
    is_full: bool,
    /// Runs that go on, and the node each is told of.
    live: BTreeMap<RunId, SourceId>,
    notices: usize,
}

impl Admission {
    /// Nothing heard of `id` yet.
    pub const fn new(id: SourceId) -> Self {
        Self { id, below: BTreeSet::new(), is_full: false, live: BTreeMap::new(), notices: 0 }
    }

    /// The answer `told` begins; the runs that were cut off, and of whom. Who begins anew tells of each run
    /// that goes on, and never of the end of any other.
    pub fn begin(&mut self, told: &[Told]) -> Vec<(SourceId, What)> {
        self.notices = 0;
        if !told.iter().any(|told| matches!(told.what, What::Anew)) {
            return Vec::new();
        }
        let started = |told: &Told| match &told.what {
            What::Run { id, event: RunEvent::Started(_) } => Some(id.clone()),
            _ => None,
        };
        let goes_on: BTreeSet<RunId> = told.iter().filter_map(started).collect();
        let known = std::mem::take(&mut self.live).into_iter();
        let (live, gone): (BTreeMap<_, _>, _) = known.partition(|(id, _)| goes_on.contains(id));
        self.live = live;
        let cut_off = |(id, from)| (from, What::Run { id, event: RunEvent::CutOff });
        gone.into_iter().map(cut_off).collect()
    }

    /// Whether a run goes on there.
    pub fn has_live(&self) -> bool {
        !self.live.is_empty()
    }

    /// What is passed on of `told`, and as whose; `None`: nothing.
    pub fn admit(&mut self, told: Told, wants: Wants) -> Option<(SourceId, What)> {
        let Some(from) = self.speaker(told.node) else { return self.full() };
        let mut what = told.what;
        match &mut what {
            What::Health(_)
            | What::Gone
            | What::Lost(_)
            | What::Fleet(_)
            | What::Past(_)
            | What::Shelf(_)
            | What::Replay(_)
            | What::Anew
            | What::Stack(_)
            | What::Workflow { .. }
            | What::Mend(_) => return None,
            What::Processes(_) if !wants.depth => return None,
            What::Run { id, event } => {
                self.follow(&from, id, event).then_some(())?;
                trim_run(event);
            }
            What::Notice(notice) => *notice = self.prefixed(notice)?,
            other => trim(other),
        }
        Some((from, what))
    }

    fn speaker(&mut self, node: Option<SafeText>) -> Option<SourceId> {
        let Some(name) = node else { return Some(self.id.clone()) };
        let from = self.id.below(&name);
        if !self.below.contains(&name) {
            if self.below.len() == NODES {
                return None;
            }
            self.below.insert(name);
        }
        Some(from)
    }

    /// Says, once, that there are more nodes than are taken.
    fn full(&mut self) -> Option<(SourceId, What)> {
        if std::mem::replace(&mut self.is_full, true) {
            return None;
        }
        let text = format!("{}: it told of more than 20,000 nodes; no more are shown", self.id);
        let notice = Notice { bad: true, text: text.into() };
        Some((self.id.clone(), What::Notice(notice)))
    }

    /// Whether an event of run `id` is taken: a source has only so many runs at once.
    fn follow(&mut self, from: &SourceId, id: &RunId, event: &RunEvent) -> bool {
        match event {
            RunEvent::Ended(_) => {
                self.live.remove(id);
                true
            }
            RunEvent::CutOff => self.live.remove(id).is_some(),
            _ if self.live.contains_key(id) => true,
            RunEvent::Started(_) if self.live.len() < RUNS => {
                self.live.insert(id.clone(), from.clone());
                true
            }
            // The rest of a run whose beginning was heard and which has ended, or of one too many.
            _ => false,
        }
    }

    fn prefixed(&mut self, notice: &Notice) -> Option<Notice> {
        self.notices += 1;
        let text = SafeText::from(format!("{}: {}", self.id, notice.text));
        (self.notices <= NOTICES).then_some(Notice { bad: notice.bad, text })
    }
}

/// Cuts what is kept of each sample and step.
fn trim_run(event: &mut RunEvent) {
    match event {
        RunEvent::Sample(sample) => sample.taints.truncate(TAINTS),
        RunEvent::Step(step) => step.taints.truncate(TAINTS),
        _ => {}
    }
}

/// Cuts what is longer than it can be.
fn trim(what: &mut What) {
    match what {
        What::Node(sample) => {
            sample.cores.truncate(CORES);
            sample.disks.truncate(THINGS);
            sample.mounts.truncate(THINGS);
            sample.networks.truncate(THINGS);
            sample.temperatures.truncate(THINGS);
            sample.quarantined.truncate(THINGS);
            sample.unread.truncate(THINGS);
        }
        What::Gpus(sample) => {
            sample.gpus.truncate(THINGS);
            sample.readers.truncate(THINGS);
        }
        What::Processes(processes) => processes.truncate(PROCESSES),
        What::Backends(backends) => {
            backends.truncate(THINGS);
            // What makes a backend ready there is no command for here, whoever says so.
            for backend in backends {
                backend.mend.clear();
            }
        }
        What::Workloads(workloads) => workloads.latest.truncate(THINGS),
        What::Pipelines(pipelines) => pipelines.jobs.truncate(THINGS),
        What::Serving(models) => models.truncate(THINGS),
        What::Agents(agents) => {
            agents.agents.truncate(THINGS);
            agents.errors.truncate(THINGS);
            agents.list.truncate(THINGS);
            agents.models.truncate(THINGS);
            agents.gaps.truncate(THINGS);
        }
        What::Services(services) => services.truncate(THINGS),
        What::Alerts(alerts) => alerts.bound(),
        What::Origin(origin) => origin.endpoints.truncate(THINGS),
        What::Runs(runs) => runs.truncate(KEPT),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::backend::{BackendId, BackendStatus, Mend};
    use crate::model::bench::Taint;
    use crate::model::update::Health;
    use crate::model::workflow::WorkflowEvent;
    use crate::report::run_sample::run;

    const USUAL: Wants = Wants { depth: false };

    fn admission() -> Admission {
        Admission::new(SourceId("a".into()))
    }

    #[test]
    fn what_is_not_a_remotes_to_say_is_passed_over() {
        let mut admission = admission();
        let own = [
            What::Health(Health::Up),
            What::Lost(7),
            What::Gone,
            What::Anew,
            What::Fleet(crate::model::update::FleetRun::default()),
            What::Processes(Vec::new()),
            What::Workflow { id: RunId::new(0, 1), event: WorkflowEvent::Started(Box::default()) },
            What::Mend(Mend::Ended { failed: None }),
        ];
        for what in own {
            assert_eq!(admission.admit(Told::own(what.clone()), USUAL), None, "{what:?}");
        }
        let told = Told::own(What::Processes(Vec::new()));
        assert!(admission.admit(told, Wants { depth: true }).is_some());
    }

    #[test]
    fn its_nodes_and_notices_carry_its_name_and_are_bounded() {
        let mut admission = admission();
        let notice = Notice { bad: true, text: "no".into() };
        let told = Told::own(What::Notice(notice));
        let (from, what) = admission.admit(told.clone(), USUAL).unwrap();
        assert_eq!(from, SourceId("a".into()));
        assert_eq!(what, What::Notice(Notice { bad: true, text: "a: no".into() }));
        for _ in 1..NOTICES {
            admission.admit(told.clone(), USUAL).unwrap();
        }
        assert_eq!(admission.admit(told, USUAL), None);
        let node = |index: usize| {
            let name = SafeText::from(format!("n{index}"));
            Told::of(name, What::Serving(Vec::new()))
        };
        for index in 0..NODES {
            assert!(admission.admit(node(index), USUAL).is_some(), "{index}");
        }
        let (from, what) = admission.admit(node(NODES), USUAL).unwrap();
        let text = "a: it told of more than 20,000 nodes; no more are shown".into();
        assert_eq!((from.0.as_str(), what), ("a", What::Notice(Notice { bad: true, text })));
        assert_eq!(admission.admit(node(NODES + 1), USUAL), None, "that is said once");
        let (from, _) = admission.admit(node(3), USUAL).unwrap();
        assert_eq!(from, SourceId("a/n3".into()));
    }

    #[test]
    fn no_command_of_another_machine_comes_through() {
        let mut status = BackendStatus::new(BackendId::Runc);
        status.mend = vec![vec!["rm".into(), "-rf".into(), "/".into()]];
        let told = Told::own(What::Backends(vec![status]));
        let Some((_, What::Backends(all))) = admission().admit(told, USUAL) else { panic!("told") };
        assert!(all[0].mend.is_empty());
    }

    #[test]
    fn a_source_has_only_so_many_live_runs() {
        let mut admission = admission();
        let progress = RunEvent::Progress(crate::model::bench::Progress::default());
        let id = |index| RunId::new(0, index);
        let told = Told::own(What::Run { id: id(0), event: progress });
        assert_eq!(admission.admit(told, USUAL), None, "it was never begun");
        assert!(!admission.has_live());
        admission.live.extend((1..=8).map(|index| (id(index), SourceId("a".into()))));
        assert!(admission.has_live() && admission.live.len() == RUNS);
    }

    #[test]
    fn a_sample_is_disturbed_by_so_many_things_and_no_more() {
        let mut admission = admission();
        let (id, whole) = (RunId::new(0, 1), run());
        let mut sample = whole.samples[0].clone();
        sample.taints = vec![Taint::Steal; 100_000];
        let told = |event| Told::own(What::Run { id: id.clone(), event });
        let start = told(RunEvent::Started(Box::new(whole.head)));
        assert!(admission.admit(start, USUAL).is_some());
        let heard = admission.admit(told(RunEvent::Sample(Box::new(sample))), USUAL);
        let Some((_, What::Run { event: RunEvent::Sample(sample), .. })) = heard else {
            panic!("told")
        };
        assert_eq!(sample.taints.len(), TAINTS);
    }

    #[test]
    fn a_run_that_a_source_does_not_tell_of_anew_was_cut_off() {
        let mut admission = admission();
        let told = |index, event| Told::own(What::Run { id: RunId::new(0, index), event });
        let start = |index| told(index, RunEvent::Started(Box::new(run().head)));
        let goes_on: Vec<Told> = [1, 2].map(start).into();
        assert!(admission.begin(&goes_on).is_empty(), "it goes on where it was");
        for told in goes_on {
            assert!(admission.admit(told, USUAL).is_some());
        }
        let anew = [Told::own(What::Anew), start(2)];
        let cut_off = told(1, RunEvent::CutOff).what;
        assert_eq!(admission.begin(&anew), [(SourceId("a".into()), cut_off)]);
        assert!(admission.has_live() && admission.live.len() == 1);
        assert!(admission.begin(&anew).is_empty(), "once");
        let over = told(2, RunEvent::CutOff);
        assert!(admission.admit(over.clone(), USUAL).is_some() && !admission.has_live());
        assert_eq!(admission.admit(over, USUAL), None, "nothing goes on");
    }
}
