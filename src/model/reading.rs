//! A value that may be missing, and says why.
//!
//! Absent is never zero. On the wire a missing value is `{"missing": "…"}`, so that the reason
//! travels with it; files for people hold `null` there (see `report::plain`).

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::SafeText;

mod wire;

/// Why a value is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A rate needs two samples and only one has been taken.
    NotYet,
    /// This machine, driver or kernel does not have such a value.
    NotSupported,
    /// It exists, but this user may not read it.
    NoPermission,
    /// The file or device it is read from is not there.
    Absent(SafeText),
    /// Reading it went wrong, in the reader's own words.
    Failed(SafeText),
    /// Reading it took longer than its time box.
    TimedOut,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotYet => f.write_str("needs a second sample"),
            Self::NotSupported => f.write_str("not offered by this machine"),
            Self::NoPermission => f.write_str("no permission to read it"),
            Self::Absent(what) => write!(f, "{what} is not there"),
            Self::Failed(reason) => f.write_str(reason.as_str()),
            Self::TimedOut => f.write_str("reading it took too long"),
        }
    }
}

impl From<&std::io::Error> for Why {
    fn from(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => Self::NoPermission,
            std::io::ErrorKind::NotFound => Self::NotSupported,
            std::io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Failed(error.to_string().into()),
        }
    }
}

/// A value, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading<T> {
    /// The value as it was read.
    Known(T),
    /// No value, and why.
    Missing(Why),
}

impl<T> Reading<T> {
    /// The value, if there is one.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Missing(_) => None,
        }
    }

    /// The reason, if there is no value.
    pub const fn why(&self) -> Option<&Why> {
        match self {
            Self::Known(_) => None,
            Self::Missing(why) => Some(why),
        }
    }

    /// The same reading of something derived from the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(change(value)),
            Self::Missing(why) => Reading::Missing(why),
        }
    }

    /// `value` if there is one, else missing for the reason `why`.
    pub fn from_option(value: Option<T>, why: Why) -> Self {
        value.map_or(Self::Missing(why), Self::Known)
    }
}

impl<T: Copy> Reading<T> {
    /// A copy of the value, if there is one.
    pub const fn get(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Missing(_) => None,
        }
    }
}

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self::Missing(Why::NotYet)
    }
}

impl<T, E: Into<Why>> From<Result<T, E>> for Reading<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(why) => Self::Missing(why.into()),
        }
    }
}

/// `—` for a missing value; the reason is a key away.
impl<T: std::fmt::Display> std::fmt::Display for Reading<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(value) => value.fmt(f),
            Self::Missing(_) => f.pad("—"),
        }
    }
}

#[derive(Serialize)]
struct Gap {
    missing: Why,
}

impl<T: Serialize> Serialize for Reading<T> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(to),
            Self::Missing(why) => Gap { missing: why.clone() }.serialize(to),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Reading<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Reading_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Option::<T>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_crosses_the_wire_with_its_reason() {
        for reading in [
            Reading::Known(3.5),
            Reading::Missing(Why::NoPermission),
            Reading::Missing(Why::Absent("/proc/pressure".into())),
        ] {
            let line = serde_json::to_string(&reading).unwrap();
            assert_eq!(serde_json::from_str::<Reading<f64>>(&line).unwrap(), reading, "{line}");
        }
    }
}
