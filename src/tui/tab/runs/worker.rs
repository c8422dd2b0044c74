//! The workers of a job: a table, one in depth with what happened to it, and the stack of one that is
//! stuck.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::entry::HERE;
use super::job::Job;
use super::list::{ago, when};
use super::mark;
use super::pane::{Pane, Place, Scroll, Shown, click_on, draw_on};
use crate::model::command::Command;
use crate::model::pipeline::Worker;
use crate::model::text::SafeText;
use crate::model::unit::three_digits;
use crate::model::update::Stack;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::panel;
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{fixed, value};

/// Columns of a label.
const LABEL: usize = 12;
/// Lines of a stack and events that are shown.
const MOST: usize = 1_000;
/// After this long at one thing, in milliseconds, a worker is called stuck.
const STUCK_MS: i64 = 30_000;

/// A row.
pub(super) struct Item<'a>(&'a Worker, i64);

impl Item<'_> {
    /// Time at what it does now, in milliseconds.
    fn at_it_ms(&self) -> Option<i64> {
        self.0.doing_since_ms.map(|since| self.1.saturating_sub(since).max(0))
    }
}

impl Row for Item<'_> {
    type Key = SafeText;
    const FIELDS: &'static [Field] = &[
        Field::text("worker"),
        Field::text("status"),
        Field::text("stage"),
        Field::text("node"),
        Field::new("done", Kind::Number),
        Field::new("failed", Kind::Number),
        Field::new("rate", Kind::Number),
        Field::new("cpu", Kind::Number),
        Field::new("mem", Kind::Bytes),
        Field::new("busy", Kind::Time),
        Field::text("doing"),
        Field::text("part"),
    ];
    const SORTED: usize = 10;

    fn key(&self) -> SafeText {
        self.0.id.clone()
    }

    fn is(&self, key: &SafeText) -> bool {
        self.0.id == *key
    }

    fn value(&self, field: usize) -> Value<'_> {
        let worker = self.0;
        let number = |count: Option<u64>| count.map(|count| count as f64).into();
        match field {
            0 => Value::text(worker.id.as_str()),
            1 => Value::text(worker.status.as_str()),
            2 => Value::text(worker.stage.as_str()),
            3 => Value::text(worker.node.as_str()),
            4 => number(worker.output.or(worker.input)),
            5 => number(worker.failed),
            6 => worker.per_second.into(),
            7 => worker.cores.into(),
            8 => number(worker.memory_bytes.map(|bytes| bytes.0)),
            9 => worker.busy_seconds.map(|busy| busy.0).into(),
            10 => worker.doing.as_ref().map_or(Value::Missing, |doing| Value::text(doing.as_str())),
            _ => {
                let parts: Vec<&str> = worker.parts.iter().map(SafeText::as_str).collect();
                Value::Text(parts.join(" ").into())
            }
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::words("WORKER", 10, 0).grows().by(0),
        Column::words("STATUS", 10, 0).by(1),
        Column::words("STAGE", 10, 1).by(2),
        Column::words("NODE", 9, 5).by(3),
        Column::numbers("DONE", 8, 1).by(4),
        Column::numbers("FAILED", 6, 2).by(5),
        Column::numbers("PER S", 7, 3).by(6),
        Column::numbers("CORES", 6, 2).by(7),
        Column::numbers("MEMORY", 9, 2).by(8),
        Column::numbers("GPU", 5, 7),
        Column::numbers("BUSY", 7, 6).by(9),
        Column::words("DOING", 20, 4).by(10),
        Column::numbers("FOR", 7, 4),
    ];

    fn cell(&self, column: usize, width: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let (worker, theme) = (self.0, look.theme);
        let number =
            |number: Option<f64>| number.filter(|number| number.is_finite()).map(three_digits);
        let one = match column {
            0 => Span::styled(worker.id.to_string(), theme.text),
            1 => return mark::spans(worker.status.as_str(), width, look),
            2 => Span::styled(worker.stage.to_string(), theme.muted),
            3 => Span::styled(worker.node.to_string(), theme.muted),
            4 => value::maybe(worker.output.or(worker.input), theme.text, look),
            5 => {
                let bad = worker.failed.is_some_and(|failed| failed > 0);
                value::maybe(worker.failed, if bad { theme.bad } else { theme.muted }, look)
            }
            6 => value::maybe(number(worker.per_second), theme.text, look),
            7 => value::maybe(number(worker.cores), theme.text, look),
            8 => value::maybe(worker.memory_bytes, theme.text, look),
            9 => value::maybe(worker.gpu, theme.text, look),
            10 => value::maybe(worker.busy_seconds, theme.muted, look),
            11 => value::maybe(worker.doing.as_ref(), theme.text, look),
            _ => {
                let stuck = self.at_it_ms().is_some_and(|ms| ms > STUCK_MS);
                let since = worker.doing_since_ms.filter(|_| worker.doing.is_some());
                let style = if stuck { theme.warn } else { theme.muted };
                value::maybe(since.map(|since| for_how_long(since, look)), style, look)
            }
        };
        vec![one]
    }
}

