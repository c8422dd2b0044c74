//! Servers of language models, and the services beside them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reading::{Reading, Why};
use super::text::SafeText;
use super::unit::{Bytes, PerSecond, Ratio, Seconds};

/// From this long on without a token, while requests are at work, a model is said to stand still.
pub const STALL_SECONDS: f64 = 15.0;

/// How a model is served at one moment. Rates are made from counters, over the time since the sample
/// before; what is said to be of the last minute, from what the counters grew by in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Serving {
    /// The model, as its server calls it.
    pub model: SafeText,
    /// What serves it.
    #[serde(default)]
    pub engine: Option<Engine>,
    /// The version of what serves it, as it says.
    #[serde(default)]
    pub version: Option<SafeText>,
    /// Where it answers: `127.0.0.1:8000`.
    #[serde(default)]
    pub address: Option<SafeText>,
    /// The process that listens there; only where that is on the node itself.
    #[serde(default)]
    pub pid: Option<u32>,
    /// That process and those it started, which hold its GPUs.
    #[serde(default)]
    pub pids: Vec<u32>,
    /// How many engines were added up to one.
    #[serde(default)]
    pub engines: u32,
    /// Requests at work.
    pub running: Reading<f64>,
    /// Requests that wait.
    pub waiting: Reading<f64>,
    /// Tokens generated.
    pub tokens_per_second: Reading<PerSecond>,
    /// Tokens of prompts taken in.
    pub prompt_tokens_per_second: Reading<PerSecond>,
    /// Tokens generated since the server began.
    #[serde(default)]
    pub tokens_total: Reading<f64>,
    /// Tokens of prompts since the server began.
    #[serde(default)]
    pub prompt_tokens_total: Reading<f64>,
    /// Requests that ended, over the last minute.
    #[serde(default)]
    pub requests_per_second: Reading<PerSecond>,
    /// How requests ended, by the reason the server gives.
    #[serde(default)]
    pub finished: Vec<Finish>,
    /// Requests that failed, over the last minute.
    #[serde(default)]
    pub failures_per_second: Reading<PerSecond>,
    /// Requests that failed since the server began.
    #[serde(default)]
    pub failures_total: Reading<f64>,
    /// Share of the key-value cache in use; the mean of all engines.
    pub kv_cache: Reading<Ratio>,
    /// Share of prompt tokens found in the cache of prefixes, over the last minute.
    #[serde(default)]
    pub prefix_hits: Reading<Ratio>,
    /// Requests put back to wait for room, over the last minute.
    #[serde(default)]
    pub preemptions_per_second: Reading<PerSecond>,
    /// The same since the server began.
    #[serde(default)]
    pub preemptions_total: Reading<f64>,
    /// From a request to its first token.
    #[serde(default)]
    pub first_token: Latency,
    /// From a token to the next.
    #[serde(default)]
    pub inter_token: Latency,
    /// From a request to its last token.
    #[serde(default)]
    pub end_to_end: Latency,
    /// From a request until it was begun.
    #[serde(default)]
    pub queued: Latency,
    /// How long requests are at work and no token came; 0 while tokens come or nothing is at work.
    #[serde(default)]
    pub still_seconds: Reading<Seconds>,
    /// Most tokens of a request, prompt and answer together.
    #[serde(default)]
    pub context_tokens: Reading<f64>,
    /// GPU memory the model takes, where its server says so.
    #[serde(default)]
    pub memory_bytes: Reading<Bytes>,
    /// Other names it answers to, and adapters that are loaded.
    #[serde(default)]
    pub also: Vec<SafeText>,
    /// Whether the rates are the server's own estimate and nothing that was measured.
    #[serde(default)]
    pub estimated: bool,
}

impl Serving {
    /// The model `model`, of which its server tells nothing.
    pub fn silent(model: SafeText) -> Self {
        let none = || Why::NotSupported;
        Self {
            model,
            running: Reading::Missing(none()),
            waiting: Reading::Missing(none()),
            tokens_per_second: Reading::Missing(none()),
            prompt_tokens_per_second: Reading::Missing(none()),
            tokens_total: Reading::Missing(none()),
            prompt_tokens_total: Reading::Missing(none()),
            requests_per_second: Reading::Missing(none()),
            failures_per_second: Reading::Missing(none()),
            failures_total: Reading::Missing(none()),
            kv_cache: Reading::Missing(none()),
            prefix_hits: Reading::Missing(none()),
            preemptions_per_second: Reading::Missing(none()),
            preemptions_total: Reading::Missing(none()),
            first_token: Latency::silent(),
            inter_token: Latency::silent(),
            end_to_end: Latency::silent(),
            queued: Latency::silent(),
            still_seconds: Reading::Missing(none()),
            context_tokens: Reading::Missing(none()),
            memory_bytes: Reading::Missing(none()),
            ..Self::default()
        }
    }

