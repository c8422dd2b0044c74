//! The columns of the list of nodes, and what stands in each.

use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::entry::{
    ADDRESS, AGE, CPU, DISK, Entry, GPU, GROUP, KIND, LOAD, MEM, NAME, NET, PSI, STATUS, STEAL,
    WORK, psi, sum,
};
use super::item::{Group, Item};
use super::order::Has;
use crate::config::Level;
use crate::model::unit::{BytesPerSecond, Ratio};
use crate::state::history::{GpuMetric, Metric};
use crate::tui::look::{Look, pressure};
use crate::tui::widget::status::{self, Status};
use crate::tui::widget::table::Column;
use crate::tui::widget::{fixed, meter, value};

/// Columns of the sign before a name.
const SIGN: usize = 2;
/// Most columns that names have before other columns have theirs.
const NAMES: usize = 34;
/// The column of backends, which no field sorts.
const BACKENDS: usize = 100;

/// All there can be.
pub(super) const COLUMNS: [Column; 16] = [
    Column::words("  NODE", 14, 0).grows().by(NAME),
    Column::words("GROUP", 12, 6).by(GROUP),
    Column::words("KIND", 11, 7).by(KIND),
    Column::words("ADDRESS", 26, 9).by(ADDRESS),
    Column::words("STATUS", 7, 2).by(STATUS),
    Column::numbers("CPU", 15, 0).by(CPU),
    Column::numbers("MEMORY", 15, 1).by(MEM),
    Column::numbers("GPUS", 9, 3).by(GPU),
    Column::numbers("WORK", 5, 4).by(WORK),
    Column::numbers("LOAD", 5, 4).by(LOAD),
    Column::numbers("STEAL", 6, 5).by(STEAL),
    Column::numbers("PSI", 6, 6).by(PSI),
    Column::numbers("DISK", 10, 7).by(DISK),
    Column::numbers("NET", 10, 7).by(NET),
    Column { field: Some(BACKENDS), ..Column::numbers("BACKENDS", 8, 8) },
    Column::numbers("AGE", 7, 2).by(AGE),
];

/// The columns where nodes have `has`, in `room`; `apart`: they stand in groups already. Names have room before
/// figures that matter less, for rows that cannot be told apart say nothing; addresses take what is left.
pub(super) fn columns(has: Has, apart: bool, room: usize) -> Vec<Column> {
    let shown = |column: &Column| match column.field {
        Some(GPU) => has.gpus,
        Some(WORK) => has.work,
        Some(GROUP) => has.group && !apart,
        Some(KIND | ADDRESS) => has.origin,
        Some(BACKENDS) => has.backends,
        _ => true,
    };
    let mut columns: Vec<Column> = COLUMNS.into_iter().filter(shown).collect();
    for column in columns.iter_mut().filter(|column| column.field == Some(NAME)) {
        let most = (room / 3).clamp(column.width, NAMES);
        column.width = (has.name + SIGN).clamp(column.width, most);
    }
    let spare = (room + 1).saturating_sub(columns.iter().map(|column| column.width + 1).sum());
    for column in columns.iter_mut().filter(|column| column.field == Some(ADDRESS)) {
        column.width += has.address.saturating_sub(column.width).min(spare);
    }
    columns
}

/// The field that sorts `column`, if one does.
pub(super) fn sorted_by(field: Option<usize>) -> Option<usize> {
    field.filter(|field| *field != BACKENDS)
}

/// What stands in `column` of `item`, `width` wide; `marked`: whether it is, where any is.
pub(super) fn cell(
    item: &Item<'_>,
    column: &Column,
    width: usize,
    marked: Option<bool>,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    match item {
        Item::Group(group) => of_group(group, column, width, look),
        Item::Node(entry) => of_node(entry, column, width, marked, look),
    }
}

fn of_group(group: &Group, column: &Column, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let theme = look.theme;
    match column.field {
        Some(NAME) => {
            let sign = if group.folded {
                look.glyph.pick("▸", ">")
            } else {
                look.glyph.pick("▾", "v")
            };
            let count = format!(" {}", group.places.len());
            let room = width.saturating_sub(2 + count.len());
            vec![
                Span::styled(
                    format!("{sign} {}", fixed::cut(group.name.as_str(), room)),
                    theme.title,
                ),
                Span::styled(count, theme.muted),
            ]
        }
        Some(STATUS) => group.standing.brief(width, look),
        Some(CPU) => joined("mean", group.mean_cpu, width, look),
        Some(MEM) => joined("max", group.worst_memory, width, look),
        _ => Vec::new(),
    }
}

fn of_node(
    entry: &Entry<'_>,
    column: &Column,
    width: usize,
    marked: Option<bool>,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let status = entry.status();
    let numbers = entry.numbers();
    if entry.is_then() && matches!(column.field, Some(STATUS | WORK | AGE | BACKENDS)) {
        let word = entry.word().filter(|_| column.field == Some(STATUS));
        return vec![Span::styled(word.unwrap_or(value::MISSING), look.theme.muted)];
    }
    let text = text(status, look);
    let number = |metric: Metric| numbers[metric as usize];
    let rate = |rate: Option<f64>| vec![value::maybe(rate.map(BytesPerSecond), text, look)];
    match column.field {
        Some(NAME) => name(entry, status, width, marked, look),
        Some(STATUS) => vec![Span::styled(status.word(), status.style(look.theme))],
        Some(CPU) => share(number(Metric::Cpu), status.is_live(), width, look),
        Some(MEM) => share(number(Metric::Memory), status.is_live(), width, look),
        Some(LOAD) => {
            let load = number(Metric::Load).map(|load| format!("{load:.2}"));
            vec![value::maybe(load, text, look)]
        }
        Some(STEAL) => vec![percent(number(Metric::Steal), status, look)],
        Some(PSI) => vec![waited(psi(&numbers), status, look)],
        Some(DISK) => rate(sum(&numbers, Metric::DiskRead, Metric::DiskWrite)),
        Some(NET) => rate(sum(&numbers, Metric::Receive, Metric::Transmit)),
        Some(AGE) => vec![Span::styled(status::age(entry.node, look), text)],
        _ => vec![words(entry, (column.field, width), text, look)],
    }
}

