//! Who answers, who does not and why.

use ratatui::text::{Line, Span};

use crate::model::alert::{Alert, Severity};
use crate::model::id::SourceId;
use crate::model::text::counted;
use crate::model::update::Health;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::tab::fleet::Survey;
use crate::tui::widget::fixed;
use crate::tui::widget::status::{self, Status};
use crate::tui::widget::value;

/// A line of counts, then one for each of the first nodes that do not answer.
pub(super) fn lines(
    (state, survey): (&State, &Survey),
    look: &Look<'_>,
    width: u16,
) -> Vec<Line<'static>> {
    let mut lines = vec![counts(state.lost, survey, look)];
    let silent = survey.silent.iter().filter_map(|id| Some((id, state.nodes.get(id)?)));
    for (id, node) in silent {
        let status = Status::of(node, look);
        let words = match (&node.health, status) {
            (Some(Health::Down { since, why }), _) => {
                format!("{id} down for {}: {why}", value::age(look.age(*since)))
            }
            (_, Status::Waiting) => format!("{id} has not answered yet"),
            _ => format!("{id} stale, last heard {} ago", status::age(node, look)),
        };
        let text = fixed::cut(&format!(" {} {words}", status.sign(look)), usize::from(width));
        lines.push(Line::styled(text, status.style(look.theme)));
    }
    lines.extend(alerts(state, look, width));
    lines
}

/// Alerts that are named.
const ALERTS: usize = 3;

/// The worst alerts that nobody has seen to, a line each.
fn alerts(state: &State, look: &Look<'_>, width: u16) -> Vec<Line<'static>> {
    let all = state.alerts().flat_map(|(source, alerts)| {
        alerts.alerts.iter().filter(|alert| alert.is_loud()).map(move |alert| (source, alert))
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(_, alert)| std::cmp::Reverse((alert.severity, alert.since_ms)));
    let line = |(_, alert): &(&SourceId, &Alert)| {
        let style = match alert.severity {
            Severity::Critical => look.theme.bad,
            Severity::Warning => look.theme.warn,
            Severity::Info => look.theme.accent,
        };
        let text = format!(" {} {}", look.glyph.pick("▲", "!"), alert.matter(look.now.wall_ms));
        Line::styled(fixed::cut(&text, usize::from(width)), style)
    };
    let mut lines: Vec<Line<'static>> = all.iter().take(ALERTS).map(line).collect();
    if all.len() > ALERTS {
        let text = format!("   and {} more: {}", all.len() - ALERTS, look.key(Action::Tab8));
        lines.push(Line::styled(text, look.theme.muted));
    }
    lines
}

fn counts(lost: u64, survey: &Survey, look: &Look<'_>) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for status in Status::ALL {
        let count = survey.standing.count(status);
        if count > 0 || status == Status::Up {
            let style = if count > 0 { status.style(look.theme) } else { look.theme.muted };
            let text = format!("{} {count} {}  ", status.sign(look), status.word());
            spans.push(Span::styled(text, style));
        }
    }
    spans.push(Span::styled(machine(lost, survey), look.theme.muted));
    spans.into()
}

/// Processors, GPUs and backends of all nodes.
fn machine(lost: u64, survey: &Survey) -> String {
    let mut words = Vec::new();
    if survey.cpus > 0 {
        words.push(counted(survey.cpus, "CPU"));
    }
    if survey.gpus > 0 {
        words.push(counted(survey.gpus, "GPU"));
    }
    if survey.backends > 0 {
        words.push(format!("{}/{} backends ready", survey.ready, survey.backends));
    }
    if lost > 0 {
        words.push(format!("{lost} samples dropped"));
    }
    words.join(" · ")
}
