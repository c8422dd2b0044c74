//! The hub with fakes for what is done.

use std::path::Path;
use std::time::SystemTime;

use rand::SeedableRng;

use super::*;
use crate::model::backend::{BackendId, BackendStatus, Mend, Readiness, Traits};
use crate::model::bench::{Effort, HostState, Limits, Outcome, Payload, Phases, Plan, Sample};
use crate::model::id::RunId;
use crate::model::past::{Past, PastWish};
use crate::model::pipeline::Pipeline;
use crate::model::run::{Fingerprint, Run, RunEnd, RunEvent, RunHead, RunTail, StoredRun};
use crate::model::text::SafeText;
use crate::model::time::{Stamp, SystemClock};
use crate::model::unit::{Ratio, Seconds};
use crate::model::update::{Notice, Stack};
use crate::model::workflow::{WorkflowEvent, WorkflowWish};
use crate::store::RunDir;
use crate::store::run_dir::Follower;

pub(super) struct Fake {
    panics: bool,
    /// Where runs are kept that are really there.
    runs: Option<std::path::PathBuf>,
}

fn told(id: &RunId, event: RunEvent) -> Update {
    let what = What::Run { id: id.clone(), event };
    Update { at: Stamp::default(), from: SourceId::local(), what }
}

fn plan() -> Plan {
    let effort = Effort {
        warmup_rounds: 0,
        min_rounds: 1,
        max_rounds: 1,
        min_seconds: Seconds(0.0),
        budget_seconds: Seconds(1.0),
        target: Ratio::default(),
    };
    Plan {
        starts: crate::model::backend::Start::ALL.to_vec(),
        name: None,
        backends: vec![BackendId::Process],
        payloads: vec![Payload::Noop],
        effort,
        limits: Limits::default(),
        kernel: None,
        seed: 1,
        loads: Vec::new(),
        job: None,
    }
}

fn head(id: RunId, plan: Plan) -> RunHead {
    RunHead {
        format: crate::model::run::FORMAT,
        id,
        started: Stamp::default(),
        started_at: String::new(),
        cells: plan.cells(),
        plan,
        left_out: Vec::new(),
        fingerprint: Fingerprint::default(),
        repeat: String::new(),
    }
}

impl Deed for Fake {
    async fn check(&self, out: mpsc::Sender<BackendStatus>) -> Result<(), SafeText> {
        for id in [BackendId::Runc, BackendId::Process] {
            let status = BackendStatus {
                id,
                version: None,
                path: None,
                readiness: Readiness::Ready,
                traits: Traits::default(),
                ..BackendStatus::new(id)
            };
            out.send(status).await.ok();
        }
        Ok(())
    }

    async fn mend(
        &self,
        backend: BackendId,
        out: mpsc::Sender<Mend>,
        cancel: CancellationToken,
    ) -> Result<Vec<BackendStatus>, SafeText> {
        if backend == BackendId::Youki {
            return Err("isomon knows no command that makes youki ready".into());
        }
        out.send(Mend::Command { backend, line: "install it".into() }).await.ok();
        assert!(!self.panics, "on purpose");
        if backend == BackendId::Crun {
            cancel.cancelled().await;
        }
        out.send(Mend::Ended { failed: None }).await.ok();
        let readiness = Readiness::Ready;
        Ok(vec![BackendStatus { readiness, ..BackendStatus::new(backend) }])
    }

    async fn bench(
        &self,
        id: RunId,
        plan: Plan,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        let head = RunEvent::Started(Box::new(head(id.clone(), plan)));
        out.send(told(&id, head)).await.ok();
        assert!(!self.panics, "on purpose");
        cancel.cancelled().await;
        let tail = RunTail { end: RunEnd::Cancelled, ..RunTail::default() };
        out.send(told(&id, RunEvent::Ended(Box::new(tail)))).await.ok();
        Ok(())
    }

    async fn resume(
        &self,
        _id: RunId,
        _out: mpsc::Sender<Update>,
        _cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        Err("nothing is kept".into())
    }

    async fn workflow(
        &self,
        _: RunId,
        _: WorkflowWish,
        _: mpsc::Sender<Update>,
        _: CancellationToken,
    ) -> Result<(), SafeText> {
        Err("no workflow is run here".into())
    }

