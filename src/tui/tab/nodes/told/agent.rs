//! Agents and services that a server watches.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};

use super::super::storage::table;
use super::model::written;
use super::{Sheet, fact, style_of};
use crate::model::agent::{Agent, Agents};
use crate::model::serving::Service;
use crate::state::Node;
use crate::tui::look::Look;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{fixed, grid, panel, value};

const AGENTS: [Column; 6] = [
    Column::words("AGENT", 12, 0).grows(),
    Column::words("STATUS", 8, 0),
    Column::words("NODE", 10, 3),
    Column::words("TASK", 16, 1),
    Column::numbers("DONE", 6, 2),
    Column::numbers("UP", 7, 4),
];

const SERVICES: [Column; 4] = [
    Column::words("SERVICE", 14, 0).grows(),
    Column::words("STATUS", 13, 0),
    Column::numbers("PORT", 5, 2),
    Column::numbers("ANSWERS IN", 10, 1),
];

/// How they do, in a line.
pub(super) fn line(node: &Node, look: &Look<'_>) -> Option<Line<'static>> {
    let agents = node.agents.as_ref().map(|(_, all)| standing(all));
    let services = node.services.as_ref().map(|(_, all)| services(all));
    let words: Vec<String> = agents.into_iter().chain(services).collect();
    let words = words.join(" · ");
    (!words.is_empty()).then(|| fact("watches", vec![Span::styled(words, look.theme.text)], look))
}

fn standing(all: &Agents) -> String {
    let number = |number: Option<f64>, what: &str| Some(format!("{} {what}", written(number)?));
    let known = [
        number(all.sessions.get(), "sessions"),
        number(all.queue.get(), "queued"),
        all.error_rate.get().map(|rate| format!("{rate} failed in an hour")),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    format!("{} · {}", value::many(all.agents.len(), "agent"), known.join(" · "))
}

fn services(all: &[Service]) -> String {
    let healthy = all.iter().filter(|one| one.status.as_str() == "healthy").count();
    format!("{healthy} of {} healthy", value::many(all.len(), "service"))
}

pub(super) fn draw_agents(node: &Node, sheet: Sheet<'_>, buffer: &mut Buffer, look: &Look<'_>) {
    let Some((_, all)) = &node.agents else { return };
    let area = sheet.frame.aside(standing(all)).open(sheet.area, buffer, look);
    let errors = grid::narrow(all.errors.len()).min(area.height / 3);
    let rows = [Constraint::Fill(1), Constraint::Length(errors)];
    let [upper, lower] = Layout::vertical(rows).areas(area);
    if all.agents.is_empty() {
        panel::lines([Line::styled("No agent is told of.", look.theme.muted)], upper, buffer);
    } else {
        table(&AGENTS, all.agents.len(), sheet.scroll).draw(
            upper,
            buffer,
            look,
            &|row, column, _| agent(&all.agents[row], column, look),
        );
    }
    let width = usize::from(lower.width);
    let lines = all
        .errors
        .iter()
        .map(|(at, what)| Line::styled(fixed::cut(&format!("{at} {what}"), width), look.theme.bad));
    panel::lines(lines, lower, buffer);
}

fn agent(of: &Agent, column: usize, look: &Look<'_>) -> Cell {
    let theme = look.theme;
    vec![match column {
        0 => Span::styled(of.name.to_string(), theme.text),
        1 => Span::styled(of.status.to_string(), style_of(of.status.as_str(), look)),
        2 => Span::styled(of.node.to_string(), theme.muted),
        3 => Span::styled(of.task.to_string(), theme.text),
        4 => value::maybe(written(of.completed.get()), theme.text, look),
        _ => value::span(&of.uptime_seconds, theme.muted, look),
    }]
}

pub(super) fn draw_services(node: &Node, sheet: Sheet<'_>, buffer: &mut Buffer, look: &Look<'_>) {
    let Some((_, all)) = &node.services else { return };
    let area = sheet.frame.aside(services(all)).open(sheet.area, buffer, look);
    if all.is_empty() {
        let words = Line::styled("No service is told of.", look.theme.muted);
        return panel::lines([words], area, buffer);
    }
    table(&SERVICES, all.len(), sheet.scroll)
        .draw(area, buffer, look, &|row, column, _| service(&all[row], column, look));
}

fn service(of: &Service, column: usize, look: &Look<'_>) -> Cell {
    let theme = look.theme;
    vec![match column {
        0 => Span::styled(of.name.to_string(), theme.text),
        1 => Span::styled(of.status.to_string(), style_of(of.status.as_str(), look)),
        2 => value::maybe(of.port, theme.muted, look),
        _ => value::span(&of.response_seconds, theme.text, look),
    }]
}
