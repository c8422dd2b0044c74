//! What the kernel's log says of a GPU: each kind of Xid error, its meaning, and what mends it.

use std::time::Duration;

use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use super::entry::Entry;
use crate::model::gpu::xid::Xid;
use crate::tui::look::Look;
use crate::tui::widget::value;

/// Most kinds shown; the latest.
const MOST: usize = 3;

/// Lines for each kind, the latest first, each at most `width` columns.
pub(super) fn lines(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let xids = entry.gpu.detail.xids.known().map_or(&[][..], Vec::as_slice);
    xids.iter().rev().take(MOST).flat_map(|xid| one(xid, entry, width, look)).collect()
}

fn one(xid: &Xid, entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let meaning = xid.meaning();
    let style = if meaning.is_grave { look.theme.bad } else { look.theme.warn };
    let times = if xid.count > 1 { format!(" ×{}", xid.count) } else { String::new() };
    let when = age(xid, entry, look).map_or_else(String::new, |age| format!(", {age}"));
    let sign = look.glyph.pick("✗", "!");
    let words = format!("{sign} Xid {}{times}{when}: {}", xid.code, meaning.words);
    let said = wrapped(&words, width).into_iter().map(|line| Line::styled(line, style));
    let remedy = wrapped(&format!("  {}", meaning.remedy), width);
    said.chain(remedy.into_iter().map(|line| Line::styled(line, look.theme.muted))).collect()
}

/// `text` in lines of at most `width` columns, broken between words; all but the first are set in.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let set_in = text.len() - text.trim_start().len();
    let mut lines = vec![" ".repeat(set_in)];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.trim().is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("  {word}"));
        }
    }
    lines
}

/// How long ago it was, by the node's own time since boot.
fn age(xid: &Xid, entry: &Entry<'_>, look: &Look<'_>) -> Option<String> {
    let (at, sample) = entry.node.sample.as_ref()?;
    let since = sample.uptime_seconds.get()?.0 - xid.last_uptime_seconds.get()?.0;
    let since = Duration::try_from_secs_f64(since.max(0.0)).ok()?;
    Some(value::ago(since.saturating_add(look.age(*at))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "  three"]);
        assert_eq!(wrapped("  one two", 5), ["  one", "  two"]);
        assert_eq!(wrapped("longest", 3), ["longest"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
