//! What a source is: who speaks there, and which of its questions it answers.
//!
//! Every endpoint of a foreign server may be missing. That it is not offered is a fact about the
//! server and no error; that it fails is one.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::serving::Engine;
use super::text::SafeText;
use super::unit::Seconds;

/// Who speaks at a source.
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
pub enum Kind {
    /// The machine isomon runs on.
    #[default]
    Local,
    /// Another isomon.
    Isomon,
    /// A Vulcan API server.
    Vulcan,
    /// A Solstice portal or history server.
    Solstice,
    /// A miStudio back end.
    MiStudio,
    /// A DreamServer dashboard, or its API.
    Dream,
    /// The status proxy of a DreamServer cluster.
    Cluster,
    /// A store that is asked in PromQL.
    Prometheus,
    /// NVIDIA's DCGM exporter.
    Dcgm,
    /// A host reached by SSH.
    Ssh,
    /// An OpenClaw: its gateway, or its files.
    OpenClaw,
    /// A Token Spy.
    TokenSpy,
    /// A server of language models.
    Model(Engine),
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::Local,
        Self::Isomon,
        Self::Vulcan,
        Self::Solstice,
        Self::MiStudio,
        Self::Dream,
        Self::Cluster,
        Self::Prometheus,
        Self::Dcgm,
        Self::Ssh,
        Self::OpenClaw,
        Self::TokenSpy,
        Self::Model(Engine::Vllm),
        Self::Model(Engine::Sglang),
        Self::Model(Engine::LlamaCpp),
        Self::Model(Engine::Tgi),
        Self::Model(Engine::Ollama),
        Self::Model(Engine::Triton),
        Self::Model(Engine::OpenAi),
    ];

    /// Their names, in the same order.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Self::ALL[at].name();
            at += 1;
        }
        names
    };

    /// Its name, as in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Isomon => "isomon",
            Self::Vulcan => "Vulcan",
            Self::Solstice => "Solstice",
            Self::MiStudio => "miStudio",
            Self::Dream => "DreamServer",
            Self::Cluster => "cluster proxy",
            Self::Prometheus => "Prometheus",
            Self::Dcgm => "DCGM exporter",
            Self::Ssh => "SSH",
            Self::OpenClaw => "OpenClaw",
            Self::TokenSpy => "Token Spy",
            Self::Model(engine) => engine.name(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A source as it was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Who speaks there.
    pub kind: Kind,
    /// Where: the address without any secret.
    pub address: SafeText,
    /// The version of what speaks there, as it says.
    pub version: Option<SafeText>,
    /// The group the user put it in.
    pub group: Option<SafeText>,
    /// What tells this server from every other, as it says; two sources with the same are one node
    /// named twice.
    pub instance: Option<SafeText>,
    /// Time from one question to the next; a sample much older is stale.
    pub interval_seconds: Seconds,
    /// Its clock less ours; `None` where it does not tell.
    pub skew_seconds: Option<f64>,
    /// Whether who answers is not verified: certificates or host keys are taken as they come.
    pub unverified: bool,
    /// Whether a benchmark can be started there.
    pub can_bench: bool,
    /// What it was asked, and whether it offers that.
    pub endpoints: Vec<Endpoint>,
}

/// A question a source was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// The question: a path, a query, a file.
    pub name: SafeText,
    /// How it was answered.
    pub offer: Offer,
}

/// Whether a source offers something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// It was not asked yet.
    #[default]
    Unasked,
    /// It answers.
    Offered,
    /// This server does not have it, which is no error.
    NotOffered,
    /// It is there and fails; what it said.
    Failed(SafeText),
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unasked => f.pad("not asked yet"),
            Self::Offered => f.pad("offered"),
            Self::NotOffered => f.pad("not offered by this server"),
            Self::Failed(why) => f.pad(why.as_str()),
        }
    }
}
