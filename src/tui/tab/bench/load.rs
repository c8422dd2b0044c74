//! The rows of a load: each cell it was put on, with what is known of it at each stride.

use ratatui::style::Style;
use ratatui::text::Span;

use super::bars;
use super::group::Named;
use super::group::{Row, cut_label};
use super::result::Sight;
use crate::model::bench::Cell;
use crate::model::load::{Load, LoadSummary, Stride};
use crate::state::RunState;
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// A cell with a load on it.
pub(super) struct LoadRow<'a> {
    /// Index of the cell.
    pub(super) index: u32,
    pub(super) cell: Cell,
    /// What is known of it, in the order in which it was done.
    pub(super) known: Vec<&'a LoadSummary>,
}

impl LoadRow<'_> {
    /// The colour of its wall.
    pub(super) fn colour(&self, look: &Look<'_>) -> Style {
        bars::colour(self.cell.backend, look)
    }

    /// Its name in `room` columns, marked if it is the row that is looked at.
    pub(super) fn named(&self, room: usize, chosen: bool, look: &Look<'_>) -> Span<'static> {
        let name = cut_label(self.cell, room.saturating_sub(3));
        let text = fixed::left(&format!("  {name}"), room);
        Span::styled(text, if chosen { look.theme.selected } else { look.theme.text })
    }
}

/// The name of the load that `stride` is a step of.
pub(super) const fn kind(stride: &Stride) -> &'static str {
    match stride {
        Stride::Throughput { .. } => "throughput",
        Stride::Latency { .. } => "latency",
        Stride::Memory { .. } => "memory",
        Stride::Density { .. } => "density",
        Stride::Neighbour { .. } => "neighbour",
    }
}

/// The rows of the load called `name`, in the order of the run's cells.
pub(super) fn rows<'a>(sight: &Sight<'a>, name: &str) -> Vec<LoadRow<'a>> {
    let mut rows: Vec<LoadRow<'a>> = Vec::new();
    for known in sight.run.loads.iter().filter(|known| kind(&known.stride) == name) {
        let Some(cell) = sight.run.head.cells.get(known.cell as usize) else {
            continue;
        };
        match rows.iter_mut().find(|row| row.index == known.cell) {
            Some(row) => row.known.push(known),
            None if sight.filter.lets(&Named(cell)) => {
                rows.push(LoadRow { index: known.cell, cell: *cell, known: vec![known] });
            }
            None => {}
        }
    }
    rows.sort_by_key(|row| row.index);
    rows
}

/// Which of `rows` is looked at: the one that starts as the row in the table does.
pub(super) fn chosen(rows: &[LoadRow<'_>], row: Option<&Row<'_>>) -> Option<usize> {
    let row = row?;
    rows.iter()
        .position(|of| of.cell.backend == row.cell.backend && of.cell.start == row.cell.start)
}

/// Whether something is known of the load called `name`.
pub(super) fn is_known(run: &RunState, name: &str) -> bool {
    run.loads.iter().any(|known| kind(&known.stride) == name)
}

/// Whether the plan of `run` asks for the load called `name`.
pub(super) fn is_asked(run: &RunState, name: &str) -> bool {
    run.head.plan.loads.iter().any(|load: &Load| load.name() == name)
}

/// Columns for the names of `rows`, of `width` for all.
pub(super) fn name_room(rows: &[LoadRow<'_>], width: usize) -> usize {
    let longest = rows.iter().map(|row| row.cell.label().len()).max().unwrap_or(0);
    (longest + 3).min(width / 3).max(12)
}
