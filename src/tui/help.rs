//! All keys, made from the table of actions and the keymap in force.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::action::Action;
use super::keymap::Keymap;
use super::look::Look;
use super::popup::{self, Answer};
use super::widget::grid::narrow;
use super::widget::{fixed, panel};

/// Most columns.
const COLUMNS: usize = 3;
/// What lies between two columns, and between keys and words.
const GAP: usize = 2;
/// Columns that the frame takes, with its blanks.
const FRAME: usize = 4;
/// Rows a page scrolls.
const PAGE: usize = 10;

/// The keys of an action, and what it does; what has no keys is a heading.
type Row = (String, &'static str);

/// The keys of the place it was asked at, and how far the help is scrolled, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Help {
    top: usize,
    /// The title of the tab in front, and what its footer names.
    place: &'static str,
    first: &'static [Action],
    /// What keys mean there that mean something else elsewhere.
    own: &'static [(Action, &'static str)],
}

impl Help {
    /// All keys, those of the tab `place` first: what its footer names, and what is its `own`.
    pub const fn new(
        place: &'static str,
        first: &'static [Action],
        own: &'static [(Action, &'static str)],
    ) -> Self {
        Self { top: 0, place, first, own }
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

    /// Draws it over `area`, in as many columns as fit whole.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, keymap: &Keymap, look: &Look<'_>) {
        let mut rows = self.rows(keymap, look.readonly);
        let room = usize::from(area.width).saturating_sub(FRAME);
        let fits = |count: &usize| width(&columns(&rows, *count)) <= room;
        let count = (1..=COLUMNS).rev().find(fits).unwrap_or_else(|| {
            for (keys, _) in &mut rows {
                keep_first(keys);
            }
            1
        });
        let columns = columns(&rows, count);
        let needed = rows.len().div_ceil(count);
        let size = (narrow(width(&columns) + FRAME), narrow(needed + 2));
        let inner = popup::open(frame, area, size, "Keys", look);
        let shown = usize::from(inner.height).max(1);
        let top = self.top.min(needed.saturating_sub(shown));
        let mut x = inner.x;
        for column in &columns {
            let lines = column.lines(top, shown, look);
            let place = Rect { x, width: narrow(column.width()), ..inner }.intersection(inner);
            panel::lines(lines, place, frame.buffer_mut());
            x = x.saturating_add(narrow(column.width() + GAP));
        }
        if needed > shown {
            say_more(frame, inner, needed - shown - top, look);
        }
    }

    /// Keys and words of every action that can be done; what has no keys is a heading.
    fn rows(&self, keymap: &Keymap, readonly: bool) -> Vec<Row> {
        let row = |(action, words): (Action, &'static str)| {
            let keys = keymap.all(action);
            let can = !(keys.is_empty() || readonly && action.acts());
            can.then_some((keys, words))
        };
        let is_own = |action: &Action| self.own.iter().any(|(own, _)| own == action);
        let is_first = |action: &Action| self.first.contains(action);
        let first = self.first.iter().filter(|action| !is_own(action));
        let first = first.map(|action| (*action, action.words()));
        let here: Vec<Row> = first.chain(self.own.iter().copied()).filter_map(row).collect();
        let others = Action::ALL.iter().filter(|action| !is_own(action) && !is_first(action));
        let others = others.map(|action| (*action, action.words())).filter_map(row);
        if here.is_empty() {
            return others.collect();
        }
        let heading = |words| std::iter::once((String::new(), words));
        heading(self.place).chain(here).chain(heading("everywhere")).chain(others).collect()
    }
}

/// Rows that stand below each other, and the room that the longest of them need.
struct Column<'a> {
    rows: &'a [Row],
    keys: usize,
    words: usize,
}

impl Column<'_> {
    const fn width(&self) -> usize {
        self.keys + GAP + self.words
    }

    fn lines(&self, top: usize, shown: usize, look: &Look<'_>) -> Vec<Line<'_>> {
        let rows = self.rows.iter().skip(top).take(shown);
        rows.map(|(keys, words)| line(keys, words, self.keys, look)).collect()
    }
}

/// `rows` in at most `count` columns, each as wide as its rows need.
fn columns(rows: &[Row], count: usize) -> Vec<Column<'_>> {
    let widest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
    let each = rows.chunks(rows.len().div_ceil(count).max(1)).map(|rows| Column {
        rows,
        keys: widest(&mut rows.iter().map(|(keys, _)| keys.width())),
        words: widest(&mut rows.iter().map(|(_, words)| words.width())),
    });
    each.collect()
}

/// Columns of the screen that all of them take.
fn width(columns: &[Column<'_>]) -> usize {
    let all: usize = columns.iter().map(|column| column.width() + GAP).sum();
    all.saturating_sub(GAP)
}

/// Leaves the first of an action's keys.
fn keep_first(keys: &mut String) {
    let end = keys.find(", ").unwrap_or(keys.len());
    keys.truncate(end);
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

fn line<'a>(keys: &'a str, words: &'a str, room: usize, look: &Look<'_>) -> Line<'a> {
    if keys.is_empty() {
        return Line::styled(words, look.theme.title);
    }
    let keys = fixed::left(keys, room + GAP);
    Line::from(vec![Span::styled(keys, look.theme.accent), Span::styled(words, look.theme.text)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_means_at_a_place_stands_there_and_not_everywhere() {
        let keymap = Keymap::embedded();
        let own = &[(Action::Left, "fewer levels")];
        let rows = Help::new("Logs", &[Action::Left, Action::Last], own).rows(&keymap, false);
        let end = rows.iter().position(|(_, words)| *words == "everywhere").unwrap();
        let here: Vec<&str> = rows.iter().take(end).map(|(_, words)| *words).collect();
        assert_eq!(here, ["Logs", Action::Last.words(), "fewer levels"]);
        assert!(rows.iter().all(|(_, words)| *words != Action::Left.words()));
    }
}
