//! Density: how many sandboxes were alive at once when something said no.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::load::{self, LoadRow};
use super::plan::first;
use super::result::Sight;
use super::table;
use crate::model::load::{LoadFigure, Stride};
use crate::tui::look::Look;
use crate::tui::widget::plot::Axis;
use crate::tui::widget::{fixed, grid};

/// Columns of a number.
const NUMBER: usize = 9;

/// How many were alive, and whether that is all that was asked for.
fn most(row: &LoadRow<'_>) -> Option<(u32, bool)> {
    match row.known[0].figure {
        Some(LoadFigure::Most { count, all }) => Some((count, all)),
        _ => None,
    }
}

/// Why the last step of a row's cell ended before its time.
fn why(sight: &Sight<'_>, row: &LoadRow<'_>) -> Option<String> {
    let own = |step: &&crate::model::load::Step| {
        step.cell == row.index && matches!(step.stride, Stride::Density { .. })
    };
    let step = sight.run.steps.iter().rev().find(own)?;
    step.cut_off.as_ref().map(ToString::to_string)
}

/// Draws a bar for each row, and what stopped it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let rows = load::rows(sight, "density");
    let chosen = load::chosen(&rows, sight.row());
    let counts = rows.iter().filter_map(|row| most(row).map(|(count, _)| f64::from(count)));
    let Some(axis) = Axis::over(counts) else {
        let text = "none was alive yet";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let name = load::name_room(&rows, width);
    let reason = (width / 3).min(60);
    let room_of_bar = width.saturating_sub(name + NUMBER + reason + 2);
    let foot = if height > 5 { 2 } else { 0 };
    let room = height.saturating_sub(foot);
    let mut lines = Vec::new();
    let skip = first(chosen.unwrap_or(0), room);
    let shown = rows.iter().enumerate().skip(skip).take(room);
    for (index, row) in shown {
        let mut spans = vec![row.named(name, Some(index) == chosen, look)];
        let known = most(row);
        let filled =
            known.map_or(0, |(count, _)| grid::part(axis.share(f64::from(count)), room_of_bar));
        let bar = fixed::left(&look.glyph.pick("▆", "#").repeat(filled), room_of_bar);
        spans.push(Span::styled(bar, row.colour(look)));
        let number = match known {
            Some((count, true)) => format!("≥ {count}"),
            Some((count, false)) => count.to_string(),
            None => "—".to_owned(),
        };
        spans.push(Span::styled(fixed::right(&number, NUMBER), look.theme.text));
        let words = match known {
            Some((_, true)) => "all that were asked for".to_owned(),
            _ => why(sight, row).unwrap_or_default(),
        };
        let words = format!("  {}", fixed::cut(&words, reason));
        spans.push(Span::styled(words, look.theme.muted));
        lines.push(Line::from(spans));
    }
    if foot > 0 {
        let words = |value: f64| format!("{value:.0}");
        let ticks = " ".repeat(name) + &axis.line(room_of_bar, words);
        lines.push(Line::styled(ticks, look.theme.muted));
        let scale = if axis.log { "log scale" } else { "from 0" };
        let words = format!("  alive at once, {scale}; at the right what stopped it");
        let words = table::foot(words, (skip, room), rows.len());
        lines.push(Line::styled(fixed::cut(&words, width), look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}
