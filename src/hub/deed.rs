//! What the hub can have done.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::model::backend::{BackendId, BackendStatus, Mend};
use crate::model::bench::Plan;
use crate::model::id::RunId;
use crate::model::past::{Past, PastWish};
use crate::model::run::{Run, RunHead, StoredRun};
use crate::model::text::SafeText;
use crate::model::update::{Stack, Update};
use crate::model::workflow::{WorkflowEvent, WorkflowWish};
use crate::store::run_dir::Follower;

/// The deeds behind the commands. An error is a sentence for the user.
pub trait Deed: Send + Sync + 'static {
    /// Tries every backend and says of each how it went, as soon as it is known.
    fn check(
        &self,
        out: mpsc::Sender<BackendStatus>,
    ) -> impl Future<Output = Result<(), SafeText>> + Send;

    /// Runs the commands that make `id` ready, which the deed knows from having tried it, until
    /// they are done or `cancel`; then tries it again. Everything that is known of the backends by
    /// then.
    fn mend(
        &self,
        id: BackendId,
        out: mpsc::Sender<Mend>,
        cancel: CancellationToken,
    ) -> impl Future<Output = Result<Vec<BackendStatus>, SafeText>> + Send;

    /// Does `plan` as run `id` and keeps the result, until it is done or `cancel`; what is there
    /// by then stays valid.
    fn bench(
        &self,
        id: RunId,
        plan: Plan,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> impl Future<Output = Result<(), SafeText>> + Send;

    /// The runs that are kept, latest first.
    fn stored(&self) -> Result<Vec<StoredRun>, SafeText>;

    /// When a run was last begun or removed, as far as that is known.
    fn changed(&self) -> Option<SystemTime>;

    /// Whether run `id` goes on in some process of this machine.
    fn goes_on(&self, id: &RunId) -> bool;

    /// Run `id` from its start on, to be read as it grows.
    fn follow(&self, id: &RunId) -> Result<(RunHead, Follower), SafeText>;

    /// Goes on with run `id`, which was cut off, from its last checkpoint; as [`Deed::bench`] otherwise.
    fn resume(
        &self,
        id: RunId,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> impl Future<Output = Result<(), SafeText>> + Send;

    /// Runs the workflow of `wish` as run `id`, until it is done or `cancel`; as [`Deed::bench`] otherwise.
    fn workflow(
        &self,
        id: RunId,
        wish: WorkflowWish,
        out: mpsc::Sender<Update>,
        cancel: CancellationToken,
    ) -> impl Future<Output = Result<(), SafeText>> + Send;

    /// What happened in the workflow's run `id`, as it is kept; `None` where it is no workflow's.
    fn events(&self, id: &RunId) -> Result<Option<Vec<WorkflowEvent>>, SafeText>;

    /// The piece of the past that `wish` names.
    fn past(&self, wish: PastWish) -> Result<Past, SafeText>;

    /// Where in its program process `pid` is.
    fn stack(&self, pid: u32) -> Result<Stack, SafeText>;

    /// Reads run `id` as it is kept, with its figures even where it was cut off.
    fn read(&self, id: &RunId) -> Result<Run, SafeText>;

    /// Writes run `id` as JSON to `to`, or into it where it is a directory. Returns the file.
    fn export(&self, id: &RunId, to: &Path) -> Result<PathBuf, SafeText>;
}
