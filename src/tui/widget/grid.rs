//! Cells: how much of a row a share takes, and how text fits a row.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `share` (0..=1, clamped; NaN counts as 0) of `whole` cells, rounded.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates and the share is clamped"
)]
pub fn part(share: f64, whole: usize) -> usize {
    ((share.clamp(0.0, 1.0) * whole as f64).round() as usize).min(whole)
}

/// A count of cells as the screen has it; what is beyond is cut.
pub fn narrow(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// `text` in at most `width` columns; a cut one ends in `…`.
pub fn clip(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(width);
    let mut used = 0;
    for letter in text.chars() {
        let wide = letter.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        kept.push(letter);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// `text` in exactly `width` columns: cut, or filled with blanks on the left (`right`) or the
/// right side.
pub fn fit(text: &str, width: usize, right: bool) -> String {
    let text = clip(text, width);
    let blank = " ".repeat(width.saturating_sub(text.width()));
    if right { blank + &text } else { text + &blank }
}

/// The first row to show so that `cursor` stays in the middle where it can.
pub fn offset(cursor: usize, rows: usize, height: usize) -> usize {
    cursor.saturating_sub(height / 2).min(rows.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_fits_its_cells() {
        assert_eq!(fit("web", 5, true), "  web");
        assert_eq!(fit("webserver", 5, false), "webs…");
        assert_eq!(fit("東京", 3, false), "東…");
        assert_eq!(fit("東京", 4, false), "東京");
        assert_eq!(clip("a", 0), "");
    }

    #[test]
    fn a_share_stays_within_the_row() {
        assert_eq!([part(-1.0, 8), part(0.5, 8), part(7.0, 8), part(f64::NAN, 8)], [0, 4, 8, 0]);
    }

    #[test]
    fn the_cursor_is_always_in_sight() {
        for rows in 1..40 {
            for height in 1..20 {
                for cursor in 0..rows {
                    let first = offset(cursor, rows, height);
                    assert!(first <= cursor && cursor < first + height);
                }
            }
        }
    }
}
