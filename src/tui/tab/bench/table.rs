//! The figures as a table: a row for each backend and start, columns that stand still.
//!
//! The chosen figure has its interval and its tail; the others show their medians where there is
//! room. What is not known is `—`, and the key for "why" says the reason.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use super::group::{Group, Row, Standing};
use super::plan::first;
use crate::model::bench::{Figure, Summary};
use crate::model::unit::{Seconds, as_many_times};
use crate::state::RunState;
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// What a column shows.
#[derive(Clone, Copy)]
enum Column {
    Median,
    Interval,
    Times,
    P95,
    P99,
    Other(Figure),
    Counted,
    Failed,
    Disturbed,
}

/// Lines of heading and legend.
const AROUND: u16 = 2;

/// Lines the table wants for `rows` rows.
pub(super) fn height(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(AROUND)
}

/// Which rows a table shows.
pub(super) struct Scroll {
    /// The first of them.
    pub(super) skip: usize,
    room: usize,
    legend: bool,
    /// Whether they are all.
    fits: bool,
}

/// The part of `rows` rows that `height` lines show, `cursor` among them. Where they are not all, a
/// line below says which they are.
pub(super) fn scroll(height: u16, rows: usize, cursor: usize) -> Scroll {
    let height = usize::from(height);
    let fits = height > rows;
    let legend = height > rows + 1 || (!fits && height > 4);
    let room = height.saturating_sub(1 + usize::from(legend));
    Scroll { skip: first(cursor, room), room, legend, fits }
}

