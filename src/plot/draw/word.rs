//! How wide words are in `DejaVu` Sans, near enough to keep them apart, and how they are broken and cut.

/// Width of `text` at `size`, in points.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// Advance of a letter as a share of its size.
const fn advance(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | '\'' => 0.28,
        ' ' | '.' | ',' | ':' | ';' | '|' | 'I' | '·' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' => 0.40,
        'm' | 'M' | 'W' | '%' | '@' | '…' => 0.99,
        'w' | '×' | '±' | '≤' | '≈' | '−' | '=' | '+' | '<' | '>' | '#' => 0.84,
        'A'..='Z' => 0.72,
        '\u{2e80}'.. => 1.0,
        _ => 0.635,
    }
}

/// `text` in lines no wider than `room`; a word that is wider is cut.
pub(super) fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = cut(word, size, room);
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// `text`, and `…` for what there is no room for.
pub(super) fn cut(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut left = room - advance('…') * size;
    for letter in text.chars() {
        left -= advance(letter) * size;
        if left < 0.0 {
            break;
        }
        kept.push(letter);
    }
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_wider_than_their_room() {
        let text = "the short ones again, on a scale of their own ".repeat(9) + &"x".repeat(400);
        for line in wrapped(&text, 11.0, 200.0) {
            assert!(width(&line, 11.0) <= 200.0, "{line}");
        }
        assert_eq!(cut("short", 11.0, 200.0), "short");
        assert!(cut(&"y".repeat(99), 11.0, 60.0).ends_with('…'));
    }
}
