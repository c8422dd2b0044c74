//! Sandboxes that hold processes now, with what they use.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::process::Sandbox;
use crate::model::unit::Bytes;
use crate::state::{Part, State};
use crate::tui::look::Look;
use crate::tui::tab::nodes::cores;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::table::{Column, Table};

/// A sandbox and the sums over its processes.
pub(super) struct Row<'a> {
    sandbox: &'a Sandbox,
    processes: usize,
    cpu_cores: Option<f64>,
    memory_bytes: u64,
}

/// Sandboxes of every node, the busiest first.
pub(super) fn rows(state: &State) -> Vec<Row<'_>> {
    let mut rows: BTreeMap<_, Row<'_>> = BTreeMap::new();
    for (source, node) in state.telling(Part::Processes) {
        for process in node.processes.iter().flat_map(|(_, processes)| processes) {
            let Some(sandbox) = &process.sandbox else {
                continue;
            };
            let row = rows.entry((source, sandbox)).or_insert(Row {
                sandbox,
                processes: 0,
                cpu_cores: None,
                memory_bytes: 0,
            });
            row.processes += 1;
            row.memory_bytes = row.memory_bytes.saturating_add(process.memory_bytes.0);
            let cpu = row.cpu_cores.into_iter().chain(process.cpu_cores.get());
            row.cpu_cores = cpu.reduce(|a, b| a + b);
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by(|a, b| b.cpu_cores.unwrap_or(-1.0).total_cmp(&a.cpu_cores.unwrap_or(-1.0)));
    rows
}

const COLUMNS: [Column; 4] = [
    Column::words("SANDBOX", 20, 0).grows(),
    Column::numbers("PROCS", 5, 2),
    Column::numbers("CPU", 6, 0),
    Column::numbers("MEMORY", 8, 1),
];

/// Draws the panel; `known`: whether processes have been read at all.
pub(super) fn draw(
    rows: &[Row<'_>],
    known: bool,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    if look.is_then() {
        return super::top::not_kept("Sandboxes", "sandboxes", area, buffer, look);
    }
    let count = if rows.is_empty() { String::new() } else { rows.len().to_string() };
    let area = Panel::new("Sandboxes").aside(count).open(area, buffer, look);
    if rows.is_empty() {
        let words = if known { "None is running." } else { "Processes are not read yet." };
        return panel::lines([Line::styled(words, look.theme.muted)], area, buffer);
    }
    let table = Table {
        columns: &COLUMNS,
        hidden: &[],
        sort: None,
        rows: rows.len(),
        cursor: None,
        focused: false,
    };
    table.draw(area, buffer, look, &|row, column, _| {
        let row = &rows[row];
        let text = match column {
            0 => format!("{} {}", row.sandbox.engine, row.sandbox.name),
            1 => row.processes.to_string(),
            2 => return vec![cores(row.cpu_cores, look)],
            _ => Bytes(row.memory_bytes).to_string(),
        };
        vec![Span::styled(text, look.theme.text)]
    });
}
