//! The figures as bars, with whiskers for the 95 % interval of the median.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::group::{Group, Row};
use super::plan::first;
use super::table::{self, NAME};
use crate::model::backend::BackendId;
use crate::model::unit::Seconds;
use crate::tui::look::Look;
use crate::tui::widget::span_axis::SpanAxis;
use crate::tui::widget::{fixed, interval_bar};

/// Columns of the value at the right of a bar.
const VALUE: usize = 9;

/// The colour of a backend, the same wherever it is drawn.
pub(super) fn colour(backend: BackendId, look: &Look<'_>) -> Style {
    let index = BackendId::ALL.iter().position(|id| *id == backend);
    look.theme.series[index.unwrap_or(0) % look.theme.series.len()]
}

/// Draws a bar for each row of `group`.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    group: &Group<'_>,
    cursor: usize,
    look: &Look<'_>,
) {
    let Some(axis) = SpanAxis::over(group.lengths()) else {
        let text = "nothing to draw yet: no sample has ended well";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let width = usize::from(area.width).saturating_sub(NAME + VALUE + 1);
    let foot = usize::from(area.height > 4) * 2;
    let room = usize::from(area.height).saturating_sub(foot);
    let shown = group.rows.iter().enumerate().skip(first(cursor, room)).take(room);
    let mut lines: Vec<_> =
        shown.map(|(index, row)| line(axis, width, row, index == cursor, look)).collect();
    if foot > 0 {
        let ticks = " ".repeat(NAME) + &axis.line(width);
        lines.push(Line::styled(ticks, look.theme.muted));
        lines.push(Line::styled(words(group, axis, width), look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn words(group: &Group<'_>, axis: SpanAxis, width: usize) -> String {
    let where_ = if width >= 60 { ", where wider than two columns" } else { "" };
    let (figure, scale) = (group.figure.name(), axis.words());
    format!("  {figure}, {scale}   ├┼┤ 95 % interval{where_}")
}

fn line(
    axis: SpanAxis,
    width: usize,
    row: &Row<'_>,
    chosen: bool,
    look: &Look<'_>,
) -> Line<'static> {
    let mut spans = vec![table::marked(row, chosen, look)];
    let Some(median) = row.median() else {
        spans.push(Span::styled("—", look.theme.muted));
        return Line::from(spans);
    };
    let styles = (colour(row.backend, look), look.theme.text);
    spans.extend(interval_bar::spans(axis, width, median, row.interval(), styles));
    let value = fixed::right(&Seconds(median).to_string(), VALUE + 1);
    spans.push(Span::styled(value, look.theme.text));
    Line::from(spans)
}
