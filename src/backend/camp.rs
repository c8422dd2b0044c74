//! One run's sandboxes: reaper, control groups and launcher, from opening to an audited end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Child;
use tokio::time::timeout;

use super::audit::{self, Kind};
use super::cgroup::{Enforced, Group};
use super::failpoint::{self, Point};
use super::journal::{Entry, Found, Journal};
use super::link::Link;
use super::recipe::Site;
use super::settings::CampSettings;
use super::sweep::{self, Sweep};
use super::trial::{Launch, Task, Trial};
use super::view::View;
use super::wire::{Launch as Start, Order, Report};
use super::{Error, judge, reaper};
use crate::model::bench::{Limits, Phases};
use crate::model::id::RunId;
use crate::model::unit::Seconds;
use crate::model::usage::Usage;

/// Time a launcher gets beyond a task's own, before it is given up.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time a helper has to come up or to end.
const HELPER: Duration = Duration::from_secs(10);
/// Time for a box to be empty after it was killed.
const DEATH: Duration = Duration::from_secs(2);

/// Where one run's sandboxes live. Close it; one that is only dropped is swept by its reaper.
#[derive(Debug)]
pub struct Camp {
    site: Arc<Site>,
    journal: Journal,
    reaper: Child,
    group: Group,
    limits: Limits,
    enforced: Enforced,
    link: Option<Link>,
    runtimes: Vec<Entry>,
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
        let enforced = group.limit(&settings.limits);
        let view = View::of(Path::new("/"));
        let (settings, id) = (settings.clone(), id.clone());
        let mut camp = Self {
            limits: settings.limits,
            site: Arc::new(Site { settings, id, place, view }),
            journal,
            reaper,
            group,
            enforced,
            link: None,
            runtimes: Vec::new(),
            serial: 0,
        };
        camp.start().await?;
        Ok(camp)
    }

    /// Starts the first launcher. Where it may not enter its groups, as without root in a group that
    /// was not delegated, the camp goes on without any.
    async fn start(&mut self) -> Result<(), Error> {
        let mut link = Link::start(&self.site, self.group.boxes()).await;
        if link.is_err() && self.is_grouped() {
            self.group = Group::default();
            self.enforced = Enforced::default();
            link = Link::start(&self.site, Vec::new()).await;
        }
        self.link = Some(link?);
        failpoint::reach(Point::Launcher);
        Ok(())
    }

    /// The limits that the kernel took.
    pub(super) const fn enforced(&self) -> Enforced {
        self.enforced
    }

    /// Whether everything in it can be killed at once.
    pub(super) const fn is_grouped(&self) -> bool {
        !self.group.is_empty()
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
        self.ask(&Order::Launch(start), within).await
    }

    /// Kills and removes everything, and looks whether it is gone.
    pub async fn close(mut self) -> Result<Sweep, Error> {
        if let Some(link) = self.link.take() {
            link.end().await;
        }
        failpoint::reach(Point::Closing);
        self.clear().await?;
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

    /// Gives the launcher an order and waits for its report. When none comes, or when something was
    /// left or had to be killed, the box is cleared and a new launcher started. If this future is
    /// dropped, the launcher goes with the order, and the next call finds none.
    async fn ask(&mut self, order: &Order, within: Duration) -> Result<Report, Error> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.renew().await?,
        };
        let said = timeout(within + PATIENCE, link.exchange(order)).await;
        let report = match said {
            Ok(report) => report?.unwrap_or_else(|| Report {
                start_error: Some("the launcher was killed".to_owned()),
                left_over: true,
                ..Report::default()
            }),
            Err(_) => Report { timed_out: true, left_over: true, ..Report::default() },
        };
        if report.left_over || report.timed_out {
            link.end().await;
            self.link = Some(self.renew().await?);
        } else {
            self.link = Some(link);
        }
        Ok(report)
    }

    async fn renew(&mut self) -> Result<Link, Error> {
        self.clear().await?;
        Link::start(&self.site, self.group.boxes()).await
    }

    /// Kills everything in the box and has the runtimes forget it.
    async fn clear(&mut self) -> Result<(), Error> {
        let group = self.group.clone();
        let site = self.site.clone();
        let cleared = tokio::task::spawn_blocking(move || {
            let empty = group.kill(DEATH);
            sweep::kill_marked(&site.settings, &site.id);
            for (tool, container) in audit::containers(&Found::open(&site.place)) {
                sweep::delete(&tool, &container);
            }
            sweep::reap(&site.settings, &site.id);
            empty
        });
        if cleared.await.unwrap_or(false) {
            return Ok(());
        }
        let mut left = audit::audit(&self.site.settings, &self.site.id);
        left.retain(|one| one.kind == Kind::Process);
        Err(Error::LeftOver { left })
    }

    /// Writes down what a runtime will keep, once.
    fn note(&mut self, runtime: Option<Entry>) -> Result<(), Error> {
        let Some(entry) = runtime.filter(|entry| !self.runtimes.contains(entry)) else {
            return Ok(());
        };
        self.journal.note(&entry)?;
        self.runtimes.push(entry);
        failpoint::reach(Point::Runtime);
        Ok(())
    }
}

impl Launch for Camp {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        self.serial += 1;
        if task.limits != self.limits {
            self.enforced = self.group.limit(&task.limits);
            self.limits = task.limits;
        }
        let recipe = match self.site.recipe(task, self.serial) {
            Ok(recipe) => recipe,
            Err(missing @ Error::Tool { .. }) => {
                return Ok(Trial {
                    phases: Phases::default(),
                    outcome: judge::refused(&missing),
                    left_over: false,
                    dropped_bytes: 0,
                });
            }
            Err(broken) => return Err(broken),
        };
        self.note(recipe.runtime)?;
        let within = Duration::from_millis(recipe.launch.timeout_ms);
        let before = self.group.memory();
        let report = self.ask(&Order::Launch(recipe.launch), within).await?;
        failpoint::reach(Point::Reported);
        let after = self.group.memory();
        let violent = report.signal == Some(9) || report.status == Some(128 + 9);
        let out_of_memory = after.kills > before.kills || (violent && after.hits > before.hits);
        Ok(Trial {
            phases: judge::phases(&report),
            outcome: judge::judge(&report, task.payload, task.nonce, out_of_memory),
            left_over: report.left_over,
            dropped_bytes: report.dropped_bytes,
        })
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        let small = PathBuf::from("/bin/true");
        let own = || self.site.settings.exe.clone();
        let program = if small.exists() { small } else { own() };
        let report = self.ask(&Order::Empty(program), HELPER).await?;
        let nanoseconds = report.exited_ns.ok_or(Error::Interrupted { doing: "empty loop" })?;
        Ok(Seconds(nanoseconds as f64 / 1e9))
    }

    fn usage(&self) -> Option<Usage> {
        self.group.usage()
    }
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
