//! A Token Spy: tokens and cost of agents over 24 h, and what it advises about their sessions.
//!
//! It stands between agents and models and counts what passes. It knows of no sessions, tasks or
//! queues; those are missing. What each model was used for is in its list of turns, which is taken
//! where it is whole.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::foreign::Survey;
use super::foreign::value::{self, reading};
use super::{Asked, Error, Source, Spec, Told, Wants, detect};
use crate::model::agent::{Agent, Agents, ModelUse};
use crate::model::command::Command;
use crate::model::done::Done;
use crate::model::origin::Kind;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::update::What;

const HEALTH: &str = "/health";
const SUMMARY: &str = "/api/summary";
const STATUS: &str = "/api/session-status";
const TURNS: &str = "/api/usage";
/// Agents that are told of, and those whose session is asked about in a round.
const MOST: usize = 256;
const ASKED: usize = 8;
/// Turns that are asked for; with as many as that, there may be more.
const MOST_TURNS: usize = 2_000;
/// Time from one look at what changes slowly to the next.
const SLOWLY: Duration = Duration::from_mins(1);
/// What of a turn are tokens.
const TOKENS: [&str; 4] =
    ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"];
/// The same in a summary.
const SUMS: [&str; 4] =
    ["total_input_tokens", "total_output_tokens", "total_cache_read", "total_cache_write"];

/// A Token Spy.
#[derive(Debug)]
pub struct TokenSpy {
    survey: Survey,
    agents: Vec<Agent>,
    models: Vec<ModelUse>,
    advice: BTreeMap<SafeText, SafeText>,
    /// Whose session is asked about next.
    next: usize,
}

impl TokenSpy {
    /// The server of `spec`. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        let survey = Survey::new(spec, Kind::TokenSpy)?;
        let (agents, models) = (Vec::new(), Vec::new());
        Ok(Self { survey, agents, models, advice: BTreeMap::new(), next: 0 })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        self.survey.begin();
        self.survey.ask(HEALTH, SLOWLY).await;
        let pace = self.survey.pace();
        let summary = self.survey.ask_at(SUMMARY, "/api/summary?hours=24", pace).await.value();
        match summary.as_ref().map(Value::as_array) {
            Some(Some(rows)) => {
                self.agents = rows.iter().take(MOST).filter_map(agent).collect();
            }
            Some(None) => self.survey.misshapen(SUMMARY, "it is no list of agents"),
            None => {}
        }
        let path = format!("{TURNS}?hours=24&limit={MOST_TURNS}");
        if let Some(turns) = self.survey.ask_at(TURNS, &path, SLOWLY).await.value() {
            self.models = models(&turns);
        }
        self.ask_sessions(pace).await;
        self.survey.end()?;
        detect::check(&self.survey, "Token Spy", &[SUMMARY, STATUS]).await?;
        let mut told: Vec<Told> = self.survey.news().map(Told::own).into_iter().collect();
        if summary.is_some() {
            told.push(Told::own(What::Agents(Box::new(self.tell()))));
        }
        Ok(told)
    }

    /// Asks about the sessions of some agents, others each time.
    async fn ask_sessions(&mut self, pace: Duration) {
        if !self.survey.is_due(STATUS) || self.agents.is_empty() {
            return;
        }
        let count = self.agents.len();
        let asked = (0..count.min(ASKED)).map(|step| (self.next + step) % count);
        let names: Vec<SafeText> = asked.map(|at| self.agents[at].name.clone()).collect();
        self.next = (self.next + names.len()) % count;
        for name in names {
            let path = format!("{STATUS}?agent={}", escaped(name.as_str()));
            let outcome = self.survey.fetch(&path).await;
            if let Some(answer) = self.survey.keep(STATUS, pace, outcome).value() {
                self.advice.insert(name, value::words(&answer, "recommendation"));
            }
        }
        self.advice.retain(|name, _| self.agents.iter().any(|agent| agent.name == *name));
    }

    fn tell(&self) -> Agents {
        let sum = |of: fn(&Agent) -> Option<f64>| {
            let known: Vec<f64> = self.agents.iter().filter_map(of).collect();
            let any = self.agents.is_empty() || !known.is_empty();
            reading(any.then(|| known.iter().sum()))
        };
        let agents = self.agents.iter().map(|agent| {
            let advice = self.advice.get(&agent.name).cloned().unwrap_or_default();
            Agent { advice, ..agent.clone() }
        });
        Agents {
            tokens_24h: sum(|agent| agent.tokens_24h.get()),
            cost_24h_usd: sum(|agent| agent.cost_24h_usd.get()),
            models: self.models.clone(),
            agents: agents.collect(),
            ..Agents::untold()
        }
    }
}

fn agent(row: &Value) -> Option<Agent> {
    Some(Agent {
        name: value::text(row, "agent")?,
        completed: Reading::Missing(Why::NotSupported),
        uptime_seconds: Reading::Missing(Why::NotSupported),
        tokens_24h: reading(tokens(row, &SUMS)),
        cost_24h_usd: reading(value::number(row, "total_cost").filter(|cost| *cost >= 0.0)),
        done: Done::untold(),
        ..Agent::default()
    })
}

/// The sum of those of `keys` that are there; `None` if none is.
fn tokens(row: &Value, keys: &[&str]) -> Option<f64> {
    let known = keys.iter().filter_map(|key| value::number(row, key));
    known.filter(|tokens| *tokens >= 0.0).reduce(|sum, tokens| sum + tokens)
}

/// What each model was used for, most tokens first; nothing where the list of turns is cut.
fn models(turns: &Value) -> Vec<ModelUse> {
    let rows = turns.as_array().map_or(&[][..], Vec::as_slice);
    if rows.len() >= MOST_TURNS {
        return Vec::new();
    }
    let mut sums: BTreeMap<SafeText, (f64, f64, f64)> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(value::words(row, "model")).or_default();
        sum.0 += tokens(row, &TOKENS).unwrap_or_default();
        sum.1 += value::number(row, "estimated_cost_usd").unwrap_or_default().max(0.0);
        sum.2 += 1.0;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    let tell = |(model, (tokens, cost, requests))| ModelUse {
        model,
        tokens: Reading::Known(tokens),
        cost_usd: Reading::Known(cost),
        requests: Reading::Known(requests),
    };
    sums.into_iter().take(16).map(tell).collect()
}

/// `text` as the value of a query.
fn escaped(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(letter).collect()
}

impl Source for TokenSpy {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "a Token Spy takes no orders of isomon";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}
