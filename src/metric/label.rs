//! The labels of a series: `{name="value",…}`, values with the escapes `\\`, `\"` and `\n`.
//!
//! A name in quotes that has no value is the name of the metric, as Prometheus writes names that are
//! no words since its third version.

use std::borrow::Cow;

use super::Bounds;

/// A label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value, escapes undone.
    pub value: Cow<'a, str>,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// More than this of something.
    Limit(&'static str, usize),
    /// It is none.
    Line(&'static str),
}

/// What stands between braces.
#[derive(Debug, Default)]
pub(super) struct Labels<'a> {
    /// The metric's name, where it stands here.
    pub(super) metric: Option<Cow<'a, str>>,
    /// How many labels were added.
    pub(super) count: usize,
}

/// Reads labels behind the opening brace into `found`; also what follows the closing one.
pub(super) fn labels<'a>(
    mut rest: &'a str,
    bounds: &Bounds,
    mut found: Option<&mut Vec<Label<'a>>>,
) -> Result<(Labels<'a>, &'a str), Fault> {
    let mut labels = Labels::default();
    loop {
        rest = blank(rest);
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok((labels, rest));
        }
        let (name, after) = name(rest, bounds)?;
        rest = blank(after);
        if let Some(after) = rest.strip_prefix('=') {
            let after =
                blank(after).strip_prefix('"').ok_or(Fault::Line("a value without quotes"))?;
            let (value, after) =
                quoted(after, bounds.value_bytes, "bytes in the value of a label")?;
            labels.count += 1;
            if labels.count > bounds.labels {
                return Err(Fault::Limit("labels of one series", bounds.labels));
            }
            if let Some(found) = &mut found {
                found.push(Label { name, value });
            }
            rest = blank(after);
        } else if labels.metric.replace(name).is_some() {
            return Err(Fault::Line("a label without a value"));
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return Err(Fault::Line("no comma and no brace behind a label")),
        }
    }
}

fn name<'a>(rest: &'a str, bounds: &Bounds) -> Result<(Cow<'a, str>, &'a str), Fault> {
    if let Some(rest) = rest.strip_prefix('"') {
        return quoted(rest, bounds.name_bytes, "bytes in a name");
    }
    let (name, rest) = word(rest);
    match name.len() {
        0 => Err(Fault::Line("no name of a label")),
        length if length > bounds.name_bytes => {
            Err(Fault::Limit("bytes in a name", bounds.name_bytes))
        }
        _ => Ok((Cow::Borrowed(name), rest)),
    }
}

/// The name at the beginning, as far as it goes.
pub(super) fn word(text: &str) -> (&str, &str) {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    let end = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let end = if text.starts_with(|first: char| first.is_ascii_digit()) { 0 } else { end };
    text.split_at_checked(end).unwrap_or(("", text))
}

/// Without the blanks at the beginning.
pub(super) fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// What stands before the closing quote, escapes undone, and what follows it.
fn quoted<'a>(
    text: &'a str,
    most: usize,
    what: &'static str,
) -> Result<(Cow<'a, str>, &'a str), Fault> {
    let mut escapes = false;
    let mut end = None;
    let mut is_next = false;
    for (at, byte) in text.bytes().enumerate() {
        if at > most {
            return Err(Fault::Limit(what, most));
        }
        match byte {
            _ if is_next => is_next = false,
            b'\\' => (is_next, escapes) = (true, true),
            b'"' => {
                end = Some(at);
                break;
            }
            _ => {}
        }
    }
    let end = end.ok_or(Fault::Line("a quote that does not end"))?;
    let (raw, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let rest = rest.strip_prefix('"').unwrap_or(rest);
    Ok((if escapes { Cow::Owned(plain(raw)) } else { Cow::Borrowed(raw) }, rest))
}

/// Escapes undone; one that nobody knows stays as it is.
fn plain(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some(next @ ('\\' | '"'))) => text.push(next),
            ('\\', Some(next)) => text.extend(['\\', next]),
            _ => text.push(letter),
        }
    }
    text
}
