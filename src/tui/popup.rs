//! What lies over the tab: the topmost one answers first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear};

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
use super::widget::grid::narrow;
use super::widget::{fixed, panel};
use crate::config::edit::Change;
use crate::model::command::Command;
use crate::model::text::SafeText;
use crate::state::State;

/// Columns of a popup with words in it, at least and at most, frame included.
const NARROWEST: u16 = 24;
const WIDEST: u16 = 72;
/// Columns that its frame takes, with its blanks.
const FRAME: usize = 4;

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

    /// Takes in pasted text where letters are typed; what is pasted answers no question.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Palette(palette) => palette.paste(text),
            Self::Note(note) => note.paste(text),
            Self::Settings(settings) => settings.paste(text),
            Self::Help(_) | Self::Ask(_) | Self::Text(_) | Self::Mend(_) | Self::Columns(_) => {}
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
        let mut lines = wrapped(&self.question, area, look);
        lines.extend([
            Line::default(),
            Line::from(vec![key("y"), " yes   ".into(), key("n"), " no".into()]),
        ]);
        draw_lines(frame, area, "Sure?", lines, look);
    }
}

fn draw_text(frame: &mut Frame<'_>, area: Rect, text: &SafeText, look: &Look<'_>) {
    let inner = draw_lines(frame, area, "Why", wrapped(text, area, look), look);
    let words = format!(" {} closes this ", look.key(Action::Back));
    let below = Rect { y: inner.bottom(), height: 1, ..inner };
    let words = Line::styled(words, look.theme.muted).right_aligned();
    frame.render_widget(words, below.intersection(frame.area()));
}

/// `text` in lines of what is bearable to read, as far as `area` has room for them.
fn wrapped(text: &SafeText, area: Rect, look: &Look<'_>) -> Vec<Line<'static>> {
    let room = usize::from(WIDEST.min(area.width)).saturating_sub(FRAME).max(1);
    let lines = fixed::wrap(text.as_str(), room).into_iter();
    lines.map(|line| Line::styled(line, look.theme.text)).collect()
}

/// Draws a frame as large as `lines` need, and answers the room inside.
fn draw_lines(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    lines: Vec<Line<'_>>,
    look: &Look<'_>,
) -> Rect {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    let width = narrow(widest + FRAME).clamp(NARROWEST, WIDEST);
    let inner = open(frame, area, (width, narrow(lines.len() + 2)), title, look);
    panel::lines(lines, inner, frame.buffer_mut());
    inner
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
