//! Every metric that isomon exposes: its name, what it is, its kind and its labels, once.
//!
//! `/metrics`, `isomon snapshot --format prometheus`, remote write, the dashboards and the rules in
//! `assets/` are all made from this table, so a name that is not here is in none of them.

use std::fmt::{Display, Write as _};

use super::node::number;
use super::node::prometheus::escaped;
use super::run_prometheus;

/// How a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only goes up, until isomon starts anew.
    Counter,
}

impl Kind {
    /// Its word in the text format.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }
}

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// What stands before its name.
    pub prefix: &'static str,
    /// Its name, which ends in its unit.
    pub name: &'static str,
    /// One line.
    pub help: &'static str,
    /// How it counts.
    pub kind: Kind,
    /// Its labels, in their order.
    pub labels: &'static [&'static str],
}

/// Before the names of what is watched.
pub const OWN: &str = "isomon_";
/// Before the names of what was measured.
pub const BENCH: &str = "isomon_bench_";

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { prefix: OWN, name, help, kind: Kind::Gauge, labels }
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { prefix: OWN, name, help, kind: Kind::Counter, labels }
}

/// Whether a backend can run.
pub const BACKEND_READY: Metric =
    gauge("backend_ready", &["backend", "class"], "Whether a backend can run.");
/// Sandboxes at once for which there is room.
pub const BACKEND_ROOM: Metric =
    gauge("backend_room_sandboxes", &["backend"], "Sandboxes at once for which there is room.");
/// Workloads by how far they are.
pub const WORKLOADS: Metric = gauge("workloads", &["status"], "Workloads by how far they are.");
/// Workloads of a backend.
pub const BACKEND_WORKLOADS: Metric =
    gauge("backend_workloads", &["backend"], "Workloads of a backend.");
/// Mean duration of the workloads of a backend.
pub const BACKEND_MEAN: Metric = gauge(
    "backend_workload_mean_seconds",
    &["backend"],
    "Mean duration of the workloads of a backend that completed.",
);
/// Workloads of the last hour.
pub const HOUR_WORKLOADS: Metric = gauge(
    "backend_workloads_last_hour",
    &["backend"],
    "Workloads of a backend that were ordered in the last hour.",
);
/// Share of those of the last hour that succeeded.
pub const HOUR_SUCCESS: Metric = gauge(
    "backend_workload_success_last_hour_ratio",
    &["backend"],
    "Share of the workloads of the last hour that are over which succeeded.",
);
/// Mean duration of those of the last hour.
pub const HOUR_MEAN: Metric = gauge(
    "backend_workload_mean_last_hour_seconds",
    &["backend"],
    "Mean duration of the workloads of the last hour that completed.",
);
/// 95th percentile of those of the last hour.
pub const HOUR_P95: Metric = gauge(
    "backend_workload_p95_last_hour_seconds",
    &["backend"],
    "95th percentile of the durations of the last hour, from 20 workloads on.",
);
/// Age of the oldest workload that runs.
pub const WORKLOAD_OLDEST: Metric =
    gauge("workload_oldest_seconds", &[], "Age of the oldest workload that runs.");
/// Workloads that failed in the last hour.
pub const WORKLOAD_ERRORS: Metric = gauge(
    "workload_errors_last_hour",
    &[],
    "Workloads that failed in the last hour, those out of time among them.",
);
/// Workloads that ran out of time in the last hour.
pub const WORKLOAD_TIMEOUTS: Metric =
    gauge("workload_timeouts_last_hour", &[], "Workloads that ran out of time in the last hour.");
/// Workloads that ended well in the last hour.
pub const WORKLOAD_HOUR: Metric =
    gauge("workload_completed_last_hour", &[], "Workloads that ended well in the last hour.");
/// Workloads that ended well in the last 24 hours.
pub const WORKLOAD_DAY: Metric =
    gauge("workload_completed_last_day", &[], "Workloads that ended well in the last 24 hours.");
/// Share of the workloads of the last 24 hours that ended well.
pub const WORKLOAD_SUCCESS: Metric = gauge(
    "workload_success_last_day_ratio",
    &[],
    "Share of the workloads that ended in the last 24 hours which ended well.",
);
/// Mean time of the workloads of the last 24 hours.
pub const WORKLOAD_MEAN: Metric = gauge(
    "workload_mean_last_day_seconds",
    &[],
    "Mean time of the workloads that ended well in the last 24 hours.",
);
/// This isomon.
pub const BUILD: Metric = gauge("build_info", &["version", "instance"], "This isomon, 1.");
/// Periodic samples that were dropped.
pub const LOST: Metric = counter(
    "lost_samples_total",
    &[],
    "Periodic samples dropped because nobody took them in time.",
);
/// How many things are how by each rule.
pub const ALERTS: Metric = gauge(
    "alerts",
    &["rule", "severity", "state"],
    "How many things are unsure, pending and firing by each rule.",
);
/// Messages to receivers.
pub const ALERT_MESSAGES: Metric = counter(
    "alert_messages_total",
    &["receiver", "outcome"],
    "Messages about alerts that receivers took, and did not.",
);
/// Updates of this machine.
pub const UPDATES: Metric = counter("updates_total", &[], "Updates of this machine.");
/// Requests answered.
pub const REQUESTS: Metric =
    counter("http_requests_total", &["method", "path", "status"], "Requests answered.");