fn for_how_long(since_ms: i64, look: &Look<'_>) -> String {
    let gone = look.now.wall_ms.saturating_sub(since_ms).max(0);
    value::age(std::time::Duration::from_millis(u64::try_from(gone).unwrap_or_default()))
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<SafeText>,
    /// Whether the worker under the cursor is seen in depth.
    open: bool,
    scroll: Scroll,
    /// Of whom the stack was asked.
    asked: Option<(SafeText, u32)>,
}

impl Default for View {
    fn default() -> Self {
        Self { sheet: Sheet::sorted_by(0), open: false, scroll: Scroll::default(), asked: None }
    }
}

impl View {
    /// Asks where in its program the worker under the cursor is; only this machine can be asked.
    fn stack(&mut self, worker: &Worker, job: &Job<'_>) -> Reply {
        let here = job.place == HERE && job.run.is_some_and(|(_, run)| run.is_live());
        let Some(pid) = worker.pid.filter(|_| here) else {
            let why = match (job.place == HERE, worker.pid) {
                (false, _) => {
                    format!("the stack of {} can be asked on {} alone", worker.id, job.place)
                }
                (_, None) => format!("{} has no process now whose stack could be asked", worker.id),
                _ => "the run is over, and its processes with it".to_owned(),
            };
            return Reply::Say(why.into());
        };
        self.open = true;
        self.asked = Some((worker.id.clone(), pid));
        self.scroll = Scroll::default();
        Reply::Wish(Command::Stack(pid))
    }

    /// What came of asking for the stack of `worker`.
    fn answer<'a>(&self, worker: &Worker, job: &Job<'a>) -> Answer<'a> {
        let asked = self.asked.as_ref().filter(|(id, _)| *id == worker.id);
        let told = job.state.stack.as_deref();
        match asked.map(|(_, pid)| told.filter(|stack| stack.pid == *pid)) {
            None => Answer::Unasked,
            Some(None) => Answer::Awaited,
            Some(Some(stack)) => Answer::Told(stack),
        }
    }
}

/// What came of asking for a stack.
enum Answer<'a> {
    Unasked,
    Awaited,
    Told(&'a Stack),
}

fn items<'a>(job: &Job<'a>) -> Vec<Item<'a>> {
    job.pipeline.workers.iter().map(|worker| Item(worker, job.now.wall_ms)).collect()
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let all = items(job);
        let rows = self.sheet.arrange(&all);
        let current = self.sheet.current(&rows);
        match (action, current) {
            (Action::Stack, Some(item)) => return self.stack(item.0, job),
            (Action::Stack, None) => return Reply::Say("no worker is told of".into()),
            (Action::Back, _) if self.open => self.open = false,
            (Action::Enter, Some(_)) => self.open = !self.open,
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
        self.open = self.open || click_on(&mut self.sheet, &items(job), at, area);
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let all = items(job);
        if all.is_empty() {
            return place.quiet(&job.gap("workers"));
        }
        let rows = self.sheet.arrange(&all);
        if let Some(item) = self.sheet.current(&rows).filter(|_| self.open) {
            let width = usize::from(panel::inside(place.area).width);
            let stack = self.answer(item.0, job);
            let lines = depth(item, &stack, width, place.look);
            return self.scroll.read(&format!("Worker {}", item.0.id), lines, place);
        }
        draw_on(&self.sheet, &all, place, job);
    }

    fn hints(&self) -> &'static [Action] {
        if self.open {
            return &[Action::Back, Action::Stack, Action::Down, Action::Zoom];
        }
        &[
            Action::NextPanel,
            Action::Enter,
            Action::Stack,
            Action::Sort,
            Action::Filter,
            Action::Zoom,
        ]
    }
}