/// Draws the table of `group`; `cursor` is the row that is looked at.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    run: &RunState,
    group: &Group<'_>,
    cursor: usize,
    look: &Look<'_>,
) {
    let width = usize::from(area.width);
    let columns = columns(run, group, width);
    let Scroll { skip, room, legend, fits } = scroll(area.height, group.rows.len(), cursor);
    let mut lines = vec![heading(group, &columns, width, look)];
    let shown = group.rows.iter().enumerate().skip(skip).take(room);
    for (index, row) in shown {
        let line = line(run, group, row, &columns, width, look);
        let chosen = index == cursor;
        lines.push(if chosen { line.patch_style(look.theme.selected) } else { line });
    }
    if legend {
        let seen = (!fits).then(|| seen(skip, room, group.rows.len()));
        let words = seen.into_iter().chain(words(run, group, area.width));
        let mut words = words.collect::<Vec<_>>().join("   ");
        let fits = words.width() + WIDEST.width() <= width;
        if fits && group.rows.iter().any(|row| group.times(row).is_some()) {
            words += WIDEST;
        }
        lines.push(Line::styled(fixed::cut(&words, width), look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The columns that fit, the least needed left out first.
fn columns(run: &RunState, group: &Group<'_>, width: usize) -> Vec<Column> {
    // Few backends have these boundaries.
    let rare = |figure: &Figure| matches!(figure, Figure::Spec | Figure::FirstExec);
    let some = |figure: &Figure| {
        let mut rows = group.rows.iter();
        rows.any(|row| row.index.is_some_and(|index| run.summary(index, *figure).is_some()))
    };
    let others = Figure::ALL.into_iter().filter(|other| *other != group.figure);
    let others = others.filter(|other| !rare(other) || some(other));
    let mut all = vec![
        (Column::Median, 0),
        (Column::Interval, 1),
        (Column::Times, 5),
        (Column::P95, 4),
        (Column::P99, 6),
    ];
    all.extend(others.zip(7..).map(|(other, rank)| (Column::Other(other), rank)));
    all.extend([(Column::Counted, 2), (Column::Failed, 1), (Column::Disturbed, 3)]);
    let ranks: Vec<_> = all.iter().map(|(column, rank)| (column.width(), *rank)).collect();
    let room = width.saturating_sub(group.name_room(width) + 1);
    fixed::choose(&ranks, room).into_iter().map(|index| all[index].0).collect()
}

impl Column {
    const fn width(self) -> usize {
        match self {
            Self::Median | Self::Other(_) => 10,
            Self::Interval => 16,
            Self::Times => 18,
            Self::P95 | Self::P99 => 7,
            Self::Counted => 5,
            Self::Failed => 6,
            Self::Disturbed => 9,
        }
    }

    fn title(self, group: &Group<'_>) -> &'static str {
        match self {
            Self::Median => group.figure.name(),
            Self::Interval => "95 % interval ",
            Self::Times if group.has_starts() => "× cold process",
            Self::Times => "× process",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Other(other) => other.name(),
            Self::Counted => "n",
            Self::Failed => "failed",
            Self::Disturbed => "disturbed",
        }
    }

    fn text(self, run: &RunState, group: &Group<'_>, row: &Row<'_>) -> Option<String> {
        let estimate = row.estimate();
        let tail = |length: Option<Seconds>| length.map(|seconds| seconds.to_string());
        let count = |of: fn(&Summary) -> u32| row.summary.map(|summary| of(summary).to_string());
        match self {
            Self::Median => tail(estimate.map(|estimate| estimate.median_seconds)),
            Self::Interval => {
                let doubt = if is_wide(run, row) { '?' } else { ' ' };
                row.interval().map(|ends| format!("{}{doubt}", range(ends)))
            }
            Self::Times => group.times(row).map(|times| {
                let words = as_many_times(times.ratio, Some((times.low, times.high)));
                if words.starts_with("1/") { words } else { format!("×{words}") }
            }),
            Self::P95 => tail(estimate.and_then(|estimate| estimate.p95_seconds)),
            Self::P99 => tail(estimate.and_then(|estimate| estimate.p99_seconds)),
            Self::Other(other) => {
                let summary = run.summary(row.index?, other)?;
                tail(summary.estimate.map(|estimate| estimate.median_seconds))
            }
            Self::Counted => count(|summary| summary.n),
            Self::Failed => count(|summary| summary.failures),
            Self::Disturbed => count(|summary| summary.tainted),
        }
    }

    /// What stands for no value, with the blank that ends an interval.
    const fn absent(self) -> &'static str {
        match self {
            Self::Interval => "— ",
            _ => "—",
        }
    }

    fn style(self, row: &Row<'_>, look: &Look<'_>) -> Style {
        let above_zero = |of: fn(&Summary) -> u32| row.summary.is_some_and(|s| of(s) > 0);
        match self {
            Self::Median if row.standing == Standing::Best => look.theme.good,
            Self::Median => look.theme.text,
            Self::Failed if above_zero(|summary| summary.failures) => look.theme.bad,
            Self::Disturbed if above_zero(|summary| summary.tainted) => look.theme.warn,
            _ => look.theme.muted,
        }
    }
}

/// Whether half the interval of `row` is more of its median than the plan asks for.
fn is_wide(run: &RunState, row: &Row<'_>) -> bool {
    let target = run.head.plan.effort.target.fraction();
    let half = row.interval().map(|(low, high)| (high - low) / 2.0);
    half.zip(row.median()).is_some_and(|(half, median)| half > target * median)
}

/// `3.10–3.24 ms`: the unit once where both ends have the same.
pub(super) fn range((low, high): (f64, f64)) -> String {
    let (low, high) = (Seconds(low).to_string(), Seconds(high).to_string());
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, unit)), Some((_, other)))
            if unit == other && unit.chars().all(char::is_alphabetic) =>
        {
            format!("{number}–{high}")
        }
        _ => format!("{low}–{high}"),
    }
}

fn heading(group: &Group<'_>, columns: &[Column], width: usize, look: &Look<'_>) -> Line<'static> {
    let mut line = fixed::left("  backend", group.name_room(width));
    for column in columns {
        line.push(' ');
        line.push_str(&fixed::right(column.title(group), column.width()));
    }
    Line::styled(line, look.theme.muted)
}

