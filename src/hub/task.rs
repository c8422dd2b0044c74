//! What takes time, each in a task of its own.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Deed, tell_again};
use crate::model::backend::{BackendId, BackendStatus, Mend, Readiness};
use crate::model::bench::{Plan, Progress, Summary};
use crate::model::id::RunId;
use crate::model::load::LoadSummary;
use crate::model::pipeline::Pipeline;
use crate::model::run::{RunEnd, RunEvent, RunTail};
use crate::model::text::SafeText;
use crate::model::update::{Notice, What};
use crate::model::workflow::event::Failure;
use crate::model::workflow::{Ending, WorkflowEvent, WorkflowTail, WorkflowWish};
use crate::report::job_json;
use crate::store;
use crate::watch::Outlet;

/// Events of a run that may wait to be passed on.
const EVENTS: usize = 64;

/// A run that was started and may still go on.
pub(super) struct Live {
    pub(super) id: RunId,
    pub(super) cancel: CancellationToken,
    pub(super) task: JoinHandle<()>,
}

impl Live {
    pub(super) fn is_going_on(&self) -> bool {
        !self.task.is_finished()
    }
}

/// A backend that is being made ready.
pub(super) struct Mending {
    pub(super) id: BackendId,
    pub(super) cancel: CancellationToken,
    pub(super) task: JoinHandle<()>,
}

impl Mending {
    pub(super) fn is_going_on(&self) -> bool {
        !self.task.is_finished()
    }
}

/// Makes a backend ready; what the commands say is told as it comes, then what came of it.
pub(super) async fn mend<D: Deed>(
    deed: Arc<D>,
    outlet: Outlet,
    id: BackendId,
    cancel: CancellationToken,
) {
    let (out, mut heard) = mpsc::channel(EVENTS);
    let doing = tokio::spawn(async move { deed.mend(id, out, cancel).await });
    let mut begun = false;
    while let Some(mend) = heard.recv().await {
        begun |= matches!(mend, Mend::Command { .. });
        outlet.send(What::Mend(mend)).await;
    }
    let result = answer(doing).await.map(|known| {
        let outcome = outcome(&known, id);
        let mut all = BackendId::ALL.map(pending);
        for status in known {
            place(&mut all, status);
        }
        give_up(&mut all, None);
        (all, outcome)
    });
    match result {
        Ok((all, outcome)) => {
            outlet.send(What::Backends(all.to_vec())).await;
            let notice = Notice { bad: outcome.is_err(), text: outcome.unwrap_or_else(|bad| bad) };
            outlet.send(What::Notice(notice)).await;
        }
        Err(why) => {
            if begun {
                outlet.send(What::Mend(Mend::Ended { failed: Some(why.clone()) })).await;
            }
            tell(&outlet, Err(why)).await;
        }
    }
}

/// What came of an attempt to make `id` ready, in a sentence; an error where it is not ready.
fn outcome(known: &[BackendStatus], id: BackendId) -> Result<SafeText, SafeText> {
    let status = known.iter().find(|status| status.id == id);
    match status.map(|status| &status.readiness) {
        Some(Readiness::Ready) => Ok(format!("{id} is ready").into()),
        Some(Readiness::Degraded { reason, .. }) => Ok(format!("{id} runs, {reason}").into()),
        Some(Readiness::Unavailable { reason, .. }) => {
            Err(format!("{id} is not ready: {reason}").into())
        }
        Some(Readiness::Checking) | None => Err(format!("{id} was not tried").into()),
    }
}

/// Puts `status` in its place among all.
fn place(all: &mut [BackendStatus], status: BackendStatus) {
    if let Some(place) = all.iter_mut().find(|other| other.id == status.id) {
        *place = status;
    }
}

/// Tries every backend; tells the whole list at once and each time one is known. In the end none
/// is left pending.
pub(super) async fn check<D: Deed>(deed: Arc<D>, outlet: Outlet) {
    let (out, mut heard) = mpsc::channel::<BackendStatus>(EVENTS);
    let doing = tokio::spawn(async move { deed.check(out).await });
    let mut known = BackendId::ALL.map(pending);
    outlet.send(What::Backends(known.to_vec())).await;
    while let Some(status) = heard.recv().await {
        place(&mut known, status);
        outlet.send(What::Backends(known.to_vec())).await;
    }
    let result = answer(doing).await;
    if give_up(&mut known, result.as_ref().err()) {
        outlet.send(What::Backends(known.to_vec())).await;
    }
    tell(&outlet, result).await;
}

/// A backend of which nothing is known yet.
fn pending(id: BackendId) -> BackendStatus {
    BackendStatus::new(id)
}

/// Says of what is still pending why nothing came of it; false if nothing is.
fn give_up(known: &mut [BackendStatus], why: Option<&SafeText>) -> bool {
    let reason = why.cloned().unwrap_or_else(|| "it was not tried".into());
    let mut any = false;
    for status in known.iter_mut().filter(|status| status.readiness == Readiness::Checking) {
        let remedy = SafeText::from("mend that, then try the backends again");
        status.readiness = Readiness::Unavailable { reason: reason.clone(), remedy };
        any = true;
    }
    any
}

/// What is to be done as a run.
pub(super) enum Wish {
    /// A benchmark.
    Bench(Box<Plan>),
    /// A workflow.
    Workflow(Box<WorkflowWish>),
    /// What it was before it was cut off.
    Resume,
}