    /// What tells it from the other models of its node.
    pub fn key(&self) -> Key {
        (self.model.clone(), self.address.clone())
    }

    /// Whether requests are at work and no token has come for [`STALL_SECONDS`].
    pub fn is_stalled(&self) -> bool {
        self.still_seconds.get().is_some_and(|still| still.0 >= STALL_SECONDS)
    }
}

/// What tells a model from the others of its node: its name, and where it answers.
pub type Key = (SafeText, Option<SafeText>);

/// `key` in words, `m at 127.0.0.1:8000`.
pub fn named((model, address): &Key) -> SafeText {
    address.as_ref().map_or_else(|| model.clone(), |at| format!("{model} at {at}").into())
}

/// The key that [`named`] wrote `words` of.
pub fn key_of(words: &SafeText) -> Key {
    let parts = words.as_str().rsplit_once(" at ");
    let parts = parts.filter(|(_, at)| at.contains(':') && !at.contains(' '));
    parts.map_or_else(|| (words.clone(), None), |(model, at)| (model.into(), Some(at.into())))
}

/// What serves a model.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// vLLM.
    Vllm,
    /// SGLang.
    Sglang,
    /// llama.cpp's own server.
    LlamaCpp,
    /// Text Generation Inference.
    Tgi,
    /// Ollama.
    Ollama,
    /// Triton Inference Server.
    Triton,
    /// Anything else that answers as OpenAI's API does.
    #[default]
    OpenAi,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 7] = [
        Self::Vllm,
        Self::Sglang,
        Self::LlamaCpp,
        Self::Tgi,
        Self::Ollama,
        Self::Triton,
        Self::OpenAi,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vllm => "vLLM",
            Self::Sglang => "SGLang",
            Self::LlamaCpp => "llama.cpp",
            Self::Tgi => "TGI",
            Self::Ollama => "Ollama",
            Self::Triton => "Triton",
            Self::OpenAi => "OpenAI API",
        }
    }

    /// What stands before `+` in its address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::LlamaCpp => "llamacpp",
            Self::Tgi => "tgi",
            Self::Ollama => "ollama",
            Self::Triton => "triton",
            Self::OpenAi => "openai",
        }
    }

    /// A server of it, with its article.
    pub const fn server(self) -> &'static str {
        match self {
            Self::Vllm => "a vLLM server",
            Self::Sglang => "an SGLang server",
            Self::LlamaCpp => "a llama.cpp server",
            Self::Tgi => "a TGI server",
            Self::Ollama => "an Ollama server",
            Self::Triton => "a Triton server",
            Self::OpenAi => "a server with OpenAI's API",
        }
    }

    /// The port its servers listen on unless told otherwise.
    pub const fn port(self) -> u16 {
        match self {
            Self::Vllm | Self::OpenAi => 8000,
            Self::Sglang => 30000,
            Self::LlamaCpp => 8080,
            Self::Tgi => 3000,
            Self::Ollama => 11434,
            Self::Triton => 8002,
        }
    }
}

/// How long something took over the last minute, from the growth of a histogram's buckets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Half of it took no longer.
    pub p50: Reading<Seconds>,
    /// 95 % of it.
    pub p95: Reading<Seconds>,
    /// 99 % of it.
    pub p99: Reading<Seconds>,
    /// The mean, from the sum and the count.
    pub mean: Reading<Seconds>,
    /// How often it was measured in that time.
    pub count: Reading<f64>,
}

impl Latency {
    /// Nothing is told of it.
    pub fn silent() -> Self {
        let none = || Reading::Missing(Why::NotSupported);
        let count = Reading::Missing(Why::NotSupported);
        Self { p50: none(), p95: none(), p99: none(), mean: none(), count }
    }
}

/// How requests ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finish {
    /// Why: `stop`, `length`, `abort`, as the server says.
    pub reason: SafeText,
    /// How many since the server began.
    pub total: f64,
    /// Over the last minute.
    pub per_second: Reading<PerSecond>,
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
