//! What the mouse does: clicks on tabs and rows, and the wheel.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::{Position, Rect, Size};

use super::{App, Effect};
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::event::Mouse;
use crate::tui::key::Key;
use crate::tui::reply::Reply;
use crate::tui::view;

impl App {
    /// Answers the mouse at (column, row) of a screen of `size`.
    pub(super) fn point(&mut self, mouse: Mouse, at: (u16, u16), size: Size, state: &State) {
        if !self.popups.is_empty() || self.prompt.is_some() {
            let action = match mouse {
                Mouse::Up => Action::Up,
                Mouse::Down => Action::Down,
                Mouse::Click => return,
            };
            return self.turn_popup(action, state);
        }
        match mouse {
            Mouse::Up => self.carry_out(Action::Up, state),
            Mouse::Down => self.carry_out(Action::Down, state),
            Mouse::Click => self.click(at, size, state),
        }
    }

    /// Lets the wheel move what lies on top.
    fn turn_popup(&mut self, action: Action, state: &State) {
        let wheel = match action {
            Action::Up => KeyCode::Up,
            _ => KeyCode::Down,
        };
        if let Some(popup) = self.popups.last_mut() {
            let key = Key::from(KeyEvent::from(wheel));
            let answer = popup.press(key, Some(action), &self.setup.keymap);
            self.close(answer, state);
        }
    }

    fn click(&mut self, at: (u16, u16), size: Size, state: &State) {
        let whole = Rect::from((Position::ORIGIN, size));
        let Some(areas) = view::areas(whole) else {
            return;
        };
        if at.1 == areas.top.y {
            let look = self.look(state.now);
            if let Some(tab) = view::top::tab_at(at.0, areas.top.width, self, state, &look) {
                self.tab = tab;
            }
            return;
        }
        if areas.body.contains(at.into()) {
            let reply = self.views.click(self.tab, at, areas.body, state);
            if let Reply::Instant(share) = reply {
                return self.when.point_at(share, state.now);
            }
            let wish = self.take(reply, Action::Enter, state);
            self.effects.extend(wish.map(Effect::Wish));
        }
    }
}
