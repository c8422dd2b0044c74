//! The stages of a job: a table, the graph of which feeds which, and one stage in depth.
//!
//! Table and graph have one cursor. Up and down go through the table, left and right along the graph.

use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Span;

use super::job::Job;
use super::mark;
use super::pane::{Pane, Place, Scroll, Shown, click_rows, draw_rows, share};
use crate::model::pipeline::{PipelineKind, SKEWED, Stage};
use crate::model::text::SafeText;
use crate::model::unit::three_digits;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::dag::{Dag, Knot};
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::panel;
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::value;

mod depth;
mod task;

/// Columns from which the graph stands beside the table.
const WIDE: u16 = 130;
/// Rows from which it stands above it.
const HIGH: u16 = 12;

/// A row.
pub(super) struct Item<'a> {
    stage: &'a Stage,
    /// Its place among the stages, from 0.
    place: usize,
    /// Whether it holds up the others.
    slowest: bool,
    /// Whether it is of a workflow: tasks go through it, and no stream.
    flow: bool,
}

const FIELD_STATUS: usize = 2;

impl Row for Item<'_> {
    type Key = SafeText;
    const FIELDS: &'static [Field] = &[
        Field::new("order", Kind::Number),
        Field::text("stage"),
        Field::text("status"),
        Field::text("operator"),
        Field::new("workers", Kind::Number),
        Field::new("in", Kind::Number),
        Field::new("out", Kind::Number),
        Field::new("queue", Kind::Number),
        Field::new("took", Kind::Time),
        Field::new("skew", Kind::Number),
        Field::new("skipped", Kind::Number),
    ];

    fn key(&self) -> SafeText {
        self.stage.id.clone()
    }

    fn is(&self, key: &SafeText) -> bool {
        self.stage.id == *key
    }

    fn value(&self, field: usize) -> Value<'_> {
        let stage = self.stage;
        let number = |count: Option<u64>| count.map(|count| count as f64).into();
        match field {
            0 => Value::Number(-(self.place as f64)),
            1 => Value::text(stage.id.as_str()),
            FIELD_STATUS => Value::text(stage.status.as_str()),
            3 => Value::text(stage.operator.as_str()),
            4 => stage.workers.map(f64::from).into(),
            5 => number(stage.input),
            6 => number(stage.output),
            7 => number(stage.queue),
            8 => stage.duration_seconds.map(|took| took.0).into(),
            9 => stage.skew.into(),
            _ => number(stage.skipped),
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::words("STAGE", 10, 0).grows().by(1),
        Column::words("STATUS", 10, 0).by(FIELD_STATUS),
        Column::numbers("DONE", 6, 4),
        Column::words("OPERATOR", 14, 7).by(3),
        Column::numbers("WORKERS", 9, 3).by(4),
        Column::numbers("IN", 8, 1).by(5),
        Column::numbers("OUT", 8, 1).by(6),
        Column::numbers("SKIPPED", 7, 2).by(10),
        Column::numbers("IN/S", 7, 6),
        Column::numbers("OUT/S", 7, 8),
        Column::numbers("WAIT", 7, 2).by(7),
        Column::numbers("TOOK", 8, 1).by(8),
        Column::numbers("SKEW", 6, 2).by(9),
    ];

    fn hidden(&self) -> &'static [&'static str] {
        if self.flow { &["IN/S", "OUT/S", "SKEW"] } else { &["SKIPPED"] }
    }

    fn cell(&self, column: usize, width: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let (stage, theme) = (self.stage, look.theme);
        let count = |count: Option<u64>| vec![value::maybe(count, theme.text, look)];
        let rate = |rate: Option<f64>| {
            let rate = rate.filter(|rate| rate.is_finite()).map(three_digits);
            vec![value::maybe(rate, theme.muted, look)]
        };
        match column {
            0 => {
                let style = if self.slowest { theme.warn } else { theme.text };
                vec![Span::styled(stage.id.to_string(), style)]
            }
            1 => mark::spans(stage.status.as_str(), width, look),
            2 => vec![value::maybe(stage.progress, theme.text, look)],
            3 => vec![Span::styled(stage.operator.to_string(), theme.muted)],
            4 => vec![value::maybe(workers(stage), theme.text, look)],
            5 => count(stage.input),
            6 => count(stage.output),
            7 => count(stage.skipped),
            8 => rate(stage.input_per_second),
            9 => rate(stage.output_per_second),
            10 => {
                let held = stage.backpressure == Some(true);
                let style = if held { theme.warn } else { theme.text };
                vec![value::maybe(stage.queue, style, look)]
            }
            11 => vec![value::maybe(stage.duration_seconds, theme.text, look)],
            _ => {
                let skewed = stage.skew.is_some_and(|skew| skew > SKEWED);
                let style = if skewed { theme.warn } else { theme.muted };
                let sign = if skewed { "!" } else { "" };
                let skew = stage.skew.map(|skew| format!("{sign}{skew:.1}×"));
                vec![value::maybe(skew, style, look)]
            }
        }
    }
}

