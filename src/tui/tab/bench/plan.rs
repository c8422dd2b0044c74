//! Before a run: the lists of what can be chosen, and what is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::choice::Choice;
use crate::model::backend::{BackendId, BackendStatus, Readiness, Start};
use crate::model::bench::Payload;
use crate::model::load::Load;
use crate::model::unit::three_digits;
use crate::state::State;
use crate::tui::look::Look;
use crate::tui::tab::backends;
use crate::tui::widget::{fixed, titled};

/// Where the cursor is in a list, if the list has the keys.
pub(super) type Cursor = Option<usize>;

/// The first row of a list of `length` that is shown in `room` lines.
pub(super) const fn first(row: usize, room: usize) -> usize {
    if room == 0 { row } else { (row + 1).saturating_sub(room) }
}

/// Draws the backends that can be chosen.
pub(super) fn draw_backends(
    frame: &mut Frame<'_>,
    area: Rect,
    choice: &Choice,
    state: &State,
    cursor: Cursor,
    look: &Look<'_>,
) {
    let width = usize::from(area.width.saturating_sub(4));
    let statuses = Choice::backends(state);
    let lines = statuses.iter().map(|status| backend(status, choice, width, look));
    let mut lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        let (first, second) = backends::untried(look);
        lines.push(Line::styled(first, look.theme.text));
        let words = fixed::wrap(second, width);
        lines.extend(words.into_iter().map(|line| Line::styled(line, look.theme.muted)));
    }
    let chosen = statuses.iter().filter(|status| choice.has(status)).count();
    let title = match statuses.len() {
        0 => "Backends".to_owned(),
        all => format!("Backends {chosen} of {all}"),
    };
    draw_list(frame, area, &title, lines, cursor, look);
}

fn backend(
    status: &BackendStatus,
    choice: &Choice,
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let chosen = choice.has(status);
    let box_ = match (choice.can(status), chosen) {
        (false, _) => " —  ",
        (true, true) => "[x] ",
        (true, false) => "[ ] ",
    };
    let note = match &status.readiness {
        Readiness::Ready if !choice.can(status) => "none of the starts".to_owned(),
        Readiness::Ready => status.id.class().words().to_owned(),
        Readiness::Checking => "being tried".to_owned(),
        Readiness::Degraded { reason, .. } | Readiness::Unavailable { reason, .. } => {
            reason.to_string()
        }
    };
    let name = if choice.can(status) { look.theme.text } else { look.theme.muted };
    let sign = backends::sign(&status.readiness);
    let room = width.saturating_sub(4 + 2 + ID);
    Line::from(vec![
        Span::styled(box_, if chosen { look.theme.accent } else { look.theme.muted }),
        Span::styled(format!("{sign} "), backends::style(&status.readiness, look)),
        Span::styled(fixed::left(status.id.name(), ID), name),
        Span::styled(fixed::cut(&note, room), look.theme.muted),
    ])
}

/// Columns of a backend's name: the longest, and a blank.
const ID: usize = 19;

/// Draws the starts that can be chosen.
pub(super) fn draw_starts(
    frame: &mut Frame<'_>,
    area: Rect,
    choice: &Choice,
    state: &State,
    cursor: Cursor,
    look: &Look<'_>,
) {
    let width = usize::from(area.width.saturating_sub(4));
    let line = |start: Start| {
        let having = Choice::starting(start, state);
        let known = having.is_empty() && !backends::statuses(state).is_empty();
        let wanted = choice.wants(start) && !known;
        let mark = match (known, wanted) {
            (true, _) => " —  ",
            (_, true) => "[x] ",
            (_, false) => "[ ] ",
        };
        let note = fixed::cut(&having_words(start, &having), width.saturating_sub(4 + 9));
        Line::from(vec![
            Span::styled(mark, if wanted { look.theme.accent } else { look.theme.muted }),
            Span::styled(fixed::left(start.name(), 9), look.theme.text),
            Span::styled(note, look.theme.muted),
        ])
    };
    let lines = Start::ALL.into_iter().map(line).collect();
    draw_list(frame, area, "Starts", lines, cursor, look);
}

