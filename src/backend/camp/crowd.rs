//! Many sandboxes at the same time: programs each in a lot of its own, isolates in one call.
//!
//! Let in together or not at all: if one lot cannot be opened, those that were are ended.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use futures_util::StreamExt;
use futures_util::future::join_all;

use super::{Camp, Error, Lot, Order, Task, Trial, is_out_of_memory, judge, kind, within};
use crate::backend::cgroup::Group;
use crate::backend::failpoint::{self, Point};
use crate::backend::site::Site;
use crate::backend::wire::Call;
use crate::backend::{admission, job};
use crate::model::bench::Limits;

/// Lots opened or cleared at the same time.
const HANDS: usize = 8;

/// Of each task, in their order: what came of it, as far as that is known.
type Trials = Vec<Option<Trial>>;

/// What is asked of one lot, and for which of the tasks.
struct Share<'a> {
    lot: &'a mut Lot,
    order: Order,
    tasks: Vec<(usize, &'a Task)>,
}

impl Camp {
    /// Runs all of `tasks` at once; a trial of each, in their order. Refused as a whole where there is
    /// no room for all, and where one cannot be opened.
    pub async fn crowd(&mut self, tasks: &[Task]) -> Result<Vec<Trial>, Error> {
        admission::admit(&self.desk.site.settings, tasks)?;
        let mut trials: Trials = tasks.iter().map(|_| None).collect();
        let names = lot_names(tasks, &mut trials);
        self.clear_lost().await?;
        self.open_lots(&names).await?;
        let mut files = Vec::new();
        let told = self.ask_all(tasks, &names, &mut trials, &mut files).await;
        for path in &files {
            job::clear(path);
        }
        told?;
        let lost = || Trial::ended(judge::refused(&Error::Interrupted { doing: "order" }));
        Ok(trials.into_iter().map(|trial| trial.unwrap_or_else(lost)).collect())
    }

