//! Agents, their sessions and errors, and services that a server watches.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::super::storage::table;
use super::model::written;
use super::workload::age;
use super::{Sheet, fact, style_of};
use crate::model::agent::{Agent, Agents, Session, Trouble};
use crate::model::serving::Service;
use crate::state::Node;
use crate::tui::look::Look;
use crate::tui::tab::done::{clock, dollars, tokens};
use crate::tui::tab::overview::agent;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{fixed, grid, panel, value};

const AGENTS: [Column; 9] = [
    Column::words("AGENT", 10, 0).grows(),
    Column::words("STATUS", 7, 0),
    Column::words("NODE", 9, 7),
    Column::words("TASK", 14, 4),
    Column::numbers("DONE 24H", 8, 1),
    Column::numbers("GOOD", 6, 3),
    Column::numbers("TOKENS 24H", 10, 2),
    Column::numbers("COST 24H", 8, 5),
    Column::words("SESSION", 12, 6),
];

const SESSIONS: [Column; 7] = [
    Column::words("SESSION", 14, 0).grows(),
    Column::words("AGENT", 9, 4),
    Column::words("STATUS", 8, 0),
    Column::words("MODEL", 12, 3),
    Column::numbers("TOKENS", 8, 2),
    Column::numbers("RAN", 8, 1),
    Column::numbers("AGE", 7, 0),
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
    let known = agent::standing(all).words();
    let failed = all.error_rate.get().filter(|_| all.done.errors_1h.known().is_none());
    let failed = failed.map(|rate| format!("{rate} failed in an hour"));
    let agents = (!all.agents.is_empty()).then(|| value::many(all.agents.len(), "agent"));
    let known = Some(known).filter(|known| !known.is_empty());
    let words: Vec<String> = agents.into_iter().chain(known).chain(failed).collect();
    words.join(" · ")
}

fn services(all: &[Service]) -> String {
    let healthy = all.iter().filter(|one| one.status.as_str() == "healthy").count();
    format!("{healthy} of {} healthy", value::many(all.len(), "service"))
}

pub(super) fn draw_agents(node: &Node, sheet: Sheet<'_>, buffer: &mut Buffer, look: &Look<'_>) {
    let Some((_, all)) = &node.agents else { return };
    let area = sheet.frame.aside(aside(all)).open(sheet.area, buffer, look);
    let lines = heads(all, usize::from(area.width), look);
    let heads = grid::narrow(lines.len()).min(area.height / 3);
    let errors = grid::narrow(all.errors.len()).min(area.height / 4);
    let agents = if all.list.is_empty() && all.cluster.is_none() {
        area.height
    } else {
        rows((all.agents.len(), all.list.len()), area.height - heads - errors)
    };
    let [top, upper, middle, lower] = Layout::vertical([
        Constraint::Length(heads),
        Constraint::Max(agents),
        Constraint::Fill(1),
        Constraint::Length(errors),
    ])
    .areas(area);
    panel::lines(lines, top, buffer);
    draw_each(all, (sheet.scroll, upper), buffer, look);
    draw_sessions(all, (sheet.scroll, middle), buffer, look);
    let width = usize::from(lower.width);
    let of = |one: &Trouble| {
        let at = one.at_ms.map_or_else(|| one.at.to_string(), |at| clock(at, look));
        let words = format!("{at} {}: {}", one.of, one.what);
        Line::styled(fixed::cut(&words, width), look.theme.bad)
    };
    panel::lines(all.errors.iter().map(of), lower, buffer);
}

/// Rows for a table of so many agents above one of so many sessions: a third of `room`, or what the sessions
/// leave.
fn rows((agents, sessions): (usize, usize), room: u16) -> u16 {
    let high = |count: usize| grid::narrow(count + usize::from(count > 0));
    let most = (room / 3).max(room.saturating_sub(high(sessions).max(1)));
    high(agents).min(most.max(2))
}

/// Each agent; that there is none is said where nothing else is told.
fn draw_each(all: &Agents, (scroll, area): (usize, Rect), buffer: &mut Buffer, look: &Look<'_>) {
    if all.agents.is_empty() {
        let alone = all.list.is_empty() && all.cluster.is_none();
        let words = alone.then(|| Line::styled("No agent is told of.", look.theme.muted));
        return panel::lines(words, area, buffer);
    }
    let scroll = if all.list.is_empty() { scroll } else { 0 };
    table(&AGENTS, all.agents.len(), scroll)
        .draw(area, buffer, look, &|row, column, _| each(&all.agents[row], column, look));
}

