//! Servers of language models, and the services beside them.

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
