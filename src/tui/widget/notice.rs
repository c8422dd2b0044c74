//! What a view says when it has nothing to show: what is missing, why, what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::super::look::Look;
use super::grid;

/// Draws `headline` and below it `words`, wrapped, in the upper third of `area`.
pub fn notice(headline: &str, words: &[String], area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let area = area.intersection(buffer.area);
    let mut lines = vec![Line::styled(headline.to_owned(), look.theme.title)];
    for sentence in words {
        if usize::from(area.height) > 2 * words.len() + 2 {
            lines.push(Line::default());
        }
        lines.push(Line::styled(sentence.clone(), look.theme.muted));
    }
    let width = area.width.min(76);
    let room = area.height.saturating_sub(grid::narrow(lines.len()));
    let down = room / 3;
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + down,
        width,
        height: area.height - down,
    };
    Paragraph::new(lines).wrap(Wrap { trim: true }).render(place, buffer);
}
