//! Figures of each backend, made from a list of workloads. Pure.
//!
//! The server counts what its backend ended as completed, whatever its exit status; here success
//! asks for both. A workload that was left to the server to place stays `auto`: the server never
//! says where it went.

use std::collections::BTreeMap;

use crate::model::done::Done;
use crate::model::reading::Reading;
use crate::model::text::SafeText;
use crate::model::unit::{Ratio, Seconds};
use crate::model::workload::{BackendFigures, Spell, Status, Workload};
use crate::stats::sorted::Sorted;
use crate::stats::spell::{self, Work};

/// Fewest durations that have a 95th percentile worth the name.
const FEWEST: usize = 20;
/// Milliseconds a workload may wait before it is taken for one that nobody will run.
const FORGOTTEN_MS: i64 = 3_600_000;

/// How many are at each status, those without any left out.
pub(super) fn by_status(workloads: &[Workload]) -> Vec<(Status, u64)> {
    let mut counts = BTreeMap::new();
    for workload in workloads {
        *counts.entry(workload.status).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// What became of those of each backend, by its name.
pub(super) fn by_backend(workloads: &[Workload]) -> Vec<BackendFigures> {
    let mut groups: BTreeMap<&SafeText, Vec<&Workload>> = BTreeMap::new();
    for workload in workloads {
        groups.entry(&workload.isolation).or_default().push(workload);
    }
    groups.into_iter().map(|(backend, group)| of(backend, &group)).collect()
}

fn of(backend: &SafeText, group: &[&Workload]) -> BackendFigures {
    let over = group.iter().filter(|workload| workload.status.is_over()).count();
    let good = group.iter().filter(|workload| workload.succeeded()).count();
    let completed = group.iter().filter(|workload| workload.status == Status::Completed);
    let durations = completed.filter_map(|workload| Some(workload.duration_seconds?.0)).collect();
    let durations = Sorted::new(durations);
    let quantile = |share| durations.as_ref().map(|sorted| Seconds(sorted.quantile(share)));
    BackendFigures {
        backend: backend.clone(),
        count: group.len() as u64,
        success: Ratio::of(good as f64, over as f64),
        mean_seconds: durations.as_ref().map(mean),
        p50_seconds: quantile(0.5),
        p95_seconds: quantile(0.95).filter(|_| durations.is_some_and(|all| all.len() >= FEWEST)),
    }
}

fn mean(sorted: &Sorted) -> Seconds {
    let share = 1.0 / sorted.len() as f64;
    Seconds(sorted.values().iter().map(|value| value * share).sum())
}

/// Those of the last hour, day and week, as far as the list goes back; seen at
/// `now_ms` by the server's clock.
pub(super) fn spells(workloads: &[Workload], now_ms: i64) -> Vec<Spell> {
    let works: Vec<Work> = workloads.iter().map(Work::from).collect();
    spell::spells(&works, now_ms)
}

/// What became of them of late, and how old the oldest is that runs, as far as the list goes back.
pub(super) fn lately(workloads: &[Workload], now_ms: i64) -> (Done, Reading<Seconds>) {
    let works: Vec<Work> = workloads.iter().map(Work::from).collect();
    spell::lately(&works, now_ms)
}

/// What the list does not tell, or tells wrongly; `now_ms` is the latest time the server wrote.
pub(super) fn gaps(workloads: &[Workload], now_ms: i64) -> Vec<SafeText> {
    let is_forgotten = |workload: &&Workload| {
        workload.status == Status::Pending
            && now_ms.saturating_sub(workload.created_ms) > FORGOTTEN_MS
    };
    let forgotten = workloads.iter().filter(is_forgotten).count();
    let automatic = workloads.iter().filter(|workload| workload.isolation.as_str() == "auto");
    let automatic = automatic.count();
    let mut gaps = Vec::new();
    if forgotten > 0 {
        gaps.push(format!(
            "{forgotten} pending for over an hour: what is posted to /v1/workloads this server keeps \
             and never runs"
        ));
    }
    if automatic > 0 {
        gaps.push(format!("{automatic} ran as `auto`: this server does not say in which backend"));
    }
    gaps.into_iter().map(SafeText::from).collect()
}
