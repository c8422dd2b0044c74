//! The runs of this session and those kept on disk, the latest first; two that are marked can be
//! compared.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::anchor::Anchor;
use super::{plan, verdict};
use crate::model::command::Command;
use crate::model::id::RunId;
use crate::model::load::Load;
use crate::model::run::RunBrief;
use crate::pipeline;
use crate::state::{RunState, State};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::tab::runs::mark;
use crate::tui::widget::value::many;
use crate::tui::widget::{fixed, titled};

/// What is looked at among the runs.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// The row that is looked at.
    pub(super) at: Anchor<RunId>,
    /// Those that are marked, the earliest mark first; two at most.
    pub(super) marked: Vec<RunId>,
    /// The one that is looked at instead of the latest.
    pub(super) open: Option<RunId>,
}

/// A run of the list.
pub(super) struct Entry<'a> {
    pub(super) id: &'a RunId,
    /// What is known of it; `None` where it is on disk alone.
    run: Option<&'a RunState>,
    /// What stands in the list of what is on disk.
    brief: Option<&'a RunBrief>,
    /// Whether it is on disk, whole.
    finished: bool,
}

/// All of them, the latest first.
pub(super) fn entries(state: &State) -> Vec<Entry<'_>> {
    let stored = state.own_stored().iter().filter(|run| !state.runs.contains_key(&run.id));
    let stored = stored.map(|run| Entry {
        id: &run.id,
        run: None,
        brief: run.brief.as_deref(),
        finished: run.finished,
    });
    let known = state.runs.iter();
    let known = known.map(|(id, run)| Entry { id, run: Some(run), brief: None, finished: true });
    let mut all: Vec<_> = stored.chain(known).collect();
    all.sort_by(|one, other| other.id.cmp(one.id));
    all
}

/// The ids of `entries`, in their order.
pub(super) fn ids<'a>(entries: &[Entry<'a>]) -> Vec<&'a RunId> {
    entries.iter().map(|entry| entry.id).collect()
}

/// Reads `entry` from disk where its samples are not at hand.
fn fetch(entry: &Entry<'_>) -> Reply {
    if entry.run.is_some_and(|run| !run.is_bare()) {
        return Reply::Done;
    }
    Reply::Wish(Command::OpenRun(entry.id.clone()))
}

impl Runs {
    /// The run that is looked at: the one that was opened, the one going on, else the latest.
    pub(super) fn shown<'a>(&self, state: &'a State) -> Option<(&'a RunId, &'a RunState)> {
        let opened = self.open.as_ref().and_then(|id| state.runs.get_key_value(id));
        opened.or_else(|| state.live_run()).or_else(|| state.last_run())
    }

    /// The row of `entries` that is looked at.
    pub(super) fn row(&self, entries: &[Entry<'_>]) -> usize {
        self.at.row(&ids(entries))
    }

    /// Opens the run in the row that is looked at.
    pub(super) fn open(&mut self, state: &State) -> Reply {
        let entries = entries(state);
        let Some(entry) = entries.get(self.row(&entries)) else {
            return Reply::Say("no run is kept yet".into());
        };
        self.open = Some(entry.id.clone());
        fetch(entry)
    }

    /// Marks the run in the row that is looked at, or takes the mark away.
    pub(super) fn mark(&mut self, state: &State) -> Reply {
        let entries = entries(state);
        let Some(entry) = entries.get(self.row(&entries)) else {
            return Reply::Done;
        };
        if let Some(at) = self.marked.iter().position(|id| id == entry.id) {
            self.marked.remove(at);
            return Reply::Done;
        }
        if self.marked.len() == 2 {
            self.marked.remove(0);
        }
        self.marked.push(entry.id.clone());
        fetch(entry)
    }

    /// The two that are marked, the earlier run first; or what is missing.
    pub(super) fn pair<'a>(
        &self,
        state: &'a State,
        look: impl Fn(Action) -> &'static str,
    ) -> Result<[&'a RunState; 2], String> {
        let [one, other] = self.marked.as_slice() else {
            let (mark, runs) = (look(Action::Mark), look(Action::Runs));
            return Err(format!("mark two runs first: {mark} in the list of runs ({runs})"));
        };
        let (base, other) = if one < other { (one, other) } else { (other, one) };
        let known = |id: &RunId| match state.runs.get(id) {
            Some(run) if run.is_live() => Err(format!("run {} is going on; wait", id.short())),
            Some(run) if !run.samples.is_empty() => Ok(run),
            _ => Err(format!("run {} is being read; a moment, please", id.short())),
        };
        Ok([known(base)?, known(other)?])
    }
}

/// From this height on what is known of a run stands below the list.
const TALL: u16 = 16;

/// Where the list is within `area`.
pub(super) const fn list(area: Rect) -> Rect {
    let below = if area.height >= TALL { 9 } else { 0 };
    Rect { height: area.height - below, ..area }
}

/// Draws the list, and below it what is known of the run that is looked at; `cursor` is its row
/// where it has the keys.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    (runs, state): (&Runs, &State),
    cursor: Option<usize>,
    look: &Look<'_>,
) {
    let list = list(area);
    let below = Rect { y: list.bottom(), height: area.height - list.height, ..area };
    draw_list(frame, list, (runs, state), cursor, look);
    if below.height > 0 {
        draw_detail(frame, below, (runs, state), look);
    }
}

