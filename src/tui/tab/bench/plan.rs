//! Before a run: the lists of what can be chosen, and what is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::choice::Choice;
use crate::model::backend::{BackendStatus, Readiness};
use crate::model::bench::Payload;
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
    let statuses = backends::statuses(state);
    let width = usize::from(area.width.saturating_sub(4));
    let lines = statuses.iter().map(|status| backend(status, choice, width, look));
    let mut lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        let (first, second) = backends::untried(look);
        lines.push(Line::styled(first, look.theme.text));
        let words = fixed::wrap(second, width);
        lines.extend(words.into_iter().map(|line| Line::styled(line, look.theme.muted)));
    }
    draw_list(frame, area, "Backends", lines, cursor, look);
}

fn backend(
    status: &BackendStatus,
    choice: &Choice,
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let chosen = choice.has(status);
    let box_ = match (status.readiness.runs(), chosen) {
        (false, _) => " —  ",
        (true, true) => "[x] ",
        (true, false) => "[ ] ",
    };
    let note = match &status.readiness {
        Readiness::Ready => status.id.class().words().to_owned(),
        Readiness::Checking => "being tried".to_owned(),
        Readiness::Degraded { reason, .. } | Readiness::Unavailable { reason, .. } => {
            reason.to_string()
        }
    };
    let name = if status.readiness.runs() { look.theme.text } else { look.theme.muted };
    let sign = backends::sign(&status.readiness);
    let room = width.saturating_sub(4 + 2 + 15);
    Line::from(vec![
        Span::styled(box_, if chosen { look.theme.accent } else { look.theme.muted }),
        Span::styled(format!("{sign} "), backends::style(&status.readiness, look)),
        Span::styled(fixed::left(status.id.name(), 15), name),
        Span::styled(fixed::left(&note, room), look.theme.muted),
    ])
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

/// How much of a payload is done, in words.
fn amount(payload: Payload) -> String {
    let count = |amount: u64| match amount {
        10_000_000.. => format!("{} M", short(amount as f64 / 1e6)),
        10_000.. => format!("{} k", short(amount as f64 / 1e3)),
        few => few.to_string(),
    };
    match payload {
        Payload::Noop => "start, echo, end".to_owned(),
        Payload::Cpu { rounds } => format!("{} xorshift rounds", count(rounds)),
        Payload::Memory { mib } => format!("{mib} MiB, page by page"),
        Payload::Syscall { calls } => format!("{} system calls", count(calls)),
    }
}

fn short(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { three_digits(value) }
}

fn draw_list(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    lines: Vec<Line<'static>>,
    cursor: Cursor,
    look: &Look<'_>,
) {
    let block = titled::titled(title, cursor.is_some(), look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let chosen = cursor.map(|row| row.min(lines.len().saturating_sub(1)));
    let skip = first(chosen.unwrap_or(0), usize::from(inside.height));
    let shown = lines.into_iter().enumerate().skip(skip).map(|(index, line)| {
        if Some(index) == chosen { line.patch_style(look.theme.selected) } else { line }
    });
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inside);
}
