//! All nodes in a table, and below it the recent past of the one under the cursor.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::Span;

use super::entry::{AGE, CPU, DISK, Entry, LOAD, MEM, NAME, NET, PSI, STATUS, STEAL, entries};
use super::{gap, say};
use crate::model::id::SourceId;
use crate::model::unit::{BytesPerSecond, Ratio};
use crate::state::State;
use crate::state::history::Metric;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::tab::fleet;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::status::{self, Status};
use crate::tui::widget::strip;
use crate::tui::widget::table::{Column, Table};
use crate::tui::widget::trail::Window;
use crate::tui::widget::{fixed, grid, meter, value};

/// What counts as stale where the interval is not at hand: when keys move among rows that are
/// filtered or sorted by status.
const STALE_AFTER: Duration = Duration::from_secs(7);

/// What is looked at.
#[derive(Debug)]
pub(super) struct View(Sheet<SourceId>);

impl Default for View {
    fn default() -> Self {
        Self(Sheet::sorted_by(0))
    }
}

const COLUMNS: [Column; 10] = [
    Column::words("  NODE", 14, 0).grows().by(NAME),
    Column::words("STATUS", 7, 2).by(STATUS),
    Column::numbers("CPU", 15, 0).by(CPU),
    Column::numbers("MEMORY", 15, 1).by(MEM),
    Column::numbers("LOAD", 5, 3).by(LOAD),
    Column::numbers("STEAL", 6, 4).by(STEAL),
    Column::numbers("PSI", 6, 5).by(PSI),
    Column::numbers("DISK", 10, 6).by(DISK),
    Column::numbers("NET", 10, 6).by(NET),
    Column::numbers("AGE", 7, 2).by(AGE),
];

/// Entries where no look is at hand.
fn usual(state: &State) -> Vec<Entry<'_>> {
    let is_stale = |at| state.now.since(at) > STALE_AFTER;
    entries(state, state.now, |node| Status::told(node, is_stale))
}

impl View {
    pub(super) fn act(&mut self, action: Action, state: &State) -> Reply {
        if action == Action::Back && !self.0.text.is_empty() {
            self.filter("");
            return Reply::Done;
        }
        let entries = usual(state);
        let rows = self.0.arrange(&entries);
        if self.0.act(action, &rows) { Reply::Done } else { Reply::Ignored }
    }

    pub(super) fn current(&self, state: &State) -> Option<SourceId> {
        let entries = usual(state);
        let rows = self.0.arrange(&entries);
        self.0.current(&rows).map(|entry| entry.id.clone())
    }

    pub(super) fn why(&self, state: &State) -> Reply {
        let node = self.current(state).and_then(|id| state.nodes.get(&id));
        node.map_or(Reply::Ignored, |node| say(&gap::gaps(node)))
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.0.filter::<Entry<'_>>(text);
    }

    pub(super) fn click(&mut self, x: u16, y: u16, area: Rect, state: &State) -> Reply {
        let entries = usual(state);
        let rows = self.0.arrange(&entries);
        let area = panel::inside(split(area, rows.len())[0]);
        let table = self.table(&rows);
        if !area.contains(Position::new(x, y)) {
            return Reply::Ignored;
        }
        match (table.field_at(x, y, area), table.row_at(y, area)) {
            (Some(field), _) => self.0.sort_by(field),
            (None, Some(row)) => self.0.select(row, &rows),
            (None, None) => return Reply::Ignored,
        }
        Reply::Done
    }

    fn table(&self, rows: &[&Entry<'_>]) -> Table<'static> {
        Table {
            columns: &COLUMNS,
            sort: Some((self.0.sort, self.0.reversed)),
            rows: rows.len(),
            cursor: self.0.position(rows),
            focused: true,
        }
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
        let entries = entries(state, look.now, |node| Status::of(node, look));
        let rows = self.0.arrange(&entries);
        let [upper, lower] = split(area, rows.len());
        let words = self.0.words(rows.len(), entries.len());
        let inner = Panel::new("Nodes").aside(words).focused(true).open(upper, buffer, look);
        self.table(&rows)
            .draw(inner, buffer, look, &|row, column, width| cell(rows[row], column, width, look));
        if let Some(entry) = self.0.current(&rows).filter(|_| lower.height > 2) {
            preview(entry, lower, buffer, look);
        }
    }
}

/// Room for the table and, where there is more than it needs, for the past of one node.
fn split(area: Rect, rows: usize) -> [Rect; 2] {
    let wanted = grid::narrow(rows.max(1) + 3);
    let upper = if area.height < 16 { area.height } else { wanted.min(area.height / 2) };
    Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area)
}

fn cell(entry: &Entry<'_>, column: usize, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let rate = |rate: Option<f64>| rate.map(BytesPerSecond);
    let text = text(entry, look);
    match column {
        NAME => {
            let name = fixed::cut(entry.id.0.as_str(), width.saturating_sub(2));
            let sign = Span::styled(entry.status.sign(look), entry.status.style(look.theme));
            vec![sign, Span::styled(format!(" {name}"), text)]
        }
        STATUS => vec![Span::styled(entry.status.word(), entry.status.style(look.theme))],
        CPU => share(entry, entry.number(Metric::Cpu), width, look),
        MEM => share(entry, entry.number(Metric::Memory), width, look),
        LOAD => vec![value::maybe(
            entry.number(Metric::Load).map(|load| format!("{load:.2}")),
            text,
            look,
        )],
        STEAL => vec![percent(entry, entry.number(Metric::Steal), look)],
        PSI => vec![percent(entry, entry.psi(), look)],
        DISK => {
            vec![value::maybe(rate(entry.sum(Metric::DiskRead, Metric::DiskWrite)), text, look)]
        }
        NET => vec![value::maybe(rate(entry.sum(Metric::Receive, Metric::Transmit)), text, look)],
        _ => vec![Span::styled(status::age(entry.node, look), text)],
    }
}

/// Plain for what is of now, muted for what is old.
const fn text(entry: &Entry<'_>, look: &Look<'_>) -> Style {
    if entry.status.is_live() { look.theme.text } else { look.theme.muted }
}

fn percent(entry: &Entry<'_>, percent: Option<f64>, look: &Look<'_>) -> Span<'static> {
    let share = percent.and_then(|percent| Ratio::new(percent / 100.0));
    let style = match share {
        Some(share) if entry.status.is_live() && share.percent() >= 10.0 => look.theme.warn,
        _ => text(entry, look),
    };
    value::maybe(share, style, look)
}

/// A bar and its percentage.
fn share(
    entry: &Entry<'_>,
    percent: Option<f64>,
    width: usize,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let share = percent.and_then(|percent| Ratio::new(percent / 100.0));
    let bar = width.saturating_sub(7);
    let mut spans = if entry.status.is_live() {
        meter::meter(share, bar, look)
    } else {
        meter::plain(share, bar, look.theme.muted, look)
    };
    let number = value::maybe(share, text(entry, look), look);
    spans.push(Span::styled(fixed::fit(&number.content, 7, true), number.style));
    spans
}

fn preview(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let title = format!("{} · last 15 minutes", entry.id);
    let info = entry.node.info.as_deref().map(|info| super::layout::machine(entry.id, info));
    let area = Panel::new(&title).aside(info.unwrap_or_default()).open(area, buffer, look);
    let columns = strip::columns(area.width, true);
    let strips = fleet::strips(&[entry.node], Window::last(15, look), columns, look);
    strip::draw(&strips, area, buffer, look);
}
