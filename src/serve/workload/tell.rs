//! Tells what goes on with workloads, to the screen and to whoever watches this node.

use std::sync::Arc;
use std::time::Duration;

use super::{Platform, shape};
use crate::model::text::SafeText;
use crate::model::unit::{Ratio, Seconds};
use crate::model::update::{Notice, What};
use crate::model::workload::{BackendFigures, Status, Workloads};
use crate::stats::sorted::Sorted;
use crate::stats::spell::{Work, lately, spells};
use crate::store::workload::{Error, Figures, Filter, Glance, Page};
use crate::watch::Outlet;

/// Time between two tellings, at least.
const PAUSE: Duration = Duration::from_secs(1);
/// Time after which is looked whether another program has written to the record.
const LOOK: Duration = Duration::from_secs(5);
/// Time after which windows are told anew: they go on where nothing happens.
const MOVE: Duration = Duration::from_mins(1);
/// What is counted goes back a week and the slot that has begun, in nanoseconds.
const WEEK_NS: i64 = 8 * 86_400 * 1_000_000_000;
/// Workloads that are told.
const LATEST: u32 = 50;
/// Fewest of them that have a 95th percentile.
const FOR_P95: usize = 20;

/// Tells every change until isomon ends, and when the record fails.
pub(super) async fn tell(platform: Arc<Platform>, outlet: Outlet) {
    let mut fault = None;
    loop {
        if let Ok(health) = platform.ledger.health().await
            && health.fault != fault
        {
            fault = health.fault;
            outlet.send(What::Notice(notice(fault.as_ref()))).await;
        }
        match workloads(&platform).await {
            Ok(told) => drop(outlet.send(What::Workloads(Box::new(told))).await),
            Err(error) => tracing::warn!(%error, "workloads cannot be told"),
        }
        if platform.stop.run_until_cancelled(news(&platform)).await.is_none() {
            return;
        }
    }
}

/// Waits until there may be something new.
async fn news(platform: &Platform) {
    let before = platform.ledger.stir().await.ok();
    tokio::time::sleep(PAUSE).await;
    let elsewhere = async {
        for _ in 0..MOVE.as_secs() / LOOK.as_secs() {
            tokio::time::sleep(LOOK).await;
            if platform.ledger.stir().await.ok() != before {
                return;
            }
        }
    };
    tokio::select! {
        () = platform.changed.notified() => {}
        () = elsewhere => {}
    }
}

fn notice(fault: Option<&(SafeText, SafeText)>) -> Notice {
    let text = match fault {
        Some((why, remedy)) => {
            SafeText::within(&format!("workloads are kept in memory alone: {why}; {remedy}"), 512)
        }
        None => "workloads are written to the disk again".into(),
    };
    Notice { bad: fault.is_some(), text }
}

/// The latest workloads, and figures over all.
async fn workloads(platform: &Platform) -> Result<Workloads, Error> {
    let page = platform.ledger.list(Filter::default(), LATEST, 0).await?;
    let now_ns = platform.now_ns();
    let figures = platform.ledger.figures(now_ns, 1, 0).await?;
    let works = platform.ledger.works(now_ns.saturating_sub(WEEK_NS)).await?;
    let records = page.records.into_iter().map(|record| platform.fresh(record)).collect();
    Ok(all(Page { records, ..page }, figures, &works, now_ns))
}

/// The same out of what a reader of the record sees.
pub fn seen(glance: &Glance, now_ns: i64) -> Result<Workloads, Error> {
    let works = glance.works(now_ns.saturating_sub(WEEK_NS))?;
    Ok(all(glance.latest(LATEST)?, glance.figures(now_ns)?, &works, now_ns))
}

fn all(page: Page, figures: Figures, works: &[Work], now_ns: i64) -> Workloads {
    let at_ms = now_ns.div_euclid(1_000_000);
    let (done, oldest_seconds) = lately(works, at_ms);
    Workloads {
        latest: page.records.into_iter().map(shape::shown).collect(),
        total: Some(page.total),
        by_backend: by_backend(&figures),
        by_status: figures.by_status,
        spells: spells(works, at_ms),
        oldest_seconds,
        done,
        ..Workloads::default()
    }
}

/// The figures of each backend.
pub(in crate::serve) fn by_backend(figures: &Figures) -> Vec<BackendFigures> {
    let mut all: Vec<BackendFigures> = Vec::new();
    let mut good = 0;
    let mut over = 0;
    for (name, status, count, succeeded) in &figures.by_backend {
        if all.last().is_none_or(|last| last.backend.as_str() != name) {
            (good, over) = (0, 0);
            all.push(BackendFigures { backend: name.as_str().into(), ..BackendFigures::default() });
        }
        let Some(last) = all.last_mut() else { continue };
        last.count += count;
        good += succeeded;
        over += if Status::is_over(*status) { *count } else { 0 };
        last.success = Ratio::of(good as f64, over as f64);
    }
    for of in &mut all {
        let found = figures.durations.iter().find(|(name, _)| name == of.backend.as_str());
        let Some(sorted) = found.and_then(|(_, seconds)| Sorted::new(seconds.clone())) else {
            continue;
        };
        of.mean_seconds = Some(Seconds(sorted.mean()));
        of.p50_seconds = Some(Seconds(sorted.median()));
        of.p95_seconds = (sorted.len() >= FOR_P95).then(|| Seconds(sorted.quantile(0.95)));
    }
    all
}
