//! The benchmark on several nodes as a table, and below it the node under the cursor in words.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};

use super::{Hit, Place, Row, View, differences, first, lost};
use crate::model::bench::{Cell, Estimate, Figure};
use crate::model::run::{RunEnd, RunTail};
use crate::pipeline::status_of;
use crate::state::{RunState, State};
use crate::stats::side::{Rank, ranks};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::tab::runs::mark;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::table::{Column, Table};
use crate::tui::widget::{fixed, meter, notice, value};

/// Least and largest width of the name of a node.
const NAME: (usize, usize) = (16, 28);
/// Least and largest width of how far it is.
const STATE: (usize, usize) = (18, 44);
/// Width of a figure.
const FIGURE: usize = 15;
/// Lines about the node under the cursor, with their frame.
const ABOUT: u16 = 6;

/// What the table is made of.
struct Sight<'a> {
    rows: Vec<Row<'a>>,
    /// The row that is looked at.
    cursor: usize,
    /// The node beside which the others are set.
    first: Option<Row<'a>>,
    sort: Option<(Cell, bool)>,
    /// The cells that find room, the one that is looked at first.
    cells: Vec<Cell>,
    /// How many there are.
    all: usize,
    /// Of each cell how each row does.
    ranks: Vec<Vec<(Option<Estimate>, Rank)>>,
    figure: Figure,
    /// Widths of the name and of the state.
    widths: [usize; 2],
}

impl<'a> Sight<'a> {
    fn of(view: &View, state: &'a State, width: usize) -> Self {
        let (rows, first_known, sort) = (view.rows(state), first(state), view.sort);
        let cursor = view.row(&rows);
        let mut cells = view.columns(&rows);
        let all = cells.len();
        let room = (width.saturating_sub(NAME.0 + STATE.0 + 2) / (FIGURE + 1)).max(1);
        let first = view.column.min(all.saturating_sub(room.min(all)));
        cells = cells.into_iter().skip(first).take(room).collect();
        let figure = view.figure();
        let ranked = |cell: &Cell| {
            let of = |row: &Row<'_>| row.part().and_then(|part| part.estimate(cell, figure));
            let estimates: Vec<Option<Estimate>> = rows.iter().map(of).collect();
            let ranks = ranks(&estimates);
            estimates.into_iter().zip(ranks).collect()
        };
        let ranks = cells.iter().map(ranked).collect();
        let used = cells.len() * (FIGURE + 1) + 2;
        let spare = width.saturating_sub(NAME.0 + STATE.0 + used);
        let name = (NAME.0 + spare / 3).min(NAME.1);
        let state = (STATE.0 + spare.saturating_sub(name - NAME.0)).min(STATE.1);
        let widths = [name, state];
        Self { rows, cursor, first: first_known, sort, cells, all, ranks, figure, widths }
    }
}

pub(super) fn draw(view: &View, buffer: &mut Buffer, area: Rect, state: &State, look: &Look<'_>) {
    let area = area.intersection(buffer.area);
    if view.is_awaited(state) {
        let words = ["Each node is asked; this takes a moment.".to_owned()];
        return notice::notice("The benchmark begins", &words, area, buffer, look);
    }
    let [upper, lower] = split(area);
    let sight = Sight::of(view, state, room(upper));
    let title = format!("Benchmark on {}", value::many(sight.rows.len(), "node"));
    let frame = Panel::new(&title).aside(aside(&sight, view)).focused(true);
    let inner = frame.below(below(&sight, look)).open(upper, buffer, look);
    table(&sight, inner, buffer, state, look);
    if lower.height > 0
        && let Some(row) = sight.rows.get(sight.cursor)
    {
        draw_about(row, &sight, lower, buffer, state, look);
    }
}

/// Room for the table and, where there is enough, for words about a node.
fn split(area: Rect) -> [Rect; 2] {
    let about = if area.height >= 12 { ABOUT } else { 0 };
    Layout::vertical([Constraint::Fill(1), Constraint::Length(about)]).areas(area)
}

/// Letters in a line of the table.
fn room(upper: Rect) -> usize {
    usize::from(upper.width.saturating_sub(4))
}

/// What is drawn at `at`.
pub(super) fn hit(view: &View, at: Position, area: Rect, state: &State) -> Option<Hit> {
    let [upper, _] = split(area);
    let inner = panel::inside(upper);
    if view.is_awaited(state) || !inner.contains(at) {
        return None;
    }
    let sight = Sight::of(view, state, room(upper));
    if at.y > inner.y {
        return of_rows(&sight, &[]).row_at(at.y, inner).map(Hit::Row);
    }
    let across = usize::from(at.x - inner.x);
    let [name, state] = sight.widths;
    match across.checked_sub(name + state + 2) {
        None if across <= name => Some(Hit::Head(None)),
        None => None,
        Some(across) => sight.cells.get(across / (FIGURE + 1)).map(|cell| Hit::Head(Some(*cell))),
    }
}

