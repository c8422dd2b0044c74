//! Sandboxes that stand still together, and the memory they take.
//!
//! They stand in a few lots whose limits are those of all that stand there, because a launcher for
//! each would weigh more than the lightest of them. The launchers are up before the memory that is
//! available is read, and weigh in nothing that is told. Isolates stand in one host, which counts.
//!
//! Memory is the proportional set size of every process in the lots' groups, or with their mark,
//! of which launchers and isomon's own driver of an engine are left out. Of a machine's own memory
//! what was touched is told apart: it is the mapping of the process that can be written and is as
//! large as the guest's memory, or the smallest that is larger. Where fewer processes are found than
//! sandboxes stand, as where an engine keeps them in groups of its own, the size is not known.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_util::future::join_all;

use super::desk::Desk;
use super::{Camp, Error, Kind, Lot, crowd, is_out_of_memory, kind, within};
use crate::backend::failpoint::{self, Point};
use crate::backend::lot::Plot;
use crate::backend::trial::Task;
use crate::backend::wire::{Order, Report};
use crate::backend::{admission, judge, residue, weight};
use crate::model::bench::{Limits, Outcome};
use crate::model::load::Standing;
use crate::model::unit::Bytes;

/// Lots for programs, at most; each starts one at a time.
const LANES: usize = 4;

/// What stands.
#[derive(Debug, Default)]
pub(super) struct Stood {
    lanes: BTreeMap<String, Lane>,
    /// Memory available before the first.
    before: Option<Bytes>,
}

/// What stands in one lot.
#[derive(Debug)]
struct Lane {
    lot: Lot,
    /// A process of each program.
    pids: Vec<u32>,
    /// Isolates in its host.
    hosted: u32,
    /// Tasks it was given.
    given: u32,
    /// Memory of each guest, where it runs guests.
    guest: Option<u64>,
    /// Files made for them, to be removed after them.
    files: Vec<PathBuf>,
}

/// A task with its place among all.
type Numbered<'a> = (usize, &'a Task);

impl Camp {
    /// Lets `tasks` stand beside what stands already; how each began.
    pub(super) async fn stand_still(&mut self, tasks: &[Task]) -> Result<Vec<Outcome>, Error> {
        admission::admit_together(&self.desk.site.settings, tasks)?;
        let mut outcomes: Vec<Option<Outcome>> = vec![None; tasks.len()];
        let mut shares: BTreeMap<String, Vec<Numbered<'_>>> = BTreeMap::new();
        for (at, task) in tasks.iter().enumerate() {
            match self.lane_of(task, at).await {
                Ok(lane) => shares.entry(lane).or_default().push((at, task)),
                Err(
                    missing @ (Error::NotBuilt { .. } | Error::Tool { .. } | Error::Refused { .. }),
                ) => {
                    outcomes[at] = Some(judge::refused(&missing));
                }
                Err(error) => return Err(error),
            }
        }
        self.open_lanes(shares.keys()).await?;
        if self.stood.before.is_none() {
            self.stood.before = weight::available(&self.desk.site.settings);
        }
        let desk = &*self.desk;
        let each = self.stood.lanes.iter_mut().filter_map(|(name, lane)| {
            let share = shares.remove(name)?;
            Some(lane.raise(desk, share))
        });
        let mut outcome = Ok(());
        for told in join_all(each).await {
            match told {
                Ok(told) => told.into_iter().for_each(|(at, how)| outcomes[at] = Some(how)),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome?;
        failpoint::reach(Point::Standing);
        let lost = || judge::refused(&Error::Interrupted { doing: "order" });
        Ok(outcomes.into_iter().map(|how| how.unwrap_or_else(lost)).collect())
    }

    /// The lot for `task`, number `at` of all; what must go before it is done in the first lot of the
    /// camp, where nothing stands.
    async fn lane_of(&mut self, task: &Task, at: usize) -> Result<String, Error> {
        let kind = kind::of(task.backend).ok_or(Error::NotBuilt { id: task.backend })?;
        let desk = self.desk.clone();
        if !kind.is_host() {
            desk.prepare(kind, task, self.lot(super::MAIN).await?).await?;
        }
        Ok(lane_name(kind, task, at))
    }

    /// Opens those of the lots called `names` that are not there yet.
    async fn open_lanes(&mut self, names: impl Iterator<Item = &String>) -> Result<(), Error> {
        let lanes = &mut self.stood.lanes;
        let missing: Vec<String> =
            names.filter(|name| !lanes.contains_key(*name)).cloned().collect();
        let site = &self.desk.site;
        let lots = crowd::open(missing, site, &self.group, site.settings.limits).await?;
        lanes.extend(lots.into_iter().map(|lot| (lot.name().to_owned(), Lane::new(lot))));
        Ok(())
    }

    /// The memory of what stands.
    pub(super) async fn weigh(&mut self) -> Result<Standing, Error> {
        let site = self.desk.site.clone();
        let rows: Vec<weight::Row> = self.stood.lanes.values().map(Lane::row).collect();
        let before_bytes = self.stood.before;
        let weighed = tokio::task::spawn_blocking(move || {
            let available_bytes = weight::available(&site.settings);
            let weight = weight::weigh(&site.settings, &site.id, &rows);
            Standing {
                count: weight.count,
                pss_bytes: weight.own.map(Bytes),
                guest_bytes: weight.guests.map(Bytes),
                before_bytes,
                available_bytes,
            }
        });
        weighed.await.map_err(|_| Error::Interrupted { doing: "weighing" })
    }

    /// Ends all that stand.
    pub(super) async fn raze_all(&mut self) -> Result<(), Error> {
        let Stood { lanes, .. } = std::mem::take(&mut self.stood);
        let (mut lots, mut files) = (Vec::new(), Vec::new());
        for lane in lanes.into_values() {
            lots.push(lane.lot);
            files.extend(lane.files);
        }
        let plots: Vec<Plot> = lots.iter().map(|lot| lot.plot.clone()).collect();
        let cleared = crowd::clear(lots).await;
        for plot in &plots {
            plot.settle().await;
        }
        if cleared.is_ok() {
            Plot::remove(&plots).await;
        }
        residue::remove(&files);
        cleared
    }
}

/// The lot in which `task`, number `at` of all that are asked for, stands.
fn lane_name(kind: &dyn Kind, task: &Task, at: usize) -> String {
    if kind.is_host() {
        return format!("s-{}", task.backend.name());
    }
    let hands = std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(LANES));
    format!("s-{}", at % hands)
}

impl Lane {
    fn new(lot: Lot) -> Self {
        Self { lot, pids: Vec::new(), hosted: 0, given: 0, guest: None, files: Vec::new() }
    }

