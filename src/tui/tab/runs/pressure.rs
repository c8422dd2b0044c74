//! How many waited for each stage over time, and which stage holds up the others.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::job::Job;
use super::pane::{Pane, Place};
use crate::model::pipeline::Stage;
use crate::model::text::SafeText;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::sparkline::Sparkline;
use crate::tui::widget::{fixed, grid, panel, value};

/// Columns of a name and of a number.
const NAME: usize = 14;
const NUMBER: usize = 9;
/// Columns of the words at the right, where there is room.
const TAIL: usize = 34;

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The first stage that is shown.
    first: usize,
}

/// The stage that holds up the others, and why it is called that.
pub(super) fn bottleneck(job: &Job<'_>) -> Option<(SafeText, String)> {
    let stage: &Stage = job.pipeline.bottleneck()?;
    let why = match stage.queue.filter(|queue| *queue > 0 && job.pipeline.is_live()) {
        Some(queue) => format!("{queue} wait for it, the most of all"),
        None => format!(
            "it took {}, the longest of all",
            stage.duration_seconds.map(|took| took.to_string()).unwrap_or_default()
        ),
    };
    Some((stage.id.clone(), why))
}

/// What is drawn of a stage: its highest queue in each of `columns` stretches of time.
struct Course {
    stage: SafeText,
    values: Vec<Option<f64>>,
    last: u64,
    most: u64,
    active: bool,
    held: usize,
}

fn courses(job: &Job<'_>, columns: usize) -> Vec<Course> {
    let told = &job.pipeline.pressure;
    let from = told.iter().map(|one| one.at_ms).min().unwrap_or_default();
    let to = told.iter().map(|one| one.at_ms).max().unwrap_or_default();
    let span = to.saturating_sub(from).max(1) as f64;
    let mut all: Vec<Course> = Vec::new();
    for one in told {
        let at = all.iter().position(|course| course.stage == one.stage).unwrap_or_else(|| {
            let values = vec![None; columns];
            let stage = one.stage.clone();
            all.push(Course { stage, values, last: 0, most: 0, active: false, held: 0 });
            all.len() - 1
        });
        let course = &mut all[at];
        let across = one.at_ms.saturating_sub(from) as f64 / span;
        if let Some(slot) = course.values.get_mut(grid::part(across, columns.saturating_sub(1))) {
            let queue = one.queue as f64;
            *slot = Some(slot.map_or(queue, |before: f64| before.max(queue)));
        }
        course.held += usize::from(one.active && !course.active);
        (course.last, course.active) = (one.queue, one.active);
        course.most = course.most.max(one.queue);
    }
    for course in &mut all {
        fill(&mut course.values);
    }
    all
}

/// What was told last holds until something else is told.
fn fill(values: &mut [Option<f64>]) {
    let mut last = None;
    for value in values {
        *value = value.or(last);
        last = *value;
    }
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let count = courses(job, 1).len();
        self.first = match action {
            Action::Up => self.first.saturating_sub(1),
            Action::Down => (self.first + 1).min(count.saturating_sub(1)),
            Action::First => 0,
            Action::Last => count.saturating_sub(1),
            _ => return Reply::Ignored,
        };
        Reply::Done
    }

    fn filter(&mut self, _: &str) {}

    fn click(&mut self, _: Position, _: Rect, _: &Job<'_>) -> Reply {
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let found = bottleneck(job);
        if job.pipeline.pressure.is_empty() && found.is_none() {
            return place.quiet(&job.gap("pressure"));
        }
        let inner = place.open("who waits for whom");
        let theme = place.look.theme;
        let head = found.map_or_else(
            || Line::styled("No stage holds up the others.", theme.good),
            |(stage, why)| {
                Line::from(vec![
                    Span::styled("bottleneck: ", theme.muted),
                    Span::styled(stage.to_string(), theme.warn),
                    Span::styled(format!(", {why}"), theme.text),
                ])
            },
        );
        panel::lines([head], inner, place.buffer);
        let below = Rect {
            y: inner.y + 1.min(inner.height),
            height: inner.height.saturating_sub(1),
            ..inner
        };
        if job.pipeline.pressure.is_empty() {
            let words = fixed::wrap(&job.gap("pressure"), usize::from(below.width)).into_iter();
            let why = words.map(|line| Line::styled(line, theme.muted));
            return panel::lines([Line::default()].into_iter().chain(why), below, place.buffer);
        }
        let tail = if inner.width > 100 { TAIL } else { NUMBER + 5 };
        let columns = usize::from(inner.width).saturating_sub(NAME + NUMBER + 5 + tail);
        let courses = courses(job, columns.max(1));
        let rows = (usize::from(below.height) / courses.len().max(1)).clamp(1, 4);
        let high = grid::narrow(rows);
        for (at, course) in courses.iter().skip(self.first).enumerate() {
            let y = below.y + grid::narrow(at * rows);
            if y + high > below.bottom() {
                break;
            }
            draw_course(course, Rect { y, height: high, ..below }, place.buffer, place.look);
        }
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::NextPanel, Action::Down, Action::Zoom]
    }
}

fn draw_course(course: &Course, area: Rect, buffer: &mut ratatui::buffer::Buffer, look: &Look<'_>) {
    let theme = look.theme;
    let floor = Rect { y: area.bottom() - 1, height: 1, ..area };
    let style = if course.active { theme.warn } else { theme.text };
    let number = |count: u64| fixed::right(&count.to_string(), NUMBER);
    let head = Line::from(vec![
        Span::styled(fixed::left(course.stage.as_str(), NAME), style),
        Span::styled(number(course.last), style),
        Span::styled(" now ", theme.muted),
    ]);
    head.render(floor, buffer);
    let x = area.x + grid::narrow(NAME + NUMBER + 5);
    let width = grid::narrow(course.values.len()).min(area.right().saturating_sub(x));
    let colour = |_| if course.active { theme.warn } else { theme.series[0] };
    let max = (course.most as f64).max(1.0);
    Sparkline { values: &course.values, max, style: &colour, glyph: look.glyph }
        .render(Rect { x, width, ..area }, buffer);
    let tail = if course.held > 0 {
        format!(" max {} · held back {}", course.most, value::many(course.held, "time"))
    } else {
        format!(" max {}", course.most)
    };
    let right =
        Rect { x: x.saturating_add(width), width: area.right().saturating_sub(x + width), ..floor };
    Line::styled(fixed::cut(&tail, usize::from(right.width)), theme.muted).render(right, buffer);
}
