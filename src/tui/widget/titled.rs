//! A panel: a frame with a title, bright when it has the keys.

use ratatui::layout::{Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Borders, Padding};

use crate::tui::look::Look;

/// The frame of a panel called `title`.
pub fn titled<'a>(title: &str, focused: bool, look: &Look<'_>) -> Block<'a> {
    let frame = if focused { look.theme.focus } else { look.theme.border };
    Block::new()
        .borders(Borders::ALL)
        .border_type(BorderType::Rounded)
        .border_style(frame)
        .padding(Padding::horizontal(1))
        .title(Line::styled(format!(" {title} "), look.theme.title))
}

/// What the frame around `area` leaves for its content.
pub fn inside(area: Rect) -> Rect {
    area.inner(Margin::new(2, 1))
}
