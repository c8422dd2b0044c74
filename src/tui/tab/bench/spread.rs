//! How the samples of a row are spread: a histogram, and the share that was no longer than each
//! length. Rows that are marked lie in the same picture.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::bars;
use super::group::Row;
use super::result::Sight;
use super::samples::good;
use super::timeline::short;
use crate::model::unit::Seconds;
use crate::state::run::CellDigest;
use crate::state::run::sketch::Sketch;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::widget::canvas::Ink;
use crate::tui::widget::plot::{Axis, Curve, Join, Plot, Spot};
use crate::tui::widget::{fixed, grid};

const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Rows that lie in one picture, at most.
const MOST: usize = 6;
/// Letters of curves where there is no braille.
const LETTERS: [&str; MOST] = ["#", "*", "+", "o", "x", "."];

/// A row in the picture.
struct Part<'a> {
    row: Row<'a>,
    sketch: &'a Sketch,
    style: Style,
}

/// The row that is looked at, and those that are marked.
fn parts<'a>(sight: &Sight<'a>, look: &Look<'_>) -> Vec<Part<'a>> {
    let figure = sight.group.figure;
    let digest = |row: &Row<'_>| -> Option<&'a CellDigest> { sight.run.digest.cell(row.index?) };
    let marked = |row: &&Row<'_>| sight.marked.contains(&row.cell);
    let own = sight.row().into_iter();
    let others = sight.group.rows.iter().filter(marked);
    let others = others.filter(|row| Some(row.cell) != sight.row().map(|row| row.cell));
    let with = |row: &Row<'a>| Some((*row, digest(row)?.spread(figure)));
    let seen: Vec<_> = own.chain(others).filter_map(with).filter(|(_, of)| of.n() > 0).collect();
    let several = seen.len() > 1;
    let part = |(at, (row, sketch)): (usize, (Row<'a>, &'a Sketch))| {
        let own = bars::colour(row.cell.backend, look);
        let style = if several { look.theme.series[at % look.theme.series.len()] } else { own };
        Part { row, sketch, style }
    };
    seen.into_iter().take(MOST).enumerate().map(part).collect()
}

/// Draws histogram and curve, beside each other or one below the other.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let parts = parts(sight, look);
    let ends = parts.iter().filter_map(|part| part.sketch.ends());
    let Some(axis) = Axis::around(ends.flat_map(|(low, high)| [low, high])) else {
        let text = "nothing to draw yet: no sample of this row has ended well";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let [body, foot] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(u16::from(area.height > 4))])
            .areas(area);
    let beside = body.width >= 64;
    let [left, _, right] = if beside {
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Fill(1)])
            .areas(body)
    } else {
        Layout::vertical([Constraint::Fill(1), Constraint::Length(0), Constraint::Fill(1)])
            .areas(body)
    };
    let own = parts.first().and_then(|part| part.sketch.ends());
    let own = own.and_then(|(low, high)| Axis::around([low, high])).unwrap_or(axis);
    histogram(frame.buffer_mut(), left, &parts, own, sight, look);
    curve(frame.buffer_mut(), right, &parts, axis, sight, look);
    frame.render_widget(legend(&parts, sight, foot.width, look), foot);
}

