//! Latency under a schedule: from the intended arrival to the result, percentile by percentile.
//!
//! Whoever waits because another is slow counts too, which a closed loop would leave out.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::doubt::Doubts;
use super::load::{self, LoadRow};
use super::plan::first;
use super::result::Sight;
use super::table;
use crate::model::bench::Estimate;
use crate::model::load::{LoadFigure, LoadSummary, Stride};
use crate::model::unit::{Seconds, three_digits};
use crate::tui::look::Look;
use crate::tui::widget::fixed;
use crate::tui::widget::span_axis::SpanAxis;

/// Columns of a number.
const NUMBER: usize = 9;

/// A percentile: its name, where it is, its letter.
type Part = (&'static str, fn(&Estimate) -> Option<Seconds>, &'static str);

const PARTS: [Part; 5] = [
    ("p50", |known| Some(known.median_seconds), "●"),
    ("p90", |known| known.p90_seconds, "○"),
    ("p99", |known| known.p99_seconds, "◆"),
    ("p99.9", |known| known.p999_seconds, "◇"),
    ("most", |known| Some(known.max_seconds), "│"),
];

fn estimate(known: &LoadSummary) -> Option<&Estimate> {
    match &known.figure {
        Some(LoadFigure::Times(estimate)) => Some(estimate),
        _ => None,
    }
}

/// Draws a line for each row: percentiles on one axis, and as numbers.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let rows = load::rows(sight, "latency");
    let chosen = load::chosen(&rows, sight.row());
    let known = rows.iter().filter_map(|row| estimate(row.known[0]));
    let lengths = known.flat_map(|known| PARTS.iter().filter_map(|(_, of, _)| of(known)));
    let Some(axis) = SpanAxis::over(lengths.map(|length| length.0)) else {
        let text = "nothing has ended well under a schedule yet";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let width = usize::from(area.width);
    let name = load::name_room(&rows, width);
    let doubts = Doubts::of(&rows);
    let numbers = columns(width.saturating_sub(name + 20 + doubts.width()));
    let strip = width.saturating_sub(name + numbers.len() * NUMBER + 1 + doubts.width());
    let foot = if area.height > 5 { 2 } else { 0 };
    let room = usize::from(area.height).saturating_sub(1 + foot);
    let skip = first(chosen.unwrap_or(0), room);
    let mut lines = vec![heading(name + strip + 1, &numbers, &doubts, look)];
    let shown = rows.iter().enumerate().skip(skip).take(room);
    let line = |(index, row): (usize, &LoadRow<'_>)| {
        let mut spans = vec![row.named(name, Some(index) == chosen, look)];
        spans.extend(picture(row, axis, strip, look));
        spans.extend(figures(row, &numbers, look));
        spans.extend(doubts.cells(row, look));
        Line::from(spans)
    };
    lines.extend(shown.map(line));
    if foot > 0 {
        let ticks = " ".repeat(name) + &axis.line(strip);
        lines.push(Line::styled(ticks, look.theme.muted));
        let scale = axis.words();
        let words =
            format!("  from the intended arrival, {scale}   ● p50 ○ p90 ◆ p99 ◇ p99.9 │ most");
        let words = table::foot(words, (skip, room), rows.len());
        lines.push(Line::styled(fixed::cut(&words, width), look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The columns that `room` has place for: percentiles, and arrivals a second as the last of all.
fn columns(room: usize) -> Vec<usize> {
    // The median and p99 are missed most.
    let ranks = [0, 4, 1, 2, 5, 3];
    let wanted: Vec<(usize, u8)> = ranks.iter().map(|rank| (NUMBER - 1, *rank)).collect();
    fixed::choose(&wanted, room)
}

fn heading(before: usize, numbers: &[usize], doubts: &Doubts, look: &Look<'_>) -> Line<'static> {
    let name = |at: &usize| PARTS.get(*at).map_or("arrivals", |(name, ..)| *name);
    let names: String = numbers.iter().map(|at| fixed::right(name(at), NUMBER)).collect();
    Line::styled(" ".repeat(before) + &names + &doubts.heading(), look.theme.muted)
}

/// The percentiles of a row as letters on a line from the median to the longest.
fn picture(row: &LoadRow<'_>, axis: SpanAxis, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let Some(known) = estimate(row.known[0]).filter(|_| width > 0) else {
        return vec![Span::styled(fixed::left("—", width + 1), look.theme.muted)];
    };
    let mut letters: Vec<(&str, Style)> = vec![(" ", look.theme.text); width];
    let column = |length: Seconds| axis.column(length.0, width);
    let (from, to) = (column(known.median_seconds), column(known.max_seconds));
    letters[from.min(to)..=to.max(from)].fill(("─", row.colour(look)));
    for (_, of, letter) in PARTS.iter().rev() {
        if let Some(length) = of(known) {
            letters[column(length)] = (letter, row.colour(look));
        }
    }
    let mut spans: Vec<Span<'static>> = letters
        .chunk_by(|one, next| one.1 == next.1)
        .map(|part| {
            let text: String = part.iter().map(|(letter, _)| *letter).collect();
            Span::styled(text, part[0].1)
        })
        .collect();
    spans.push(Span::raw(" "));
    spans
}

fn figures(row: &LoadRow<'_>, numbers: &[usize], look: &Look<'_>) -> Vec<Span<'static>> {
    let known = estimate(row.known[0]);
    let text = |at: usize| match (PARTS.get(at), row.known[0].stride) {
        (Some((_, of, _)), _) => known.and_then(of).map(|length| length.to_string()),
        (None, Stride::Latency { per_second, .. }) => Some(three_digits(per_second) + "/s"),
        (None, _) => None,
    };
    let number = |at: &usize| {
        let text = text(*at).unwrap_or_else(|| "—".to_owned());
        let style = if *at == 2 { look.theme.text } else { look.theme.muted };
        Span::styled(fixed::right(&text, NUMBER), style)
    };
    numbers.iter().map(number).collect()
}
