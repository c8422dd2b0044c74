//! What is one for a whole run, whoever starts sandboxes in it: the journal, the count that makes
//! names unique, and what was done once before the first sandbox of its kind.
//!
//! A task is carried out in a lot that the caller has for itself, so that several can be at it at the
//! same time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::{HELPER, MAIN, is_out_of_memory, within};
use crate::backend::failpoint::{self, Point};
use crate::backend::job::Prepared;
use crate::backend::journal::{Entry, Journal};
use crate::backend::kind::{self, Errand, Kind};
use crate::backend::lot::Lot;
use crate::backend::site::Site;
use crate::backend::trial::{Task, Trial, Work};
use crate::backend::wire::{Launch, Order, Report};
use crate::backend::{Error, job, judge, payload, residue};
use crate::model::backend::{BackendId, Start};
use crate::model::job::Chunk;
use crate::model::unit::Seconds;

/// What is done once: for a backend, a start and a memory limit.
type Key = (BackendId, Start, u64);

/// A program that does nothing.
const SMALL: &str = "/bin/true";

/// What is one for a whole run.
#[derive(Debug)]
pub(super) struct Desk {
    /// Where sandboxes are made.
    pub site: Arc<Site>,
    /// Closed when the run is over.
    ledger: Mutex<Option<Ledger>>,
    prepared: tokio::sync::Mutex<BTreeSet<Key>>,
    serial: AtomicU64,
}

/// The journal, and what stands in it.
#[derive(Debug)]
struct Ledger {
    journal: Journal,
    noted: Vec<Entry>,
}

impl Desk {
    /// The desk of a run that begins.
    pub(super) fn new(site: Site, journal: Journal) -> Self {
        Self {
            site: Arc::new(site),
            ledger: Mutex::new(Some(Ledger { journal, noted: Vec::new() })),
            prepared: tokio::sync::Mutex::default(),
            serial: AtomicU64::new(0),
        }
    }

    /// A number that no other sandbox of the run has.
    pub(super) fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Where the files of the task with that number lie.
    pub(super) fn files(&self, serial: u64) -> PathBuf {
        self.site.place.join(format!("job-{serial}"))
    }

