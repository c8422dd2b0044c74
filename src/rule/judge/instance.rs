//! How one thing stands by one rule.

use std::time::Duration;

use super::super::Rule;
use super::super::truth::{Asked, Truth};
use crate::model::alert::AlertState;
use crate::model::text::SafeText;
use crate::model::time::Stamp;

/// A thing, by a rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Instance {
    /// How it stands.
    pub(super) state: AlertState,
    /// Since when, by the wall clock.
    pub(super) since_ms: i64,
    /// What is the matter.
    pub(super) message: SafeText,
    /// The look it was seen in last.
    pub(super) look: u64,
    /// Whether it fires, also while that cannot be told.
    fired: bool,
    /// Whether it could be told at any time.
    known: bool,
    /// Whether it fired before the start, and was not told of since: that it cannot be told yet is no news.
    quiet: bool,
    /// Since when the rule holds, since when it is well again, since when neither can be told; by the
    /// monotonic clock, in milliseconds.
    held: Option<u64>,
    well: Option<u64>,
    lost: Option<u64>,
    /// When it was well again last, by the wall clock.
    well_at_ms: i64,
    memory: Box<[bool]>,
}

impl Instance {
    pub(super) fn new(memories: usize) -> Self {
        Self { memory: vec![false; memories].into(), ..Self::default() }
    }

    /// One that fired before the start.
    pub(super) fn remembered(memories: usize, since_ms: i64, message: SafeText) -> Self {
        let state = AlertState::Firing;
        Self {
            state,
            since_ms,
            message,
            fired: true,
            known: true,
            quiet: true,
            ..Self::new(memories)
        }
    }

    /// How it stands for those who are told: that it begins and ends to fire, no less and no more.
    pub(super) const fn told(&self) -> AlertState {
        match (self.fired, self.state) {
            (true, AlertState::Unsure) if !self.quiet => AlertState::Unsure,
            (true, _) => AlertState::Firing,
            (false, _) => AlertState::Ok,
        }
    }

    /// Whether those who are told know of it.
    pub(super) const fn is_told(&self) -> bool {
        self.fired
    }

    /// Since when it is well again, where it fires on all the same; by the wall clock.
    pub(super) fn well_since_ms(&self) -> Option<i64> {
        self.well.filter(|_| self.fired).map(|_| self.well_at_ms)
    }

    /// Whether there is anything to remember of it.
    pub(super) const fn is_worth_it(&self) -> bool {
        self.fired || !matches!(self.state, AlertState::Ok)
    }

    /// Time in which nobody looked is no time in which anything held.
    pub(super) fn pass_over(&mut self, unseen: Duration) {
        let unseen = u64::try_from(unseen.as_millis()).unwrap_or(u64::MAX);
        for since in [&mut self.held, &mut self.well, &mut self.lost].into_iter().flatten() {
            *since = since.saturating_add(unseen);
        }
    }

    /// Looks at it now.
    pub(super) fn turn(&mut self, rule: &Rule, asked: &Asked<'_>, now: Stamp) {
        match asked.holds(&rule.when.test, &mut self.memory) {
            Truth::Yes => self.hold(rule, asked, now),
            Truth::No => self.mend(rule, asked, now),
            Truth::Unknown(reading, why) if self.known => {
                self.lose(now);
                if !self.fired {
                    self.message = SafeText::from(format!("{reading}: {why}"));
                }
            }
            Truth::Unknown(..) => {}
        }
    }

    fn hold(&mut self, rule: &Rule, asked: &Asked<'_>, now: Stamp) {
        (self.known, self.quiet, self.well, self.lost) = (true, false, None, None);
        let held = *self.held.get_or_insert(now.mono_ms);
        self.message = rule.message.write(asked);
        let fires = self.fired || passed(held, now) >= rule.lasts;
        self.stand(if fires { AlertState::Firing } else { AlertState::Pending }, now);
        self.fired = fires;
    }

    fn mend(&mut self, rule: &Rule, asked: &Asked<'_>, now: Stamp) {
        (self.known, self.quiet, self.lost) = (true, false, None);
        let stays = self.fired
            && rule.until.as_ref().is_some_and(|until| {
                // What was is kept by `when` alone.
                asked.holds(&until.test, &mut []) != Truth::Yes
            });
        if stays {
            self.well = None;
            return self.stand(AlertState::Firing, now);
        }
        if self.well.is_none() {
            self.well_at_ms = now.wall_ms;
        }
        let well = *self.well.get_or_insert(now.mono_ms);
        if self.fired && passed(well, now) < rule.keep {
            return self.stand(AlertState::Firing, now);
        }
        (self.fired, self.held, self.well) = (false, None, None);
        self.stand(AlertState::Ok, now);
    }

    /// It cannot be told any more.
    pub(super) fn lose(&mut self, now: Stamp) {
        self.lost.get_or_insert(now.mono_ms);
        (self.held, self.well) = (self.held.filter(|_| self.fired), None);
        self.stand(AlertState::Unsure, now);
    }

    /// How long it cannot be told.
    pub(super) fn lost_for(&self, now: Stamp) -> Duration {
        self.lost.map_or(Duration::ZERO, |lost| passed(lost, now))
    }

    fn stand(&mut self, state: AlertState, now: Stamp) {
        // What fires, does so since it began to, also where that could not be told for a while.
        let fires_on = self.fired && state != AlertState::Ok;
        if self.state != state && !fires_on {
            self.since_ms = now.wall_ms;
        }
        self.state = state;
    }
}

const fn passed(since_ms: u64, now: Stamp) -> Duration {
    Duration::from_millis(now.mono_ms.saturating_sub(since_ms))
}
