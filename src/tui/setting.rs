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
use super::prompt;
use super::widget::fixed;
use crate::config::edit::{Change, Origin, Setting};

/// Most letters of a value.
const LONGEST: usize = 500;
/// Columns of the whole, at most.
const WIDTH: u16 = 100;
/// Rows of words and keys below the list.
const BELOW: u16 = 6;
/// Rows of the list that the words below leave, where there are few.
const LIST: u16 = 3;
/// Columns of the widest name.
const NAME: usize = 29;
/// Columns of who set a value, and a space before them.
const ORIGIN: usize = 13;
/// Columns of a value without which nothing is said of who set it.
const VALUE: usize = 12;
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

    /// Types in what was pasted, while a value is typed.
    pub fn paste(&mut self, text: &str) {
        if let Some(input) = &mut self.input {
            prompt::insert(input, text, LONGEST);
        }
    }

    /// Draws it over `area`, the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let wanted = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        let size = (WIDTH, wanted.saturating_add(BELOW + 2));
        let inner = popup::open(frame, area, size, "Settings", look);
        let small = inner.height < 2 * BELOW;
        let below = BELOW.min(inner.height.saturating_sub(LIST));
        let shown = (inner.height - below).max(1).min(inner.height);
        let first = (self.row + 1).saturating_sub(usize::from(shown));
        let rows = self.rows.iter().enumerate().skip(first).take(usize::from(shown));
        let widths = self.widths(usize::from(inner.width));
        let lines: Vec<Line<'_>> = rows.map(|(at, one)| self.line(at, one, widths, look)).collect();
        let last = first + lines.len();
        frame.render_widget(Paragraph::new(lines), Rect { height: shown, ..inner });
        let below = Rect { y: inner.y + shown, height: inner.height - shown, ..inner };
        if let Some(setting) = self.rows.get(self.row).filter(|_| below.height > 0) {
            self.draw_below(setting, frame, (below, small), look);
        }
        let keys = if small { self.short_keys(look) } else { String::new() };
        let edge = Rect { y: inner.bottom(), height: 1, ..inner }.intersection(area);
        let (from, of) = (first + 1, self.rows.len());
        let place = format!(" {from}{}{last} of {of} ", look.glyph.pick("–", "-"));
        let place = if last - first < of { place } else { String::new() };
        let room = usize::from(edge.width).saturating_sub(place.chars().count());
        let keys = Line::styled(fixed::cut(&keys, room), look.theme.muted);
        frame.render_widget(keys, edge);
        frame.render_widget(Line::styled(place, look.theme.muted).right_aligned(), edge);
    }

    /// Columns of a name, a value and who set it, of `width` in all. Where there are few, it is not said
    /// who set it.
    fn widths(&self, width: usize) -> [usize; 3] {
        let longest = self.rows.iter().map(|one| one.section.len() + 1 + one.key.len()).max();
        let name = longest.unwrap_or(0).clamp(1, NAME);
        if width > NAME + VALUE + ORIGIN {
            return [NAME, width - NAME - 1 - ORIGIN, ORIGIN - 1];
        }
        let name = name.min(width * 2 / 3);
        [name, width.saturating_sub(name + 1), 0]
    }

    fn line<'a>(
        &self,
        at: usize,
        one: &Setting,
        [names, room, origin]: [usize; 3],
        look: &Look<'_>,
    ) -> Line<'a> {
        let value = if one.value.is_empty() { "—" } else { one.value.as_str() };
        let style = match one.origin {
            Origin::Default => look.theme.muted,
            _ => look.theme.text,
        };
        let name = format!("{}.{}", one.section, one.key);
        let line = Line::from(vec![
            Span::styled(fixed::fit(&name, names, false) + " ", look.theme.title),
            Span::styled(fixed::fit(value, room, false), style),
            Span::styled(if origin > 0 { " " } else { "" }, style),
            Span::styled(fixed::fit(one.origin.name(), origin, false), look.theme.muted),
        ]);
        if at == self.row { line.patch_style(look.theme.selected) } else { line }
    }

    fn draw_below(
        &self,
        one: &Setting,
        frame: &mut Frame<'_>,
        (area, small): (Rect, bool),
        look: &Look<'_>,
    ) {
        // With little room what is typed stands right below the list.
        let gap = u16::from(!small);
        let [line, words] = [
            Rect { height: 1, y: area.y + gap, ..area },
            Rect { y: area.y + gap + 1, height: area.height.saturating_sub(gap + 1), ..area },
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
        let mut lines = vec![said];
        if !small {
            lines.push(self.keys(look));
        }
        let text = Paragraph::new(lines).wrap(Wrap { trim: true });
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

    /// What the keys do, where there is little room for words.
    fn short_keys(&self, look: &Look<'_>) -> String {
        let (enter, back) = (look.key(Action::Enter), look.key(Action::Back));
        match (&self.input, self.readonly) {
            (Some(_), _) => format!(" {enter} writes, {back} back "),
            (None, true) => format!(" {back} closes "),
            (None, false) => format!(" {enter} sets, {back} closes "),
        }
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
    fn a_value_has_room_in_a_small_window() {
        let view = Settings::new(settings("", &[]), "f".to_owned(), false);
        let [name, value, origin] = view.widths(36);
        assert!(name + 1 + value <= 36 && value >= 10 && origin == 0, "{name} {value} {origin}");
        let [name, value, origin] = view.widths(76);
        assert_eq!((name, value, origin), (29, 33, 12));
        assert_eq!(name + 1 + value + 1 + origin, 76);
    }

    #[test]
    fn one_is_typed_over_and_wished_and_readonly_lets_none() {
        let mut view = Settings::new(settings("", &[]), "f".to_owned(), false);
        let at = view.rows.iter().position(|one| one.key == "charts").unwrap();
        view.row = at;
        view.paste("nothing is typed yet");
        assert_eq!(view.press(Key::ENTER, Some(Action::Enter)), Answer::Stay);
        view.input = Some(Input::new("blo".to_owned()));
        view.paste("ck\n");
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
