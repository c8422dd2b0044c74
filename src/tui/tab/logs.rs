//! What isomon did, as tui-logger keeps it.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Paragraph, Wrap};
use tui_logger::{ExtLogRecord, LevelFilter, LogFormatter, TuiLoggerWidget};
use tui_logger::{TuiWidgetEvent, TuiWidgetState};
use unicode_width::UnicodeWidthChar;

use crate::model::text::SafeText;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::theme::Theme;
use crate::tui::widget::field::{Field, Row, Value};
use crate::tui::widget::filter::{Filter, Terms};

/// Levels that can be shown, the most silent first.
const LEVELS: [LevelFilter; 5] = [
    LevelFilter::Error,
    LevelFilter::Warn,
    LevelFilter::Info,
    LevelFilter::Debug,
    LevelFilter::Trace,
];
/// What is shown at first: up to information.
const USUAL: usize = 2;
/// Longest entry that is shown, in letters.
const LONGEST: usize = 2_000;
/// Columns by which what follows the first line of an entry is indented.
const INDENT: usize = 2;

/// What keys mean here that mean something else elsewhere.
pub const KEYS: &[(Action, &str)] = &[
    (Action::Last, "the newest entry; follow the log"),
    (Action::Left, "fewer levels, down to errors"),
    (Action::Right, "more levels, up to traces"),
    (Action::Filter, "only entries that match"),
];

/// What is looked at: the place in the log, and how much of it.
pub struct View {
    place: TuiWidgetState,
    /// Whether it was seen not to follow what is new, the last time it was drawn.
    stands: Cell<bool>,
    level: usize,
    /// What was typed, and the last of it that was understood.
    text: String,
    filter: Filter,
}

impl Default for View {
    fn default() -> Self {
        Self {
            place: shown(USUAL),
            stands: Cell::default(),
            level: USUAL,
            text: String::new(),
            filter: Filter::default(),
        }
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("level", &self.level).finish_non_exhaustive()
    }
}

fn shown(level: usize) -> TuiWidgetState {
    TuiWidgetState::new().set_default_display_level(LEVELS[level])
}

impl View {
    /// Scrolls, or shows more (`right`) or fewer (`left`) levels.
    pub fn act(&mut self, action: Action, _state: &State) -> Reply {
        match action {
            Action::Up | Action::PageUp | Action::HalfUp => {
                self.place.transition(TuiWidgetEvent::PrevPageKey);
            }
            Action::Down | Action::PageDown | Action::HalfDown => {
                self.place.transition(TuiWidgetEvent::NextPageKey);
            }
            Action::Follow if !self.stands.get() => {
                self.place.transition(TuiWidgetEvent::PrevPageKey);
            }
            Action::Last | Action::Follow => self.place.transition(TuiWidgetEvent::EscapeKey),
            Action::Left => self.show(self.level.saturating_sub(1)),
            Action::Right => self.show((self.level + 1).min(LEVELS.len() - 1)),
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    fn show(&mut self, level: usize) {
        self.level = level;
        self.place = shown(level);
        self.stands.set(false);
    }

    /// Takes notice of what was drawn; a log that was gone through to its end follows again.
    fn settle(&self, sight: &Sight) {
        let stands = sight.stands();
        if self.stands.replace(stands) && !stands {
            self.place.transition(TuiWidgetEvent::EscapeKey);
        }
    }

    /// Shows only entries that pass the filter `text`; one half typed leaves the one before in force.
    pub fn filter(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        if let Ok(filter) = Filter::parse(text, Entry::FIELDS) {
            self.filter = filter;
        }
    }

    /// What a filter may speak of.
    pub fn terms() -> Terms {
        Terms::of(&LEVELS.map(|level| Entry { level, target: "", message: "" }))
    }

    /// What the footer should name.
    pub const fn hints(&self, _state: &State) -> &'static [Action] {
        &[Action::PageUp, Action::PageDown, Action::Last, Action::Follow]
    }

    /// Draws the log, the newest entry at the bottom.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, _state: &State, look: &Look<'_>) {
        tui_logger::move_events();
        let theme = look.theme;
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(theme.focus)
            .title_bottom(Line::styled(levels(look), theme.muted).right_aligned());
        let inner = block.inner(area);
        if is_silent() {
            let words = "Nothing has been logged yet. `ISOMON_LOG=debug` makes isomon say more.";
            let empty = Paragraph::new(words).wrap(Wrap { trim: true });
            frame.render_widget(empty.style(theme.muted), inner);
        } else {
            let sight = Arc::new(Sight::default());
            let (filter, seen) = (self.filter.clone(), Arc::clone(&sight));
            let pen = Pen { theme: theme.clone(), filter, sight: seen };
            let log = TuiLoggerWidget::default()
                .style(theme.text)
                .formatter(Box::new(pen))
                .state(&self.place);
            frame.render_widget(log, inner);
            self.settle(&sight);
        }
        frame.render_widget(block.title(Line::styled(self.title(), theme.title)), area);
    }

