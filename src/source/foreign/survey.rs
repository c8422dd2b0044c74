//! The questions a server is asked: each at its own pace, each with its own outcome.
//!
//! What a server does not offer is asked for again only after minutes, what fails less and less
//! often, so that one slow endpoint does not hold up the others. A round in which nobody answered at
//! all is an error; a round in which somebody did is none.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::model::origin::{Endpoint, Kind, Offer, Origin};
use crate::model::text::SafeText;
use crate::model::time::{Clock as _, SystemClock};
use crate::model::unit::Seconds;
use crate::model::update::What;
use crate::source::client::{self, Client, Reply};
use crate::source::{Error, Spec};

/// Time between questions where the user says nothing.
pub(in crate::source) const PACE: Duration = Duration::from_secs(5);
/// Shortest time between them, whatever the user says: these servers are not ours.
const SHORTEST: Duration = Duration::from_secs(1);
/// Time until something that was not offered is asked for again: a server may be renewed.
const AGAIN: Duration = Duration::from_mins(5);
/// Longest time until something that failed is asked for again.
const REST: Duration = Duration::from_mins(1);
/// Largest answer of these servers; less than the client's own bound, because it is read into memory
/// as a tree of many times its size.
const LONGEST: usize = 4 << 20;
/// The same in words.
const LONGEST_WORDS: &str = "4 MiB";
/// Questions without an answer in time after which the rest of a round is not asked.
const PATIENCE: usize = 2;
/// Seconds by which a clock that is told in whole ones may seem to move.
const CLOCK: f64 = 2.0;
/// Letters of an error that are kept.
const SAID: usize = 160;

/// A server and what it was asked so far.
#[derive(Debug)]
pub(in crate::source) struct Survey {
    client: Client,
    origin: Origin,
    told: Option<Origin>,
    questions: Vec<Question>,
    pace: Duration,
    answered: bool,
    late: usize,
    broken: Option<Error>,
}

/// What became of a question in this round.
#[derive(Debug, PartialEq)]
pub(in crate::source) enum Answer {
    /// It is not its time.
    Rests,
    /// There is none.
    Nothing,
    /// What the server said.
    Value(Value),
}

impl Answer {
    /// What the server said, if it said something.
    pub(in crate::source) fn value(self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Rests | Self::Nothing => None,
        }
    }
}

#[derive(Debug)]
struct Question {
    name: &'static str,
    offer: Offer,
    due: Instant,
    failures: u32,
}

impl Survey {
    /// A survey of the server of `spec`, who is said to be of `kind`.
    pub(in crate::source) fn new(spec: &Spec, kind: Kind) -> Result<Self, Error> {
        let pace = spec.interval.unwrap_or(PACE).max(SHORTEST);
        let origin = Origin {
            kind,
            address: spec.address.to_string().into(),
            group: spec.group.clone(),
            interval_seconds: Seconds::from(pace),
            unverified: spec.insecure,
            ..Origin::default()
        };
        let client = Client::new(spec)?;
        let (told, broken, questions) = (None, None, Vec::new());
        Ok(Self { client, origin, told, questions, pace, answered: false, late: 0, broken })
    }

    /// Time from one question to the next.
    pub(in crate::source) const fn pace(&self) -> Duration {
        self.pace
    }

    /// The client, for questions beside the survey.
    pub(in crate::source) const fn client(&self) -> &Client {
        &self.client
    }

    /// Begins a round.
    pub(in crate::source) fn begin(&mut self) {
        (self.answered, self.late, self.broken) = (false, 0, None);
    }

    /// Ends a round: an error if the server was asked and did not answer at all.
    pub(in crate::source) fn end(&mut self) -> Result<(), Error> {
        let Some(error) = self.broken.take().filter(|_| !self.answered) else {
            return Ok(());
        };
        self.forgive();
        Err(error)
    }

    /// What failed may be asked again at once: who asks waits by itself until the next time.
    fn forgive(&mut self) {
        for question in &mut self.questions {
            if matches!(question.offer, Offer::Failed(_)) {
                (question.failures, question.due) = (0, Instant::now());
            }
        }
    }

    /// An error if nothing of `names` could be read, though some of it is there; it says why not.
    pub(in crate::source) fn check_read(&mut self, names: &[&str]) -> Result<(), Error> {
        let mut whys: Vec<&str> = Vec::new();
        for name in names {
            match self.offer(name) {
                Offer::Failed(why) => whys.push(why.as_str()),
                Offer::NotOffered => {}
                Offer::Offered | Offer::Unasked => return Ok(()),
            }
        }
        if whys.is_empty() {
            return Ok(());
        }
        let why = SafeText::within(&whys.join("; "), 2 * SAID);
        self.forgive();
        Err(Error::Unread { why })
    }