/// How many are at work of how many there may be: `4 (2-10)`.
fn workers(stage: &Stage) -> Option<String> {
    let count = stage.workers?;
    Some(match stage.parallelism {
        Some((least, most)) => format!("{count} ({least}-{most})"),
        None => count.to_string(),
    })
}

fn items<'a>(job: &Job<'a>) -> Vec<Item<'a>> {
    let slowest = job.pipeline.bottleneck().map(|stage| &stage.id);
    let flow = job.pipeline.kind == PipelineKind::Workflow;
    let stages = job.pipeline.stages.iter().enumerate();
    stages
        .map(|(place, stage)| Item { stage, place, slowest: slowest == Some(&stage.id), flow })
        .collect()
}

/// How the panel is divided between graph and table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sight {
    #[default]
    Both,
    Graph,
    Table,
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<SafeText>,
    sight: Sight,
    /// Whether the stage under the cursor is seen in depth.
    open: bool,
    scroll: Scroll,
}

impl Default for View {
    fn default() -> Self {
        let (sight, scroll) = (Sight::default(), Scroll::default());
        Self { sheet: Sheet::sorted_by(0), sight, open: false, scroll }
    }
}

impl View {
    /// Follows an edge of the graph from the stage under the cursor: on, or back.
    fn follow(&mut self, rows: &[&Item<'_>], job: &Job<'_>, on: bool) -> Reply {
        let Some(here) = self.sheet.current(rows).map(|item| item.stage.id.clone()) else {
            return Reply::Ignored;
        };
        let mut edges = job.pipeline.edges.iter();
        let next = edges.find_map(|(from, to)| {
            let (near, far) = if on { (from, to) } else { (to, from) };
            (*near == here).then_some(far)
        });
        let place = next.and_then(|id| rows.iter().position(|item| item.stage.id == *id));
        if let Some(place) = place {
            self.sheet.select(place, rows);
        }
        Reply::Done
    }

    /// Where the graph is and where the table, within the frame.
    fn split(&self, inner: Rect, job: &Job<'_>) -> (Rect, Rect) {
        let none = Rect { height: 0, ..inner };
        let edges = !job.pipeline.edges.is_empty();
        match self.sight {
            Sight::Graph => (inner, none),
            Sight::Both if edges && inner.width >= WIDE => {
                let halves = [Constraint::Percentage(58), Constraint::Fill(1)];
                let [table, graph] = Layout::horizontal(halves).spacing(2).areas(inner);
                (graph, table)
            }
            Sight::Both if edges && inner.height >= HIGH => {
                let table = share(job.pipeline.stages.len(), inner);
                let rows = [Constraint::Fill(1), Constraint::Length(table)];
                let [graph, table] = Layout::vertical(rows).areas(inner);
                (graph, table)
            }
            _ => (none, inner),
        }
    }

    fn graph(job: &Job<'_>, look: &Look<'_>) -> (Vec<Knot>, Vec<(usize, usize)>) {
        let stages = &job.pipeline.stages;
        let knot = |stage: &Stage| {
            let (sign, style) = mark::mark(stage.status.as_str(), look);
            Knot { name: stage.id.to_string(), sign, style }
        };
        let place = |id: &SafeText| stages.iter().position(|stage| stage.id == *id);
        let edges = job.pipeline.edges.iter();
        let edges = edges.filter_map(|(from, to)| Some((place(from)?, place(to)?)));
        (stages.iter().map(knot).collect(), edges.collect())
    }
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let all = items(job);
        let rows = self.sheet.arrange(&all);
        match action {
            Action::Back if self.open => self.open = false,
            Action::Enter if !rows.is_empty() => self.open = !self.open,
            Action::Left if !self.open => return self.follow(&rows, job, false),
            Action::Right if !self.open => return self.follow(&rows, job, true),
            Action::View => {
                self.sight = match self.sight {
                    Sight::Both => Sight::Graph,
                    Sight::Graph => Sight::Table,
                    Sight::Table => Sight::Both,
                }
            }
            _ if self.open => return self.scroll.act(action),
            _ if self.sheet.act(action, &rows) => {}
            _ => return Reply::Ignored,
        }
        self.scroll = Scroll::default();
        Reply::Done
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
        let (graph, table) = self.split(panel::inside(area), job);
        if self.open {
            return Reply::Ignored;
        }
        if graph.contains(at) {
            let edges = job.pipeline.edges.iter();
            let place = |id: &SafeText| job.pipeline.stages.iter().position(|one| one.id == *id);
            let edges: Vec<_> =
                edges.filter_map(|(from, to)| Some((place(from)?, place(to)?))).collect();
            let knot = |stage: &Stage| Knot {
                name: stage.id.to_string(),
                sign: "",
                style: ratatui::style::Style::new(),
            };
            let knots: Vec<Knot> = job.pipeline.stages.iter().map(knot).collect();
            let chosen = self.sheet.current(&rows).map(|item| item.place);
            let hit = Dag { knots: &knots, edges: &edges, chosen }.knot_at(at.x, at.y, graph);
            let row = hit.and_then(|hit| rows.iter().position(|item| item.place == hit));
            if let Some(row) = row {
                self.open = self.sheet.position(&rows) == Some(row);
                self.sheet.select(row, &rows);
            }
            return Reply::Done;
        }
        self.open = click_rows(&mut self.sheet, &rows, at, table);
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let all = items(job);
        if all.is_empty() {
            return place.quiet(&job.gap("stages"));
        }
        let rows = self.sheet.arrange(&all);
        let current = self.sheet.current(&rows);
        if let Some(item) = current.filter(|_| self.open) {
            let width = usize::from(panel::inside(place.area).width);
            let lines = depth::lines(item.stage, job, width, place.look);
            return self.scroll.read(&format!("Stage {}", item.stage.id), lines, place);
        }
        let inner = place.open(self.sheet.words(rows.len(), all.len()));
        let (graph, table) = self.split(inner, job);
        if !graph.is_empty() {
            let (knots, edges) = Self::graph(job, place.look);
            let chosen = current.map(|item| item.place);
            Dag { knots: &knots, edges: &edges, chosen }.draw(graph, place.buffer, place.look);
        }
        if !table.is_empty() {
            let to = (&mut *place.buffer, place.focused);
            draw_rows(&self.sheet, &rows, table, to, (job, place.look));
        }
    }

    fn hints(&self) -> &'static [Action] {
        if self.open {
            return &[Action::Back, Action::Down, Action::Zoom];
        }
        &[
            Action::NextPanel,
            Action::Enter,
            Action::View,
            Action::Zoom,
            Action::Sort,
            Action::Filter,
        ]
    }
}
