//! Anything by name, an action or a place: type a few letters of what you want.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;
use unicode_width::UnicodeWidthStr as _;

use super::action::Action;
use super::key::Key;
use super::keymap::Keymap;
use super::look::Look;
use super::popup::{self, Answer};
use super::prompt;
use super::widget::fixed;
use fuzzy::score;
pub use place::{Goal, Item, places};

mod fuzzy;
mod place;

/// Width of the list.
const WIDTH: u16 = 70;
/// Columns of the kind of a place, or of the name of an action.
const KIND: usize = 16;
/// Columns of a name, at least where there is room.
const NAME: usize = 31;
/// Columns between a name and what stands beside it.
const GAP: usize = 2;
/// Rows shown at most.
const ROWS: u16 = 16;
/// Most letters typed.
const LONGEST: usize = 64;

/// What is typed, and which of what was found is chosen.
#[derive(Debug, Default)]
pub struct Palette {
    input: Input,
    row: usize,
    items: Vec<Item>,
    /// Those of `items` that fit what is typed, the best first.
    found: Vec<usize>,
}

impl Palette {
    /// An empty one over all actions and `places`; `readonly` leaves out what acts.
    pub fn new(readonly: bool, places: Vec<Item>) -> Self {
        let can = |action: &&Action| **action != Action::Palette && !(readonly && action.acts());
        let actions = Action::ALL.iter().filter(can).map(|action| Item::action(*action));
        let items: Vec<Item> = actions.chain(places).collect();
        let mut palette = Self { items, ..Self::default() };
        palette.find();
        palette
    }

    /// Types, moves, chooses or closes. Letters are typed, whatever they are bound to.
    pub fn press(&mut self, key: Key, action: Option<Action>) -> Answer {
        match action {
            _ if key == Key::ESC => return Answer::Close,
            _ if key == Key::ENTER => {
                let chosen = self.found.get(self.row).map(|at| self.items[*at].goal.clone());
                return chosen.map_or(Answer::Stay, Answer::Go);
            }
            Some(Action::Quit) if key.letter().is_none() => return Answer::Close,
            Some(Action::Up) if key.letter().is_none() => self.row = self.row.saturating_sub(1),
            Some(Action::Down) if key.letter().is_none() => {
                self.row = (self.row + 1).min(self.found.len().saturating_sub(1));
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
        self.find();
    }

    /// Types in what was pasted.
    pub fn paste(&mut self, text: &str) {
        prompt::insert(&mut self.input, text, LONGEST);
        self.row = 0;
        self.find();
    }

    /// Finds what fits, the best first; everything while nothing is typed.
    fn find(&mut self) {
        let typed = self.input.value();
        let score = |item: &Item| score(typed, &format!("{} {}", item.kind, item.name));
        let mut scored: Vec<(i32, usize)> =
            (0..).zip(&self.items).filter_map(|(at, item)| Some((score(item)?, at))).collect();
        if !typed.trim().is_empty() {
            scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        }
        self.found = scored.into_iter().map(|(_, at)| at).collect();
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
        let rows = self.found.iter().enumerate().skip(top).take(room);
        let mut lines = vec![typed];
        let width = usize::from(inner.width);
        lines.extend(rows.map(|(at, item)| self.line(at, &self.items[*item], width, keymap, look)));
        if self.found.is_empty() {
            lines.push(Line::styled("nothing is called so", look.theme.muted));
        }
        frame.render_widget(Paragraph::new(lines), inner);
        let cursor = u16::try_from(self.input.visual_cursor()).unwrap_or(u16::MAX);
        let x = inner.x.saturating_add(2).saturating_add(cursor);
        frame.set_cursor_position(Position::new(x.min(inner.right()), inner.y));
    }

    fn line<'a>(
        &self,
        at: usize,
        item: &Item,
        width: usize,
        keymap: &Keymap,
        look: &Look<'_>,
    ) -> Line<'a> {
        let (aside, style) = match item.goal {
            Goal::Act(action) => (keymap.all(action), look.theme.accent),
            _ => (item.aside.clone(), look.theme.muted),
        };
        let room = width.saturating_sub(KIND);
        let (name, aside) = match room.saturating_sub(aside.width() + GAP) {
            // The name is what is looked for; the rest comes where there is room.
            most if most < NAME.min(item.name.width()) => {
                (fixed::cut(&item.name, room), String::new())
            }
            most => {
                let name = fixed::left(&item.name, item.name.width().clamp(NAME.min(most), most));
                (name + &" ".repeat(GAP), aside)
            }
        };
        let left = room.saturating_sub(name.width());
        let line = Line::from(vec![
            Span::styled(fixed::left(&item.kind, KIND), look.theme.title),
            Span::styled(name, look.theme.text),
            Span::styled(fixed::cut(&aside, left), style),
        ]);
        if at == self.row { line.patch_style(look.theme.selected) } else { line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<Goal> {
        let places =
            place::places(&crate::state::State::default(), ["default", "light"].into_iter());
        let mut palette = Palette::new(false, places);
        palette.input = Input::new(text.to_owned());
        palette.find();
        palette.found.iter().map(|at| palette.items[*at].goal.clone()).collect()
    }

    #[test]
    fn a_few_letters_find_what_is_meant() {
        assert_eq!(typed("quit").first(), Some(&Goal::Act(Action::Quit)));
        assert_eq!(typed("ovrv").first(), Some(&Goal::Act(Action::Tab1)));
        assert_eq!(typed("osc").first(), Some(&Goal::Act(Action::Copy)));
        assert_eq!(typed("theme li").first(), Some(&Goal::Theme("light".to_owned())));
        assert!(typed("zzzz").is_empty());
        assert_eq!(typed("").len(), Action::ALL.len() + 1);
        assert_eq!(typed("").first(), Some(&Goal::Act(Action::Quit)));
    }

    #[test]
    fn readonly_hides_what_acts() {
        let palette = Palette::new(true, Vec::new());
        assert!(palette.items.len() < Action::ALL.len() - 1);
        let acts = |item: &Item| matches!(item.goal, Goal::Act(action) if action.acts());
        assert!(!palette.items.iter().any(acts));
    }
}