/// What is words, or a few digits, and muted where it is of less weight.
fn words(
    entry: &Entry<'_>,
    (field, width): (Option<usize>, usize),
    text: Style,
    look: &Look<'_>,
) -> Span<'static> {
    let origin = entry.origin();
    match field {
        Some(GPU) => {
            let count = entry.gpus().len();
            let busy = entry.gpu(GpuMetric::Utilization).and_then(|busy| Ratio::new(busy / 100.0));
            let shown = (count > 0).then(|| format!("{count}× {}", value::percent(busy)));
            value::maybe(shown, text, look)
        }
        Some(WORK) => value::maybe(entry.running(), text, look),
        Some(GROUP) => value::maybe(origin.and_then(|it| it.group.as_ref()), text, look),
        Some(KIND) => Span::styled(entry.kind(), look.theme.muted),
        Some(ADDRESS) => {
            let address = origin.map(|it| fixed::cut_middle(it.address.as_str(), width));
            value::maybe(address, look.theme.muted, look)
        }
        _ => {
            let ready = entry.ready().map(|(ready, all)| format!("{ready}/{all}"));
            value::maybe(ready, text, look)
        }
    }
}

fn name(
    entry: &Entry<'_>,
    status: Status,
    width: usize,
    marked: Option<bool>,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let theme = look.theme;
    let mark = match marked {
        None => Span::raw(""),
        Some(true) => Span::styled("[x] ", theme.accent),
        Some(false) => Span::styled("[ ] ", theme.muted),
    };
    let sign = Span::styled(status.sign(look), status.style(theme));
    let room = width.saturating_sub(2 + mark.content.len());
    let warning = warning(entry, room);
    let room = room.saturating_sub(warning.len());
    let name = Span::styled(
        format!(" {}", fixed::cut_middle(entry.id.0.as_str(), room)),
        text(status, look),
    );
    vec![mark, sign, name, Span::styled(warning, theme.bad)]
}

/// That nobody vouches for who answers there, in as many letters as the name leaves of `room`.
fn warning(entry: &Entry<'_>, room: usize) -> &'static str {
    if !entry.origin().is_some_and(|origin| origin.unverified) {
        return "";
    }
    let left = room.saturating_sub(entry.id.0.as_str().width());
    let fits = |words: &&str| words.len() <= left;
    [" unverified", " unver.", " !"].into_iter().find(fits).unwrap_or(" !")
}

/// Plain for what is of now, muted for what is old.
const fn text(status: Status, look: &Look<'_>) -> Style {
    if status.is_live() { look.theme.text } else { look.theme.muted }
}

fn percent(percent: Option<f64>, status: Status, look: &Look<'_>) -> Span<'static> {
    let share = percent.and_then(|percent| Ratio::new(percent / 100.0));
    let style = match share {
        Some(share) if status.is_live() && share.percent() >= 10.0 => look.theme.warn,
        _ => text(status, look),
    };
    value::maybe(share, style, look)
}

/// A pressure; plain where nothing is amiss.
fn waited(percent: Option<f64>, status: Status, look: &Look<'_>) -> Span<'static> {
    let share = percent.and_then(|percent| Ratio::new(percent / 100.0));
    let style = match share {
        Some(share) if status.is_live() && pressure(share) > Level::Good => look.pressure(share),
        _ => text(status, look),
    };
    value::maybe(share, style, look)
}

/// What is said of many at once, with `how` it was joined.
fn joined(
    how: &'static str,
    percent: Option<f64>,
    width: usize,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let word = Span::styled(format!("{how} "), look.theme.muted);
    let rest = width.saturating_sub(word.width());
    std::iter::once(word).chain(share(percent, true, rest, look)).collect()
}

/// A bar and its percentage; no bar where nothing is known.
fn share(percent: Option<f64>, live: bool, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let share = percent.and_then(|percent| Ratio::new(percent / 100.0));
    let bar = width.saturating_sub(7);
    let mut spans = match share {
        None => vec![Span::raw(" ".repeat(bar))],
        Some(_) if live => meter::meter(share, bar, look),
        Some(_) => meter::plain(share, bar, look.theme.muted, look),
    };
    let style = if live { look.theme.text } else { look.theme.muted };
    let number = value::maybe(share, style, look);
    spans.push(Span::styled(fixed::fit(&number.content, 7, true), number.style));
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_room_before_rates_and_addresses_what_is_left() {
        let has = Has { origin: true, name: 14, address: 29, ..Has::default() };
        let width = |has, room, field| {
            let columns = columns(has, false, room);
            columns.into_iter().find(|column| column.field == Some(field)).map(|found| found.width)
        };
        assert_eq!([38, 78, 118].map(|room| width(has, room, NAME)), [14, 16, 16].map(Some));
        assert_eq!([118, 198].map(|room| width(has, room, ADDRESS)), [26, 29].map(Some));
        let long = Has { name: 300, address: 300, ..has };
        assert_eq!([78, 118, 198].map(|room| width(long, room, NAME)), [26, 34, 34].map(Some));
        let all = columns(long, false, 198).iter().map(|column| column.width + 1).sum::<usize>();
        assert_eq!(all, 199, "all stay, and nothing is left over");
    }
}
