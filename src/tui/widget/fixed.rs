//! Text in a fixed number of columns, so that tables stand still while their numbers change.
//!
//! Widths are columns of the terminal, not characters.

use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` cut to at most `width` columns; what was cut ends in `…`.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
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

/// `text` in at most `width` columns, with `…` for its middle where it is longer: what ends alike begins
/// otherwise, or the other way round.
pub fn cut_middle(text: &str, width: usize) -> String {
    if text.width() <= width || width < 2 {
        return cut(text, width);
    }
    let within = |letters: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut used = 0;
        let fits = |letter: &char| {
            used += letter.width().unwrap_or(0);
            used <= room
        };
        letters.take_while(fits).collect()
    };
    let end = within(&mut text.chars().rev(), width / 2);
    let start = within(&mut text.chars(), width - width / 2 - 1);
    start.into_iter().chain(['…']).chain(end.into_iter().rev()).collect()
}

/// `line` cut to at most `width` columns; what was cut ends in `…`.
pub fn cut_line(line: Line<'_>, width: usize) -> Line<'_> {
    let whole: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    // Blanks at the end are nothing that could be missed.
    if whole.trim_end().width() <= width {
        return line;
    }
    let (style, alignment) = (line.style, line.alignment);
    let mut left = width;
    let mut spans = Vec::new();
    for span in line.spans {
        let wide = span.width();
        if wide < left {
            left -= wide;
            spans.push(span);
            continue;
        }
        // The rest does not fit, or this is the last that does and something follows it.
        let mut text = cut(&span.content, left);
        if wide == left {
            text = cut(&format!("{text}…"), left);
        }
        spans.push(Span::styled(text, span.style));
        break;
    }
    Line { spans, style, alignment }
}

/// `text` in exactly `width` columns: cut, or filled with blanks on the left (`right`) or the
/// right side.
pub fn fit(text: &str, width: usize, right: bool) -> String {
    let text = cut(text, width);
    let blank = " ".repeat(width.saturating_sub(text.width()));
    if right { blank + &text } else { text + &blank }
}

/// `text` in exactly `width` columns, at the left.
pub fn left(text: &str, width: usize) -> String {
    fit(text, width, false)
}

/// `text` in exactly `width` columns, at the right.
pub fn right(text: &str, width: usize) -> String {
    fit(text, width, true)
}

/// Which columns fit into `room`: of `(width, rank)` those of the lowest rank, in their own order.
/// Each column but the first costs a space.
pub fn choose(columns: &[(usize, u8)], room: usize) -> Vec<usize> {
    let mut by_rank: Vec<usize> = (0..columns.len()).collect();
    by_rank.sort_by_key(|index| columns[*index].1);
    let mut left = room + 1;
    let mut chosen = Vec::new();
    for index in by_rank {
        let cost = columns[index].0 + 1;
        if cost <= left {
            left -= cost;
            chosen.push(index);
        }
    }
    chosen.sort_unstable();
    chosen
}

/// `text` on several lines of at most `width` columns, broken at spaces where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for mut word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        while word.width() > width.max(1) && word.chars().count() > 1 {
            let (head, tail) = split(word, width.max(1));
            lines.push(head.to_owned());
            word = tail;
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Splits `word` after at most `width` columns, but after one letter at least.
fn split(word: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    let end = word.char_indices().skip(1).find(|(at, _)| {
        used = word.get(..*at).map_or(0, UnicodeWidthStr::width);
        let next = word.get(*at..).and_then(|rest| rest.chars().next());
        used + next.and_then(UnicodeWidthChar::width).unwrap_or(0) > width
    });
    word.split_at(end.map_or(word.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_cut_says_so() {
        let line = || Line::from(vec![Span::raw("ab "), Span::raw("cd"), Span::raw("  ")]);
        let cut = |width| cut_line(line(), width).to_string();
        assert_eq!([7, 6, 5].map(cut), ["ab cd  ", "ab cd  ", "ab cd  "]);
        assert_eq!([4, 3, 2, 1, 0].map(cut), ["ab …", "ab…", "a…", "…", ""]);
    }

    #[test]
    fn a_name_keeps_both_its_ends() {
        let cut = |width| cut_middle("gpu-rack-01", width);
        assert_eq!(
            [12, 11, 10, 7].map(cut),
            ["gpu-rack-01", "gpu-rack-01", "gpu-…ck-01", "gpu…-01"]
        );
        assert_eq!([2, 1, 0].map(cut), ["…1", "…", ""]);
        assert_eq!(["東京大阪-7", "東京-西-7"].map(|name| cut_middle(name, 6)), ["東…-7", "東…-7"]);
    }

    #[test]
    fn text_fits_its_cells() {
        assert_eq!(fit("web", 5, true), "  web");
        assert_eq!(fit("webserver", 5, false), "webs…");
        assert_eq!(fit("東京", 3, false), "東…");
        assert_eq!(fit("東京", 4, false), "東京");
        assert_eq!(cut("a", 0), "");
    }

    #[test]
    fn text_takes_exactly_its_columns() {
        let rows = [
            ("runc", 6, "runc  ", "  runc"),
            ("gvisor-systrap", 6, "gviso…", "gviso…"),
            ("東京都", 4, "東… ", " 東…"),
            ("x", 0, "", ""),
        ];
        for (text, width, at_left, at_right) in rows {
            assert_eq!(left(text, width), at_left);
            assert_eq!(right(text, width), at_right);
        }
    }

    #[test]
    fn the_least_needed_columns_go_first() {
        let columns = [(4, 0), (4, 9), (4, 1)];
        assert_eq!(choose(&columns, 14), [0, 1, 2]);
        assert_eq!(choose(&columns, 13), [0, 2]);
        assert_eq!(choose(&columns, 3), [] as [usize; 0]);
    }

    #[test]
    fn long_text_wraps_and_a_long_word_breaks() {
        assert_eq!(wrap("try the other one", 8), ["try the", "other", "one"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("東京", 1), ["東", "京"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