    fn events(&self, _: &RunId) -> Result<Option<Vec<WorkflowEvent>>, SafeText> {
        Ok(None)
    }

    fn past(&self, _wish: PastWish) -> Result<Past, SafeText> {
        Err("nothing is kept".into())
    }

    fn stack(&self, _pid: u32) -> Result<Stack, SafeText> {
        Err("no process is known".into())
    }

    fn changed(&self) -> Option<SystemTime> {
        std::fs::metadata(self.runs.as_ref()?).ok()?.modified().ok()
    }

    fn goes_on(&self, id: &RunId) -> bool {
        self.runs.as_ref().is_some_and(|runs| RunDir::goes_on(&runs.join(id.as_str())))
    }

    fn follow(&self, id: &RunId) -> Result<(RunHead, Follower), SafeText> {
        let runs = self.runs.as_ref().ok_or("nothing is kept")?;
        RunDir::follow(&runs.join(id.as_str())).map_err(|error| error.to_string().into())
    }

    fn stored(&self) -> Result<Vec<StoredRun>, SafeText> {
        if let Some(runs) = &self.runs {
            return crate::store::briefs(runs).map_err(|error| error.to_string().into());
        }
        Ok(vec![StoredRun::bare(kept(), true)])
    }

    fn read(&self, id: &RunId) -> Result<Run, SafeText> {
        if let Some(runs) = &self.runs {
            let read = RunDir::read(&runs.join(id.as_str()));
            return read.map_err(|error| error.to_string().into());
        }
        if *id != kept() {
            return Err(format!("run {id} is not kept").into());
        }
        let head = head(id.clone(), plan());
        let samples = (0..600).map(sample).collect();
        Ok(Run { samples, ..Run::begun(head) })
    }

    fn export(&self, _: &RunId, to: &Path) -> Result<std::path::PathBuf, SafeText> {
        Err(format!("{} is full", to.display()).into())
    }
}

fn kept() -> RunId {
    RunId::new(1_000, 7)
}

fn sample(round: u32) -> Sample {
    Sample {
        cell: 0,
        round,
        warmup: false,
        attempt: 0,
        at_seconds: Seconds(f64::from(round)),
        phases: Phases { ready_seconds: Some(Seconds(0.001)), ..Phases::default() },
        outcome: Outcome::Good,
        host: HostState::default(),
        taints: Vec::new(),
    }
}

pub(super) struct Rig {
    pub(super) updates: mpsc::Receiver<Update>,
    commands: mpsc::Sender<Command>,
    pace: watch::Receiver<Pace>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn rig(panics: bool) -> Rig {
    make(Fake { panics, runs: None }, |_| {})
}

/// A hub that `settle` has made ready.
pub(super) fn rig_with(settle: impl FnOnce(&mut Hub<Fake>)) -> Rig {
    make(Fake { panics: false, runs: None }, settle)
}

/// A hub of a machine that keeps its runs in `runs`.
pub(super) fn rig_on(runs: &Path) -> Rig {
    make(Fake { panics: false, runs: Some(runs.to_owned()) }, |_| {})
}

fn make(deed: Fake, settle: impl FnOnce(&mut Hub<Fake>)) -> Rig {
    let random = StdRng::seed_from_u64(1);
    let deed = Arc::new(deed);
    let interval = Duration::from_secs(1);
    let mut hub = Hub::new(deed, Arc::new(SystemClock), random, interval);
    settle(&mut hub);
    let stop = CancellationToken::new();
    Rig {
        updates: hub.subscribe(256),
        commands: hub.commands(),
        pace: hub.pace(),
        stop: stop.clone(),
        task: tokio::spawn(hub.run(stop)),
    }
}

impl Rig {
    pub(super) async fn wish(&self, command: Command) {
        self.commands.send(command).await.unwrap();
    }

    async fn heard(&mut self) -> What {
        self.updates.recv().await.unwrap().what
    }

    pub(super) async fn notice(&mut self) -> Notice {
        loop {
            if let What::Notice(notice) = self.heard().await {
                return notice;
            }
        }
    }

