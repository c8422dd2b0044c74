//! All keys, made from the table of actions and the keymap in force.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::action::Action;
use super::keymap::Keymap;
use super::look::Look;
use super::popup::{self, Answer};

/// Room for the keys of one action.
const KEYS: usize = 18;
/// Room for the first key of an action, where there is no room for all.
const KEY: usize = 10;
/// Room for a row: keys and words.
const ROW: u16 = 52;
/// Rows a page scrolls.
const PAGE: usize = 10;

/// The keys of the place it was asked at, and how far the help is scrolled, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Help {
    top: usize,
    /// The title of the tab in front, and what its footer names.
    place: &'static str,
    first: &'static [Action],
}

impl Help {
    /// All keys, those of the tab `place` first.
    pub const fn new(place: &'static str, first: &'static [Action]) -> Self {
        Self { top: 0, place, first }
    }

    /// Scrolls, or closes.
    pub fn press(&mut self, action: Option<Action>, keymap: &Keymap) -> Answer {
        let last = self.rows(keymap, false).len().saturating_sub(1);
        let top = match action {
            Some(Action::Up) => self.top.saturating_sub(1),
            Some(Action::Down) => self.top + 1,
            Some(Action::PageUp | Action::HalfUp) => self.top.saturating_sub(PAGE),
            Some(Action::PageDown | Action::HalfDown) => self.top + PAGE,
            Some(Action::First) => 0,
            Some(Action::Last) => last,
            Some(Action::Back | Action::Help | Action::Quit | Action::Enter) => {
                return Answer::Close;
            }
            _ => self.top,
        };
        self.top = top.min(last);
        Answer::Stay
    }

    /// Draws it over `area`, in as many columns as fit.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, keymap: &Keymap, look: &Look<'_>) {
        let rows = self.rows(keymap, look.readonly);
        let columns = usize::from((area.width.saturating_sub(4) / ROW).clamp(1, 3));
        let needed = rows.len().div_ceil(columns);
        let size = (
            ROW * u16::try_from(columns).unwrap_or(1) + 4,
            u16::try_from(needed + 2).unwrap_or(u16::MAX),
        );
        let inner = popup::open(frame, area, size, "Keys", look);
        let shown = usize::from(inner.height).max(1);
        let top = self.top.min(needed.saturating_sub(shown));
        for column in 0..columns {
            let lines: Vec<Line<'_>> = rows
                .iter()
                .skip(column * needed)
                .take(needed)
                .skip(top)
                .take(shown)
                .map(|(keys, words)| line(keys, words, inner.width, look))
                .collect();
            frame.render_widget(Paragraph::new(lines), part(inner, column, columns));
        }
        if needed > shown {
            say_more(frame, inner, needed - shown - top, look);
        }
    }

    /// Keys and words of every action that can be done; what has no keys is a heading.
    fn rows(&self, keymap: &Keymap, readonly: bool) -> Vec<(String, &'static str)> {
        let row = |action: &Action| {
            let keys = keymap.all(*action);
            let can = !(keys.is_empty() || readonly && action.acts());
            can.then(|| (keys, action.words()))
        };
        let here: Vec<_> = self.first.iter().filter_map(row).collect();
        let others = Action::ALL.iter().filter(|action| !self.first.contains(action));
        let others = others.filter_map(row);
        if here.is_empty() {
            return others.collect();
        }
        let heading = |words| std::iter::once((String::new(), words));
        heading(self.place).chain(here).chain(heading("everywhere")).chain(others).collect()
    }
}

fn part(inner: Rect, column: usize, columns: usize) -> Rect {
    let width = inner.width / u16::try_from(columns).unwrap_or(1);
    let x = inner.x + width * u16::try_from(column).unwrap_or(0);
    Rect { x, width, ..inner }
}

/// Says in the lower frame how many rows are further down.
fn say_more(frame: &mut Frame<'_>, inner: Rect, below: usize, look: &Look<'_>) {
    let close = look.key(Action::Back);
    let words = match below {
        0 => format!(" the end; {close} closes "),
        below => format!(" {below} more below; {close} closes "),
    };
    let line = Line::styled(words, look.theme.muted).right_aligned();
    let place = Rect { y: inner.bottom(), height: 1, ..inner };
    frame.render_widget(line, place.intersection(frame.area()));
}

fn line<'a>(keys: &str, words: &'a str, width: u16, look: &Look<'_>) -> Line<'a> {
    if keys.is_empty() {
        return Line::styled(words, look.theme.title);
    }
    let keys = if width < ROW - 2 {
        format!("{:<KEY$} ", keys.split(", ").next().unwrap_or(keys))
    } else {
        format!("{keys:<KEYS$} ")
    };
    Line::from(vec![Span::styled(keys, look.theme.accent), Span::styled(words, look.theme.text)])
}
