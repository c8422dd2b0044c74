//! The columns of the table of backends.
//!
//! Each has a rank: where room is short, those of the highest ranks go first. A backend that cannot
//! run has nothing to say in most of them, so its row says what is missing instead.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{seen, sign, style, words};
use crate::model::backend::{BackendStatus, Inside, Reach, Readiness, Traits};
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// A column: its heading, width, how soon it goes when there is no room, and its text.
struct Column {
    title: &'static str,
    width: usize,
    rank: u8,
    text: fn(&BackendStatus, &Look<'_>) -> String,
}

/// Columns that every row fills, whether its backend runs or not.
const ALWAYS: usize = 2;

const COLUMNS: [Column; 16] = [
    Column { title: "state", width: 13, rank: 0, text: |status, _| state_of(status) },
    Column { title: "backend", width: 18, rank: 0, text: |status, _| status.id.to_string() },
    Column {
        title: "isolation",
        width: 17,
        rank: 3,
        text: |status, _| status.id.class().words().to_owned(),
    },
    Column { title: "limits", width: 21, rank: 2, text: |status, _| limits(&status.traits) },
    Column { title: "network", width: 7, rank: 1, text: |status, _| network(status).to_owned() },
    Column { title: "kernel", width: 6, rank: 1, text: |status, _| kernel(status).to_owned() },
    Column { title: "calls", width: 5, rank: 4, text: |status, _| answering(status) },
    Column {
        title: "files",
        width: 5,
        rank: 5,
        text: |status, _| files(&status.traits).to_owned(),
    },
    Column { title: "seccomp", width: 7, rank: 6, text: |status, _| on(status.traits.seccomp) },
    Column { title: "own ns", width: 6, rank: 7, text: |status, _| looked(status, spaces) },
    Column { title: "writable", width: 13, rank: 9, text: |status, _| looked(status, writable) },
    Column { title: "runtimes", width: 18, rank: 10, text: |status, _| runtimes(&status.traits) },
    Column { title: "snap", width: 4, rank: 12, text: |status, _| yes(status.traits.snapshot) },
    Column { title: "at once", width: 7, rank: 11, text: |status, _| at_once(&status.traits) },
    Column { title: "version", width: 24, rank: 8, text: |status, _| version(status) },
    Column {
        title: "age",
        width: 10,
        rank: 8,
        text: |status, look| status.age(look.now).unwrap_or_else(nothing),
    },
];

fn nothing() -> String {
    "—".to_owned()
}

/// Its sign and its word.
pub(super) fn state_of(status: &BackendStatus) -> String {
    format!("{} {}", sign(&status.readiness), words(&status.readiness))
}

/// What is bounded. Output and time are by isomon itself, whatever the backend.
pub(super) fn limits(traits: &Traits) -> String {
    let bounds = [
        (traits.memory_limit, "mem"),
        (traits.cpu_limit, "cpu"),
        (traits.pids_limit, "pids"),
        (true, "out"),
        (true, "time"),
    ];
    let kept = bounds.iter().filter(|(on, _)| *on).map(|(_, word)| *word);
    kept.collect::<Vec<_>>().join(" ")
}

/// How far the network reaches; as measured, where it was.
pub(super) fn network(status: &BackendStatus) -> &'static str {
    match status.inside.as_ref().and_then(|inside| inside.network) {
        Some(Reach::Outside) => "open",
        Some(Reach::Loopback) => "loop",
        None if status.traits.network => "open",
        Some(Reach::None) | None => "none",
    }
}

/// Whose kernel answers. What has no system calls has none, and needs no look to tell.
fn kernel(status: &BackendStatus) -> &'static str {
    if seen::is_mute(status) {
        return "none";
    }
    match status.inside.as_ref().map(|inside| (&inside.kernel, inside.host_kernel)) {
        Some((_, Some(true))) => "host",
        Some((_, Some(false))) => "own",
        Some((Some(_), None)) => "?",
        None if seen::is_machine(status) => "own",
        Some((None, None)) | None => "—",
    }
}

/// Whose files the work has.
const fn files(traits: &Traits) -> &'static str {
    match traits {
        Traits { host_writable: true, .. } => "host",
        Traits { files: true, .. } => "own",
        _ => "none",
    }
}

