//! What happened in a job: its stages as bars over time, and every moment below them, the latest first.

use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};

use super::job::Job;
use super::mark;
use super::pane::{Pane, Place, Shown, click_rows, draw_rows};
use crate::model::pipeline::{Moment, MomentKind, Spell, Stage};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::lanes::{Lane, Lanes};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::value;
use crate::tui::widget::{fixed, panel};

/// Rows the list keeps below the bars.
const LIST: u16 = 5;
/// Marks of moments that are drawn.
const MARKS: usize = 2_000;

/// A row.
pub(super) struct Item<'a> {
    moment: &'a Moment,
    place: usize,
}

impl Row for Item<'_> {
    type Key = usize;
    const FIELDS: &'static [Field] = &[
        Field::new("at", Kind::Time),
        Field::text("what"),
        Field::text("stage"),
        Field::text("worker"),
        Field::new("took", Kind::Time),
        Field::text("words"),
    ];

    fn key(&self) -> usize {
        self.place
    }

    fn value(&self, field: usize) -> Value<'_> {
        let moment = self.moment;
        match field {
            0 => Value::Number(moment.at_seconds.0),
            1 => Value::text(mark::word(moment.kind)),
            2 => Value::text(moment.stage.as_str()),
            3 => Value::text(moment.worker.as_str()),
            4 => moment.seconds.map(|took| took.0).into(),
            _ => Value::text(moment.words.as_str()),
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::numbers("AT", 8, 0).by(0),
        Column::words("WHAT", 12, 1).by(1),
        Column::words("STAGE", 12, 3).by(2),
        Column::words("WORKER", 10, 5).by(3),
        Column::words("IN WORDS", 20, 0).grows().by(5),
        Column::numbers("TOOK", 8, 4).by(4),
    ];

    fn cell(&self, column: usize, _: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let (moment, theme) = (self.moment, look.theme);
        let (sign, style) = mark::moment(moment.kind, look);
        let one = match column {
            0 => Span::styled(moment.at_seconds.to_string(), theme.muted),
            1 => Span::styled(format!("{sign} {}", mark::word(moment.kind)), style),
            2 => Span::styled(moment.stage.to_string(), theme.muted),
            3 => Span::styled(moment.worker.to_string(), theme.muted),
            4 => Span::styled(moment.words.to_string(), theme.text),
            _ => Span::styled(
                moment.seconds.map(|took| took.to_string()).unwrap_or_default(),
                theme.muted,
            ),
        };
        vec![one]
    }
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<usize>,
    /// Whether the bars are left out, or the list.
    alone: Option<Alone>,
}

/// One of the two alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alone {
    Bars,
    List,
}

impl Default for View {
    fn default() -> Self {
        Self { sheet: Sheet::sorted_by(0), alone: None }
    }
}

fn items<'a>(job: &Job<'a>) -> Vec<Item<'a>> {
    let moments = job.pipeline.timeline.iter().enumerate();
    moments.map(|(place, moment)| Item { moment, place }).collect()
}

impl View {
    /// Where the bars are and where the list, within the frame.
    fn split(&self, inner: Rect, job: &Job<'_>) -> (Rect, Rect) {
        let none = Rect { height: 0, ..inner };
        let bars = crate::tui::widget::grid::narrow(job.pipeline.stages.len() + 2);
        match self.alone {
            Some(Alone::Bars) => (inner, none),
            None if inner.height > LIST + 3 && !job.pipeline.stages.is_empty() => {
                let high = bars.min(inner.height - LIST).min(inner.height * 3 / 5);
                let rows = [Constraint::Length(high), Constraint::Fill(1)];
                let [bars, list] = Layout::vertical(rows).areas(inner);
                (bars, list)
            }
            _ => (none, inner),
        }
    }
}

