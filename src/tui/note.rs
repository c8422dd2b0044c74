//! A line to type into, over everything else: why an alert is acknowledged, how long one is silenced.

use std::str::FromStr as _;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use super::key::Key;
use super::look::Look;
use super::popup::{self, Answer, Then};
use super::prompt;
use crate::config::Span as Length;
use crate::model::alert::{AlertId, AlertWish};
use crate::model::command::Command;
use crate::model::text::SafeText;

/// Most letters of what is typed.
const LONGEST: usize = 120;

/// What is typed about an alert.
#[derive(Clone, Debug)]
pub struct Note {
    of: AlertId,
    silences: bool,
    input: Input,
    mistake: String,
}

impl PartialEq for Note {
    fn eq(&self, other: &Self) -> bool {
        (&self.of, self.silences) == (&other.of, other.silences)
            && self.input.value() == other.input.value()
    }
}

impl Note {
    /// Asks why `of` is acknowledged.
    pub fn acknowledge(of: AlertId) -> Self {
        Self { of, silences: false, input: Input::default(), mistake: String::new() }
    }

    /// Asks for how long, and why, `of` is silenced.
    pub fn silence(of: AlertId) -> Self {
        Self { of, silences: true, input: Input::new("1h ".to_owned()), mistake: String::new() }
    }

    /// Answers a key.
    pub fn press(&mut self, key: Key) -> Answer {
        if key == Key::ESC || key.to_string() == "ctrl-c" {
            return Answer::Close;
        }
        if key == Key::ENTER {
            return self.done();
        }
        self.mistake.clear();
        if key.letter().is_none() || self.input.value().chars().count() < LONGEST {
            self.input.handle_event(&crossterm::event::Event::Key(key.event()));
        }
        Answer::Stay
    }

    /// Types in what was pasted.
    pub fn paste(&mut self, text: &str) {
        self.mistake.clear();
        prompt::insert(&mut self.input, text, LONGEST);
    }

    fn done(&mut self) -> Answer {
        let text = self.input.value().trim();
        let of = self.of.clone();
        if !self.silences {
            let reason = SafeText::new(text);
            return wish(AlertWish::Acknowledge { of, reason });
        }
        let (length, reason) = text.split_once(' ').unwrap_or((text, ""));
        match Length::from_str(length) {
            Ok(lasts) => {
                let reason = SafeText::new(reason.trim());
                wish(AlertWish::Silence { of, lasts: lasts.0, reason })
            }
            Err(why) => {
                self.mistake = why;
                Answer::Stay
            }
        }
    }

    /// Draws it over `area`, the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let (title, hint) = if self.silences {
            ("Silence", "how long, and why: 30m, 2h maintenance")
        } else {
            ("Acknowledge", "why, or nothing")
        };
        let below = if self.mistake.is_empty() {
            Line::styled(hint, look.theme.muted)
        } else {
            Line::styled(self.mistake.as_str(), look.theme.bad)
        };
        let keys = Line::from(vec![
            Span::styled("enter", look.theme.accent),
            Span::raw(" done   "),
            Span::styled("esc", look.theme.accent),
            Span::raw(" leave it"),
        ]);
        let inner = popup::open(frame, area, (64, 8), title, look);
        let width = usize::from(inner.width.saturating_sub(3)).max(1);
        let skipped = (self.input.visual_cursor() + 1).saturating_sub(width);
        let typed: String = self.input.value().chars().skip(skipped).collect();
        let lines = vec![
            Line::styled(self.of.to_string(), look.theme.text),
            Line::default(),
            Line::from(vec![Span::styled("> ", look.theme.accent), Span::raw(typed)]),
            below,
            Line::default(),
            keys,
        ];
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), inner);
        let cursor = u16::try_from(self.input.visual_cursor() - skipped + 2).unwrap_or(u16::MAX);
        if inner.height > 2 && !inner.is_empty() {
            let x = inner.x.saturating_add(cursor).min(inner.right() - 1);
            frame.set_cursor_position(Position::new(x, inner.y + 2));
        }
    }
}

fn wish(wish: AlertWish) -> Answer {
    Answer::Do(Then::Wish(Command::Alert(wish)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn typed(mut note: Note, text: &str) -> Answer {
        note.input = Input::new(text.to_owned());
        note.press(Key::ENTER)
    }

    #[test]
    fn a_silence_has_a_length_and_a_reason() {
        let of = AlertId { rule: "r".into(), ..AlertId::default() };
        let lasts = Duration::from_hours(2);
        let reason = "new fan".into();
        let wished = wish(AlertWish::Silence { of: of.clone(), lasts, reason });
        assert_eq!(typed(Note::silence(of.clone()), "2h new fan "), wished);
        assert_eq!(typed(Note::silence(of.clone()), "soon"), Answer::Stay);
        let seen = wish(AlertWish::Acknowledge { of: of.clone(), reason: "known".into() });
        assert_eq!(typed(Note::acknowledge(of.clone()), "known"), seen);
        assert_eq!(Note::silence(of).press(Key::ESC), Answer::Close);
    }

    #[test]
    fn a_reason_is_pasted_as_far_as_there_is_room() {
        let of = AlertId { rule: "r".into(), ..AlertId::default() };
        let mut note = Note::silence(of.clone());
        note.paste("new\n fan");
        let (lasts, reason) = (Duration::from_hours(1), "new fan".into());
        let silenced = wish(AlertWish::Silence { of: of.clone(), lasts, reason });
        assert_eq!(note.press(Key::ENTER), silenced);
        let mut note = Note::acknowledge(of);
        note.paste(&"x".repeat(2 * LONGEST));
        assert_eq!(note.input.value().chars().count(), LONGEST);
    }
}