fn on(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn yes(yes: bool) -> String {
    if yes { "yes" } else { "—" }.to_owned()
}

/// What `say` says of a look from inside, where there was one.
fn looked(status: &BackendStatus, say: fn(&Inside) -> Option<String>) -> String {
    status.inside.as_deref().and_then(say).unwrap_or_else(nothing)
}

/// How many calls answer.
fn answering(status: &BackendStatus) -> String {
    if seen::is_mute(status) { "none".to_owned() } else { looked(status, calls) }
}

fn calls(inside: &Inside) -> Option<String> {
    inside.calls.map(|calls| format!("{}/{}", calls.answered, calls.tried))
}

fn spaces(inside: &Inside) -> Option<String> {
    inside.namespaces.as_ref().map(|own| format!("{} of {}", own.len(), seen::SPACES.len()))
}

fn writable(inside: &Inside) -> Option<String> {
    let places = inside.writable.as_ref()?;
    let names: Vec<&str> = places.iter().map(AsRef::as_ref).collect();
    Some(if names.is_empty() { "nothing".to_owned() } else { names.join(" ") })
}

fn runtimes(traits: &Traits) -> String {
    let names: Vec<&str> = traits.runtimes.iter().map(|runtime| short(runtime.name())).collect();
    if names.is_empty() { nothing() } else { names.join(" ") }
}

/// A name that a column has room for.
fn short(name: &'static str) -> &'static str {
    match name {
        "command" => "sh",
        "python" => "py",
        name => name,
    }
}

fn at_once(traits: &Traits) -> String {
    traits.max_at_once.map_or_else(nothing, |most| most.to_string())
}

/// The version of its tool; how that was built is in the details.
fn version(status: &BackendStatus) -> String {
    let release = status.release().unwrap_or_else(nothing);
    release.split_once(" (").map_or(release.as_str(), |(version, _)| version).to_owned()
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

/// The `chosen` columns of `status`, in `width` columns of the screen; `now` is said in their
/// stead while it is being made ready.
pub(super) fn row(
    status: &BackendStatus,
    chosen: &[usize],
    width: u16,
    now: Option<&str>,
    look: &Look<'_>,
) -> Line<'static> {
    let runs = status.readiness.runs();
    let shown = chosen.iter().copied().filter(|index| runs || *index < ALWAYS);
    let mut spans: Vec<Span<'static>> = shown
        .map(|index| {
            let column = &COLUMNS[index];
            let text = (column.text)(status, look);
            let style = shade(status, index, &text, look);
            Span::styled(fixed::left(&text, column.width) + " ", style)
        })
        .collect();
    let used: usize = spans.iter().map(Span::width).sum();
    if !runs {
        spans.extend(lack(status, usize::from(width).saturating_sub(used), now, look));
    }
    Line::from(spans)
}

fn shade(status: &BackendStatus, index: usize, text: &str, look: &Look<'_>) -> Style {
    let open = matches!((COLUMNS[index].title, text), ("network", "open") | ("files", "host"));
    match index {
        0 => style(&status.readiness, look),
        _ if open => look.theme.warn,
        _ if text == "—" || !status.readiness.runs() => look.theme.muted,
        _ => look.theme.text,
    }
}

/// What is missing and what mends it, in `room` columns.
fn lack(
    status: &BackendStatus,
    room: usize,
    now: Option<&str>,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    if let Some(now) = now {
        return vec![Span::styled(fixed::cut(now, room), look.theme.accent)];
    }
    let Readiness::Unavailable { reason, remedy } = &status.readiness else {
        return Vec::new();
    };
    let reason = fixed::cut(reason.as_str(), room);
    let left = room.saturating_sub(Span::raw(&reason).width());
    let mut spans = vec![Span::styled(reason, look.theme.muted)];
    let arrow = look.glyph.pick("  → ", "  -> ");
    // A remedy of which nothing could be read is in the details.
    if left >= 16 {
        let remedy = fixed::cut(remedy.as_str(), left - Span::raw(arrow).width());
        let style = if status.mend.is_empty() { look.theme.muted } else { look.theme.accent };
        spans.push(Span::styled(format!("{arrow}{remedy}"), style));
    }
    spans
}
