//! Alert rules for Prometheus, made from the table of metrics ([`exposition`](super::exposition)).
//!
//! They lie in `assets/prometheus/` to be loaded by a Prometheus that scrapes isomons; bounds are the
//! defaults of isomon's own settings. A busy GPU is no alarm.

use std::fmt::Write as _;

use super::exposition::{Metric, all};
use super::grafana::named;
use crate::config::Threshold;

/// An alert.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// When: `$name` stands for a metric; `USE` and `HEAT` for the bounds of the settings.
    pub when: &'static str,
    /// For how long before it fires.
    pub lasts: &'static str,
    /// `warning` or `critical`.
    pub severity: &'static str,
    /// What is the matter, in a sentence.
    pub summary: &'static str,
    /// What to look at.
    pub advice: &'static str,
}

const fn warning(
    name: &'static str,
    when: &'static str,
    lasts: &'static str,
    summary: &'static str,
    advice: &'static str,
) -> Rule {
    Rule { name, when, lasts, severity: "warning", summary, advice }
}

/// Every alert.
pub const RULES: [Rule; 14] = [
    Rule {
        name: "IsomonDown",
        when: "up{job=\"isomon\"} == 0",
        lasts: "2m",
        severity: "critical",
        summary: "{{ $labels.instance }} does not answer.",
        advice: "Is isomon serve running there, and does its port let Prometheus in?",
    },
    warning(
        "IsomonMemoryShort",
        "1 - $memory_available_bytes / $memory_total_bytes >= USE",
        "5m",
        "{{ $labels.instance }} uses {{ $value | humanizePercentage }} of its memory.",
        "The tab Nodes sorts its processes by memory.",
    ),
    warning(
        "IsomonMemoryStalls",
        "$pressure_memory_some_ratio >= 0.1",
        "5m",
        "Tasks on {{ $labels.instance }} wait for memory.",
        "It swaps or reclaims: take load away or add memory.",
    ),
    warning(
        "IsomonFileSystemFull",
        "$filesystem_used_ratio >= USE",
        "10m",
        "{{ $labels.mount }} on {{ $labels.instance }} is {{ $value | humanizePercentage }} full.",
        "Make room; isomon keeps its runs and its history there too if it is the home's.",
    ),
    warning(
        "IsomonInodesShort",
        "$filesystem_inodes_used_ratio >= USE",
        "10m",
        "{{ $labels.mount }} on {{ $labels.instance }} runs out of inodes.",
        "Many small files: find and remove them.",
    ),
    warning(
        "IsomonCpuStolen",
        "$cpu_steal_ratio >= 0.1",
        "10m",
        "The hypervisor takes {{ $value | humanizePercentage }} of {{ $labels.instance }}.",
        "What is measured there meanwhile is marked as disturbed.",
    ),
    warning(
        "IsomonHot",
        "$temperature_celsius >= HEAT",
        "5m",
        "{{ $labels.sensor }} on {{ $labels.instance }} has {{ $value }} degrees.",
        "Look at fans and dust.",
    ),
    warning(
        "IsomonGpuHot",
        "$gpu_temperature_celsius >= HEAT",
        "5m",
        "GPU {{ $labels.gpu }} on {{ $labels.instance }} has {{ $value }} degrees.",
        "Look at its fan, its clocks and its power limit in the tab GPUs.",
    ),
    warning(
        "IsomonNetworkErrors",
        "increase($network_errors_total[10m]) > 100",
        "10m",
        "{{ $labels.interface }} on {{ $labels.instance }} has errors or drops.",
        "Look at the cable, the driver, and the other end.",
    ),
    warning(
        "IsomonBackendLost",
        "$backend_ready == 0 and on (instance, backend) max_over_time($backend_ready[6h]) == 1",
        "15m",
        "{{ $labels.backend }} can run no more on {{ $labels.instance }}.",
        "isomon doctor there says why and what mends it.",
    ),
    warning(
        "IsomonWorkloadsFail",
        "$backend_workload_success_last_hour_ratio < 0.9 and $backend_workloads_last_hour >= 10",
        "5m",
        "{{ $value | humanizePercentage }} of the workloads of {{ $labels.backend }} on {{ $labels.instance }} succeed.",
        "GET /v1/workloads?status=failed there says why.",
    ),
    warning(
        "IsomonBenchmarkFails",
        "$bench_failures > 0",
        "1m",
        "{{ $value }} samples of {{ $labels.backend }} failed in run {{ $labels.run }}.",
        "isomon show of that run says why.",
    ),
    warning(
        "IsomonSamplesDropped",
        "increase($lost_samples_total[10m]) > 0",
        "10m",
        "isomon on {{ $labels.instance }} drops samples.",
        "The machine is overloaded, or a longer interval is needed.",
    ),
    warning(
        "IsomonRemoteWriteLoses",
        "increase($remote_write_lost_samples_total[10m]) > 0",
        "5m",
        "{{ $labels.instance }} loses samples that it should send.",
        "Its log says what the store answers.",
    ),
];

/// The expression of `rule` in PromQL.
pub fn expression(rule: &Rule, metrics: &[Metric], threshold: &Threshold) -> String {
    let bound = |percent: f64| (percent / 100.0).to_string();
    let when = rule.when.replace("USE", &bound(threshold.use_bad));
    let when = when.replace("HEAT", &threshold.heat_bad.to_string());
    let mut text = String::new();
    for (at, piece) in when.split('$').enumerate() {
        if at == 0 {
            text.push_str(piece);
            continue;
        }
        let end = piece.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let (name, rest) = piece.split_at(end.unwrap_or(piece.len()));
        text.push_str(&named(name, metrics));
        text.push_str(rest);
    }
    text
}

/// The file of rules.
pub fn rules() -> String {
    let (metrics, threshold) = (all(), Threshold::default());
    let mut file = String::from(HEAD);
    for rule in &RULES {
        let when = expression(rule, &metrics, &threshold);
        let (name, lasts, severity) = (rule.name, rule.lasts, rule.severity);
        let quoted = |text: &str| text.replace('\'', "''");
        let (summary, advice) = (quoted(rule.summary), quoted(rule.advice));
        let _infallible = write!(
            file,
            "      - alert: {name}\n        expr: '{when}'\n        for: {lasts}\n        labels:\n\
             \u{20}         severity: {severity}\n        annotations:\n\
             \u{20}         summary: '{summary}'\n          description: '{advice}'\n"
        );
    }
    file
}

const HEAD: &str = "\
# Alerts on what isomon exposes at /metrics, for the rule_files of a Prometheus whose job is `isomon`.
# Made by isomon (make bless); bounds are those of its own settings.
groups:
  - name: isomon
    rules:
";
