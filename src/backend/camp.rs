//! One run's sandboxes: reaper, control groups and lots, from opening to an audited end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::audit;
use super::cgroup::{Enforced, Group, Memory};
use super::failpoint::{self, Point};
use super::job::Prepared;
use super::journal::{Entry, Journal};
use super::kind::{self, Errand, Kind};
use super::lot::Lot;
use super::settings::CampSettings;
use super::site::Site;
use super::sweep::{self, Sweep};
use super::trial::{Launch, Task, Trial, Work};
use super::view::View;
use super::wire::{Launch as Start, Order, Report};
use super::{Error, job, judge, payload, reaper};
use crate::model::backend::{BackendId, Start as Temperature, Traits};
use crate::model::id::RunId;
use crate::model::job::Chunk;
use crate::model::unit::Seconds;
use crate::model::usage::Usage;

mod crowd;

/// Time a helper has to come up or to end.
const HELPER: Duration = Duration::from_secs(10);
/// The lot of whatever is started one at a time.
const MAIN: &str = "main";

/// Where one run's sandboxes live. Close it; one that is only dropped is swept by its reaper.
#[derive(Debug)]
pub struct Camp {
    site: Arc<Site>,
    journal: Journal,
    reaper: Child,
    group: Group,
    lots: BTreeMap<String, Lot>,
    noted: Vec<Entry>,
    prepared: BTreeSet<(BackendId, Temperature, u64)>,
    serial: u64,
}

impl Camp {
    /// Sweeps what dead runs left, then makes the camp of run `id`. Refuses if something of an
    /// earlier run cannot be removed, or if the id is in use.
    pub async fn open(id: &RunId, settings: &CampSettings) -> Result<Self, Error> {
        let lock = clear_ground(settings.clone()).await?;
        // First of all, so that there is nothing without someone to sweep it.
        let reaper = reaper::start(settings, id)?;
        failpoint::reach(Point::Reaper);
        let place = audit::place(settings, id);
        let mut journal = Journal::begin(&place, id, &settings.roots)?;
        failpoint::reach(Point::Journal);
        drop(lock);
        // What a killed launcher leaves is handed to us, to be waited for; without it, to init.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid())).ok();
        let group = make_group(&mut journal, id, settings)?;
        failpoint::reach(Point::Group);
        let root = place.join("root");
        std::fs::create_dir(&root).map_err(|source| Error::io("create", &root, source))?;
        let view = View::of(Path::new("/"));
        let (settings, id) = (settings.clone(), id.clone());
        let mut camp = Self {
            site: Arc::new(Site { settings, id, place, view }),
            journal,
            reaper,
            group,
            lots: BTreeMap::new(),
            noted: Vec::new(),
            prepared: BTreeSet::new(),
            serial: 0,
        };
        camp.lot(MAIN).await?;
        failpoint::reach(Point::Launcher);
        Ok(camp)
    }

    /// The lot called `name`, made where there is none.
    async fn lot(&mut self, name: &str) -> Result<&mut Lot, Error> {
        if !self.lots.contains_key(name) {
            let limits = self.site.settings.limits;
            let lot = Lot::open(name, &self.site, &self.group, limits).await?;
            self.lots.insert(name.to_owned(), lot);
        }
        self.lots.get_mut(name).ok_or(Error::Interrupted { doing: "lot" })
    }

    /// The limits that the kernel took.
    pub(super) fn enforced(&self) -> Enforced {
        self.lots.get(MAIN).map(Lot::enforced).unwrap_or_default()
    }

    /// Whether everything in it can be killed at once.
    pub(super) fn is_grouped(&self) -> bool {
        self.lots.get(MAIN).is_some_and(Lot::is_grouped)
    }

    /// Runs a tool that only says something, such as its version; contained like a sandbox.
    pub(super) async fn consult(
        &mut self,
        argv: Vec<String>,
        within: Duration,
    ) -> Result<Report, Error> {
        let start = Start {
            argv,
            env: self.site.env(),
            timeout_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
            keep_bytes: 4096,
            ..Start::default()
        };
        self.one(MAIN, &Order::Launch(start), within, None).await
    }

