//! Tries rules on a recording: what would have fired, when, for how long.

use std::sync::Arc;

use crate::model::alert::{AlertId, AlertState, RuleBrief, Severity};
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::{Update, What};
use crate::rule::judge::Sight;
use crate::rule::{Change, Judge, Rules};
use crate::state::State;
use crate::store::tape::{Chunk, Line, Tape};

/// Longest time, in milliseconds, through which the rules are asked though nothing was recorded.
const GAP_MS: u64 = 60_000;
/// Time from one look to the next, in milliseconds.
const LOOK_MS: u64 = 1_000;
/// Entries that are kept.
const MOST: usize = 100_000;

/// A time in which an alert fired.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Fired {
    /// Which one.
    pub id: AlertId,
    /// How much it matters.
    pub severity: Severity,
    /// From when, in milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// Until when; null if it fired at the end.
    pub to_ms: Option<i64>,
    /// What was the matter when it began.
    pub message: SafeText,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What fired, in the order in which it began to.
    pub fired: Vec<Fired>,
    /// Updates that were read, and lines that could not be.
    pub updates: u64,
    /// Lines that could not be read.
    pub bad_lines: u64,
    /// The first and the last moment, in milliseconds since 1970 UTC.
    pub span_ms: Option<(i64, i64)>,
    /// The rules, and how they stood at the end.
    pub rules: Vec<RuleBrief>,
}

/// Asks `rules` of everything that `tape` holds, second by second.
pub fn check(tape: &Tape, rules: Rules) -> Found {
    let mut trial = Trial::new(rules);
    let mut lines = tape.lines(Chunk { at: 0, length: tape.length() });
    loop {
        let line = match lines.next() {
            Line::Whole(line) | Line::Rest(line) => line,
            Line::Wait => continue,
            Line::TooLong => {
                trial.found.bad_lines += 1;
                continue;
            }
            Line::Torn => {
                trial.found.bad_lines += 1;
                break;
            }
            Line::End => break,
        };
        trial.take(line);
    }
    trial.end()
}

/// A trial of rules.
struct Trial {
    judge: Judge,
    state: State,
    now: Option<Stamp>,
    looked_ms: u64,
    own_ms: u64,
    sampled_ms: Option<u64>,
    found: Found,
}

impl Trial {
    fn new(rules: Rules) -> Self {
        Self {
            judge: Judge::new(Arc::new(rules)),
            state: State { bare: true, ..State::default() },
            now: None,
            looked_ms: 0,
            own_ms: LOOK_MS,
            sampled_ms: None,
            found: Found::default(),
        }
    }

    fn take(&mut self, line: &[u8]) {
        let Ok(update) = serde_json::from_slice::<Update>(line) else {
            // The first line says what the file is.
            self.found.bad_lines += u64::from(self.now.is_some());
            return;
        };
        self.go_to(update.at);
        self.found.updates += 1;
        let is_own = update.from == SourceId::local();
        if is_own && matches!(update.what, What::Node(_)) {
            self.learn(update.at.mono_ms);
        }
        if !(is_own && matches!(update.what, What::Alerts(_))) {
            self.state.apply(&update);
        }
    }

    /// How often the machine that recorded took its samples.
    fn learn(&mut self, at_ms: u64) {
        let gap = self.sampled_ms.replace(at_ms).map(|last| at_ms.saturating_sub(last));
        if let Some(gap) = gap.filter(|gap| (100..=GAP_MS).contains(gap)) {
            self.own_ms = gap;
        }
    }

    /// Asks the rules at each second up to `at`; a long gap is passed over.
    fn go_to(&mut self, at: Stamp) {
        let Some(last) = self.now else {
            (self.now, self.looked_ms) = (Some(at), at.mono_ms);
            self.found.span_ms = Some((at.wall_ms, at.wall_ms));
            return;
        };
        if at.mono_ms < last.mono_ms {
            return;
        }
        if at.mono_ms - last.mono_ms > GAP_MS {
            self.looked_ms = at.mono_ms - LOOK_MS;
        }
        while self.looked_ms + LOOK_MS <= at.mono_ms {
            self.looked_ms += LOOK_MS;
            let past = i64::try_from(at.mono_ms - self.looked_ms).unwrap_or(0);
            self.look(Stamp { mono_ms: self.looked_ms, wall_ms: at.wall_ms - past });
        }
        self.now = Some(at);
        if let Some((_, to)) = &mut self.found.span_ms {
            *to = at.wall_ms;
        }
    }

    fn look(&mut self, now: Stamp) {
        let sight = Sight { state: &self.state, now, own_ms: self.own_ms, bench: &[] };
        for change in self.judge.judge(sight) {
            self.note(change, now.wall_ms);
        }
    }

    fn note(&mut self, change: Change, at_ms: i64) {
        let Change { id, severity, from, to, message, .. } = change;
        match (from, to) {
            (AlertState::Ok, AlertState::Firing) if self.found.fired.len() < MOST => {
                self.found.fired.push(Fired { id, severity, from_ms: at_ms, to_ms: None, message });
            }
            (_, AlertState::Ok) => {
                let open = |fired: &&mut Fired| fired.id == id && fired.to_ms.is_none();
                if let Some(fired) = self.found.fired.iter_mut().rev().find(open) {
                    fired.to_ms = Some(at_ms);
                }
            }
            _ => {}
        }
    }

    fn end(mut self) -> Found {
        if let Some(now) = self.now {
            self.look(now);
        }
        self.found.rules = self.judge.briefs();
        self.found
    }
}
