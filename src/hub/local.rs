//! The hands of this machine, as the hub and the door use them. The only file that knows which
//! module does what.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{RwLock, RwLockWriteGuard, mpsc};
use tokio_util::sync::CancellationToken;

use super::Deed;
use crate::backend::{self, Camp, CampSettings, Kind, LeftOver};
use crate::bench::{Bench, Prior, head};
use crate::model::backend::{BackendId, BackendStatus, Mend, Readiness};
use crate::model::bench::{Limits, Plan};
use crate::model::id::{RunId, SourceId};
use crate::model::node::NodeInfo;
use crate::model::past::{Past, PastWish};
use crate::model::root::Roots;
use crate::model::run::{Run, RunHead, StoredRun};
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};
use crate::model::update::{Notice, Stack, Update, What};
use crate::model::workflow::{WorkflowEvent, WorkflowWish};
use crate::probe::gpu::{GpuProbe, Launch};
use crate::probe::node::NodeProbe;
use crate::probe::process::ProcessProbe;
use crate::probe::{self, Probe};
use crate::report;
use crate::store::history::Reader;
use crate::store::result::ResultDir;
use crate::store::run_dir::Follower;
use crate::store::{self, Listed, RunDir};
use crate::tune::{self, Advice, Tuning};

mod exec;
mod flow;
mod mend;
mod resume;
mod runner;

pub use crate::backend::{Ended, Refusal};

/// Backends tried at the same time, at most: they wait more than they work, and one may hang until
/// its time is over.
const TRIED_AT_ONCE: usize = 4;
/// The end of a run that was cancelled while it was prepared.
const NOTHING: &str = "cancelled before anything was measured";

/// This machine.
#[derive(Clone, Debug)]
pub struct Local {
    /// Where its own files are.
    pub roots: Roots,
    /// Where runs are kept.
    pub runs: PathBuf,
    /// What the backends were like when they were last tried. Who measures or tries holds it alone,
    /// who runs a user's work has a share: it must disturb no figure. Whoever waits has their turn
    /// in order.
    known: Arc<RwLock<Vec<BackendStatus>>>,
}

impl Local {
    /// The machine that `roots` show; runs are kept in `runs`.
    pub fn new(roots: Roots, runs: PathBuf) -> Self {
        Self { roots, runs, known: Arc::default() }
    }

    /// Where the history is kept: beside the runs.
    pub fn history(&self) -> PathBuf {
        self.runs.with_file_name("history")
    }

    /// What the machine is.
    pub fn info(&self) -> NodeInfo {
        probe::info::info(&self.roots)
    }

    /// A reader of how the machine is doing.
    pub fn node(&self) -> impl FnMut(Instant) -> Result<What, SafeText> + Send + use<> {
        let mut probe = NodeProbe::new(&self.roots);
        move |now| probe.sample(now).map(Box::new).map(What::Node).map_err(sentence)
    }

    /// A reader of its processes.
    pub fn processes(&self) -> impl FnMut(Instant) -> Result<What, SafeText> + Send + use<> {
        let mut probe = ProcessProbe::new(&self.roots);
        move |now| probe.sample(now).map(What::Processes).map_err(sentence)
    }

    /// A reader of its GPUs.
    pub fn gpus(&self) -> impl FnMut(Instant) -> Result<What, SafeText> + Send + use<> {
        let mut probe = GpuProbe::new(self.roots.clone(), Launch::default());
        move |now| Ok(What::Gpus(Box::new(probe.sample(now))))
    }

    /// The runs that are kept, latest first.
    pub fn list(&self) -> Result<Vec<Listed>, SafeText> {
        store::list(&self.runs).map_err(sentence)
    }

    /// A run that is kept.
    pub fn read(&self, id: &RunId) -> Result<Run, SafeText> {
        RunDir::read(&self.runs.join(id.as_str())).map_err(sentence)
    }

