//! What every handler shares: how things stand, the way down, what is allowed.
//!
//! One task ([`Context::fold`]) writes; handlers only read, for as long as it takes to copy what they
//! answer with, and never while they wait.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::answer::Problem;
use super::count::Counts;
use super::depth::Depth;
use super::gate::CHALLENGE;
use super::history::History;
use super::live::{Log, Streams};
use super::result::Results;
use super::run::Runs;
use super::screen::Screens;
use super::setting::{Caller, Permit, Setting};
use super::workload::Platform;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::run::{Record, Run, RunEvent};
use crate::model::text::SafeText;
use crate::model::time::Clock;
use crate::model::update::{Update, What};
use crate::record::remote;
use crate::report::run_prometheus;
use crate::state::{RunState, State};
use crate::watch::Pace;

/// What handlers share.
pub struct Context {
    state: RwLock<State>,
    commands: mpsc::Sender<Command>,
    /// What the user allowed.
    pub setting: Setting,
    /// Random for each start.
    pub instance: SafeText,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Who runs workloads, where that was allowed.
    pub workloads: OnceLock<Arc<Platform>>,
    /// The runs that are kept, and the one that goes on.
    pub runs: OnceLock<Runs>,
    /// The runs of workflows that are kept.
    pub results: OnceLock<Results>,
    /// How things were, where that is kept.
    pub history: OnceLock<History>,
    /// The screen in a browser, where that was wished.
    pub screens: OnceLock<Screens>,
    /// What became of the requests.
    pub counts: Counts,
    /// What became of the samples that are sent elsewhere, where any are.
    pub remote: OnceLock<Arc<remote::Counts>>,
    /// The latest updates of this machine.
    pub log: Log,
    /// How often samples are taken.
    pub pace: watch::Receiver<Pace>,
    /// Whether anybody wants to know of processes.
    pub depth: Depth,
    pub(super) streams: Streams,
    last_bench: RwLock<Option<Bytes>>,
}

/// The version that is served.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Context {
    /// A context that knows nothing yet.
    pub fn new(
        setting: Setting,
        commands: mpsc::Sender<Command>,
        instance: SafeText,
        clock: Arc<dyn Clock>,
        pace: watch::Receiver<Pace>,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: RwLock::default(),
            commands,
            setting,
            instance,
            clock,
            workloads: OnceLock::new(),
            runs: OnceLock::new(),
            results: OnceLock::new(),
            history: OnceLock::new(),
            screens: OnceLock::new(),
            counts: Counts::default(),
            remote: OnceLock::new(),
            log: Log::default(),
            pace,
            depth: Depth::default(),
            streams: Streams::default(),
            last_bench: RwLock::default(),
        })
    }

    /// How things stand. Not to be held over an `await`.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what happened; the one writer's.
    pub fn take(&self, update: &Update) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).apply(update);
        if update.from == SourceId::local() {
            self.log.push(update);
            if let What::Run { id, event: RunEvent::Ended(_) } = &update.what {
                self.keep_bench(id);
            }
        }
    }

    /// Takes in everything that happens, until nothing more can.
    pub async fn fold(self: Arc<Self>, mut updates: mpsc::Receiver<Update>) {
        while let Some(update) = updates.recv().await {
            self.take(&update);
        }
    }

    /// Makes the figures of run `id` the last ones.
    fn keep_bench(&self, id: &RunId) {
        let state = self.state();
        let run = state.runs.get(id).filter(|run| run.from == SourceId::local());
        // The figures are in the end; samples are not asked for.
        let bare = |run: &RunState| Run { tail: run.tail.clone(), ..Run::begun(run.head.clone()) };
        let run = run.map(bare);
        drop(state);
        if let Some(run) = run {
            self.remember_bench(&run);
        }
    }

    /// Makes the figures of `run` the last ones, for `/metrics`.
    pub fn remember_bench(&self, run: &Run) {
        let page = run_prometheus::prometheus(run).into();
        *self.last_bench.write().unwrap_or_else(PoisonError::into_inner) = Some(page);
    }

    /// The figures of the last benchmark, in the text format of Prometheus.
    pub(super) fn last_bench(&self) -> Option<Bytes> {
        self.last_bench.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What this machine calls itself; empty until that is known.
    pub fn hostname(&self) -> SafeText {
        let state = self.state();
        let info = state.nodes.get(&SourceId::local()).and_then(|node| node.info.as_ref());
        info.map_or_else(|| SafeText::new(""), |info| info.hostname.clone())
    }

    /// Run `id`, which is kept here, whichever kind of run it is; an error is a sentence.
    pub(super) async fn read_run(&self, id: &RunId) -> Result<Record, SafeText> {
        let unknown = || SafeText::new(&format!("run {id} is not kept here"));
        let runs = self.runs.get().ok_or_else(unknown)?;
        if runs.is_flow(id) {
            let events = runs.events(id).await.map_err(|problem| problem.text)?;
            return Ok(Record::Workflow(events));
        }
        let read = runs.read(id).await.map_err(|problem| problem.text)?;
        read.map(|run| Record::Benchmark(Box::new(run))).ok_or_else(unknown)
    }

    /// Has `command` carried out; what comes of it is told by updates.
    pub async fn wish(&self, command: Command) -> Result<(), Problem> {
        let sent = self.commands.send(command).await;
        sent.map_err(|_| Problem::busy("isomon is going down"))
    }

    /// Whether `caller` may act by `permit`; else what is missing.
    pub fn permit(&self, caller: Caller, permit: Permit) -> Result<(), Problem> {
        if self.setting.may(caller, permit) {
            return Ok(());
        }
        let flag = permit.flag();
        Err(if self.setting.allows(permit) {
            Problem::new(401, "acting needs the token: send Authorization: Bearer TOKEN")
                .with(axum::http::header::WWW_AUTHENTICATE, CHALLENGE)
        } else {
            Problem::forbidden(format!("not allowed here; start `isomon serve` with {flag}"))
        })
    }

    /// One for tests, whose commands go nowhere.
    #[cfg(test)]
    pub(crate) fn for_test(setting: Setting) -> Arc<Self> {
        use crate::model::time::SystemClock;
        use std::time::Duration;
        let (commands, _) = mpsc::channel(1);
        let (_, pace) = watch::channel(Pace { interval: Duration::from_secs(2), paused: false });
        Self::new(setting, commands, "test".into(), Arc::new(SystemClock), pace)
    }
}
