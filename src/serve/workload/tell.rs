//! Tells what goes on with workloads, to the screen and to whoever watches this node.

use std::sync::Arc;
use std::time::Duration;

use super::{Platform, shape};
use crate::model::text::SafeText;
use crate::model::unit::{Ratio, Seconds};
use crate::model::update::{Notice, What};
use crate::model::workload::{BackendFigures, Status, Workloads};
use crate::stats::sorted::Sorted;
use crate::store::workload::{Error, Figures, Filter};
use crate::watch::Outlet;

/// Time between two tellings, at least.
const PAUSE: Duration = Duration::from_secs(1);
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
        let next = async {
            tokio::time::sleep(PAUSE).await;
            platform.changed.notified().await;
        };
        if platform.stop.run_until_cancelled(next).await.is_none() {
            return;
        }
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
    let figures = platform.ledger.figures(platform.now_ns(), 1, 0).await?;
    let latest = page.records.into_iter().map(|record| shape::shown(platform.fresh(record)));
    Ok(Workloads {
        latest: latest.collect(),
        total: Some(page.total),
        by_backend: by_backend(&figures),
        by_status: figures.by_status,
        ..Workloads::default()
    })
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
