//! What happened to alerts, and what people said of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::SystemTime;

use super::voice::Voice;
use crate::model::alert::{
    Acknowledgement, AlertId, AlertState, Alerts, Event, MOST, PAST, Silence, Turn,
};
use crate::model::text::SafeText;
use crate::rule::{Change, Judge};
use crate::store::Error;
use crate::store::alert::{Fired, Memory, Notes, Past};

/// How old what is remembered may be, to be gone on with: a day.
const OLDEST_MS: i64 = 86_400_000;

/// Who tells of an alert now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Teller {
    /// This isomon.
    Us,
    /// Another of this user on this machine, which judges the same.
    Another,
    /// Nobody: it is told as soon as somebody does.
    Nobody,
}

/// The book.
#[derive(Debug, Default)]
pub(super) struct Book {
    notes: Notes,
    said: Option<SystemTime>,
    events: VecDeque<Event>,
    turns: u64,
    changed: bool,
    /// What fires and nobody told, because it was silenced when it began to, or nobody could.
    quiet: BTreeMap<AlertId, (i64, Change)>,
    /// What was told to fire, by us or by another.
    told: BTreeSet<AlertId>,
}

impl Book {
    /// Opens it with what is remembered; what fired goes on in `judge`.
    pub(super) fn open(
        notes: Result<Notes, Error>,
        past: Result<Past, Error>,
        said: Option<SystemTime>,
        now_ms: i64,
        judge: &mut Judge,
        voice: &Voice,
    ) -> Self {
        let mut book = Self { said, ..Self::default() };
        book.notes = notes.unwrap_or_else(|error| {
            voice.warn(&format!("what was said of alerts cannot be read: {error}"));
            Notes::default()
        });
        let past = past.unwrap_or_else(|error| {
            voice.warn(&format!("what happened to alerts cannot be read: {error}"));
            Past::default()
        });
        book.events = past.events.into_iter().take(PAST).collect();
        if (0..OLDEST_MS).contains(&now_ms.saturating_sub(past.at_ms)) {
            for fired in past.fired.into_iter().take(100 * MOST) {
                judge.remember(&fired.id, fired.since_ms, fired.message);
                book.told.insert(fired.id);
            }
        }
        book
    }

    /// Reads what people said again, where another isomon changed it.
    pub(super) fn read_again(&mut self, memory: &Memory, voice: &Voice) {
        let said = memory.said();
        if said == self.said {
            return;
        }
        self.said = said;
        match memory.notes() {
            Ok(notes) => self.notes = notes,
            Err(error) => voice.warn(&format!("what was said of alerts cannot be read: {error}")),
        }
    }

    /// Takes what people say now.
    pub(super) fn say(&mut self, notes: Notes, event: Event, memory: &Memory) {
        self.notes = notes;
        self.said = memory.said();
        self.write(event);
    }

    fn write(&mut self, event: Event) {
        self.events.push_front(event);
        self.events.truncate(PAST);
        self.turns += 1;
        self.changed = true;
    }

    /// Writes down what turned at `now_ms`; what of it is to be told by us, where `teller` says who tells.
    pub(super) fn take(
        &mut self,
        changes: Vec<Change>,
        now_ms: i64,
        teller: impl Fn(&AlertId) -> Teller,
    ) -> Vec<Change> {
        self.notes.silences.retain(|silence| silence.until_ms > now_ms);
        let mut told = self.end_of_quiet(now_ms, &teller);
        for change in changes {
            let turn = match (change.from, change.to) {
                (AlertState::Ok, AlertState::Firing) => Turn::Fired,
                (_, AlertState::Ok) => Turn::Resolved,
                (_, AlertState::Unsure) => Turn::Unsure,
                // It could not be told for a while, and fires as before.
                _ => continue,
            };
            let (id, severity, message) =
                (change.id.clone(), change.severity, change.message.clone());
            self.write(Event { at_ms: now_ms, id, severity, turn, message });
            match turn {
                Turn::Fired if self.is_quiet(&change.id, now_ms, &teller) => {
                    self.quiet.insert(change.id.clone(), (now_ms, change));
                }
                Turn::Fired => {
                    self.told.insert(change.id.clone());
                    told.push(change);
                }
                Turn::Resolved => {
                    self.quiet.remove(&change.id);
                    if self.told.remove(&change.id) {
                        told.push(change);
                    }
                }
                _ => {}
            }
        }
        told.retain(|change| teller(&change.id) == Teller::Us);
        told
    }

