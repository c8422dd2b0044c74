//! Backends: what can isolate here, what it keeps from the work, and what mends what cannot.
//!
//! A table of facts on top, the whole truth about the row under the cursor below it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::model::backend::{BackendStatus, Readiness, Traits};
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::{ascii, fixed, titled};

/// What is looked at on this tab.
#[derive(Debug, Default)]
pub struct View {
    row: usize,
    filter: String,
    open: bool,
}

/// The backends of this machine.
pub(super) fn statuses(state: &State) -> &[BackendStatus] {
    let node = state.nodes.get(&SourceId::local());
    node.map_or(&[], |node| &node.backends)
}

impl View {
    /// Does what `action` means here.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        let last = self.rows(state).len().saturating_sub(1);
        self.row = match action {
            Action::Check => return Reply::Wish(Command::CheckBackends),
            Action::Enter => return self.opened(!self.open),
            Action::Back if self.open => return self.opened(false),
            Action::Up => self.row.saturating_sub(1),
            Action::Down => self.row + 1,
            Action::First | Action::PageUp => 0,
            Action::Last | Action::PageDown => last,
            _ => return Reply::Ignored,
        }
        .min(last);
        Reply::Done
    }

    const fn opened(&mut self, open: bool) -> Reply {
        self.open = open;
        Reply::Done
    }

    /// Shows only backends whose name holds `text`.
    pub fn filter(&mut self, text: &str) {
        self.filter = text.to_lowercase();
        self.row = 0;
    }

    /// Moves the cursor to the row that was clicked.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        let (list, _) = self.areas(area, state);
        let inside = titled::inside(list);
        if !inside.contains((column, row).into()) || row == inside.y {
            return Reply::Ignored;
        }
        let hit = usize::from(row - inside.y - 1) + self.first(inside, state);
        if hit >= self.rows(state).len() {
            return Reply::Ignored;
        }
        self.row = hit;
        Reply::Done
    }

    /// What can be done here.
    pub fn hints(&self, _state: &State) -> &'static [Action] {
        &[Action::Check, Action::Enter, Action::Filter]
    }

    fn rows<'a>(&self, state: &'a State) -> Vec<&'a BackendStatus> {
        let wanted = |status: &&BackendStatus| status.id.name().contains(&self.filter);
        statuses(state).iter().filter(wanted).collect()
    }

    /// The cursor, within what there is.
    fn cursor(&self, state: &State) -> usize {
        self.row.min(self.rows(state).len().saturating_sub(1))
    }

    /// The first row shown in `inside`, whose first line is the heading.
    fn first(&self, inside: Rect, state: &State) -> usize {
        let room = usize::from(inside.height.saturating_sub(1)).max(1);
        (self.cursor(state) + 1).saturating_sub(room)
    }

    /// Where the table goes and where the details; either may be empty.
    fn areas(&self, area: Rect, state: &State) -> (Rect, Rect) {
        let nothing = Rect::new(area.x, area.bottom(), area.width, 0);
        let wanted = u16::try_from(self.rows(state).len() + 3).unwrap_or(u16::MAX);
        if area.height >= 14 {
            let split = Layout::vertical([Constraint::Length(wanted), Constraint::Min(6)]);
            let [list, details] = split.areas(area);
            return (list, details);
        }
        if self.open {
            return (nothing, area);
        }
        (area, nothing)
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let rows = self.rows(state);
        let (list, details) = self.areas(area, state);
        if rows.is_empty() {
            self.draw_empty(frame, area, state, look);
        } else {
            self.draw_list(frame, list, state, look);
            draw_details(frame, details, rows[self.cursor(state)], look);
        }
        ascii::flatten(frame.buffer_mut(), area, look);
    }

    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let block = titled::titled("Backends", true, look);
        let words = if statuses(state).is_empty() {
            vec![
                Line::styled("Not tried yet.", look.theme.text),
                Line::styled(format!("“{}”:", Action::Check.words()), look.theme.muted),
                Line::styled(
                    "a small program runs in each, and its result is looked at.",
                    look.theme.muted,
                ),
            ]
        } else {
            let text = format!("No backend has “{}” in its name.", self.filter);
            vec![Line::styled(text, look.theme.muted)]
        };
        let wrap = ratatui::widgets::Wrap { trim: true };
        frame.render_widget(Paragraph::new(words).wrap(wrap).block(block), area);
    }

    fn draw_list(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let rows = self.rows(state);
        let block = titled::titled(&title(statuses(state), area.width), !self.open, look);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let widths: Vec<_> = COLUMNS
            .iter()
            .map(|column| (column.width, column.rank))
            .collect();
        let chosen = fixed::choose(&widths, usize::from(inside.width));
        let first = self.first(inside, state);
        let mut lines = vec![heading(&chosen, look)];
        for (index, status) in rows.iter().enumerate().skip(first) {
            let line = row(status, &chosen, look);
            let chosen = index == self.cursor(state);
            lines.push(if chosen {
                line.patch_style(look.theme.selected)
            } else {
                line
            });
        }
        frame.render_widget(Paragraph::new(lines), inside);
    }
}

/// How many are in which state; what nobody is in is not said.
fn title(statuses: &[BackendStatus], width: u16) -> String {
    let count = |word| {
        let is = |status: &&BackendStatus| words(&status.readiness) == word;
        (statuses.iter().filter(is).count(), word)
    };
    let counts = ["ready", "degraded", "unavailable", "checking"].map(count);
    let said = counts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<_> = said
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let subject = if width < 60 { "" } else { "Backends: " };
    format!("{subject}{}", said.join(", "))
}

