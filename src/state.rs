//! The world as isomon knows it.
//!
//! [`State::apply`] is the only writer and a pure fold over [`Update`]s: the same updates make the
//! same state, whether they come from this machine, over the network or out of a recording. What
//! is looked at (tab, cursor, filter) is not here; the faces keep it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::agent::Agents;
use crate::model::alert::Alerts;
use crate::model::backend::BackendStatus;
use crate::model::gpu::{Gpu, GpuSample};
use crate::model::id::{RunId, SourceId};
use crate::model::node::{NodeInfo, NodeSample};
use crate::model::origin::Origin;
use crate::model::past::Past;
use crate::model::pipeline::Pipelines;
use crate::model::process::Process;
use crate::model::replay::Replay;
use crate::model::run::{RunEvent, StoredRun};
use crate::model::serving::{Key as ModelKey, Service, Serving};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::{FleetRun, Health, Notice, Stack, Update, What};
use crate::model::workflow::WorkflowEvent;
use crate::model::workload::Workloads;
use crate::series::HOUR;

pub mod alert;
pub mod history;
pub mod late;
pub mod lately;
pub mod mending;
pub mod recall;
pub mod run;
pub mod serving;
pub mod telling;
pub mod workflow;

pub use history::{GpuMetric, Metric};
pub use mending::Mending;
pub use run::RunState;
pub use telling::{Part, Parts, Telling};
pub use workflow::WorkflowState;

/// Runs kept in memory; older finished ones are on disk.
const RUNS: usize = 50;
/// Runs of workflows kept where all of them go on.
const FLOWS: usize = 4 * RUNS;
/// How long processes are kept after they were last told: a node tells them while it is looked at.
const PROCESSES_KEPT: Duration = Duration::from_mins(2);
/// Instants of history of all other nodes together.
const ROWS: usize = 1_000_000;
/// Of the runs, those last heard of that keep their samples too.
const WHOLE: usize = 4;

/// Everything isomon knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Nodes by the name of their source.
    pub nodes: BTreeMap<SourceId, Node>,
    /// Which of them told of what.
    pub told: Telling,
    /// Runs by id, and so by time.
    pub runs: BTreeMap<RunId, RunState>,
    /// Runs of workflows by id.
    pub workflows: BTreeMap<RunId, WorkflowState>,
    /// Runs that are kept, latest first, by where they are: on this machine's disk
    /// ([`SourceId::stored`]), on a node, in a bucket.
    pub stored: BTreeMap<SourceId, Vec<StoredRun>>,
    /// Places where runs are kept that cannot be read now: since when, and why.
    pub unread: BTreeMap<SourceId, (Stamp, SafeText)>,
    /// The piece of the past that was asked for last.
    pub past: Option<Box<Past>>,
    /// Where the recording is that is played; `None` where the present is shown.
    pub replay: Option<Box<Replay>>,
    /// The stack that was asked for last.
    pub stack: Option<Box<Stack>>,
    /// The last benchmark on several nodes.
    pub fleet: Option<FleetRun>,
    /// The last sentence for the user, and when it was said.
    pub notice: Option<(Stamp, Notice)>,
    /// The last of this machine that said what went wrong.
    pub trouble: Option<(Stamp, Notice)>,
    /// The time of the last update.
    pub now: Stamp,
    /// Periodic samples dropped since the start.
    pub lost: u64,
    /// Alerts that turned a moment ago, latest first.
    pub fresh: alert::Freshly,
    /// Whether next to no history is kept: nobody draws it.
    pub bare: bool,
}