    /// What is to be weighed here.
    fn row(&self) -> weight::Row {
        weight::Row {
            lot: self.lot.name().to_owned(),
            launcher: self.lot.launcher(),
            pids: self.pids.clone(),
            hosted: self.hosted,
            guest: self.guest,
        }
    }

    /// Starts `tasks`, one after another; all isolates of a host at once.
    async fn raise(
        &mut self,
        desk: &Desk,
        tasks: Vec<Numbered<'_>>,
    ) -> Result<Vec<(usize, Outcome)>, Error> {
        let mut told = Vec::new();
        let mut call = None;
        let mut waiting = Vec::new();
        for (at, task) in tasks {
            let Some(kind) = kind::of(task.backend) else { continue };
            self.given += 1;
            self.lot.limit(&bounds(kind, &task.limits, self.given));
            self.guest = self.guest.or_else(|| kind.guest_bytes(&task.limits));
            match desk.order(kind, task, &mut self.lot, desk.serial(), false).await {
                Ok(Order::Call(more)) => {
                    waiting.push((at, task));
                    match &mut call {
                        Some(call) => crowd::merge(call, more),
                        None => call = Some(more),
                    }
                }
                Ok(Order::Launch(launch)) => {
                    self.files.extend(launch.remove.iter().chain(&launch.gone).cloned());
                    let reports = self.ask(&Order::Stand(launch), task).await?;
                    told.push((at, self.judge(&reports, task)));
                }
                Ok(Order::Stand(_) | Order::Empty(_)) => {}
                Err(missing @ (Error::Tool { .. } | Error::Refused { .. })) => {
                    told.push((at, judge::refused(&missing)));
                }
                Err(error) => return Err(error),
            }
        }
        if let (Some(call), Some((_, longest))) = (call, waiting.first().copied()) {
            let (reports, starved) = self.ask(&Order::Call(call), longest).await?;
            let reports = reports.into_iter().chain(std::iter::repeat_with(Report::default));
            for ((at, task), report) in waiting.into_iter().zip(reports) {
                let outcome = judge::stood(&report, task, true, starved && report.value.is_none());
                self.hosted += u32::from(outcome == Outcome::Good);
                told.push((at, outcome));
            }
        }
        Ok(told)
    }

    /// Its reports, and whether something was killed for want of memory meanwhile.
    async fn ask(&mut self, order: &Order, task: &Task) -> Result<(Vec<Report>, bool), Error> {
        if self.lot.is_lost() {
            self.lot.clear().await?;
            (self.hosted, self.pids) = (0, Vec::new());
        }
        let before = self.lot.memory();
        let reports = self.lot.ask(order, within(task), None).await?;
        let after = self.lot.memory();
        let starved = reports.iter().any(|one| is_out_of_memory(Some(one), before, after));
        Ok((reports, starved))
    }

    fn judge(&mut self, (reports, starved): &(Vec<Report>, bool), task: &Task) -> Outcome {
        let none = Report::default();
        let report = reports.first().unwrap_or(&none);
        self.pids.extend(report.pid);
        judge::stood(report, task, false, *starved)
    }
}

/// The bounds of a lot in which `count` stand.
fn bounds(kind: &dyn Kind, limits: &Limits, count: u32) -> Limits {
    let limits = kind::bounds(kind, limits, count);
    if kind.is_host() {
        return limits;
    }
    let memory = limits.memory_bytes.0.saturating_mul(u64::from(count));
    Limits {
        memory_bytes: Bytes(memory),
        pids: limits.pids.saturating_mul(count),
        cpus: limits.cpus * f64::from(count),
        ..limits
    }
}
