//! The hands of this machine, as the hub and the door use them. The only file that knows which
//! module does what.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Deed;
use crate::backend::{self, Camp, CampSettings};
use crate::bench::{Bench, head};
use crate::model::backend::{BackendId, BackendStatus};
use crate::model::bench::{Limits, Plan};
use crate::model::id::{RunId, SourceId};
use crate::model::node::NodeInfo;
use crate::model::root::Roots;
use crate::model::run::{Run, RunHead};
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};
use crate::model::update::{Notice, Update, What};
use crate::probe::gpu::{GpuProbe, Launch};
use crate::probe::node::NodeProbe;
use crate::probe::process::ProcessProbe;
use crate::probe::{self, Probe};
use crate::report;
use crate::store::{self, Listed, RunDir};

/// This machine.
#[derive(Clone, Debug)]
pub struct Local {
    /// Where its own files are.
    pub roots: Roots,
    /// Where runs are kept.
    pub runs: PathBuf,
}

impl Local {
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

    /// Sweeps what dead runs left behind; each line is one thing. Only looks when `dry_run`.
    pub fn gc(&self, dry_run: bool) -> Result<Vec<SafeText>, SafeText> {
        let settings = self.settings(Limits::default())?;
        let left = backend::gc(&settings, dry_run).map_err(sentence)?;
        Ok(left
            .into_iter()
            .map(|thing| format!("{} of run {}", thing.name, thing.run).into())
            .collect())
    }

    fn settings(&self, limits: Limits) -> Result<CampSettings, SafeText> {
        let mut settings = CampSettings::detect(limits).map_err(sentence)?;
        settings.roots = self.roots.clone();
        Ok(settings)
    }

    /// Tries `backends` in a camp of their own.
    async fn try_out(
        &self,
        backends: &[BackendId],
        tell: impl FnMut(&BackendStatus) + Send,
    ) -> Result<Vec<BackendStatus>, SafeText> {
        let settings = self.settings(Limits::default())?;
        backend::check(&new_id(), &settings, backends, tell).await.map_err(sentence)
    }

    /// The run's directory; a notice instead where it cannot be written.
    fn keep(&self, head: &RunHead) -> (Option<RunDir>, Option<Notice>) {
        match RunDir::create(&self.runs, head) {
            Ok(dir) => (Some(dir), None),
            Err(error) => {
                let text = format!("the run is kept in memory alone: {}", sentence(error));
                (None, Some(Notice { bad: true, text: text.into() }))
            }
        }
    }
}

impl Deed for Local {
    async fn check(&self, out: mpsc::Sender<BackendStatus>) -> Result<(), SafeText> {
        let tell = |status: &BackendStatus| {
            // There is room for all of them; a listener that has gone needs none.
            out.try_send(status.clone()).unwrap_or_default();
        };
        tokio::select! {
            result = self.try_out(&BackendId::ALL, tell) => result.map(drop),
            // Dropping the camp half-way lets its reaper clear it.
            () = out.closed() => Ok(()),
        }
    }

    async fn bench(
        &self,
        id: RunId,
        plan: Plan,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        let statuses = tokio::select! {
            statuses = self.try_out(&plan.backends, |_| {}) => statuses?,
            () = cancel.cancelled() => return Err("the run was cancelled before it began".into()),
        };
        if !statuses.iter().any(|status| status.readiness.runs()) {
            return Err("none of these backends can run here".into());
        }
        let clock = Arc::new(SystemClock);
        let mut camp = Camp::open(&id, &self.settings(plan.limits)?).await.map_err(sentence)?;
        let head = head::draw_up(id, plan, &statuses, &self.roots, clock.now());
        let (keep, notice) = self.keep(&head);
        if let Some(notice) = notice {
            let (at, from) = (clock.now(), SourceId::local());
            out.send(Update { at, from, what: What::Notice(notice) }).await.ok();
        }
        let roots = self.roots.clone();
        Bench { head, roots, clock, keep, out, cancel }.run(&mut camp).await;
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

    fn export(&self, id: &RunId, to: &Path) -> Result<PathBuf, SafeText> {
        let run = self.read(id)?;
        let path = if to.is_dir() { to.join(format!("isomon-{id}.json")) } else { to.to_owned() };
        let json = report::run_json::json(&run).map_err(sentence)?;
        store::write(&path, json.as_bytes()).map_err(sentence)?;
        Ok(path)
    }
}

/// An id for now.
pub fn new_id() -> RunId {
    RunId::new(SystemClock.now().wall_ms, StdRng::from_os_rng().random())
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
