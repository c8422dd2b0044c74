//! One request and its answer, watched token by token, within bounds that no server can stretch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::body::Form;
use super::event::Events;
use super::reply::{self, Reply, Usage};
use crate::model::request::{Counted, Fate, Gap, Request};
use crate::model::text::SafeText;
use crate::source::client::{Answer, Client};
use crate::source::{self};

/// Bytes of one answer at most.
const LONGEST: usize = 64 << 20;
/// Bytes of an error's page that are read.
const LONGEST_PAGE: usize = 64 << 10;
/// Tokens of one answer at most.
const CHUNKS: u64 = 1_000_000;
/// Time that a stream has to end after it said that it has; else its connection is not used again.
const REST: Duration = Duration::from_millis(100);
/// Beyond its own time, so that who asks tells of it and not who carries it.
const SPARE: Duration = Duration::from_secs(5);

/// Who asks a server.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) client: Client,
    pub(super) form: Form,
    /// Tokens of an answer at most.
    pub(super) tokens: u32,
    /// Time that a request has, from when it is sent.
    pub(super) timeout: Duration,
    /// What all requests of it came to so far.
    pub(super) counts: Arc<Counts>,
}

/// What requests came to so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: AtomicU64,
    pub(super) good: AtomicU64,
    pub(super) bad: AtomicU64,
    /// Pieces of text that came.
    pub(super) chunks: AtomicU64,
    /// Requests that were sent once more, on another connection.
    pub(super) again: AtomicU64,
}

impl Counts {
    /// How many `of` these there are.
    pub(super) fn of(count: &AtomicU64) -> u64 {
        count.load(Ordering::Relaxed)
    }

    /// One more.
    pub(super) fn add(count: &AtomicU64, more: u64) {
        count.fetch_add(more, Ordering::Relaxed);
    }

    /// Requests at work.
    pub(super) fn at_work(&self) -> u64 {
        let ended = Self::of(&self.good) + Self::of(&self.bad);
        Self::of(&self.sent).saturating_sub(ended)
    }
}

/// What was seen of an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) status: Option<u16>,
    pub(super) usage: Option<Usage>,
    chunks: u64,
    first: Option<Instant>,
    last: Option<Instant>,
    /// When each gap ended, and how long it was.
    gaps: Vec<(Instant, Duration)>,
    bytes: usize,
    /// When it was whole.
    done: Option<Instant>,
}

/// Why a request was not answered well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Miss {
    pub(super) fate: Fate,
    pub(super) message: SafeText,
}

impl Asker {
    /// Asks for what comes after `prompt`; what is seen is in `seen`, whatever comes of it.
    pub(super) async fn ask(&self, prompt: &str, seen: &mut Seen) -> Result<(), Miss> {
        let within = timeout(self.timeout, self.exchange(prompt, seen)).await;
        let result = within.unwrap_or_else(|_| {
            let seconds = self.timeout.as_secs_f64();
            Err(miss(Fate::Timeout, &format!("not done within {seconds} s")))
        });
        seen.done.get_or_insert_with(Instant::now);
        result
    }

    async fn exchange(&self, prompt: &str, seen: &mut Seen) -> Result<(), Miss> {
        let mut answer = self.open(prompt).await.map_err(|error| of_error(&error))?;
        seen.status = Some(answer.status);
        match answer.status {
            200..=299 if answer.media == "text/event-stream" => {
                stream(&mut answer, seen, &self.counts).await?;
            }
            200..=299 => whole(&mut answer, seen).await?,
            300..=399 => {
                let why = "it points elsewhere, and nobody goes there; write its own address";
                return Err(miss(Fate::Redirect, why));
            }
            status => {
                let page = page(&mut answer, LONGEST_PAGE).await.unwrap_or_default();
                return Err(miss(Fate::Status, &format!("{status}: {}", reply::said(&page))));
            }
        }
        // Tokens that are no text yet are some all the same.
        let told = seen.usage.and_then(|usage| usage.completion_tokens).unwrap_or_default();
        if seen.chunks == 0 && told == 0 {
            return Err(miss(Fate::Empty, "it was answered without a token"));
        }
        Ok(())
    }
}

