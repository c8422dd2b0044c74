//! One run's sandboxes: reaper, control groups and lots, from opening to an audited end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::audit;
use super::cgroup::{Enforced, Group, Memory};
use super::failpoint::{self, Point};
use super::journal::{Entry, Journal};
use super::kind::{self, Kind};
use super::lot::Lot;
use super::settings::CampSettings;
use super::site::Site;
use super::sweep::{self, Sweep};
use super::trial::{Crew, Launch, Task, Trial};
use super::view::View;
use super::wire::{Launch as Start, Order, Report};
use super::{Error, judge, reaper};
use crate::model::backend::{BackendId, Traits};
use crate::model::bench::Outcome;
use crate::model::id::RunId;
use crate::model::job::Chunk;
use crate::model::load::Standing;
use crate::model::unit::Seconds;
use crate::model::usage::{Held, Usage};

mod crowd;
mod desk;
mod hands;
mod stand;

use self::desk::Desk;
pub use self::hands::Hand;
use self::stand::Stood;

/// Time a helper has to come up or to end.
const HELPER: Duration = Duration::from_secs(10);
/// The lot of whatever is started one at a time.
const MAIN: &str = "main";

/// Where one run's sandboxes live. Close it; one that is only dropped is swept by its reaper.
#[derive(Debug)]
pub struct Camp {
    desk: Arc<Desk>,
    reaper: Child,
    group: Group,
    lots: BTreeMap<String, Lot>,
    /// The lots of hands, which have them.
    lent: BTreeSet<String>,
    stood: Stood,
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
            desk: Arc::new(Desk::new(Site { settings, id, place, view }, journal)),
            reaper,
            group,
            lots: BTreeMap::new(),
            lent: BTreeSet::new(),
            stood: Stood::default(),
        };
        camp.lot(MAIN).await?;
        failpoint::reach(Point::Launcher);
        Ok(camp)
    }

    /// The lot called `name`, made where there is none.
    async fn lot(&mut self, name: &str) -> Result<&mut Lot, Error> {
        if !self.lots.contains_key(name) {
            let limits = self.desk.site.settings.limits;
            let lot = Lot::open(name, &self.desk.site, &self.group, limits).await?;
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
            env: self.desk.site.env(),
            timeout_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
            keep_bytes: 4096,
            ..Start::default()
        };
        desk::one(self.lot(MAIN).await?, &Order::Launch(start), within).await
    }

    /// Kills and removes everything, and looks whether it is gone.
    pub async fn close(mut self) -> Result<Sweep, Error> {
        for lot in self.lots.values_mut() {
            lot.end().await;
        }
        failpoint::reach(Point::Closing);
        self.raze_all().await?;
        crowd::clear(std::mem::take(&mut self.lots).into_values()).await?;
        self.clear_lent().await?;
        failpoint::reach(Point::Cleared);
        let Self { desk, mut reaper, .. } = self;
        desk.close();
        let swept = {
            let site = desk.site.clone();
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
        let hosted = kind::of(task.backend).is_some_and(Kind::is_host);
        let desk = self.desk.clone();
        let lot = self.lot(if hosted { task.backend.name() } else { MAIN }).await?;
        desk.carry_out(task, lot, out).await
    }

    /// What `id` gives and keeps here.
    pub fn traits(&self, id: BackendId) -> Traits {
        kind::traits(id, self.enforced())
    }
}

impl Launch for Camp {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        self.carry_out(task, None).await
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        let desk = self.desk.clone();
        desk.overhead(self.lot(MAIN).await?).await
    }

    fn usage(&self) -> Option<Usage> {
        self.group.usage()
    }

    fn held(&self) -> Option<Held> {
        self.group.held()
    }

    fn pid(&self) -> Option<u32> {
        self.lots.get(MAIN).and_then(Lot::launcher)
    }
}

impl Crew for Camp {
    type Hand = Hand;

    async fn hands(&mut self, count: u32, like: &Task) -> Result<Vec<Hand>, Error> {
        self.open_hands(count, like).await
    }

    async fn rest(&mut self, hands: Vec<Hand>) -> Result<(), Error> {
        self.rest_hands(hands).await
    }

    async fn stand(&mut self, tasks: &[Task]) -> Result<Vec<Outcome>, Error> {
        self.stand_still(tasks).await
    }

    async fn standing(&mut self) -> Result<Standing, Error> {
        self.weigh().await
    }

    async fn raze(&mut self) -> Result<(), Error> {
        self.raze_all().await
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