    /// An order to a lot that has one report.
    async fn one(
        &mut self,
        lot: &str,
        order: &Order,
        within: Duration,
        out: Option<&mpsc::Sender<Chunk>>,
    ) -> Result<Report, Error> {
        let reports = self.lot(lot).await?.ask(order, within, out).await?;
        Ok(reports.into_iter().next().unwrap_or_default())
    }

    /// Kills and removes everything, and looks whether it is gone.
    pub async fn close(mut self) -> Result<Sweep, Error> {
        for lot in self.lots.values_mut() {
            lot.end().await;
        }
        failpoint::reach(Point::Closing);
        crowd::clear(std::mem::take(&mut self.lots).into_values()).await?;
        failpoint::reach(Point::Cleared);
        let Self { site, journal, mut reaper, .. } = self;
        drop(journal);
        let swept = {
            let site = site.clone();
            tokio::task::spawn_blocking(move || sweep::sweep(&site.settings, &site.id)).await
        };
        failpoint::reach(Point::Swept);
        drop(reaper.stdin.take());
        // A reaper that does not end by then has nothing to do but end.
        drop(timeout(HELPER, reaper.wait()).await);
        swept.map_err(|_| Error::Interrupted { doing: "sweep" })
    }

    /// Runs a user's work in a sandbox, told as it goes on through `out`.
    pub async fn exec(&mut self, task: &Task, out: &mpsc::Sender<Chunk>) -> Result<Trial, Error> {
        self.carry_out(task, Some(out)).await
    }

    async fn carry_out(
        &mut self,
        task: &Task,
        out: Option<&mpsc::Sender<Chunk>>,
    ) -> Result<Trial, Error> {
        let Some(kind) = kind::of(task.backend) else {
            return Ok(Trial::ended(judge::refused(&Error::NotBuilt { id: task.backend })));
        };
        let lot = if kind.is_host() { task.backend.name() } else { MAIN };
        self.lot(lot).await?;
        let tried = self.try_out(kind, task, lot, out).await;
        job::clear(&self.files());
        match tried {
            Err(missing @ (Error::Tool { .. } | Error::Refused { .. })) => {
                Ok(Trial::ended(judge::refused(&missing)))
            }
            tried => tried,
        }
    }

    async fn try_out(
        &mut self,
        kind: &dyn Kind,
        task: &Task,
        lot: &str,
        out: Option<&mpsc::Sender<Chunk>>,
    ) -> Result<Trial, Error> {
        let mut errand = self.errand(kind, task, lot)?;
        errand.stream = out.is_some();
        let order = self.order(kind, &errand).await?;
        let lot = self.lot(lot).await?;
        lot.limit(&kind::bounds(kind, &task.limits, 1));
        let before = lot.memory();
        let report = lot.ask(&order, within(task), out).await?.into_iter().next();
        failpoint::reach(Point::Reported);
        let out_of_memory = is_out_of_memory(report.as_ref(), before, lot.memory());
        Ok(judge::trial(report.unwrap_or_default(), task, kind.is_host(), out_of_memory))
    }

