//! Who answers, who does not and why.

use ratatui::text::{Line, Span};

use crate::model::update::Health;
use crate::state::State;
use crate::tui::look::Look;
use crate::tui::widget::fixed;
use crate::tui::widget::status::{self, Standing, Status};
use crate::tui::widget::value;

/// Silent nodes named one by one; the others are only counted.
const NAMED: usize = 3;

/// A line of counts, then one for each node that does not answer.
pub(super) fn lines(state: &State, look: &Look<'_>, width: u16) -> Vec<Line<'static>> {
    let mut lines = vec![counts(state, look)];
    let silent = state.nodes.iter().filter(|(_, node)| !Status::of(node, look).is_live());
    for (id, node) in silent.take(NAMED) {
        let status = Status::of(node, look);
        let words = match (&node.health, status) {
            (Some(Health::Down { since, why }), _) => {
                format!("{id} down for {}: {why}", value::age(look.now.since(*since)))
            }
            (_, Status::Waiting) => format!("{id} has not answered yet"),
            _ => format!("{id} stale, last heard {} ago", status::age(node, look)),
        };
        let text = fixed::cut(&format!(" {} {words}", status.sign(look)), usize::from(width));
        lines.push(Line::styled(text, status.style(look.theme)));
    }
    lines
}

fn counts(state: &State, look: &Look<'_>) -> Line<'static> {
    let standing = Standing::of(state.nodes.values().map(|node| Status::of(node, look)));
    let mut spans = vec![Span::raw(" ")];
    for status in Status::ALL {
        let count = standing.count(status);
        if count > 0 || status == Status::Up {
            let style = if count > 0 { status.style(look.theme) } else { look.theme.muted };
            let text = format!("{} {count} {}  ", status.sign(look), status.word());
            spans.push(Span::styled(text, style));
        }
    }
    spans.push(Span::styled(machine(state), look.theme.muted));
    spans.into()
}

/// Processors, GPUs and backends of all nodes.
fn machine(state: &State) -> String {
    let nodes = || state.nodes.values();
    let infos = nodes().filter_map(|node| node.info.as_ref());
    let cpus: u64 = infos.map(|info| u64::from(info.cpus)).sum();
    let gpus: usize =
        nodes().flat_map(|node| &node.gpus).map(|(_, sample)| sample.gpus.len()).sum();
    let backends = || nodes().flat_map(|node| &node.backends);
    let ready = backends().filter(|backend| backend.readiness.runs()).count();
    let mut words = Vec::new();
    if cpus > 0 {
        words.push(counted(cpus, "CPU"));
    }
    if gpus > 0 {
        words.push(counted(gpus as u64, "GPU"));
    }
    if backends().next().is_some() {
        words.push(format!("{ready}/{} backends ready", backends().count()));
    }
    if state.lost > 0 {
        words.push(format!("{} samples dropped", state.lost));
    }
    words.join(" · ")
}

fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
