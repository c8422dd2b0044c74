//! Asks one source again and again, and passes on what it tells.
//!
//! At most one question is under way. Nodes that answer are asked at their interval, a little off it
//! each time so that a fleet is never in step; nodes that do not are asked ever more seldom
//! ([`retry`]), through a narrower gate ([`gate`]). A question that was late, or a machine that slept,
//! is never made up for. Nobody waits for a poll: what it has to say goes through an
//! [`Outlet`] like everything else.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::admit::Admission;
use self::gate::Gate;
use self::retry::Retry;
use super::{Outlet, Pace};
use crate::config::address::Address;
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::origin::Origin;
use crate::model::run::Record;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::model::update::{Health, Notice, What};
use crate::source::{Error, Source, Spec, Told, Wants};

pub mod admit;
mod clock;
pub mod gate;
pub mod retry;
mod tell;

/// Time between two questions to a node of a fleet that is not large.
pub const USUAL: Duration = Duration::from_secs(2);
/// Questions a second that all polls together ask, at most; more nodes are asked more seldom.
pub const A_SECOND: usize = 500;
/// While a run goes on there.
const LIVE: Duration = Duration::from_millis(500);
/// While somebody looks at it in depth.
const DEPTH: Duration = Duration::from_secs(1);
/// How long a run that was asked for is expected to begin.
const EXPECTED: Duration = Duration::from_secs(15);
/// Longest that a question may take; sources end theirs long before.
const TOO_LONG: Duration = Duration::from_mins(1);
/// Who was down for this long and is back may have been cut off together with others.
const CUT_OFF: Duration = Duration::from_secs(5);
/// Within this time those others are asked again.
const AGAIN: Duration = Duration::from_secs(5);
/// Part of an interval by which a question is early or late.
const JITTER: f64 = 0.05;
/// The first questions to a fleet are this far apart.
const FIRST: Duration = Duration::from_millis(2);

/// Time between two questions to each of `count` nodes: 2 s up to 1,000 of them, then as much as keeps
/// all of them together at 500 questions a second.
pub fn usual(count: usize) -> Duration {
    USUAL.max(Duration::from_secs_f64(count as f64 / A_SECOND as f64))
}

/// What the polls of a fleet have in common.
#[derive(Clone, Debug)]
pub struct Common {
    /// How often the user wants samples, and whether at all.
    pub pace: watch::Receiver<Pace>,
    /// Which node is looked at in depth.
    pub focus: watch::Receiver<Option<SourceId>>,
    /// What they share.
    pub gate: Arc<Gate>,
    /// Ends them.
    pub stop: CancellationToken,
    /// How many they are.
    pub count: usize,
}

/// Something a source is to do, and who waits for what came of it.
#[derive(Debug)]
pub struct Wish {
    /// What: `BenchAs`, `Cancel`, `CheckBackends` or `OpenFrom`.
    pub command: Command,
    /// Told the run that was read, if one was; a sentence where it could not be done.
    pub reply: oneshot::Sender<Result<Option<Record>, SafeText>>,
}

/// One source, asked until told to stop.
pub struct Poll {
    source: Box<dyn Source>,
    outlet: Outlet,
    wishes: mpsc::Receiver<Wish>,
    common: Common,
    healed: watch::Receiver<Option<Instant>>,
    random: StdRng,
    /// As the user set it for this source.
    interval: Option<Duration>,
    group: Option<SafeText>,
    is_ssh: bool,
    retry: Retry,
    admission: Admission,
    /// What its address says of the source before it answers; `None` where who speaks there is found by
    /// asking.
    named: Option<Origin>,
    /// What was told of the source.
    origin: Option<Origin>,
    /// What was told of its health; `None`: nothing yet.
    health: Option<Result<(), (Stamp, SafeText)>>,
    eager_until: Option<Instant>,
}

/// What comes next.
enum Next {
    Ask,
    Wish(Wish),
    Over,
}

impl Poll {
    /// A poll of `source`, which `spec` names; it speaks through `outlet`, does `wishes`, and draws its
    /// waits from `seed`.
    pub fn new(
        source: Box<dyn Source>,
        spec: &Spec,
        outlet: &Outlet,
        wishes: mpsc::Receiver<Wish>,
        common: Common,
        seed: u64,
    ) -> Self {
        Self {
            source,
            admission: Admission::new(spec.id.clone()),
            outlet: outlet.of(spec.id.clone()),
            wishes,
            healed: common.gate.healed(),
            common,
            random: StdRng::seed_from_u64(seed),
            interval: spec.interval,
            group: spec.group.clone(),
            is_ssh: matches!(spec.address, Address::Ssh { .. }),
            retry: Retry::default(),
            named: tell::named(spec),
            origin: None,
            health: None,
            eager_until: None,
        }
    }

