//! The chosen row over the run's time, beside what the host was doing: a slow sample and its cause
//! stand in one column, and a cursor says what is known of one sample.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::bars;
use super::instant;
use super::result::Sight;
use super::samples::good;
use crate::model::unit::{Ratio, Seconds};
use crate::state::run::digest::{CellDigest, HostPeak};
use crate::tui::look::Look;
use crate::tui::widget::canvas::{Canvas, Ink};
use crate::tui::widget::plot::Axis;
use crate::tui::widget::{fixed, grid, panel};

/// Columns of the titles at the left.
const NAME: u16 = 13;
/// Columns of what a full letter stands for, at the right.
const FULL: u16 = 11;
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// A full letter stands for at least this share, so that a quiet host looks quiet.
const QUIET: f64 = 0.05;

/// A letter as high as `value` of `most`; none for nothing.
pub(super) fn height(value: f64, most: f64) -> Option<char> {
    if !(value > 0.0 && most > 0.0) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and the index is bounded"
    )]
    let step = (value / most * 8.0).ceil() as usize;
    Some(HEIGHTS[step.clamp(1, 8) - 1])
}

/// A fact of the host: its title, where to find it, the least a full letter stands for, and whether
/// it is a share.
struct Fact {
    title: &'static str,
    of: fn(&HostPeak) -> Option<f64>,
    least: f64,
    share: bool,
}

const HOST: [Fact; 6] = [
    Fact { title: "steal", of: |host| host.steal, least: QUIET, share: true },
    Fact { title: "cpu wait", of: |host| host.cpu_pressure, least: QUIET, share: true },
    Fact { title: "memory wait", of: |host| host.memory_pressure, least: QUIET, share: true },
    Fact { title: "io wait", of: |host| host.io_pressure, least: QUIET, share: true },
    Fact { title: "others", of: |host| host.other_cores, least: 0.5, share: false },
    Fact { title: "gpu", of: |host| host.gpu, least: QUIET, share: true },
];

/// The places of the view.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Within {
    /// Where samples are dots.
    pub(super) plot: Rect,
    tracks: Rect,
    axis: Rect,
    detail: Rect,
}

impl Within {
    /// Divides `area`.
    pub(super) fn of(area: Rect) -> Self {
        let detail = match area.height {
            ..9 => 0,
            9..13 => 2,
            13..19 => 3,
            _ => 4,
        };
        let tracks = match area.height {
            ..19 => area.height.saturating_sub(detail + 5).min(4),
            _ => 6,
        };
        let [top, tracks, axis, detail] = Layout::vertical([
            Constraint::Min(0),
            Constraint::Length(tracks),
            Constraint::Length(1),
            Constraint::Length(detail),
        ])
        .areas(area);
        let plot = Rect {
            x: top.x + NAME.min(top.width),
            width: top.width.saturating_sub(NAME + FULL),
            ..top
        };
        Self { plot, tracks, axis, detail }
    }

    /// The instant at column `x`, in seconds of a run that is `end` seconds long.
    pub(super) fn instant(&self, x: u16, end: f64) -> Option<f64> {
        let across = x.checked_sub(self.plot.x).filter(|_| x < self.plot.right())?;
        Some((f64::from(across) + 0.5) / f64::from(self.plot.width) * end)
    }
}

