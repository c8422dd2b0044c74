//! Two runs of workflows beside one another: stage by stage, and below what else `isomon compare` prints.
//!
//! They are worked out anew for each frame, so that those that go on are compared while they do.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::entry::{HERE, place_of};
use super::list::when;
use super::mark;
use super::pane::{Place, Scroll};
use super::shelf::Shelf;
use crate::model::id::RunId;
use crate::model::pipeline::Pipeline;
use crate::model::workflow::Ending;
use crate::report::flow_compare::{
    NOISE, Of, Part, Row, Side, data, metadata, rows, says_worse, undone,
};
use crate::state::{State, WorkflowState};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::{fixed, value};

/// Columns of the least and of the longest name of a stage.
const NAME: (usize, usize) = (10, 28);
/// Columns of a word with its letter, of a time, of tasks, of a difference, and of one in percent.
const WORD: usize = 13;
const TOOK: usize = 8;
const TASKS: usize = 7;
const LONGER: usize = 10;
const PERCENT: usize = 10;

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    /// The runs, the one that the other is set beside first.
    ids: [RunId; 2],
    scroll: Scroll,
}

impl View {
    /// Of two runs, the earlier first.
    pub(super) fn of(mut ids: [RunId; 2]) -> Self {
        ids.sort();
        Self { ids, scroll: Scroll::default() }
    }

    pub(super) const fn act(&mut self, action: Action) -> Reply {
        self.scroll.act(action)
    }

    pub(super) fn draw(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        (state, known): (&State, &Shelf),
        look: &Look<'_>,
    ) {
        let found = |id: &RunId| {
            let flow = state.workflows.get(id)?;
            Some((flow, known.flow(id, flow, look.now)))
        };
        let place = Place { title: "", area, buffer: frame.buffer_mut(), focused: true, look };
        let (Some(base), Some(other)) = (found(&self.ids[0]), found(&self.ids[1])) else {
            // The oldest runs are let go of.
            let gone = Line::raw("One of the two is not in memory any more: mark it again.");
            return self.scroll.read("Two runs", vec![gone], place);
        };
        let title = format!("{} against {}", named(other.0), named(base.0));
        let width = usize::from(crate::tui::widget::panel::inside(area).width);
        let runs = [(base.0, &*base.1), (other.0, &*other.1)];
        self.scroll.read(&title, lines(runs, width, look), place);
    }
}

/// Its name and its number.
fn named(flow: &WorkflowState) -> String {
    format!("{} {}", flow.run.head.name, flow.run.head.number)
}

fn side<'a>(
    (flow, job): (&'a WorkflowState, &'a Pipeline),
    (name, word): &'a (String, String),
) -> Side<'a> {
    let ending = flow.run.tail.as_ref().map(|tail| tail.ending);
    Side {
        name,
        word,
        done: ending == Some(Ending::Success),
        why: job.error.as_ref().map(ToString::to_string),
        took: job.duration_seconds,
        metadata: &flow.run.metadata,
        stages: &job.stages,
        tables: flow.tables.values().collect(),
    }
}

fn lines(
    runs: [(&WorkflowState, &Pipeline); 2],
    width: usize,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let words = runs.map(|(flow, job)| (named(flow), job.status.as_str().to_lowercase()));
    let [base, other] = [0, 1].map(|at| side(runs[at], &words[at]));
    let sides = [&base, &other];
    let heads = ["base", "other"].into_iter().zip(runs);
    let mut lines: Vec<_> = heads.map(|(label, run)| about(label, run, width, look)).collect();
    lines.extend([Line::default(), heading(width, look)]);
    lines.extend(rows(sides).iter().map(|row| line(row, width, look)));
    for part in [undone(sides), metadata(sides, NOISE), data(sides)] {
        lines.extend(told(part, width, look));
    }
    let ids = runs.map(|(_, job)| job.id.to_string()).join(" ");
    let last = ["One run each: a small difference may be chance.".to_owned()];
    let last = last.into_iter().chain([format!("In a shell: isomon compare {ids}")]);
    lines.push(Line::default());
    lines.extend(last.map(|words| Line::styled(fixed::cut(&words, width), look.theme.muted)));
    lines
}

/// Which run it is, where, since when.
fn about(
    label: &str,
    (flow, job): (&WorkflowState, &Pipeline),
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let place = place_of(&flow.from);
    let place = if place == HERE { HERE.to_owned() } else { format!("on {place}") };
    let began = when(flow.run.head.started.wall_ms);
    let words = format!("{} · {place} · began {began} · {}", named(flow), job.id);
    Line::from(vec![
        Span::styled(fixed::left(label, 7), look.theme.muted),
        Span::styled(fixed::cut(&words, width.saturating_sub(7)), look.theme.text),
    ])
}

/// How wide the names of stages are, and whether there is room for percents.
fn widths(width: usize) -> (usize, bool) {
    let rest = 2 * (WORD + TOOK + TASKS) + LONGER;
    let percent = width >= NAME.0 + rest + PERCENT;
    let left = width.saturating_sub(rest + if percent { PERCENT } else { 0 });
    (left.clamp(NAME.0, NAME.1), percent)
}

fn heading(width: usize, look: &Look<'_>) -> Line<'static> {
    let (name, percent) = widths(width);
    let side = |label: &str| {
        let word = fixed::left(&format!("  {label}"), WORD);
        word + &fixed::right("took", TOOK) + &fixed::right("tasks", TASKS)
    };
    let mut text = fixed::left("stage", name) + &side("base") + &side("other");
    text += &fixed::right("longer", LONGER);
    if percent {
        text += &fixed::right("by", PERCENT);
    }
    Line::styled(text, look.theme.muted)
}

fn line(row: &Row, width: usize, look: &Look<'_>) -> Line<'static> {
    let (theme, (name, percent)) = (look.theme, widths(width));
    let mut spans = vec![Span::styled(fixed::left(row.name.as_str(), name), theme.text)];
    spans.extend(row.sides.iter().flat_map(|side| of(side.as_ref(), look)));
    let [seconds, share] = row.longer_words();
    spans.push(Span::styled(fixed::right(&seconds, LONGER), theme.accent));
    if percent {
        spans.push(Span::styled(fixed::right(&share, PERCENT), theme.accent));
    }
    Line::from(spans)
}

/// A stage in one of the runs.
fn of(side: Option<&Of>, look: &Look<'_>) -> Vec<Span<'static>> {
    let theme = look.theme;
    let Some(side) = side else {
        let none = fixed::left("  not in it", WORD) + &" ".repeat(TOOK + TASKS);
        return vec![Span::styled(none, theme.muted)];
    };
    let took = side.took.map_or_else(|| value::MISSING.to_owned(), |took| took.to_string());
    let mut spans = vec![Span::raw("  ")];
    spans.extend(mark::spans(side.word.as_str(), WORD - 2, look));
    spans.push(Span::styled(fixed::right(&took, TOOK), theme.text));
    spans.push(Span::styled(fixed::right(&side.tasks(), TASKS), theme.muted));
    spans
}

/// What is said of both under a title; nothing where that is nothing.
fn told((title, said): Part, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    if said.is_empty() {
        return Vec::new();
    }
    let line = |text: String| {
        let style = if says_worse(&text) { look.theme.bad } else { look.theme.text };
        Line::styled(fixed::cut(&format!("  {text}"), width), style)
    };
    let head = [Line::default(), Line::styled(title, look.theme.title)];
    head.into_iter().chain(said.into_iter().map(line)).collect()
}