/// Does a run; whatever happens to it, its end is told once.
pub(super) async fn run<D: Deed>(
    deed: Arc<D>,
    outlet: Outlet,
    id: RunId,
    wish: Wish,
    cancel: CancellationToken,
) {
    let (out, mut heard) = mpsc::channel(EVENTS);
    let (run, listing) = (id.clone(), Arc::clone(&deed));
    let doing = tokio::spawn(async move {
        match wish {
            Wish::Bench(plan) => deed.bench(run, *plan, out, cancel).await,
            Wish::Workflow(wish) => deed.workflow(run, *wish, out, cancel).await,
            Wish::Resume => deed.resume(run, out, cancel).await,
        }
    });
    let (mut seen, mut flow) = (Seen::default(), Flow::default());
    while let Some(update) = heard.recv().await {
        match &update.what {
            What::Run { event, .. } => seen.take(event),
            What::Workflow { event, .. } => flow.take(event),
            _ => {}
        }
        outlet.send(update.what).await;
    }
    let result = answer(doing).await;
    if let (Err(reason), true, false) = (&result, seen.started, seen.ended) {
        let event = RunEvent::Ended(Box::new(seen.cut_off(&outlet, reason)));
        outlet.send(What::Run { id, event }).await;
    } else if let (Err(reason), true, false) = (&result, flow.started, flow.ended) {
        let event = Flow::cut_off(&outlet, reason);
        outlet.send(What::Workflow { id, event }).await;
    }
    tell(&outlet, result).await;
    tell_again::list(listing, outlet).await;
}

/// Tells what `ask` finds out, in a thread of its own; or why it does not.
pub(super) async fn told(
    outlet: Outlet,
    ask: impl FnOnce() -> Result<What, SafeText> + Send + 'static,
) {
    match answer(tokio::task::spawn_blocking(ask)).await {
        Ok(what) => drop(outlet.send(what).await),
        Err(why) => tell(&outlet, Err(why)).await,
    }
}

/// Writes a run to a file and says where.
pub(super) async fn export<D: Deed>(deed: Arc<D>, outlet: Outlet, run: RunId, to: PathBuf) {
    written(&outlet, tokio::task::spawn_blocking(move || deed.export(&run, &to))).await;
}

/// Writes what is told of `job` to `to`, or into it where it is a directory.
pub(super) async fn report(outlet: Outlet, job: Box<Pipeline>, to: PathBuf) {
    let doing = tokio::task::spawn_blocking(move || {
        let path =
            if to.is_dir() { store::export::free(&to, &job_json::file_name(&job)) } else { to };
        let text = job_json::json(&job).map_err(|error| SafeText::new(&error.to_string()))?;
        store::export::write(&path, text).map_err(|error| SafeText::new(&error.to_string()))?;
        Ok(path)
    });
    written(&outlet, doing).await;
}

/// Says which file was written, or why none was.
async fn written(outlet: &Outlet, doing: JoinHandle<Result<PathBuf, SafeText>>) {
    match answer(doing).await {
        Ok(path) => {
            let text = SafeText::from(format!("wrote {}", path.display()));
            let notice = Notice { bad: false, text };
            outlet.send(What::Notice(notice)).await;
        }
        Err(sentence) => tell(outlet, Err(sentence)).await,
    }
}

/// What has been heard of a workflow.
#[derive(Default)]
struct Flow {
    started: bool,
    ended: bool,
}

impl Flow {
    fn take(&mut self, event: &WorkflowEvent) {
        self.started |= matches!(event, WorkflowEvent::Started(_));
        self.ended |= matches!(event, WorkflowEvent::Ended(_));
    }

    /// The end of one that could not say it itself.
    fn cut_off(outlet: &Outlet, reason: &SafeText) -> WorkflowEvent {
        let failure = Some(Failure { reason: reason.clone(), ..Failure::default() });
        let (ended, ending) = (outlet.now(), Ending::Failed);
        let ended_at = ended.rfc3339().into();
        let tail = WorkflowTail { ended, ended_at, ending, failure, ..WorkflowTail::default() };
        WorkflowEvent::Ended(Box::new(tail))
    }
}

/// What has been heard of a run.
#[derive(Default)]
struct Seen {
    started: bool,
    ended: bool,
    progress: Progress,
    summary: Vec<Summary>,
    loads: Vec<LoadSummary>,
}

impl Seen {
    fn take(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Started(_) => self.started = true,
            RunEvent::Progress(progress) => self.progress = *progress,
            RunEvent::Summary(summary) => self.summary.clone_from(summary),
            RunEvent::Ended(_) => self.ended = true,
            RunEvent::Loads(loads) => self.loads.clone_from(loads),
            RunEvent::Sample(_)
            | RunEvent::Step(_)
            | RunEvent::CutOff
            | RunEvent::Moment(_)
            | RunEvent::Log(_)
            | RunEvent::Checkpoint(_)
            | RunEvent::Workers(_)
            | RunEvent::Files(_) => {}
        }
    }

    /// The end of a run that could not say it itself.
    fn cut_off(self, outlet: &Outlet, reason: &SafeText) -> RunTail {
        RunTail {
            ended: outlet.now(),
            end: RunEnd::Failed { reason: reason.clone() },
            progress: self.progress,
            summary: self.summary,
            suspended: Vec::new(),
            overhead_seconds: None,
            empty_seconds: Vec::new(),
            loads: self.loads,
            verdict: None,
        }
    }
}

/// What a task came to; a panic is an error like any other.
pub(super) async fn answer<T>(doing: JoinHandle<Result<T, SafeText>>) -> Result<T, SafeText> {
    doing.await.unwrap_or_else(|error| Err(SafeText::from(format!("a fault of isomon: {error}"))))
}

pub(super) async fn tell(outlet: &Outlet, result: Result<(), SafeText>) {
    if let Err(text) = result {
        outlet.send(What::Notice(Notice { bad: true, text })).await;
    }
}
