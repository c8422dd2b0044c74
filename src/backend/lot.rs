//! One lot of a camp: limits, and a launcher in them. Sandboxes that are alive at the same time
//! stand in lots of their own, so that none eats what another was promised.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::audit::{self, Kind, Scope};
use super::cgroup::{Enforced, Group, Memory};
use super::failpoint::{self, Point};
use super::journal::Found;
use super::link::{Answer, Link, NoLink};
use super::site::Site;
use super::wire::{Order, Report};
use super::{Error, docker, host, sweep, tree};
use crate::model::bench::Limits;
use crate::model::job::Chunk;
use crate::model::usage::{Held, Usage};

/// Time a launcher gets beyond a task's own, before it is given up.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time for a box to be empty after it was killed.
const DEATH: Duration = Duration::from_secs(2);

/// Where a lot is: what has to be cleared of it, whoever holds its launcher.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// The lot's name in the run.
    pub name: String,
    site: Arc<Site>,
    group: Group,
}

/// Limits and a launcher.
#[derive(Debug)]
pub(super) struct Lot {
    /// Where it is.
    pub plot: Plot,
    limits: Limits,
    enforced: Enforced,
    link: Option<Link>,
}

impl Lot {
    /// A lot called `name` with its groups below `above`. Where its launcher may not enter them, as
    /// without root in a group that was not delegated, it goes on without any.
    pub(super) async fn open(
        name: &str,
        site: &Arc<Site>,
        above: &Group,
        limits: Limits,
    ) -> Result<Self, Error> {
        let mut group = above.lot(name);
        let mut enforced = group.limit(&limits);
        failpoint::reach(Point::Lot);
        let mut link = Link::start(site, name, group.boxes()).await;
        if matches!(link, Err(NoLink::Groups(_))) {
            (group, enforced) = (Group::default(), Enforced::default());
            link = Link::start(site, name, Vec::new()).await;
        }
        let plot = Plot { name: name.to_owned(), site: site.clone(), group };
        Ok(Self { plot, limits, enforced, link: Some(link?) })
    }

    /// Its name in the run.
    pub(super) fn name(&self) -> &str {
        &self.plot.name
    }

    /// The limits that the kernel took.
    pub(super) const fn enforced(&self) -> Enforced {
        self.enforced
    }

    /// Whether everything in it can be killed at once.
    pub(super) const fn is_grouped(&self) -> bool {
        !self.plot.group.is_empty()
    }

    /// Whether its launcher is gone, with a call that was dropped.
    pub(super) const fn is_lost(&self) -> bool {
        self.link.is_none()
    }

    /// Its launcher's process.
    pub(super) fn launcher(&self) -> Option<u32> {
        self.link.as_ref().and_then(Link::pid)
    }

    /// What everything in it has used so far; `None` without groups.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.plot.group.usage()
    }

    /// Memory that everything in it holds; `None` where no group counts it.
    pub(super) fn held(&self) -> Option<Held> {
        self.plot.group.held()
    }

    /// Its control group, from the root of each hierarchy.
    pub(super) fn path(&self) -> String {
        format!("/{}/{}/{}", super::cgroup::TOP, self.plot.site.id, self.plot.name)
    }

    /// Bounds everything in it from now on.
    pub(super) fn limit(&mut self, limits: &Limits) {
        if *limits != self.limits {
            self.enforced = self.plot.group.limit(limits);
            self.limits = *limits;
        }
    }

    /// Counters of memory trouble in it.
    pub(super) fn memory(&self) -> Memory {
        self.plot.group.memory()
    }

    /// Gives the launcher an order and waits for its reports. When none comes, or when something was
    /// left or had to be killed, the lot is cleared and a new launcher started. If this future is
    /// dropped, the launcher goes with the order, and the next call finds none.
    pub(super) async fn ask(
        &mut self,
        order: &Order,
        within: Duration,
        out: Option<&mpsc::Sender<Chunk>>,
    ) -> Result<Vec<Report>, Error> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.renew().await?,
        };
        let patience = if matches!(order, Order::Call(_)) { host::PATIENCE } else { PATIENCE };
        let reports = match link.exchange(order, within + patience, out).await? {
            Answer::Reports(reports) => reports,
            Answer::Ended => lost(order, "the launcher was killed"),
            Answer::Silence => lost(order, "the launcher gave no answer"),
        };
        // One that did not come to stand was seen off by the launcher; the others stand on.
        let stands = matches!(order, Order::Stand(_)) && reports.iter().all(|one| !one.left_over);
        let dirty = |report: &Report| !stands && (report.left_over || report.timed_out);
        if reports.iter().any(dirty) {
            link.end().await;
            self.link = Some(self.renew().await?);
        } else {
            self.link = Some(link);
        }
        Ok(reports)
    }

    /// Sends the launcher away.
    pub(super) async fn end(&mut self) {
        if let Some(link) = self.link.take() {
            link.end().await;
        }
    }

    /// Kills everything in it and has the runtimes forget it.
    pub(super) async fn clear(&mut self) -> Result<(), Error> {
        self.plot.clear().await
    }

    async fn renew(&mut self) -> Result<Link, Error> {
        self.plot.clear().await?;
        self.plot.settle().await;
        failpoint::reach(Point::Renewed);
        let Plot { name, site, group } = &self.plot;
        Ok(Link::start(site, name, group.boxes()).await?)
    }
}