    /// Asks every lot at once; the first error is told when all have answered.
    async fn ask_all(
        &mut self,
        tasks: &[Task],
        names: &[Option<String>],
        trials: &mut Trials,
        files: &mut Vec<PathBuf>,
    ) -> Result<(), Error> {
        let orders = self.orders(tasks, names, trials, files).await?;
        // Only lent: if this future is dropped, the lots are still the camp's to clear.
        let shares = shares(&mut self.lots, tasks, orders);
        let mut outcome = Ok(());
        for told in join_all(shares.into_iter().map(Share::ask)).await {
            match told {
                Ok(told) => told.into_iter().for_each(|(at, trial)| trials[at] = Some(trial)),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome
    }

    /// Opens those of the lots that are not there yet; none of them if one cannot be opened.
    async fn open_lots(&mut self, names: &[Option<String>]) -> Result<(), Error> {
        let all = names.iter().flatten();
        let absent = all.filter(|name| !self.lots.contains_key(*name));
        let mut missing: Vec<String> = absent.cloned().collect();
        missing.sort();
        missing.dedup();
        let (site, limits) = (&self.desk.site, self.desk.site.settings.limits);
        let opened = open(missing, site, &self.group, limits).await?;
        self.lots.extend(opened.into_iter().map(|lot| (lot.name().to_owned(), lot)));
        Ok(())
    }

    /// Clears the lots whose launcher went with a call that was dropped: what it started may live.
    async fn clear_lost(&mut self) -> Result<(), Error> {
        for lot in self.lots.values_mut().filter(|lot| lot.is_lost()) {
            lot.clear().await?;
        }
        Ok(())
    }

    /// What each lot is asked. Where a backend refuses a task, that is its trial.
    async fn orders<'n>(
        &mut self,
        tasks: &[Task],
        names: &'n [Option<String>],
        trials: &mut Trials,
        files: &mut Vec<PathBuf>,
    ) -> Result<Vec<(usize, &'n str, Order)>, Error> {
        let mut orders = Vec::new();
        for (at, (task, name)) in tasks.iter().zip(names).enumerate() {
            let Some((kind, name)) = kind::of(task.backend).zip(name.as_deref()) else { continue };
            let Some(lot) = self.lots.get_mut(name) else { continue };
            let serial = self.desk.serial();
            files.push(self.desk.files(serial));
            let order = self.desk.order(kind, task, lot, serial, false).await;
            match order {
                Ok(order) => orders.push((at, name, order)),
                Err(missing @ (Error::Tool { .. } | Error::Refused { .. })) => {
                    trials[at] = Some(Trial::ended(judge::refused(&missing)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(orders)
    }
}

/// Opens the lots called `names`, several at a time; none of them if one cannot be opened.
pub(super) async fn open(
    names: Vec<String>,
    site: &Arc<Site>,
    group: &Group,
    limits: Limits,
) -> Result<Vec<Lot>, Error> {
    let refused = AtomicBool::new(false);
    let open = |name: String| async move { Lot::open(&name, site, group, limits).await };
    // After the first that cannot be opened no more are begun; launchers on their way still arrive,
    // so that they are cleared like all others and nothing is killed unwatched.
    let opening = names.into_iter().take_while(|_| !refused.load(Relaxed)).map(open);
    let mut opening = futures_util::stream::iter(opening).buffer_unordered(HANDS);
    let mut opened = Vec::new();
    let mut outcome = Ok(());
    while let Some(lot) = opening.next().await {
        match lot {
            Ok(lot) => {
                opened.push(lot);
                failpoint::reach(Point::Crowd);
            }
            Err(error) => {
                refused.store(true, Relaxed);
                outcome = outcome.and(Err(error));
            }
        }
    }
    if outcome.is_err() {
        clear(std::mem::take(&mut opened)).await?;
    }
    outcome.map(|()| opened)
}

/// Each lot with all that it is asked.
fn shares<'a>(
    lots: &'a mut BTreeMap<String, Lot>,
    tasks: &'a [Task],
    orders: Vec<(usize, &str, Order)>,
) -> Vec<Share<'a>> {
    let mut free: BTreeMap<&str, &'a mut Lot> =
        lots.iter_mut().map(|(name, lot)| (name.as_str(), lot)).collect();
    let mut shares: Vec<Share<'a>> = Vec::new();
    for (at, name, order) in orders {
        let task = &tasks[at];
        if let Some(share) = shares.iter_mut().find(|share| share.lot.name() == name) {
            share.join(at, task, order);
        } else if let Some(lot) = free.remove(name) {
            lot.limit(&bounds(task, tasks));
            shares.push(Share { lot, order, tasks: vec![(at, task)] });
        }
    }
    shares
}

/// The bounds of the lot of `task`, which a host shares with all others of its backend.
fn bounds(task: &Task, tasks: &[Task]) -> Limits {
    let count = tasks.iter().filter(|other| other.backend == task.backend).count();
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    kind::of(task.backend).map_or(task.limits, |kind| kind::bounds(kind, &task.limits, count))
}

/// Ends and clears `lots`, several at a time; the first that cannot be cleared is told.
pub(super) async fn clear(lots: impl IntoIterator<Item = Lot>) -> Result<(), Error> {
    let clearing = lots.into_iter().map(|mut lot| async move {
        lot.end().await;
        lot.clear().await
    });
    let cleared: Vec<_> =
        futures_util::stream::iter(clearing).buffer_unordered(HANDS).collect().await;
    cleared.into_iter().collect()
}

/// The lot of each task; a task that this isomon has no backend for gets none, and its trial.
fn lot_names(tasks: &[Task], trials: &mut Trials) -> Vec<Option<String>> {
    let mut programs = 0;
    let each = tasks.iter().zip(trials).map(|(task, trial)| {
        let Some(kind) = kind::of(task.backend) else {
            let missing = Error::NotBuilt { id: task.backend };
            *trial = Some(Trial::ended(judge::refused(&missing)));
            return None;
        };
        if kind.is_host() {
            return Some(task.backend.name().to_owned());
        }
        programs += 1;
        Some(format!("n-{}", programs - 1))
    });
    each.collect()
}

impl<'a> Share<'a> {
    /// One more isolate for the same host.
    fn join(&mut self, at: usize, task: &'a Task, order: Order) {
        if let (Order::Call(call), Order::Call(more)) = (&mut self.order, order) {
            merge(call, more);
            self.tasks.push((at, task));
        }
    }

    /// Asks, and says what became of each task.
    async fn ask(self) -> Result<Vec<(usize, Trial)>, Error> {
        let is_host = matches!(self.order, Order::Call(_));
        let longest = self.tasks.iter().map(|(_, task)| within(task)).max().unwrap_or_default();
        let before = self.lot.memory();
        let asked = self.lot.ask(&self.order, longest, None).await;
        let after = self.lot.memory();
        asked.map(|reports| {
            let mut reports = reports.into_iter();
            let each = self.tasks.iter().map(|(at, task)| {
                let report = reports.next().unwrap_or_default();
                let out_of_memory = is_out_of_memory(Some(&report), before, after);
                (*at, judge::trial(report, task, is_host, out_of_memory))
            });
            each.collect()
        })
    }
}

/// Puts the isolates of `more` beside those of `call`; the host lives as long as any of them may.
pub(super) fn merge(call: &mut Call, more: Call) {
    call.timeout_ms = call.timeout_ms.max(more.timeout_ms);
    call.keep_bytes = call.keep_bytes.max(more.keep_bytes);
    call.runs.extend(more.runs);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::isolate::Code;
    use crate::backend::wire::Run;
    use crate::model::backend::{BackendId, Start};
    use crate::model::bench::{Cell, Limits, Payload};

    #[test]
    fn programs_get_lots_of_their_own_and_what_is_not_built_a_trial() {
        let task = |id| Task::of(Cell::cold(id, Payload::Noop), 1, Limits::default());
        let mut tasks = [BackendId::Process, BackendId::DockerKata, BackendId::Runc].map(task);
        tasks[1].backend = BackendId::DockerKata;
        let mut trials = vec![None, None, None];
        let names = lot_names(&tasks, &mut trials);
        assert_eq!(names[0].as_deref(), Some("n-0"));
        assert!(names[2].as_deref() > names[0].as_deref());
        let ended = trials.iter().map(Option::is_some).zip(&names);
        assert!(ended.into_iter().all(|(ended, name)| ended == name.is_none()));
    }

    #[test]
    fn isolates_of_one_host_are_one_call() {
        let run = |nonce| Run {
            start: Start::Cold,
            nonce,
            heap_bytes: 1,
            deadline_ms: 1,
            code: Code::Payload(Payload::Noop),
            input: None,
        };
        let call =
            |nonce, timeout_ms| Call { runs: vec![run(nonce)], timeout_ms, ..Call::default() };
        let mut merged = call(1, 5);
        merge(&mut merged, call(2, 9));
        assert_eq!(merged.runs.iter().map(|run| run.nonce).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(merged.timeout_ms, 9);
    }
}
