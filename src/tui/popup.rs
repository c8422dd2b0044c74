//! What lies over the tab: the topmost one answers first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph, Wrap};

use super::action::Action;
use super::columns::Columns;
use super::help::Help;
use super::key::Key;
use super::keymap::Keymap;
use super::look::Look;
use super::mend::Mend;
use super::note::Note;
use super::palette::{Goal, Palette};
use super::setting::Settings;
use crate::config::edit::Change;
use crate::model::command::Command;
use crate::model::text::SafeText;
use crate::state::State;

/// Something that lies over the tab.
#[derive(Debug)]
pub enum Popup {
    /// All keys.
    Help(Help),
    /// Actions by name.
    Palette(Palette),
    /// A question.
    Ask(Ask),
    /// Something to read.
    Text(SafeText),
    /// A backend that is made ready.
    Mend(Mend),
    /// Something that is typed about an alert.
    Note(Note),
    /// The settings.
    Settings(Settings),
    /// The columns of a table.
    Columns(Columns),
}

/// A question, and what a yes does.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The question, which ends in a question mark.
    pub question: SafeText,
    /// What a yes does.
    pub then: Then,
}

/// What a yes does.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// isomon ends.
    Quit,
    /// This is wished.
    Wish(Command),
    /// All of these are wished.
    WishAll(Vec<Command>),
}

/// What a popup makes of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It stays open.
    Stay,
    /// It stays open, and this is wished.
    Keep(Command),
    /// It closes.
    Close,
    /// It stays open, and the table in front hides these columns and no others.
    Hide(Vec<&'static str>),
    /// It stays open, and this setting is changed.
    Set(Change),
    /// It closes, and this is gone to.
    Go(Goal),
    /// It closes, and this is done.
    Do(Then),
}

impl Popup {
    /// Whether letters are meant as letters, so that none may wait for a chord.
    pub const fn takes_letters(&self) -> bool {
        matches!(self, Self::Palette(_) | Self::Ask(_) | Self::Mend(_) | Self::Note(_))
            || matches!(self, Self::Settings(settings) if settings.is_typed_in())
    }

    /// Answers a key; `action` is what the keymap makes of it.
    pub fn press(&mut self, key: Key, action: Option<Action>, keymap: &Keymap) -> Answer {
        match self {
            Self::Help(help) => help.press(action, keymap),
            Self::Palette(palette) => palette.press(key, action),
            Self::Ask(ask) => ask.press(key),
            Self::Mend(mend) => mend.press(key, action),
            Self::Note(note) => note.press(key),
            Self::Settings(settings) => settings.press(key, action),
            Self::Columns(columns) => columns.press(action),
            Self::Text(_) => match action {
                Some(Action::Back | Action::Enter | Action::Why | Action::Quit) => Answer::Close,
                _ => Answer::Stay,
            },
        }
    }

    /// Draws it over `area`, the whole screen.
    pub fn draw(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        keymap: &Keymap,
        state: &State,
        look: &Look<'_>,
    ) {
        match self {
            Self::Help(help) => help.draw(frame, area, keymap, look),
            Self::Palette(palette) => palette.draw(frame, area, keymap, look),
            Self::Ask(ask) => ask.draw(frame, area, look),
            Self::Note(note) => note.draw(frame, area, look),
            Self::Settings(settings) => settings.draw(frame, area, look),
            Self::Columns(columns) => columns.draw(frame, area, look),
            Self::Mend(mend) => mend.draw(frame, area, state, look),
            Self::Text(text) => draw_text(frame, area, text, look),
        }
    }
}

impl Ask {
    /// Only `y` says yes; but who asks twice to quit by Ctrl-C means it.
    fn press(&self, key: Key) -> Answer {
        let again = self.then == Then::Quit && key.to_string() == "ctrl-c";
        match key.letter() {
            _ if again => Answer::Do(self.then.clone()),
            Some('y' | 'Y') => Answer::Do(self.then.clone()),
            Some('n' | 'N') => Answer::Close,
            _ if key == Key::ESC => Answer::Close,
            _ => Answer::Stay,
        }
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, look: &Look<'_>) {
        let key = |name| Span::styled(name, look.theme.accent);
        let lines = vec![
            Line::styled(self.question.as_str(), look.theme.text),
            Line::default(),
            Line::from(vec![key("y"), " yes   ".into(), key("n"), " no".into()]),
        ];
        draw_lines(frame, area, "Sure?", lines, look);
    }
}

fn draw_text(frame: &mut Frame<'_>, area: Rect, text: &SafeText, look: &Look<'_>) {
    let lines = vec![
        Line::styled(text.as_str(), look.theme.text),
        Line::default(),
        Line::styled(format!("{} closes this", look.key(Action::Back)), look.theme.muted),
    ];
    draw_lines(frame, area, "Why", lines, look);
}

fn draw_lines(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    lines: Vec<Line<'_>>,
    look: &Look<'_>,
) {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    let width = u16::try_from(widest + 4).unwrap_or(u16::MAX).clamp(30, 72);
    let inner = usize::from(width.min(area.width).saturating_sub(4)).max(1);
    let rows: usize = lines.iter().map(|line| 1 + line.width() / inner).sum();
    let height = u16::try_from(rows + 2).unwrap_or(u16::MAX);
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    let inner = open(frame, area, (width, height), title, look);
    frame.render_widget(text, inner);
}

/// Clears a frame of `size` in the middle of `area`, and returns the room inside.
pub(super) fn open(
    frame: &mut Frame<'_>,
    area: Rect,
    size: (u16, u16),
    title: &str,
    look: &Look<'_>,
) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(look.theme.focus)
        .title(Line::styled(format!(" {title} "), look.theme.title))
        .padding(ratatui::widgets::Padding::horizontal(1));
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.buffer_mut().set_style(place, look.theme.blank());
    frame.render_widget(block, place);
    inner
}
