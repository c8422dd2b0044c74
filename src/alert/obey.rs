//! What is wished of alerts, done.

use std::sync::Arc;

use super::{Desk, book, load};
use crate::model::alert::{Acknowledgement, AlertId, AlertWish, Silence, Turn};
use crate::model::text::{SafeText, counted};
use crate::store::alert::{Notes, version};

/// Letters of a reason that are kept.
const REASON: usize = 120;

impl Desk {
    pub(super) fn obey(&mut self, wish: AlertWish) {
        let now_ms = self.outlet.now().wall_ms;
        match wish {
            AlertWish::Acknowledge { of, reason } => {
                let reason = SafeText::within(reason.as_str(), REASON);
                let seen = Acknowledgement { at_ms: now_ms, reason: reason.clone() };
                self.note(Turn::Acknowledged, of.clone(), reason, |notes| {
                    notes.seen.retain(|(id, _)| *id != of);
                    notes.seen.push((of, seen));
                });
            }
            AlertWish::Silence { of, lasts, reason } => {
                let reason = SafeText::within(reason.as_str(), REASON);
                let lasts = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
                let until_ms = now_ms.saturating_add(lasts);
                let silence = Silence { of: of.clone(), until_ms, reason: reason.clone() };
                self.note(Turn::Silenced, of, reason, |notes| {
                    notes.silences.retain(|other| other.of != silence.of);
                    notes.silences.push(silence);
                });
            }
            AlertWish::Lift(of) => {
                self.note(Turn::Lifted, of.clone(), SafeText::default(), |notes| {
                    notes.seen.retain(|(id, _)| *id != of);
                    notes.silences.retain(|silence| !of.is_within(&silence.of));
                });
            }
            AlertWish::Reload => self.reload(),
        }
        self.tell();
    }

    /// Keeps what somebody said, for every isomon of this user here.
    fn note(&mut self, turn: Turn, of: AlertId, reason: SafeText, change: impl FnOnce(&mut Notes)) {
        let now_ms = self.outlet.now().wall_ms;
        match self.memory.note(change) {
            Ok(notes) => self.book.say(notes, book::said(now_ms, of, turn, reason), &self.memory),
            Err(error) => self.voice.warn(&format!("that could not be kept: {error}")),
        }
    }

    /// Reads the rules again where somebody has written to their file.
    pub(super) fn look_at_rules(&mut self) {
        if version(&self.settings.rules) != self.read {
            self.reload();
        }
    }

    /// Reads the rules again; with a mistake in them everything stays as it was.
    fn reload(&mut self) {
        self.read = version(&self.settings.rules);
        match load(&self.settings.rules) {
            Ok(rules) => {
                let told = format!("{} in force", counted(rules.rules.len() as u64, "rule"));
                let is_mended = self.mistake.take().is_some();
                if rules == **self.judge.rules() {
                    if is_mended {
                        self.voice.say(false, &told);
                    }
                    return;
                }
                if rules.receivers != self.judge.rules().receivers {
                    self.post.change(&rules.receivers, &self.settings.host);
                }
                let ended = self.judge.change_rules(Arc::new(rules));
                let now_ms = self.outlet.now().wall_ms;
                self.pass(ended, now_ms);
                self.voice.say(false, &told);
            }
            Err(why) => {
                // The first line has the place and what is wrong; the last what to do.
                let first = why.lines().next().unwrap_or_default();
                let above = self.settings.rules.parent().map(|dir| format!("{}/", dir.display()));
                let first = above.and_then(|above| first.strip_prefix(&above)).unwrap_or(first);
                let last = why
                    .lines()
                    .last()
                    .filter(|last| last.starts_with("  ") && !last.trim_start().starts_with('|'));
                let what = format!("{first}; {}", last.unwrap_or_default().trim());
                let what = what.trim_end_matches("; ").to_owned();
                self.mistake = Some(SafeText::new(&what));
                self.voice.warn(&format!("{what}; the rules before are still in force"));
            }
        }
    }
}