impl Asker {
    /// Sends the request. A server may close a connection that it kept open just when it is used again,
    /// and never see what was sent: then it is sent once more, which takes its time and is counted.
    async fn open(&self, prompt: &str) -> Result<Answer, source::Error> {
        let open = || {
            let body = self.form.body(prompt, self.tokens);
            self.client.open(self.form.api.path(), body, self.timeout + SPARE)
        };
        match open().await {
            Err(source::Error::Cut { .. }) => {
                Counts::add(&self.counts.again, 1);
                open().await
            }
            opened => opened,
        }
    }
}

/// Hears a stream to its end.
async fn stream(answer: &mut Answer, seen: &mut Seen, counts: &Counts) -> Result<(), Miss> {
    let (mut events, mut ended) = (Events::default(), false);
    loop {
        let piece = answer.piece().await;
        let piece = match piece {
            Ok(Some(piece)) => piece,
            Ok(None) | Err(_) if ended => return Ok(()),
            Ok(None) => return Err(miss(Fate::Cut, "the stream ended before the answer did")),
            Err(error) => return Err(of_error(&error)),
        };
        let now = Instant::now();
        seen.bytes += piece.len();
        if seen.bytes > LONGEST {
            return Err(miss(Fate::Limit, "the answer is more than 64 MiB"));
        }
        let fed = events.feed(&piece);
        let fed = fed.map_err(|_| miss(Fate::Limit, "an event of it is more than 1 MiB"))?;
        for event in fed {
            if event == b"[DONE]" {
                seen.done.get_or_insert(now);
                // That it has ended is heard, so that its connection can be used again.
                timeout(REST, answer.piece()).await.ok();
                return Ok(());
            }
            let before = seen.chunks;
            ended |= seen.take(&event, now)?;
            Counts::add(&counts.chunks, seen.chunks - before);
        }
    }
}

/// Hears an answer that comes as a whole.
async fn whole(answer: &mut Answer, seen: &mut Seen) -> Result<(), Miss> {
    let page = page(answer, LONGEST).await?;
    let now = Instant::now();
    let reply = Reply::read(&page).map_err(|why| miss(Fate::Malformed, why.as_str()))?;
    if let Some(error) = reply.error() {
        return Err(miss(Fate::Status, error.as_str()));
    }
    seen.usage = reply.usage();
    seen.chunks = u64::from(reply.has_token());
    seen.done = Some(now);
    Ok(())
}

/// The whole body, if it is not longer than `most` bytes.
async fn page(answer: &mut Answer, most: usize) -> Result<Vec<u8>, Miss> {
    let mut page = Vec::new();
    while let Some(piece) = answer.piece().await.map_err(|error| of_error(&error))? {
        if page.len() + piece.len() > most {
            return Err(miss(Fate::Limit, &format!("the answer is more than {} KiB", most >> 10)));
        }
        page.extend_from_slice(&piece);
    }
    Ok(page)
}

impl Seen {
    /// Takes in an event that came at `now`; whether the answer ends with it.
    fn take(&mut self, event: &[u8], now: Instant) -> Result<bool, Miss> {
        let reply = Reply::read(event).map_err(|why| miss(Fate::Malformed, why.as_str()))?;
        if let Some(error) = reply.error() {
            return Err(miss(Fate::Status, error.as_str()));
        }
        if let Some(usage) = reply.usage() {
            self.usage = Some(usage);
        }
        if reply.has_token() {
            self.chunks += 1;
            if self.chunks > CHUNKS {
                return Err(miss(Fate::Limit, "the answer has more than a million tokens"));
            }
            self.first.get_or_insert(now);
            if let Some(last) = self.last.replace(now) {
                self.gaps.push((now, now - last));
            }
        }
        let last = reply.is_last();
        if last {
            self.done = Some(now);
        }
        Ok(last)
    }

    /// The tokens of the answer, and who counted them.
    fn tokens(&self) -> (Option<u64>, Counted) {
        match self.usage.and_then(|usage| usage.completion_tokens) {
            Some(tokens) => (Some(tokens), Counted::Usage),
            None if self.first.is_some() => (Some(self.chunks), Counted::Chunks),
            None => (None, Counted::Nobody),
        }
    }
}

