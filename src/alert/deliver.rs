//! Has receivers told: each has a queue and a task of its own.
//!
//! What turns waits in the queue, one entry for each alert, at most a hundred; the oldest are dropped and
//! told as a number. A receiver gets a message a second at most, with everything that waits. What is
//! not taken is sent again twice, after a while that grows and is never the same.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::letter::Letter;
use crate::model::alert::ReceiverBrief;
use crate::model::text::SafeText;
use crate::rule::{Change, Receiver, Way};
use crate::webhook::{self, Allow, Webhook};

pub mod program;
pub mod secret;

use program::Program;

/// Turns that may wait for a receiver.
const WAITING: usize = 100;
/// Time from one request to a receiver to the next, at least.
const APART: Duration = Duration::from_secs(1);
/// Times a message is sent.
const TRIES: u32 = 3;
/// Time until it is sent again, first; twice as long each time, and up to half of it more.
const AGAIN: Duration = Duration::from_secs(1);

/// Time that the last messages have when isomon ends.
const LAST: Duration = Duration::from_millis(1_500);

/// All receivers; when this goes, nobody is told any more.
#[derive(Debug)]
pub struct Post {
    lines: Vec<Arc<Line>>,
}

/// The way to a receiver.
#[derive(Debug)]
struct Line {
    receiver: Receiver,
    queue: Mutex<Queue>,
    news: Notify,
    stop: CancellationToken,
}

/// What waits, and what became of what does not.
#[derive(Debug, Default)]
struct Queue {
    changes: VecDeque<Change>,
    dropped: [u64; 2],
    brief: ReceiverBrief,
    at_ms: i64,
    busy: bool,
}

/// What takes a letter.
enum Door {
    Web(Box<Webhook>),
    Program(Program),
}

/// Why a letter was not taken, whether it may be later, and how long to wait for that.
struct Failure {
    why: String,
    may_pass: bool,
    after: Option<Duration>,
}

impl Post {
    /// Ways to `receivers`, from `host`.
    pub fn open(receivers: &[Receiver], host: &SafeText) -> Self {
        Self { lines: receivers.iter().map(|one| Line::begin(one, host)).collect() }
    }

    /// Has `receivers` told from now on, and nobody else. What waits for one who stays the same is told.
    pub fn change(&mut self, receivers: &[Receiver], host: &SafeText) {
        let mut before = std::mem::take(&mut self.lines);
        for receiver in receivers {
            let stays = before.iter().position(|line| line.receiver == *receiver);
            let line = stays.map(|at| before.swap_remove(at));
            self.lines.push(line.unwrap_or_else(|| Line::begin(receiver, host)));
        }
        for line in before {
            line.stop.cancel();
        }
    }

    /// Waits for what waits to be told, but not long.
    pub async fn finish(&self) {
        let told = async {
            while self.lines.iter().any(|line| !line.queue().is_idle()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LAST, told).await.ok();
    }

    /// Has everybody told of `change` whom it concerns.
    pub fn send(&self, change: &Change, now_ms: i64) {
        for line in &self.lines {
            if line.receiver.takes(change) {
                line.queue().put(change, now_ms);
                line.news.notify_one();
            }
        }
    }

    /// Who is told, and how that goes.
    pub fn briefs(&self) -> Vec<ReceiverBrief> {
        self.lines.iter().map(|line| line.queue().brief.clone()).collect()
    }
}

/// Sends `letter` to `receiver` once.
///
/// # Errors
/// Why it was not taken, in a sentence that has no secret in it.
pub async fn once(receiver: &Receiver, letter: &Letter) -> Result<(), String> {
    let door = Door::open(receiver)?;
    door.take(&letter.body(receiver.way)).await.map_err(|failure| failure.why)
}

impl Drop for Post {
    fn drop(&mut self) {
        for line in &self.lines {
            line.stop.cancel();
        }
    }
}

impl Queue {
    /// Whether nothing waits and nothing is on its way.
    fn is_idle(&self) -> bool {
        self.changes.is_empty() && !self.busy
    }

    /// A turn takes the place of one before of the same alert; the oldest goes where there is no room.
    fn put(&mut self, change: &Change, now_ms: i64) {
        self.at_ms = now_ms;
        self.changes.retain(|other| other.id != change.id);
        self.changes.push_back(change.clone());
        if self.changes.len() > WAITING
            && let Some(oldest) = self.changes.pop_front()
        {
            self.dropped[usize::from(oldest.is_end())] += 1;
            self.brief.dropped += 1;
        }
    }

