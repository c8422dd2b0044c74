//! Where a source says what happened.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::model::id::SourceId;
use crate::model::time::{Clock, Stamp};
use crate::model::update::{Update, What};

/// Stamps what a source says and passes it up. A periodic sample that finds no room is dropped and
/// counted, because the next one replaces it; everything else waits for room.
#[derive(Clone)]
pub struct Outlet {
    from: SourceId,
    clock: Arc<dyn Clock>,
    to: mpsc::Sender<Update>,
    lost: Arc<AtomicU64>,
}

impl Outlet {
    /// An outlet of `from` into `to`, which counts its own losses.
    pub fn new(from: SourceId, clock: Arc<dyn Clock>, to: mpsc::Sender<Update>) -> Self {
        Self { from, clock, to, lost: Arc::default() }
    }

    /// The same way up for another source; losses are counted together.
    #[must_use]
    pub fn of(&self, from: SourceId) -> Self {
        Self { from, ..self.clone() }
    }

    /// Says that `what` happened now. False when nobody listens any more.
    pub async fn send(&self, what: What) -> bool {
        let periodic = what.is_periodic();
        let update = Update { at: self.now(), from: self.from.clone(), what };
        if !periodic {
            return self.to.send(update).await.is_ok();
        }
        match self.to.try_send(update) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                true
            }
        }
    }

    /// Who speaks here.
    pub const fn source(&self) -> &SourceId {
        &self.from
    }

    /// The present instant.
    pub fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// Samples dropped so far, by all outlets that count together.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Counts a sample that was dropped further up.
    pub(crate) fn count_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("from", &self.from).finish_non_exhaustive()
    }
}
