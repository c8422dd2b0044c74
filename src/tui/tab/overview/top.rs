//! The busiest processes of every node, over the last few seconds.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::id::SourceId;
use crate::model::process::Process;
use crate::state::{Node, Part, State};
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::tab::nodes::process::{self, CPU, MEM};
use crate::tui::widget::field::{Field, Row, Value};
use crate::tui::widget::filter::Terms;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Column, Table};

/// What is looked at.
#[derive(Debug)]
pub(super) struct View(Sheet<(SourceId, u32)>);

impl Default for View {
    fn default() -> Self {
        Self(Sheet::sorted_by(CPU))
    }
}

/// A process and the node it runs on.
struct Entry<'a>(&'a SourceId, &'a Process);

impl Row for Entry<'_> {
    type Key = (SourceId, u32);
    const FIELDS: &'static [Field] = Process::FIELDS;

    fn key(&self) -> Self::Key {
        (self.0.clone(), self.1.pid)
    }

    fn value(&self, field: usize) -> Value<'_> {
        self.1.value(field)
    }
}

const COLUMNS: [Column; 6] = [
    Column::numbers("PID", 7, 2).by(process::PID),
    Column::words("NAME", 12, 0).grows().by(process::NAME),
    Column::numbers("CPU", 6, 0).by(CPU),
    Column::numbers("MEMORY", 8, 1).by(MEM),
    Column::words("SANDBOX", 20, 3).by(process::SANDBOX),
    Column::words("NODE", 10, 4),
];

/// What a filter of the processes may speak of.
pub(super) fn terms(state: &State) -> Terms {
    Terms::of(&entries(state))
}

impl View {
    pub(super) fn arranged(&mut self) -> Arranged<'_> {
        self.0.arranged::<Entry<'_>>("overview", &COLUMNS)
    }

    /// Sorts by the next of the numbers that have a column here.
    pub(super) fn sort(&mut self) {
        self.0.sort = if self.0.sort == CPU { MEM } else { CPU };
    }

    pub(super) const fn reverse(&mut self) {
        self.0.reversed = !self.0.reversed;
    }

    pub(super) fn clear(&mut self) -> Reply {
        if self.0.text.is_empty() {
            return Reply::Ignored;
        }
        self.filter("");
        Reply::Done
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.0.filter::<Entry<'_>>(text);
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
        if look.is_then() {
            return not_kept("Processes", "processes", area, buffer, look);
        }
        let entries = entries(state);
        let rows = self.0.arrange(&entries);
        let words = self.0.words(rows.len(), entries.len());
        let area = Panel::new(self.title()).aside(words).open(area, buffer, look);
        if state.telling(Part::Processes).all(|(_, node)| node.processes.is_none()) {
            let words = Line::styled("Not read yet.", look.theme.muted);
            return panel::lines([words], area, buffer);
        }
        let shown = if state.nodes.len() > 1 { COLUMNS.len() } else { COLUMNS.len() - 1 };
        let table = Table { cursor: None, ..self.0.table(&COLUMNS[..shown], &rows, false) };
        table.draw(area, buffer, look, &|row, column, _| cell(rows[row], column, look));
    }

    const fn title(&self) -> &'static str {
        match self.0.sort {
            MEM => "Processes by memory",
            process::IO => "Processes by I/O",
            _ => "Processes by CPU, 5 s",
        }
    }
}

/// A panel without rows where an instant of the past is looked at.
pub(super) fn not_kept(title: &str, what: &str, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let area = Panel::new(title).of_then(None).open(area, buffer, look);
    let words = look.not_kept(what).map(|words| Line::styled(words, look.theme.muted));
    panel::lines(words, area, buffer);
}

fn entries(state: &State) -> Vec<Entry<'_>> {
    let of_node = |(id, node)| {
        let node: &Node = node;
        node.lately.processes.iter().map(move |process| Entry(id, process))
    };
    state.telling(Part::Processes).flat_map(of_node).collect()
}

fn cell(Entry(id, process): &Entry<'_>, column: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let fields = [process::PID, process::NAME, CPU, MEM, process::SANDBOX];
    let node = || Span::styled(id.to_string(), look.theme.muted);
    let field = fields.get(column);
    vec![field.map_or_else(node, |field| process::cell(process, *field, look))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_goes_through_numbers_that_have_a_column() {
        let mut view = View::default();
        let mut titles = Vec::new();
        for _ in 0..3 {
            view.sort();
            titles.push(view.title());
            assert!(COLUMNS.iter().any(|column| column.field == Some(view.0.sort)));
        }
        assert_eq!(titles[..2], ["Processes by memory", "Processes by CPU, 5 s"]);
        assert_eq!(titles[2], titles[0]);
    }
}
