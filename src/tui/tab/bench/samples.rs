//! Every sample: how they are spread, and when they were taken beside what the host did then.
//!
//! Nothing is left out: outliers and disturbed samples are drawn with the others and marked below.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::group::{Group, Row};
use super::plan::first;
use super::{bars, table};
use crate::model::bench::{Figure, HostState, Outcome, Sample};
use crate::model::unit::{Ratio, Seconds};
use crate::state::RunState;
use crate::tui::look::Look;
use crate::tui::widget::fixed;
use crate::tui::widget::span_axis::SpanAxis;

/// Columns of the counts at the right.
const COUNTS: usize = 24;
/// How far from the median a sample is an outlier, in median absolute deviations (the bound
/// hyperfine uses for the modified z-score).
const OUTLIER: f64 = 14.826;
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws the samples of each row of `group`, and below them the chosen row over the run's time.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    run: &RunState,
    group: &Group<'_>,
    cursor: usize,
    look: &Look<'_>,
) {
    let samples = group.samples(run);
    let wanted = u16::try_from(group.rows.len() * 2 + 2).unwrap_or(u16::MAX);
    let below = if area.height >= 15 { 7 } else { 0 };
    let split = [Constraint::Max(wanted.min(area.height - below)), Constraint::Max(below)];
    let [upper, lower] = Layout::vertical(split).areas(area);
    draw_spread(frame, upper, group, &samples, cursor, look);
    if let (Some(row), Some(samples)) = (group.rows.get(cursor), samples.get(cursor)) {
        draw_over_time(frame, lower, run, group.figure, row, samples, look);
    }
}

fn good(figure: Figure, sample: &Sample) -> Option<f64> {
    let good = sample.outcome == Outcome::Good;
    let length = good.then(|| figure.of(&sample.phases)).flatten()?.0;
    length.is_finite().then_some(length)
}

