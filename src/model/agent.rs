//! Agents: programs that let models work, and their sessions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::text::SafeText;
use super::unit::{Ratio, Seconds};

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
