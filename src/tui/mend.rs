//! Making a backend ready: the commands, a question, and what they say once they run.
//!
//! What runs goes on when this is closed; opened again it shows where it is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::action::Action;
use super::key::Key;
use super::look::Look;
use super::popup::{self, Answer};
use super::widget::fixed;
use crate::model::backend::{BackendId, BackendStatus, Mend as Told, Readiness};
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::state::mending::{Mending, Said, Stage};
use crate::state::{Node, State};

/// Columns it takes, where there are as many.
const WIDTH: u16 = 96;
/// Rows it takes once commands run.
const HEIGHT: u16 = 24;
/// Rows a page scrolls.
const PAGE: usize = 10;

/// What is asked or shown of one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    backend: BackendId,
    /// What is missing.
    reason: SafeText,
    /// The commands as a person would type them.
    commands: Vec<String>,
    /// A yes was said.
    agreed: bool,
    /// Rows between the last line and the last one shown.
    up: usize,
}

impl Mend {
    /// Asks whether to make the backend of `status` ready; shows how it goes where it is `begun`.
    pub fn new(status: &BackendStatus, begun: bool) -> Self {
        let reason = match &status.readiness {
            Readiness::Degraded { reason, .. } | Readiness::Unavailable { reason, .. } => {
                reason.clone()
            }
            Readiness::Checking | Readiness::Ready => SafeText::default(),
        };
        let commands = status.mend.iter().map(|command| Told::spoken(command)).collect();
        Self { backend: status.id, reason, commands, agreed: begun, up: 0 }
    }

    /// Answers a key.
    pub fn press(&mut self, key: Key, action: Option<Action>) -> Answer {
        if !self.agreed {
            return self.decide(key, action);
        }
        match action {
            Some(Action::Back | Action::Quit | Action::Enter | Action::Mend) => {
                return Answer::Close;
            }
            Some(Action::Cancel) => return Answer::Keep(Command::StopMend),
            Some(Action::Up) => self.up += 1,
            Some(Action::Down) => self.up = self.up.saturating_sub(1),
            Some(Action::PageUp | Action::HalfUp) => self.up += PAGE,
            Some(Action::PageDown | Action::HalfDown) => self.up = self.up.saturating_sub(PAGE),
            Some(Action::Last) => self.up = 0,
            _ => {}
        }
        Answer::Stay
    }

    fn decide(&mut self, key: Key, action: Option<Action>) -> Answer {
        let yes = matches!(key.letter(), Some('y' | 'Y')) || key == Key::ENTER;
        let no = matches!(key.letter(), Some('n' | 'N'));
        if yes {
            self.agreed = true;
            return Answer::Keep(Command::Mend(self.backend));
        }
        match action {
            Some(Action::Back | Action::Quit | Action::Mend) => Answer::Close,
            _ if no => Answer::Close,
            _ => Answer::Stay,
        }
    }

