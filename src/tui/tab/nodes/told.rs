//! Panels of what a server tells beside or instead of a machine's numbers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::layout::Part;
use crate::model::origin::Origin;
use crate::model::update::Health;
use crate::state::Node;
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::{fixed, value};

mod agent;
mod job;
mod model;
mod origin;
mod workload;

pub(super) use origin::server;

/// A panel about to be filled.
struct Sheet<'a> {
    frame: Panel<'a>,
    area: Rect,
    /// Rows that are scrolled past.
    scroll: usize,
}

/// Draws panel `part` of `node`.
pub(super) fn draw(
    (part, node): (Part, &Node),
    scroll: usize,
    frame: Panel<'_>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let sheet = Sheet { frame, area, scroll };
    match part {
        Part::Workloads => workload::draw(node, sheet, buffer, look),
        Part::Jobs => job::draw(node, sheet, buffer, look),
        Part::Models => model::draw(node, sheet, buffer, look),
        Part::Agents => agent::draw_agents(node, sheet, buffer, look),
        Part::Services => agent::draw_services(node, sheet, buffer, look),
        _ => origin::draw(node, sheet, buffer, look),
    }
}

/// What there is to say in short of a node that is no machine.
pub(super) fn brief(node: &Node, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let width = usize::from(area.width);
    let down = match &node.health {
        Some(Health::Down { since, why }) => {
            let words = format!("down for {}: {why}", value::age(look.age(*since)));
            let lines = fixed::wrap(&words, width).into_iter();
            lines.map(|line| Line::styled(line, look.theme.bad)).collect()
        }
        _ => Vec::new(),
    };
    let lines = [
        node.origin.as_deref().map(|origin: &Origin| {
            Line::styled(fixed::cut(&server(origin), width), look.theme.text)
        }),
        workload::line(node, look),
        job::line(node, look),
        model::line(node, look),
        agent::line(node, look),
    ];
    let lines: Vec<Line<'_>> = down.into_iter().chain(lines.into_iter().flatten()).collect();
    if lines.is_empty() {
        let words = Line::styled("Nothing has been heard of it yet.", look.theme.muted);
        return panel::lines([words], area, buffer);
    }
    panel::lines(lines, area, buffer);
}

/// `label` in its column, and `words` after it.
fn fact(label: &str, words: Vec<Span<'static>>, look: &Look<'_>) -> Line<'static> {
    let label = Span::styled(fixed::left(label, 11), look.theme.muted);
    std::iter::once(label).chain(words).collect()
}

/// A style for a word of a server about how something is.
fn style_of(word: &str, look: &Look<'_>) -> ratatui::style::Style {
    match word.to_ascii_lowercase().as_str() {
        "running" | "active" | "healthy" | "completed" | "finished" | "ok" | "up" | "done" => {
            look.theme.good
        }
        "pending" | "degraded" | "idle" | "unknown" | "killed" | "cancelled" => look.theme.warn,
        "failed" | "error" | "down" | "unhealthy" | "timeout" => look.theme.bad,
        _ => look.theme.text,
    }
}
