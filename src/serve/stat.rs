//! `GET /v1/stats`: figures over all workloads in Vulcan's shape, with those of each backend and a time
//! series beside them; `GET /v1/stats/benchmark`: the latest comparison.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::workload::{problem, rfc3339};
use super::{Answer, Ask, Context, Door, Json};
use crate::model::unit::{Ratio, Seconds};
use crate::model::workload::{BackendFigures, Window};
use crate::stats::sorted::Sorted;
use crate::stats::spell::spell;
use crate::store::workload::{Figures, Slot};

mod benchmark;

pub use benchmark::{Comparison, Figure, Row, compare};

/// Fewest durations that have such a percentile.
const FOR_P95: usize = 20;
const FOR_P99: usize = 100;
const MINUTE_NS: i64 = 60_000_000_000;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
struct Span {
    /// How far back the series goes; a day unless said.
    window: Option<Window>,
}

/// Figures over all workloads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Stats {
    /// How many there are.
    pub total: u64,
    /// How many are at each status that occurs, in Vulcan's words: `completed` ended by itself, whatever its
    /// exit status; `failed` could not be run, or its time was over. Whether it succeeded is told by
    /// `success_rate` and by `succeeded` and `failed` of the series, for which the exit status counts too.
    pub by_status: BTreeMap<&'static str, u64>,
    /// How many asked for each isolation that occurs.
    pub by_isolation: BTreeMap<String, u64>,
    /// Mean duration of those that completed; null while none has.
    pub avg_duration_ms: Option<f64>,
    /// Figures of each backend that ran one; `auto` and the like where none was found.
    pub by_backend: BTreeMap<String, OfBackend>,
    /// How far back the series goes.
    pub window: Window,
    /// Figures of each backend over that window alone.
    pub window_by_backend: BTreeMap<String, OfWindow>,
    /// Length of a slot of the series.
    pub slot_seconds: i64,
    /// What was ordered lately, earliest first.
    pub series: Vec<Point>,
}

/// Figures of a backend over a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct OfWindow {
    /// How many were ordered.
    pub count: u64,
    /// Share of those that are over which completed with exit status 0; null while none is over.
    pub success_rate: Option<f64>,
    /// Mean duration of those that completed.
    pub avg_duration_ms: Option<f64>,
    /// 95th percentile; null below 20 of them.
    pub p95_ms: Option<f64>,
}

impl From<&BackendFigures> for OfWindow {
    fn from(of: &BackendFigures) -> Self {
        let time = |seconds: Option<Seconds>| seconds.map(|seconds| milliseconds(seconds.0));
        Self {
            count: of.count,
            success_rate: of.success.map(Ratio::fraction),
            avg_duration_ms: time(of.mean_seconds),
            p95_ms: time(of.p95_seconds),
        }
    }
}

/// Figures of a backend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct OfBackend {
    /// How many it had.
    pub count: u64,
    /// Share of those that are over which completed with exit status 0; null while none is over.
    pub success_rate: Option<f64>,
    /// Mean duration of those that completed.
    pub avg_duration_ms: Option<f64>,
    /// Median duration.
    pub p50_ms: Option<f64>,
    /// 95th percentile; null below 20 of them.
    pub p95_ms: Option<f64>,
    /// 99th percentile; null below 100 of them.
    pub p99_ms: Option<f64>,
}

/// What was ordered in a slot of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Point {
    /// Where it begins, RFC 3339.
    pub at: String,
    /// How many were ordered.
    pub count: u64,
    /// Of these, how many completed with exit status 0.
    pub succeeded: u64,
    /// Of these, how many are over and did not: `failed` or `killed`, or `completed` with another exit
    /// status, which `by_status` counts under `completed`.
    pub failed: u64,
    /// How many each backend had.
    pub by_backend: BTreeMap<String, u64>,
    /// Mean duration of those that completed; null where none did.
    pub avg_duration_ms: Option<f64>,
}

pub(super) fn routes(door: Door) -> Door {
    let door = door.get("/v1/stats", "Figures over all workloads", stats);
    benchmark::routes(door)
}

async fn stats(context: Arc<Context>, ask: Ask<Span>) -> Answer<Json<Stats>> {
    let window = ask.query.window.unwrap_or_default();
    let (minutes, count) = window.slots();
    let width_ns = minutes * MINUTE_NS;
    // Slots end at whole ones, so that a series asked for twice has the same.
    let wall_ns = context.clock.wall_ns();
    let now_ns = (wall_ns / width_ns + 1) * width_ns;
    let (figures, works) = match context.workloads.get() {
        Some(platform) => {
            let ledger = platform.ledger();
            let works =
                ledger.works(now_ns - width_ns * i64::from(count)).await.map_err(problem)?;
            (ledger.figures(now_ns, width_ns, count).await.map_err(problem)?, works)
        }
        // Where none are taken there are none.
        None => (Figures::default(), Vec::new()),
    };
    let lately = spell(&works, window, wall_ns.div_euclid(1_000_000)).by_backend;
    let lately = lately.iter().map(|of| (of.backend.to_string(), OfWindow::from(of)));
    let by_backend = of_backends(&figures);
    Ok(Json(Stats {
        total: figures.by_status.iter().map(|(_, count)| count).sum(),
        by_status: figures.by_status.iter().map(|(of, count)| (of.name(), *count)).collect(),
        by_isolation: figures.by_isolation.into_iter().collect(),
        avg_duration_ms: figures.mean_s.map(milliseconds),
        by_backend,
        window,
        window_by_backend: lately.collect(),
        slot_seconds: minutes * 60,
        series: series(&figures.slots, now_ns - width_ns * i64::from(count), width_ns, count),
    }))
}

