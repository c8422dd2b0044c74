//! One GPU in depth: facts, processes, history.
//!
//! Where room is short the facts that matter least are cut, then the history.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::entry::Entry;
use super::fact::{self, text};
use super::{chart, then, trouble};
use crate::model::gpu::GpuProcess;
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::table::{Column, Table};
use crate::tui::widget::{grid, value};

/// Fewest rows of facts, frame included, beside which there is a history.
const FACTS: u16 = 11;
/// The same of an instant of the past: less is kept, and the history is where it is chosen.
const THEN: u16 = 10;
/// Fewest rows of a history, frame included.
const HISTORY: u16 = 7;

/// Draws facts, processes and history, as many as there is room for; `zoomed`, facts go before history.
pub(super) fn draw(
    entry: &Entry<'_>,
    zoomed: bool,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    if area.height < 3 {
        return;
    }
    let side = if area.width >= 76 { area.width / 2 } else { 0 };
    let width = usize::from((area.width - side).saturating_sub(4));
    let mut lines = lines(entry, width, look);
    if entry.then.is_some() && side == 0 {
        lines.extend(then::not_kept(width, look));
    }
    let few = if entry.then.is_some() { THEN } else { FACTS };
    let wanted = grid::narrow(lines.len() + 2).max(few);
    let least = if zoomed { wanted } else { few };
    let upper = match area.height.checked_sub(HISTORY) {
        Some(room) if room >= least => room.min(wanted),
        _ => area.height,
    };
    let [upper, lower] =
        Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area);
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(side)]).areas(upper);
    facts(entry, lines, left, buffer, look);
    if side > 0 {
        processes(entry, right, buffer, look);
    }
    if lower.height > 3 {
        chart::draw(entry, lower, buffer, look);
    }
}

fn lines(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    if entry.then.is_some() {
        return then::lines(entry, width, look);
    }
    let mut lines = Vec::new();
    if let Some(reason) = entry.lost() {
        let sign = look.glyph.pick("✗", "!");
        lines.push(Line::styled(format!("{sign} lost: {reason}"), look.theme.bad));
    }
    lines.extend(trouble::lines(entry, width, look));
    if entry.is_lost() {
        lines.push(Line::styled("Below is what it said last.", look.theme.muted));
    }
    lines.extend(fact::lines(entry, width, look));
    lines
}

fn facts(
    entry: &Entry<'_>,
    lines: Vec<Line<'static>>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let title = entry.title();
    let age = value::age(look.age(entry.at()));
    let aside = match (entry.is_lost(), entry.is_live(look)) {
        _ if entry.then.is_some() => String::new(),
        (true, _) => "lost".to_owned(),
        (_, true) => entry.gpu.pci.known().map(ToString::to_string).unwrap_or_default(),
        (_, false) => format!("stale, {age} ago"),
    };
    let mut frame = Panel::new(&title).aside(aside);
    if entry.then.is_some() {
        frame = frame.of_then(look.past_words());
    }
    let area = frame.open(area, buffer, look);
    panel::lines(lines, area, buffer);
    if entry.then.is_none() && !entry.is_live(look) && !entry.is_lost() {
        buffer.set_style(area, look.theme.muted);
    }
}

const COLUMNS: [Column; 6] = [
    Column::numbers("PID", 7, 3),
    Column::words("NAME", 10, 0).grows(),
    Column::numbers("MEMORY", 8, 0),
    Column::numbers("BUSY", 6, 4),
    Column::words(SANDBOX, 16, 2),
    Column::words(MODEL, 16, 1),
];
const SANDBOX: &str = "SANDBOX";
const MODEL: &str = "MODEL";

/// Columns that would stay empty: their room is for the others.
fn empty(processes: &[GpuProcess]) -> Vec<&'static str> {
    let sandbox = processes.iter().any(|process| process.sandbox.is_some());
    let model = processes.iter().any(|process| process.model.is_some());
    let columns = [(SANDBOX, sandbox), (MODEL, model)];
    columns.into_iter().filter(|(_, used)| !used).map(|(title, _)| title).collect()
}

fn processes(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    if entry.then.is_some() {
        let area = Panel::new("Processes").of_then(None).open(area, buffer, look);
        let words = then::not_kept(usize::from(area.width), look);
        return panel::lines(words, area, buffer);
    }
    let processes = entry.gpu.processes.known().map(Vec::as_slice);
    let count = processes.map_or(String::new(), |processes| processes.len().to_string());
    let area = Panel::new("Processes").aside(count).open(area, buffer, look);
    let words = match (processes, entry.gpu.processes.why()) {
        (Some([]), _) => "Nobody uses it.".to_owned(),
        (None, Some(why)) => format!("{} {why}", value::MISSING),
        _ => String::new(),
    };
    panel::lines([Line::styled(words, look.theme.muted)], area, buffer);
    let Some(processes) = processes.filter(|processes| !processes.is_empty()) else {
        return;
    };
    let rows = processes.len();
    let hidden = empty(processes);
    let table = Table {
        columns: &COLUMNS,
        hidden: &hidden,
        sort: None,
        rows,
        cursor: None,
        focused: false,
    };
    table.draw(area, buffer, look, &|row, column, _| vec![cell(&processes[row], column, look)]);
}

fn cell(process: &GpuProcess, column: usize, look: &Look<'_>) -> Span<'static> {
    match column {
        0 => Span::styled(process.pid.to_string(), look.theme.muted),
        1 => Span::styled(process.name.to_string(), look.theme.text),
        2 => text(&process.memory_bytes, look),
        3 => text(&process.utilization, look),
        5 => {
            let model = process.model.as_ref().map(ToString::to_string);
            Span::styled(model.unwrap_or_default(), look.theme.series[1])
        }
        _ => {
            let sandbox = process.sandbox.as_ref();
            let words = sandbox.map(|sandbox| format!("{} {}", sandbox.engine, sandbox.name));
            Span::styled(words.unwrap_or_default(), look.theme.series[3])
        }
    }
}
