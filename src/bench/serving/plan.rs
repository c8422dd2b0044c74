//! What is asked of a model's server: how often, how long, with which words.

use std::time::Duration;

use crate::source::Spec;

/// Requests at once unless somebody says.
pub const AT_ONCE: u32 = 256;
/// Seconds of arrivals unless somebody says.
pub const SECONDS: f64 = 30.0;

/// Which of OpenAI's two ways to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Api {
    /// `/v1/completions`: a text goes on
    Completions,
    /// `/v1/chat/completions`: a message is answered
    Chat,
}

impl Api {
    /// Its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Completions => "/v1/completions",
            Self::Chat => "/v1/chat/completions",
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Completions => "completions",
            Self::Chat => "chat",
        }
    }
}

/// How arrivals are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Arrivals {
    /// Each at random, as many users do who know nothing of each other
    #[default]
    Poisson,
    /// One after another at the same distance
    Fixed,
}

impl Arrivals {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Fixed => "fixed",
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server.
    pub server: Spec,
    /// The model; the first it offers where none is named.
    pub model: Option<String>,
    /// How it is asked; completions where it has them, else chat.
    pub api: Option<Api>,
    /// Whether it answers token by token.
    pub stream: bool,
    /// Arrivals a second, above 0.
    pub rate: f64,
    /// How they are spread.
    pub arrivals: Arrivals,
    /// How long they come; `None` only where `requests` are counted.
    pub seconds: Option<f64>,
    /// How many come at most.
    pub requests: Option<u64>,
    /// Tokens of a prompt, about.
    pub prompt_tokens: u32,
    /// Tokens of an answer at most, and exactly where the server can be told to go on.
    pub output_tokens: u32,
    /// Requests at once at most, from 1; others are held until there is room.
    pub at_once: u32,
    /// Requests before the counting begins.
    pub warmup: u32,
    /// Time that a request has.
    pub timeout: Duration,
    /// Decides all that is random.
    pub seed: u64,
}
