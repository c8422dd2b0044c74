//! Anything by name: type a few letters of what you want.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::action::Action;
use super::key::Key;
use super::keymap::Keymap;
use super::look::Look;
use super::popup::{self, Answer};

/// Width of the list.
const WIDTH: u16 = 64;
/// Rows shown at most.
const ROWS: u16 = 16;
/// Most letters typed.
const LONGEST: usize = 64;

/// What is typed, and which of the actions found is chosen.
#[derive(Debug, Default)]
pub struct Palette {
    input: Input,
    row: usize,
    readonly: bool,
}

impl Palette {
    /// An empty one; `readonly` leaves out what acts.
    pub fn new(readonly: bool) -> Self {
        Self { readonly, ..Self::default() }
    }

    /// Types, moves, chooses or closes. Letters are typed, whatever they are bound to.
    pub fn press(&mut self, key: Key, action: Option<Action>) -> Answer {
        let found = self.found();
        match action {
            _ if key == Key::ESC => return Answer::Close,
            _ if key == Key::ENTER => {
                return found.get(self.row).map_or(Answer::Stay, |one| Answer::Act(*one));
            }
            Some(Action::Quit) if key.letter().is_none() => return Answer::Close,
            Some(Action::Up) if key.letter().is_none() => self.row = self.row.saturating_sub(1),
            Some(Action::Down) if key.letter().is_none() => {
                self.row = (self.row + 1).min(found.len().saturating_sub(1));
            }
            _ => self.type_in(key),
        }
        Answer::Stay
    }

    fn type_in(&mut self, key: Key) {
        if key.letter().is_some() && self.input.value().chars().count() >= LONGEST {
            return;
        }
        self.input.handle_event(&crossterm::event::Event::Key(key.event()));
        self.row = 0;
    }

    /// The actions that match, the best first; all of them while nothing is typed.
    fn found(&self) -> Vec<Action> {
        let mut scored: Vec<(usize, Action)> = Action::ALL
            .iter()
            .filter(|action| **action != Action::Palette && !(self.readonly && action.acts()))
            .filter_map(|action| Some((score(self.input.value(), *action)?, *action)))
            .collect();
        scored.sort_by_key(|(score, _)| *score);
        scored.into_iter().map(|(_, action)| action).collect()
    }

    /// Draws it over `area`.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, keymap: &Keymap, look: &Look<'_>) {
        let inner = popup::open(frame, area, (WIDTH, ROWS + 3), "Do", look);
        let room = usize::from(inner.height.saturating_sub(1));
        let top = (self.row + 1).saturating_sub(room);
        let typed = Line::from(vec![
            Span::styled(": ", look.theme.accent),
            Span::styled(self.input.value(), look.theme.text),
        ]);
        let found = self.found();
        let rows = found.iter().enumerate().skip(top).take(room);
        let mut lines = vec![typed];
        lines.extend(rows.map(|(at, action)| self.line(at, *action, keymap, look)));
        if found.is_empty() {
            lines.push(Line::styled("nothing is called so", look.theme.muted));
        }
        frame.render_widget(Paragraph::new(lines), inner);
        let cursor = u16::try_from(self.input.visual_cursor()).unwrap_or(u16::MAX);
        let x = inner.x.saturating_add(2).saturating_add(cursor);
        frame.set_cursor_position(Position::new(x.min(inner.right()), inner.y));
    }

    fn line<'a>(&self, at: usize, action: Action, keymap: &Keymap, look: &Look<'_>) -> Line<'a> {
        let line = Line::from(vec![
            Span::styled(format!("{:<16}", action.name()), look.theme.title),
            Span::styled(format!("{:<30}", action.words()), look.theme.text),
            Span::styled(keymap.all(action), look.theme.accent),
        ]);
        if at == self.row { line.patch_style(look.theme.selected) } else { line }
    }
}

/// How badly `typed` matches `action`, by name or by words; `None` if not at all.
fn score(typed: &str, action: Action) -> Option<usize> {
    let by_name = gaps(typed, action.name());
    let by_words = gaps(typed, action.words()).map(|score| score + 1);
    by_name.into_iter().chain(by_words).min()
}

/// Letters of `text` passed over while those of `typed` are found in it, one after the other.
fn gaps(typed: &str, text: &str) -> Option<usize> {
    let mut rest = text.chars().flat_map(char::to_lowercase);
    let mut passed = 0;
    let letters = typed.chars().flat_map(char::to_lowercase);
    for letter in letters.filter(|letter| !letter.is_whitespace()) {
        passed += rest.position(|one| one == letter)?;
    }
    Some(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<Action> {
        let palette = Palette { input: Input::new(text.to_owned()), ..Palette::default() };
        palette.found()
    }

    #[test]
    fn a_few_letters_find_the_action() {
        assert_eq!(typed("quit").first(), Some(&Action::Quit));
        assert_eq!(typed("ovrv").first(), Some(&Action::Tab1));
        assert_eq!(typed("osc").first(), Some(&Action::Copy));
        assert!(typed("zzzz").is_empty());
        assert_eq!(typed("").len(), Action::ALL.len() - 1);
    }

    #[test]
    fn readonly_hides_what_acts() {
        let palette = Palette::new(true);
        assert!(palette.found().iter().all(|action| !action.acts()));
    }
}