/// What can be started so.
fn having_words(start: Start, having: &[BackendId]) -> String {
    if start == Start::Cold {
        return "all, from nothing".to_owned();
    }
    let names: Vec<_> = having.iter().map(|id| id.name()).collect();
    if names.is_empty() { "nothing here".to_owned() } else { names.join(", ") }
}

/// Draws the payloads that can be chosen.
pub(super) fn draw_payloads(
    frame: &mut Frame<'_>,
    area: Rect,
    choice: &Choice,
    state: &State,
    cursor: Cursor,
    look: &Look<'_>,
) {
    let payloads = choice.payloads(state);
    let width = usize::from(area.width.saturating_sub(4));
    let line = |(payload, chosen): &(Payload, bool)| {
        let mark = if *chosen { "[x] " } else { "[ ] " };
        let room = width.saturating_sub(4 + 8);
        Line::from(vec![
            Span::styled(mark, if *chosen { look.theme.accent } else { look.theme.muted }),
            Span::styled(fixed::left(payload.name(), 8), look.theme.text),
            Span::styled(fixed::left(&amount(*payload), room), look.theme.muted),
        ])
    };
    draw_list(frame, area, "Payloads", payloads.iter().map(line).collect(), cursor, look);
}

/// Draws the loads that can be chosen.
pub(super) fn draw_loads(
    frame: &mut Frame<'_>,
    area: Rect,
    choice: &Choice,
    cursor: Cursor,
    look: &Look<'_>,
) {
    let width = usize::from(area.width.saturating_sub(4));
    let chosen = choice.loads();
    let line = |name: &&'static str| {
        let wanted = chosen.iter().any(|load| load.name() == *name);
        let mark = if wanted { "[x] " } else { "[ ] " };
        let note = fixed::cut(load_words(name), width.saturating_sub(4 + 11));
        Line::from(vec![
            Span::styled(mark, if wanted { look.theme.accent } else { look.theme.muted }),
            Span::styled(fixed::left(name, 11), look.theme.text),
            Span::styled(note, look.theme.muted),
        ])
    };
    draw_list(
        frame,
        area,
        "Loads, after the rounds",
        Load::NAMES.iter().map(line).collect(),
        cursor,
        look,
    );
}

/// What the load called `name` does, in a few words.
fn load_words(name: &str) -> &'static str {
    match name {
        "memory" => "many that stand still",
        "throughput" => "1, 2, 4 … at once",
        "latency" => "arrivals on a schedule",
        "neighbour" => "one busy beside it",
        _ => "until something says no",
    }
}

/// How much of a payload is done, in words.
fn amount(payload: Payload) -> String {
    let count = |amount: u64| match amount {
        10_000_000.. => format!("{} M", short(amount as f64 / 1e6)),
        10_000.. => format!("{} k", short(amount as f64 / 1e3)),
        few => few.to_string(),
    };
    match payload {
        Payload::Noop => "start, answer, end".to_owned(),
        Payload::Cpu { rounds } => format!("{} xorshift rounds", count(rounds)),
        Payload::Memory { mib } => format!("{mib} MiB, page by page"),
        Payload::Syscall { calls } => format!("{} system calls", count(calls)),
        Payload::Io { mib } => format!("{mib} MiB written and read"),
        Payload::Job => "what the plan names".to_owned(),
    }
}

fn short(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { three_digits(value) }
}

/// Draws a framed list, scrolled so that `cursor` is in sight.
pub(super) fn draw_list(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    lines: Vec<Line<'static>>,
    cursor: Cursor,
    look: &Look<'_>,
) {
    let (all, room) = (lines.len(), usize::from(titled::inside(area).height));
    let chosen = cursor.map(|row| row.min(all.saturating_sub(1)));
    let skip = first(chosen.unwrap_or(0), room);
    let mut block = titled::titled(title, cursor.is_some(), look);
    if all > room && room > 0 {
        let seen = format!(" {}–{} of {all} ", skip + 1, (skip + room).min(all));
        block = block.title_bottom(Line::styled(seen, look.theme.muted).right_aligned());
    }
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let shown = lines.into_iter().enumerate().skip(skip).map(|(index, line)| {
        if Some(index) == chosen { line.patch_style(look.theme.selected) } else { line }
    });
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inside);
}
