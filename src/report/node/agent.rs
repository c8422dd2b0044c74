//! The numbers of agents, each with its name, once for CSV and Prometheus.

use super::number::{Number, Row, each, of, row};
use crate::model::agent::{Agents, Cluster, ModelUse};
use crate::model::unit::{Ratio, Seconds};
use crate::report::exposition::Metric;

/// Every number of `agents`; none where nobody tells of agents.
pub(super) fn numbers(agents: Option<&Agents>) -> Vec<Number> {
    let Some(agents) = agents else { return Vec::new() };
    let mut found = alone(agents, AGENTS);
    found.extend(each(&agents.models, |model| ("model", model.model.to_string()), MODEL));
    found.extend(agents.cluster.iter().flat_map(|cluster| alone(cluster, CLUSTER)));
    found
}

/// Every metric of agents, with the labels it has on a page.
pub(super) fn metrics() -> Vec<Metric> {
    let mut all = of(AGENTS, &["node"]);
    all.extend(of(MODEL, &["node", "model"]));
    all.extend(of(CLUSTER, &["node"]));
    all
}

fn alone<T>(of: &T, rows: &[Row<T>]) -> Vec<Number> {
    let number =
        |(family, value): &Row<T>| Number { family: *family, label: None, value: value(of) };
    rows.iter().map(number).collect()
}

const AGENTS: &[Row<Agents>] = &[
    row("agent_sessions_active", "Sessions of agents in which something runs.", |a| {
        a.sessions.get()
    }),
    row(
        "agent_session_oldest_seconds",
        "Age of the oldest session in which something runs.",
        |a| seconds(a.oldest_seconds.get()),
    ),
    row("agent_queued", "Work of agents that waits.", |a| a.queue.get()),
    row(
        "agent_errors_last_hour",
        "Work of agents that failed in the last hour, that out of time \
        among it.",
        |a| a.done.errors_1h.get(),
    ),
    row("agent_timeouts_last_hour", "Work of agents that ran out of time in the last hour.", |a| {
        a.done.timeouts_1h.get()
    }),
    row("agent_completed_last_hour", "Work of agents that ended well in the last hour.", |a| {
        a.done.completed_1h.get()
    }),
    row("agent_completed_last_day", "Work of agents that ended well in the last 24 hours.", |a| {
        a.done.completed_24h.get()
    }),
    row(
        "agent_success_last_day_ratio",
        "Share of the work of agents that ended in the last 24 hours \
        which ended well.",
        |a| a.done.success_24h.get().map(Ratio::fraction),
    ),
    row(
        "agent_mean_last_day_seconds",
        "Mean time of the work of agents that ended well in the last \
        24 hours.",
        |a| seconds(a.done.mean_24h_seconds.get()),
    ),
    row("agent_tokens_last_day", "Tokens that agents used in the last 24 hours.", |a| {
        a.tokens_24h.get()
    }),
    row(
        "agent_cost_last_day_dollars",
        "What agents cost in the last 24 hours, in US dollars.",
        |a| a.cost_24h_usd.get(),
    ),
];

const MODEL: &[Row<ModelUse>] = &[
    row(
        "agent_model_tokens_last_day",
        "Tokens of a model that agents used in the last 24 hours.",
        |m| m.tokens.get(),
    ),
    row(
        "agent_model_cost_last_day_dollars",
        "What a model cost agents in the last 24 hours, in US \
        dollars.",
        |m| m.cost_usd.get(),
    ),
];

const CLUSTER: &[Row<Cluster>] = &[
    row("cluster_nodes", "Servers of models in a cluster.", |c| Some(c.nodes as f64)),
    row("cluster_nodes_up", "Servers of models in a cluster that are healthy.", |c| {
        Some(c.up as f64)
    }),
    row("cluster_gpus_active", "GPUs of a cluster that work.", |c| {
        c.gpus.map(|(_, busy)| busy as f64)
    }),
    row("cluster_failover_ready", "Whether another server of models can take over, 0 or 1.", |c| {
        c.failover.map(|ready| f64::from(u8::from(ready)))
    }),
];

fn seconds(length: Option<Seconds>) -> Option<f64> {
    length.map(|length| length.0)
}