    /// What dead runs left behind, each line one thing.
    pub fn left_overs(&self) -> Result<Vec<SafeText>, SafeText> {
        let settings = self.settings(Limits::default())?;
        let found = backend::gc(&settings, true).map_err(sentence)?;
        let changed = tune::mend(&self.roots, &settings.state, true);
        Ok(found.iter().map(thing).chain(changed.iter().map(|path| host_settings(path))).collect())
    }

    /// Forgets what dead runs may have left in container engines that give no answer.
    pub fn forget(&self) -> Result<Vec<SafeText>, SafeText> {
        let settings = self.settings(Limits::default())?;
        Ok(backend::write_off(&settings).map_err(sentence)?.iter().map(in_engine).collect())
    }

    /// Sweeps what dead runs left behind: what is gone by that, and what could not be removed.
    pub fn gc(&self) -> Result<(Vec<SafeText>, Vec<SafeText>), SafeText> {
        let settings = self.settings(Limits::default())?;
        let mut found = backend::gc(&settings, true).map_err(sentence)?;
        let left = backend::gc(&settings, false).map_err(sentence)?;
        found.retain(|one| !left.contains(one));
        let changed = tune::mend(&self.roots, &settings.state, false);
        let gone = found.iter().map(thing).chain(changed.iter().map(|path| host_settings(path)));
        Ok((gone.collect(), left.iter().map(thing).collect()))
    }

    /// What the machine could do better for a measurement.
    pub fn advice(&self) -> Vec<Advice> {
        tune::look(&self.roots)
    }

    /// Follows `advice` until what is returned ends.
    pub fn tune(&self, advice: &[Advice]) -> Result<Tuning, SafeText> {
        let settings = self.settings(Limits::default())?;
        tune::mend(&self.roots, &settings.state, false);
        Tuning::begin(&self.roots, &settings.state, &settings.exe, advice).map_err(sentence)
    }

    fn settings(&self, limits: Limits) -> Result<CampSettings, SafeText> {
        let mut settings = CampSettings::detect(limits).map_err(sentence)?;
        settings.roots = self.roots.clone();
        Ok(settings)
    }

    /// Tries `backends` in camps of their own and remembers what came of it.
    async fn try_out(
        &self,
        backends: &[BackendId],
        known: &mut Vec<BackendStatus>,
        cancel: &CancellationToken,
        tell: impl FnMut(&BackendStatus) + Send,
    ) -> Result<(), SafeText> {
        let settings = self.settings(Limits::default())?;
        let checked =
            backend::check(&camps(backends.len()), &settings, backends, cancel, tell).await;
        let checked = checked.map_err(sentence)?;
        known.retain(|old| checked.iter().all(|new| new.id != old.id));
        known.extend(checked);
        Ok(())
    }

    /// The right to measure, which one has at a time; says so first where it has to be waited for.
    async fn alone(
        &self,
        out: &mpsc::Sender<Update>,
        cancel: &CancellationToken,
    ) -> Result<RwLockWriteGuard<'_, Vec<BackendStatus>>, SafeText> {
        if self.known.try_write().is_err() {
            notice(out, false, "waiting for the work that is going on").await;
        }
        let locked = cancel.run_until_cancelled(self.known.write()).await;
        locked.ok_or_else(|| NOTHING.into())
    }

    /// Tries those of the plan's backends that were not tried yet, and says so first.
    async fn prepare(
        &self,
        plan: &Plan,
        known: &mut Vec<BackendStatus>,
        out: &mpsc::Sender<Update>,
        cancel: &CancellationToken,
    ) -> Result<(), SafeText> {
        let is_known = |id: &BackendId| known.iter().any(|status| status.id == *id);
        let unknown: Vec<BackendId> =
            plan.backends.iter().copied().filter(|id| !is_known(id)).collect();
        if !unknown.is_empty() {
            notice(out, false, &trying(&unknown)).await;
            self.try_out(&unknown, known, cancel, |_| {}).await?;
        }
        if cancel.is_cancelled() {
            return Err(NOTHING.into());
        }
        let asked = known.iter().filter(|status| plan.backends.contains(&status.id));
        let asked: Vec<&BackendStatus> = asked.collect();
        if asked.iter().any(|status| status.readiness.runs()) {
            Ok(())
        } else {
            Err(none_of(&asked))
        }
    }

    /// The run's directory; a notice instead where it cannot be written.
    async fn keep(&self, head: &RunHead, out: &mpsc::Sender<Update>) -> Option<RunDir> {
        match RunDir::create(&self.runs, head) {
            Ok(dir) => Some(dir),
            Err(error) => {
                let text = format!("the run is kept in memory alone: {}", sentence(error));
                notice(out, true, &text).await;
                None
            }
        }
    }
}