/// Connections dropped.
pub const REFUSALS: Metric = counter(
    "http_connections_refused_total",
    &[],
    "Connections dropped because every other one was busy.",
);
/// Samples that a store took.
pub const REMOTE_SENT: Metric = counter(
    "remote_write_sent_samples_total",
    &[],
    "Samples that were sent by remote write and taken.",
);
/// Samples that no store took.
pub const REMOTE_LOST: Metric = counter(
    "remote_write_lost_samples_total",
    &[],
    "Samples of remote write that were refused or found no room while the store was away.",
);
/// Samples that wait.
pub const REMOTE_WAITING: Metric =
    gauge("remote_write_waiting_samples", &[], "Samples of remote write that wait to be sent.");

/// What `isomon serve` tells of itself and of its work.
const SERVED: [Metric; 26] = [
    BACKEND_READY,
    BACKEND_ROOM,
    WORKLOADS,
    BACKEND_WORKLOADS,
    BACKEND_MEAN,
    HOUR_WORKLOADS,
    HOUR_SUCCESS,
    HOUR_MEAN,
    HOUR_P95,
    WORKLOAD_OLDEST,
    WORKLOAD_ERRORS,
    WORKLOAD_TIMEOUTS,
    WORKLOAD_HOUR,
    WORKLOAD_DAY,
    WORKLOAD_SUCCESS,
    WORKLOAD_MEAN,
    BUILD,
    LOST,
    ALERTS,
    ALERT_MESSAGES,
    UPDATES,
    REQUESTS,
    REFUSALS,
    REMOTE_SENT,
    REMOTE_LOST,
    REMOTE_WAITING,
];

/// Every metric: of the machine, of what is served, of the last benchmark.
pub fn all() -> Vec<Metric> {
    let mut all = number::metrics();
    all.extend(SERVED);
    all.extend(run_prometheus::metrics());
    all
}

impl Metric {
    /// Its whole name.
    pub fn full(&self) -> String {
        format!("{}{}", self.prefix, self.name)
    }

    /// Its unit, as the end of its name says; `None` for a plain number.
    pub fn unit(&self) -> Option<&'static str> {
        let name = self.name.trim_end_matches("_total");
        UNITS.into_iter().find(|unit| name.ends_with(unit))
    }

    /// Writes the family with `samples`, each with the values of its labels; nothing where there is
    /// none.
    pub fn write<V: Display, const N: usize>(
        &self,
        page: &mut String,
        samples: impl IntoIterator<Item = ([String; N], V)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let (name, kind, help) = (self.full(), self.kind.word(), self.help);
        let _infallible = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (values, value) in samples {
            let pairs = self.labels.iter().zip(&values);
            let pairs = pairs.map(|(label, text)| format!("{label}=\"{}\"", escaped(text)));
            let pairs: Vec<String> = pairs.collect();
            let labels =
                if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
            let _infallible = writeln!(page, "{name}{labels} {value}");
        }
    }
}

/// Units that a name may end in; the longer of two that fit comes first.
const UNITS: [&str; 11] = [
    "_bytes_per_second",
    "_per_second",
    "_timestamp_seconds",
    "_seconds",
    "_bytes",
    "_ratio",
    "_celsius",
    "_watts",
    "_hertz",
    "_joules",
    "_dollars",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_have_words() {
        let all = all();
        for (at, metric) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other.full() != metric.full()), "{metric:?}");
            assert!(metric.help.ends_with('.') && !metric.help.contains('\n'), "{metric:?}");
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{metric:?}");
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(metric.full().bytes().all(plain), "{metric:?}");
        }
        assert!(all.len() > 70, "{}", all.len());
    }

    #[test]
    fn a_family_has_its_labels_escaped() {
        let mut page = String::new();
        BACKEND_WORKLOADS.write(&mut page, [(["a\"b\n".to_owned()], 3)]);
        LOST.write(&mut page, [([], 1)]);
        WORKLOADS.write(&mut page, std::iter::empty::<([String; 1], u64)>());
        let wanted = "# HELP isomon_backend_workloads Workloads of a backend.\n\
            # TYPE isomon_backend_workloads gauge\n\
            isomon_backend_workloads{backend=\"a\\\"b\\n\"} 3\n\
            # HELP isomon_lost_samples_total Periodic samples dropped because nobody took them in time.\n\
            # TYPE isomon_lost_samples_total counter\nisomon_lost_samples_total 1\n";
        assert_eq!(page, wanted);
    }
}
