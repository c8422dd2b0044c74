//! Servers of language models, and the agents that use them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::text::SafeText;
use super::unit::{PerSecond, Ratio, Seconds};

/// How a model is served at one moment. Rates are made from counters, over the time since the sample
/// before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Serving {
    /// The model, as its server calls it.
    pub model: SafeText,
    /// Requests at work.
    pub running: Reading<f64>,
    /// Requests that wait.
    pub waiting: Reading<f64>,
    /// Tokens generated.
    pub tokens_per_second: Reading<PerSecond>,
    /// Tokens of prompts taken in.
    pub prompt_tokens_per_second: Reading<PerSecond>,
    /// Share of the key-value cache in use.
    pub kv_cache: Reading<Ratio>,
    /// Whether the rates are the server's own estimate and nothing that was measured.
    #[serde(default)]
    pub estimated: bool,
}

/// How agents are doing, by the server that watches them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agents {
    /// Sessions that are open.
    pub sessions: Reading<f64>,
    /// Age of the oldest.
    pub oldest_seconds: Reading<Seconds>,
    /// Work that waits.
    pub queue: Reading<f64>,
    /// Share of work in the last hour that failed.
    pub error_rate: Reading<Ratio>,
    /// Each agent.
    pub agents: Vec<Agent>,
    /// The latest errors, latest first: when, as the server writes it, and what.
    pub errors: Vec<(SafeText, SafeText)>,
}

/// An agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// Its name.
    pub name: SafeText,
    /// `active`, `idle`, `error`, as the server says.
    pub status: SafeText,
    /// Where it runs.
    pub node: SafeText,
    /// What it does now.
    pub task: SafeText,
    /// Tasks it has done.
    pub completed: Reading<f64>,
    /// How long it has been up.
    pub uptime_seconds: Reading<Seconds>,
}

/// A service beside the models.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Its name.
    pub name: SafeText,
    /// `healthy unhealthy degraded unknown down not_deployed`, as the server says.
    pub status: SafeText,
    /// Where it listens.
    pub port: Option<u32>,
    /// How long it took to answer.
    pub response_seconds: Reading<Seconds>,
}