/// That `backends` are tried before a run; by name where they are few.
fn trying(backends: &[BackendId]) -> String {
    let names: Vec<&str> = backends.iter().map(|id| id.name()).collect();
    match names.len() {
        ..=8 => format!("trying first: {}", names.join(", ")),
        many => format!("trying first which of {many} backends can run here"),
    }
}

/// That none of `asked` can run; why not, where it is one.
fn none_of(asked: &[&BackendStatus]) -> SafeText {
    match asked {
        [BackendStatus { id, readiness: Readiness::Unavailable { reason, remedy }, .. }] => {
            SafeText::new(&format!("{id} cannot run here: {reason} -> {remedy}"))
        }
        _ => "none of these backends can run here".into(),
    }
}

impl Deed for Local {
    async fn check(&self, out: mpsc::Sender<BackendStatus>) -> Result<(), SafeText> {
        let tell = |status: &BackendStatus| {
            // There is room for all of them; a listener that has gone needs none.
            out.try_send(status.clone()).unwrap_or_default();
        };
        let cancel = CancellationToken::new();
        let mut known = self.known.write().await;
        let trying = self.try_out(&BackendId::ALL, &mut known, &cancel, tell);
        tokio::pin!(trying);
        tokio::select! {
            tried = &mut trying => return tried,
            () = out.closed() => cancel.cancel(),
        }
        trying.await
    }

    async fn mend(
        &self,
        id: BackendId,
        out: mpsc::Sender<Mend>,
        cancel: CancellationToken,
    ) -> Result<Vec<BackendStatus>, SafeText> {
        self.make_ready(id, out, &cancel).await
    }

    async fn bench(
        &self,
        id: RunId,
        plan: Plan,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        let mut known = self.alone(&out, &cancel).await?;
        let prepared = SystemClock.now();
        self.prepare(&plan, &mut known, &out, &cancel).await?;
        for lack in lacks(&plan, &known) {
            notice(&out, false, &lack).await;
        }
        let clock = Arc::new(SystemClock);
        let mut camp = Camp::open(&id, &self.settings(plan.limits)?).await.map_err(sentence)?;
        let head = head::draw_up(id, plan, &known, &self.roots, clock.now());
        let keep = self.keep(&head, &out).await;
        let roots = self.roots.clone();
        let prior = Prior { prepared: Some(prepared), cut: None };
        Bench { head, roots, clock, keep, out, cancel, prior }.run(&mut camp).await;
        closed(camp).await
    }

    async fn resume(
        &self,
        id: RunId,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        if self.is_flow(&id) {
            let wish = WorkflowWish { resume: Some(id.clone()), ..WorkflowWish::default() };
            return self.flow_by_wish(id, wish, out, cancel).await;
        }
        self.go_on(id, false, out, cancel).await
    }

    async fn workflow(
        &self,
        id: RunId,
        wish: WorkflowWish,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        self.flow_by_wish(id, wish, out, cancel).await
    }

    fn events(&self, id: &RunId) -> Result<Option<Vec<WorkflowEvent>>, SafeText> {
        self.flow_events(id)
    }

    fn past(&self, wish: PastWish) -> Result<Past, SafeText> {
        match Reader::open(&self.history()).map_err(sentence)? {
            Some(reader) => reader.past(&wish).map_err(sentence),
            None => Err("no history is kept yet".into()),
        }
    }