    /// Asks for the path `name`, no more often than `every`.
    pub(in crate::source) async fn ask(&mut self, name: &'static str, every: Duration) -> Answer {
        self.ask_at(name, name, every).await
    }

    /// Asks for `path`, which is told as `name`.
    pub(in crate::source) async fn ask_at(
        &mut self,
        name: &'static str,
        path: &str,
        every: Duration,
    ) -> Answer {
        if !self.is_due(name) {
            return Answer::Rests;
        }
        let outcome = self.fetch(path).await;
        self.keep(name, every, outcome)
    }

    /// Asks for the path `name`, which is text and no JSON, no more often than `every`; its body.
    pub(in crate::source) async fn page(
        &mut self,
        name: &'static str,
        every: Duration,
    ) -> Option<Vec<u8>> {
        if !self.is_due(name) {
            return None;
        }
        let reply = self.client.get(name).await;
        let body = reply.and_then(|reply| {
            self.set_clock(reply.ahead_seconds);
            Ok(self.client.good(name, reply)?.body)
        });
        self.judge(&body);
        match body {
            Ok(body) => {
                self.note(name, Offer::Offered, every);
                Some(body)
            }
            Err(error) => {
                self.note(name, error.offer(), every);
                None
            }
        }
    }

    /// Whether it is time for `name`.
    pub(in crate::source) fn is_due(&self, name: &str) -> bool {
        let rests = self.find(name).is_some_and(|question| Instant::now() < question.due);
        !rests && !self.is_lost()
    }

    /// Whether asking on would only take time: nobody is there.
    fn is_lost(&self) -> bool {
        let gone = self.broken.as_ref().is_some_and(is_gone);
        self.late >= PATIENCE || (gone && !self.answered)
    }

    /// Asks for `path` whatever its pace; only whether the server answers at all is noted.
    pub(in crate::source) async fn fetch(&mut self, path: &str) -> Result<Value, Error> {
        let outcome = match self.client.get(path).await {
            Ok(reply) => {
                self.set_clock(reply.ahead_seconds);
                read(&self.client, path, reply)
            }
            Err(error) => Err(error),
        };
        self.judge(&outcome);
        outcome
    }

    /// Notes whether the server answers at all.
    fn judge<T>(&mut self, outcome: &Result<T, Error>) {
        match outcome {
            Err(error @ Error::Late { .. }) => {
                self.late += 1;
                self.broken = Some(error.clone());
            }
            Err(error) if !error.is_of_one_question() => self.broken = Some(error.clone()),
            _ => self.answered = true,
        }
    }

    /// Notes how `name` was answered.
    pub(in crate::source) fn keep(
        &mut self,
        name: &'static str,
        every: Duration,
        outcome: Result<Value, Error>,
    ) -> Answer {
        match outcome {
            Ok(value) => {
                self.note(name, Offer::Offered, every);
                Answer::Value(value)
            }
            Err(error) => {
                self.note(name, error.offer(), every);
                Answer::Nothing
            }
        }
    }

    /// Notes that what `name` answered is not what it should be.
    pub(in crate::source) fn misshapen(&mut self, name: &'static str, why: &str) {
        let error = Error::Shape { path: SafeText::new(name), why: SafeText::new(why) };
        self.note(name, error.offer(), self.pace);
    }

    /// Notes what is known of `name`, which is asked again after `every`, or later.
    pub(in crate::source) fn note(&mut self, name: &'static str, offer: Offer, every: Duration) {
        let question = self.question(name);
        question.failures = match offer {
            Offer::Failed(_) => question.failures.saturating_add(1),
            _ => 0,
        };
        let longer = every.saturating_mul(2_u32.saturating_pow(question.failures)).min(REST);
        let rest = match offer {
            Offer::NotOffered => AGAIN.max(every),
            _ => longer.max(every),
        };
        // Who asks is never quite on time.
        question.due = Instant::now() + rest.mul_f64(0.9);
        question.offer = offer;
    }

    /// How `name` was answered the last time.
    pub(in crate::source) fn offer(&self, name: &str) -> &Offer {
        self.find(name).map_or(&Offer::Unasked, |question| &question.offer)
    }

