//! Disks and what is mounted from them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use crate::model::node::{Disk, Mount, NodeSample};
use crate::model::unit::PerSecond;
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::table::{Column, Table};
use crate::tui::widget::{fixed, grid, meter, value};

const DISKS: [Column; 5] = [
    Column::words("DISK", 8, 0).grows(),
    Column::numbers("READ", 10, 0),
    Column::numbers("WRITE", 10, 0),
    Column::numbers("IOPS", 8, 2),
    Column::numbers("BUSY", 6, 1),
];

/// What is taken and what may still be are what the share is of; the size holds what is set aside for root, too.
const MOUNTS: [Column; 7] = [
    Column::words("MOUNT", 9, 0).grows(),
    Column::numbers("USE", 13, 0),
    Column::numbers("USED", 9, 1),
    Column::numbers("AVAIL", 9, 2),
    Column::numbers("SIZE", 9, 3),
    Column::numbers("INODES", 7, 4),
    Column::words("TYPE", 7, 5),
];

/// Draws the panel.
pub(super) fn draw(
    sample: &NodeSample,
    scroll: usize,
    frame: Panel<'_>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let (disks, mounts) = (&sample.disks, &sample.mounts);
    let aside =
        format!("{} · {}", value::many(disks.len(), "disk"), value::many(mounts.len(), "mount"));
    let area = frame.aside(aside).open(area, buffer, look);
    if disks.is_empty() && mounts.is_empty() {
        panel::lines(
            [Line::styled("No disk is shown to this machine.", look.theme.muted)],
            area,
            buffer,
        );
        return;
    }
    let [first, second] = halves(area, disks.len(), mounts.len());
    table(&DISKS, disks.len(), scroll)
        .draw(first, buffer, look, &|row, column, _| disk(&disks[row], column, look));
    table(&MOUNTS, mounts.len(), scroll)
        .draw(second, buffer, look, &|row, column, width| mount(&mounts[row], column, width, look));
}

/// Room for a table of `upper` rows above one of `lower`: what the first needs, half at most, and
/// all of it where there is no second.
pub(super) fn halves(area: Rect, upper: usize, lower: usize) -> [Rect; 2] {
    let wanted = grid::narrow(upper + 1).min(area.height.div_ceil(2));
    let height = if lower == 0 { area.height } else { wanted };
    Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area)
}

/// A table that is scrolled without a cursor of its own.
pub(super) fn table(columns: &[Column], rows: usize, scroll: usize) -> Table<'_> {
    let cursor = rows.checked_sub(1).map(|last| scroll.min(last));
    Table { columns, hidden: &[], sort: None, rows, cursor, focused: false }
}

fn disk(disk: &Disk, column: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let text = look.theme.text;
    vec![match column {
        0 => Span::styled(disk.name.to_string(), text),
        1 => value::span(&disk.read_bytes_per_second, text, look),
        2 => value::span(&disk.write_bytes_per_second, text, look),
        3 => value::maybe(operations(disk), text, look),
        _ => {
            let style = disk.busy.get().map_or(text, |busy| look.load(busy));
            value::span(&disk.busy, style, look)
        }
    }]
}

fn operations(disk: &Disk) -> Option<PerSecond> {
    let known = disk.reads_per_second.get().into_iter().chain(disk.writes_per_second.get());
    known.map(|rate| rate.0).reduce(|a, b| a + b).map(PerSecond)
}

fn mount(mount: &Mount, column: usize, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let share = mount.used().get();
    let style = share.map_or(look.theme.muted, |share| look.load(share));
    vec![match column {
        0 => Span::styled(mount.path.to_string(), look.theme.text),
        1 => {
            let number = value::maybe(share, style, look);
            let mut spans = meter::meter(share, width.saturating_sub(7), look);
            spans.push(Span::styled(fixed::fit(&number.content, 7, true), number.style));
            return spans;
        }
        2 => value::span(&mount.used_bytes, look.theme.text, look),
        3 => value::span(&mount.free(), look.theme.text, look),
        4 => value::span(&mount.total_bytes, look.theme.muted, look),
        5 => value::span(&mount.inodes_used, look.theme.muted, look),
        _ => Span::styled(mount.kind.to_string(), look.theme.muted),
    }]
}