fn of_rows<'a>(sight: &Sight<'_>, columns: &'a [Column]) -> Table<'a> {
    let cursor = Some(sight.cursor).filter(|_| !sight.rows.is_empty());
    Table { columns, hidden: &[], sort: None, rows: sight.rows.len(), cursor, focused: true }
}

fn aside(sight: &Sight<'_>, view: &View) -> String {
    let shown = sight.cells.len();
    let figure = sight.figure.name();
    if shown == sight.all {
        return figure.to_owned();
    }
    let first = view.column.min(sight.all - shown) + 1;
    format!("{figure} · backends {first}-{} of {}", first + shown - 1, sight.all)
}

/// What is not alike about the machines, and what the signs mean.
fn below(sight: &Sight<'_>, look: &Look<'_>) -> String {
    let best = look.glyph.pick("★ best  ≈ as good", "* best  ~ as good");
    let unlike = sight.rows.iter().filter(|row| !differences(sight.first, row).is_empty()).count();
    match unlike {
        0 => best.to_owned(),
        some => format!("{} {some} unlike the first  {best}", look.glyph.pick("≠", "!=")),
    }
}

fn table(sight: &Sight<'_>, area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
    let mut columns = vec![
        Column::words("  NODE", sight.widths[0], 0),
        Column::words("STATE", sight.widths[1], 0),
    ];
    // Headings that are made here are drawn by hand: a column's own has to be known beforehand.
    columns.extend(sight.cells.iter().map(|_| Column::numbers("", FIGURE, 0)));
    of_rows(sight, &columns).draw(area, buffer, look, &|row, column, width| {
        let row_of = &sight.rows[row];
        match column {
            0 => name(sight, row_of, width, look),
            1 => standing(row_of, state, width, look),
            _ => figure(sight.ranks[column - 2][row], look),
        }
    });
    head(sight, area, buffer, look);
}

/// The names of the cells above their columns.
fn head(sight: &Sight<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let payloads = sight.cells.iter().any(|cell| cell.payload != sight.cells[0].payload);
    let mut x = usize::from(area.x) + sight.widths[0] + sight.widths[1] + 2;
    for cell in &sight.cells {
        let payload = if payloads { format!(" {}", cell.payload) } else { String::new() };
        let sorted = sight.sort.filter(|(by, _)| by == cell);
        let sign = match sorted {
            None => "",
            Some((_, true)) => look.glyph.pick("▼", "v"),
            Some((_, false)) => look.glyph.pick("▲", "^"),
        };
        let style = if sorted.is_some() { look.theme.accent } else { look.theme.muted };
        let words = fixed::right(&(cell.label() + &payload + sign), FIGURE);
        let at = u16::try_from(x).unwrap_or(u16::MAX);
        if area.height > 0 && at < area.right() && at >= area.x {
            buffer.set_stringn(at, area.y, words, FIGURE, style);
        }
        x += FIGURE + 1;
    }
}

fn name(sight: &Sight<'_>, row: &Row<'_>, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let theme = look.theme;
    let unlike = !differences(sight.first, row).is_empty();
    let sign = if unlike { look.glyph.pick("≠ ", "! ") } else { "  " };
    let left_out = matches!(row.place, Place::LeftOut(_));
    let style = if left_out { theme.muted } else { theme.text };
    let name = fixed::cut(row.node.0.as_str(), width.saturating_sub(2));
    vec![Span::styled(sign, theme.warn), Span::styled(name, style)]
}

/// How far a node is, in a few words.
fn standing(row: &Row<'_>, state: &State, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let theme = look.theme;
    let lost = lost(row, state).is_some();
    let run = match row.place {
        Place::LeftOut(why) => return vec![Span::styled(format!("no: {why}"), theme.warn)],
        Place::Run(_, None) if lost => return vec![Span::styled("node lost", theme.bad)],
        Place::Run(_, None) => return vec![Span::styled("asked", theme.muted)],
        Place::Run(_, Some(run)) => run,
    };
    match &run.tail {
        Some(tail) => vec![ended(tail, look)],
        None if lost => vec![Span::styled("node lost", theme.bad)],
        None => progress(run, width, look),
    }
}