    /// Gives the journal up: nothing more is started.
    pub(super) fn close(&self) {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Runs `task` in `lot`; what it says goes to `out` as it comes.
    pub(super) async fn carry_out(
        &self,
        task: &Task,
        lot: &mut Lot,
        out: Option<&mpsc::Sender<Chunk>>,
    ) -> Result<Trial, Error> {
        let Some(kind) = kind::of(task.backend) else {
            return Ok(Trial::ended(judge::refused(&Error::NotBuilt { id: task.backend })));
        };
        let serial = self.serial();
        let tried = self.try_out(kind, task, lot, serial, out).await;
        job::clear(&self.files(serial));
        match tried {
            Err(missing @ (Error::Tool { .. } | Error::Refused { .. })) => {
                Ok(Trial::ended(judge::refused(&missing)))
            }
            tried => tried,
        }
    }

    async fn try_out(
        &self,
        kind: &dyn Kind,
        task: &Task,
        lot: &mut Lot,
        serial: u64,
        out: Option<&mpsc::Sender<Chunk>>,
    ) -> Result<Trial, Error> {
        let mut order = self.order(kind, task, lot, serial, out.is_some()).await?;
        if let Work::Job(job) = &task.work {
            order.set_pace(job.pace.map(|bytes| bytes.0));
        }
        // Under load the command itself was started just before.
        if let Order::Launch(Launch { silent: true, before, .. }) = &mut order
            && lot.name() == MAIN
        {
            *before = Some(PathBuf::from(SMALL)).filter(|program| program.exists());
        }
        lot.limit(&kind::bounds(kind, &task.limits, 1));
        let before = lot.memory();
        let report = lot.ask(&order, within(task), out).await?.into_iter().next();
        failpoint::reach(Point::Reported);
        let out_of_memory = is_out_of_memory(report.as_ref(), before, lot.memory());
        Ok(judge::trial(report.unwrap_or_default(), task, kind.is_host(), out_of_memory))
    }

    /// Does in `lot` what must be done once before `task`, which is carried out in another where
    /// nothing may be done besides.
    pub(super) async fn prepare(
        &self,
        kind: &dyn Kind,
        task: &Task,
        lot: &mut Lot,
    ) -> Result<(), Error> {
        if self.prepared.lock().await.contains(&key(task)) {
            return Ok(());
        }
        let order = self.order(kind, task, lot, self.serial(), false).await?;
        if let Order::Launch(launch) = order {
            residue::remove(&launch.remove);
            residue::remove(&launch.gone);
        }
        self.prepared.lock().await.insert(key(task));
        Ok(())
    }

    /// What the launcher of `lot` is told to do `task`, when what must go before it is done; its
    /// output is told as it comes if `stream`.
    pub(super) async fn order(
        &self,
        kind: &dyn Kind,
        task: &Task,
        lot: &mut Lot,
        serial: u64,
        stream: bool,
    ) -> Result<Order, Error> {
        let name = lot.name().to_owned();
        let errand = self.errand(kind, task, (&name, lot.path()), serial, stream)?;
        let recipe = kind.recipe(&self.site, &errand)?;
        self.note(recipe.notes)?;
        if let Some(first) = recipe.first {
            let key = key(task);
            let mut prepared = self.prepared.lock().await;
            if !prepared.contains(&key) {
                prepare(lot, first).await?;
                failpoint::reach(Point::First);
                prepared.insert(key);
            }
        }
        Ok(recipe.order)
    }

    /// What is to be made of `task` in the lot called `lot` in `group`, and the files it needs.
    fn errand<'a>(
        &self,
        kind: &dyn Kind,
        task: &'a Task,
        (lot, group): (&'a str, String),
        serial: u64,
        stream: bool,
    ) -> Result<Errand<'a>, Error> {
        let name = format!("im-{}-{lot}-{serial}", self.site.id.short());
        let prepared = match &task.work {
            Work::Job(job) if !kind.is_host() => {
                let files = self.files(serial);
                let (id, view) = (task.backend, &self.site.view);
                let ready = job::prepare(id, job, task.nonce, &files, view, stream)?;
                failpoint::reach(Point::Files);
                ready
            }
            _ => {
                Prepared { inside: payload::inside(task, &self.site.place), ..Prepared::default() }
            }
        };
        let Prepared { inside, direct, env, shown, input, view } = prepared;
        Ok(Errand { task, name, lot, group, inside, shown, input, stream, view, direct, env })
    }

    /// Writes down what may be left outside the run's directory and groups, each once.
    fn note(&self, entries: Vec<Entry>) -> Result<(), Error> {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let Ledger { journal, noted } =
            ledger.as_mut().ok_or(Error::Interrupted { doing: "run" })?;
        for entry in entries {
            if noted.contains(&entry) {
                continue;
            }
            journal.note(&entry)?;
            noted.push(entry);
            failpoint::reach(Point::Runtime);
        }
        Ok(())
    }

    /// What a spawn and a wait cost in `lot` with nothing in between.
    pub(super) async fn overhead(&self, lot: &mut Lot) -> Result<Seconds, Error> {
        let small = Path::new(SMALL);
        let program = if small.exists() { small } else { &self.site.settings.exe };
        let report = one(lot, &Order::Empty(program.to_owned()), HELPER).await?;
        let nanoseconds = report.exited_ns.ok_or(Error::Interrupted { doing: "empty loop" })?;
        Ok(Seconds(nanoseconds as f64 / 1e9))
    }
}

/// What `task` needs done once.
const fn key(task: &Task) -> Key {
    (task.backend, task.start, task.limits.memory_bytes.0)
}

/// Does what must be done once before the first sandbox of its kind.
async fn prepare(lot: &mut Lot, first: Launch) -> Result<(), Error> {
    let within = Duration::from_millis(first.timeout_ms);
    let report = one(lot, &Order::Launch(first), within).await?;
    if report.status == Some(0) && !report.timed_out {
        return Ok(());
    }
    Err(Error::Refused { why: judge::complaint(&report) })
}

/// An order to `lot` that has one report.
pub(super) async fn one(lot: &mut Lot, order: &Order, within: Duration) -> Result<Report, Error> {
    let reports = lot.ask(order, within, None).await?;
    Ok(reports.into_iter().next().unwrap_or_default())
}