    async fn started(&mut self) -> RunId {
        loop {
            if let What::Run { id, .. } = self.heard().await {
                return id;
            }
        }
    }
}

#[tokio::test]
async fn one_run_at_a_time_and_a_cancelled_one_ends() {
    let mut rig = rig(false);
    rig.wish(Command::Bench(Box::new(plan()))).await;
    let id = rig.started().await;
    rig.wish(Command::Bench(Box::new(plan()))).await;
    let notice = rig.notice().await;
    assert!(notice.bad && notice.text.as_str().contains(id.as_str()));
    rig.wish(Command::CheckBackends).await;
    let notice = rig.notice().await;
    assert!(notice.bad && notice.text.as_str().contains("would disturb it"));
    rig.wish(Command::Cancel(id.clone())).await;
    assert!(!rig.notice().await.bad);
    assert_eq!(rig.started().await, id);
    rig.stop.cancel();
    rig.task.await.unwrap();
}

#[tokio::test]
async fn a_run_that_breaks_is_told_to_have_ended() {
    let mut rig = rig(true);
    rig.wish(Command::Bench(Box::new(plan()))).await;
    let mut ends = Vec::new();
    let notice = loop {
        match rig.heard().await {
            What::Run { event: RunEvent::Ended(tail), .. } => ends.push(tail.end),
            What::Notice(notice) => break notice,
            _ => {}
        }
    };
    assert!(notice.bad);
    assert!(matches!(ends[..], [RunEnd::Failed { .. }]));
}

#[tokio::test]
async fn backends_are_told_as_they_become_known() {
    let mut rig = rig(false);
    rig.wish(Command::CheckBackends).await;
    let mut pending = Vec::new();
    for _ in 0..4 {
        let What::Backends(all) = rig.heard().await else { panic!("only backends") };
        assert!(all.iter().map(|status| status.id).eq(BackendId::ALL));
        let checking = |status: &&BackendStatus| status.readiness == Readiness::Checking;
        pending.push(all.iter().filter(checking).count());
    }
    let all = BackendId::ALL.len();
    assert_eq!(pending, [all, all - 1, all - 2, 0], "what was not tried does not stay pending");
}

#[tokio::test]
async fn a_backend_is_made_ready_and_what_came_of_it_is_told() {
    let mut rig = rig(false);
    rig.wish(Command::Mend(BackendId::Runc)).await;
    assert!(matches!(rig.heard().await, What::Mend(Mend::Command { .. })));
    assert!(matches!(rig.heard().await, What::Mend(Mend::Ended { failed: None })));
    let What::Backends(all) = rig.heard().await else { panic!("all backends") };
    let ready = all.iter().filter(|status| status.readiness.runs());
    assert_eq!(ready.map(|status| status.id).collect::<Vec<_>>(), [BackendId::Runc]);
    assert_eq!(rig.notice().await.text.as_str(), "runc is ready");
    rig.wish(Command::Mend(BackendId::Youki)).await;
    let notice = rig.notice().await;
    assert!(notice.bad && notice.text.as_str().contains("knows no command"));
}

#[tokio::test]
async fn nothing_else_begins_while_a_backend_is_made_ready() {
    let mut rig = rig(false);
    rig.wish(Command::Mend(BackendId::Crun)).await;
    rig.heard().await;
    for wish in
        [Command::Mend(BackendId::Runc), Command::Bench(Box::new(plan())), Command::CheckBackends]
    {
        rig.wish(wish).await;
        let notice = rig.notice().await;
        assert!(notice.bad && notice.text.as_str().contains("crun is being made ready"));
    }
    rig.wish(Command::StopMend).await;
    assert_eq!(rig.notice().await.text.as_str(), "crun is ready");
    rig.wish(Command::Bench(Box::new(plan()))).await;
    rig.started().await;
    rig.wish(Command::Mend(BackendId::Runc)).await;
    assert!(rig.notice().await.text.as_str().contains("is going on"));
}

#[tokio::test]
async fn making_ready_that_breaks_is_told_to_have_ended() {
    let mut rig = rig(true);
    rig.wish(Command::Mend(BackendId::Runc)).await;
    assert!(matches!(rig.heard().await, What::Mend(Mend::Command { .. })));
    assert!(matches!(rig.heard().await, What::Mend(Mend::Ended { failed: Some(_) })));
    assert!(rig.notice().await.bad);
}

#[tokio::test]
async fn an_interval_stays_within_its_bounds() {
    let mut rig = rig(false);
    rig.wish(Command::Interval(Duration::ZERO)).await;
    assert!(rig.notice().await.text.as_str().contains("100ms"));
    assert_eq!(rig.pace.borrow_and_update().interval, Duration::from_millis(100));
    rig.wish(Command::Pause(true)).await;
    rig.pace.changed().await.unwrap();
    assert!(rig.pace.borrow().paused);
}

#[tokio::test]
async fn a_live_run_is_heard_to_its_end_when_the_hub_stops() {
    let mut rig = rig(false);
    rig.wish(Command::Bench(Box::new(plan()))).await;
    rig.started().await;
    rig.stop.cancel();
    rig.task.await.unwrap();
    let mut last = None;
    while let Some(update) = rig.updates.recv().await {
        if let What::Run { event, .. } = update.what {
            last = Some(event);
        }
    }
    assert!(matches!(last, Some(RunEvent::Ended(_))), "the last word of the run is its end");
}

#[tokio::test(start_paused = true)]
async fn what_a_slow_reader_does_not_take_is_counted_and_told() {
    let random = StdRng::seed_from_u64(1);
    let deed = Arc::new(Fake { panics: false, runs: None });
    let mut hub = Hub::new(deed, Arc::new(SystemClock), random, Duration::from_secs(1));
    let mut slow = hub.subscribe(2);
    let outlet = hub.outlet();
    let stop = CancellationToken::new();
    let task = tokio::spawn(hub.run(stop.clone()));
    for _ in 0..10 {
        outlet.send(What::Node(Box::default())).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let lost = loop {
        if let What::Lost(lost) = slow.recv().await.unwrap().what {
            break lost;
        }
    };
    assert_eq!(lost, 8);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn a_failed_export_is_a_sentence() {
    let mut rig = rig(false);
    let run = RunId::new(0, 1);
    let to = "/full".into();
    rig.wish(Command::Export { run, to }).await;
    assert_eq!(rig.notice().await.text.as_str(), "/full is full");
}

#[tokio::test]
async fn what_is_told_of_a_job_is_written() {
    let mut rig = rig(false);
    let dir = tempfile::tempdir().unwrap();
    let job = Pipeline { id: "orders/7".into(), status: "RUNNING".into(), ..Pipeline::default() };
    let report = |to: &Path| Command::Report { job: Box::new(job.clone()), to: to.to_owned() };
    rig.wish(report(dir.path())).await;
    let path = dir.path().join("isomon-job-orders-7.json");
    assert_eq!(rig.notice().await.text.as_str(), format!("wrote {}", path.display()));
    let read: Pipeline = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(read, job);
    rig.wish(report(&dir.path().join("gone/there.json"))).await;
    let notice = rig.notice().await;
    assert!(notice.bad && notice.text.as_str().contains("gone"), "{}", notice.text);
}

#[tokio::test]
async fn a_run_that_is_kept_is_listed_and_told_again() {
    let mut rig = rig(false);
    rig.wish(Command::ListRuns).await;
    assert_eq!(rig.heard().await, What::Runs(vec![StoredRun::bare(kept(), true)]));
    rig.wish(Command::OpenRun(kept())).await;
    let mut state = crate::state::State::default();
    while state.runs.get(&kept()).is_none_or(|run| run.samples.len() < 600) {
        let update = rig.updates.recv().await.unwrap();
        assert_eq!(update.from, SourceId::stored());
        state.apply(&update);
    }
    let run = &state.runs[&kept()];
    assert!(!run.is_live() && run.stored && state.live_run().is_none());
    assert!(run.summary.iter().any(|summary| summary.n == 600), "made from the samples");
    assert_eq!(run.progress.completed, 600);
}

#[tokio::test]
async fn a_run_that_is_not_kept_is_said_to_be_so() {
    let mut rig = rig(false);
    rig.wish(Command::OpenRun(RunId::new(2_000, 9))).await;
    let notice = rig.notice().await;
    assert!(notice.bad && notice.text.as_str().contains("is not kept"), "{}", notice.text);
}
