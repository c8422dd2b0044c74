//! Where runs are kept beyond this machine, as a user writes it: `s3://bucket/prefix`,
//! `gs://bucket/prefix`, `file:///directory`.
//!
//! Pure: nothing is opened here. What is read is plain enough to stand in a table, in a key of a
//! bucket and in an error; a secret cannot stand in it.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::id::SourceId;
use crate::model::text::SafeText;

/// Longest place that is read.
const LONGEST: usize = 512;
/// What an address of a bucket looks like.
const FORM: &str = "write s3://bucket/prefix, gs://bucket/prefix or file:///directory";

/// Who keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keeper {
    /// A bucket that speaks S3.
    S3,
    /// A bucket of Google Cloud Storage.
    Gs,
    /// A directory of this machine.
    File,
}

impl Keeper {
    const ALL: [Self; 3] = [Self::S3, Self::Gs, Self::File];

    /// What stands before `://`.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gs => "gs",
            Self::File => "file",
        }
    }
}

/// A bucket or a directory, and the prefix in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Who keeps it.
    pub keeper: Keeper,
    /// The bucket; empty for a directory.
    pub bucket: String,
    /// What every key begins with, without `/` at either end; a directory's path without its first `/`.
    pub prefix: String,
}

/// Why something is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {why}; {FORM}")]
pub struct Error {
    text: SafeText,
    why: &'static str,
}

impl Place {
    /// Whether `text` is meant as a place, right or wrong.
    pub fn is_meant(text: &str) -> bool {
        Keeper::ALL.iter().any(|keeper| after_scheme(text, *keeper).is_some())
    }

    /// Reads a place.
    pub fn parse(text: &str) -> Result<Self, Error> {
        // Before an `@` may stand a secret, behind a `?` too.
        let hidden = text.contains(['@', '?']);
        let shown = if hidden { SafeText::new("…") } else { SafeText::within(text, 80) };
        let wrong = |why| Err(Error { text: shown.clone(), why });
        if text.len() > LONGEST {
            return wrong("it is longer than 512 letters");
        }
        let found = Keeper::ALL.into_iter().find_map(|k| Some((k, after_scheme(text, k)?)));
        let Some((keeper, rest)) = found else { return wrong("it has none of the known schemes") };
        if hidden {
            return wrong("a secret does not stand here, nor does a query");
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/');
        match keeper {
            Keeper::File if !bucket.is_empty() => return wrong("a file has no host"),
            Keeper::File if prefix.is_empty() => return wrong("it names no directory"),
            Keeper::S3 | Keeper::Gs if !is_bucket(bucket) => return wrong("this is no bucket"),
            _ => {}
        }
        if !prefix.is_empty() && !prefix.split('/').all(is_part) {
            return wrong("a part of the path is empty, `.`, `..`, or has letters no key has");
        }
        Ok(Self { keeper, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// Under what name its runs are told.
    pub fn source(&self) -> SourceId {
        SourceId(SafeText::new(&self.to_string()))
    }
}

fn after_scheme(text: &str, keeper: Keeper) -> Option<&str> {
    text.strip_prefix(keeper.scheme())?.strip_prefix("://")
}

fn is_bucket(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    (3..=222).contains(&name.len()) && name.bytes().all(plain) && !name.contains("..")
}

/// Whether `part` can stand between two `/` of a key, and is the same in every store.
fn is_part(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+=@, ".contains(&byte);
    !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(f, "{}://{}{slash}{}", self.keeper.scheme(), self.bucket, self.prefix)
    }
}

impl std::str::FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_written() {
        for (text, wanted) in [
            ("s3://runs", "s3://runs"),
            ("s3://runs/", "s3://runs"),
            ("gs://runs/lab/a-1/", "gs://runs/lab/a-1"),
            ("file:///var/lib/runs", "file:///var/lib/runs"),
        ] {
            assert_eq!(Place::parse(text).unwrap().to_string(), wanted);
        }
    }

    #[test]
    fn what_is_no_place_says_why_and_shows_no_secret() {
        for text in [
            "",
            "runs",
            "http://runs",
            "s3://",
            "s3://a",
            "s3://ann:hunter2@runs",
            "s3://runs?token=hunter2",
            "s3://runs/../etc",
            "s3://runs/a//x",
            "s3://runs/a\u{1b}[2J",
            "file://host/x",
            "file:///",
            "file:///a/../b",
        ] {
            let told = Place::parse(text).expect_err(text).to_string();
            assert!(!told.contains("hunter2") && !told.contains('\u{1b}'), "{told}");
            assert!(told.contains("s3://bucket/prefix"), "{told}");
        }
        assert!(Place::is_meant("s3://") && !Place::is_meant("last"));
    }
}