    fn title(&self) -> String {
        let level = LEVELS[self.level].as_str().to_lowercase();
        let moves = if self.stands.get() { "stands still" } else { "follows" };
        let filter =
            if self.text.is_empty() { String::new() } else { format!(" · /{}", self.text) };
        format!(" Log, up to {level} · {moves}{filter} ")
    }
}

/// What a drawing of the log came across. It begins with the newest entry that is shown where the log follows,
/// and amid others where it stands still.
#[derive(Debug, Default)]
struct Sight {
    /// When the first entry was written, in nanoseconds since 1970.
    first: OnceLock<i128>,
    newer: AtomicBool,
}

impl Sight {
    fn note(&self, at: i128) {
        if at > *self.first.get_or_init(|| at) {
            self.newer.store(true, Ordering::Relaxed);
        }
    }

    fn stands(&self) -> bool {
        self.newer.load(Ordering::Relaxed)
    }
}

/// An entry of the log, as the filter sees it.
struct Entry<'a> {
    level: LevelFilter,
    target: &'a str,
    message: &'a str,
}

impl Row for Entry<'_> {
    type Key = ();
    const FIELDS: &'static [Field] =
        &[Field::text("level"), Field::text("from"), Field::text("message")];

    fn key(&self) {}

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            0 => Value::Text(self.level.as_str().to_lowercase().into()),
            1 => Value::text(self.target),
            _ => Value::text(self.message),
        }
    }
}

/// Writes the entries that pass: time, level and words, wrapped where they are longer than a line.
struct Pen {
    theme: Theme,
    filter: Filter,
    sight: Arc<Sight>,
}

impl LogFormatter for Pen {
    fn min_width(&self) -> u16 {
        4
    }

    fn format(&self, width: usize, entry: &ExtLogRecord) -> Vec<Line<'_>> {
        self.sight.note(entry.timestamp.timestamp().as_nanosecond());
        let level = entry.level.to_level_filter();
        let message = SafeText::within(entry.msg().trim(), LONGEST);
        let seen = Entry { level, target: entry.target(), message: message.as_str() };
        if !self.filter.lets(&seen) {
            return Vec::new();
        }
        let style = match level {
            LevelFilter::Error => self.theme.bad,
            LevelFilter::Warn => self.theme.warn,
            LevelFilter::Info => self.theme.text,
            _ => self.theme.muted,
        };
        let sign = level.as_str().chars().next().unwrap_or(' ');
        let time = entry.timestamp.strftime("%H:%M:%S");
        wrapped(&format!("{time} {sign} {message}"), width)
            .into_iter()
            .map(|line| Line::styled(line, style))
            .collect()
    }
}

/// `text` in lines of at most `width` columns, the later ones indented.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let room = width.max(INDENT + 1);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if used + wide > room {
            lines.push(std::mem::replace(&mut line, " ".repeat(INDENT)));
            used = INDENT;
        }
        line.push(letter);
        used += wide;
    }
    lines.push(line);
    lines
}

/// Which keys show less and more.
fn levels(look: &Look<'_>) -> String {
    format!(" {} less, {} more ", look.key(Action::Left), look.key(Action::Right))
}

/// Whether nothing in this program logs anywhere.
fn is_silent() -> bool {
    tracing::level_filters::LevelFilter::current() == tracing::level_filters::LevelFilter::OFF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_asked_for_by_level_by_part_and_by_words() {
        let entry =
            Entry { level: LevelFilter::Warn, target: "isomon::hub", message: "a node is gone" };
        let passes = |text: &str| Filter::parse(text, Entry::FIELDS).expect(text).lets(&entry);
        assert!(passes("level=warn from~hub gone"));
        assert!(!passes("level=info") && !passes("!node") && !passes("message=node2"));
        let mut view = View::default();
        view.filter("level=warn");
        view.filter("level=");
        assert_eq!(view.filter, Filter::parse("level=warn", Entry::FIELDS).expect("a filter"));
    }

    #[test]
    fn the_title_says_whether_the_log_follows() {
        let view = View::default();
        assert_eq!(view.title(), " Log, up to info · follows ");
        let (still, newest) = (Sight::default(), Sight::default());
        // Amid others older and newer ones are drawn; at the end there are older ones alone.
        for (at, before) in [(20, 30), (10, 20), (30, 10)] {
            still.note(at);
            newest.note(before);
        }
        view.settle(&still);
        assert_eq!(view.title(), " Log, up to info · stands still ");
        view.settle(&newest);
        assert_eq!(view.title(), " Log, up to info · follows ");
    }

    #[test]
    fn every_key_of_the_log_is_named_and_does_something() {
        let (mut view, state) = (View::default(), State::default());
        let own = KEYS.iter().map(|(action, _)| action);
        let own = own.filter(|action| **action != Action::Filter);
        for action in view.hints(&state).iter().chain(own) {
            assert_eq!(view.act(*action, &state), Reply::Done, "{action:?}");
        }
    }

    #[test]
    fn a_long_entry_is_wrapped_and_nothing_is_lost() {
        assert_eq!(wrapped("abcdefgh", 4), ["abcd", "  ef", "  gh"]);
        assert_eq!(wrapped("東京", 3), ["東", "  京"]);
        assert_eq!(wrapped("", 0), [""]);
    }
}