fn draw_spread(
    frame: &mut Frame<'_>,
    area: Rect,
    group: &Group<'_>,
    samples: &[Vec<&Sample>],
    cursor: usize,
    look: &Look<'_>,
) {
    let lengths = samples.iter().flatten().filter_map(|sample| good(group.figure, sample));
    let Some(axis) = SpanAxis::over(lengths) else {
        let text = "nothing to draw yet: no sample has ended well";
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    };
    let height = usize::from(area.height);
    let foot = usize::from(height > 4) * 2;
    let tall = height >= group.rows.len() * 2 + foot;
    let each = if tall { 2 } else { 1 };
    let room = (height - foot) / each;
    let width = usize::from(area.width).saturating_sub(bars::NAME + COUNTS);
    let mut lines = Vec::new();
    let rows = group.rows.iter().zip(samples).skip(first(cursor, room)).take(room);
    for (row, samples) in rows {
        let spread = Spread::of(group.figure, row, samples, axis, width);
        lines.push(spread.line(row, look));
        if tall {
            lines.push(Line::styled(" ".repeat(bars::NAME) + &spread.marks(), look.theme.warn));
        }
    }
    if foot > 0 {
        lines.push(Line::styled(" ".repeat(bars::NAME) + &axis.line(width), look.theme.muted));
        lines.push(Line::styled(words(group.figure, axis, tall), look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn words(figure: Figure, axis: SpanAxis, tall: bool) -> String {
    let marks = if tall { "   ° outlier   ! disturbed" } else { "" };
    format!("  {}, {}{marks}", figure.name(), axis.words())
}

/// How the samples of a row are spread over the columns.
struct Spread {
    counts: Vec<u32>,
    outlier: Vec<bool>,
    disturbed: Vec<bool>,
    failed: usize,
}

impl Spread {
    fn of(
        figure: Figure,
        row: &Row<'_>,
        samples: &[&Sample],
        axis: SpanAxis,
        width: usize,
    ) -> Self {
        let mut spread = Self {
            counts: vec![0; width],
            outlier: vec![false; width],
            disturbed: vec![false; width],
            failed: 0,
        };
        let bounds = row.estimate().map(|e| (e.median_seconds.0, e.mad_seconds.0 * OUTLIER));
        for sample in samples {
            spread.failed += usize::from(sample.outcome != Outcome::Good);
            let Some(length) = good(figure, sample).filter(|_| width > 0) else {
                continue;
            };
            let column = axis.column(length, width);
            spread.counts[column] += 1;
            spread.disturbed[column] |= !sample.taints.is_empty();
            let far = |(median, far): (f64, f64)| far > 0.0 && (length - median).abs() > far;
            spread.outlier[column] |= bounds.is_some_and(far);
        }
        spread
    }

    fn line(&self, row: &Row<'_>, look: &Look<'_>) -> Line<'static> {
        let name = table::name(row, look);
        if self.counts.iter().all(|count| *count == 0) && self.failed == 0 {
            return Line::from(vec![name, Span::styled("—", look.theme.muted)]);
        }
        let most = self.counts.iter().copied().max().unwrap_or(0);
        let letter = |count: &u32| height(f64::from(*count), f64::from(most)).unwrap_or(' ');
        let heights: String = self.counts.iter().map(letter).collect();
        Line::from(vec![
            name,
            Span::styled(heights, bars::colour(row.backend, look)),
            Span::styled(fixed::right(&self.counted(row), COUNTS), look.theme.muted),
        ])
    }

    fn counted(&self, row: &Row<'_>) -> String {
        let outliers = row.estimate().map_or(0, |estimate| estimate.outliers);
        let n: u32 = self.counts.iter().sum();
        let mut said = format!("n {n}");
        for (count, word) in [(outliers as usize, "outlying"), (self.failed, "failed")] {
            if count > 0 {
                let both = outliers > 0 && self.failed > 0;
                let word = if both && word == "outlying" { "out" } else { word };
                said.push_str(&format!(" · {count} {word}"));
            }
        }
        said
    }

    /// `!` below columns with a disturbed sample, `°` below those with an outlier.
    fn marks(&self) -> String {
        let mark = |(disturbed, outlier): (&bool, &bool)| match (disturbed, outlier) {
            (true, _) => '!',
            (false, true) => '°',
            _ => ' ',
        };
        self.disturbed.iter().zip(&self.outlier).map(mark).collect()
    }
}

/// A letter as high as `value` of `most`; none for nothing.
fn height(value: f64, most: f64) -> Option<char> {
    if value <= 0.0 || most <= 0.0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and the index is bounded below"
    )]
    let step = (value / most * 8.0).ceil() as usize;
    Some(HEIGHTS[step.clamp(1, 8) - 1])
}

/// A line over the run's time.
struct Track {
    title: &'static str,
    values: Vec<Option<f64>>,
    /// What a full letter stands for.
    most: f64,
    words: String,
    style: Style,
}

/// A fact of the host: its title and where to find it.
type Fact = (&'static str, fn(&HostState) -> Option<Ratio>);

const HOST: [Fact; 4] = [
    ("steal", |host| host.steal),
    ("cpu wait", |host| host.cpu_pressure),
    ("memory wait", |host| host.memory_pressure),
    ("io wait", |host| host.io_pressure),
];

fn draw_over_time(
    frame: &mut Frame<'_>,
    area: Rect,
    run: &RunState,
    figure: Figure,
    row: &Row<'_>,
    samples: &[&Sample],
    look: &Look<'_>,
) {
    let width = usize::from(area.width).saturating_sub(bars::NAME + COUNTS);
    if area.height < 3 || width == 0 || samples.is_empty() {
        return;
    }
    let last = run.samples.iter().map(|sample| sample.at_seconds.0);
    let end = last.filter(|at| at.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
    let title = format!("  {} over the run, 0 to {}; the highest in each column", row.backend, Seconds(end));
    let mut lines = vec![Line::raw(""), Line::styled(title, look.theme.title)];
    let mut tracks = vec![time_track(figure, row, samples, end, width, look)];
    tracks.extend(HOST.iter().map(|fact| host_track(fact, samples, end, width, look)));
    for track in tracks {
        let letter = |value: &Option<f64>| match value {
            Some(value) => height(*value, track.most).unwrap_or('·'),
            None => ' ',
        };
        let line: String = track.values.iter().map(letter).collect();
        lines.push(Line::from(vec![
            Span::styled(fixed::left(&format!("  {}", track.title), bars::NAME), look.theme.muted),
            Span::styled(line, track.style),
            Span::styled(fixed::right(&track.words, COUNTS), look.theme.muted),
        ]));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The highest of each column's values.
fn columns(
    samples: &[&Sample],
    end: f64,
    width: usize,
    value: impl Fn(&Sample) -> Option<f64>,
) -> Vec<Option<f64>> {
    let mut columns: Vec<Option<f64>> = vec![None; width];
    for sample in samples {
        let Some(value) = value(sample) else { continue };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and the index is bounded below"
        )]
        let column = (sample.at_seconds.0 / end * width as f64) as usize;
        let slot = &mut columns[column.min(width - 1)];
        *slot = Some(slot.map_or(value, |seen| seen.max(value)));
    }
    columns
}

fn time_track(
    figure: Figure,
    row: &Row<'_>,
    samples: &[&Sample],
    end: f64,
    width: usize,
    look: &Look<'_>,
) -> Track {
    let values = columns(samples, end, width, |sample| good(figure, sample));
    let most = values.iter().flatten().copied().fold(0.0, f64::max);
    Track {
        title: figure.name(),
        values,
        most,
        words: format!("at most {}", Seconds(most)),
        style: bars::colour(row.backend, look),
    }
}

fn host_track(
    (title, of): &Fact,
    samples: &[&Sample],
    end: f64,
    width: usize,
    look: &Look<'_>,
) -> Track {
    let values = columns(samples, end, width, |sample| of(&sample.host).map(Ratio::fraction));
    let most = values.iter().flatten().copied().fold(None, |most: Option<f64>, value| {
        Some(most.map_or(value, |most| most.max(value)))
    });
    let words = match most.and_then(Ratio::new) {
        Some(most) => format!("at most {most}"),
        None => "— not shown here".to_owned(),
    };
    Track {
        title,
        values,
        most: 1.0,
        words,
        style: look.theme.warn,
    }
}
