//! A panel: a frame with a title, bright when it has the keys.

use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Borders};

use crate::tui::look::Look;

/// The frame of a panel called `title`.
pub fn titled<'a>(title: &str, focused: bool, look: &Look<'_>) -> Block<'a> {
    let frame = if focused {
        look.theme.focus
    } else {
        look.theme.border
    };
    Block::new()
        .borders(Borders::ALL)
        .border_type(BorderType::Rounded)
        .border_style(frame)
        .title(Line::styled(format!(" {title} "), look.theme.title))
}
