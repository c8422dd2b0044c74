//! Before a run: what can be chosen, and what it will do.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::choice::Choice;
use crate::bench::preset;
use crate::model::backend::{BackendStatus, Readiness};
use crate::model::bench::{Payload, Plan, Preset};
use crate::model::unit::three_digits;
use crate::state::State;
use crate::tui::look::Look;
use crate::tui::tab::backends;
use crate::tui::widget::{fixed, titled};

/// Where the cursor is in a list, if the list has the keys.
pub(super) type Cursor = Option<usize>;

/// The first row of a list of `length` that is shown in `room` lines.
pub(super) const fn first(row: usize, room: usize) -> usize {
    if room == 0 {
        row
    } else {
        (row + 1).saturating_sub(room)
    }
}

/// The name of a preset.
pub(super) const fn name(preset: Preset) -> &'static str {
    match preset {
        Preset::Quick => "quick",
        Preset::Standard => "standard",
        Preset::Full => "full",
    }
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
    let width = usize::from(area.width.saturating_sub(2));
    let lines = statuses
        .iter()
        .map(|status| backend(status, choice, width, look));
    let mut lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        lines.push(Line::styled(" not tried yet", look.theme.muted));
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
    let name = if status.readiness.runs() {
        look.theme.text
    } else {
        look.theme.muted
    };
    let sign = backends::sign(&status.readiness);
    let room = width.saturating_sub(4 + 2 + 15);
    Line::from(vec![
        Span::styled(
            box_,
            if chosen {
                look.theme.accent
            } else {
                look.theme.muted
            },
        ),
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
    let width = usize::from(area.width.saturating_sub(2));
    let line = |(payload, chosen): &(Payload, bool)| {
        let mark = if *chosen { "[x] " } else { "[ ] " };
        let room = width.saturating_sub(4 + 8);
        Line::from(vec![
            Span::styled(
                mark,
                if *chosen {
                    look.theme.accent
                } else {
                    look.theme.muted
                },
            ),
            Span::styled(fixed::left(payload.name(), 8), look.theme.text),
            Span::styled(fixed::left(&amount(*payload), room), look.theme.muted),
        ])
    };
    draw_list(
        frame,
        area,
        "Payloads",
        payloads.iter().map(line).collect(),
        cursor,
        look,
    );
}

/// How much of a payload is done, in words.
pub(super) fn amount(payload: Payload) -> String {
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
    if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        three_digits(value)
    }
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
    let shown = lines
        .into_iter()
        .enumerate()
        .skip(skip)
        .map(|(index, line)| {
            if Some(index) == chosen {
                line.patch_style(look.theme.selected)
            } else {
                line
            }
        });
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()), inside);
}

/// Draws what the chosen benchmark will do.
pub(super) fn draw_outlook(
    frame: &mut Frame<'_>,
    area: Rect,
    choice: &Choice,
    state: &State,
    look: &Look<'_>,
) {
    let block = titled::titled("What it will do", false, look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let plan = choice.plan(state);
    let mut lines = vec![presets(choice.preset, look)];
    let room = usize::from(inside.width).saturating_sub(LABEL);
    for (label, text) in outlook(&plan) {
        for (index, part) in fixed::wrap(&text, room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let label = Span::styled(fixed::left(label, LABEL), look.theme.muted);
            lines.push(Line::from(vec![label, Span::styled(part, look.theme.text)]));
        }
    }
    let last = usize::from(inside.height).saturating_sub(1);
    lines.truncate(last);
    lines.push(invitation(choice, &plan, state, look));
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Columns of the labels beside the outlook.
const LABEL: usize = 9;

fn presets(chosen: Preset, look: &Look<'_>) -> Line<'static> {
    let mut spans = vec![Span::styled(fixed::left("preset", LABEL), look.theme.muted)];
    for preset in [Preset::Quick, Preset::Standard, Preset::Full] {
        let word = if preset == chosen {
            Span::styled(format!("‹{}› ", name(preset)), look.theme.accent)
        } else {
            Span::styled(format!(" {}  ", name(preset)), look.theme.muted)
        };
        spans.push(word);
    }
    Line::from(spans)
}

fn outlook(plan: &Plan) -> Vec<(&'static str, String)> {
    let effort = &plan.effort;
    let cells = plan.cells().len();
    let rounds = |rounds: u32| u64::from(rounds).saturating_mul(cells as u64);
    let limits = &plan.limits;
    vec![
        (
            "cells",
            format!(
                "{} × {} = {cells}",
                many(plan.backends.len(), "backend"),
                many(plan.payloads.len(), "payload")
            ),
        ),
        (
            "rounds",
            format!(
                "each cell once a round, in random order; {} to warm up, then {} to {}",
                effort.warmup_rounds, effort.min_rounds, effort.max_rounds
            ),
        ),
        (
            "samples",
            format!(
                "{} to {}, and {} to warm up",
                rounds(effort.min_rounds),
                rounds(effort.max_rounds),
                rounds(effort.warmup_rounds)
            ),
        ),
        (
            "until",
            format!(
                "each median is known within ±{}, or {} are spent",
                effort.target, effort.budget_seconds
            ),
        ),
        (
            "limits",
            format!(
                "{} cpu · {} · {} processes · {} a sample",
                limits.cpus, limits.memory_bytes, limits.pids, limits.timeout_seconds
            ),
        ),
        ("takes", takes(plan)),
    ]
}

/// `1 backend`, `2 backends`.
fn many(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

fn takes(plan: &Plan) -> String {
    if plan.cells().is_empty() {
        return "—".to_owned();
    }
    format!("about {}", preset::estimate(plan))
}

/// The line that says what to press, or why it would not help.
pub(super) fn invitation(
    choice: &Choice,
    plan: &Plan,
    state: &State,
    look: &Look<'_>,
) -> Line<'static> {
    if look.readonly {
        return Line::styled("read-only: nothing is run from here", look.theme.muted);
    }
    match choice.obstacle(plan, state) {
        Some(why) => Line::styled(why, look.theme.warn),
        None => Line::from(vec![
            Span::styled("b", look.theme.accent),
            Span::styled(" runs it", look.theme.text),
        ]),
    }
}

/// All of it in one line, for a screen with no room.
pub(super) fn brief(choice: &Choice, state: &State, look: &Look<'_>) -> Line<'static> {
    let plan = choice.plan(state);
    let takes = takes(&plan);
    let text = format!(
        "{} · {} cells · {takes} · ",
        name(choice.preset),
        plan.cells().len()
    );
    let mut line = invitation(choice, &plan, state, look);
    line.spans.insert(0, Span::styled(text, look.theme.muted));
    line
}