    /// Whether what begins to fire is told by nobody now.
    fn is_quiet(&self, id: &AlertId, now_ms: i64, teller: &impl Fn(&AlertId) -> Teller) -> bool {
        self.silenced(id, now_ms).is_some() || teller(id) == Teller::Nobody
    }

    /// What fires still when its silence is over, or when there is somebody to tell, is told then, unless
    /// somebody has seen it.
    fn end_of_quiet(&mut self, now_ms: i64, teller: &impl Fn(&AlertId) -> Teller) -> Vec<Change> {
        let is_over = |id: &&AlertId| !self.is_quiet(id, now_ms, teller);
        let over: Vec<AlertId> = self.quiet.keys().filter(is_over).cloned().collect();
        let fired = over.iter().filter_map(|id| self.quiet.remove(id));
        let fired: Vec<(i64, Change)> = fired.collect();
        let told: Vec<Change> = fired
            .into_iter()
            .filter(|(since_ms, change)| self.seen(&change.id, *since_ms).is_none())
            .map(|(_, change)| change)
            .collect();
        self.told.extend(told.iter().map(|change| change.id.clone()));
        told
    }

    fn silenced(&self, id: &AlertId, now_ms: i64) -> Option<i64> {
        let fits = |silence: &&Silence| silence.until_ms > now_ms && id.is_within(&silence.of);
        self.notes.silences.iter().filter(fits).map(|silence| silence.until_ms).max()
    }

    /// Who has seen `id` since it began to fire; that it was seen before is of another time.
    fn seen(&self, id: &AlertId, since_ms: i64) -> Option<&Acknowledgement> {
        let fits = |(of, seen): &&(AlertId, Acknowledgement)| of == id && seen.at_ms >= since_ms;
        self.notes.seen.iter().rev().find(fits).map(|(_, seen)| seen)
    }

    /// Whether something happened since it was written last.
    pub(super) const fn is_changed(&self) -> bool {
        self.changed
    }

    /// What is to be written.
    pub(super) fn past(&mut self, judge: &Judge, now_ms: i64) -> Past {
        self.changed = false;
        let loud = judge.alerts().into_iter().filter(|alert| self.told.contains(&alert.id));
        let fired = loud
            .map(|alert| Fired { id: alert.id, since_ms: alert.since_ms, message: alert.message })
            .collect();
        Past { at_ms: now_ms, fired, events: self.events.iter().cloned().collect() }
    }

    /// How all alerts stand, as everybody is told.
    pub(super) fn table(&self, judge: &Judge) -> Alerts {
        let mut alerts = judge.alerts();
        for alert in &mut alerts {
            alert.acknowledged = self.seen(&alert.id, alert.since_ms).cloned();
            alert.silenced_until_ms = self.silenced(&alert.id, i64::MIN);
        }
        let loud = alerts.iter().filter(|alert| alert.is_loud()).count() as u64;
        alerts.sort_by(|a, b| {
            let key =
                |alert: &crate::model::alert::Alert| (alert.state, alert.is_loud(), alert.severity);
            key(b)
                .cmp(&key(a))
                .then_with(|| b.since_ms.cmp(&a.since_ms))
                .then_with(|| a.id.cmp(&b.id))
        });
        let beyond = alerts.len().saturating_sub(MOST) as u64;
        alerts.truncate(MOST);
        let rules = judge.briefs();
        let mut counts = [0; 4];
        for rule in &rules {
            for (all, count) in counts.iter_mut().zip(rule.counts) {
                *all += count;
            }
        }
        Alerts {
            alerts,
            beyond,
            counts,
            loud,
            past: self.events.iter().cloned().collect(),
            turns: self.turns,
            rules,
            silences: self.notes.silences.clone(),
            ..Alerts::default()
        }
    }
}

/// An entry about what people said.
pub(super) fn said(at_ms: i64, id: AlertId, turn: Turn, message: SafeText) -> Event {
    Event { at_ms, id, turn, message, ..Event::default() }
}

#[cfg(test)]
mod tests;
