//! An OpenClaw by its gateway: `openclaw+ws://host:18789`, or `openclaw+wss://…`.
//!
//! The connection stays from question to question; one that broke is made anew. Sessions and tasks are
//! asked for, never subscribed to, so that nothing is told that nobody looks at. What was used is not
//! asked for: the gateway counts that by the day, and asks its users not to poll it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::fold::Book;
use super::row::{self, Task};
use super::{refusal, talk::Talk};
use crate::model::agent::Agents;
use crate::model::command::Command;
use crate::model::origin::{Endpoint, Kind, Offer, Origin};
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::model::time::{Clock as _, SystemClock};
use crate::model::unit::Seconds;
use crate::model::update::What;
use crate::source::client::Client;
use crate::source::detect::{self, Finding};
use crate::source::foreign::value;
use crate::source::{Asked, Error, Source, Spec, Told, Wants};
use crate::stats::done::DAY_MS;

/// Time between questions where the user says nothing.
const PACE: Duration = Duration::from_secs(5);
/// Shortest time between them, whatever the user says.
const SHORTEST: Duration = Duration::from_secs(1);
/// Time for everything that is asked at once; a gateway that starts is slow.
const TIME: Duration = Duration::from_secs(15);
/// Sessions that are asked for, the latest.
const SESSIONS: u32 = 500;
/// Tasks of an answer, and answers, at most.
const TASKS: u32 = 500;
const PAGES: usize = 8;
/// Seconds from which on its clock is told as off.
const CLOCK: f64 = 2.0;

const LIST: &str = "sessions.list";
const LEDGER: &str = "tasks.list";

/// A gateway.
#[derive(Debug)]
pub struct Gateway {
    client: Client,
    token: Option<Secret>,
    talk: Option<Talk>,
    origin: Origin,
    told: Option<Origin>,
    pace: Duration,
    due: Instant,
}

impl Gateway {
    /// The gateway of `spec`. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        let pace = spec.interval.unwrap_or(PACE).max(SHORTEST);
        let origin = Origin {
            kind: Kind::OpenClaw,
            address: spec.address.to_string().into(),
            group: spec.group.clone(),
            interval_seconds: Seconds::from(pace),
            unverified: spec.insecure,
            ..Origin::default()
        };
        let (talk, told, due) = (None, None, Instant::now());
        let (client, token) = (Client::new(spec)?, spec.token.clone());
        Ok(Self { client, token, talk, origin, told, pace, due })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        if Instant::now() < self.due {
            return Ok(Vec::new());
        }
        // What is dropped half-way would leave an answer for the next question.
        let talk = self.talk.take();
        let asked = timeout(TIME, self.ask_all(talk)).await;
        let late = Error::Late { seconds: TIME.as_secs(), doing: "answering" };
        let (talk, agents) = asked.unwrap_or(Err(late))?;
        self.origin.version.clone_from(&talk.version);
        self.talk = Some(talk);
        // Who asks is never quite on time.
        self.due = Instant::now() + self.pace.mul_f64(0.9);
        let mut told = Vec::new();
        if self.told.as_ref() != Some(&self.origin) {
            self.told = Some(self.origin.clone());
            told.push(Told::own(What::Origin(Box::new(self.origin.clone()))));
        }
        told.push(Told::own(What::Agents(Box::new(agents))));
        Ok(told)
    }

    async fn ask_all(&mut self, talk: Option<Talk>) -> Result<(Talk, Agents), Error> {
        let mut talk = match talk {
            Some(talk) => talk,
            None => Self::begin(&self.client, self.token.as_ref()).await?,
        };
        let asked_ms = SystemClock.now().wall_ms;
        let answer = match talk.ask(LIST, json!({"limit": SESSIONS})).await {
            // Between two questions it may have been started anew.
            Err(Error::Cut { .. }) => {
                talk = Self::begin(&self.client, self.token.as_ref()).await?;
                talk.ask(LIST, json!({"limit": SESSIONS})).await?
            }
            answer => answer?,
        };
        let now_ms = self.set_clock(&answer, asked_ms);
        let mut book = Book { total: value::count(&answer, "totalCount"), ..Book::default() };
        let rows = value::list(&answer, "sessions").iter();
        book.rows = rows
            .filter_map(|one| row::session("", value::words(one, "key").as_str(), one))
            .collect();
        let ledger = if talk.offers(LEDGER) {
            match tasks(&mut talk, now_ms).await {
                Ok(tasks) => {
                    book.tasks = Some(tasks);
                    Offer::Offered
                }
                Err(error) if error.is_of_one_question() => error.offer(),
                Err(error) => return Err(error),
            }
        } else {
            Offer::NotOffered
        };
        let endpoint = |name: &str, offer| Endpoint { name: name.into(), offer };
        self.origin.endpoints = vec![endpoint(LIST, Offer::Offered), endpoint(LEDGER, ledger)];
        Ok((talk, book.tell(now_ms)))
    }

    /// Is let in; who else speaks there is found out.
    async fn begin(client: &Client, token: Option<&Secret>) -> Result<Talk, Error> {
        match Talk::begin(client, token).await {
            Err(Error::NotOffered { .. } | Error::Status { .. } | Error::Redirect { .. }) => {
                let found = match detect::find(client).await? {
                    Finding::Known(kind) => SafeText::from(format!("{kind} answers there")),
                    Finding::Unknown(found) => found,
                };
                Err(refusal::another(found.as_str()))
            }
            talk => talk,
        }
    }

    /// The present by the gateway's clock, which `answer` tells, and by how much that is off.
    fn set_clock(&mut self, answer: &Value, asked_ms: i64) -> i64 {
        let here_ms = asked_ms.midpoint(SystemClock.now().wall_ms);
        let Some(there_ms) = row::millis(answer, "ts") else { return here_ms };
        let ahead = there_ms.saturating_sub(here_ms) as f64 / 1e3;
        let ahead = if ahead.abs() > CLOCK { ahead } else { 0.0 };
        if self.origin.skew_seconds.is_none_or(|before| (before - ahead).abs() > CLOCK) {
            self.origin.skew_seconds = Some(ahead);
        }
        there_ms
    }
}

/// The tasks that wait, run, or ended in the day before `now_ms`.
async fn tasks(talk: &mut Talk, now_ms: i64) -> Result<Vec<Task>, Error> {
    let mut tasks: Vec<Task> = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let mut params = json!({"limit": TASKS});
        if let (Some(cursor), Some(params)) = (&cursor, params.as_object_mut()) {
            params.insert("cursor".to_owned(), json!(cursor));
        }
        let page = talk.ask(LEDGER, params).await?;
        tasks.extend(value::list(&page, "tasks").iter().map(row::task));
        let last = tasks.last().and_then(|task| task.piece.ended_ms);
        let older = last.is_some_and(|at| now_ms.saturating_sub(at) > DAY_MS);
        cursor = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() || older {
            break;
        }
    }
    Ok(tasks)
}

impl Source for Gateway {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "an OpenClaw takes no orders of isomon";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}
