//! The isomon on the host: it has the channel now and tells its updates line by line.
//!
//! Read when asked, never in between: what it tells meanwhile waits in the channel, and what has no room
//! there it drops and counts itself. When something happened there is passed over; age is counted from
//! when it was heard.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::super::isomon::line::{self, Answer};
use super::super::{Error, Told, Wants};
use super::EXCHANGE;
use super::link::{Link, cut};
use super::run::Draft;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::live::{FORMAT, Hello, RUN_BYTES};
use crate::model::origin::{Offer, Origin};
use crate::model::run::Record;
use crate::model::time::{Clock as _, SystemClock};
use crate::model::unit::Seconds;
use crate::model::update::What;

/// Longest line.
const LONGEST: usize = 4 << 20;
/// Most lines taken at once.
const LINES: usize = 10_000;
/// Most bytes taken at once.
const BYTES: usize = 16 << 20;
/// Most bytes read until a run is whole: what a run may be, and as much besides as is taken at once.
const READ_BYTES: usize = RUN_BYTES + (8 << 20) + BYTES;
/// Time that reading a run may take.
const READ: Duration = Duration::from_mins(1);
/// Who asks waits this long for the first news.
const WAIT: Duration = Duration::from_secs(1);
/// Quiet after which there is no more for now.
const QUIET: Duration = Duration::from_millis(20);
/// Silence, as often as it samples, after which it is taken for gone.
const SILENT: f64 = 3.0;

/// The isomon at the other end of a channel.
#[derive(Debug)]
pub(super) struct Peer {
    link: Link,
    input: Mutex<Option<ChildStdin>>,
    answer: Option<Answer>,
    /// By how many seconds the clock there was ahead when it greeted.
    skew: Option<f64>,
    partial: Vec<u8>,
    heard: Instant,
    deep: bool,
    /// What was told while a run was read.
    missed: Vec<Told>,
}

impl Peer {
    /// Lets the isomon there have the channel.
    pub(super) async fn take_over(mut link: Link) -> Result<Self, Error> {
        let late = Error::Late { seconds: EXCHANGE.as_secs(), doing: "starting the isomon there" };
        timeout(EXCHANGE, link.exchange("isomon")).await.unwrap_or(Err(late))?;
        let input = Mutex::new(link.take_input());
        let (heard, deep, missed) = (Instant::now(), false, Vec::new());
        let (answer, skew, partial) = (None, None, Vec::new());
        Ok(Self { link, input, answer, skew, partial, heard, deep, missed })
    }

    /// Whether it has said who it is.
    pub(super) const fn has_greeted(&self) -> bool {
        self.answer.is_some()
    }

    fn hello(&self) -> Option<&Hello> {
        self.answer.as_ref().map(|answer| &answer.hello)
    }

    /// Whether what it tells is understood.
    pub(super) fn offer(&self) -> Offer {
        match self.answer.as_ref().map_or(0, |answer| answer.strange) {
            0 => Offer::Offered,
            strange => Offer::Failed(format!("{strange} lines not understood").into()),
        }
    }

    /// What it is, on top of what is known of the source.
    pub(super) fn origin(&self, own: Origin) -> Origin {
        let Some(hello) = self.hello() else { return own };
        let newer = if hello.isomon_live > FORMAT { " (newer isomon)" } else { "" };
        Origin {
            version: Some(format!("{}{newer}", hello.version).into()),
            instance: Some(hello.instance.clone()).filter(|instance| !instance.is_empty()),
            interval_seconds: Seconds(
                hello.interval_seconds.0.clamp(own.interval_seconds.0, 3_600.0),
            ),
            skew_seconds: self.skew,
            can_bench: hello.can_bench,
            ..own
        }
    }

    /// Everything it told since the question before.
    pub(super) async fn news(&mut self, wants: Wants) -> Result<Vec<Told>, Error> {
        if self.answer.is_none() {
            self.greet().await?;
        }
        if wants.depth != self.deep {
            self.wish(&Command::Focus(wants.depth.then(SourceId::local))).await?;
            self.deep = wants.depth;
        }
        let mut told = std::mem::take(&mut self.missed);
        let (mut wait, mut bytes) = (WAIT, 0);
        while told.len() < LINES && bytes < BYTES {
            let Ok(piece) = timeout(wait, self.link.fill()).await else { break };
            let piece = piece?;
            if piece.is_empty() {
                return Err(cut("the isomon there has ended"));
            }
            let length = piece.len();
            bytes += length;
            // A long line comes in many pieces: only the new one is searched for its end.
            let ends = piece.contains(&b'\n');
            self.partial.extend_from_slice(piece);
            self.link.consume(length);
            self.heard = Instant::now();
            if ends || self.partial.len() > LONGEST {
                self.take(&mut told, None)?;
            }
            wait = QUIET;
        }
        let interval = self.hello().map_or(0.0, |hello| hello.interval_seconds.0);
        let patience =
            EXCHANGE.max(Duration::from_secs_f64((interval * SILENT).clamp(0.0, 3_600.0)));
        if self.heard.elapsed() > patience {
            return Err(Error::Late {
                seconds: patience.as_secs(),
                doing: "hearing of the isomon there",
            });
        }
        Ok(told)
    }