/// What is known of one node.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// What it is.
    pub info: Option<Box<NodeInfo>>,
    /// How it is doing, and since when that is known.
    pub sample: Option<(Stamp, Box<NodeSample>)>,
    /// Its processes, and since when they are known.
    pub processes: Option<(Stamp, Vec<Process>)>,
    /// Its processes over the last few seconds.
    pub lately: lately::Lately,
    /// Its GPUs, and since when they are known.
    pub gpus: Option<(Stamp, Box<GpuSample>)>,
    /// Its backends.
    pub backends: Vec<BackendStatus>,
    /// The backend that is being made ready, or the last that was.
    pub mending: Option<Mending>,
    /// What its source is.
    pub origin: Option<Box<Origin>>,
    /// Workloads it was given.
    pub workloads: Option<(Stamp, Box<Workloads>)>,
    /// Its jobs of stages and workers.
    pub pipelines: Option<(Stamp, Box<Pipelines>)>,
    /// Models served there.
    pub serving: Option<(Stamp, Vec<Serving>)>,
    /// Agents watched there.
    pub agents: Option<(Stamp, Box<Agents>)>,
    /// Services watched there.
    pub services: Option<(Stamp, Vec<Service>)>,
    /// What its own isomon finds to be wrong, where it judges.
    pub alerts: Option<(Stamp, Box<Alerts>)>,
    /// Whether its source answers; `None` until it said so.
    pub health: Option<Health>,
    /// Of what it told so far.
    pub told: Parts,
    /// An hour of its numbers.
    pub history: history::NodeHistory,
    /// An hour of each GPU's numbers, by the GPU's id.
    pub gpu_history: history::GpuHistories,
    /// An hour of each model's numbers.
    pub model_history: BTreeMap<ModelKey, serving::ModelHistory>,
}

impl State {
    /// Takes in what happened. True if there is something new to draw.
    pub fn apply(&mut self, update: &Update) -> bool {
        self.now = self.now.max(update.at);
        match &update.what {
            What::Run { id, event } => return self.apply_run(id, event, update),
            What::Workflow { id, event } => return self.apply_workflow(id, event, update),
            What::Lost(total) => return std::mem::replace(&mut self.lost, *total) != *total,
            What::Notice(notice) => self.hear(notice, update),
            What::Runs(runs) => self.keep_list(&update.from, runs),
            What::Shelf(health) => return self.mark_unread(&update.from, health),
            What::Past(past) => {
                self.recall(past, update.at);
                self.past = Some(past.clone());
            }
            What::Replay(replay) => self.replay = Some(replay.clone()),
            What::Stack(stack) => self.stack = Some(stack.clone()),
            What::Anew => {
                let replay = self.replay.take();
                *self = Self { now: update.at, replay, bare: self.bare, ..Self::default() };
            }
            What::Fleet(fleet) => self.fleet = Some(fleet.clone()),
            What::Gone => {
                self.told.forget(&update.from);
                return self.nodes.remove(&update.from).is_some();
            }
            what => {
                if let What::Alerts(alerts) = what {
                    self.note_alerts(&update.from, alerts, update.at);
                }
                let rows = self.rows_of(&update.from);
                let node = self.node_mut(&update.from);
                let part = node.told.note(what);
                node.apply(what, update.at, rows);
                if let Some(part) = part {
                    self.told.begin(&update.from, part);
                }
                if matches!(what, What::Gpus(_) | What::Serving(_)) {
                    serving::join(&mut self.nodes, &update.from);
                }
            }
        }
        true
    }

    /// Keeps what was said last, and what went wrong here longer: a word of something else hides it.
    fn hear(&mut self, notice: &Notice, update: &Update) {
        let said = Some((update.at, notice.clone()));
        if notice.bad && update.from == SourceId::local() {
            self.trouble.clone_from(&said);
        }
        self.notice = said;
    }

    /// Runs of this machine are its disk's, whoever of it says so. Of a node's run that ended unheard the
    /// list knows more.
    fn keep_list(&mut self, from: &SourceId, runs: &[StoredRun]) {
        let from = if *from == SourceId::local() { SourceId::stored() } else { from.clone() };
        let ended = |id: &RunId| runs.iter().any(|kept| kept.finished && kept.id == *id);
        let unheard = |run: &RunState| run.from == from && run.stored && run.tail.is_none();
        if !from.is_kept() {
            self.runs.retain(|id, run| !(unheard(run) && ended(id)));
        }
        self.stored.insert(from, runs.to_vec());
    }