/// The word of a state.
pub(super) const fn words(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Checking => "checking",
        Readiness::Ready => "ready",
        Readiness::Degraded { .. } => "degraded",
        Readiness::Unavailable { .. } => "unavailable",
    }
}

/// The sign of a state, for who sees no colour.
pub(super) const fn sign(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Checking => "…",
        Readiness::Ready => "●",
        Readiness::Degraded { .. } => "◐",
        Readiness::Unavailable { .. } => "○",
    }
}

/// The colour of a state.
pub(super) const fn style(readiness: &Readiness, look: &Look<'_>) -> Style {
    match readiness {
        Readiness::Checking => look.theme.muted,
        Readiness::Ready => look.theme.good,
        Readiness::Degraded { .. } => look.theme.warn,
        Readiness::Unavailable { .. } => look.theme.bad,
    }
}

/// A column: its heading, width, how soon it goes when there is no room, and its text.
struct Column {
    title: &'static str,
    width: usize,
    rank: u8,
    text: fn(&BackendStatus) -> String,
}

const COLUMNS: [Column; 8] = [
    Column {
        title: "state",
        width: 13,
        rank: 0,
        text: state_of,
    },
    Column {
        title: "backend",
        width: 14,
        rank: 0,
        text: |status| status.id.to_string(),
    },
    Column {
        title: "isolation",
        width: 17,
        rank: 3,
        text: |status| status.id.class().words().to_owned(),
    },
    Column {
        title: "limits",
        width: 12,
        rank: 1,
        text: |status| known(status, limits),
    },
    Column {
        title: "network",
        width: 7,
        rank: 2,
        text: |status| known(status, network),
    },
    Column {
        title: "seccomp",
        width: 7,
        rank: 4,
        text: |status| known(status, seccomp),
    },
    Column {
        title: "host files",
        width: 10,
        rank: 5,
        text: |status| known(status, files),
    },
    Column {
        title: "version",
        width: 24,
        rank: 6,
        text: version,
    },
];

fn state_of(status: &BackendStatus) -> String {
    format!("{} {}", sign(&status.readiness), words(&status.readiness))
}

/// What `say` says of the traits, which only mean something where work can run.
fn known(status: &BackendStatus, say: fn(&Traits) -> String) -> String {
    if status.readiness.runs() {
        say(&status.traits)
    } else {
        "—".to_owned()
    }
}

fn limits(traits: &Traits) -> String {
    let bounds = [
        (traits.memory_limit, "mem"),
        (traits.cpu_limit, "cpu"),
        (traits.pids_limit, "pids"),
    ];
    let kept: Vec<_> = bounds
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, word)| *word)
        .collect();
    if kept.is_empty() {
        return "none".to_owned();
    }
    kept.join(" ")
}

fn network(traits: &Traits) -> String {
    if traits.network { "open" } else { "none" }.to_owned()
}

fn seccomp(traits: &Traits) -> String {
    if traits.seccomp { "on" } else { "off" }.to_owned()
}

fn files(traits: &Traits) -> String {
    if traits.host_writable {
        "writable"
    } else {
        "protected"
    }
    .to_owned()
}

fn version(status: &BackendStatus) -> String {
    status
        .version
        .as_ref()
        .map_or_else(|| "—".to_owned(), ToString::to_string)
}

fn heading(chosen: &[usize], look: &Look<'_>) -> Line<'static> {
    let titles = chosen.iter().map(|index| &COLUMNS[*index]);
    let titles: Vec<_> = titles
        .map(|column| fixed::left(column.title, column.width))
        .collect();
    Line::styled(titles.join(" "), look.theme.muted)
}

fn row(status: &BackendStatus, chosen: &[usize], look: &Look<'_>) -> Line<'static> {
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

fn draw_details(frame: &mut Frame<'_>, area: Rect, status: &BackendStatus, look: &Look<'_>) {
    let block = titled::titled(status.id.name(), false, look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let mut lines = Vec::new();
    for (label, text, style) in details(status, look) {
        let room = usize::from(inside.width).saturating_sub(LABEL);
        for (index, part) in fixed::wrap(&text, room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let label = Span::styled(fixed::left(label, LABEL), look.theme.muted);
            lines.push(Line::from(vec![label, Span::styled(part, style)]));
        }
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Columns of the labels beside the details.
const LABEL: usize = 11;

fn details(status: &BackendStatus, look: &Look<'_>) -> Vec<(&'static str, String, Style)> {
    let plain = look.theme.text;
    let colour = style(&status.readiness, look);
    let mut rows = vec![("state", state_of(status), colour)];
    if let Readiness::Degraded { reason, remedy } | Readiness::Unavailable { reason, remedy } =
        &status.readiness
    {
        rows.push(("because", reason.to_string(), plain));
        rows.push(("to mend it", remedy.to_string(), look.theme.accent));
    }
    rows.push(("isolation", status.id.class().words().to_owned(), plain));
    let path = status
        .path
        .as_ref()
        .map_or_else(|| "—".to_owned(), ToString::to_string);
    rows.push(("tool", path, plain));
    rows.push(("version", version(status), plain));
    rows.push(("limits", known(status, limits), plain));
    rows.push(("network", known(status, network), plain));
    rows.push(("host files", known(status, files), plain));
    rows.push(("seccomp", known(status, seccomp), plain));
    rows
}
