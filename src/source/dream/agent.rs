//! The agents a DreamServer watches.
//!
//! None of its implementations has a source for tasks, errors or a queue: the numbers for them are 0
//! for ever. What is 0 in all of them at once is therefore taken as missing.

use serde_json::Value;

use crate::model::agent::{Agent, Agents, Cluster, ModelUse, Trouble};
use crate::model::done::Done;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::source::foreign::value::{self, reading};

/// Agents and errors that are kept.
const MOST: usize = 200;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Known {
    agents: Vec<Agent>,
    errors: Vec<Trouble>,
    metrics: Option<Value>,
    tokens: Option<Value>,
    cluster: Option<Cluster>,
}

impl Known {
    /// Takes in what was answered.
    pub(super) fn take(
        &mut self,
        agents: Option<&Value>,
        errors: Option<&Value>,
        metrics: Option<&Value>,
    ) {
        if let Some(answer) = agents {
            let rows = value::list(answer, "agents").iter();
            self.agents = rows.take(MOST).filter_map(agent).collect();
        }
        if let Some(answer) = errors {
            self.errors = value::list(answer, "errors").iter().take(MOST).map(error).collect();
        }
        if let Some(metrics) = metrics {
            self.metrics = metrics.get("agent").cloned();
            self.tokens = metrics.get("tokens").cloned();
        }
    }

    /// Takes in what the cluster's proxy answered.
    pub(super) fn set_cluster(&mut self, cluster: Option<Cluster>) {
        self.cluster = cluster.or_else(|| self.cluster.take());
    }

    /// How they are doing.
    pub(super) fn tell(&self) -> Agents {
        let metrics = self.metrics.as_ref().unwrap_or(&Value::Null);
        let active = |agent: &&Agent| agent.status.as_str() == "active";
        let active = self.agents.iter().filter(active).count();
        let sessions = value::number(metrics, "session_count");
        let oldest = self.agents.iter().filter_map(|agent| agent.uptime_seconds.get());
        let oldest = oldest.max_by(|one, other| one.0.total_cmp(&other.0));
        let counted = (!self.agents.is_empty()).then_some(active as f64);
        let queue = value::above_zero(metrics, "queue_depth");
        let rate = value::percent(metrics, "error_rate_1h").filter(|rate| rate.fraction() > 0.0);
        let tokens = self.tokens.as_ref().unwrap_or(&Value::Null);
        let spent = |key| value::above_zero(tokens, key);
        Agents {
            sessions: reading(sessions.or(counted)),
            oldest_seconds: reading(oldest),
            queue: Reading::from_option(queue, nobody()),
            error_rate: Reading::from_option(rate, nobody()),
            agents: self.agents.clone(),
            errors: self.errors.clone(),
            tokens_24h: Reading::from_option(spent("total_tokens_24h"), nobody()),
            cost_24h_usd: Reading::from_option(spent("total_cost_24h"), nobody()),
            models: value::list(tokens, "top_models").iter().take(MOST).map(model).collect(),
            cluster: self.cluster.clone(),
            ..Agents::untold()
        }
    }
}

/// Something that went wrong; the page writes local times without a zone, which are shown as they are.
fn error(row: &Value) -> Trouble {
    let at_ms = value::moment(row, "timestamp");
    let at = if at_ms.is_none() { value::words(row, "timestamp") } else { SafeText::default() };
    Trouble { at_ms, at, of: value::words(row, "source"), what: value::words(row, "message") }
}

fn model(row: &Value) -> ModelUse {
    ModelUse {
        model: value::words(row, "model"),
        tokens: reading(value::number(row, "tokens")),
        cost_usd: Reading::Missing(Why::NotSupported),
        requests: reading(value::number(row, "requests")),
    }
}

/// Why a 0 of this server is none.
fn nobody() -> Why {
    Why::Failed("this server counts none of it".into())
}

fn agent(row: &Value) -> Option<Agent> {
    Some(Agent {
        name: value::text(row, "name").or_else(|| value::text(row, "id"))?,
        status: value::words(row, "status"),
        node: value::words(row, "node"),
        task: value::words(row, "current_task"),
        completed: Reading::from_option(value::above_zero(row, "tasks_completed"), nobody()),
        uptime_seconds: reading(value::seconds(row, "uptime_seconds", 1.0)),
        done: Done::untold(),
        ..Agent::default()
    })
}
