//! Which time is looked at: now, or a piece of the past; how long; and which instant of it.
//!
//! One place for all charts: they ask [`Look`](super::look::Look) for the stretch of time they show and for
//! the numbers in it, and need not know whether those are of now. The last hour is in the state; what is
//! older is asked for, one piece at a time, and shown when it comes.

use crate::model::id::SourceId;
use crate::model::past::PastWish;
use crate::model::time::Stamp;
use crate::state::State;
use crate::tui::action::Action;

mod ask;
pub mod moment;
mod piece;
mod sight;
pub mod words;

use ask::Asker;
pub use ask::Standing;
use piece::Piece;

/// An hour, in milliseconds: what the state holds.
const HOUR_MS: u64 = 3_600_000;
/// Lengths of time that can be looked at, in minutes.
pub const SPANS: [u64; 9] = [5, 15, 60, 180, 360, 1_440, 4_320, 10_080, 43_200];
/// How many of them the key for the next view goes through.
const SHORT: usize = 3;
/// Steps the cursor takes from one edge to the other.
const STEPS: i64 = 60;
/// Parts of the span that a step through time is.
const PARTS: i64 = 4;

/// Which time is looked at.
#[derive(Debug)]
pub struct When {
    /// The end of what is shown, in milliseconds since 1970 UTC; `None`: now.
    end_ms: Option<i64>,
    span: usize,
    /// The instant under the cursor; `None`: the end.
    cursor_ms: Option<i64>,
    piece: Option<Piece>,
    asker: Asker,
}

impl Default for When {
    fn default() -> Self {
        Self { end_ms: None, span: 1, cursor_ms: None, piece: None, asker: Asker::default() }
    }
}

impl When {
    /// How long a time is shown, in minutes.
    pub const fn minutes(&self) -> u64 {
        SPANS[self.span]
    }

    /// The same in milliseconds.
    pub const fn span_ms(&self) -> u64 {
        self.minutes() * 60_000
    }

    const fn signed_span(&self) -> i64 {
        self.span_ms().cast_signed()
    }

    /// Whether anything but now is shown.
    pub const fn is_past(&self) -> bool {
        self.end_ms.is_some()
    }

    /// The end of what is shown, in milliseconds since 1970 UTC.
    pub fn end(&self, now: Stamp) -> i64 {
        self.end_ms.unwrap_or(now.wall_ms)
    }

    /// The instant that is looked at: under the cursor, else the end.
    pub fn instant(&self, now: Stamp) -> i64 {
        self.cursor_ms.unwrap_or_else(|| self.end(now))
    }

    /// Whether an instant other than the end is looked at.
    pub const fn has_cursor(&self) -> bool {
        self.cursor_ms.is_some()
    }

    /// Whether the state holds what is shown, so that nothing has to be asked for.
    fn is_near(&self, now: Stamp) -> bool {
        let begin = self.end(now).saturating_sub(self.signed_span());
        begin >= now.wall_ms.saturating_sub(HOUR_MS.cast_signed())
    }

    /// Goes through time as `action` says; a sentence where that cannot be done, `None` where it is no matter
    /// of time.
    pub fn travel(&mut self, action: Action, now: Stamp) -> Option<Result<(), String>> {
        let span = self.signed_span();
        Some(match action {
            Action::Earlier => self.step(-span / PARTS, now),
            Action::Later => self.step(span / PARTS, now),
            Action::EarlierSpan => self.step(-span, now),
            Action::LaterSpan => self.step(span, now),
            Action::Narrower => self.set_span(self.span.checked_sub(1), now),
            Action::Wider => self.set_span(Some(self.span + 1), now),
            Action::Now => {
                self.go_now();
                Ok(())
            }
            _ => return None,
        })
    }

    /// Moves the cursor, or changes the span; false if `action` is not for it.
    pub fn point(&mut self, action: Action, now: Stamp) -> bool {
        let step = self.signed_span() / STEPS;
        match action {
            Action::View => {
                let next = (self.span + 1) % SHORT.max(1);
                return self.set_span(Some(next), now).is_ok();
            }
            Action::Left => self.move_to(self.instant(now).saturating_sub(step), now),
            Action::Right => self.move_to(self.instant(now).saturating_add(step), now),
            Action::First => self.move_to(i64::MIN, now),
            Action::Last if self.has_cursor() => self.cursor_ms = None,
            Action::Last if self.is_past() => self.go_now(),
            _ => return false,
        }
        true
    }

