//! The columns of the table of backends.

use ratatui::text::{Line, Span};

use super::{sign, style, words};
use crate::model::backend::{BackendStatus, Traits};
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// A column: its heading, width, how soon it goes when there is no room, and its text.
struct Column {
    title: &'static str,
    width: usize,
    rank: u8,
    text: fn(&BackendStatus) -> String,
}

const COLUMNS: [Column; 8] = [
    Column { title: "state", width: 13, rank: 0, text: state_of },
    Column { title: "backend", width: 14, rank: 0, text: |status| status.id.to_string() },
    Column {
        title: "isolation",
        width: 17,
        rank: 3,
        text: |status| status.id.class().words().to_owned(),
    },
    Column { title: "limits", width: 12, rank: 1, text: |status| known(status, limits) },
    Column { title: "network", width: 7, rank: 2, text: |status| known(status, network) },
    Column { title: "seccomp", width: 7, rank: 4, text: |status| known(status, seccomp) },
    Column { title: "host files", width: 10, rank: 5, text: |status| known(status, files) },
    Column { title: "version", width: 24, rank: 6, text: version },
];

/// Its sign and its word.
pub(super) fn state_of(status: &BackendStatus) -> String {
    format!("{} {}", sign(&status.readiness), words(&status.readiness))
}

/// What `say` says of the traits, which only mean something where work can run.
pub(super) fn known(status: &BackendStatus, say: fn(&Traits) -> String) -> String {
    if status.readiness.runs() { say(&status.traits) } else { "—".to_owned() }
}

/// What is bounded.
pub(super) fn limits(traits: &Traits) -> String {
    let bounds =
        [(traits.memory_limit, "mem"), (traits.cpu_limit, "cpu"), (traits.pids_limit, "pids")];
    let kept: Vec<_> = bounds.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
    if kept.is_empty() {
        return "none".to_owned();
    }
    kept.join(" ")
}

/// Whether the network is reached.
pub(super) fn network(traits: &Traits) -> String {
    if traits.network { "open" } else { "none" }.to_owned()
}

/// Whether system calls are filtered.
pub(super) fn seccomp(traits: &Traits) -> String {
    if traits.seccomp { "on" } else { "off" }.to_owned()
}

/// Whether the host's files are safe.
pub(super) fn files(traits: &Traits) -> String {
    if traits.host_writable { "writable" } else { "protected" }.to_owned()
}

/// The version of its tool.
pub(super) fn version(status: &BackendStatus) -> String {
    status.version.as_ref().map_or_else(|| "—".to_owned(), ToString::to_string)
}

/// The columns that fit into `width`.
pub(super) fn choose(width: u16) -> Vec<usize> {
    let widths = COLUMNS.iter().map(|column| (column.width, column.rank));
    fixed::choose(&widths.collect::<Vec<_>>(), usize::from(width))
}

/// The titles of the `chosen` columns.
pub(super) fn heading(chosen: &[usize], look: &Look<'_>) -> Line<'static> {
    let titles = chosen.iter().map(|index| &COLUMNS[*index]);
    let titles: Vec<_> = titles.map(|column| fixed::left(column.title, column.width)).collect();
    Line::styled(titles.join(" "), look.theme.muted)
}

/// The `chosen` columns of `status`.
pub(super) fn row(status: &BackendStatus, chosen: &[usize], look: &Look<'_>) -> Line<'static> {
    let mut spans = Vec::new();
    for index in chosen {
        let column = &COLUMNS[*index];
        let text = (column.text)(status);
        let style = match *index {
            0 => style(&status.readiness, look),
            _ if text == "—" || !status.readiness.runs() => look.theme.muted,
            _ => look.theme.text,
        };
        spans.push(Span::styled(fixed::left(&text, column.width) + " ", style));
    }
    Line::from(spans)
}
