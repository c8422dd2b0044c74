//! Runs workflows: cases, repetitions, stages in the order they wait for each other, hosts.
//!
//! What happens is told as [`Update`]s and kept in the run's directory as it happens. The first failure,
//! the user or the time ends the work; then what is in the background is ended and the cleanup is done,
//! always. It is handed a channel and hosts, and knows no hub.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::Mistake;
use crate::host::{self, Opened};
use crate::model::id::RunId;
use crate::model::run::Fingerprint;
use crate::model::text::SafeText;
use crate::model::time::Clock;
use crate::model::update::Update;
use crate::model::workflow::{self as words, WorkflowTail};
use crate::store;

mod about;
mod background;
mod begin;
mod check;
mod collect;
mod course;
mod draw;
mod end;
mod git;
mod journal;
mod load;
mod mask;
mod metadata;
mod order;
mod resume;
mod round;
mod running;
mod statistic;
mod stop;
mod table;
mod task;
mod voice;

pub use load::{Loaded, load, made};

/// Why a workflow is not run. Nothing of it was begun.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its file has mistakes.
    #[error("{} in the file of the workflow", mistakes(.0.len()))]
    Mistakes(Vec<Mistake>),
    /// Its file cannot be read.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: SafeText,
        /// Why.
        why: SafeText,
    },
    /// What is wished of it cannot be.
    #[error("{what}")]
    Wish {
        /// What and why.
        what: SafeText,
        /// What mends it.
        remedy: SafeText,
    },
    /// Its directory cannot be made, or not be gone on with.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Its writer broke.
    #[error("a fault of isomon: {0}")]
    Fault(SafeText),
}

fn mistakes(count: usize) -> String {
    match count {
        1 => "a mistake".to_owned(),
        many => format!("{many} mistakes"),
    }
}

/// Opens a host of the workflow by its name.
pub type Opener =
    Box<dyn Fn(String, words::Host) -> Pin<Box<dyn Future<Output = Opened> + Send>> + Send + Sync>;

/// A workflow that is to be run, and all that it needs.
pub struct Job {
    /// Its id among all runs of isomon.
    pub id: RunId,
    /// Its file, read.
    pub loaded: Loaded,
    /// Opens hosts.
    pub open: Opener,
    /// isomon's own directory of runs, in which it is linked.
    pub runs: PathBuf,
    /// This machine.
    pub fingerprint: Fingerprint,
    /// This program.
    pub exe: PathBuf,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Who hears what happens.
    pub out: mpsc::Sender<Update>,
    /// Ends it, as the user would.
    pub cancel: CancellationToken,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What came of a workflow.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub tail: WorkflowTail,
    /// Its directory.
    pub dir: PathBuf,
    /// Why something of it is not on the disk.
    pub unkept: Option<SafeText>,
}

impl Job {
    /// Does all of it.
    pub async fn run(self) -> Result<Outcome, Error> {
        let (out, cancel, clock) = (self.out.clone(), self.cancel.clone(), Arc::clone(&self.clock));
        let ready = begin::begin(self).await?;
        end::work(ready, clock, out, cancel).await
    }
}

/// Opens hosts as `options` say: this machine, and others by SSH.
pub fn opener(options: host::Options) -> Opener {
    let options = Arc::new(options);
    Box::new(move |name, host| {
        let options = Arc::clone(&options);
        Box::pin(async move { host::open_telling(&name, &host, &options).await })
    })
}