    /// A letter from `host` with what waits longest, and all that comes to `receiver` with it.
    fn take(&mut self, receiver: &Receiver, host: &SafeText) -> Option<Letter> {
        let group = receiver.group(self.changes.front()?);
        self.busy = true;
        let all = std::mem::take(&mut self.changes);
        let (own, rest): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| receiver.group(one) == group);
        self.changes = rest.into();
        let dropped = std::mem::take(&mut self.dropped);
        Some(Letter { changes: own, dropped, group, host: host.clone(), at_ms: self.at_ms })
    }
}

impl Line {
    fn new(receiver: &Receiver) -> Self {
        let (name, kind) = (SafeText::new(&receiver.name), SafeText::new(receiver.way.name()));
        let brief = ReceiverBrief { name, kind, ..ReceiverBrief::default() };
        let queue = Mutex::new(Queue { brief, ..Queue::default() });
        let (news, stop) = (Notify::new(), CancellationToken::new());
        Self { receiver: receiver.clone(), queue, news, stop }
    }

    /// The way to `receiver` from `host`, at work until it is stopped.
    fn begin(receiver: &Receiver, host: &SafeText) -> Arc<Self> {
        let line = Arc::new(Self::new(receiver));
        let (work, stop) = (Arc::clone(&line).work(host.clone()), line.stop.clone());
        tokio::spawn(async move { stop.run_until_cancelled(work).await });
        line
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(self: Arc<Self>, host: SafeText) {
        let mut random = StdRng::from_os_rng();
        let mut next = Instant::now();
        loop {
            self.news.notified().await;
            tokio::time::sleep_until(next).await;
            loop {
                let letter = self.queue().take(&self.receiver, &host);
                let Some(letter) = letter else { break };
                let done = self.deliver(&letter, &mut next, &mut random).await;
                self.keep(done);
                tokio::time::sleep_until(next).await;
            }
        }
    }

    /// Sends `letter` until it is taken, or for so many times.
    async fn deliver(
        &self,
        letter: &Letter,
        next: &mut Instant,
        random: &mut StdRng,
    ) -> Result<(), String> {
        let body = letter.body(self.receiver.way);
        let mut failed = String::new();
        for tried in 0..TRIES {
            tokio::time::sleep_until(*next).await;
            *next = Instant::now() + APART;
            // What holds the address may be mended while isomon runs.
            let door = Door::open(&self.receiver)?;
            let Err(failure) = door.take(&body).await else { return Ok(()) };
            failed = failure.why;
            if !failure.may_pass {
                break;
            }
            let wait = AGAIN * 2_u32.pow(tried);
            let wait = wait + wait.mul_f64(random.random_range(0.0..0.5));
            *next = (*next).max(Instant::now() + failure.after.unwrap_or(wait));
        }
        Err(failed)
    }

    /// Counts what became of a letter; that it is not taken is told in the log once until it is.
    fn keep(&self, done: Result<(), String>) {
        let mut queue = self.queue();
        queue.busy = false;
        let brief = &mut queue.brief;
        match done {
            Ok(()) => {
                brief.sent += 1;
                brief.trouble = None;
            }
            Err(why) => {
                brief.failed += 1;
                let why = SafeText::within(&why, 160);
                if brief.trouble.as_ref() != Some(&why) {
                    tracing::warn!("receiver {}: {why}", brief.name);
                }
                brief.trouble = Some(why);
            }
        }
    }
}

impl Door {
    fn open(receiver: &Receiver) -> Result<Self, String> {
        if receiver.way == Way::Command {
            return Ok(Self::Program(Program::new(&receiver.command)));
        }
        let url = secret::read(&receiver.url)?;
        let allow = Allow { private: receiver.allow_private, loopback: receiver.allow_loopback };
        Webhook::new(&url, allow)
            .map(|hook| Self::Web(Box::new(hook)))
            .map_err(|error| sentence(&error))
    }

    async fn take(&self, body: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Web(hook) => hook.post(body.to_vec()).await.map_err(|error| Failure {
                why: sentence(&error),
                may_pass: error.may_pass(),
                after: error.after(),
            }),
            Self::Program(program) => program.run(body).await.map_err(|error| Failure {
                why: error.to_string(),
                may_pass: false,
                after: None,
            }),
        }
    }
}

fn sentence(error: &webhook::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