    /// Whether one of `names` answers.
    pub(in crate::source) fn offers_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| *self.offer(name) == Offer::Offered)
    }

    /// Whether each of `names` was asked and none is there.
    pub(in crate::source) fn offers_none_of(&self, names: &[&str]) -> bool {
        names.iter().all(|name| *self.offer(name) == Offer::NotOffered)
    }

    /// Keeps by how much the server's clock is ahead, unless it is as it was for all that can be told.
    fn set_clock(&mut self, ahead_seconds: Option<f64>) {
        let before = self.origin.skew_seconds;
        let ahead = ahead_seconds.map(|ahead| if ahead.abs() > CLOCK { ahead } else { 0.0 });
        let moved = |ahead: &f64| before.is_none_or(|before| (before - ahead).abs() > CLOCK);
        self.origin.skew_seconds = ahead.filter(moved).or(before);
    }

    /// The present by the server's clock, as far as it is known: what is judged by times that the
    /// server wrote is judged by this, and what is noted beside them is noted by this.
    pub(in crate::source) fn there_ms(&self) -> i64 {
        there_ms(SystemClock.now().wall_ms, self.origin.skew_seconds)
    }

    /// Keeps the version the server gives.
    pub(in crate::source) fn set_version(&mut self, version: Option<SafeText>) {
        if version.is_some() {
            self.origin.version = version;
        }
    }

    /// What the server is and offers, if that is new.
    pub(in crate::source) fn news(&mut self) -> Option<What> {
        let endpoint = |question: &Question| Endpoint {
            name: question.name.into(),
            offer: question.offer.clone(),
        };
        self.origin.endpoints = self.questions.iter().map(endpoint).collect();
        if self.told.as_ref() == Some(&self.origin) {
            return None;
        }
        self.told = Some(self.origin.clone());
        Some(What::Origin(Box::new(self.origin.clone())))
    }

    /// What a node below this server is: of the same kind and place, and asked nothing by itself.
    pub(in crate::source) fn below(&self) -> What {
        What::Origin(Box::new(Origin { endpoints: Vec::new(), ..self.origin.clone() }))
    }

    fn find(&self, name: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.name == name)
    }

    fn question(&mut self, name: &'static str) -> &mut Question {
        let known = self.questions.iter().position(|question| question.name == name);
        let at = known.unwrap_or(self.questions.len());
        if known.is_none() {
            let (offer, due) = (Offer::Unasked, Instant::now());
            self.questions.push(Question { name, offer, due, failures: 0 });
        }
        &mut self.questions[at]
    }
}

/// `here_ms` by a clock that is `ahead` seconds ahead; as this one where that is not known.
#[expect(clippy::cast_possible_truncation, reason = "saturates, as what follows does")]
fn there_ms(here_ms: i64, ahead: Option<f64>) -> i64 {
    here_ms.saturating_add((ahead.unwrap_or_default() * 1e3).round() as i64)
}

/// The JSON of a good answer. That a thing is not there (`no job of this name`) is told from that
/// nobody answers such questions.
fn read(client: &Client, path: &str, reply: Reply) -> Result<Value, Error> {
    if reply.body.len() > LONGEST {
        return Err(Error::Limit { what: "the answer", most: LONGEST_WORDS });
    }
    let status = reply.status;
    let own = match status {
        404 => missing(&reply),
        200..=399 | 401 | 403 | 405 | 501 => None,
        _ => Some(said(&reply)),
    };
    if let Some(said) = own {
        return Err(Error::Status { path: path.into(), status, said });
    }
    client::parse(path, &client.good(path, reply)?.body)
}

/// What a server that knows the question says of a thing that is not there.
fn missing(reply: &Reply) -> Option<SafeText> {
    words(reply).filter(|said| said != "Not Found").map(SafeText::from)
}

/// The words in an answer that is none.
fn said(reply: &Reply) -> SafeText {
    let text = || String::from_utf8_lossy(&reply.body).trim().to_owned();
    SafeText::within(&words(reply).unwrap_or_else(text), SAID)
}

/// What an error in JSON says, in any of the usual fields.
fn words(reply: &Reply) -> Option<String> {
    let value: Value = serde_json::from_slice(&reply.body).ok()?;
    let words = ["detail", "error", "message"].iter().find_map(|key| value.get(key)?.as_str());
    words.map(str::to_owned)
}

/// Whether `error` means that nobody is there, or nobody to talk to.
const fn is_gone(error: &Error) -> bool {
    matches!(
        error,
        Error::Name { .. }
            | Error::Refused { .. }
            | Error::Unreachable { .. }
            | Error::Tls { .. }
            | Error::Cut { .. }
    )
}