fn of_backends(figures: &Figures) -> BTreeMap<String, OfBackend> {
    let rows = super::workload::by_backend(figures);
    let rows = rows.into_iter().map(|row| {
        let name = row.backend.to_string();
        let durations = figures.durations.iter().find(|(of, _)| *of == name);
        let sorted = durations.and_then(|(_, seconds)| Sorted::new(seconds.clone()));
        let quantile = |share: f64, fewest: usize| {
            let sorted = sorted.as_ref().filter(|sorted| sorted.len() >= fewest)?;
            Some(milliseconds(sorted.quantile(share)))
        };
        let of = OfBackend {
            count: row.count,
            success_rate: row.success.map(Ratio::fraction),
            avg_duration_ms: row.mean_seconds.map(|Seconds(seconds)| milliseconds(seconds)),
            p50_ms: quantile(0.5, 1),
            p95_ms: quantile(0.95, FOR_P95),
            p99_ms: quantile(0.99, FOR_P99),
        };
        (name, of)
    });
    rows.collect()
}

/// A point for each slot, those in which nothing happened among them.
fn series(slots: &[Slot], first_ns: i64, width_ns: i64, count: u32) -> Vec<Point> {
    let mut rest = slots;
    let point = |number: u32| {
        let end = rest.iter().position(|slot| slot.number > number).unwrap_or(rest.len());
        let (own, after) = rest.split_at(end);
        rest = after;
        let sum = |of: fn(&Slot) -> u64| own.iter().map(of).sum();
        let timed = own.iter().filter_map(|slot| Some((slot.mean_s?, slot.timed as f64)));
        let (seconds, number_timed) = timed.fold((0.0, 0.0), |(seconds, all), (mean, count)| {
            (seconds + mean * count, all + count)
        });
        Point {
            at: rfc3339(first_ns + width_ns * i64::from(number)),
            count: sum(|slot| slot.count),
            succeeded: sum(|slot| slot.succeeded),
            failed: sum(|slot| slot.failed),
            by_backend: own.iter().map(|slot| (slot.backend.clone(), slot.count)).collect(),
            avg_duration_ms: (number_timed > 0.0).then(|| milliseconds(seconds / number_timed)),
        }
    };
    (0..count).map(point).collect()
}

/// As milliseconds, to the microsecond.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::workload::Status;

    #[test]
    fn a_series_has_every_slot_and_weighs_its_means() {
        let slot = |number, backend: &str, timed, mean| Slot {
            number,
            backend: backend.into(),
            count: 4,
            succeeded: 3,
            failed: 1,
            timed,
            mean_s: Some(mean),
        };
        let slots = [slot(1, "crun", 1, 0.1), slot(1, "runc", 3, 0.5), slot(2, "runc", 1, 1.0)];
        let points = series(&slots, 0, MINUTE_NS, 4);
        assert_eq!(points.iter().map(|point| point.count).collect::<Vec<_>>(), [0, 8, 4, 0]);
        assert_eq!(points[1].avg_duration_ms, Some(400.0));
        assert_eq!((points[1].by_backend.len(), points[0].avg_duration_ms), (2, None));
        assert_eq!(points[3].at, "1970-01-01T00:03:00Z");
    }

    #[test]
    fn the_document_says_what_a_status_is_and_what_success_is() {
        let schema = schemars::schema_for!(Stats);
        let words = |pointer: &str| {
            let words = schema.pointer(pointer).and_then(serde_json::Value::as_str);
            words.unwrap_or_default().to_owned()
        };
        let by_status = words("/properties/by_status/description");
        assert!(by_status.contains("`completed` ended by itself"), "{by_status}");
        let failed = words("/$defs/Point/properties/failed/description");
        assert!(failed.contains("`completed` with another exit"), "{failed}");
    }

    #[test]
    fn percentiles_need_enough_behind_them() {
        let of = |count: u32| {
            let durations: Vec<f64> = (1..=count).map(|number| f64::from(number) / 1e3).collect();
            let name = "runc".to_owned();
            let rows =
                vec![(name.clone(), Status::Completed, u64::from(count), u64::from(count) / 2)];
            let durations = vec![(name, durations)];
            of_backends(&Figures { by_backend: rows, durations, ..Figures::default() })["runc"]
                .clone()
        };
        assert_eq!((of(19).p95_ms, of(19).success_rate), (None, Some(9.0 / 19.0)));
        assert!(of(20).p95_ms.is_some() && of(99).p99_ms.is_none() && of(100).p99_ms.is_some());
        assert_eq!((of(3).p50_ms, of(3).avg_duration_ms), (Some(2.0), Some(2.0)));
    }
}