fn line(
    run: &RunState,
    group: &Group<'_>,
    row: &Row<'_>,
    columns: &[Column],
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let room = group.name_room(width);
    let mut spans = vec![name(row, room, look)];
    if let Some(excuse) = row.excuse() {
        let why = fixed::left(&excuse, width.saturating_sub(room + 1));
        spans.push(Span::styled(format!(" {why}"), look.theme.muted));
        return Line::from(spans);
    }
    for column in columns {
        let text = column.text(run, group, row);
        let style = if text.is_some() { column.style(row, look) } else { look.theme.muted };
        let text = text.unwrap_or_else(|| column.absent().to_owned());
        let text = fixed::right(&text, column.width());
        spans.push(Span::styled(format!(" {text}"), style));
    }
    Line::from(spans)
}

/// The sign and the name of a row in `room` columns, marked if it is looked at.
pub(super) fn marked(row: &Row<'_>, room: usize, chosen: bool, look: &Look<'_>) -> Span<'static> {
    let name = name(row, room, look);
    if chosen { name.patch_style(look.theme.selected) } else { name }
}

/// What stands beside the name of a row that has nothing to draw.
pub(super) fn nothing(row: &Row<'_>, width: usize, look: &Look<'_>) -> Span<'static> {
    let why = row.excuse().unwrap_or_else(|| "—".to_owned());
    Span::styled(fixed::cut(&why, width), look.theme.muted)
}

fn name(row: &Row<'_>, room: usize, look: &Look<'_>) -> Span<'static> {
    let style = match (row.left_out, row.standing) {
        (Some(_), _) => look.theme.muted,
        (_, Standing::Best) => look.theme.good,
        _ => look.theme.text,
    };
    let text = format!("{} {}", row.standing.sign(), row.named(room.saturating_sub(3)));
    Span::styled(fixed::left(&text, room), style)
}

/// `words` below `all` rows of which `room` are in sight, the first of them number `skip`: which those are comes
/// first, where there are more.
pub(super) fn foot(words: String, (skip, room): (usize, usize), all: usize) -> String {
    if room >= all {
        return words;
    }
    format!("  {}   {}", seen(skip, room, all), words.trim_start())
}

/// Which of the rows are in sight.
pub(super) fn seen(skip: usize, room: usize, all: usize) -> String {
    format!("{}–{} of {all}", skip + 1, (skip + room).min(all))
}

/// What stands in brackets behind a ratio.
const WIDEST: &str = "   ×: ( ) the widest that two intervals allow";

/// What the signs mean, as far as they are used.
fn words(run: &RunState, group: &Group<'_>, width: u16) -> Vec<String> {
    let any = |standing| group.rows.iter().any(|row| row.standing == standing);
    let mut said = Vec::new();
    if any(Standing::Best) {
        said.push(fastest(group, width).to_owned());
    }
    if any(Standing::Alike) {
        said.push(alike(group, width).to_owned());
    }
    if width >= 70 && group.rows.iter().any(|row| is_wide(run, row)) {
        let wider = if width < 80 { "over" } else { "wider than" };
        said.push(format!("? {wider} ±{}", run.head.plan.effort.target));
    }
    said
}

/// What makes rows alike: a test, or that their intervals overlap.
fn alike(group: &Group<'_>, width: u16) -> &'static str {
    match width {
        ..50 => "≈ alike",
        50..80 if group.has_starts() => "≈ alike",
        50..80 => "≈ not told apart",
        80..140 => "≈ not told apart from it",
        _ if group.placed => "≈ alike: no test tells it apart from the best",
        _ => "≈ not told apart from it: their intervals overlap",
    }
}

/// What the star means: with several starts there is one for each.
fn fastest(group: &Group<'_>, width: u16) -> &'static str {
    match (group.placed, group.has_starts(), width) {
        (true, true, 60..) => "★ best that isolates, per start",
        (true, ..) => "★ best that isolates",
        (false, true, 80..) => "★ fastest that isolates, per start (name alone: cold)",
        (false, true, 60..) => "★ fastest that isolates, per start",
        (false, ..) => "★ fastest that isolates",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_out_of_sight_are_told() {
        let foot = |room| foot("  the words".to_owned(), (3, room), 14);
        assert_eq!([5, 14].map(foot), ["  4–8 of 14   the words", "  the words"]);
    }
}