    /// Keeps since when `place` cannot be read, until it can be again.
    fn mark_unread(&mut self, place: &SourceId, health: &Health) -> bool {
        match health {
            Health::Up => self.unread.remove(place).is_some(),
            Health::Down { since, why } => {
                let since = self.unread.get(place).map_or(*since, |(since, _)| *since);
                self.unread.insert(place.clone(), (since, why.clone()));
                true
            }
        }
    }

    /// The runs on this machine's disk, latest first.
    pub fn own_stored(&self) -> &[StoredRun] {
        self.stored.get(&SourceId::stored()).map_or(&[], Vec::as_slice)
    }

    fn node_mut(&mut self, source: &SourceId) -> &mut Node {
        if !self.nodes.contains_key(source) {
            self.nodes.insert(source.clone(), Node::default());
        }
        self.nodes.entry(source.clone()).or_default()
    }

    /// Instants of history that `source` has room for: this machine an hour of seconds, the others a
    /// million together, so that ten thousand of them fit into memory.
    fn rows_of(&self, source: &SourceId) -> usize {
        if self.bare {
            return 0;
        }
        if source.0.as_str() == "local" { HOUR } else { (ROWS / self.nodes.len().max(1)).min(HOUR) }
    }

    fn apply_run(&mut self, id: &RunId, event: &RunEvent, update: &Update) -> bool {
        let stored = update.from.is_kept();
        let known = self.runs.get(id);
        if stored && known.is_some_and(RunState::is_live) {
            // What is on disk of a run that goes on is less than what is known.
            return false;
        }
        if !stored && known.is_some_and(|run| run.from != update.from && !run.stored) {
            // A node may speak of its own runs alone.
            return false;
        }
        let changed = run::fold(&mut self.runs, id, event, update);
        if matches!(event, RunEvent::Started(_)) {
            let mut latest: Vec<_> = self.runs.values_mut().collect();
            latest.sort_by_key(|run| std::cmp::Reverse(run.heard));
            latest.into_iter().skip(WHOLE).for_each(RunState::forget_samples);
        }
        while self.runs.len() > RUNS {
            let idle = |(id, run): &(&RunId, &RunState)| !run.is_live() && !self.is_fleet(id);
            let oldest = self.runs.iter().find(idle).map(|(id, _)| id.clone());
            let Some(oldest) = oldest else { break };
            self.runs.remove(&oldest);
        }
        changed
    }

    fn apply_workflow(&mut self, id: &RunId, event: &WorkflowEvent, update: &Update) -> bool {
        let changed = workflow::fold(&mut self.workflows, id, event, update);
        while self.workflows.len() > RUNS {
            let full = self.workflows.len() > FLOWS;
            let oldest = self.workflows.iter().find(|(_, run)| full || !run.is_live());
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else { break };
            self.workflows.remove(&oldest);
        }
        changed
    }

    /// The run of this machine that is going on, if one is. What others do on their machines is theirs.
    pub fn live_run(&self) -> Option<(&RunId, &RunState)> {
        let local = SourceId::local();
        self.runs.iter().rev().find(|(_, run)| run.is_live() && run.from == local)
    }

    /// The latest run of this isomon, going on or over: of this machine, of its disk, or of the
    /// benchmark on several nodes.
    pub fn last_run(&self) -> Option<(&RunId, &RunState)> {
        let local = SourceId::local();
        let kept = SourceId::stored();
        let own =
            |id: &RunId, run: &RunState| run.from == kept || run.from == local || self.is_fleet(id);
        self.runs.iter().rev().find(|(id, run)| own(id, run))
    }

    /// The runs of the last benchmark on several nodes that are going on, each with its node.
    pub fn fleet_live(&self) -> impl Iterator<Item = (&SourceId, &RunId)> {
        let all = self.fleet.iter().flat_map(|fleet| &fleet.runs);
        let live = all.filter(|(_, id)| self.runs.get(id).is_some_and(RunState::is_live));
        live.map(|(node, id)| (node, id))
    }

