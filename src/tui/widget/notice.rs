//! What a view says when it has nothing to show: what is missing, why, what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::super::look::Look;
use super::{fixed, grid};

/// Columns a sentence has at most.
const WIDTH: u16 = 76;

/// Draws `headline` and below it `words`, wrapped, in the upper third of `area`, or higher where they would
/// run out of it.
pub fn notice(headline: &str, words: &[String], area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let area = area.intersection(buffer.area);
    let width = area.width.min(WIDTH);
    let high = usize::from(area.height);
    let text = 1 + words.iter().map(|sentence| rows(sentence, width)).sum::<usize>();
    let roomy = high > 2 * words.len() + 2 && text + words.len() <= high;
    let mut lines = vec![Line::styled(headline.to_owned(), look.theme.title)];
    for sentence in words {
        if roomy {
            lines.push(Line::default());
        }
        lines.push(Line::styled(sentence.clone(), look.theme.muted));
    }
    let room = area.height.saturating_sub(grid::narrow(lines.len()));
    let wanted = text + if roomy { words.len() } else { 0 };
    let down = (room / 3).min(area.height.saturating_sub(grid::narrow(wanted)));
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + down,
        width,
        height: area.height - down,
    };
    Paragraph::new(lines).wrap(Wrap { trim: true }).render(place, buffer);
}

/// Lines that `sentence` takes.
fn rows(sentence: &str, width: u16) -> usize {
    fixed::wrap(sentence, usize::from(width)).len()
}

/// As many of `sentences` as have room in `area` below a headline, how many are left out, and `closing`, which
/// always has room.
pub fn fitting(sentences: Vec<String>, closing: Option<String>, area: Rect) -> Vec<String> {
    let taken = |sentence: &String| rows(sentence, area.width.min(WIDTH));
    let below = 1 + closing.iter().map(taken).sum::<usize>();
    let height = usize::from(area.height).saturating_sub(below);
    let mut words = sentences;
    if words.iter().map(taken).sum::<usize>() > height {
        let mut left = height.saturating_sub(1);
        let fits = |sentence: &&String| {
            let rest = left.checked_sub(taken(sentence));
            left = rest.unwrap_or(left);
            rest.is_some()
        };
        let kept = words.iter().take_while(fits).count();
        let more = words.len() - kept;
        words.truncate(kept);
        words.push(format!("And {more} more."));
    }
    words.extend(closing);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_counted() {
        let fitting = |width, height| {
            let sentences = ["one two", "three", "four"].map(str::to_owned).to_vec();
            fitting(sentences, Some("end".to_owned()), Rect::new(0, 0, width, height))
        };
        assert_eq!(fitting(7, 5), ["one two", "three", "four", "end"]);
        assert_eq!(fitting(5, 5), ["one two", "And 2 more.", "end"]);
        assert_eq!(fitting(7, 3), ["And 3 more.", "end"]);
    }
}
