//! Throughput: results a second by how many run at once, with the knee of each curve.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::doubt::Doubts;
use super::load::{LoadRow, chosen as chosen_of, name_room, rows as rows_of};
use super::plan::first;
use super::result::Sight;
use super::table;
use crate::model::load::{LoadFigure, LoadSummary, Rate, Stride};
use crate::model::unit::three_digits;
use crate::stats::load;
use crate::tui::look::Look;
use crate::tui::widget::canvas::Ink;
use crate::tui::widget::plot::{Axis, Curve, Join, Plot, Spot};
use crate::tui::widget::{fixed, grid};

/// Columns of the list beside the curves.
const LIST: u16 = 46;

/// How many at once, and what came of it.
fn point(known: &LoadSummary) -> Option<(u32, Rate)> {
    match (known.stride, known.figure) {
        (Stride::Throughput { at_once }, Some(LoadFigure::Rate(rate))) => Some((at_once, rate)),
        _ => None,
    }
    .filter(|(_, rate)| rate.per_second.is_finite())
}

/// The points of a row, from few to many at once.
fn points(row: &LoadRow<'_>) -> Vec<(u32, Rate)> {
    let mut points: Vec<_> = row.known.iter().filter_map(|known| point(known)).collect();
    points.sort_by_key(|(at_once, _)| *at_once);
    points
}

/// The highest rate and how many at once had it.
fn best(points: &[(u32, Rate)]) -> Option<(u32, Rate)> {
    points.iter().copied().max_by(|one, other| one.1.per_second.total_cmp(&other.1.per_second))
}

/// The fewest at once that bring nearly the most.
fn knee(row: &LoadRow<'_>) -> Option<u32> {
    load::knee(row.known.iter().copied())
}

/// Draws the curves, and beside or below them what they say.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let rows = rows_of(sight, "throughput");
    let chosen = chosen_of(&rows, sight.row());
    let all: Vec<Vec<(u32, Rate)>> = rows.iter().map(points).collect();
    let beside = area.width >= 2 * LIST + 10;
    let wide = LIST + grid::narrow(Doubts::of(&rows).width());
    let list = u16::try_from(rows.len() + 1).unwrap_or(u16::MAX);
    let [plot, list] = if beside {
        Layout::horizontal([Constraint::Min(0), Constraint::Length(wide)]).areas(area)
    } else {
        let most = (area.height / 3).max(2);
        Layout::vertical([Constraint::Min(0), Constraint::Length(list.min(most))]).areas(area)
    };
    draw_curves(frame, plot, (&rows, &all), (chosen, sight), look);
    draw_list(frame, list, (&rows, &all), chosen, look);
}

type Rows<'a, 'b> = (&'a [LoadRow<'b>], &'a [Vec<(u32, Rate)>]);

