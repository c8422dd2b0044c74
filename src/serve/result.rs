//! Runs of workflows: benchctl's `/api/runs` in its own shapes, and `/v1/results` with all that isomon
//! knows of them.
//!
//! They lie in directories that were named when the server was started, and where isomon's own directory
//! of runs links to. What stands there is hostile: bounded, never followed out, never executed.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::answer::Problem;
use super::{Answer, Context, Door};
use crate::store::result::ResultDir;
use crate::store::result::shelf::{Brief, Shelf};

mod api;
pub(super) mod compare;
mod exact;
pub(super) mod file;
pub(super) mod loaded;
mod memo;
pub(super) mod own;
mod series;
mod table;

pub use exact::Exact;
use loaded::Desk;

/// Requests at once that read runs.
const READ_AT_ONCE: usize = 4;

/// The runs of workflows that are served.
#[derive(Debug)]
pub struct Results {
    desk: Arc<Desk>,
    reading: Arc<Semaphore>,
}

pub(super) fn routes(door: Door) -> Door {
    compare::routes(own::routes(api::routes(door)))
}

/// The results of this server.
pub(super) fn results(context: &Context) -> Answer<&Results> {
    context.results.get().ok_or_else(|| Problem::busy("results are not known yet"))
}

impl Results {
    /// Those on `shelf`.
    pub fn new(shelf: Shelf) -> Self {
        let desk = Desk { shelf, tables: table::Tables::default() };
        Self { desk: Arc::new(desk), reading: Arc::new(Semaphore::new(READ_AT_ONCE)) }
    }

    /// What `work` makes of the runs, where it may take its time. So much of it goes on at once.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> T + Send + 'static,
    ) -> Answer<T> {
        let one = Arc::clone(&self.reading).acquire_owned().await.map_err(fault)?;
        let desk = Arc::clone(&self.desk);
        let looking = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also where nobody waits for it any more.
            let _one = one;
            work(&desk)
        });
        looking.await.map_err(fault)
    }

    /// Every run in short, latest first.
    pub(super) async fn briefs(&self) -> Answer<Vec<Arc<Brief>>> {
        self.look(Desk::briefs).await
    }

    /// What `work` makes of run `id`.
    pub(super) async fn of<T: Send + 'static>(
        &self,
        id: &str,
        work: impl FnOnce(&ResultDir) -> T + Send + 'static,
    ) -> Answer<T> {
        let id = id.to_owned();
        let found = self.look(move |desk| desk.shelf.open(&id).map(|dir| work(&dir))).await?;
        found.ok_or_else(|| Problem::unknown("run not found"))
    }
}

pub(super) fn fault(error: impl std::fmt::Display) -> Problem {
    Problem::new(500, error.to_string())
}