fn draw_sessions(
    all: &Agents,
    (scroll, area): (usize, Rect),
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    if all.list.is_empty() {
        let words = all.total.map(|_| Line::styled("No session yet.", look.theme.muted));
        return panel::lines(words, area, buffer);
    }
    table(&SESSIONS, all.list.len(), scroll)
        .draw(area, buffer, look, &|row, column, _| session(&all.list[row], column, look));
}

/// What stands above the tables: how work stands, what it cost, and what is not told.
fn heads(all: &Agents, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let standing = agent::standing(all);
    let mut lines = if standing.is_known() { standing.lines(width, look) } else { Vec::new() };
    let used = all.tokens_24h.get().map(|count| format!("{} tokens", tokens(count)));
    let cost = all.cost_24h_usd.get().map(dollars);
    let models = all.models.iter().map(|one| match one.tokens.get() {
        Some(count) => format!("{} {}", one.model, tokens(count)),
        None => one.model.to_string(),
    });
    let words: Vec<String> = used.into_iter().chain(cost).chain(models).collect();
    let text = |words: String| Line::styled(fixed::cut(&words, width), look.theme.text);
    if !words.is_empty() {
        lines.push(text(format!("24 h  {}", words.join(" · "))));
    }
    lines.extend(all.cluster.iter().map(agent::cluster).map(text));
    let gap = |gap| Line::styled(fixed::cut(&format!("{gap}"), width), look.theme.warn);
    lines.extend(all.gaps.iter().map(gap));
    lines
}

fn aside(all: &Agents) -> String {
    let agents = (!all.agents.is_empty()).then(|| value::many(all.agents.len(), "agent"));
    let sessions = all.total.map(|total| format!("{total} sessions"));
    agents.into_iter().chain(sessions).collect::<Vec<_>>().join(" · ")
}

fn each(of: &Agent, column: usize, look: &Look<'_>) -> Cell {
    let theme = look.theme;
    let done = of.done.completed_24h.get().or_else(|| of.completed.get());
    vec![match column {
        0 => Span::styled(of.name.to_string(), theme.text),
        1 => Span::styled(of.status.to_string(), style_of(of.status.as_str(), look)),
        2 => Span::styled(of.node.to_string(), theme.muted),
        3 => Span::styled(of.task.to_string(), theme.text),
        4 => value::maybe(written(done), theme.text, look),
        5 => value::span(&of.done.success_24h, theme.text, look),
        6 => value::maybe(of.tokens_24h.get().map(tokens), theme.text, look),
        7 => value::maybe(of.cost_24h_usd.get().map(dollars), theme.text, look),
        _ => {
            let advice = of.advice.as_str();
            let style = if advice == "healthy" { theme.good } else { theme.warn };
            Span::styled(advice.replace('_', " "), style)
        }
    }]
}

/// The key of a session without its agent, which has a column of its own.
fn short(of: &Session) -> &str {
    let rest = of.key.as_str().strip_prefix("agent:");
    let rest = rest.and_then(|rest| rest.strip_prefix(of.agent.as_str())?.strip_prefix(':'));
    rest.unwrap_or_else(|| of.key.as_str())
}

fn session(of: &Session, column: usize, look: &Look<'_>) -> Cell {
    let theme = look.theme;
    vec![match column {
        0 => Span::styled(short(of).to_owned(), theme.text),
        1 => Span::styled(of.agent.to_string(), theme.muted),
        2 => Span::styled(of.status.to_string(), style_of(of.status.as_str(), look)),
        3 => Span::styled(of.model.to_string(), theme.muted),
        4 => value::maybe(of.tokens.get().map(tokens), theme.text, look),
        5 => value::span(&of.run_seconds, theme.text, look),
        _ => value::maybe(of.updated_ms.map(|at| age(at, look.now)), theme.muted, look),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_have_the_rows_that_sessions_leave() {
        let wanted = [
            ((2, 2), 7, 3),
            ((2, 9), 7, 2),
            ((9, 2), 10, 7),
            ((9, 9), 12, 4),
            ((0, 3), 9, 0),
            ((3, 0), 9, 4),
            ((3, 9), 3, 2),
        ];
        for (counts, room, agents) in wanted {
            assert_eq!(rows(counts, room), agents, "{counts:?} in {room}");
        }
    }
}