/// The rows whose curves are drawn: the one that is looked at and those that are marked; all where
/// none is.
fn drawn(rows: &[LoadRow<'_>], chosen: Option<usize>, sight: &Sight<'_>) -> Vec<usize> {
    let wanted = |index: &usize| {
        let cell = rows[*index].cell;
        let marked =
            sight.marked.iter().any(|of| (of.backend, of.start) == (cell.backend, cell.start));
        marked || chosen.is_none_or(|of| of == *index)
    };
    let mut order: Vec<usize> = (0..rows.len()).filter(wanted).collect();
    // What is looked at lies on top.
    order.sort_by_key(|index| Some(*index) == chosen);
    order
}

fn draw_curves(
    frame: &mut Frame<'_>,
    area: Rect,
    (rows, all): Rows<'_, '_>,
    (chosen, sight): (Option<usize>, &Sight<'_>),
    look: &Look<'_>,
) {
    let order = drawn(rows, chosen, sight);
    let seen = || order.iter().flat_map(|index| &all[*index]);
    let at_once = |(at_once, _): &(u32, Rate)| f64::from(*at_once);
    let ends = |rate: &Rate| [rate.per_second, rate.high_per_second.unwrap_or(0.0)];
    let axes =
        (Axis::powers(seen().map(at_once)), Axis::over(seen().flat_map(|(_, rate)| ends(rate))));
    let (Some(x), Some(y)) = axes else {
        let text = "no step has ended well yet";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let curve = |index: &usize| Curve {
        points: all[*index].iter().map(|point| (at_once(point), point.1.per_second)).collect(),
        ink: Ink {
            style: rows[*index].colour(look),
            ascii: if Some(*index) == chosen { "#" } else { "." },
        },
        join: Join::Line,
    };
    let curves: Vec<Curve> = order.iter().map(curve).collect();
    let mut ticks: Vec<u32> = seen().map(|(at_once, _)| *at_once).collect();
    ticks.sort_unstable();
    ticks.dedup();
    let ticks = ticks.into_iter().map(|at| (f64::from(at), at.to_string())).collect();
    let spots = chosen.map(|index| spots(&rows[index], &all[index], look)).unwrap_or_default();
    let words = |value: f64| match value {
        0.0 => "0".to_owned(),
        rate => format!("{}/s", three_digits(rate)),
    };
    let plot = Plot { x, ticks, y, words: &words, curves: &curves, spots: &spots, cursor: None };
    plot.draw(area, frame.buffer_mut(), look);
}

/// The ends of the intervals, the points and the knee of a curve.
fn spots(row: &LoadRow<'_>, points: &[(u32, Rate)], look: &Look<'_>) -> Vec<Spot> {
    let knee = knee(row).filter(|_| points.len() > 1);
    let spot = |at_once: u32, value, letter, style| Spot {
        at: (f64::from(at_once), value),
        letter,
        style,
    };
    let mut spots = Vec::new();
    for (at_once, rate) in points {
        if let (Some(low), Some(high)) = (rate.low_per_second, rate.high_per_second) {
            spots.push(spot(*at_once, low, "┴", look.theme.text));
            spots.push(spot(*at_once, high, "┬", look.theme.text));
        }
        let (letter, style) = if knee == Some(*at_once) {
            ("◆", look.theme.accent)
        } else {
            ("●", look.theme.text)
        };
        spots.push(spot(*at_once, rate.per_second, letter, style));
    }
    spots
}

fn draw_list(
    frame: &mut Frame<'_>,
    area: Rect,
    (rows, all): Rows<'_, '_>,
    chosen: Option<usize>,
    look: &Look<'_>,
) {
    let width = usize::from(area.width);
    let doubts = Doubts::of(rows);
    let name = name_room(rows, width).min(width.saturating_sub(26 + doubts.width())).max(8);
    let room = usize::from(area.height).saturating_sub(1);
    let skip = first(chosen.unwrap_or(0), room);
    let head = if room < rows.len() {
        format!("  {}", table::seen(skip, room, rows.len()))
    } else {
        "  results a second".to_owned()
    };
    let head = fixed::left(&head, name)
        + &fixed::right("most", 9)
        + &fixed::right("at once", 8)
        + &fixed::right("◆ knee", 8)
        + &doubts.heading();
    let mut lines = vec![Line::styled(head, look.theme.muted)];
    for (index, (row, points)) in rows.iter().zip(all).enumerate().skip(skip).take(room) {
        let is_chosen = Some(index) == chosen;
        let mut spans = vec![row.named(name, is_chosen, look)];
        let (most, at) = match best(points) {
            Some((at, rate)) => (three_digits(rate.per_second) + "/s", at.to_string()),
            None => ("—".to_owned(), "—".to_owned()),
        };
        let knee = knee(row).map_or_else(|| "—".to_owned(), |at| at.to_string());
        spans.push(Span::styled(fixed::right(&most, 9), row.colour(look)));
        spans.push(Span::styled(fixed::right(&at, 8), look.theme.muted));
        spans.push(Span::styled(fixed::right(&knee, 8), look.theme.text));
        spans.extend(doubts.cells(row, look));
        lines.push(Line::from(spans));
    }
    frame.render_widget(Paragraph::new(lines), area);
}
