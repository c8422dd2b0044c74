//! What the chosen benchmark will do: how much, until when, in which bounds, and for how long.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::choice::Choice;
use super::wish::PREPARING;
use crate::bench::forecast::forecast;
use crate::model::backend::{BackendId, BackendStatus, Readiness};
use crate::model::bench::{Plan, Preset};
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::widget::value::many;
use crate::tui::widget::{fixed, titled};

/// The name of a preset.
const fn name(preset: Preset) -> &'static str {
    match preset {
        Preset::Quick => "quick",
        Preset::Standard => "standard",
        Preset::Full => "full",
    }
}

/// Draws what the chosen benchmark will do; first, what ails the backend `under` the cursor.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    choice: &Choice,
    (state, preparing, under): (&State, bool, Option<&BackendStatus>),
    look: &Look<'_>,
) {
    let block = titled::titled("What it will do", false, look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let plan = choice.plan(state);
    let mut lines = vec![presets(choice.preset, look)];
    let room = usize::from(inside.width).saturating_sub(LABEL);
    for (label, text) in under.and_then(ailment).into_iter().chain(outlook(&plan)) {
        for (index, part) in fixed::wrap(&text, room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let label = Span::styled(fixed::left(label, LABEL), look.theme.muted);
            lines.push(Line::from(vec![label, Span::styled(part, look.theme.text)]));
        }
    }
    let last = usize::from(inside.height).saturating_sub(1);
    lines.truncate(last);
    lines.push(invitation(choice, (state, preparing), look));
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

/// What keeps a backend from running, or from running as it should, and what mends it.
fn ailment(status: &BackendStatus) -> Option<(&'static str, String)> {
    let (label, reason, remedy) = match &status.readiness {
        Readiness::Unavailable { reason, remedy } => ("cannot", reason, remedy),
        Readiness::Degraded { reason, remedy } => ("lacks", reason, remedy),
        Readiness::Ready | Readiness::Checking => return None,
    };
    Some((label, format!("{}: {reason} -> {remedy}", status.id)))
}

fn outlook(plan: &Plan) -> Vec<(&'static str, String)> {
    let effort = &plan.effort;
    let cells = plan.cells().len();
    let starts: usize = plan.backends.iter().map(|id| starts(*id, plan)).sum();
    let lacking = starts * plan.payloads.len() - cells;
    let lacking = if lacking > 0 { format!(" − {lacking} n/a") } else { String::new() };
    let rounds = |rounds: u32| u64::from(rounds).saturating_mul(cells as u64);
    let limits = &plan.limits;
    vec![
        ("takes", takes(plan)),
        (
            "cells",
            format!(
                "{} of {} × {}{lacking} = {cells}",
                many(starts, "start"),
                many(plan.backends.len(), "backend"),
                many(plan.payloads.len(), "payload")
            ),
        ),
        (
            "rounds",
            format!(
                "each cell once a round, shuffled; {} to warm up, then {} to {}",
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
                "each median is known to ±{}, or {} rounds or {} are spent",
                effort.target, effort.max_rounds, effort.budget_seconds
            ),
        ),
        ("loads", loads(plan)),
        (
            "limits",
            format!(
                "{} cpu · {} · {} processes · {} a sample",
                limits.cpus, limits.memory_bytes, limits.pids, limits.timeout_seconds
            ),
        ),
    ]
}

/// The loads after the rounds, by name.
fn loads(plan: &Plan) -> String {
    let names: Vec<&str> = plan.loads.iter().map(crate::model::load::Load::name).collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    let known = forecast(plan);
    let (wanted, budget) = (known.loads_seconds, plan.effort.budget_seconds);
    let long = wanted.0 > budget.0 / 2.0;
    let room = if long { ": some may never begin" } else { "" };
    format!("{}, after the rounds, about {wanted}{room}", names.join(", "))
}

/// In how many of the plan's ways `backend` starts.
fn starts(backend: BackendId, plan: &Plan) -> usize {
    backend.starts().iter().filter(|start| plan.starts.contains(start)).count()
}

fn takes(plan: &Plan) -> String {
    if plan.cells().is_empty() {
        return "—".to_owned();
    }
    let forecast = forecast(plan);
    let wanted = plan.effort.min_rounds;
    if forecast.rounds < wanted {
        let fit = forecast.rounds;
        return format!("{}, room for about {fit} of {wanted} rounds", forecast.at_most_seconds);
    }
    let (least, most) =
        (forecast.at_least_seconds.to_string(), forecast.at_most_seconds.to_string());
    if least == most { format!("about {most}") } else { format!("{least} to {most}") }
}

/// The line that says what to press, or why it would not help.
fn invitation(
    choice: &Choice,
    (state, preparing): (&State, bool),
    look: &Look<'_>,
) -> Line<'static> {
    let trying = Choice::is_trying(state);
    if preparing {
        let words = if trying { "it begins when the backends are tried" } else { PREPARING };
        return Line::styled(words, look.theme.accent);
    }
    if look.readonly {
        return Line::styled("read-only: nothing is run from here", look.theme.muted);
    }
    match Choice::obstacle(&choice.wished(state), state) {
        Some(why) => Line::styled(why, look.theme.warn),
        None => Line::from(vec![
            Span::styled(look.key(Action::Bench), look.theme.accent),
            Span::styled(
                if trying { " runs it when the backends are tried" } else { " runs it" },
                look.theme.text,
            ),
        ]),
    }
}

/// All of it in one line, for a screen with no room.
pub(super) fn brief(
    choice: &Choice,
    (state, preparing): (&State, bool),
    look: &Look<'_>,
) -> Line<'static> {
    let plan = choice.plan(state);
    let takes = takes(&plan);
    let cells = many(plan.cells().len(), "cell");
    let text = format!(" · {} · {cells} · {takes}", name(choice.preset));
    let mut line = invitation(choice, (state, preparing), look);
    line.push_span(Span::styled(text, look.theme.muted));
    line
}
