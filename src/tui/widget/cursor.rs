//! Which instant of a chart is looked at, and how far back the chart goes.
//!
//! The cursor holds on to an instant, so that it stays on the same peak while time goes on.

use ratatui::layout::Rect;

use super::super::action::Action;
use super::super::look::Look;
use super::chart::Chart;
use super::trail::Window;
use crate::model::time::Stamp;
use crate::state::history::Scale;

/// Lengths of the window, in minutes.
const MINUTES: [u64; 3] = [5, 15, 60];
/// Steps the cursor takes from one edge to the other.
const STEPS: u64 = 60;

/// An instant within the last minutes, or now.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    window: usize,
    at_ms: Option<u64>,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { window: 1, at_ms: None }
    }
}

impl Cursor {
    /// How far back the chart goes, in minutes.
    pub const fn minutes(&self) -> u64 {
        MINUTES[self.window]
    }

    /// How far back the chart goes, in milliseconds.
    pub const fn span_ms(&self) -> u64 {
        self.minutes() * 60_000
    }

    /// The instant on the monotonic clock; `None` while it is now.
    pub const fn at_ms(&self) -> Option<u64> {
        self.at_ms
    }

    /// What the chart shows.
    pub const fn window(&self, look: &Look<'_>) -> Window {
        Window::last(self.minutes(), look)
    }

    /// Moves, or changes the window; false if `action` is not for it.
    pub const fn act(&mut self, action: Action, now: Stamp) -> bool {
        let step = self.span_ms() / STEPS;
        match action {
            Action::View => self.window = (self.window + 1) % MINUTES.len(),
            Action::Left => self.move_to(self.or(now).saturating_sub(step), now),
            Action::Right => self.move_to(self.or(now) + step, now),
            Action::Back if self.at_ms.is_some() => self.at_ms = None,
            _ => return false,
        }
        true
    }

    /// Goes to the oldest instant that is shown.
    pub const fn go_first(&mut self, now: Stamp) {
        self.move_to(0, now);
    }

    /// Goes to now, and stays there.
    pub const fn go_last(&mut self) {
        self.at_ms = None;
    }

    /// The instant, `now` if it is that.
    pub const fn or(&self, now: Stamp) -> u64 {
        match self.at_ms {
            Some(at) => at,
            None => now.mono_ms,
        }
    }

    /// Goes to the instant at column `x` of a chart in `area` that measures `scale`.
    pub fn click(&mut self, x: u16, area: Rect, scale: Scale, now: Stamp) {
        let window = Window { end_ms: now.mono_ms, span_ms: self.span_ms(), interval_ms: 1_000 };
        let left = (scale, 100.0);
        let chart = Chart { traces: &[], window, left, right: None, cursor_ms: None };
        if let Some(at) = chart.instant_at(x, area) {
            self.move_to(at, now);
        }
    }

    /// The wall time of the instant, `12:03:04 UTC`; `None` while it is now.
    pub fn clock(&self, now: Stamp) -> Option<String> {
        let mono_ms = self.at_ms?;
        let back = i64::try_from(now.mono_ms.saturating_sub(mono_ms)).unwrap_or(i64::MAX);
        let wall_ms = now.wall_ms.saturating_sub(back);
        let text = Stamp { mono_ms, wall_ms }.rfc3339();
        let time: String = text.chars().skip(11).take(8).collect();
        Some(time + " UTC")
    }

    /// Puts it on `at`, kept within the window; now is no cursor.
    const fn move_to(&mut self, at: u64, now: Stamp) {
        let start = now.mono_ms.saturating_sub(self.span_ms());
        let at = if at < start { start } else { at };
        self.at_ms = if at < now.mono_ms { Some(at) } else { None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_on_to_an_instant_within_the_window() {
        let now = |mono_ms| Stamp { mono_ms, wall_ms: 0 };
        let mut cursor = Cursor::default();
        assert!(!cursor.act(Action::Back, now(0)));
        assert!(cursor.act(Action::Right, now(1_000_000)));
        assert_eq!(cursor.at_ms(), None, "there is nothing after now");
        assert!(cursor.act(Action::Left, now(1_000_000)));
        assert_eq!(cursor.or(now(1_005_000)), 985_000, "a sixtieth of the window");
        cursor.go_first(now(1_000_000));
        assert_eq!(cursor.at_ms(), Some(100_000));
        assert!(cursor.act(Action::View, now(1_000_000)) && cursor.minutes() == 60);
        assert!(cursor.act(Action::Back, now(1_000_000)));
        assert_eq!(cursor.at_ms(), None);
    }
}