    /// Draws it over `area`.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let title = format!("Make {} ready", self.backend);
        let width = WIDTH.min(area.width.saturating_sub(4)).max(1);
        let room = usize::from(width.saturating_sub(4)).max(1);
        if !self.agreed {
            let lines = self.question(room, look);
            let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
            let inner = popup::open(frame, area, (width, height), &title, look);
            return frame.render_widget(Paragraph::new(lines), inner);
        }
        let height = HEIGHT.min(area.height.saturating_sub(2));
        let inner = popup::open(frame, area, (width, height), &title, look);
        let node = state.nodes.get(&SourceId::local());
        let mending = node.and_then(|node| node.mending.as_ref());
        let mending = mending.filter(|mending| mending.backend == self.backend);
        let said = mending.map_or_else(Vec::new, |mending| said(mending, room, look));
        let rows = usize::from(inner.height.saturating_sub(2));
        let top = said.len().saturating_sub(rows + self.up.min(said.len()));
        let mut lines: Vec<Line<'_>> = said.into_iter().skip(top).take(rows).collect();
        lines.resize(rows, Line::default());
        lines.push(Line::default());
        lines.push(self.end(mending, node, state, look));
        frame.render_widget(Paragraph::new(lines), inner);
    }

    fn question(&self, room: usize, look: &Look<'_>) -> Vec<Line<'static>> {
        let theme = look.theme;
        let wrapped = |text: &str, style| {
            fixed::wrap(text, room).into_iter().map(move |line| Line::styled(line, style))
        };
        let mut lines: Vec<Line<'static>> = wrapped(self.reason.as_str(), theme.text).collect();
        let ask =
            if self.commands.len() == 1 { "Run this command?" } else { "Run these commands?" };
        lines.extend([Line::default(), Line::styled(ask, theme.text)]);
        for command in &self.commands {
            let style = theme.accent;
            let parts = fixed::wrap(command, room.saturating_sub(2)).into_iter();
            lines.extend(parts.map(|part| Line::styled(format!("  {part}"), style)));
        }
        let key = |name: &'static str| Span::styled(name, theme.accent);
        let back = Span::styled(look.key(Action::Back), theme.accent);
        let answers = vec![key("y"), " runs it   ".into(), key("n"), " ".into(), back];
        let answers = answers.into_iter().chain([" not now".into()]);
        lines.extend([Line::default(), answers.collect()]);
        lines
    }

    /// Where it stands, and what can be done about it.
    fn end(
        &self,
        mending: Option<&Mending>,
        node: Option<&Node>,
        state: &State,
        look: &Look<'_>,
    ) -> Line<'static> {
        let theme = look.theme;
        let close = look.key(Action::Back);
        let Some(mending) = mending else {
            // Refused, and why stands in the last sentence for the user.
            let why = state.notice.as_ref().filter(|(_, notice)| notice.bad);
            let why = why.map_or_else(|| "asked for…".to_owned(), |(_, n)| n.text.to_string());
            return Line::styled(why, theme.muted);
        };
        let (words, style) = match &mending.stage {
            Stage::Running => {
                let end = look.key(Action::Cancel);
                let words = format!("running…   {end} ends it   {close} lets it go on unseen");
                (words, theme.muted)
            }
            Stage::Trying => (format!("done; trying {}…", self.backend), theme.muted),
            Stage::Over { failed: Some(why) } => (why.to_string(), theme.bad),
            Stage::Over { failed: None } => self.outcome(node, look),
        };
        Line::styled(words, style)
    }

    fn outcome(&self, node: Option<&Node>, look: &Look<'_>) -> (String, ratatui::style::Style) {
        let all = node.map_or(&[][..], |node| &node.backends);
        let status = all.iter().find(|status| status.id == self.backend);
        let (id, theme) = (self.backend, look.theme);
        match status.map(|status| &status.readiness) {
            Some(Readiness::Ready) => (format!("{id} is ready"), theme.good),
            Some(Readiness::Degraded { reason, .. }) => {
                (format!("{id} runs, {reason}"), theme.warn)
            }
            Some(Readiness::Unavailable { reason, .. }) => {
                (format!("{id} is still not ready: {reason}"), theme.bad)
            }
            Some(Readiness::Checking) | None => ("done".to_owned(), theme.muted),
        }
    }
}

/// What was run and said, in lines of at most `room` columns.
fn said(mending: &Mending, room: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if mending.forgotten > 0 {
        let words = format!("({} earlier lines are not kept)", mending.forgotten);
        lines.push(Line::styled(words, look.theme.muted));
    }
    for said in &mending.lines {
        let (text, style) = match said {
            Said::Command(line) => (format!("$ {line}"), look.theme.title),
            Said::Output(line) => (line.to_string(), look.theme.text),
        };
        let parts = fixed::wrap(&text, room).into_iter();
        lines.extend(parts.map(|part| Line::styled(part, style)));
    }
    lines
}