    /// Takes one step towards now: the cursor goes, then the past. False where there is neither.
    pub const fn back(&mut self) -> bool {
        if self.cursor_ms.is_some() {
            self.cursor_ms = None;
            return true;
        }
        let was_past = self.end_ms.is_some();
        self.end_ms = None;
        was_past
    }

    /// Puts the cursor at this share of what is shown, 0 to 1.
    pub fn point_at(&mut self, share: f64, now: Stamp) {
        #[expect(clippy::cast_possible_truncation, reason = "a span is far below 2^53 ms")]
        let across = (share.clamp(0.0, 1.0) * self.span_ms() as f64) as i64;
        let begin = self.end(now).saturating_sub(self.signed_span());
        self.move_to(begin.saturating_add(across), now);
    }

    /// Shows the instant `at_ms` under the cursor, with what was before and after it.
    pub fn go_to(&mut self, at_ms: i64, now: Stamp) -> Result<(), String> {
        if at_ms > now.wall_ms {
            return Err("that is still to come".to_owned());
        }
        let end = at_ms.saturating_add(self.signed_span() / 2);
        self.end_ms = (end < now.wall_ms).then_some(end);
        self.cursor_ms = (at_ms < self.end(now)).then_some(at_ms);
        Ok(())
    }

    const fn go_now(&mut self) {
        (self.end_ms, self.cursor_ms) = (None, None);
    }

    fn step(&mut self, by: i64, now: Stamp) -> Result<(), String> {
        let to = self.end(now).saturating_add(by);
        if to >= now.wall_ms {
            let was = self.is_past();
            self.go_now();
            return if was { Ok(()) } else { Err("this is now".to_owned()) };
        }
        let first = self.earliest(now).unwrap_or(0).max(0);
        if by < 0 && to.saturating_add(-by) <= first {
            return Err("nothing is kept before that".to_owned());
        }
        // The instant that is looked at goes along, so that a step back never leads to a later one.
        let cursor = self.cursor_ms.map(|at| at.saturating_add(by).max(1));
        self.end_ms = Some(to.max(1));
        self.cursor_ms = None;
        if let Some(at) = cursor {
            self.move_to(at, now);
        }
        Ok(())
    }

    /// The earliest instant that is kept, where that is known and what is shown reaches beyond the state.
    fn earliest(&self, now: Stamp) -> Option<i64> {
        let piece = self.piece.as_ref().filter(|_| !self.is_near(now))?;
        piece.earliest_ms.filter(|_| piece.gap.is_none())
    }

    fn set_span(&mut self, span: Option<usize>, now: Stamp) -> Result<(), String> {
        let span = span.filter(|span| *span < SPANS.len());
        self.span = span.ok_or("there is no such span")?;
        if let Some(at) = self.cursor_ms {
            // What was looked at stays in sight.
            let begin = self.end(now).saturating_sub(self.signed_span());
            if at < begin {
                return self.go_to(at, now);
            }
        }
        Ok(())
    }

    /// Puts the cursor on `at`, kept within what is shown; at the end is no cursor.
    fn move_to(&mut self, at: i64, now: Stamp) {
        let end = self.end(now);
        let at = at.max(end.saturating_sub(self.signed_span()));
        self.cursor_ms = (at < end).then_some(at);
    }

    /// Takes in what was told, and says what is to be asked for: what is `shown` of the past and not at hand,
    /// else what was before the start, of nodes that are new. One wish at a time.
    pub fn attend(&mut self, state: &State, shown: Shown<'_>, now: Stamp) -> Option<PastWish> {
        if let Some(past) = self.asker.answer(state, now) {
            self.piece = Some(Piece::of(past));
        }
        let wanted = || {
            let stretch = shown.is_shown && !self.is_near(now);
            let end = self.end(now);
            let stretch = stretch.then(|| piece::Stretch {
                begin: end.saturating_sub(self.signed_span()),
                end,
                now: now.wall_ms,
                is_now: !self.is_past(),
                of: shown.only,
                nodes: state.nodes.len(),
            })?;
            let held = self.piece.as_ref().is_some_and(|piece| piece.holds(&stretch));
            (!held).then(|| stretch.wish())
        };
        let wanted = wanted();
        self.asker.ask(wanted, (!shown.replayed).then_some(state), now)
    }
}

/// What is on the screen.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Whether any chart is.
    pub is_shown: bool,
    /// The one node they are of; `None`: they are of all.
    pub only: Option<&'a SourceId>,
    /// Whether it is out of a recording: nothing was kept before its start.
    pub replayed: bool,
}

#[cfg(test)]
mod tests;
