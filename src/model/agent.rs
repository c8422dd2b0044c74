//! Agents: programs that let models work, their sessions, and what they cost.
//!
//! None of the servers that watch agents counts everything; what one does not count is missing, and
//! never 0.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::done::Done;
use super::reading::{Reading, Why};
use super::text::SafeText;
use super::unit::{Ratio, Seconds};

/// How agents are doing, by the server or the files that tell of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agents {
    /// Sessions in which something runs.
    pub sessions: Reading<f64>,
    /// Age of the oldest of them.
    pub oldest_seconds: Reading<Seconds>,
    /// Work that waits.
    pub queue: Reading<f64>,
    /// Share of work in the last hour that failed.
    pub error_rate: Reading<Ratio>,
    /// What became of work of late.
    #[serde(default)]
    pub done: Done,
    /// Tokens of the last 24 hours: prompts, answers and what came from caches.
    #[serde(default)]
    pub tokens_24h: Reading<f64>,
    /// What the last 24 hours cost, in US dollars, by the prices that the server knows.
    #[serde(default)]
    pub cost_24h_usd: Reading<f64>,
    /// What each model was used for in the last 24 hours, most tokens first.
    #[serde(default, deserialize_with = "crate::model::list::read")]
    pub models: Vec<ModelUse>,
    /// Each agent.
    pub agents: Vec<Agent>,
    /// Sessions, the latest first, and no more than are looked at.
    #[serde(default, deserialize_with = "crate::model::list::read")]
    pub list: Vec<Session>,
    /// How many sessions there are; `None` where it is not told.
    #[serde(default)]
    pub total: Option<u64>,
    /// The latest errors, latest first.
    #[serde(deserialize_with = "crate::model::list::read")]
    pub errors: Vec<Trouble>,
    /// The servers that models run on, where a proxy of theirs tells.
    #[serde(default)]
    pub cluster: Option<Cluster>,
    /// What is not told, or told in part.
    #[serde(default)]
    pub gaps: Vec<SafeText>,
}

impl Agents {
    /// What a server has that tells of agents and counts nothing.
    pub fn untold() -> Self {
        let absent = || Reading::Missing(Why::NotSupported);
        Self {
            sessions: absent(),
            oldest_seconds: Reading::Missing(Why::NotSupported),
            queue: absent(),
            error_rate: Reading::Missing(Why::NotSupported),
            done: Done::untold(),
            tokens_24h: absent(),
            cost_24h_usd: absent(),
            ..Self::default()
        }
    }
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
    /// Tasks it has done, in all its time.
    pub completed: Reading<f64>,
    /// How long it has been up.
    pub uptime_seconds: Reading<Seconds>,
    /// What became of its work of late.
    #[serde(default)]
    pub done: Done,
    /// Its tokens of the last 24 hours.
    #[serde(default)]
    pub tokens_24h: Reading<f64>,
    /// What it cost in the last 24 hours, in US dollars.
    #[serde(default)]
    pub cost_24h_usd: Reading<f64>,
    /// What its server advises to do about its session: `healthy`, `monitor`, `compact_soon`,
    /// `reset_recommended`, `cache_unstable`, `no_data`; empty where none does.
    #[serde(default)]
    pub advice: SafeText,
}

/// A session of an agent: a conversation that goes on from run to run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Session {
    /// Whose it is.
    pub agent: SafeText,
    /// What its server calls it.
    pub key: SafeText,
    /// The model it used last.
    pub model: SafeText,
    /// `running`, or how its last run ended: `done`, `failed`, `killed`, `timeout`; `idle` if none is
    /// known.
    pub status: SafeText,
    /// Milliseconds since 1970 UTC when its last run began.
    pub started_ms: Option<i64>,
    /// When something happened in it last.
    pub updated_ms: Option<i64>,
    /// Tokens that are in its context.
    pub tokens: Reading<f64>,
    /// How long its runs took, or how long the present one has taken.
    pub run_seconds: Reading<Seconds>,
    /// What it has cost, in US dollars.
    pub cost_usd: Reading<f64>,
}

/// What a model was used for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModelUse {
    /// The model.
    pub model: SafeText,
    /// Its tokens.
    pub tokens: Reading<f64>,
    /// What they cost, in US dollars.
    pub cost_usd: Reading<f64>,
    /// How often it was asked.
    pub requests: Reading<f64>,
}

/// Something that went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Trouble {
    /// Milliseconds since 1970 UTC; `None` where the server writes no time, or one without its zone.
    pub at_ms: Option<i64>,
    /// The time as the server writes it, where it cannot be read.
    pub at: SafeText,
    /// The agent, session or task it happened to.
    pub of: SafeText,
    /// What happened.
    pub what: SafeText,
}

/// The servers that models run on, taken together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Cluster {
    /// How many there are.
    pub nodes: u64,
    /// Of these, how many are healthy.
    pub up: u64,
    /// GPUs that are told of, and how many of them work; `None` where no GPU is told of.
    pub gpus: Option<(u64, u64)>,
    /// Whether another node can take over.
    pub failover: Option<bool>,
    /// The node that serves.
    pub serves: SafeText,
}
