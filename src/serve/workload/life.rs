//! A workload while it lives: how far it is, what it says, and whether it is to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::log::Log;
use crate::store::workload::Record;

/// How many changes there were, and whether it is over and recorded.
pub(super) type Seen = (u64, bool);

/// A workload that is not over, or not yet recorded as such.
#[derive(Debug)]
pub(super) struct Living {
    pub(super) id: String,
    /// Ends it.
    pub(super) cancel: CancellationToken,
    /// Somebody wished its end.
    killed: AtomicBool,
    record: Mutex<Record>,
    log: Mutex<Log>,
    /// Grows with each change; true once it is over and recorded.
    seen: watch::Sender<Seen>,
}

impl Living {
    pub(super) fn new(record: Record, cancel: CancellationToken) -> Self {
        let (seen, _) = watch::channel((0, false));
        Self {
            id: record.id.clone(),
            cancel,
            killed: AtomicBool::new(false),
            record: Mutex::new(record),
            log: Mutex::default(),
            seen,
        }
    }

    /// How far it is.
    pub(super) fn record(&self) -> Record {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes how far it is; as it is then.
    pub(super) fn change(&self, change: impl FnOnce(&mut Record)) -> Record {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut record);
        let record = record.clone();
        self.say(false);
        record
    }

    /// What it says. Not to be held over an `await`.
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who watch that there is something new; `over`: and that no more comes.
    pub(super) fn say(&self, over: bool) {
        self.seen.send_modify(|(count, ended)| {
            *count += 1;
            *ended |= over;
        });
    }

    /// Wakes at every change.
    pub(super) fn watch(&self) -> watch::Receiver<Seen> {
        self.seen.subscribe()
    }

    /// Wishes its end; false if it is over.
    pub(super) fn kill(&self) -> bool {
        if self.record().status.is_over() {
            return false;
        }
        self.killed.store(true, Ordering::Relaxed);
        self.cancel.cancel();
        true
    }

    pub(super) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Waits until it is over and recorded.
    pub(super) async fn ended(&self) -> Record {
        // The sender lives as long as we do.
        drop(self.watch().wait_for(|(_, ended)| *ended).await);
        self.record()
    }
}
