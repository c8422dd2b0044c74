//! The figures as bars, with whiskers for the 95 % interval of the median.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::group::{Group, Row};
use super::plan::first;
use super::table;
use crate::model::backend::{BackendId, Class};
use crate::model::unit::Seconds;
use crate::tui::look::Look;
use crate::tui::theme::Theme;
use crate::tui::widget::span_axis::SpanAxis;
use crate::tui::widget::{fixed, interval_bar};

/// Columns of the value at the right of a bar.
const VALUE: usize = 9;

/// The walls, weakest first, each with its colour among those of the theme: an order in which they
/// stay apart with 16 colours too.
const WALLS: [(Class, usize); 7] = [
    (Class::None, 7),
    (Class::Runtime, 4),
    (Class::Namespaces, 0),
    (Class::Container, 2),
    (Class::UserKernel, 3),
    (Class::Emulator, 6),
    (Class::MicroVm, 5),
];

/// The colour of a wall, the same wherever it is drawn. There are more rows than colours that can be
/// told apart, and names beside them; so colours show what stands between the work and the host.
fn paint(wall: Class, theme: &Theme) -> Style {
    let found = WALLS.iter().find(|(of, _)| *of == wall);
    found.map_or(theme.text, |(_, index)| theme.series[*index])
}

/// The colour of a backend: that of its wall.
pub(super) fn colour(backend: BackendId, look: &Look<'_>) -> Style {
    paint(backend.class(), look.theme)
}

/// What stands between the work and the host, as short as can be.
const fn short(wall: Class) -> &'static str {
    match wall {
        Class::None => "none",
        Class::Runtime => "runtime",
        Class::Namespaces => "namespaces",
        Class::Container => "container",
        Class::UserKernel => "user kernel",
        Class::Emulator => "emulator",
        Class::MicroVm => "VM",
    }
}

/// The colours that are used and what they mean; `None` where they do not all have room.
fn key(group: &Group<'_>, width: usize, look: &Look<'_>) -> Option<Line<'static>> {
    let used = |wall: Class| group.rows.iter().any(|row| row.cell.backend.class() == wall);
    let mut spans = vec![Span::raw(" ")];
    for wall in WALLS.map(|(wall, _)| wall).into_iter().filter(|wall| used(*wall)) {
        let sign = look.glyph.pick(" ■ ", " # ");
        spans.push(Span::styled(sign, paint(wall, look.theme)));
        spans.push(Span::styled(short(wall), look.theme.muted));
    }
    let line = Line::from(spans);
    (line.width() <= width).then_some(line)
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
        let text = "nothing to draw yet: no sample that counts has ended well";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let name = group.name_room(usize::from(area.width));
    let width = usize::from(area.width).saturating_sub(name + VALUE + 1);
    let key = key(group, usize::from(area.width), look).filter(|_| area.height > 8);
    let foot = usize::from(area.height > 4) * 2 + usize::from(key.is_some());
    let room = usize::from(area.height).saturating_sub(foot);
    let skip = first(cursor, room);
    let shown = group.rows.iter().enumerate().skip(skip).take(room);
    let mut lines: Vec<_> =
        shown.map(|(index, row)| line(axis, (name, width), row, index == cursor, look)).collect();
    if foot > 0 {
        let ticks = " ".repeat(name) + &axis.line(width);
        lines.push(Line::styled(ticks, look.theme.muted));
        let words = table::foot(words(group, axis, width), (skip, room), group.rows.len());
        lines.push(Line::styled(fixed::cut(&words, usize::from(area.width)), look.theme.muted));
    }
    lines.extend(key);
    frame.render_widget(Paragraph::new(lines), area);
}

fn words(group: &Group<'_>, axis: SpanAxis, width: usize) -> String {
    let where_ = if width >= 60 { ", where wider than two columns" } else { "" };
    let (figure, scale) = (group.figure.name(), axis.words());
    format!("  {figure}, {scale}   ├┼┤ 95 % interval{where_}")
}

fn line(
    axis: SpanAxis,
    (name, width): (usize, usize),
    row: &Row<'_>,
    chosen: bool,
    look: &Look<'_>,
) -> Line<'static> {
    let mut spans = vec![table::marked(row, name, chosen, look)];
    let Some(median) = row.median() else {
        spans.push(table::nothing(row, width + VALUE, look));
        return Line::from(spans);
    };
    let styles = (colour(row.cell.backend, look), look.theme.text);
    spans.extend(interval_bar::spans(axis, width, median, row.interval(), styles));
    let value = fixed::right(&Seconds(median).to_string(), VALUE + 1);
    spans.push(Span::styled(value, look.theme.text));
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::depth::Depth;

    #[test]
    fn walls_are_told_apart_by_their_colour() {
        for name in ["default", "light"] {
            for depth in [Depth::True, Depth::Many, Depth::Sixteen] {
                let theme = Theme::embedded(name, depth);
                // The dark theme has six colours of 16; the rarest wall shares one.
                let shares = |wall: Class| depth == Depth::Sixteen && wall == Class::Emulator;
                let walls = WALLS.map(|(wall, _)| wall);
                let mut seen: Vec<Style> = walls
                    .into_iter()
                    .filter(|wall| !shares(*wall))
                    .map(|wall| paint(wall, &theme))
                    .collect();
                let all = seen.len();
                seen.sort_by_key(|style| format!("{style:?}"));
                seen.dedup();
                assert_eq!(seen.len(), all, "{name} {depth:?}");
            }
        }
    }

    #[test]
    fn every_backend_has_the_colour_of_a_wall() {
        for backend in BackendId::ALL {
            assert!(WALLS.iter().any(|(wall, _)| *wall == backend.class()), "{backend}");
        }
    }
}
