//! A load on a model's server: requests that come when they are meant to, whether or not earlier ones
//! are answered.
//!
//! Any server that speaks OpenAI's completions or chat. Each request is a row of a table that grows as
//! they end, and beside it stand the server's own metrics and this machine's GPUs and processors on the
//! same time axis. Times count from the intended arrival: a server that stalls cannot hide it by slowing
//! down who asks (Tene, *How NOT to Measure Latency*, 2013). It is handed a server, a directory and a
//! clock, and knows no workflow.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::time::Clock;
use crate::source;

mod arrivals;
mod body;
mod course;
mod event;
mod exchange;
mod host;
mod judge;
mod metrics;
pub mod plan;
mod prompt;
mod reply;
mod tables;
mod trial;

pub use plan::{Api, Arrivals, Plan};

pub use crate::stats::serving::{Own, Told};

/// Why a load was not put on a server, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server cannot be asked at all.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// It does not answer a request as such a server does.
    #[error("{what}")]
    Trial {
        /// What it answered.
        what: SafeText,
        /// What mends it.
        remedy: SafeText,
    },
    /// A table cannot be written.
    #[error("{}: {why}", .path.display())]
    Table {
        /// Its file.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// A part of isomon broke.
    #[error("a fault of isomon: {0}")]
    Fault(SafeText),
}

/// What is said while it goes on.
#[derive(Clone, Debug)]
pub enum Said {
    /// What is being done.
    Doing(SafeText),
    /// How far it is.
    Progress(Progress),
}

/// How far a load is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Seconds since it began.
    pub seconds: u64,
    /// Requests that were sent.
    pub sent: u64,
    /// Those that were answered well.
    pub good: u64,
    /// Those that were not.
    pub bad: u64,
}

impl Progress {
    /// Requests at work.
    pub const fn at_work(&self) -> u64 {
        self.sent.saturating_sub(self.good + self.bad)
    }
}

/// A load that is to be put on a server, and all that it needs.
pub struct Load {
    /// What is to be done.
    pub plan: Plan,
    /// Where its tables are put; each is written over. `{}` stands for the name of one.
    pub tables: String,
    /// This machine's own files.
    pub roots: Roots,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Who hears how it goes; what it has no room for is left out.
    pub say: mpsc::Sender<Said>,
    /// Ends it, as the user would.
    pub cancel: CancellationToken,
}

impl std::fmt::Debug for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Load").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Whether the server of `plan` answers at all; what it answers is found out later.
pub async fn reach(plan: &Plan) -> Result<(), Error> {
    let client = source::client::Client::new(&plan.server)?;
    client.get("/v1/models").await?;
    Ok(())
}

impl Load {
    /// Does all of it. Cancelled, it tells what came until then.
    pub async fn run(self) -> Result<Told, Error> {
        course::run(self).await
    }

    fn say(&self, what: &str) {
        // Ignored: who does not listen misses it.
        self.say.try_send(Said::Doing(what.into())).ok();
    }
}
