//! Every setting with its value, who set it and what it means; one is changed where it stands.
//!
//! The file is read and written by the loop; this shows what it was told and says what is wished.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use super::action::Action;
use super::key::Key;
use super::look::Look;
use super::popup::{self, Answer};
use super::widget::fixed;
use crate::config::edit::{Change, Origin, Setting};

/// Most letters of a value.
const LONGEST: usize = 500;
/// Columns of the whole, at most.
const WIDTH: u16 = 100;
/// Rows of words and keys below the list.
const BELOW: u16 = 6;
/// Rows a page moves.
const PAGE: usize = 10;

/// The settings, and what is done with the one under the cursor.
#[derive(Clone, Debug)]
pub struct Settings {
    rows: Vec<Setting>,
    path: String,
    readonly: bool,
    row: usize,
    input: Option<Input>,
    /// What was said last, and whether it is bad.
    said: (bool, String),
}

impl Settings {
    /// All of `rows`, which stand in the file at `path`; `readonly` lets none be changed.
    pub const fn new(rows: Vec<Setting>, path: String, readonly: bool) -> Self {
        Self { rows, path, readonly, row: 0, input: None, said: (false, String::new()) }
    }

    /// Takes what became of a change: the settings as they are now, or why not.
    pub fn take(&mut self, result: Result<(Vec<Setting>, String), String>) {
        match result {
            Ok((rows, words)) => {
                (self.rows, self.input, self.said) = (rows, None, (false, words));
            }
            Err(why) => self.said = (true, why),
        }
    }

    /// Whether a value is being typed.
    pub const fn is_typed_in(&self) -> bool {
        self.input.is_some()
    }

    /// Moves, begins to change, changes, or closes.
    pub fn press(&mut self, key: Key, action: Option<Action>) -> Answer {
        if self.input.is_some() {
            return self.type_in(key);
        }
        let last = self.rows.len().saturating_sub(1);
        self.said = (false, String::new());
        let row = match action {
            Some(Action::Up) => self.row.saturating_sub(1),
            Some(Action::Down) => self.row + 1,
            Some(Action::PageUp | Action::HalfUp) => self.row.saturating_sub(PAGE),
            Some(Action::PageDown | Action::HalfDown) => self.row + PAGE,
            Some(Action::First) => 0,
            Some(Action::Last) => last,
            Some(Action::Enter) => return self.begin(),
            Some(Action::Back | Action::Quit | Action::Settings) => return Answer::Close,
            _ => self.row,
        };
        self.row = row.min(last);
        Answer::Stay
    }

    fn begin(&mut self) -> Answer {
        if self.readonly {
            self.said = (true, "isomon was started with --readonly".to_owned());
        } else if let Some(setting) = self.rows.get(self.row) {
            self.input = Some(Input::new(setting.value.clone()));
        }
        Answer::Stay
    }

    fn type_in(&mut self, key: Key) -> Answer {
        let Some(input) = &mut self.input else { return Answer::Stay };
        if key == Key::ESC || key.to_string() == "ctrl-c" {
            (self.input, self.said) = (None, (false, String::new()));
            return Answer::Stay;
        }
        if key == Key::ENTER {
            let value = input.value().trim().to_owned();
            let of = self.rows.get(self.row);
            return of.map_or(Answer::Stay, |of| {
                let (section, key) = (of.section.clone(), of.key.clone());
                Answer::Set(Change { section, key, value })
            });
        }
        if key.letter().is_none() || input.value().chars().count() < LONGEST {
            input.handle_event(&crossterm::event::Event::Key(key.event()));
        }
        Answer::Stay
    }