/// Everything that is told of a worker.
fn depth(item: &Item<'_>, stack: &Answer<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let mut lines = facts(item, width, look);
    match stack {
        Answer::Unasked => {}
        Answer::Awaited => {
            let words = Line::styled("asking for its stack…", look.theme.accent);
            lines.extend([Line::default(), words]);
        }
        Answer::Told(stack) => lines.extend(stack_lines(stack, width, look)),
    }
    lines.extend(events(item.0, width, look));
    lines
}

fn facts(item: &Item<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let (worker, theme) = (item.0, look.theme);
    let (sign, style) = mark::mark(worker.status.as_str(), look);
    let doing = worker.doing.as_ref().map(|doing| match worker.doing_since_ms {
        Some(since) => format!("{doing}, for {}", for_how_long(since, look)),
        None => doing.to_string(),
    });
    let time = |at: i64| format!("{}, {}", when(at), ago(at, look.now));
    let known = |text: &SafeText| Some(text.to_string()).filter(|text| !text.is_empty());
    let done = [
        worker.input.map(|count| format!("{count} in")),
        worker.output.map(|count| format!("{count} out")),
        worker.failed.map(|count| format!("{count} failed")),
        worker.per_second.map(|rate| format!("{} each second", three_digits(rate))),
    ];
    let done: Vec<String> = done.into_iter().flatten().collect();
    let uses = [
        worker.cores.map(|cores| format!("{} cores", three_digits(cores))),
        worker.memory_bytes.map(|bytes| bytes.to_string()),
        worker.gpu.map(|gpu| format!("GPU {gpu}")),
    ];
    let uses: Vec<String> = uses.into_iter().flatten().collect();
    let parts: Vec<&str> = worker.parts.iter().map(SafeText::as_str).collect();
    let rows = [
        ("stage", known(&worker.stage)),
        ("node", known(&worker.node)),
        ("process", worker.pid.map(|pid| pid.to_string())),
        ("doing", doing),
        ("began", worker.started_ms.map(time)),
        ("ended", worker.ended_ms.map(time)),
        ("records", Some(done.join(", "))),
        ("busy", worker.busy_seconds.map(|busy| busy.to_string())),
        ("parts", Some(parts.join(" "))),
        ("uses", Some(uses.join(", "))),
    ];
    let mut lines = vec![Line::from(vec![
        Span::styled(fixed::left("status", LABEL), theme.muted),
        Span::styled(format!("{sign} {}", worker.status.as_str().to_lowercase()), style),
    ])];
    lines.extend(rows.into_iter().map(|(label, text)| {
        let text = text.filter(|text| !text.is_empty());
        let text = text.unwrap_or_else(|| value::MISSING.to_owned());
        Line::from(vec![
            Span::styled(fixed::left(label, LABEL), theme.muted),
            Span::styled(fixed::cut(&text, width.saturating_sub(LABEL)), theme.text),
        ])
    }));
    let room = width.saturating_sub(LABEL);
    let why = worker.gap.iter().flat_map(|gap| fixed::wrap(gap.as_str(), room));
    lines.extend(why.map(|line| Line::styled(format!("{:LABEL$}{line}", ""), theme.muted)));
    lines
}

/// Where in its program it is, or why that is not known.
fn stack_lines(stack: &Stack, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let theme = look.theme;
    let title = format!("Stack of process {}, by {}", stack.pid, stack.by);
    let mut lines = vec![Line::default(), Line::styled(title, theme.title)];
    let told = stack.lines.iter().take(MOST);
    lines.extend(told.map(|line| Line::styled(fixed::cut(line.as_str(), width), theme.text)));
    let gap = stack.gap.iter().flat_map(|gap| fixed::wrap(gap.as_str(), width));
    lines.extend(gap.map(|line| Line::styled(line, theme.warn)));
    lines
}

fn events(worker: &Worker, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    if worker.events.is_empty() {
        return Vec::new();
    }
    let title = value::many(worker.events.len(), "event");
    let mut lines = vec![Line::default(), Line::styled(title, look.theme.title)];
    lines.extend(worker.events.iter().rev().take(MOST).map(|event| {
        let (sign, style) = mark::moment(event.kind, look);
        let at = fixed::right(&event.at_seconds.to_string(), 9);
        Line::from(vec![
            Span::styled(format!("{at} "), look.theme.muted),
            Span::styled(format!("{sign} "), style),
            Span::styled(
                fixed::cut(event.words.as_str(), width.saturating_sub(12)),
                look.theme.text,
            ),
        ])
    }));
    lines
}