    async fn greet(&mut self) -> Result<(), Error> {
        let another =
            |found: String| Error::Another { wanted: "isomon that serves", found: found.into() };
        let late =
            Error::Late { seconds: EXCHANGE.as_secs(), doing: "greeting of the isomon there" };
        let line = timeout(EXCHANGE, self.link.line(LONGEST)).await.unwrap_or(Err(late));
        let line = line.map_err(|error| another(error.to_string()))?;
        let hello = line::hello(&line).map_err(|error| another(error.to_string()))?;
        self.heard = Instant::now();
        let ahead_ms = hello.now.wall_ms.saturating_sub(SystemClock.now().wall_ms);
        self.skew = Some(ahead_ms as f64 / 1e3);
        self.answer = Some(Answer { hello, told: Vec::new(), last: 0, strange: 0 });
        Ok(())
    }

    /// Takes the whole lines of what was read; what is not understood is one lost line.
    /// Lines of a run that is read go into `draft`.
    fn take(&mut self, told: &mut Vec<Told>, mut draft: Option<&mut Draft>) -> Result<(), Error> {
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else {
            if self.partial.len() > LONGEST {
                return Err(Error::Limit { what: "a line", most: "4 MiB" });
            }
            return Ok(());
        };
        let rest = self.partial.split_off(end + 1);
        let lines = std::mem::replace(&mut self.partial, rest);
        let Some(answer) = &mut self.answer else { return Ok(()) };
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match (line::kept_run(line), &mut draft) {
                (Some(what), Some(draft)) => draft.take(what, line.len())?,
                (Some(_), None) => {}
                (None, _) => answer.take(line)?,
            }
        }
        // What the source is, and whether it answers, is said here alone.
        let news = answer.told.drain(..);
        told.extend(news.filter(|told| !matches!(told.what, What::Health(_) | What::Origin(_))));
        Ok(())
    }

    /// Run `id`, which is kept there, whichever kind of run it is. What is told meanwhile is kept for the next
    /// question.
    pub(super) async fn read(&mut self, id: &RunId) -> Result<Record, Error> {
        if self.answer.is_none() {
            self.greet().await?;
        }
        self.wish(&Command::OpenRun(id.clone())).await?;
        let late =
            Error::Late { seconds: READ.as_secs(), doing: "reading a run of the isomon there" };
        timeout(READ, self.put_together(id)).await.unwrap_or(Err(late))
    }

    async fn put_together(&mut self, id: &RunId) -> Result<Record, Error> {
        let mut draft = Draft::new(id.clone());
        let mut bytes = 0;
        while bytes < READ_BYTES && self.missed.len() < 2 * LINES {
            let piece = self.link.fill().await?;
            if piece.is_empty() {
                return Err(cut("the isomon there has ended"));
            }
            let length = piece.len();
            bytes += length;
            let ends = piece.contains(&b'\n');
            self.partial.extend_from_slice(piece);
            self.link.consume(length);
            self.heard = Instant::now();
            if !ends && self.partial.len() <= LONGEST {
                continue;
            }
            let mut told = Vec::new();
            self.take(&mut told, Some(&mut draft))?;
            if let Some(record) = draft.done() {
                self.miss(told);
                return Ok(record);
            }
            let refusal = told.iter().find_map(|told| match &told.what {
                What::Notice(notice) if notice.bad && draft.is_empty() => Some(notice.text.clone()),
                _ => None,
            });
            self.miss(told);
            if let Some(why) = refusal {
                return Err(Error::Unable { why });
            }
        }
        let most = "88 MiB or 20,000 lines";
        Err(Error::Limit { what: "what is told while a run is read", most })
    }

    /// Keeps what was told; of what is too much the periodic goes.
    fn miss(&mut self, told: Vec<Told>) {
        let room = self.missed.len() < LINES;
        self.missed.extend(told.into_iter().filter(|told| room || !told.what.is_periodic()));
    }

    /// Has `command` carried out there; what comes of it is told as an update.
    pub(super) async fn wish(&self, command: &Command) -> Result<(), Error> {
        let mut line = serde_json::to_vec(command)
            .map_err(|error| Error::Unable { why: error.to_string().into() })?;
        line.push(b'\n');
        let mut kept = self.input.lock().await;
        // Taken out, so that a wish that was cut off in the middle is never followed by another.
        let mut input = kept.take().ok_or_else(|| cut("its input is closed"))?;
        let written = timeout(EXCHANGE, async {
            input.write_all(&line).await?;
            input.flush().await
        });
        let late = Error::Late { seconds: EXCHANGE.as_secs(), doing: "taking a wish" };
        written.await.map_err(|_| late)?.map_err(|error| cut(&error.to_string()))?;
        *kept = Some(input);
        Ok(())
    }
}
