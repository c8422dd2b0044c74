//! The agents a DreamServer watches.
//!
//! None of its implementations has a source for tasks, errors or a queue: the numbers for them are 0
//! for ever. What is 0 in all of them at once is therefore taken as missing.

use serde_json::Value;

use crate::model::agent::{Agent, Agents};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::source::foreign::value::{self, reading};

/// Agents and errors that are kept.
const MOST: usize = 200;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Known {
    agents: Vec<Agent>,
    errors: Vec<(SafeText, SafeText)>,
    metrics: Option<Value>,
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
            let error =
                |row: &Value| (value::words(row, "timestamp"), value::words(row, "message"));
            self.errors = value::list(answer, "errors").iter().take(MOST).map(error).collect();
        }
        if let Some(metrics) = metrics {
            self.metrics = metrics.get("agent").cloned();
        }
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
        Agents {
            sessions: reading(sessions.or(counted)),
            oldest_seconds: reading(oldest),
            queue: Reading::from_option(queue, nobody()),
            error_rate: Reading::from_option(rate, nobody()),
            agents: self.agents.clone(),
            errors: self.errors.clone(),
        }
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
    })
}
