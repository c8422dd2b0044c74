//! What the panels of a job have in common: a name, what they answer, how they are drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::job::Job;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Row};
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column, Table};
use crate::tui::widget::{fixed, grid};

/// A panel of a job.
pub(super) trait Pane {
    /// Answers `action`.
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply;

    /// Takes the filter, or what is searched for, as it is typed.
    fn filter(&mut self, text: &str);

    /// What a filter may speak of; nothing where there is no table.
    fn fields(&self) -> &'static [Field];

    /// Answers a click within its frame.
    fn click(&mut self, at: Position, area: Rect, job: &Job<'_>) -> Reply;

    /// Draws what is within its frame, and frame.
    fn draw(&self, place: Place<'_, '_>, job: &Job<'_>);

    /// Keys worth naming.
    fn hints(&self) -> &'static [Action];
}

/// Where a panel is drawn.
pub(super) struct Place<'a, 'b> {
    pub(super) title: &'static str,
    pub(super) area: Rect,
    pub(super) buffer: &'b mut Buffer,
    pub(super) focused: bool,
    pub(super) look: &'a Look<'a>,
}

impl Place<'_, '_> {
    /// Draws the frame with words on its upper right; the room within.
    pub(super) fn open(&mut self, aside: impl Into<String>) -> Rect {
        let frame = Panel::new(self.title).aside(aside).focused(self.focused);
        frame.open(self.area, self.buffer, self.look)
    }

    /// The same with another title.
    pub(super) fn open_as(&mut self, title: &str, aside: impl Into<String>) -> Rect {
        let frame = Panel::new(title).aside(aside).focused(self.focused);
        frame.open(self.area, self.buffer, self.look)
    }

    /// Draws a frame with one quiet sentence: why there is nothing.
    pub(super) fn quiet(&mut self, why: &str) {
        let area = self.open("");
        let words = fixed::wrap(why, usize::from(area.width));
        let style = self.look.theme.muted;
        panel::lines(words.into_iter().map(|line| Line::styled(line, style)), area, self.buffer);
    }
}

/// Rows of a table in a panel.
pub(super) trait Shown: Row {
    /// Its columns.
    const COLUMNS: &'static [Column];
    /// The titles of those that say nothing of such rows.
    fn hidden(&self) -> &'static [&'static str] {
        &[]
    }
    /// What stands in column number `column`.
    fn cell(&self, column: usize, width: usize, job: &Job<'_>, look: &Look<'_>) -> Cell;
}

/// The table of `rows` as it is placed now.
fn table<R: Shown>(sheet: &Sheet<R::Key>, rows: &[&R], focused: bool) -> Table<'static> {
    Table {
        columns: R::COLUMNS,
        hidden: rows.first().map_or(&[], |row| row.hidden()),
        sort: Some((sheet.sort, sheet.reversed)),
        rows: rows.len(),
        cursor: sheet.position(rows),
        focused,
    }
}

/// Draws `rows`, which are in order.
pub(super) fn draw_rows<R: Shown>(
    sheet: &Sheet<R::Key>,
    rows: &[&R],
    area: Rect,
    (buffer, focused): (&mut Buffer, bool),
    (job, look): (&Job<'_>, &Look<'_>),
) {
    table(sheet, rows, focused)
        .draw(area, buffer, look, &|row, column, width| rows[row].cell(column, width, job, look));
}

/// Answers a click at rows drawn in `area`; whether the row was under the cursor before.
pub(super) fn click_rows<R: Shown>(
    sheet: &mut Sheet<R::Key>,
    rows: &[&R],
    at: Position,
    area: Rect,
) -> bool {
    let table = table(sheet, rows, true);
    if !area.contains(at) {
        return false;
    }
    match (table.field_at(at.x, at.y, area), table.row_at(at.y, area)) {
        (Some(field), _) => sheet.sort_by(field),
        (None, Some(row)) => {
            let again = sheet.position(rows) == Some(row);
            sheet.select(row, rows);
            return again;
        }
        (None, None) => {}
    }
    false
}

/// Lets `sheet` answer `action` on `all`.
pub(super) fn act_on<R: Shown>(sheet: &mut Sheet<R::Key>, all: &[R], action: Action) -> Reply {
    let rows = sheet.arrange(all);
    if sheet.act(action, &rows) { Reply::Done } else { Reply::Ignored }
}

/// Answers a click at a panel that lies at `area` and shows `all`; whether the row was under the cursor
/// before.
pub(super) fn click_on<R: Shown>(
    sheet: &mut Sheet<R::Key>,
    all: &[R],
    at: Position,
    area: Rect,
) -> bool {
    let rows = sheet.arrange(all);
    click_rows(sheet, &rows, at, panel::inside(area))
}

/// Draws what `sheet` lets through of `all` as a panel.
pub(super) fn draw_on<R: Shown>(
    sheet: &Sheet<R::Key>,
    all: &[R],
    mut place: Place<'_, '_>,
    job: &Job<'_>,
) {
    let rows = sheet.arrange(all);
    let inner = place.open(sheet.words(rows.len(), all.len()));
    draw_rows(sheet, &rows, inner, (place.buffer, place.focused), (job, place.look));
}

/// Lines that are read and scrolled.
#[derive(Debug, Default)]
pub(super) struct Scroll {
    top: usize,
}

/// Rows a page moves.
const PAGE: usize = 15;

impl Scroll {
    /// Scrolls; `Ignored` if `action` does not.
    pub(super) const fn act(&mut self, action: Action) -> Reply {
        self.top = match action {
            Action::Up => self.top.saturating_sub(1),
            Action::Down => self.top.saturating_add(1),
            Action::PageUp | Action::HalfUp => self.top.saturating_sub(PAGE),
            Action::PageDown | Action::HalfDown => self.top.saturating_add(PAGE),
            Action::First => 0,
            Action::Last => usize::MAX,
            _ => return Reply::Ignored,
        };
        Reply::Done
    }

    /// Draws `lines` as a panel with this title.
    pub(super) fn read(&self, title: &str, lines: Vec<Line<'static>>, mut place: Place<'_, '_>) {
        let words = self.words(lines.len(), panel::inside(place.area).height);
        let inner = place.open_as(title, words);
        self.draw(lines, inner, place.buffer);
    }

    /// Draws the part of `lines` that is in sight.
    fn draw(&self, lines: Vec<Line<'static>>, area: Rect, buffer: &mut Buffer) {
        let most = lines.len().saturating_sub(usize::from(area.height));
        panel::lines(lines.into_iter().skip(self.top.min(most)), area, buffer);
    }

    /// Which lines are seen, in words: `12–30 of 400`; nothing where all are.
    fn words(&self, lines: usize, height: u16) -> String {
        let high = usize::from(height);
        if lines <= high {
            return String::new();
        }
        let top = self.top.min(lines - high);
        format!("{}–{} of {lines}", top + 1, top + high)
    }
}

/// Rows kept for a table of `count` rows below `upper`: no more than half of the room.
pub(super) fn share(count: usize, area: Rect) -> u16 {
    grid::narrow(count + 1).min(area.height / 2).max(2)
}