    /// Draws it over `area`, the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let wanted = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        let size = (WIDTH, wanted.saturating_add(BELOW + 2));
        let inner = popup::open(frame, area, size, "Settings", look);
        let shown = inner.height.saturating_sub(BELOW).max(1).min(inner.height);
        let first = (self.row + 1).saturating_sub(usize::from(shown));
        let rows = self.rows.iter().enumerate().skip(first).take(usize::from(shown));
        let width = usize::from(inner.width);
        let lines: Vec<Line<'_>> = rows.map(|(at, one)| self.line(at, one, width, look)).collect();
        frame.render_widget(Paragraph::new(lines), Rect { height: shown, ..inner });
        let below = Rect { y: inner.y + shown, height: inner.height - shown, ..inner };
        if let Some(setting) = self.rows.get(self.row).filter(|_| below.height > 0) {
            self.draw_below(setting, frame, below, look);
        }
    }

    fn line<'a>(&self, at: usize, one: &Setting, width: usize, look: &Look<'_>) -> Line<'a> {
        let room = width.saturating_sub(30 + 13);
        let value = if one.value.is_empty() { "—" } else { one.value.as_str() };
        let style = match one.origin {
            Origin::Default => look.theme.muted,
            _ => look.theme.text,
        };
        let name = format!("{}.{}", one.section, one.key);
        let line = Line::from(vec![
            Span::styled(fixed::fit(&name, 29, false) + " ", look.theme.title),
            Span::styled(fixed::fit(value, room, false) + " ", style),
            Span::styled(fixed::fit(one.origin.name(), 12, false), look.theme.muted),
        ]);
        if at == self.row { line.patch_style(look.theme.selected) } else { line }
    }

    fn draw_below(&self, one: &Setting, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let [line, words] = [
            Rect { height: 1, y: area.y + 1, ..area },
            Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area },
        ];
        let said = match &self.said {
            (bad, said) if !said.is_empty() => {
                Line::styled(said.clone(), if *bad { look.theme.bad } else { look.theme.good })
            }
            _ => Line::styled(
                format!("{} The default is {}.", one.words, shown(&one.default)),
                look.theme.text,
            ),
        };
        let text = Paragraph::new(vec![said, self.keys(look)]).wrap(Wrap { trim: true });
        frame.render_widget(text, words.intersection(frame.area()));
        let Some(input) = &self.input else { return };
        let room = usize::from(line.width.saturating_sub(3)).max(1);
        let skipped = (input.visual_cursor() + 1).saturating_sub(room);
        let typed: String = input.value().chars().skip(skipped).collect();
        let spans =
            vec![Span::styled("> ", look.theme.accent), Span::styled(typed, look.theme.text)];
        frame.render_widget(Line::from(spans), line.intersection(frame.area()));
        let cursor = u16::try_from(input.visual_cursor() - skipped + 2).unwrap_or(u16::MAX);
        let x = line.x.saturating_add(cursor).min(line.right().saturating_sub(1));
        frame.set_cursor_position(Position::new(x, line.y));
    }

    fn keys(&self, look: &Look<'_>) -> Line<'static> {
        let (enter, back) = (look.key(Action::Enter), look.key(Action::Back));
        let words = match (&self.input, self.readonly) {
            (Some(_), _) => format!(
                "{enter} writes it to {}; nothing typed: the default; {back} leaves it",
                self.path
            ),
            (None, true) => format!("{back} closes"),
            (None, false) => format!("{enter} changes it in {}; {back} closes", self.path),
        };
        Line::styled(words, look.theme.muted)
    }
}

fn shown(value: &str) -> String {
    if value.is_empty() { "nothing".to_owned() } else { format!("`{value}`") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::edit::settings;

    #[test]
    fn one_is_typed_over_and_wished_and_readonly_lets_none() {
        let mut view = Settings::new(settings("", &[]), "f".to_owned(), false);
        let at = view.rows.iter().position(|one| one.key == "charts").unwrap();
        view.row = at;
        assert_eq!(view.press(Key::ENTER, Some(Action::Enter)), Answer::Stay);
        view.input = Some(Input::new("block".to_owned()));
        let value = "block".to_owned();
        let change = Change { section: "screen".to_owned(), key: "charts".to_owned(), value };
        assert_eq!(view.press(Key::ENTER, None), Answer::Set(change));
        assert_eq!(view.press(Key::ESC, Some(Action::Back)), Answer::Stay);
        assert_eq!(view.press(Key::ESC, Some(Action::Back)), Answer::Close);
        let mut view = Settings::new(settings("", &[]), "f".to_owned(), true);
        view.press(Key::ENTER, Some(Action::Enter));
        assert!(view.input.is_none() && view.said.0);
    }
}