/// A stage as a bar.
fn lane(stage: &Stage, job: &Job<'_>, look: &Look<'_>) -> Lane {
    let (sign, style) = mark::mark(stage.status.as_str(), look);
    let from = stage.started_ms.and_then(|at| job.since_start(at));
    let took = stage.duration_seconds.map(|took| took.0);
    let live = stage.status.as_str().eq_ignore_ascii_case("running");
    let to = from.zip(took).map(|(from, took)| from + took).filter(|_| !live);
    let whole = from.map(|from| (from, to.or_else(|| (!live).then_some(0.0))));
    let spell = |spell: &Spell| {
        let to = spell.to_ms.and_then(|at| job.since_start(at));
        Some((job.since_start(spell.from_ms)?, to.or_else(|| (!live).then_some(0.0))))
    };
    let mut spans: Vec<_> = stage.spells.iter().filter_map(spell).collect();
    if spans.is_empty() {
        spans.extend(whole);
    }
    Lane { name: stage.id.to_string(), sign, style, spans }
}

fn draw_bars(
    area: Rect,
    (buffer, look): (&mut ratatui::buffer::Buffer, &Look<'_>),
    job: &Job<'_>,
    current: Option<&Item<'_>>,
) {
    let lanes: Vec<Lane> = job.pipeline.stages.iter().map(|stage| lane(stage, job, look)).collect();
    let told = |moment: &&Moment| {
        !matches!(
            moment.kind,
            MomentKind::StageStarted
                | MomentKind::StageEnded
                | MomentKind::WorkerStarted
                | MomentKind::WorkerEnded
                | MomentKind::Notice
        )
    };
    let marks: Vec<_> = job
        .pipeline
        .timeline
        .iter()
        .filter(told)
        .take(MARKS)
        .map(|moment| {
            let (sign, style) = mark::moment(moment.kind, look);
            (moment.at_seconds.0, sign, style)
        })
        .collect();
    let stage = current.map(|item| &item.moment.stage);
    let chosen = job.pipeline.stages.iter().position(|one| Some(&one.id) == stage).unwrap_or(0);
    let cursor = current.map(|item| item.moment.at_seconds.0);
    let span = job.span_seconds();
    Lanes { lanes: &lanes, marks: &marks, span, cursor, chosen }.draw(area, buffer, look);
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let all = items(job);
        let rows = self.sheet.arrange(&all);
        if action == Action::View {
            self.alone = match self.alone {
                None => Some(Alone::Bars),
                Some(Alone::Bars) => Some(Alone::List),
                Some(Alone::List) => None,
            };
            return Reply::Done;
        }
        if self.sheet.act(action, &rows) { Reply::Done } else { Reply::Ignored }
    }

    fn filter(&mut self, text: &str) {
        self.sheet.filter::<Item<'_>>(text);
    }

    fn fields(&self) -> &'static [Field] {
        <Item<'_> as Row>::FIELDS
    }

    fn click(&mut self, at: Position, area: Rect, job: &Job<'_>) -> Reply {
        let all = items(job);
        let rows = self.sheet.arrange(&all);
        let (_, list) = self.split(panel::inside(area), job);
        click_rows(&mut self.sheet, &rows, at, list);
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let all = items(job);
        if all.is_empty() && job.pipeline.stages.is_empty() {
            return place.quiet(&job.gap("events"));
        }
        let rows = self.sheet.arrange(&all);
        let inner = place.open(self.sheet.words(rows.len(), all.len()));
        let (bars, list) = self.split(inner, job);
        let look = place.look;
        if !bars.is_empty() {
            let current = self.sheet.current(&rows).filter(|_| place.focused);
            draw_bars(bars, (&mut *place.buffer, look), job, current);
        }
        if all.is_empty() {
            let words = fixed::wrap(&job.gap("events"), usize::from(list.width)).into_iter();
            let why = words.map(|line| Line::styled(line, look.theme.muted));
            return panel::lines(why, list, place.buffer);
        }
        if !list.is_empty() {
            let to = (&mut *place.buffer, place.focused);
            draw_rows(&self.sheet, &rows, list, to, (job, look));
        }
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::NextPanel, Action::View, Action::Filter, Action::Reverse, Action::Zoom]
    }
}

/// A length of time, or the dash.
pub(super) fn maybe(seconds: Option<crate::model::unit::Seconds>) -> String {
    seconds.map_or_else(|| value::MISSING.to_owned(), |seconds| seconds.to_string())
}
