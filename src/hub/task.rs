//! What takes time, each in a task of its own.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Deed;
use crate::model::backend::BackendStatus;
use crate::model::bench::{Plan, Progress, Summary};
use crate::model::id::RunId;
use crate::model::run::{RunEnd, RunEvent, RunTail};
use crate::model::text::SafeText;
use crate::model::update::{Notice, What};
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

/// Tries every backend; tells the whole list each time one is known.
pub(super) async fn check<D: Deed>(deed: Arc<D>, outlet: Outlet) {
    let (out, mut heard) = mpsc::channel::<BackendStatus>(EVENTS);
    let doing = tokio::spawn(async move { deed.check(out).await });
    let mut known: Vec<BackendStatus> = Vec::new();
    while let Some(status) = heard.recv().await {
        known.retain(|other| other.id != status.id);
        known.push(status);
        known.sort_by_key(|status| status.id);
        outlet.send(What::Backends(known.clone())).await;
    }
    tell(&outlet, answer(doing).await).await;
}

/// Does a run; whatever happens to it, its end is told once.
pub(super) async fn bench<D: Deed>(
    deed: Arc<D>,
    outlet: Outlet,
    id: RunId,
    plan: Plan,
    cancel: CancellationToken,
) {
    let (out, mut heard) = mpsc::channel(EVENTS);
    let run = id.clone();
    let doing = tokio::spawn(async move { deed.bench(run, plan, out, cancel).await });
    let mut seen = Seen::default();
    while let Some(update) = heard.recv().await {
        if let What::Run { event, .. } = &update.what {
            seen.take(event);
        }
        outlet.send(update.what).await;
    }
    let result = answer(doing).await;
    if let (Err(reason), true, false) = (&result, seen.started, seen.ended) {
        let event = RunEvent::Ended(seen.cut_off(&outlet, reason));
        outlet.send(What::Run { id, event }).await;
    }
    tell(&outlet, result).await;
}

/// Writes a run to a file and says where.
pub(super) async fn export<D: Deed>(deed: Arc<D>, outlet: Outlet, run: RunId, to: PathBuf) {
    let doing = tokio::task::spawn_blocking(move || deed.export(&run, &to));
    match answer(doing).await {
        Ok(path) => {
            let text = SafeText::from(format!("wrote {}", path.display()));
            let notice = Notice { bad: false, text };
            outlet.send(What::Notice(notice)).await;
        }
        Err(sentence) => tell(&outlet, Err(sentence)).await,
    }
}

/// What has been heard of a run.
#[derive(Default)]
struct Seen {
    started: bool,
    ended: bool,
    progress: Progress,
    summary: Vec<Summary>,
}

impl Seen {
    fn take(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Started(_) => self.started = true,
            RunEvent::Progress(progress) => self.progress = *progress,
            RunEvent::Summary(summary) => self.summary.clone_from(summary),
            RunEvent::Ended(_) => self.ended = true,
            RunEvent::Sample(_) => {}
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
        }
    }
}

/// What a task came to; a panic is an error like any other.
async fn answer<T>(doing: JoinHandle<Result<T, SafeText>>) -> Result<T, SafeText> {
    doing.await.unwrap_or_else(|error| Err(SafeText::from(format!("a fault of isomon: {error}"))))
}

async fn tell(outlet: &Outlet, result: Result<(), SafeText>) {
    if let Err(text) = result {
        outlet.send(What::Notice(Notice { bad: true, text })).await;
    }
}
