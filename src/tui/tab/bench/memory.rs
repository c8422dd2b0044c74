//! Memory of one sandbox, in two ways: what its processes hold, and what is missing afterwards.
//!
//! PSS knows no memory of the kernel, the drop in available memory knows no owner; so both are
//! shown, one below the other.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::doubt::Doubts;
use super::load::{self, LoadRow};
use super::plan::first;
use super::result::Sight;
use super::table;
use crate::model::load::{LoadFigure, LoadSummary, Standing, Stride};
use crate::model::unit::Bytes;
use crate::tui::look::Look;
use crate::tui::widget::fixed;
use crate::tui::widget::grid;
use crate::tui::widget::plot::Axis;

/// Columns of a number.
const NUMBER: usize = 10;
/// Columns of how many stood still.
const COUNT: usize = 6;
/// Bytes of a MiB: round values of an axis are round in these.
const MIB: f64 = 1_048_576.0;

/// PSS and the drop in available memory of one sandbox, in bytes.
fn both(known: &LoadSummary) -> [Option<f64>; 2] {
    match known.figure {
        Some(LoadFigure::Memory { pss_each_bytes, available_each_bytes }) => {
            [pss_each_bytes, available_each_bytes].map(|bytes| bytes.filter(|b| b.is_finite()))
        }
        _ => [None, None],
    }
}

/// `value` bytes in words; less than nothing where other programs gave memory back meanwhile.
pub(super) fn bytes(value: f64) -> String {
    if value < 0.0 {
        return "below 0".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    Bytes(value as u64).to_string()
}

/// Draws two bars for each row, or one where there is little room.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let rows = load::rows(sight, "memory");
    let chosen = load::chosen(&rows, sight.row());
    let values = rows.iter().flat_map(|row| both(row.known[0])).flatten();
    let Some(axis) = Axis::over(values.map(|value| value / MIB)) else {
        let text = "no memory could be read here";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let name = load::name_room(&rows, width);
    let doubts = Doubts::of(&rows);
    let bar = width.saturating_sub(name + 2 * NUMBER + COUNT + doubts.width().max(2));
    let foot = if height > 5 { 2 } else { 0 };
    let each = if height > rows.len() * 2 + foot { 2 } else { 1 };
    let room = height.saturating_sub(1 + foot) / each;
    let skip = first(chosen.unwrap_or(0), room);
    let mut lines = vec![heading(name + bar, &doubts, look)];
    for (index, row) in rows.iter().enumerate().skip(skip).take(room) {
        let mut drawn = two(row, axis, (name, bar), each, Some(index) == chosen, look);
        if let Some(line) = drawn.first_mut() {
            line.spans.extend(doubts.cells(row, look));
        }
        lines.extend(drawn);
    }
    if foot > 0 {
        let ticks = " ".repeat(name) + &axis.line(bar, |mib| format!("{mib} MiB"));
        lines.push(Line::styled(ticks, look.theme.muted));
        let scale = if axis.log { "log scale" } else { "from 0" };
        let least = Standing::FEWEST;
        let words =
            format!("  one sandbox, {scale}   ▆ PSS   ░ drop in available memory / n, n ≥ {least}");
        let words = table::foot(words, (skip, room), rows.len());
        lines.push(Line::styled(fixed::cut(&words, width), look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn heading(before: usize, doubts: &Doubts, look: &Look<'_>) -> Line<'static> {
    let numbers =
        fixed::right("PSS", NUMBER) + &fixed::right("Δ avail", NUMBER) + &fixed::right("n", COUNT);
    Line::styled(" ".repeat(before) + &numbers + &doubts.heading(), look.theme.muted)
}

/// A row: a bar for each way, one below the other where there is room.
fn two(
    row: &LoadRow<'_>,
    axis: Axis,
    (name, bar): (usize, usize),
    each: usize,
    chosen: bool,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let [pss, available] = both(row.known[0]);
    let filled =
        |value: Option<f64>| value.map_or(0, |value| grid::part(axis.share(value / MIB), bar));
    let drawn = |count: usize, letter: &str| fixed::left(&letter.repeat(count), bar);
    let number =
        |value: Option<f64>| fixed::right(&value.map_or_else(|| "—".to_owned(), bytes), NUMBER);
    let count = match row.known[0].stride {
        Stride::Memory { count } => count.to_string(),
        _ => "—".to_owned(),
    };
    let style = if chosen { look.theme.selected } else { look.theme.text };
    let mut spans = vec![row.named(name, chosen, look)];
    let (full, faint) = (look.glyph.pick("▆", "#"), look.glyph.pick("░", "."));
    if each == 1 {
        // What PSS does not hold follows it.
        let (own, all) = (filled(pss), filled(available).max(filled(pss)));
        spans.push(Span::styled(full.repeat(own), row.colour(look)));
        spans
            .push(Span::styled(fixed::left(&faint.repeat(all - own), bar - own), row.colour(look)));
    } else {
        spans.push(Span::styled(drawn(filled(pss), full), row.colour(look)));
    }
    spans.push(Span::styled(number(pss), style));
    spans.push(Span::styled(number(available), look.theme.text));
    spans.push(Span::styled(fixed::right(&count, COUNT), look.theme.muted));
    let mut lines = vec![Line::from(spans)];
    if each == 2 {
        let below = Span::styled(drawn(filled(available), faint), row.colour(look));
        lines.push(Line::from(vec![Span::raw(" ".repeat(name)), below]));
    }
    lines
}
