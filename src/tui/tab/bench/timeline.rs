//! The chosen row over the run's time, beside what the host was doing: a slow sample and its cause
//! stand in one column.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::bars;
use super::group::Group;
use super::samples::{COUNTS, good};
use crate::model::bench::{HostState, Outcome, Sample};
use crate::model::unit::{Ratio, Seconds};
use crate::state::RunState;
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// Columns of the titles at the left.
const NAME: usize = 17;
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

/// A fact of the host: its title and where to find it.
type Fact = (&'static str, fn(&HostState) -> Option<Ratio>);

const HOST: [Fact; 4] = [
    ("steal", |host| host.steal),
    ("cpu wait", |host| host.cpu_pressure),
    ("memory wait", |host| host.memory_pressure),
    ("io wait", |host| host.io_pressure),
];

/// The time axis: the run's length over so many columns.
#[derive(Clone, Copy)]
struct Stretch {
    end: f64,
    columns: usize,
}

impl Stretch {
    fn column(self, sample: &Sample) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and the index is bounded"
        )]
        let column = (sample.at_seconds.0 / self.end * self.columns as f64) as usize;
        column.min(self.columns - 1)
    }
}

/// Draws the row at `cursor` of `group` over time.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    run: &RunState,
    group: &Group<'_>,
    cursor: usize,
    look: &Look<'_>,
) {
    let samples = group.samples(run);
    let width = usize::from(area.width).saturating_sub(NAME + COUNTS);
    let (Some(row), Some(samples)) = (group.rows.get(cursor), samples.get(cursor)) else {
        return;
    };
    if samples.is_empty() || width == 0 || area.height < 3 {
        let text = if samples.is_empty() {
            format!("nothing to draw: {} has no sample here", row.cell.label())
        } else {
            "no room for this view".to_owned()
        };
        return frame.render_widget(Line::styled(text, look.theme.muted), area);
    }
    let ends = run.samples.iter().map(|sample| sample.at_seconds.0);
    let end = ends.filter(|at| at.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
    let time = Stretch { end, columns: width };
    let legend = usize::from(area.height >= 9);
    let around = 1 + legend + HOST.len();
    let tall = usize::from(area.height).saturating_sub(around).clamp(1, 12);
    let colour = bars::colour(row.cell.backend, look);
    let mut lines = scatter(group, samples, time, tall, colour, look);
    lines.extend(HOST.iter().map(|fact| track(fact, samples, time, look)));
    lines.push(Line::styled(axis(time), look.theme.muted));
    if legend == 1 {
        let words = format!("  {}   • sample  ! disturbed  × failed", row.cell.label());
        lines.push(Line::styled(words, look.theme.muted));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The samples as dots, `tall` lines from zero to the longest.
fn scatter(
    group: &Group<'_>,
    samples: &[&Sample],
    time: Stretch,
    tall: usize,
    colour: Style,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let lengths = samples.iter().filter_map(|sample| good(group.figure, sample));
    let most = lengths.fold(0.0, f64::max);
    let mut grid = vec![vec![(' ', colour); time.columns]; tall];
    for sample in samples {
        let (letter, style) = match (&sample.outcome, sample.taints.is_empty()) {
            (Outcome::Failed { .. }, _) => ('×', look.theme.bad),
            (_, true) => ('•', colour),
            (_, false) => ('!', look.theme.warn),
        };
        let share = good(group.figure, sample).map_or(0.0, |length| length / most);
        grid[line_of(share, tall)][time.column(sample)] = (letter, style);
    }
    let title = |at: usize| if at == 0 { group.figure.name() } else { "" };
    let label = |at: usize| match at {
        0 => Seconds(most).to_string(),
        last if last + 1 == tall => "0".to_owned(),
        _ => String::new(),
    };
    let lines = grid.into_iter().enumerate();
    lines.map(|(at, cells)| labelled(title(at), &cells, &label(at), look)).collect()
}

/// The line, from the top, of a value that is `share` of the longest.
fn line_of(share: f64, tall: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, and the index is bounded"
    )]
    let up = (share * tall as f64) as usize;
    tall - 1 - up.min(tall - 1)
}

fn labelled(title: &str, cells: &[(char, Style)], label: &str, look: &Look<'_>) -> Line<'static> {
    let name = fixed::left(&format!("  {title}"), NAME);
    let mut spans = vec![Span::styled(name, look.theme.muted)];
    for run in cells.chunk_by(|one, next| one.1 == next.1) {
        let text: String = run.iter().map(|(letter, _)| *letter).collect();
        spans.push(Span::styled(text, run[0].1));
    }
    spans.push(Span::styled(format!(" {label}"), look.theme.muted));
    Line::from(spans)
}

/// A fact of the host over time, the highest in each column; full height is named at the right.
fn track((title, of): &Fact, samples: &[&Sample], time: Stretch, look: &Look<'_>) -> Line<'static> {
    let mut columns: Vec<Option<f64>> = vec![None; time.columns];
    for sample in samples {
        if let Some(share) = of(&sample.host) {
            let slot = &mut columns[time.column(sample)];
            *slot = Some(slot.map_or(share.fraction(), |seen| seen.max(share.fraction())));
        }
    }
    let most = columns.iter().flatten().copied().fold(QUIET, f64::max);
    let letter = |value: &Option<f64>| match value {
        Some(value) => height(*value, most).unwrap_or('·'),
        None => ' ',
    };
    let cells: Vec<_> = columns.iter().map(|value| (letter(value), look.theme.warn)).collect();
    let label = match Ratio::new(most) {
        Some(most) if columns.iter().any(Option::is_some) => format!("█ {most}"),
        _ => "— not known here".to_owned(),
    };
    labelled(title, &cells, &label, look)
}

/// The axis: start, middle and end of the run.
fn axis(time: Stretch) -> String {
    let (half, end) = (Seconds(time.end / 2.0).to_string(), Seconds(time.end).to_string());
    let left = fixed::left("│0", time.columns / 2);
    let middle = fixed::left(&format!("│{half}"), time.columns - time.columns / 2);
    format!("{}{left}{middle} {end}", " ".repeat(NAME))
}