/// When a request was meant to come, and came.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    /// The beginning of the load.
    pub(super) begun: Instant,
    /// The same in nanoseconds since 1970 UTC.
    pub(super) wall_ns: i64,
    /// When it was meant to come, in seconds since.
    pub(super) intended: f64,
    /// When it was sent.
    pub(super) sent: Instant,
}

impl When {
    /// Seconds since 1970 UTC, `seconds` after the beginning.
    fn wall(&self, seconds: f64) -> f64 {
        rounded(self.wall_ns as f64 / 1e9 + seconds, 1e6)
    }

    fn since(&self, instant: Instant) -> f64 {
        instant.saturating_duration_since(self.begun).as_secs_f64()
    }

    /// Milliseconds from when it was meant to come until `instant`.
    fn until(&self, instant: Instant) -> f64 {
        rounded((self.since(instant) - self.intended).max(0.0) * 1e3, 1e3)
    }
}

/// The rows that a request makes.
pub(super) fn rows(
    number: u64,
    when: &When,
    seen: &Seen,
    result: Result<(), Miss>,
) -> (Request, Vec<Gap>) {
    let gap = |(at, gap): &(Instant, Duration)| Gap {
        at: when.wall(when.since(*at)),
        number,
        gap_ms: milliseconds(*gap),
    };
    let gaps: Vec<Gap> = seen.gaps.iter().map(gap).collect();
    let mut sorted: Vec<f64> = gaps.iter().map(|gap| gap.gap_ms).collect();
    sorted.sort_by(f64::total_cmp);
    let done = seen.done.unwrap_or(when.sent);
    let (output_tokens, counted_by) = seen.tokens();
    let good = result.is_ok();
    let miss = result.err();
    let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
    let tail = (sorted.len() * 99).div_ceil(100).saturating_sub(1);
    let row = Request {
        at: when.wall(when.intended),
        number,
        intended_s: rounded(when.intended, 1e6),
        held_ms: when.until(when.sent),
        ttft_ms: seen.first.map(|first| when.until(first)),
        itl_mean_ms: (!sorted.is_empty()).then(|| rounded(mean, 1e3)),
        itl_p99_ms: sorted.get(tail).copied(),
        itl_max_ms: sorted.last().copied(),
        e2e_ms: good.then(|| when.until(done)),
        done_s: rounded(when.since(done), 1e6),
        prompt_tokens: seen.usage.and_then(|usage| usage.prompt_tokens),
        output_tokens,
        counted_by,
        chunks: seen.chunks,
        tokens_per_s: pace(seen, output_tokens),
        outcome: miss.as_ref().map_or(Fate::Good, |miss| miss.fate),
        status: seen.status,
        message: miss.map(|miss| miss.message).unwrap_or_default(),
    };
    (row, gaps)
}

/// Tokens a second from the first to the last.
fn pace(seen: &Seen, tokens: Option<u64>) -> Option<f64> {
    let seconds = (seen.last? - seen.first?).as_secs_f64();
    let more = tokens?.checked_sub(1).filter(|more| *more > 0 && seen.chunks > 1)?;
    (seconds > 0.0).then(|| rounded(more as f64 / seconds, 1e3))
}

fn milliseconds(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1e3, 1e3)
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

fn miss(fate: Fate, message: &str) -> Miss {
    Miss { fate, message: SafeText::within(message, 400) }
}

/// What became of a request that was not carried.
fn of_error(error: &source::Error) -> Miss {
    use source::Error;
    let fate = match error {
        Error::Late { .. } => Fate::Timeout,
        Error::Cut { .. } => Fate::Cut,
        Error::Limit { .. } => Fate::Limit,
        Error::Redirect { .. } => Fate::Redirect,
        Error::Status { .. } | Error::Denied { .. } | Error::NotOffered { .. } => Fate::Status,
        Error::Shape { .. } | Error::Another { .. } => Fate::Malformed,
        _ => Fate::Refused,
    };
    miss(fate, &error.to_string())
}
