//! The switchboard: sources in, updates out, commands down.
//!
//! The hub waits for nothing but its two queues: what takes time runs in a task of its own and
//! speaks through an [`Outlet`] like any source. It knows what a deed is ([`Deed`]), not how it is
//! done, so that a test hands it fakes.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::alert::AlertWish;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::time::Clock;
use crate::model::update::{Update, What};
use crate::watch::{Outlet, Pace};

mod beside;
mod bucket;
pub mod deed;
mod fleet;
pub mod local;
mod obey;
mod task;
mod tell_again;

pub use deed::Deed;

/// Updates that may wait for the hub.
const UPDATES: usize = 1_024;
/// Commands that may wait for the hub: one for each node of a benchmark that is ended everywhere.
const COMMANDS: usize = 1_024;
/// How often losses are told.
const TELL_LOST: Duration = Duration::from_secs(1);
/// How long a run may take to clear up when the hub stops.
const CLEAR_UP: Duration = Duration::from_secs(10);

/// Who hears of updates, and of which.
struct Subscriber {
    to: mpsc::Sender<Update>,
    wants: fn(&What) -> bool,
}

/// The switchboard.
pub struct Hub<D> {
    deed: Arc<D>,
    random: StdRng,
    outlet: Outlet,
    updates: mpsc::Receiver<Update>,
    wishes: mpsc::Sender<Command>,
    commands: mpsc::Receiver<Command>,
    subscribers: Vec<Subscriber>,
    listeners: Vec<mpsc::Sender<Update>>,
    pace: watch::Sender<Pace>,
    tasks: TaskTracker,
    live: Option<task::Live>,
    running: watch::Sender<Option<RunId>>,
    check: Option<tokio::task::JoinHandle<()>>,
    mend: Option<task::Mending>,
    fleet: fleet::Fleet,
    beside: beside::Beside,
    shelves: Vec<bucket::Shelf>,
    judge: Option<mpsc::Sender<AlertWish>>,
    told_lost: u64,
}

impl<D: Deed> Hub<D> {
    /// A hub that has things done by `deed` and makes run ids from `random`.
    pub fn new(deed: Arc<D>, clock: Arc<dyn Clock>, random: StdRng, interval: Duration) -> Self {
        let (to, updates) = mpsc::channel(UPDATES);
        let (wishes, commands) = mpsc::channel(COMMANDS);
        let paused = false;
        let (pace, _) = watch::channel(Pace { interval, paused });
        Self {
            deed,
            random,
            outlet: Outlet::new(SourceId::local(), clock, to),
            updates,
            wishes,
            commands,
            subscribers: Vec::new(),
            listeners: Vec::new(),
            pace,
            tasks: TaskTracker::new(),
            live: None,
            running: watch::Sender::new(None),
            check: None,
            mend: None,
            fleet: fleet::Fleet::default(),
            beside: beside::Beside::default(),
            shelves: Vec::new(),
            judge: None,
            told_lost: 0,
        }
    }

    /// The way up for this machine's own sources; [`Outlet::of`] makes one for another.
    pub fn outlet(&self) -> Outlet {
        self.outlet.clone()
    }

    /// How often sources are to sample.
    pub fn pace(&self) -> watch::Receiver<Pace> {
        self.pace.subscribe()
    }

    /// The run that goes on, from when its wish is taken until all of it is over.
    pub fn running(&self) -> watch::Receiver<Option<RunId>> {
        self.running.subscribe()
    }

    /// The way down.
    pub fn commands(&self) -> mpsc::Sender<Command> {
        self.wishes.clone()
    }

    /// Every update from now on, up to `room` waiting.
    pub fn subscribe(&mut self, room: usize) -> mpsc::Receiver<Update> {
        self.subscribe_to(room, |_| true)
    }

    /// The same of those alone that are wanted, so that no other is copied.
    pub fn subscribe_to(
        &mut self,
        room: usize,
        wants: fn(&What) -> bool,
    ) -> mpsc::Receiver<Update> {
        let (to, updates) = mpsc::channel(room);
        self.subscribers.push(Subscriber { to, wants });
        updates
    }

    /// Every update from now on that no later one replaces, up to `room` waiting. Nobody waits for who
    /// takes them: one with whom there is no room any more is let go of.
    pub fn listen(&mut self, room: usize) -> mpsc::Receiver<Update> {
        let (to, updates) = mpsc::channel(room);
        self.listeners.push(to);
        updates
    }

    /// Has wishes about alerts go to who judges them.
    pub fn judged_by(&mut self, judge: mpsc::Sender<AlertWish>) {
        self.judge = Some(judge);
    }

    /// Works until `stop`; then a live run is cancelled and heard to its end.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut tell_lost = tokio::time::interval(TELL_LOST);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(command) = self.commands.recv() => self.obey(command).await,
                Some(update) = self.updates.recv() => self.pass(update).await,
                _ = tell_lost.tick() => self.tell_lost().await,
            }
        }
        if tokio::time::timeout(CLEAR_UP, self.wind_up()).await.is_err() {
            tracing::warn!("a task did not end in time");
        }
    }

    async fn wind_up(&mut self) {
        self.fleet.stop.cancel();
        if let Some(live) = &self.live {
            live.cancel.cancel();
        }
        if let Some(mend) = &self.mend {
            mend.cancel.cancel();
        }
        if let Some(check) = &self.check {
            check.abort();
        }
        self.tasks.close();
        let tasks = self.tasks.clone();
        let ended = tasks.wait();
        tokio::pin!(ended);
        loop {
            tokio::select! {
                Some(update) = self.updates.recv() => self.pass(update).await,
                () = &mut ended => break,
            }
        }
        while let Ok(update) = self.updates.try_recv() {
            self.pass(update).await;
        }
    }

    /// Gives `update` to every subscriber; who has gone is forgotten.
    async fn pass(&mut self, update: Update) {
        self.fleet.note(&update);
        self.find_beside(&update);
        if !update.what.is_periodic() {
            self.listeners.retain(|listener| match listener.try_send(update.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    tracing::warn!("runs of other nodes are kept no longer: the disk is too slow");
                    false
                }
            });
        }
        for Subscriber { to, wants } in &self.subscribers {
            if !wants(&update.what) {
                continue;
            }
            if !update.what.is_periodic() {
                // An error means the subscriber has gone, which is seen below.
                to.send(update.clone()).await.ok();
            } else if let Err(mpsc::error::TrySendError::Full(_)) = to.try_send(update.clone()) {
                self.outlet.count_lost();
            }
        }
        self.subscribers.retain(|subscriber| !subscriber.to.is_closed());
    }

    async fn tell_lost(&mut self) {
        let lost = self.outlet.lost();
        if lost != std::mem::replace(&mut self.told_lost, lost) {
            let update =
                Update { at: self.outlet.now(), from: SourceId::local(), what: What::Lost(lost) };
            self.pass(update).await;
        }
    }
}

#[cfg(test)]
mod tests;
