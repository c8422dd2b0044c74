//! What a load on a model's server came to: what was seen of it, and what it says of itself.

use serde::{Deserialize, Serialize};

use super::compare::Difference;
use super::request::Figures;
use crate::model::text::SafeText;

/// What a load on a model's server came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The server, without what stands before it.
    pub server: SafeText,
    /// The model, as it calls it.
    pub model: SafeText,
    /// `completions` or `chat`.
    pub api: SafeText,
    /// Whether answers came token by token.
    pub stream: bool,
    /// Arrivals a second that were asked for.
    pub rate: f64,
    /// How they are spread: `poisson` or `fixed`.
    pub arrivals: SafeText,
    /// The seed of all that is random.
    pub seed: u64,
    /// Tokens of a prompt that were asked for.
    pub prompt_tokens: u32,
    /// Tokens of an answer that were asked for.
    pub output_tokens: u32,
    /// Requests at once that were allowed.
    pub at_once: u32,
    /// What the requests came to.
    pub figures: Figures,
    /// Arrivals that were never sent: the cap held them until the time was over.
    pub unsent: u64,
    /// Requests that were given up because the load was ended.
    pub given_up: u64,
    /// The server's own figures over the same while.
    pub own: Option<Own>,
    /// What is worth saying of it: how tokens were counted, what the server does not take.
    pub notes: Vec<SafeText>,
    /// What stands against its figures.
    pub warnings: Vec<SafeText>,
    /// Whether it was ended before it was over.
    pub cancelled: bool,
}

/// The server's own figures over the time of a load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// Seconds between the first and the last reading.
    pub seconds: f64,
    /// Tokens generated a second.
    pub generated_per_s: Option<f64>,
    /// Tokens of prompts a second.
    pub prompted_per_s: Option<f64>,
    /// Most requests at work at any reading.
    pub running_most: Option<f64>,
    /// Most requests that waited at any reading.
    pub waiting_most: Option<f64>,
    /// Most of the key-value cache in use at any reading.
    pub kv_cache_most_percent: Option<f64>,
    /// Until the first token, by its histogram.
    pub ttft_ms: Option<Quick>,
    /// Between tokens.
    pub itl_ms: Option<Quick>,
    /// Whole requests.
    pub e2e_ms: Option<Quick>,
}

/// What a histogram tells of times, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quick {
    /// Mean.
    pub mean: f64,
    /// Half are below, between the bounds of a bucket by a straight line.
    pub p50: Option<f64>,
    /// 95 % are below.
    pub p95: Option<f64>,
    /// 99 % are below.
    pub p99: Option<f64>,
}

/// What two runs against servers of models did not ask alike; each has a load for every rate.
pub fn unlike(base: &[Told], other: &[Told]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut see = |what: &str, of: fn(&Told) -> String| {
        let (base, other) = (each(base, of), each(other, of));
        if base != other {
            found.push(Difference { what: what.to_owned(), base, other });
        }
    };
    see("model", |told| told.model.to_string());
    see("arrivals a second", |told| told.rate.to_string());
    see("how they are spread", |told| told.arrivals.to_string());
    see("tokens of a prompt", |told| told.prompt_tokens.to_string());
    see("tokens of an answer", |told| told.output_tokens.to_string());
    see("requests at once", |told| told.at_once.to_string());
    see("API", |told| told.api.to_string());
    see("answers token by token", |told| told.stream.to_string());
    see("seed", |told| told.seed.to_string());
    found
}

/// What `of` says of each load, once; loads stand in order of their rates.
fn each(loads: &[Told], of: fn(&Told) -> String) -> String {
    let mut loads: Vec<&Told> = loads.iter().collect();
    loads.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    let mut said: Vec<String> = loads.into_iter().map(of).collect();
    said.dedup();
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_alike_is_said_once() {
        let load = |rate, prompt_tokens| Told { rate, prompt_tokens, seed: 7, ..Told::default() };
        let base = [load(4.0, 128), load(1.0, 128)];
        assert_eq!(unlike(&base, &[load(1.0, 128), load(4.0, 128)]), []);
        let found = unlike(&base, &[load(1.0, 512)]);
        let said: Vec<String> = found
            .iter()
            .map(|one| format!("{}: {} -> {}", one.what, one.base, one.other))
            .collect();
        assert_eq!(said, ["arrivals a second: 1, 4 -> 1", "tokens of a prompt: 128 -> 512"]);
    }
}
