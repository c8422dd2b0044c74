//! What a line of a recording is about, told from its beginning.
//!
//! A recording is looked through before it can be searched, and most of its bytes are lists of processes
//! that need not be read for that. Lines as isomon writes them are told by their first few bytes; any other
//! is read as JSON.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use crate::model::time::Stamp;

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance<'a> {
    /// When it happened.
    pub at: Stamp,
    /// Who says so.
    pub from: Cow<'a, str>,
    /// What happened.
    pub kind: Kind,
    /// What else tells it from others of its kind: the run and what happened to it.
    pub of: Cow<'a, str>,
}

/// How long what a line tells stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// For an hour: charts show it.
    Hour,
    /// For a few seconds, and the last one for longer.
    Moment,
    /// Until the same is told again.
    Until,
    /// For good.
    Always,
    /// Not at all: it was about a recording that was played, or about what was asked.
    Never,
}

impl Kind {
    /// The kind of what is called `name`, as in JSON.
    fn of(name: &str) -> Self {
        match name {
            "node" | "gpus" | "serving" => Self::Hour,
            "processes" => Self::Moment,
            "info" | "health" | "origin" | "workloads" | "pipelines" | "agents" | "services"
            | "runs" | "stack" | "fleet" | "lost" | "notice" => Self::Until,
            "replay" | "anew" => Self::Never,
            _ => Self::Always,
        }
    }

    /// The kind of an event of a run.
    fn of_event(name: &str) -> Self {
        match name {
            "progress" | "summary" | "loads" => Self::Until,
            _ => Self::Always,
        }
    }
}

impl<'a> Glance<'a> {
    /// What `line` is about; `None` if it is no update.
    pub fn at(line: &'a [u8]) -> Option<Self> {
        quick(line).or_else(|| slow(line))
    }
}

/// A line as isomon writes it.
fn quick(line: &[u8]) -> Option<Glance<'_>> {
    let rest = line.strip_prefix(b"{\"at\":{\"mono_ms\":")?;
    let (mono_ms, rest) = number(rest)?;
    let (wall_ms, rest) = number(rest.strip_prefix(b",\"wall_ms\":")?)?;
    let (from, rest) = plain(rest.strip_prefix(b"},\"from\":\"")?)?;
    let (name, rest) = plain(rest.strip_prefix(b",\"what\":{\"")?)?;
    let at = Stamp { mono_ms, wall_ms };
    let from = Cow::Borrowed(from);
    if name != "run" {
        return Some(Glance { at, from, kind: Kind::of(name), of: Cow::Borrowed(name) });
    }
    let (id, rest) = plain(rest.strip_prefix(b":{\"id\":\"")?)?;
    let (event, _) = plain(rest.strip_prefix(b",\"event\":{\"")?)?;
    Some(Glance { at, from, kind: Kind::of_event(event), of: run(id, event) })
}

/// What tells an event of a run from others.
fn run<'a>(id: &str, event: &str) -> Cow<'a, str> {
    Cow::Owned(format!("{id} {event}"))
}

/// The number at the beginning, and what follows.
fn number<T: std::str::FromStr>(text: &[u8]) -> Option<(T, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'-')?;
    let (number, rest) = text.split_at(end);
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}

/// The text up to its closing quote, if nothing in it is written in another way, and what follows.
fn plain(text: &[u8]) -> Option<(&str, &[u8])> {
    let end = text.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    let (plain, rest) = text.split_at(end);
    Some((std::str::from_utf8(plain).ok()?, rest.strip_prefix(b"\"")?))
}

/// A line as anybody may write it.
fn slow(line: &[u8]) -> Option<Glance<'static>> {
    #[derive(Deserialize)]
    struct Skeleton {
        at: Stamp,
        from: String,
        what: Name,
    }
    let Skeleton { at, from, what } = serde_json::from_slice(line).ok()?;
    let from = Cow::Owned(from);
    Some(match what.event {
        Some((id, event)) => {
            Glance { at, from, kind: Kind::of_event(&event), of: run(&id, &event) }
        }
        None => Glance { at, from, kind: Kind::of(&what.name), of: Cow::Owned(what.name) },
    })
}

/// What happened, by name alone.
struct Name {
    name: String,
    event: Option<(String, String)>,
}

/// What happened to a run, by name alone.
#[derive(Deserialize)]
struct Run {
    id: String,
    event: First,
}

/// The name that a variant has in JSON.
struct First(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> Visitor<'de> for Named {
            type Value = Name;

            fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.write_str("what happened")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name { name: name.to_owned(), event: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Name, A::Error> {
                let name = map.next_key::<String>()?.unwrap_or_default();
                if name == "run" {
                    let Run { id, event: First(event) } = map.next_value()?;
                    return Ok(Name { name, event: Some((id, event)) });
                }
                map.next_value::<IgnoredAny>()?;
                Ok(Name { name, event: None })
            }
        }
        from.deserialize_any(Named)
    }
}

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> Visitor<'de> for Named {
            type Value = First;

            fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.write_str("an event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<First, A::Error> {
                let name = map.next_key::<String>()?.unwrap_or_default();
                map.next_value::<IgnoredAny>()?;
                Ok(First(name))
            }
        }
        from.deserialize_map(Named)
    }
}
