//! What a step has so far, shared by its hands.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::backend::{Error, Task, Trial};
use crate::bench::no_trial::chain;
use crate::model::bench::{Failure, Outcome, Phases};
use crate::model::load::{HandUse, Shot, Standing};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;

/// Failures in a row, over all hands, after which a step ends: the rest would fail too.
pub(super) const FAILURES: u32 = 5;
/// Sandboxes that one step keeps at most; a step that reaches it ends.
pub(super) const SHOTS: usize = 200_000;

/// What came of a step.
#[derive(Debug, Default)]
pub(super) struct Gain {
    pub(super) shots: Vec<Shot>,
    pub(super) standing: Vec<Standing>,
    pub(super) window: Seconds,
    pub(super) cut_off: Option<String>,
    pub(super) joules: Option<f64>,
    /// What each hand used.
    pub(super) hands: Vec<HandUse>,
}

impl Gain {
    /// Of a step that could not begin.
    pub(super) fn refused(error: &Error) -> Self {
        Self { cut_off: Some(chain(error)), ..Self::default() }
    }
}

/// The tasks of a step: alike, each with a nonce of its own.
#[derive(Debug)]
pub(super) struct Tasks {
    like: Task,
    seed: u64,
    next: AtomicU64,
}

impl Tasks {
    pub(super) const fn new(like: Task, seed: u64) -> Self {
        Self { like, seed, next: AtomicU64::new(0) }
    }

    pub(super) const fn like(&self) -> &Task {
        &self.like
    }

    /// Whether an engine keeps their sandboxes.
    pub(super) const fn in_engine(&self) -> bool {
        self.like.backend.in_engine()
    }

    /// The next of them.
    pub(super) fn next(&self) -> Task {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Task { nonce: mixed(self.seed.wrapping_add(number)), ..self.like.clone() }
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood 2014): no two numbers become the same.
pub(super) const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[derive(Debug, Default)]
struct State {
    shots: Vec<Shot>,
    in_a_row: u32,
    cut_off: Option<String>,
}

/// The record of one step.
#[derive(Debug)]
pub(super) struct Record {
    begun: Instant,
    window: Duration,
    over: AtomicBool,
    state: Mutex<State>,
}

impl Record {
    /// One that begins at `begun` and measures for `window`.
    pub(super) fn new(begun: Instant, window: Duration) -> Self {
        Self { begun, window, over: AtomicBool::new(false), state: Mutex::default() }
    }

    /// The instant `seconds` after the beginning.
    pub(super) fn at(&self, seconds: f64) -> Instant {
        self.begun + Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    pub(super) const fn window(&self) -> Duration {
        self.window
    }

    pub(super) fn elapsed(&self) -> Seconds {
        self.begun.elapsed().into()
    }

    /// Whether the step was not ended before its time.
    pub(super) fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// Whether there is time to start another.
    pub(super) fn is_open(&self) -> bool {
        self.goes_on() && self.begun.elapsed() < self.window
    }

    /// Ends it.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Ends it before its time, and says why; the first reason stands.
    pub(super) fn cut_off(&self, why: String) {
        self.state().cut_off.get_or_insert(why);
        self.end();
    }

    /// Takes in how a sandbox ended that `hand` asked for at `at`.
    pub(super) fn note(&self, hand: u32, intended: Option<f64>, at: Seconds, trial: Trial) {
        self.push(Shot {
            intended_seconds: intended.map(Seconds),
            at_seconds: at,
            done_seconds: self.elapsed(),
            phases: trial.phases,
            outcome: trial.outcome,
            hand: Some(hand),
        });
    }

    /// Takes in an arrival that `hand` had to take and never started.
    pub(super) fn never(&self, hand: u32, intended: f64) {
        let message = SafeText::new("it was never started: no hand was free");
        let now = self.elapsed();
        let outcome = Outcome::Failed { kind: Failure::Timeout, message };
        self.state().shots.push(Shot {
            intended_seconds: Some(Seconds(intended)),
            at_seconds: now,
            done_seconds: now,
            phases: Phases::default(),
            outcome,
            hand: Some(hand),
        });
    }

    fn push(&self, shot: Shot) {
        let mut state = self.state();
        let bad = match &shot.outcome {
            Outcome::Good => None,
            Outcome::Failed { kind, message } => Some(kind.told(message)),
        };
        state.in_a_row = if bad.is_some() { state.in_a_row + 1 } else { 0 };
        let failing = bad.filter(|_| state.in_a_row >= FAILURES);
        state.shots.push(shot);
        let full = state.shots.len() >= SHOTS;
        drop(state);
        if let Some(last) = failing {
            self.cut_off(format!("{FAILURES} failed in a row; the last {last}"));
        }
        if full {
            self.cut_off(format!("it is full: {SHOTS} sandboxes"));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it was ended before its time.
    pub(super) fn why(&self) -> Option<String> {
        self.state().cut_off.clone()
    }

    /// What came of it; its window is shorter where it ended before its time.
    pub(super) fn gain(self, ended: Seconds, joules: Option<f64>) -> Gain {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut shots = state.shots;
        shots.sort_by(|a, b| a.done_seconds.0.total_cmp(&b.done_seconds.0));
        let cut = state.cut_off.is_some();
        let whole = Seconds::from(self.window);
        let window = if cut && ended.0 < whole.0 { ended } else { whole };
        Gain { shots, window, cut_off: state.cut_off, joules, ..Gain::default() }
    }
}
