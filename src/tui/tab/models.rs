//! Models that are served: a table of all, and the one under the cursor in depth.
//!
//! A rate is what a counter grew by; a quantile is of the last minute alone. Which is which is said where
//! there is room, because a mean since the server began looks the same and means something else.

use std::cell::RefCell;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use crate::model::text::SafeText;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::tab::nodes::OF_THEN;
use crate::tui::widget::field::Row;
use crate::tui::widget::filter::Terms;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::{grid, notice};

mod card;
mod chart;
mod entry;
mod none;

use entry::{Entry, Key, Then};

pub(in crate::tui) use chart::strip;

/// Keys worth naming.
const KEYS: &[Action] = &[
    Action::Enter,
    Action::NextPanel,
    Action::Sort,
    Action::Earlier,
    Action::Left,
    Action::View,
    Action::Why,
];
/// The same while one model has all the room.
const ZOOMED_KEYS: &[Action] =
    &[Action::NextPanel, Action::Earlier, Action::Left, Action::View, Action::Why, Action::Back];

/// What is looked at.
#[derive(Debug)]
pub struct View {
    sheet: Sheet<Key>,
    /// Whether the one under the cursor has all the room.
    zoom: bool,
    /// Which chart stands first, where not all have room.
    first: usize,
    /// What the screen shows is of then, where that is not now; keys and clicks mean what it shows.
    then: RefCell<Option<Then>>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            sheet: Sheet::sorted_by(entry::MODEL),
            zoom: false,
            first: 0,
            then: RefCell::default(),
        }
    }
}

impl View {
    /// Does what `action` asks of this tab.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        let entries = entry::entries(state, self.then.borrow().as_ref());
        let rows = self.sheet.arrange(&entries);
        match action {
            Action::Enter | Action::Zoom if !rows.is_empty() => self.zoom = !self.zoom,
            Action::Back if self.zoom => self.zoom = false,
            Action::Back if !self.sheet.text.is_empty() => self.filter(""),
            Action::NextPanel => self.first = (self.first + 1) % chart::COUNT,
            Action::PreviousPanel => self.first = (self.first + chart::COUNT - 1) % chart::COUNT,
            Action::Why if self.then.borrow().is_some() => return Reply::Say(OF_THEN.into()),
            Action::Why => return Reply::Say(why(self.sheet.current(&rows), state)),
            _ if self.sheet.act(action, &rows) => {}
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    /// Takes the filter as it is typed.
    pub fn filter(&mut self, text: &str) {
        self.sheet.filter::<Entry<'_>>(text);
    }

    /// Puts the cursor on the model `key`.
    pub fn go(&mut self, key: &Key, state: &State) {
        let entries = entry::entries(state, self.then.borrow().as_ref());
        let rows = self.sheet.arrange(&entries);
        if let Some(row) = rows.iter().position(|row| row.is(key)) {
            self.sheet.select(row, &rows);
        }
    }

    /// How its table is sorted.
    pub fn arranged(&mut self) -> Arranged<'_> {
        self.sheet.arranged::<Entry<'_>>("models", &entry::COLUMNS)
    }

    /// What a filter may speak of.
    pub fn terms(state: &State) -> Terms {
        Terms::of(&entry::entries(state, None))
    }

    /// Chooses what was clicked.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        let entries = entry::entries(state, self.then.borrow().as_ref());
        let rows = self.sheet.arrange(&entries);
        let area = panel::inside(self.split(area, rows.len())[0]);
        Reply::done(self.sheet.click(&entry::COLUMNS, Position::new(column, row), area, &rows))
    }

    /// Keys worth naming.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        if entry::entries(state, self.then.borrow().as_ref()).is_empty() {
            return &[Action::Why];
        }
        if self.zoom {
            return ZOOMED_KEYS;
        }
        KEYS
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let buffer = frame.buffer_mut();
        let area = area.intersection(buffer.area);
        self.then.replace(entry::then(state, look));
        let entries = entry::entries(state, self.then.borrow().as_ref());
        if entries.is_empty() && look.is_then() {
            let words = look.not_kept("models of this time");
            notice::notice("No model then", &words, area, buffer, look);
        } else if entries.is_empty() {
            none::draw(area, buffer, state, look);
        } else {
            self.fill(&entries, area, buffer, look);
        }
    }

    fn fill(&self, entries: &[Entry<'_>], area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        let rows = self.sheet.arrange(entries);
        let [upper, lower] = self.split(area, rows.len());
        if !upper.is_empty() {
            let words = self.sheet.words(rows.len(), entries.len());
            let frame = Panel::new("Models").aside(words).focused(true);
            let inner = frame.of_then(look.past_words()).open(upper, buffer, look);
            let table = entry::table(&self.sheet, &rows);
            table.draw(inner, buffer, look, &|row, column, width| {
                entry::cell(rows[row], column, width, look)
            });
        }
        if let Some(entry) = self.sheet.current(&rows) {
            card::draw(entry, self.first, lower, buffer, look);
        }
    }

    /// The table, and the card of one model.
    fn split(&self, area: Rect, rows: usize) -> [Rect; 2] {
        let wanted = grid::narrow(rows + 3);
        let upper = match area.height {
            _ if self.zoom => 0,
            0..=13 => area.height,
            high => wanted.min(high / 2),
        };
        Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area)
    }
}

/// Why values of the model under the cursor are missing, or why there is none.
fn why(entry: Option<&Entry<'_>>, state: &State) -> SafeText {
    let words = entry.map_or_else(|| none::reasons(state), Entry::gaps);
    match words.as_slice() {
        [] => SafeText::new("nothing is missing here"),
        words => SafeText::new(&words.join(" · ")),
    }
}