impl Plot {
    /// Where the lot called `name` is, or would be, below `above`.
    pub(super) fn of(name: String, site: &Arc<Site>, above: &Group) -> Self {
        Self { group: above.lot(&name), name, site: site.clone() }
    }

    /// Has engines forget its containers. One that gives no answer is asked again when the run is
    /// swept.
    pub(super) async fn settle(&self) {
        let (site, name) = (self.site.clone(), self.name.clone());
        let settled = tokio::task::spawn_blocking(move || {
            for socket in audit::engines(&Found::open(&site.place)) {
                docker::settle_lot(&socket, &site.id, &name);
            }
        });
        settled.await.ok();
    }

    /// Removes the groups of `plots`, which were cleared: the next lot of such a name makes them anew,
    /// and they count from nothing. One that somebody is in stays until the run is swept.
    pub(super) async fn remove(plots: &[Self]) {
        let dirs: Vec<PathBuf> = plots.iter().flat_map(|plot| plot.group.dirs()).collect();
        tokio::task::spawn_blocking(move || tree::remove(&dirs, DEATH)).await.ok();
    }

    /// Kills everything in it and has the runtimes forget it.
    pub(super) async fn clear(&self) -> Result<(), Error> {
        let Self { name, site, group } = self.clone();
        let cleared = tokio::task::spawn_blocking(move || {
            let scope = Scope { run: &site.id, lot: Some(&name) };
            let empty = group.kill(DEATH);
            sweep::kill_marked(&site.settings, scope);
            let mut containers = audit::containers(&Found::open(&site.place));
            containers.retain(|(_, container)| is_of(&name, container));
            sweep::forget(&containers);
            sweep::reap(&site.settings, scope);
            empty
        });
        if cleared.await.unwrap_or(false) {
            return Ok(());
        }
        let mut left = audit::audit(&self.site.settings, &self.site.id);
        left.retain(|one| one.kind == Kind::Process);
        Err(Error::LeftOver { left })
    }
}

/// Whether a runtime's file belongs to a container of the lot called `name`.
fn is_of(name: &str, container: &Path) -> bool {
    let file = container.file_name().unwrap_or_default().to_string_lossy();
    file.contains(&format!("-{name}-"))
}

/// What is said of each sandbox of an order that got no answer.
fn lost(order: &Order, why: &str) -> Vec<Report> {
    let count = match order {
        Order::Call(call) => call.runs.len(),
        Order::Launch(_) | Order::Stand(_) | Order::Empty(_) => 1,
    };
    let report = || Report {
        start_error: Some(why.to_owned()),
        timed_out: why.ends_with("answer"),
        left_over: true,
        ..Report::default()
    };
    std::iter::repeat_with(report).take(count.max(1)).collect()
}