    /// Whether run `id` is of the last benchmark on several nodes.
    fn is_fleet(&self, id: &RunId) -> bool {
        self.fleet.as_ref().is_some_and(|fleet| fleet.runs.iter().any(|(_, known)| known == id))
    }
}

impl Node {
    fn apply(&mut self, what: &What, at: Stamp, rows: usize) {
        match what {
            What::Info(info) => self.info = Some(info.clone()),
            What::Node(sample) => {
                self.history.push_within(rows, at.mono_ms, history::node_row(sample));
                self.forget_processes(at);
                self.sample = Some((at, sample.clone()));
                self.health = Some(Health::Up);
            }
            What::Processes(processes) => {
                self.lately.take(processes, at);
                if let Some((_, gpus)) = &mut self.gpus {
                    gpus.join(processes);
                }
                self.processes = Some((at, processes.clone()));
            }
            What::Gpus(sample) => self.apply_gpus(sample, at, rows),
            What::Backends(backends) => {
                self.backends.clone_from(backends);
                self.mending.iter_mut().for_each(Mending::tried);
            }
            What::Mend(mend) => Mending::fold(&mut self.mending, mend),
            What::Health(health) => self.health = Some(health.clone()),
            What::Origin(origin) => self.origin = Some(origin.clone()),
            What::Workloads(workloads) => self.workloads = Some((at, workloads.clone())),
            What::Pipelines(pipelines) => self.pipelines = Some((at, pipelines.clone())),
            What::Serving(serving) => {
                serving::push(&mut self.model_history, serving, at, rows);
                self.heard(at, |node| &mut node.serving, serving);
            }
            What::Agents(agents) => self.heard(at, |node| &mut node.agents, agents),
            What::Services(services) => self.heard(at, |node| &mut node.services, services),
            What::Alerts(alerts) => self.heard(at, |node| &mut node.alerts, alerts),
            What::Run { .. }
            | What::Workflow { .. }
            | What::Runs(_)
            | What::Shelf(_)
            | What::Past(_)
            | What::Replay(_)
            | What::Anew
            | What::Gone
            | What::Stack(_)
            | What::Fleet(_)
            | What::Lost(_)
            | What::Notice(_) => {}
        }
    }

    fn apply_gpus(&mut self, sample: &GpuSample, at: Stamp, rows: usize) {
        history::push(&mut self.gpu_history, sample, at, rows);
        let mut sample = sample.clone();
        if let Some((_, processes)) = &self.processes {
            sample.join(processes);
        }
        self.gpus = Some((at, Box::new(sample)));
    }

    /// Lets go of processes that nobody has asked for any more.
    fn forget_processes(&mut self, now: Stamp) {
        let told = self.processes.as_ref().map(|(at, _)| *at);
        if told.is_some_and(|at| now.since(at) > PROCESSES_KEPT) {
            (self.processes, self.lately) = (None, lately::Lately::default());
        }
    }

    /// Keeps `told`, which was told at `at`.
    fn heard<T: Clone>(
        &mut self,
        at: Stamp,
        place: impl Fn(&mut Self) -> &mut Option<(Stamp, T)>,
        told: &T,
    ) {
        *place(self) = Some((at, told.clone()));
    }

    /// The GPUs that it told of last.
    pub fn all_gpus(&self) -> &[Gpu] {
        self.gpus.as_ref().map_or(&[], |(_, sample)| sample.gpus.as_slice())
    }