/// Counts of the row that is looked at in equal steps of the axis.
fn histogram(
    buffer: &mut Buffer,
    area: Rect,
    parts: &[Part<'_>],
    axis: Axis,
    sight: &Sight<'_>,
    look: &Look<'_>,
) {
    let Some(part) = parts.first().filter(|_| area.height > 0 && area.width > 4) else {
        return;
    };
    let room = usize::from(area.height > 2) + usize::from(area.height > 4);
    let (width, tall) = (usize::from(area.width), usize::from(area.height) - room);
    let steps = columns(part.sketch.n(), width);
    let mut counts = vec![(0_u32, 0_u32); steps];
    for bin in part.sketch.bins() {
        let at = grid::part(axis.share(bin.mean()), steps - 1);
        counts[at].0 += bin.n;
        counts[at].1 += bin.tainted;
    }
    let most = counts.iter().map(|(n, _)| *n).max().unwrap_or(1).max(1);
    for x in 0..width {
        let (n, tainted) = counts[(x * steps / width).min(steps - 1)];
        let up = |count: u32| grid::part(f64::from(count) / f64::from(most), tall * 8);
        let (all, calm) = (up(n).max(usize::from(n > 0)), up(n - tainted.min(n)));
        for line in 0..tall {
            let y = area.y + grid::narrow(tall - 1 - line);
            let filled = all.saturating_sub(line * 8).min(8);
            let style = if line * 8 >= calm && tainted > 0 { look.theme.warn } else { part.style };
            let cell = &mut buffer[(area.x + grid::narrow(x), y)];
            cell.set_symbol(EIGHTHS[filled]).set_style(style);
        }
    }
    let below = Rect { y: area.y + grid::narrow(tall), height: 1, ..area };
    if room > 1 {
        marks(buffer, below, (part, axis), sight, look);
    }
    if room > 0 {
        let row = Rect { y: area.bottom() - 1, ..below };
        Line::styled(axis.line(width, short), look.theme.muted).render(row, buffer);
    }
}

/// How many steps a histogram of `n` samples has: fewer where there are few, so that a picture of
/// ten samples is not a row of needles.
const fn columns(n: u64, width: usize) -> usize {
    let fine = match n {
        0..=30 => 12,
        31..=120 => 24,
        121..=1_000 => 48,
        _ => width,
    };
    if fine < width { fine } else { width }
}

/// The median with its interval, the tail, and the sample under the cursor, below the histogram.
fn marks(
    buffer: &mut Buffer,
    area: Rect,
    (part, axis): (&Part<'_>, Axis),
    sight: &Sight<'_>,
    look: &Look<'_>,
) {
    let last = usize::from(area.width) - 1;
    let mut put = |value: f64, letter: &str, style: Style| {
        let x = area.x + grid::narrow(grid::part(axis.share(value), last));
        buffer[(x, area.y)].set_symbol(letter).set_style(style);
    };
    if let Some(estimate) = part.row.estimate() {
        if let Some((low, high)) = part.row.interval() {
            let (from, to) = (axis.share(low), axis.share(high));
            for column in grid::part(from.min(to), last)..=grid::part(to.max(from), last) {
                put(axis.value(column as f64 / last.max(1) as f64), "─", look.theme.text);
            }
            put(low, "├", look.theme.text);
            put(high, "┤", look.theme.text);
        }
        if let Some(tail) = estimate.p95_seconds {
            put(tail.0, "╹", look.theme.muted);
        }
        put(estimate.median_seconds.0, "┼", look.theme.text);
    }
    if let Some(here) = sight.sample().and_then(|(_, sample)| good(sight.group.figure, sample)) {
        put(here, "◆", look.theme.accent);
    }
}

/// The share of samples that were no longer than each length.
fn curve(
    buffer: &mut Buffer,
    area: Rect,
    parts: &[Part<'_>],
    axis: Axis,
    sight: &Sight<'_>,
    look: &Look<'_>,
) {
    let curve = |(at, part): (usize, &Part<'_>)| Curve {
        points: shares(part.sketch),
        ink: Ink { style: part.style, ascii: LETTERS[at % LETTERS.len()] },
        join: Join::Stair,
    };
    let curves: Vec<Curve> = parts.iter().enumerate().rev().map(curve).collect();
    let spots: Vec<Spot> = here(parts, sight, look).into_iter().collect();
    let width = usize::from(Plot::plot(area).width);
    let ticks = axis.marks(width / 12).into_iter().map(|mark| (mark, short(mark))).collect();
    let y = Axis { low: 0.0, high: 100.0, log: false };
    let words = |value: f64| format!("{value:.0} %");
    let plot =
        Plot { x: axis, ticks, y, words: &words, curves: &curves, spots: &spots, cursor: None };
    plot.draw(area, buffer, look);
}

/// Points of the curve in percent, from the shortest to the longest.
fn shares(sketch: &Sketch) -> Vec<(f64, f64)> {
    let all = sketch.n().max(1) as f64;
    let mut below = 0_u64;
    let mut points: Vec<(f64, f64)> =
        sketch.ends().map(|(low, _)| (low, 0.0)).into_iter().collect();
    points.extend(sketch.bins().map(|bin| {
        below += u64::from(bin.n);
        (bin.mean(), below as f64 / all * 100.0)
    }));
    points
}

/// The sample under the cursor on the curve of its row.
fn here(parts: &[Part<'_>], sight: &Sight<'_>, look: &Look<'_>) -> Option<Spot> {
    let (_, sample) = sight.sample()?;
    let length = good(sight.group.figure, sample)?;
    let sketch = parts.first()?.sketch;
    let below: u64 = sketch
        .bins()
        .take_while(|bin| bin.mean() <= length * 1.000_5)
        .map(|bin| u64::from(bin.n))
        .sum();
    let share = below as f64 / sketch.n().max(1) as f64 * 100.0;
    Some(Spot { at: (length, share), letter: "◆", style: look.theme.accent })
}

/// What the colours and letters mean.
fn legend(parts: &[Part<'_>], sight: &Sight<'_>, width: u16, look: &Look<'_>) -> Line<'static> {
    let mut spans = Vec::new();
    for part in parts {
        let median = part.sketch.median().map(|median| format!(" {}", Seconds(median)));
        spans.push(Span::styled(look.glyph.pick("━ ", "- "), part.style));
        let name = format!("{}{}  ", part.row.cell.label(), median.unwrap_or_default());
        spans.push(Span::styled(name, look.theme.text));
    }
    let figure = sight.group.figure.name();
    let n = parts.first().map_or(0, |part| part.sketch.n());
    let words = format!("{figure}, n {n}   ├┼┤ median, 95 %  ╹ p95  ◆ cursor  ");
    spans.push(Span::styled(words, look.theme.muted));
    let room = usize::from(width);
    let taken: usize = spans.iter().map(Span::width).sum();
    let words = format!("{} lays more rows over it", look.key(Action::Mark));
    let more = Span::styled(words, look.theme.muted);
    if parts.len() == 1 && taken + more.width() <= room {
        spans.push(more);
    }
    fixed::cut_line(Line::from(spans), room)
}
