//! The hands of this machine, as the hub and the door use them. The only file that knows which
//! module does what.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Deed;
use crate::model::backend::{BackendId, BackendStatus, Readiness, Traits};
use crate::model::bench::{Effort, Limits, Payload, Plan, Preset};
use crate::model::id::RunId;
use crate::model::node::NodeInfo;
use crate::model::root::Roots;
use crate::model::run::{Run, RunEvent};
use crate::model::text::SafeText;
use crate::model::unit::{Ratio, Seconds};
use crate::model::update::What;

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
        let hostname = std::fs::read_to_string(self.roots.proc.join("sys/kernel/hostname"));
        NodeInfo {
            hostname: hostname.unwrap_or_default().trim().into(),
            arch: std::env::consts::ARCH.into(),
            ..NodeInfo::default()
        }
    }

    /// A reader of how the machine is doing.
    pub fn node(&self) -> impl FnMut(Instant) -> Result<What, SafeText> + Send + use<> {
        |_now| Ok(What::Node(Box::default()))
    }

    /// A reader of its processes.
    pub fn processes(&self) -> impl FnMut(Instant) -> Result<What, SafeText> + Send + use<> {
        |_now| Ok(What::Processes(Vec::new()))
    }

    /// A reader of its GPUs.
    pub fn gpus(&self) -> impl FnMut(Instant) -> Result<What, SafeText> + Send + use<> {
        |_now| Ok(What::Gpus(Box::default()))
    }

    /// The runs that are kept, latest first.
    pub fn list(&self) -> Result<Vec<KeptRun>, SafeText> {
        Ok(Vec::new())
    }

    /// A run that is kept.
    pub fn read(&self, id: &RunId) -> Result<Run, SafeText> {
        Err(format!("run {id} is not in {}", self.runs.display()).into())
    }

    /// Sweeps what dead runs left behind; each line is one thing. Only looks when `dry_run`.
    pub fn gc(&self, _dry_run: bool) -> Result<Vec<SafeText>, SafeText> {
        Ok(Vec::new())
    }
}

/// A run that is kept, not yet read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptRun {
    /// Its id.
    pub id: RunId,
    /// Whether it was written to its end; one that was not is live, or was cut off.
    pub finished: bool,
}

/// The table of a run for people.
pub fn summary(run: &Run) -> String {
    format!("run {}: {} samples\n", run.head.id, run.samples.len())
}

/// The plan of `preset`; all of its payloads unless some are chosen.
pub fn plan(
    preset: Preset,
    backends: Vec<BackendId>,
    payloads: Option<Vec<Payload>>,
    seed: u64,
) -> Plan {
    let (min_rounds, max_rounds, budget, target) = match preset {
        Preset::Quick => (10, 30, 30.0, 0.10),
        Preset::Standard => (20, 200, 300.0, 0.05),
        Preset::Full => (30, 1_000, 1_800.0, 0.02),
    };
    let effort = Effort {
        warmup_rounds: 2,
        min_rounds,
        max_rounds,
        min_seconds: Seconds(0.0),
        budget_seconds: Seconds(budget),
        target: Ratio::new(target).unwrap_or_default(),
    };
    let usual = match preset {
        Preset::Quick => vec![Payload::Noop],
        Preset::Standard | Preset::Full => Payload::USUAL.to_vec(),
    };
    Plan {
        name: None,
        backends,
        payloads: payloads.unwrap_or(usual),
        effort,
        limits: Limits::default(),
        seed,
    }
}

impl Deed for Local {
    async fn check(&self, out: mpsc::Sender<BackendStatus>) -> Result<(), SafeText> {
        for id in BackendId::ALL {
            let status = BackendStatus {
                id,
                version: None,
                path: None,
                readiness: Readiness::Unavailable {
                    reason: "not built in".into(),
                    remedy: "use a newer isomon".into(),
                },
                traits: Traits::default(),
            };
            out.send(status).await.ok();
        }
        Ok(())
    }

    async fn bench(
        &self,
        _id: RunId,
        _plan: Plan,
        _out: mpsc::Sender<RunEvent>,
        _cancel: CancellationToken,
    ) -> Result<(), SafeText> {
        Err("no backend is built in".into())
    }

    fn export(&self, id: &RunId, _to: &Path) -> Result<PathBuf, SafeText> {
        Err(format!("run {id} is not in {}", self.runs.display()).into())
    }
}