/// Draws the row that is looked at over time.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let Some(row) = sight.row() else {
        return;
    };
    let within = Within::of(area);
    let digest = row.index.and_then(|index| sight.run.digest.cell(index));
    let (Some(digest), false) = (digest, within.plot.is_empty()) else {
        let text = match digest {
            None => format!("nothing to draw: {} has no sample here", row.cell.label()),
            Some(_) => "no room for this view".to_owned(),
        };
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let end = sight.run.digest.end_seconds.max(1e-3);
    let time = Axis { low: 0.0, high: end, log: false };
    let here = sight.sample();
    let values = Values::of(digest, sight);
    draw_values(frame.buffer_mut(), &within, values, look);
    if let Some((_, sample)) = here {
        draw_cursor(frame.buffer_mut(), &within, time.share(sample.at_seconds.0), look);
    }
    let colour = bars::colour(row.cell.backend, look);
    scatter(frame.buffer_mut(), &within, (digest, time, values), colour, sight, look);
    let tracks = tracks(
        sight,
        time,
        (usize::from(within.plot.width), usize::from(within.tracks.height)),
        look,
    );
    frame.render_widget(Paragraph::new(tracks), within.tracks);
    axis(frame, &within, time, look);
    if let Some((_, sample)) = here {
        tint_cursor(frame.buffer_mut(), &within, time.share(sample.at_seconds.0), look);
        let lines = instant::lines(sight, digest, usize::from(within.detail.width), look);
        panel::lines(lines, within.detail, frame.buffer_mut());
    }
}

/// How high the dots are.
#[derive(Clone, Copy)]
struct Values {
    axis: Axis,
}

impl Values {
    fn of(digest: &CellDigest, sight: &Sight<'_>) -> Self {
        let ends = digest.track.parts().filter_map(|(_, part)| part.ends(sight.group.figure));
        let most = ends.map(|(_, high)| high).fold(0.0, f64::max);
        let high = if most > 0.0 { most } else { 1.0 };
        Self { axis: Axis { low: 0.0, high, log: false } }
    }
}

/// The value of the highest dot, and zero.
fn draw_values(buffer: &mut Buffer, within: &Within, values: Values, look: &Look<'_>) {
    let plot = within.plot;
    let steps = if plot.height < 5 { 1 } else { 2 };
    for step in 0..=steps {
        let share = f64::from(step) / f64::from(steps);
        let down = grid::part(1.0 - share, usize::from(plot.height) - 1);
        let y = plot.y + grid::narrow(down);
        let text = Seconds(values.axis.value(share)).to_string();
        let text = if step == 0 { "0".to_owned() } else { text };
        let text = fixed::right(&text, usize::from(NAME) - 1);
        let beside = Rect { x: plot.x - NAME, y, width: NAME, height: 1 };
        Line::styled(text, look.theme.muted).render(beside, buffer);
        let across = look.glyph.pick("┈", ".").repeat(usize::from(plot.width));
        Line::styled(across, look.theme.track).render(Rect { y, height: 1, ..plot }, buffer);
    }
}

/// The samples as dots: the shortest and the longest of each stretch of time.
fn scatter(
    buffer: &mut Buffer,
    within: &Within,
    (digest, time, values): (&CellDigest, Axis, Values),
    colour: Style,
    sight: &Sight<'_>,
    look: &Look<'_>,
) {
    let canvas = Canvas::over(within.plot, look.glyph);
    let bottom = within.plot.bottom() - 1;
    for (at, part) in digest.track.parts() {
        let across = time.share(at);
        let ink = if part.tainted > 0 {
            Ink { style: look.theme.warn, ascii: "!" }
        } else {
            Ink { style: colour, ascii: "o" }
        };
        if let Some((low, high)) = part.ends(sight.group.figure) {
            let [low, high] = [low, high].map(|value| canvas.at(across, values.axis.share(value)));
            canvas.dot(low, ink, buffer);
            canvas.dot(high, ink, buffer);
            if part.good > 3 {
                canvas.line(low, high, ink, buffer);
            }
        }
        if part.failed > 0 {
            let x = within.plot.x + grid::narrow(grid::part(across, columns(within)));
            buffer[(x, bottom)].set_symbol("×").set_style(look.theme.bad);
        }
    }
    if let Some((_, sample)) = sight.sample() {
        let value = good(sight.group.figure, sample);
        let up = value.map_or(0.0, |value| values.axis.share(value));
        let down = grid::part(1.0 - up, usize::from(within.plot.height) - 1);
        let x = grid::part(time.share(sample.at_seconds.0), columns(within));
        let place = (within.plot.x + grid::narrow(x), within.plot.y + grid::narrow(down));
        buffer[place].set_symbol("◆").set_style(look.theme.accent);
    }
}

