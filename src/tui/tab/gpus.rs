//! GPUs: a table of all, and below it the one under the cursor in depth, all beside each other, or all
//! as one.
//!
//! "Busy" is the share of time in which at least one kernel ran. A GPU may be busy all the time and
//! do little, so it is never called "use" here, and being busy is never an alarm.

use std::cell::RefCell;
use std::sync::Arc;

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
mod fact;
mod many;
mod matrix;
mod none;
mod then;
mod total;
mod trouble;

use entry::{Entry, Key, Then};

/// Keys worth naming.
const KEYS: &[Action] = &[
    Action::Enter,
    Action::Compare,
    Action::Sort,
    Action::Earlier,
    Action::Left,
    Action::View,
    Action::Why,
];
/// The same while what is below the table has all the room.
const ZOOMED_KEYS: &[Action] =
    &[Action::Compare, Action::Earlier, Action::Left, Action::View, Action::Why, Action::Back];

/// What is looked at.
#[derive(Debug)]
pub struct View {
    sheet: Sheet<Key>,
    /// The instant of the past that was drawn last; keys and clicks mean its numbers.
    then: RefCell<Option<Arc<Then>>>,
    /// Whether what is below the table has all the room.
    zoom: bool,
    below: Below,
}

/// What stands below the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Below {
    /// The GPU under the cursor.
    #[default]
    One,
    /// Each GPU's history beside the others'.
    Compared,
    /// The sums of all, and how those of a node are connected.
    Together,
}

impl Below {
    const fn next(self) -> Self {
        match self {
            Self::One => Self::Compared,
            Self::Compared => Self::Together,
            Self::Together => Self::One,
        }
    }
}

impl Default for View {
    fn default() -> Self {
        let (then, below) = (RefCell::default(), Below::One);
        Self { sheet: Sheet::sorted_by(entry::NODE), then, zoom: false, below }
    }
}

impl View {
    /// Does what `action` asks of this tab.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        let then = self.then.borrow().clone();
        let entries = entry::entries(state, then.as_deref());
        let rows = self.sheet.arrange(&entries);
        match action {
            Action::Enter | Action::Zoom if !rows.is_empty() => self.zoom = !self.zoom,
            Action::Compare if !rows.is_empty() => self.below = self.below.next(),
            Action::Back if self.zoom => self.zoom = false,
            Action::Back if self.below != Below::One => self.below = Below::One,
            Action::Back if !self.sheet.text.is_empty() => self.filter(""),
            Action::Why if then.is_some() => return Reply::Say(OF_THEN.into()),
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

    /// Puts the cursor on the GPU `key`.
    pub fn go(&mut self, key: &Key, state: &State) {
        let entries = entry::entries(state, None);
        let rows = self.sheet.arrange(&entries);
        if let Some(row) = rows.iter().position(|row| row.is(key)) {
            self.sheet.select(row, &rows);
        }
    }

    /// How its table is sorted.
    pub fn arranged(&mut self) -> Arranged<'_> {
        self.sheet.arranged::<Entry<'_>>("gpus", entry::columns(&[], 0))
    }

    /// What a filter may speak of.
    pub fn terms(state: &State) -> Terms {
        Terms::of(&entry::entries(state, None))
    }

    /// Chooses what was clicked.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        let then = self.then.borrow().clone();
        let entries = entry::entries(state, then.as_deref());
        let rows = self.sheet.arrange(&entries);
        let columns = entry::columns(&rows, area.width);
        let area = panel::inside(self.split(area, rows.len())[0]);
        Reply::done(self.sheet.click(columns, Position::new(column, row), area, &rows))
    }

    /// Keys worth naming.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        if !entry::is_any(state, self.then.borrow().as_deref()) {
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
        let then = entry::then(state, look).map(Arc::new);
        self.then.borrow_mut().clone_from(&then);
        let entries = entry::entries(state, then.as_deref());
        if entries.is_empty() && then.is_some() {
            let words = look.not_kept("GPUs of this time");
            notice::notice("No GPU then", &words, area, buffer, look);
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
            let frame = Panel::new("GPUs").aside(words).focused(true);
            let inner = frame.of_then(look.past_words()).open(upper, buffer, look);
            let table = entry::table(&self.sheet, &rows, upper.width);
            table.draw(inner, buffer, look, &|row, column, width| {
                entry::cell(rows[row], column, width, look)
            });
        }
        let under = self.sheet.current(&rows);
        match (self.below, under) {
            (Below::One, Some(entry)) => card::draw(entry, self.zoom, lower, buffer, look),
            (Below::Compared, entry) => many::compared(&rows, entry, lower, buffer, look),
            (Below::Together, entry) => total::draw(&rows, entry, lower, buffer, look),
            (Below::One, None) => {}
        }
    }

    /// The table, and the card of one GPU; one alone needs no table.
    fn split(&self, area: Rect, rows: usize) -> [Rect; 2] {
        let wanted = grid::narrow(rows + 3);
        let upper = match area.height {
            _ if self.zoom || (rows == 1 && !self.sheet.is_filtered()) => 0,
            0..=13 => area.height,
            high => wanted.min(high / 2),
        };
        Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area)
    }
}

/// Why values of the GPU under the cursor are missing, or why there is none.
fn why(entry: Option<&Entry<'_>>, state: &State) -> SafeText {
    let words = entry.map_or_else(|| none::reasons(state), Entry::gaps);
    match words.as_slice() {
        [] => SafeText::new("nothing is missing here"),
        words => SafeText::new(&words.join(" · ")),
    }
}
