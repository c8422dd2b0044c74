//! What is put into texts of a workflow: `{{hosts.db}}`, `{{run.id}}`, `{{load.out}}`.
//!
//! A placeholder is a word, or words with dots between, in double braces. Other things in double braces,
//! as Go's `{{.Names}}`, are not ours and stay as they are; `{{{{word}}}}` is `{{word}}` itself. In a
//! command a value is one word for the shell, whatever is in it: see [`command`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::job::quoted;
use crate::model::workflow::Workflow;

mod shell;

/// Words of Go's templates, which are none of ours.
const GO: [&str; 6] = ["end", "else", "break", "continue", "nil", "define"];

/// What stands for what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// What is known of `workflow` before it starts: its hosts.
    pub fn of(workflow: &Workflow) -> Self {
        let mut values = Self::default();
        for (name, host) in &workflow.hosts {
            let address = host.address.as_deref().unwrap_or("localhost");
            values.set(&format!("hosts.{name}"), address);
            values.set(&format!("hosts.{name}.ip"), address);
            if let Some(username) = &host.username {
                values.set(&format!("hosts.{name}.username"), username);
            }
            if let Some(port) = host.port {
                values.set(&format!("hosts.{name}.port"), &port.to_string());
            }
        }
        values
    }

    /// Lets `name` stand for `value`: `run.id`, `load.out`.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// What `name` stands for.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Why nothing can be put in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Names that stand for nothing.
    #[error("nothing is known as {}", braced(.0))]
    Unknown(Vec<String>),
    /// A value that would be read as something else where it stands.
    #[error("{{{{{0}}}}} stands where a shell would read more into its value than a word")]
    Unsafe(String),
}

fn braced(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{{{{{name}}}}}")).collect();
    names.join(", ")
}

/// A placeholder in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Its name.
    pub name: String,
    /// Its bytes, braces and all.
    pub at: Range<usize>,
    /// Whether it stands where a shell takes a value for more than a word: in quotes, a comment, a
    /// here-document. Values that are no plain letters are refused there.
    pub guarded: bool,
}

/// The placeholders of `text`, as a command for a shell.
pub fn placeholders(text: &str) -> Vec<Placeholder> {
    let mut found = Vec::new();
    for piece in pieces(text) {
        if let Piece::Name { name, at } = piece {
            found.push(Placeholder { name: name.to_owned(), at, guarded: false });
        }
    }
    let guarded = shell::guarded(text, found.iter().map(|one| one.at.start));
    for (one, guarded) in found.iter_mut().zip(guarded) {
        one.guarded = guarded;
    }
    found
}

/// `text`, a command for a shell, with `values` put in, each as one word: letters, digits and
/// `. _ : / @ % + = , -` as they are, anything else quoted. Inside of quotes, comments and
/// here-documents, where quoting would mean something else, any other value is refused.
pub fn command(text: &str, values: &Values) -> Result<String, Error> {
    let placeholders = placeholders(text);
    let refused = placeholders.iter().find(|one| {
        one.guarded && values.value(&one.name).is_some_and(|value| !shell::is_raw(value))
    });
    if let Some(one) = refused {
        return Err(Error::Unsafe(one.name.clone()));
    }
    filled(text, values, &mut |value, out| {
        out.push_str(&word(value));
    })
}

/// `text` with `values` put in as they are: paths, addresses, arguments.
pub fn plain(text: &str, values: &Values) -> Result<String, Error> {
    filled(text, values, &mut |value, out| out.push_str(value))
}

/// `text`, a command for a shell, with what is known put in, and what is not known yet as it is.
pub fn so_far(text: &str, values: &Values) -> String {
    partly(text, values, |value| word(value).into_owned())
}

/// `value` as one word of a shell, bare where it may be.
fn word(value: &str) -> Cow<'_, str> {
    if shell::is_raw(value) { value.into() } else { quoted(value).into() }
}

/// The same of a text that no shell reads.
pub fn plain_so_far(text: &str, values: &Values) -> String {
    partly(text, values, str::to_owned)
}

fn partly(text: &str, values: &Values, put: impl Fn(&str) -> String) -> String {
    let each = pieces(text).into_iter().map(|piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Braces(name) => braced(&[name.to_owned()]),
        Piece::Name { name, .. } => {
            values.value(name).map_or_else(|| braced(&[name.to_owned()]), &put)
        }
    });
    each.collect()
}

fn filled(
    text: &str,
    values: &Values,
    put: &mut dyn FnMut(&str, &mut String),
) -> Result<String, Error> {
    let mut out = String::with_capacity(text.len());
    let mut unknown = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Braces(name) => out.push_str(&braced(&[name.to_owned()])),
            Piece::Name { name, .. } => match values.value(name) {
                Some(value) => put(value, &mut out),
                None => unknown.push(name.to_owned()),
            },
        }
    }
    unknown.dedup();
    if unknown.is_empty() { Ok(out) } else { Err(Error::Unknown(unknown)) }
}

enum Piece<'t> {
    Text(&'t str),
    /// A name in braces that is meant as it is.
    Braces(&'t str),
    Name {
        name: &'t str,
        at: Range<usize>,
    },
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        pieces.push(Piece::Text(before));
        let start = text.len() - after.len() - 2;
        let (piece, behind) = piece(after, start);
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// What stands behind `{{`, which is at `start`, and the rest.
fn piece(after: &str, start: usize) -> (Piece<'_>, &str) {
    let doubled = after.strip_prefix("{{").and_then(|inner| name_until(inner, "}}}}"));
    if let Some((name, rest)) = doubled {
        return (Piece::Braces(name), rest);
    }
    match name_until(after, "}}").filter(|(name, _)| !GO.contains(name)) {
        Some((name, rest)) => {
            let end = start + 2 + (after.len() - rest.len());
            (Piece::Name { name, at: start..end }, rest)
        }
        None => (Piece::Text("{{"), after),
    }
}

/// The name up to `end`, and what is behind; `None` where anything else stands before. No letter behind
/// the name is looked at, so that a text of braces alone is read once.
fn name_until<'t>(text: &'t str, end: &str) -> Option<(&'t str, &'t str)> {
    let other = |letter: char| {
        !(letter.is_ascii_alphanumeric()
            || matches!(letter, '_' | '-' | '.')
            || letter.is_whitespace())
    };
    let (name, rest) = text.split_at(text.find(other)?);
    let name = name.trim();
    Some((name, rest.strip_prefix(end)?)).filter(|(name, _)| is_path(name))
}

/// Whether `name` is words with dots between.
fn is_path(name: &str) -> bool {
    name.split('.').all(super::check::is_word)
}

#[cfg(test)]
mod tests;
