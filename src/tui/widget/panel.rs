//! A frame with a title, and what is within.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

use super::super::look::Look;
use super::fixed;

/// A frame about to be drawn.
pub struct Panel<'a> {
    /// Its name, on the upper left.
    pub title: &'a str,
    /// What is said about it, on the upper right; muted.
    pub aside: String,
    /// What is said below, on the right; muted.
    pub below: String,
    /// Whether it has the keys.
    pub focused: bool,
    /// Whether it shows the time that is looked at, and why less of it than it should.
    pub then: Option<Option<String>>,
}

impl<'a> Panel<'a> {
    /// A frame called `title`.
    pub const fn new(title: &'a str) -> Self {
        Self { title, aside: String::new(), below: String::new(), focused: false, then: None }
    }

    /// The same with words on the upper right.
    #[must_use]
    pub fn aside(self, aside: impl Into<String>) -> Self {
        Self { aside: aside.into(), ..self }
    }

    /// The same with words on the lower right.
    #[must_use]
    pub fn below(self, below: impl Into<String>) -> Self {
        Self { below: below.into(), ..self }
    }

    /// The same, marked as having the keys.
    #[must_use]
    pub fn focused(self, focused: bool) -> Self {
        Self { focused, ..self }
    }

    /// The same, of the time that is looked at: any other is of now, and says so where that is not what is looked at.
    /// `gap`: why it shows less than it should.
    #[must_use]
    pub fn of_then(self, gap: Option<String>) -> Self {
        Self { then: Some(gap), ..self }
    }

    /// Draws the frame and returns the room within, one blank kept on each side. An area too small
    /// for a frame gets none.
    pub fn open(self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Rect {
        let area = area.intersection(buffer.area);
        if area.height < 3 || area.width < 8 {
            return area;
        }
        self.block(usize::from(area.width), look).render(area, buffer);
        inside(area)
    }

    fn block(&self, width: usize, look: &Look<'_>) -> Block<'static> {
        let frame = if self.focused { look.theme.focus } else { look.theme.border };
        let title = fixed::cut(self.title, width.saturating_sub(6));
        let mark = match &self.then {
            None if look.is_then() => "· now",
            Some(Some(gap)) => &format!("· {gap}"),
            _ => "",
        };
        let mark = fixed::cut(mark, width.saturating_sub(title.chars().count() + 9));
        let marked = if mark.is_empty() { 0 } else { mark.chars().count() + 2 };
        let width = width.saturating_sub(marked);
        let room = width.saturating_sub(title.chars().count() + 8);
        let muted =
            |text: &str| Span::styled(format!(" {} ", fixed::cut(text, room)), look.theme.muted);
        let style = if self.focused { look.theme.focus } else { look.theme.title };
        let mut block = Block::bordered().border_type(BorderType::Rounded).border_style(frame);
        let mut words = Line::styled(format!(" {title} "), style);
        if marked > 0 {
            words.push_span(Span::styled(format!("{mark} "), look.theme.warn));
        }
        block = block.title_top(words);
        if !self.aside.is_empty() && room > 3 {
            block = block.title_top(Line::from(muted(&self.aside)).right_aligned());
        }
        if !self.below.is_empty() && room > 3 {
            block = block.title_bottom(Line::from(muted(&self.below)).right_aligned());
        }
        block
    }
}

/// The room within a frame that fills `area`; what [`Panel::open`] returns.
pub const fn inside(area: Rect) -> Rect {
    if area.height < 3 || area.width < 8 {
        return area;
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// Draws `lines` from the top; what does not fit is left out.
pub fn lines<'a>(lines: impl IntoIterator<Item = Line<'a>>, area: Rect, buffer: &mut Buffer) {
    for (line, row) in lines.into_iter().zip(area.rows()) {
        fixed::cut_line(line, usize::from(row.width)).render(row, buffer);
    }
}