    fn stack(&self, pid: u32) -> Result<Stack, SafeText> {
        probe::stack::stack(&self.roots, pid).map_err(sentence)
    }

    fn changed(&self) -> Option<std::time::SystemTime> {
        std::fs::metadata(&self.runs).ok()?.modified().ok()
    }

    fn goes_on(&self, id: &RunId) -> bool {
        let path = self.runs.join(id.as_str());
        if self.is_flow(id) { ResultDir::goes_on(&path) } else { RunDir::goes_on(&path) }
    }

    fn follow(&self, id: &RunId) -> Result<(RunHead, Follower), SafeText> {
        RunDir::follow(&self.runs.join(id.as_str())).map_err(sentence)
    }

    fn stored(&self) -> Result<Vec<StoredRun>, SafeText> {
        store::briefs(&self.runs).map_err(sentence)
    }

    fn read(&self, id: &RunId) -> Result<Run, SafeText> {
        let files = RunDir::files(&self.runs.join(id.as_str()));
        Self::read(self, id).map(|run| Run { files, ..run })
    }

    fn export(&self, id: &RunId, to: &Path) -> Result<PathBuf, SafeText> {
        let run = self.read(id)?;
        let path = if to.is_dir() {
            store::export::free(to, &format!("isomon-{id}.json"))
        } else {
            to.to_owned()
        };
        let json = report::run_json::json(&run).map_err(sentence)?;
        store::export::write(&path, &json).map_err(sentence)?;
        Ok(path)
    }
}

/// Clears what a run's camp left.
async fn closed(camp: Camp) -> Result<(), SafeText> {
    let swept = camp.close().await.map_err(sentence)?;
    match &swept.left[..] {
        [] => Ok(()),
        left => Err(format!(
            "{} things of the run could not be removed; isomon gc names them",
            left.len()
        )
        .into()),
    }
}

/// What the plan's backends that run lack here, each once, with what mends it.
fn lacks(plan: &Plan, known: &[BackendStatus]) -> BTreeSet<String> {
    let asked = known.iter().filter(|status| plan.backends.contains(&status.id));
    asked
        .filter_map(|status| match &status.readiness {
            Readiness::Degraded { reason, remedy } => Some(format!("{reason}; {remedy}")),
            _ => None,
        })
        .collect()
}

/// Tells the user something.
async fn notice(out: &mpsc::Sender<Update>, bad: bool, text: &str) {
    let what = What::Notice(Notice { bad, text: SafeText::new(text) });
    // A listener that has gone needs no notice.
    out.send(Update { at: SystemClock.now(), from: SourceId::local(), what }).await.ok();
}

/// An id for now.
pub fn new_id() -> RunId {
    RunId::new(SystemClock.now().wall_ms, StdRng::from_os_rng().random())
}

/// Something of a dead run in words.
fn thing(left: &LeftOver) -> SafeText {
    let what = match left.kind {
        Kind::Process => "process ",
        Kind::Zombie => "dead process ",
        Kind::Group => "control group ",
        Kind::Mount => "mount ",
        Kind::Engine => {
            let what = in_engine(left);
            return format!("{what}: it gives no answer; {}", left.remedy()).into();
        }
        Kind::Container | Kind::Image | Kind::Directory => "",
    };
    format!("{what}{} of run {}", left.name, left.run).into()
}

/// What an engine may have of a dead run.
fn in_engine(left: &LeftOver) -> SafeText {
    format!("what the container engine at {} has of run {}", left.name, left.run).into()
}

fn host_settings(noted: &Path) -> SafeText {
    format!("settings of the host, noted in {}", noted.display()).into()
}

/// Runs for a check of `count` backends: one for each that is tried at the same time.
fn camps(count: usize) -> Vec<RunId> {
    std::iter::repeat_with(new_id).take(count.clamp(1, TRIED_AT_ONCE)).collect()
}

/// An error and what is behind it, in one sentence.
fn sentence(error: impl std::error::Error) -> SafeText {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text.into()
}
