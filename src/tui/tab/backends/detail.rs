//! The whole truth about one backend: what it is on the left, what was seen from inside it on the
//! right; one below the other where there is no room.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::column::{limits, network, state_of};
use super::{seen, style};
use crate::model::backend::{BackendStatus, Readiness};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::widget::{fixed, titled};

/// Columns of the labels beside the details.
const LABEL: usize = 11;
/// Columns from which on the two halves stand side by side.
const WIDE: u16 = 100;
/// Rows below which only the most telling facts are shown, in as few lines as can be.
const FULL: u16 = 9;

/// A label, a text, and how it looks.
type Fact = (&'static str, String, Style);

/// What is told of a backend beside what it is.
pub(super) struct Told {
    /// What is being done about it.
    pub(super) now: Option<String>,
    /// How the workloads went that it ran.
    pub(super) workloads: Option<String>,
}

/// Draws everything known of `status`.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    status: &BackendStatus,
    told: &Told,
    look: &Look<'_>,
) {
    let block = titled::titled(status.id.name(), false, look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let mut about = condition(status, told.now.as_deref(), look);
    let workloads = told.workloads.as_ref();
    about.extend(workloads.map(|words| ("workloads", words.clone(), look.theme.text)));
    if inside.height < FULL {
        about.extend(short(status, look));
        return put(frame, inside, &about, look);
    }
    about.extend(properties(status, look));
    if !status.readiness.runs() {
        put(frame, inside, &about, look);
        return explain(frame, inside, look);
    }
    let seen = seen(status, look);
    if inside.width < WIDE {
        let space = ("", String::new(), look.theme.text);
        let heading = ("from inside", String::new(), look.theme.text);
        let gap = if inside.height > 20 { vec![space, heading] } else { Vec::new() };
        let all: Vec<Fact> = about.into_iter().chain(gap).chain(seen).collect();
        return put(frame, inside, &all, look);
    }
    let halves = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(2);
    let [left, right] = halves.areas(inside);
    put(frame, left, &about, look);
    let head = Line::styled("Seen from inside", look.theme.title);
    frame.render_widget(head, Rect { height: 1.min(right.height), ..right });
    let below = Rect { y: right.y + 1, height: right.height.saturating_sub(1), ..right };
    put(frame, below, &seen, look);
    explain(frame, inside, look);
}

/// What the columns of the table mean.
const COLUMNS: [(&str, &str); 9] = [
    ("limits", "what is bounded: memory, processor, processes, output, time"),
    ("network", "none; loop: its own loopback and nothing else; open: there is a way out"),
    ("kernel", "which one answers: the host's, one of its own, or none: no system calls in there"),
    (
        "calls",
        "of rarely used system calls, how many answer: the fewer, the less there is to attack",
    ),
    ("files", "whose can be written: its own, the host's, or none"),
    ("seccomp", "whether system calls to the host's kernel are filtered"),
    ("own ns", "of the kinds of namespaces, how many are not the host's"),
    ("writable", "which of the usual places take files"),
    ("at once", "how many have room in the memory that is free now, each with all it may have"),
];

/// Says at the foot of `area` what the columns mean, where that much room is empty.
fn explain(frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
    let rows = u16::try_from(COLUMNS.len() + 1).unwrap_or(u16::MAX);
    if area.height < 2 * rows {
        return;
    }
    let place = Rect { y: area.bottom() - rows, height: rows, ..area };
    let head = Line::styled("The columns", look.theme.title);
    frame.render_widget(head, Rect { height: 1, ..place });
    let facts: Vec<Fact> =
        COLUMNS.iter().map(|(name, text)| (*name, (*text).to_owned(), look.theme.muted)).collect();
    put(frame, Rect { y: place.y + 1, height: rows - 1, ..place }, &facts, look);
}

fn put(frame: &mut Frame<'_>, area: Rect, facts: &[Fact], look: &Look<'_>) {
    let room = usize::from(area.width).saturating_sub(LABEL);
    let mut parts = Vec::new();
    for (label, text, style) in facts {
        let lines = fixed::wrap(text, room).into_iter().enumerate();
        parts.extend(lines.map(|(at, part)| (if at == 0 { *label } else { "" }, part, *style)));
    }
    let shown = usize::from(area.height);
    let cut = parts.len() > shown;
    parts.truncate(shown);
    if let Some((_, last, _)) = parts.last_mut().filter(|_| cut) {
        // More is to be read where there is more room.
        *last = fixed::cut(last, room.saturating_sub(2)) + " …";
    }
    let line = |(label, part, style): (&str, String, Style)| {
        let label = Span::styled(fixed::left(label, LABEL), look.theme.muted);
        Line::from(vec![label, Span::styled(part, style)])
    };
    let lines: Vec<Line<'_>> = parts.into_iter().map(line).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Whether it runs, why not, and what mends it.
fn condition(status: &BackendStatus, now: Option<&str>, look: &Look<'_>) -> Vec<Fact> {
    let mut facts = vec![("state", state_of(status), style(&status.readiness, look))];
    facts.extend(now.map(|now| ("now", now.to_owned(), look.theme.accent)));
    if let Readiness::Degraded { reason, remedy } | Readiness::Unavailable { reason, remedy } =
        &status.readiness
    {
        facts.push(("because", reason.to_string(), look.theme.text));
        let key = look.key(Action::Mend);
        let remedy = if status.mend.is_empty() || look.readonly {
            remedy.to_string()
        } else {
            format!("{remedy} ({key} does it)")
        };
        facts.push(("to mend it", remedy, look.theme.accent));
    }
    facts
}

/// What it is, as far as that is known without a look inside.
fn properties(status: &BackendStatus, look: &Look<'_>) -> Vec<Fact> {
    let (plain, traits) = (look.theme.text, &status.traits);
    let mut facts = vec![("isolation", status.id.class().words().to_owned(), plain)];
    facts.extend(tool(status, look));
    if !status.readiness.runs() {
        return facts;
    }
    let names: Vec<&str> = traits.runtimes.iter().map(|runtime| runtime.name()).collect();
    let note = traits.runtimes_note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    let runtimes =
        if names.is_empty() { format!("only isomon's own{note}") } else { names.join(" ") };
    let files = match (traits.files, traits.host_writable) {
        (_, true) => "the host's can be written",
        (true, false) => "its own; the host's are protected",
        (false, false) => "none",
    };
    let snapshot = if traits.snapshot { "can be stored and brought back" } else { "no" };
    let room = traits
        .max_at_once
        .map(|most| format!("{most}, each with all the memory it may have, by what is free now"));
    facts.extend([
        ("runtimes", runtimes, plain),
        ("limits", limits(traits), plain),
        ("files", files.to_owned(), plain),
        ("snapshot", snapshot.to_owned(), plain),
    ]);
    facts.extend(room.map(|room| ("at once", room, plain)));
    if status.inside.is_none() {
        facts.push(("network", network(status).to_owned(), plain));
    }
    facts
}

/// Its tool, with version and age.
fn tool(status: &BackendStatus, look: &Look<'_>) -> Vec<Fact> {
    let plain = look.theme.text;
    let path = status.path.as_ref().map(|path| ("tool", path.to_string(), plain));
    let version = status.tool(look.now).map(|version| ("version", version, plain));
    path.into_iter().chain(version).collect()
}

fn seen(status: &BackendStatus, look: &Look<'_>) -> Vec<Fact> {
    let facts = seen::facts(status).into_iter();
    facts.map(|(label, text)| (label, text, look.theme.text)).collect()
}

/// The most telling facts, in few lines.
fn short(status: &BackendStatus, look: &Look<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if status.readiness.runs() {
        let all = seen::facts(status).into_iter().map(|(label, text)| match label {
            "inside" | "kernel" | "user" => text,
            label => format!("{label}: {text}"),
        });
        facts.push(("inside", all.collect::<Vec<_>>().join(" · "), look.theme.text));
    }
    facts.extend(tool(status, look).into_iter().next_back());
    facts
}
