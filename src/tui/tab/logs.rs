//! What isomon did, as tui-logger keeps it.

use std::fmt;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Paragraph, Wrap};
use tui_logger::{LevelFilter, TuiLoggerLevelOutput, TuiLoggerWidget};
use tui_logger::{TuiWidgetEvent, TuiWidgetState};

use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;

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

/// What is looked at: the place in the log, and how much of it.
pub struct View {
    place: TuiWidgetState,
    level: usize,
}

impl Default for View {
    fn default() -> Self {
        Self { place: shown(USUAL), level: USUAL }
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
            Action::Last => self.place.transition(TuiWidgetEvent::EscapeKey),
            Action::Left => self.show(self.level.saturating_sub(1)),
            Action::Right => self.show((self.level + 1).min(LEVELS.len() - 1)),
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    fn show(&mut self, level: usize) {
        self.level = level;
        self.place = shown(level);
    }

    /// What the footer should name.
    pub const fn hints(&self, _state: &State) -> &'static [Action] {
        &[Action::PageUp, Action::PageDown, Action::Last]
    }

    /// Draws the log, the newest entry at the bottom.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, _state: &State, look: &Look<'_>) {
        tui_logger::move_events();
        let theme = look.theme;
        let level = LEVELS[self.level].as_str().to_lowercase();
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(theme.focus)
            .title(Line::styled(format!(" Log, up to {level} "), theme.title))
            .title_bottom(Line::styled(levels(look), theme.muted).right_aligned());
        if is_silent() {
            let words = "Nothing has been logged yet. `RUST_LOG=debug` makes isomon say more.";
            let empty = Paragraph::new(words).wrap(Wrap { trim: true });
            return frame.render_widget(empty.style(theme.muted).block(block), area);
        }
        let log = TuiLoggerWidget::default()
            .block(block)
            .style(theme.text)
            .style_error(theme.bad)
            .style_warn(theme.warn)
            .style_debug(theme.muted)
            .style_trace(theme.muted)
            .output_timestamp(Some("%H:%M:%S".to_owned()))
            .output_level(Some(TuiLoggerLevelOutput::Abbreviated))
            .output_target(false)
            .output_separator(' ')
            .output_file(false)
            .output_line(false)
            .state(&self.place);
        frame.render_widget(log, area);
    }
}

/// Which keys show less and more.
fn levels(look: &Look<'_>) -> String {
    format!(" {} less, {} more ", look.key(Action::Left), look.key(Action::Right))
}

/// Whether nothing in this program logs anywhere.
fn is_silent() -> bool {
    tracing::level_filters::LevelFilter::current() == tracing::level_filters::LevelFilter::OFF
}
