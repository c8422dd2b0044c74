//! Neighbours: how much longer one takes while another is busy beside it.
//!
//! A row is who is measured, a column who is busy. The number is the 99th percentile as a multiple
//! of that without a neighbour; where there are too few results for it, of the median, and said so.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::load::{self, LoadRow};
use super::plan::first;
use super::result::Sight;
use crate::model::bench::Estimate;
use crate::model::load::{LoadFigure, Stride};
use crate::model::unit::Seconds;
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// Columns of a number.
const NUMBER: usize = 7;
/// Up to this ratio a neighbour is hardly felt.
const CALM: f64 = 1.1;
/// From this ratio on it hurts.
const LOUD: f64 = 2.0;

/// What is compared: the tail, or the middle where there is no tail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Tail,
    Middle,
}

impl Part {
    fn of(self, known: &Estimate) -> Option<Seconds> {
        match self {
            Self::Tail => known.p99_seconds,
            Self::Middle => Some(known.median_seconds),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Tail => "p99",
            Self::Middle => "median (too few for p99)",
        }
    }
}

/// What is known of `row` beside `neighbour`.
fn times<'a>(row: &LoadRow<'a>, neighbour: Option<u32>) -> Option<&'a Estimate> {
    let own = |stride: &Stride| *stride == Stride::Neighbour { beside: neighbour };
    let known = row.known.iter().find(|known| own(&known.stride))?;
    match &known.figure {
        Some(LoadFigure::Times(estimate)) => Some(estimate),
        _ => None,
    }
}

/// The neighbours, in the order of the run's cells.
fn neighbours(rows: &[LoadRow<'_>]) -> Vec<u32> {
    let beside = |stride: &Stride| match stride {
        Stride::Neighbour { beside } => *beside,
        _ => None,
    };
    let mut all: Vec<u32> =
        rows.iter().flat_map(|row| row.known.iter().filter_map(|k| beside(&k.stride))).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Draws the matrix.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let rows = load::rows(sight, "neighbour");
    let chosen = load::chosen(&rows, sight.row());
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let alone = rows.iter().filter_map(|row| times(row, None));
    let part = if alone.clone().count() > 0 && alone.clone().all(|k| k.p99_seconds.is_some()) {
        Part::Tail
    } else {
        Part::Middle
    };
    let name = load::name_room(&rows, width);
    let neighbours = neighbours(&rows);
    let fit = width.saturating_sub(name + 10) / NUMBER;
    let at = chosen.and_then(|at| neighbours.iter().position(|index| *index == rows[at].index));
    let skip = first(at.unwrap_or(0), fit.max(1)).min(neighbours.len());
    let columns: Vec<u32> = neighbours.iter().copied().skip(skip).take(fit).collect();
    let key = key(sight, (&neighbours, &columns), width);
    let foot = if height > 6 { (1 + key.len()).min(height / 3) } else { 0 };
    let room = height.saturating_sub(1 + foot);
    let mut lines = vec![heading((&neighbours, &columns), name, look)];
    let shown = rows.iter().enumerate().skip(first(chosen.unwrap_or(0), room)).take(room);
    for (index, row) in shown {
        lines.push(line(row, &columns, part, (name, Some(index) == chosen), look));
    }
    if foot > 0 {
        let words = format!(
            "  {}, times that alone, beside a busy one: calm to ×{CALM}, loud from ×{LOUD:.0}",
            part.words()
        );
        lines.push(Line::styled(fixed::cut(&words, width), look.theme.muted));
        lines.extend(key.into_iter().take(foot - 1).map(|l| Line::styled(l, look.theme.muted)));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// What stands for a cell above its column: its place among `all`.
fn letter(all: &[u32], index: u32) -> String {
    let at = all.iter().position(|of| *of == index);
    at.map_or_else(String::new, |at| format!("[{}]", at + 1))
}

fn heading((all, columns): (&[u32], &[u32]), name: usize, look: &Look<'_>) -> Line<'static> {
    let mut text = fixed::left("  who \\ beside", name) + &fixed::right("alone", 9);
    for index in columns {
        text.push_str(&fixed::right(&letter(all, *index), NUMBER));
    }
    Line::styled(text, look.theme.muted)
}

/// What the columns stand for.
fn key(sight: &Sight<'_>, (all, columns): (&[u32], &[u32]), width: usize) -> Vec<String> {
    let named = |index: &u32| {
        let cell = sight.run.head.cells.get(*index as usize)?;
        Some(format!("{} {}", letter(all, *index), cell.label().replace(' ', "\u{a0}")))
    };
    let words: Vec<String> = columns.iter().filter_map(named).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let lines = fixed::wrap(&words.join("  "), width.saturating_sub(2));
    lines.into_iter().map(|line| format!("  {}", line.replace('\u{a0}', " "))).collect()
}

fn line(
    row: &LoadRow<'_>,
    columns: &[u32],
    part: Part,
    (name, chosen): (usize, bool),
    look: &Look<'_>,
) -> Line<'static> {
    let alone = times(row, None).and_then(|known| part.of(known));
    let text = alone.map_or_else(|| "—".to_owned(), |alone| alone.to_string());
    let mut spans =
        vec![row.named(name, chosen, look), Span::styled(fixed::right(&text, 9), look.theme.text)];
    for index in columns {
        let beside = times(row, Some(*index)).and_then(|known| part.of(known));
        let ratio = beside.zip(alone).map(|(beside, alone)| beside.0 / alone.0);
        let (text, style) = match ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0) {
            Some(ratio) => (format!("×{}", short(ratio)), heat(ratio, look)),
            None => ("—".to_owned(), look.theme.muted),
        };
        spans.push(Span::styled(fixed::right(&text, NUMBER), style));
    }
    Line::from(spans)
}

fn short(ratio: f64) -> String {
    match ratio {
        ..10.0 => format!("{ratio:.2}"),
        10.0..100.0 => format!("{ratio:.1}"),
        100.0..10_000.0 => format!("{ratio:.0}"),
        _ => "≫".to_owned(),
    }
}

const fn heat(ratio: f64, look: &Look<'_>) -> Style {
    match ratio {
        ..CALM => look.theme.good,
        CALM..LOUD => look.theme.warn,
        _ => look.theme.bad,
    }
}