    /// Asks until stopped, or until it turns out that somebody else asks the same server.
    pub async fn run(mut self) {
        let spread = FIRST.saturating_mul(u32::try_from(self.common.count).unwrap_or(u32::MAX));
        let spread = spread.min(self.interval());
        let mut due = Instant::now() + spread.mul_f64(self.random.random());
        loop {
            match self.rest(due).await {
                Next::Over => return,
                Next::Wish(wish) => {
                    self.carry_out(wish).await;
                    due = Instant::now();
                }
                Next::Ask => {
                    let began = Instant::now();
                    let wants = self.wants();
                    let Some(answer) = self.ask(wants).await else { return };
                    let goes_on = match answer {
                        Ok(told) => self.pass(told, wants).await,
                        Err(error) => self.fail(&error).await,
                    };
                    if !goes_on {
                        return;
                    }
                    due = self.due_after(began);
                }
            }
        }
    }

    /// Waits until something is to be done; `due` is brought nearer by a change of pace, by a look in
    /// depth, and by others that come back.
    async fn rest(&mut self, mut due: Instant) -> Next {
        loop {
            let paused = self.common.pace.borrow_and_update().paused;
            let down = self.retry.is_down();
            tokio::select! {
                () = self.common.stop.cancelled() => return Next::Over,
                Some(wish) = self.wishes.recv() => return Next::Wish(wish),
                changed = self.common.pace.changed() => {
                    if changed.is_err() {
                        return Next::Over;
                    }
                    if !down {
                        due = due.min(Instant::now() + self.interval());
                    }
                }
                changed = self.common.focus.changed() => {
                    if changed.is_err() {
                        return Next::Over;
                    }
                    if self.wants().depth {
                        due = due.min(Instant::now());
                    }
                }
                Ok(()) = self.healed.changed(), if down => {
                    due = due.min(Instant::now() + AGAIN.mul_f64(self.random.random()));
                }
                () = tokio::time::sleep_until(due), if !paused => return Next::Ask,
            }
        }
    }

    /// The answer, or why there is none; `None` when stopped meanwhile.
    async fn ask(&mut self, wants: Wants) -> Option<Result<Vec<Told>, Error>> {
        let stop = self.common.stop.clone();
        let (gate, down) = (Arc::clone(&self.common.gate), self.retry.is_down());
        let is_ssh = self.is_ssh;
        let asked = async {
            let _turn = gate.enter(down, is_ssh).await?;
            Some(bounded(self.source.ask(wants)).await)
        };
        tokio::select! {
            () = stop.cancelled() => None,
            answer = asked => answer,
        }
    }

    async fn carry_out(&mut self, wish: Wish) {
        let (gate, stop) = (Arc::clone(&self.common.gate), self.common.stop.clone());
        let is_ssh = self.is_ssh;
        let done = async {
            let _turn = gate.enter(false, is_ssh).await?;
            Some(match &wish.command {
                Command::OpenFrom { id, .. } => bounded(self.source.read(id)).await.map(Some),
                command => bounded(self.source.wish(command)).await.map(|()| None),
            })
        };
        let done = tokio::select! {
            () = stop.cancelled() => None,
            done = done => done,
        };
        let done =
            done.unwrap_or_else(|| Err(Error::Unable { why: "isomon is going down".into() }));
        if done.is_ok() && matches!(wish.command, Command::BenchAs { .. }) {
            self.eager_until = Some(Instant::now() + EXPECTED);
        }
        // Who does not wait for the answer needs none.
        drop(wish.reply.send(done.map_err(|error| error.to_string().into())));
    }

    fn due_after(&mut self, began: Instant) -> Instant {
        let now = Instant::now();
        if self.retry.is_down() {
            return now + self.retry.wait(now, self.interval(), &mut self.random);
        }
        let interval = self.hurried(now);
        let off = self.random.random_range(1.0 - JITTER..=1.0 + JITTER);
        // After a late answer there is a pause all the same, and nothing is made up for.
        (began + interval.mul_f64(off)).max(now + interval / 4)
    }

    /// Time between two questions, as the user and the size of the fleet have it.
    fn interval(&self) -> Duration {
        let wished = self.common.pace.borrow().interval;
        self.interval.unwrap_or_else(|| usual(self.common.count).max(wished))
    }

    /// The same, shorter while something goes on or somebody looks.
    fn hurried(&self, now: Instant) -> Duration {
        let interval = self.interval();
        let expected = self.eager_until.is_some_and(|until| now < until);
        if self.admission.has_live() || expected {
            interval.min(LIVE)
        } else if self.wants().depth {
            interval.min(DEPTH)
        } else {
            interval
        }
    }

    /// Whether this source, or a node it tells of, is looked at in depth.
    fn wants(&self) -> Wants {
        let focus = self.common.focus.borrow();
        let own = self.outlet.source().0.as_str();
        let depth = focus.as_ref().is_some_and(|focus| {
            let rest = focus.0.as_str().strip_prefix(own);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        Wants { depth }
    }
}

/// What is asked, within a time, and not taking isomon down with it.
async fn bounded<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let asked = AssertUnwindSafe(asked).catch_unwind();
    match tokio::time::timeout(TOO_LONG, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Error::Unable { why: "a fault of isomon: its reader broke".into() }),
        Err(_) => Err(Error::Late { seconds: TOO_LONG.as_secs(), doing: "answering" }),
    }
}

#[cfg(test)]
mod tests;
