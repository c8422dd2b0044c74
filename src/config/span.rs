//! Lengths of time as people write them: `500ms`, `2s`, `1.5m`, or a bare number of seconds.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time, more than zero and at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// The time between two samples, 100 ms to 1 hour; 1 s unless set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval(pub Duration);

impl Interval {
    /// Shorter ones cost more than they tell.
    pub const SHORTEST: Duration = Duration::from_millis(100);
    /// Longer ones watch nothing.
    pub const LONGEST: Duration = Duration::from_hours(1);
}

impl Default for Interval {
    fn default() -> Self {
        Self(Duration::from_secs(1))
    }
}

const DAY_SECONDS: f64 = 86_400.0;

const UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("", 1.0)];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = text.strip_prefix(number).unwrap_or_default();
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let seconds = known.and_then(|(_, scale)| Some(number.parse::<f64>().ok()? * scale));
        let wrong = || format!("`{text}` is not a length of time like 500ms, 2s, 1.5m or 2");
        from_seconds(seconds.ok_or_else(wrong)?)
    }
}

fn from_seconds(seconds: f64) -> Result<Span, String> {
    if seconds > 0.0 && seconds <= DAY_SECONDS {
        return Ok(Span(Duration::from_secs_f64(seconds)));
    }
    Err(format!("{seconds} s is not a time of more than 0 and at most a day"))
}

impl TryFrom<Span> for Interval {
    type Error = String;

    fn try_from(span: Span) -> Result<Self, String> {
        if (Self::SHORTEST..=Self::LONGEST).contains(&span.0) {
            return Ok(Self(span.0));
        }
        Err(format!("{span} is not within 100ms to 1h"))
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Span::from_str(text)?.try_into()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            whole if whole % 3_600_000 == 0 => write!(f, "{}h", whole / 3_600_000),
            whole if whole % 60_000 == 0 => write!(f, "{}m", whole / 60_000),
            whole if whole % 1_000 == 0 => write!(f, "{}s", whole / 1_000),
            _ => write!(f, "{}ms", self.0.as_secs_f64() * 1_000.0),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a length of time is a text like \"500ms\" or a number of seconds")]
enum Written {
    Seconds(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let span = match Written::deserialize(from)? {
            Written::Seconds(seconds) => from_seconds(seconds),
            Written::Text(text) => text.parse(),
        };
        span.map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let span = Span::deserialize(from)?;
        Self::try_from(span).map_err(serde::de::Error::custom)
    }
}

macro_rules! schema {
    ($name:ident) => {
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": ["string", "number"] })
            }
        }
    };
}

schema!(Span);
schema!(Interval);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let rows =
            [("2", 2_000), ("500ms", 500), ("2s", 2_000), ("1.5m", 90_000), (" 1h ", 3_600_000)];
        for (text, milliseconds) in rows {
            let span = text.parse::<Span>().map(|span| span.0.as_millis());
            assert_eq!(span, Ok(milliseconds), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_length_of_time() {
        let wrong = ["", "s", "-1", "0", "NaN", "inf", "2 weeks", "1e300", "µs", "2S"];
        for text in wrong {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert!("99ms".parse::<Interval>().is_err());
        assert!("61m".parse::<Interval>().is_err());
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["250ms", "1s", "90s", "2m", "3h"] {
            assert_eq!(text.parse::<Span>().map(|span| span.to_string()), Ok(text.to_owned()));
        }
    }
}
