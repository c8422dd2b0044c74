//! The words of an expression, each with its place.

use std::ops::Range;

use super::unit::Unit;

/// Longest expression, in bytes; a person's is far below.
pub const LONGEST: usize = 4_096;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A number with its unit.
    Number(f64, Unit),
    /// The name of a reading, or `and`, `or`, `not`, `was`.
    Name(String),
    /// Words in quotes.
    Words(String),
    /// A sign: an operator or a bracket.
    Sign(&'static str),
}

/// What is wrong with an expression, and where, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub span: Range<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do; may be empty.
    pub remedy: String,
}

impl Wrong {
    /// A mistake at `span`.
    pub fn new(span: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { span, what: what.into(), remedy: remedy.into() }
    }
}

/// Longer signs first, so that `>=` is not read as `>`.
const SIGNS: [&str; 15] =
    [">=", "<=", "!=", "!~", ">", "<", "=", "~", "+", "-", "*", "/", "(", ")", "!"];

/// A word and where it stands, in bytes.
pub type Placed = (Range<usize>, Token);

/// Cuts `text` into words.
pub fn tokens(text: &str) -> Result<Vec<Placed>, Wrong> {
    if text.len() > LONGEST {
        let what = format!("it has {} letters; {LONGEST} are the most", text.len());
        return Err(Wrong::new(0..LONGEST, what, "make two rules of it"));
    }
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(found) };
        let start = text.len() - rest.len();
        let (length, token) = token(first, rest)
            .map_err(|(length, what, remedy)| Wrong::new(start..start + length, what, remedy))?;
        found.push((start..start + length, token));
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// How long a word is that cannot be read, what is wrong with it, what to do.
type Bad = (usize, String, String);

/// The first word of `rest`, which begins with `first`: its length in bytes, and what it is.
fn token(first: char, rest: &str) -> Result<(usize, Token), Bad> {
    if first.is_ascii_digit() {
        return number(rest);
    }
    if first.is_alphabetic() || first == '_' {
        let length = while_in(rest, |c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let name = rest.get(..length).unwrap_or_default().to_owned();
        return Ok((length, Token::Name(name)));
    }
    if matches!(first, '"' | '\'') {
        let inner = rest.get(1..).unwrap_or_default();
        let Some(end) = inner.find(first) else {
            return Err((1, "the quote is not closed".to_owned(), String::new()));
        };
        let words = inner.get(..end).unwrap_or_default().to_owned();
        return Ok((end + 2, Token::Words(words)));
    }
    let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
    sign.map(|sign| (sign.len(), Token::Sign(sign))).ok_or_else(|| {
        let what = format!("`{}` means nothing here", first.escape_debug());
        (first.len_utf8(), what, "use = != ~ !~ > >= < <= + - * / and or not ( )".to_owned())
    })
}

/// A number and what stands right behind it.
fn number(rest: &str) -> Result<(usize, Token), Bad> {
    let digits = while_in(rest, |c| c.is_ascii_digit() || c == '.' || c == '_');
    let after = rest.get(digits..).unwrap_or_default();
    let mut suffix = while_in(after, |c| c.is_alphabetic() || matches!(c, '%' | '°'));
    if after.get(suffix..).is_some_and(per_second) {
        suffix += 2;
    }
    let length = digits + suffix;
    let letters = after.get(..suffix).unwrap_or_default();
    let written = rest.get(..length).unwrap_or_default();
    let number: Option<f64> =
        rest.get(..digits).and_then(|digits| digits.replace('_', "").parse().ok());
    let number = number.filter(|number| number.is_finite());
    match (number, Unit::of_suffix(letters)) {
        (Some(number), Some((unit, each))) => Ok((length, Token::Number(number * each, unit))),
        (None, _) => Err((length, format!("`{written}` is no number"), String::new())),
        (_, None) => Err((
            length,
            format!("`{letters}` is no unit"),
            "write 80%, 2GiB, 20MiB/s, 80°C, 300W, 500ms, 5m, 2h".to_owned(),
        )),
    }
}

/// Whether `rest` begins with `/s` and no longer word.
fn per_second(rest: &str) -> bool {
    let after = rest.strip_prefix("/s");
    after.is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// Bytes of the letters at the start of `text` that `fits`.
fn while_in(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|letter: char| !fits(letter)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_and_placed() {
        let found = tokens("gpu.temperature>=80.5°C and node ~ \"web\"").unwrap();
        let wanted = [
            (0..15, Token::Name("gpu.temperature".to_owned())),
            (15..17, Token::Sign(">=")),
            (17..24, Token::Number(80.5, Unit::Celsius)),
            (25..28, Token::Name("and".to_owned())),
            (29..33, Token::Name("node".to_owned())),
            (34..35, Token::Sign("~")),
            (36..41, Token::Words("web".to_owned())),
        ];
        assert_eq!(found, wanted);
        let rate = tokens("20MiB/s").unwrap();
        assert_eq!(rate[0].1, Token::Number(20.0 * 1_048_576.0, Unit::ByteRate));
    }

    #[test]
    fn what_cannot_be_read_has_its_place() {
        let rows = [("cpu > 8x", 6..8), ("node ~ \"web", 7..8), ("cpu # 3", 4..5), ("1.2.3", 0..5)];
        for (text, span) in rows {
            assert_eq!(tokens(text).unwrap_err().span, span, "{text}");
        }
        assert!(tokens(&"x ".repeat(LONGEST)).is_err());
    }
}
