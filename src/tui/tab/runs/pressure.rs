//! How many waited for each stage over time, what its work itself waited for, and which stage holds up
//! the others.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::job::Job;
use super::pane::{Pane, Place};
use crate::model::load::Waits;
use crate::model::pipeline::{Pressure, Stage};
use crate::model::text::SafeText;
use crate::model::unit::Ratio;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::Field;
use crate::tui::widget::sparkline::Sparkline;
use crate::tui::widget::{fixed, grid, panel, value};

/// Columns of a name and of a number.
const NAME: usize = 14;
const NUMBER: usize = 9;
/// Columns of the words at the right, where there is room.
const TAIL: usize = 34;
/// Shares of time below this are not drawn, in percent.
const LEAST: f64 = 1.0;

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
    let waits = job.pipeline.waits(&stage.id).worst().filter(|(_, share)| share.percent() >= LEAST);
    let waits =
        waits.map(|(what, share)| format!("; its work waited for {what} {share} of the time"));
    Some((stage.id.clone(), why + &waits.unwrap_or_default()))
}

/// A line of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// How many wait for a stage.
    Queue,
    /// For what share of the time, in percent, its work waits for what the name says.
    Wait(&'static str),
}

/// What is drawn of a stage: the highest value in each of `columns` stretches of time.
struct Course {
    stage: SafeText,
    kind: Kind,
    values: Vec<Option<f64>>,
    last: f64,
    most: f64,
    active: bool,
    held: usize,
}

/// What stands after the value that was told last.
fn tense(job: &Job<'_>) -> &'static str {
    if job.pipeline.is_live() { " now " } else { " end " }
}

impl Course {
    fn new(stage: &SafeText, kind: Kind, columns: usize) -> Self {
        let (stage, values) = (stage.clone(), vec![None; columns]);
        Self { stage, kind, values, last: 0.0, most: 0.0, active: false, held: 0 }
    }

    /// Takes in `value` at `across` of the time.
    fn take(&mut self, across: f64, value: f64, active: bool) {
        let columns = self.values.len();
        if let Some(slot) = self.values.get_mut(grid::part(across, columns.saturating_sub(1))) {
            *slot = Some(slot.map_or(value, |before: f64| before.max(value)));
        }
        self.held += usize::from(active && !self.active);
        (self.last, self.active) = (value, active);
        self.most = self.most.max(value);
    }

    fn name(&self) -> String {
        match self.kind {
            Kind::Queue => self.stage.to_string(),
            Kind::Wait(what) => format!("  for {what}"),
        }
    }

    fn number(&self, value: f64) -> String {
        match self.kind {
            Kind::Queue => format!("{value:.0}"),
            Kind::Wait(_) => format!("{value:.0} %"),
        }
    }
}

/// What is told of an instant: how many wait, and what the work waits for.
fn values(one: &Pressure) -> [(Kind, Option<f64>, bool); 4] {
    let wait = |what, share: Option<Ratio>| {
        (
            Kind::Wait(what),
            share.map(Ratio::percent),
            share.is_some_and(|share| share.fraction() >= Waits::HELD),
        )
    };
    [
        (Kind::Queue, Some(one.queue as f64), one.active),
        wait("CPU", one.waits.cpu),
        wait("memory", one.waits.memory),
        wait("I/O", one.waits.io),
    ]
}

/// All that is drawn, by stage; what was never waited for is left out.
fn courses(job: &Job<'_>, columns: usize) -> Vec<Course> {
    let told = &job.pipeline.pressure;
    let from = told.iter().map(|one| one.at_ms).min().unwrap_or_default();
    let to = told.iter().map(|one| one.at_ms).max().unwrap_or_default();
    let span = to.saturating_sub(from).max(1) as f64;
    let mut all: Vec<[Course; 4]> = Vec::new();
    for one in told {
        let at = all.iter().position(|of| of[0].stage == one.stage).unwrap_or_else(|| {
            all.push(values(one).map(|(kind, ..)| Course::new(&one.stage, kind, columns)));
            all.len() - 1
        });
        let across = one.at_ms.saturating_sub(from) as f64 / span;
        for (course, (_, value, active)) in all[at].iter_mut().zip(values(one)) {
            if let Some(value) = value {
                course.take(across, value, active);
            }
        }
    }
    let shown = |course: &Course| course.kind == Kind::Queue || course.most >= LEAST;
    let mut all: Vec<Course> = all.into_iter().flatten().filter(shown).collect();
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

    fn fields(&self) -> &'static [Field] {
        &[]
    }

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
            let area = Rect { y, height: high, ..below };
            draw_course(course, tense(job), area, (&mut *place.buffer, place.look));
        }
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::NextPanel, Action::Down, Action::Zoom]
    }
}

fn draw_course(
    course: &Course,
    tense: &'static str,
    area: Rect,
    (buffer, look): (&mut Buffer, &Look<'_>),
) {
    let theme = look.theme;
    let floor = Rect { y: area.bottom() - 1, height: 1, ..area };
    let plain = if course.kind == Kind::Queue { theme.text } else { theme.muted };
    let style = if course.active { theme.warn } else { plain };
    let head = Line::from(vec![
        Span::styled(fixed::left(&course.name(), NAME), style),
        Span::styled(fixed::right(&course.number(course.last), NUMBER), style),
        Span::styled(tense, theme.muted),
    ]);
    head.render(floor, buffer);
    let x = area.x + grid::narrow(NAME + NUMBER + 5);
    let width = grid::narrow(course.values.len()).min(area.right().saturating_sub(x));
    let calm = if course.kind == Kind::Queue { theme.series[0] } else { theme.series[1] };
    let colour = |_| if course.active { theme.warn } else { calm };
    // Shares are set against all of the time, queues against the longest.
    let max = if course.kind == Kind::Queue { course.most.max(1.0) } else { 100.0 };
    Sparkline { values: &course.values, max, style: &colour, glyph: look.glyph }
        .render(Rect { x, width, ..area }, buffer);
    let most = course.number(course.most);
    let tail = if course.held > 0 && course.kind == Kind::Queue {
        format!(" max {most} · held back {}", value::many(course.held, "time"))
    } else {
        format!(" max {most}")
    };
    let right =
        Rect { x: x.saturating_add(width), width: area.right().saturating_sub(x + width), ..floor };
    Line::styled(fixed::cut(&tail, usize::from(right.width)), theme.muted).render(right, buffer);
}
