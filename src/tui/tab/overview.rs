//! A tab that shows nothing yet.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;

/// What is looked at.
#[derive(Debug, Default)]
pub struct View;

impl View {
    /// Does what `action` asks.
    pub fn act(&mut self, _action: Action, _state: &State) -> Reply {
        Reply::Ignored
    }

    /// Shows only rows that match `text`; all of them if it is empty.
    pub fn filter(&mut self, _text: &str) {}

    /// Answers a click at (`column`, `row`) of the screen.
    pub fn click(&mut self, _column: u16, _row: u16, _area: Rect, _state: &State) -> Reply {
        Reply::Ignored
    }

    /// What the footer should name.
    pub fn hints(&self, _state: &State) -> &'static [Action] {
        &[]
    }

    /// Draws it.
    pub fn draw(&self, _frame: &mut Frame<'_>, _area: Rect, _state: &State, _look: &Look<'_>) {}
}