/// What is known of the run that is looked at: when, where, what was asked, how quiet it was.
fn draw_detail(frame: &mut Frame<'_>, area: Rect, (runs, state): (&Runs, &State), look: &Look<'_>) {
    let entries = entries(state);
    let Some(entry) = entries.get(runs.row(&entries)) else {
        return;
    };
    let title = format!("Run {}", entry.id);
    frame.render_widget(titled::titled(&title, false, look), area);
    let inside = titled::inside(area);
    let lines = match entry.run {
        Some(run) => detail(run, usize::from(inside.width), look),
        None => vec![Line::styled(
            format!("it is on disk; {} reads it", look.key(Action::Enter)),
            look.theme.muted,
        )],
    };
    frame.render_widget(Paragraph::new(lines), inside);
}

fn detail(run: &RunState, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let (head, machine) = (&run.head, &run.head.fingerprint);
    let known = [&machine.cpu_model, &machine.kernel, &machine.os];
    let mut known: Vec<String> = known.into_iter().flatten().map(ToString::to_string).collect();
    if machine.cpus > 0 {
        known.insert(0, format!("{} {} cpus", machine.hostname, machine.cpus));
    }
    let plan = &head.plan;
    let names = |all: Vec<&str>| all.join(" ");
    let rows = [
        ("began", head.started_at.clone()),
        ("machine", known.join(" · ")),
        ("backends", names(plan.backends.iter().map(|id| id.name()).collect())),
        ("payloads", names(plan.payloads.iter().map(|payload| payload.name()).collect())),
        ("loads", names(plan.loads.iter().map(Load::name).collect())),
        ("isomon", machine.isomon.clone()),
    ];
    let line = |(label, text): (&'static str, String)| {
        let text = if text.is_empty() { "—".to_owned() } else { text };
        Line::from(vec![
            Span::styled(fixed::left(label, 10), look.theme.muted),
            Span::styled(fixed::cut(&text, width.saturating_sub(10)), look.theme.text),
        ])
    };
    let mut lines = vec![verdict::line(run, look)];
    lines.extend(rows.into_iter().map(line));
    lines
}

fn draw_list(
    frame: &mut Frame<'_>,
    area: Rect,
    (runs, state): (&Runs, &State),
    cursor: Option<usize>,
    look: &Look<'_>,
) {
    let width = usize::from(area.width.saturating_sub(4));
    let shown = runs.shown(state).map(|(id, _)| id);
    let entries = entries(state);
    let mut lines: Vec<_> = entries
        .iter()
        .map(|entry| {
            let mark = runs.marked.iter().any(|id| id == entry.id);
            line(entry, (mark, shown == Some(entry.id)), width, look)
        })
        .collect();
    if lines.is_empty() {
        let words = format!("no run is kept yet; {} makes one", look.key(Action::Bench));
        lines = fixed::wrap(&words, width)
            .into_iter()
            .map(|line| Line::styled(line, look.theme.muted))
            .collect();
    }
    let title = match (entries.len(), runs.marked.len()) {
        (0, _) => "Runs".to_owned(),
        (all, 0) => format!("Runs {all}"),
        (_, 2) => format!("Runs: {} compares the two", look.key(Action::Compare)),
        (all, _) => format!("Runs {all}, mark one more"),
    };
    plan::draw_list(frame, area, &title, lines, cursor, look);
}

fn line(
    entry: &Entry<'_>,
    (marked, shown): (bool, bool),
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let mark = if marked { "[x] " } else { "[ ] " };
    let (sign, style) = mark::mark(status(entry), look);
    let name = if shown { look.theme.accent } else { look.theme.text };
    let used = 4 + 2 + 16;
    Line::from(vec![
        Span::styled(mark, if marked { look.theme.accent } else { look.theme.muted }),
        Span::styled(format!("{sign} "), style),
        Span::styled(when(entry.id), name),
        Span::styled(
            format!(" {}", fixed::cut(&note(entry), width.saturating_sub(used))),
            look.theme.muted,
        ),
    ])
}

/// `11-21 09:30:12`, out of `20261121-093012-a1b2c3d4`.
fn when(id: &RunId) -> String {
    let digits: Vec<char> = id.as_str().chars().collect();
    let part = |from: usize| digits.iter().skip(from).take(2).collect::<String>();
    format!("{}-{} {}:{}:{}", part(4), part(6), part(9), part(11), part(13))
}

/// How it stands, in a word.
fn status<'a>(entry: &Entry<'a>) -> &'a str {
    let brief = entry.brief.map(|brief| brief.status.as_str()).filter(|word| !word.is_empty());
    match (entry.run, brief) {
        (Some(run), _) => pipeline::status(run),
        (None, Some(word)) => word,
        (None, None) if entry.finished => "on disk",
        (None, None) => pipeline::CUT_OFF,
    }
}

/// Its name, and how much was measured; that it is on disk where nothing more is known.
fn note(entry: &Entry<'_>) -> String {
    let Some(run) = entry.run else {
        let words = if entry.finished { "on disk" } else { "on disk, cut off" };
        return words.to_owned();
    };
    let name = run.head.plan.name.as_ref().map(|name| format!("{name} "));
    let n = run.progress.completed;
    format!("{}{}, {n} good", name.unwrap_or_default(), many(run.head.cells.len(), "cell"))
}