fn progress(run: &RunState, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let share = run.progress.share();
    let mut spans = meter::plain(share, 6, look.theme.accent, look);
    let percent = share.map_or(0.0, |share| share.percent().floor());
    let left = run.progress.left_seconds.map(|left| format!(" {left}"));
    let tail = if width > 24 && left.is_some() { " left" } else { "" };
    let words = format!(" {percent:.0} %{}{tail}", left.unwrap_or_default());
    spans.push(Span::styled(fixed::cut(&words, width.saturating_sub(6)), look.theme.accent));
    spans
}

fn ended(tail: &RunTail, look: &Look<'_>) -> Span<'static> {
    let (theme, progress) = (look.theme, tail.progress);
    let failed =
        if progress.failed == 0 { String::new() } else { format!(" {} bad", progress.failed) };
    let word = status_of(tail);
    let (sign, style) = mark::mark(word, look);
    let how = if tail.end.is_cut() { word.to_lowercase() } else { sign.to_owned() };
    let some_bad = progress.failed > 0 && !tail.end.is_cut();
    let style = if some_bad { theme.warn } else { style };
    Span::styled(format!("{how} {} good{failed}", progress.completed), style)
}

/// The median, half the width of its interval, and its rank.
fn figure((estimate, rank): (Option<Estimate>, Rank), look: &Look<'_>) -> Vec<Span<'static>> {
    let theme = look.theme;
    let Some(estimate) = estimate else {
        return vec![Span::styled(value::MISSING, theme.muted)];
    };
    let (sign, style) = match rank {
        Rank::Best => (look.glyph.pick("★", "*"), theme.good),
        Rank::Alike => (look.glyph.pick("≈", "~"), theme.good),
        Rank::Slower | Rank::Unknown => (" ", theme.text),
    };
    vec![
        Span::styled(estimate.median_seconds.to_string(), style),
        Span::styled(fixed::right(&half(&estimate), 6), theme.muted),
        Span::styled(sign, style),
    ]
}

/// Half the width of the interval as a share of the median: `±3 %`.
fn half(estimate: &Estimate) -> String {
    let ends = estimate.low_seconds.zip(estimate.high_seconds);
    let half = ends.map(|(low, high)| (high.0 - low.0) / 2.0 / estimate.median_seconds.0 * 100.0);
    half.filter(|half| half.is_finite()).map_or_else(String::new, |half| format!("±{half:.0}%"))
}

fn draw_about(
    row: &Row<'_>,
    sight: &Sight<'_>,
    area: Rect,
    buffer: &mut Buffer,
    state: &State,
    look: &Look<'_>,
) {
    let title = row.node.to_string();
    let aside = match row.place {
        Place::Run(id, _) => format!("run {id}"),
        Place::LeftOut(_) => "takes no part".to_owned(),
    };
    let area = Panel::new(&title).aside(aside).open(area, buffer, look);
    let width = usize::from(area.width);
    let lines = about(row, sight, state, look).into_iter().flat_map(|(words, style)| {
        fixed::wrap(&words, width).into_iter().map(move |line| Line::styled(line, style))
    });
    panel::lines(lines, area, buffer);
}

/// What is to be said of the node under the cursor, the most telling first.
fn about(
    row: &Row<'_>,
    sight: &Sight<'_>,
    state: &State,
    look: &Look<'_>,
) -> Vec<(String, ratatui::style::Style)> {
    let theme = look.theme;
    let mut words = Vec::new();
    match row.place {
        Place::LeftOut(why) => words.push((why.to_string(), theme.warn)),
        Place::Run(_, run) => {
            words.extend(
                lost(row, state).map(|why| (format!("it does not answer: {why}"), theme.bad)),
            );
            let tail = run.and_then(|run| run.tail.as_ref()).map(|tail| &tail.end);
            if let Some(RunEnd::Failed { reason }) = tail {
                words.push((reason.to_string(), theme.bad));
            }
        }
    }
    let estimate = sight.ranks.first().and_then(|all| all.get(sight.cursor)?.0);
    if let Some((estimate, cell)) = estimate.zip(sight.cells.first()) {
        words.push((interval(&estimate, cell), theme.text));
    }
    let unlike = differences(sight.first, row);
    if !unlike.is_empty() {
        words.push((format!("unlike: {}", unlike.join(" · ")), theme.warn));
    } else if row.run().is_some() {
        let open = look.key(Action::Enter);
        words.push((format!("its machine is like the first; {open} shows the run"), theme.muted));
    }
    words
}

fn interval(estimate: &Estimate, cell: &Cell) -> String {
    let median = estimate.median_seconds;
    let within = match (estimate.low_seconds, estimate.high_seconds) {
        (Some(low), Some(high)) => format!(", with 95 % between {low} and {high}"),
        _ => String::new(),
    };
    format!("{} {}: median {median}{within}", cell.label(), cell.payload)
}
