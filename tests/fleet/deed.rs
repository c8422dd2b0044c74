//! A machine on which everything that is begun is done at once.

use std::path::{Path, PathBuf};

use isomon::hub::Deed;
use isomon::model::backend::{BackendId, BackendStatus, Mend, Start};
use isomon::model::bench::{Effort, Limits, Payload, Plan};
use isomon::model::id::RunId;
use isomon::model::past::{Past, PastWish};
use isomon::model::run::{Run, RunHead, StoredRun};
use isomon::model::text::SafeText;
use isomon::model::unit::{Ratio, Seconds};
use isomon::model::update::{Stack, Update};
use isomon::model::workflow::{WorkflowEvent, WorkflowWish};
use isomon::store::run_dir::Follower;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) struct Idle;

impl Deed for Idle {
    async fn check(&self, _: mpsc::Sender<BackendStatus>) -> Result<(), SafeText> {
        Ok(())
    }

    async fn mend(
        &self,
        _: BackendId,
        _: mpsc::Sender<Mend>,
        _: CancellationToken,
    ) -> Result<Vec<BackendStatus>, SafeText> {
        Ok(Vec::new())
    }

    async fn bench(
        &self,
        _: RunId,
        _: Plan,
        _: mpsc::Sender<Update>,
        _: CancellationToken,
    ) -> Result<(), SafeText> {
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

    fn changed(&self) -> Option<std::time::SystemTime> {
        None
    }

    fn goes_on(&self, _: &RunId) -> bool {
        false
    }

    fn follow(&self, _: &RunId) -> Result<(RunHead, Follower), SafeText> {
        Err("nothing is kept".into())
    }

    fn stored(&self) -> Result<Vec<StoredRun>, SafeText> {
        Ok(Vec::new())
    }

    fn read(&self, _: &RunId) -> Result<Run, SafeText> {
        Err("nothing is kept".into())
    }

    fn export(&self, _: &RunId, _: &Path) -> Result<PathBuf, SafeText> {
        Err("nothing is kept".into())
    }
}

pub(crate) fn plan() -> Plan {
    let effort = Effort {
        warmup_rounds: 0,
        min_rounds: 1,
        max_rounds: 1,
        min_seconds: Seconds(0.0),
        budget_seconds: Seconds(1.0),
        target: Ratio::default(),
    };
    Plan {
        starts: Start::ALL.to_vec(),
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
