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

/// Draws everything known of `status`; `now` is what is being done about it.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    status: &BackendStatus,
    now: Option<&str>,
    look: &Look<'_>,
) {
    let block = titled::titled(status.id.name(), false, look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let mut about = condition(status, now, look);
    if inside.height < FULL {
        about.extend(short(status, look));
        return put(frame, inside, &about, look);
    }
    let seen = seen(status, look);
    about.extend(properties(status, look));
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
}

fn put(frame: &mut Frame<'_>, area: Rect, facts: &[Fact], look: &Look<'_>) {
    let room = usize::from(area.width).saturating_sub(LABEL);
    let mut lines = Vec::new();
    for (label, text, style) in facts {
        for (index, part) in fixed::wrap(text, room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let label = Span::styled(fixed::left(label, LABEL), look.theme.muted);
            lines.push(Line::from(vec![label, Span::styled(part, *style)]));
        }
    }
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
    let runtimes = if names.is_empty() { "only isomon's own".to_owned() } else { names.join(" ") };
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