/// The last column of the plot.
fn columns(within: &Within) -> usize {
    usize::from(within.plot.width) - 1
}

/// What the host did, a line for each fact that is known here.
fn tracks(
    sight: &Sight<'_>,
    time: Axis,
    (width, room): (usize, usize),
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let parts: Vec<(usize, &HostPeak)> = sight
        .run
        .digest
        .host
        .parts()
        .map(|(at, part)| (grid::part(time.share(at), width - 1), part))
        .collect();
    let seen = |fact: &Fact, least: f64| {
        parts.iter().any(|(_, part)| (fact.of)(part).is_some_and(|value| value > least))
    };
    // Where there is no room for all, what never rose is left to the words below.
    let least = |room: usize| if room < HOST.len() { 0.0 } else { -1.0 };
    HOST.iter()
        .filter(|fact| seen(fact, least(room)))
        .map(|fact| track(fact, &parts, width, look))
        .collect()
}

/// A fact of the host over time, the highest in each column; full height is named at the right.
fn track(
    fact: &Fact,
    parts: &[(usize, &HostPeak)],
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let mut columns: Vec<Option<f64>> = vec![None; width];
    for (column, part) in parts {
        if let Some(value) = (fact.of)(part) {
            columns[*column] = Some(columns[*column].map_or(value, |seen| seen.max(value)));
        }
    }
    let seen = columns.iter().flatten().copied().fold(0.0, f64::max);
    let most = seen.max(fact.least);
    let letter = |value: &Option<f64>| match value {
        Some(value) => height(*value, most).unwrap_or('·'),
        None => ' ',
    };
    let text: String = columns.iter().map(letter).collect();
    let full = if fact.share {
        Ratio::new(seen).map_or_else(String::new, |seen| seen.to_string())
    } else {
        format!("{seen:.1} c")
    };
    let loud = seen > fact.least;
    let style = if loud { look.theme.warn } else { look.theme.muted };
    Line::from(vec![
        Span::styled(fixed::left(fact.title, usize::from(NAME)), look.theme.muted),
        Span::styled(text, style),
        Span::styled(format!(" max {full}"), style),
    ])
}

/// The axis: round times along the run.
fn axis(frame: &mut Frame<'_>, within: &Within, time: Axis, look: &Look<'_>) {
    let words = |at: f64| if at > 0.0 { short(at) } else { "0".to_owned() };
    let line = time.line(usize::from(within.plot.width), words);
    let area = Rect { x: within.plot.x, width: within.plot.width, ..within.axis };
    frame.render_widget(Line::styled(line, look.theme.muted), area);
    let end = Rect { x: area.right(), width: within.axis.right() - area.right(), ..area };
    let text = format!(" {}", Seconds(time.high));
    frame.render_widget(Line::styled(text, look.theme.muted), end);
}

/// A round time without needless zeros.
pub(super) fn short(seconds: f64) -> String {
    let long = Seconds(seconds).to_string();
    match long.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {unit}")
        }
        _ => long,
    }
}

/// A line down through dots and tracks at `share` of the time.
fn draw_cursor(buffer: &mut Buffer, within: &Within, share: f64, look: &Look<'_>) {
    let x = within.plot.x + grid::narrow(grid::part(share, columns(within)));
    for y in within.plot.top()..within.plot.bottom() {
        buffer[(x, y)].set_symbol("│").set_style(look.theme.accent);
    }
}

/// The same column of the tracks, in the colour of the cursor.
fn tint_cursor(buffer: &mut Buffer, within: &Within, share: f64, look: &Look<'_>) {
    let x = within.plot.x + grid::narrow(grid::part(share, columns(within)));
    for y in within.tracks.top()..within.axis.bottom() {
        let cell = &mut buffer[(x, y)];
        if matches!(cell.symbol(), " " | "·") {
            cell.set_symbol("│");
        }
        cell.set_style(look.theme.accent);
    }
}
