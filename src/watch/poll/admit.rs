//! What a source may say here, and how much of it.
//!
//! A remote speaks of its own nodes, work and runs, those it keeps too. Whether it answers, what was lost
//! here and which nodes a benchmark was begun on is for this isomon to say. Lists are
//! cut to what the largest real machine has.

use std::collections::BTreeSet;

use crate::model::id::{RunId, SourceId};
use crate::model::run::RunEvent;
use crate::model::text::SafeText;
use crate::model::update::{Notice, What};
use crate::source::{Told, Wants};

/// Nodes that one source may tell of.
pub const NODES: usize = 5_000;
/// Runs of one source that may be live.
pub const RUNS: usize = 8;
/// Notices taken of one answer.
const NOTICES: usize = 4;
/// Processors, the processes of a node, and anything else of which there is a list.
const CORES: usize = 8_192;
const PROCESSES: usize = 50_000;
const THINGS: usize = 1_024;
/// Runs that a source may say it keeps.
const KEPT: usize = 10_000;

/// What has been heard of one source.
#[derive(Debug)]
pub struct Admission {
    id: SourceId,
    below: BTreeSet<SafeText>,
    live: BTreeSet<RunId>,
    notices: usize,
}

impl Admission {
    /// Nothing heard of `id` yet.
    pub const fn new(id: SourceId) -> Self {
        Self { id, below: BTreeSet::new(), live: BTreeSet::new(), notices: 0 }
    }

    /// An answer begins.
    pub const fn begin(&mut self) {
        self.notices = 0;
    }

    /// Whether a run goes on there.
    pub fn has_live(&self) -> bool {
        !self.live.is_empty()
    }

    /// What is passed on of `told`, and as whose; `None`: nothing.
    pub fn admit(&mut self, told: Told, wants: Wants) -> Option<(SourceId, What)> {
        let from = self.speaker(told.node)?;
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
            | What::Stack(_) => return None,
            What::Processes(_) if !wants.depth => return None,
            What::Run { id, event } => self.follow(id, event).then_some(())?,
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

    /// Whether an event of run `id` is taken: a source has only so many runs at once.
    fn follow(&mut self, id: &RunId, event: &RunEvent) -> bool {
        match event {
            RunEvent::Ended(_) => {
                self.live.remove(id);
                true
            }
            _ if self.live.contains(id) => true,
            RunEvent::Started(_) if self.live.len() < RUNS => self.live.insert(id.clone()),
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
    use crate::model::backend::{BackendId, BackendStatus};
    use crate::model::update::Health;

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
        let heard = (0..NODES + 10).filter(|index| admission.admit(node(*index), USUAL).is_some());
        assert_eq!(heard.count(), NODES);
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
        let run = |index| RunId::new(0, index);
        let told = Told::own(What::Run { id: run(0), event: progress });
        assert_eq!(admission.admit(told, USUAL), None, "it was never begun");
        assert!(!admission.has_live());
        admission.live.extend((1..=8).map(run));
        assert!(admission.has_live() && admission.live.len() == RUNS);
    }
}