    /// Time of the last sample of any kind.
    pub fn last_heard(&self) -> Option<Stamp> {
        let times = [
            self.sample.as_ref().map(|(at, _)| *at),
            self.gpus.as_ref().map(|(at, _)| *at),
            self.workloads.as_ref().map(|(at, _)| *at),
            self.pipelines.as_ref().map(|(at, _)| *at),
            self.serving.as_ref().map(|(at, _)| *at),
            self.agents.as_ref().map(|(at, _)| *at),
            self.services.as_ref().map(|(at, _)| *at),
        ];
        times.into_iter().max().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gpu::GpuProcess;
    use crate::model::process::Sandbox;
    use crate::model::reading::Reading;
    use crate::model::unit::Seconds;

    fn update(mono_ms: u64, what: What) -> Update {
        let at = Stamp { mono_ms, wall_ms: 0 };
        Update { at, from: SourceId::local(), what }
    }

    #[test]
    fn the_latest_sample_stands_and_history_grows() {
        let mut state = State::default();
        for second in 1..=3 {
            let sample = NodeSample {
                uptime_seconds: Reading::Known(Seconds(second as f64)),
                load: Reading::Known([second as f64, 0.0, 0.0]),
                ..NodeSample::default()
            };
            assert!(state.apply(&update(second * 1000, What::Node(Box::new(sample)))));
        }
        let node = &state.nodes[&SourceId::local()];
        assert_eq!(node.history.len(), 3);
        let load = node.history.slots(Metric::Load as usize, 3000, 3000, 3);
        assert_eq!(load, [Some(1.0), Some(2.0), Some(3.0)]);
        assert_eq!(node.health, Some(Health::Up));
    }

    #[test]
    fn a_source_that_is_down_keeps_its_last_values() {
        let mut state = State::default();
        state.apply(&update(1000, What::Node(Box::default())));
        let down = Health::Down { since: Stamp::default(), why: "gone".into() };
        state.apply(&update(2000, What::Health(down.clone())));
        let node = &state.nodes[&SourceId::local()];
        assert_eq!(node.health, Some(down));
        assert!(node.sample.is_some());
    }

    #[test]
    fn processes_on_a_gpu_have_their_sandbox_whichever_comes_first() {
        let sandbox = Some(Sandbox::default());
        let known = vec![Process { pid: 7, sandbox: sandbox.clone(), ..Process::default() }];
        let user = GpuProcess { pid: 7, ..GpuProcess::default() };
        let gpu = Gpu { processes: Reading::Known(vec![user]), ..Gpu::default() };
        let gpus = GpuSample { gpus: vec![gpu], ..GpuSample::default() };
        let mut both = [What::Processes(known), What::Gpus(Box::new(gpus))];
        for _ in 0..2 {
            both.reverse();
            let mut state = State::default();
            for what in &both {
                state.apply(&update(1, what.clone()));
            }
            let (_, shown) = state.nodes[&SourceId::local()].gpus.as_ref().unwrap();
            assert_eq!(shown.gpus[0].processes.known().unwrap()[0].sandbox, sandbox);
        }
    }

    #[test]
    fn a_run_of_a_node_that_ended_unheard_is_as_its_list_has_it() {
        let head = crate::report::run_sample::run().head;
        let (id, from) = (head.id.clone(), SourceId("a".into()));
        let mut state = State::default();
        for event in [RunEvent::Started(Box::new(head)), RunEvent::CutOff] {
            let what = What::Run { id: id.clone(), event };
            state.apply(&Update { at: Stamp::default(), from: from.clone(), what });
        }
        assert!(!state.runs[&id].is_live());
        for (finished, known) in [(false, 1), (true, 0)] {
            let what = What::Runs(vec![StoredRun::bare(id.clone(), finished)]);
            state.apply(&Update { at: Stamp::default(), from: from.clone(), what });
            assert_eq!(state.runs.len(), known, "{finished}");
        }
    }

    #[test]
    fn of_workflows_that_never_end_the_oldest_go() {
        let mut state = State::default();
        for number in 0..=200 {
            let id = RunId::new(0, number);
            let event = WorkflowEvent::Started(Box::default());
            state.apply(&update(1, What::Workflow { id, event }));
        }
        assert_eq!(state.workflows.len(), FLOWS);
        assert!(!state.workflows.contains_key(&RunId::new(0, 0)));
        assert!(state.workflows.contains_key(&RunId::new(0, 200)));
    }

    #[test]
    fn nothing_new_is_nothing_to_draw() {
        let mut state = State::default();
        assert!(state.apply(&update(1, What::Lost(3))));
        assert!(!state.apply(&update(2, What::Lost(3))));
    }
}