    /// What is to be made of `task` in the lot called `lot`, and the files it needs.
    fn errand<'a>(
        &mut self,
        kind: &dyn Kind,
        task: &'a Task,
        lot: &'a str,
    ) -> Result<Errand<'a>, Error> {
        self.serial += 1;
        let group = self.lots.get(lot).map(Lot::path).unwrap_or_default();
        let name = format!("im-{}-{lot}-{}", self.site.id.short(), self.serial);
        let prepared = match &task.work {
            Work::Job(job) if !kind.is_host() => {
                let files = self.files();
                let ready = job::prepare(task.backend, job, task.nonce, &files, &self.site.view)?;
                failpoint::reach(Point::Files);
                ready
            }
            _ => Prepared { inside: payload::inside(task), ..Prepared::default() },
        };
        let Prepared { inside, direct, env, shown, input, view } = prepared;
        let stream = false;
        Ok(Errand { task, name, lot, group, inside, shown, input, stream, view, direct, env })
    }

    /// Where the files of the present task lie.
    fn files(&self) -> PathBuf {
        self.site.place.join(format!("job-{}", self.serial))
    }

    /// What the launcher is told to do `errand`, when what must go before it is done.
    async fn order(&mut self, kind: &dyn Kind, errand: &Errand<'_>) -> Result<Order, Error> {
        let recipe = kind.recipe(&self.site, errand)?;
        self.note(recipe.notes)?;
        let task = errand.task;
        let key = (task.backend, task.start, task.limits.memory_bytes.0);
        if let Some(first) = recipe.first.filter(|_| !self.prepared.contains(&key)) {
            self.prepare(errand.lot, first).await?;
            failpoint::reach(Point::First);
            self.prepared.insert(key);
        }
        Ok(recipe.order)
    }

    /// What `id` gives and keeps here.
    pub fn traits(&self, id: BackendId) -> Traits {
        kind::traits(id, self.enforced())
    }

    /// Does what must be done once before the first sandbox of its kind.
    async fn prepare(&mut self, lot: &str, first: Start) -> Result<(), Error> {
        let within = Duration::from_millis(first.timeout_ms);
        let report = self.one(lot, &Order::Launch(first), within, None).await?;
        if report.status == Some(0) && !report.timed_out {
            return Ok(());
        }
        Err(Error::Refused { why: judge::complaint(&report) })
    }

    /// Writes down what may be left outside the run's directory and groups, each once.
    fn note(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        for entry in entries {
            if self.noted.contains(&entry) {
                continue;
            }
            self.journal.note(&entry)?;
            self.noted.push(entry);
            failpoint::reach(Point::Runtime);
        }
        Ok(())
    }
}

impl Launch for Camp {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        debug_assert!(!matches!(task.work, Work::Job(_)), "a user's work goes through `exec`");
        self.carry_out(task, None).await
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        let small = PathBuf::from("/bin/true");
        let own = || self.site.settings.exe.clone();
        let program = if small.exists() { small } else { own() };
        let report = self.one(MAIN, &Order::Empty(program), HELPER, None).await?;
        let nanoseconds = report.exited_ns.ok_or(Error::Interrupted { doing: "empty loop" })?;
        Ok(Seconds(nanoseconds as f64 / 1e9))
    }

    fn usage(&self) -> Option<Usage> {
        self.group.usage()
    }
}

/// The time `task` may take.
fn within(task: &Task) -> Duration {
    // A cast of a negative or endless time saturates, which is what is meant.
    let within = Duration::try_from_secs_f64(task.limits.timeout_seconds.0);
    within.unwrap_or_else(|_| Duration::from_secs(u64::from(u32::MAX)))
}

/// Whether the kernel killed something of it for want of memory.
fn is_out_of_memory(report: Option<&Report>, before: Memory, after: Memory) -> bool {
    let violent = report.is_some_and(|end| end.signal == Some(9) || end.status == Some(128 + 9));
    let starved = report.is_some_and(|end| end.starved);
    starved || after.kills > before.kills || (violent && after.hits > before.hits)
}

/// Sweeps what dead runs left; the state directory's lock, so that nobody takes us for dead before
/// our journal says otherwise.
async fn clear_ground(settings: CampSettings) -> Result<File, Error> {
    let cleared = tokio::task::spawn_blocking(move || {
        let lock = settings.lock_state()?;
        let left = sweep::sweep_dead(&settings, false)?;
        if left.is_empty() { Ok(lock) } else { Err(Error::LeftOver { left }) }
    });
    cleared.await.unwrap_or_else(|_| Err(Error::Interrupted { doing: "sweep" }))
}

/// Writes down where the run's control groups will be, then makes them.
fn make_group(journal: &mut Journal, id: &RunId, settings: &CampSettings) -> Result<Group, Error> {
    let places = Group::places(&settings.roots, id);
    for path in &places {
        journal.note(&Entry::Group { path: path.clone() })?;
    }
    failpoint::reach(Point::Noted);
    Ok(Group::open(&places))
}
