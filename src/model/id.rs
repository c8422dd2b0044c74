//! Names of things, each its own type.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::SafeText;

/// The configured name of a source; what a node calls itself never replaces it.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct SourceId(pub SafeText);

impl SourceId {
    /// The machine isomon runs on.
    pub fn local() -> Self {
        Self(SafeText::new("local"))
    }

    /// A node that this source tells of, besides or instead of itself.
    #[must_use]
    pub fn below(&self, name: &SafeText) -> Self {
        Self(SafeText::new(&format!("{}/{name}", self.0)))
    }

    /// The source that tells of this node, where it is one of many below it.
    pub fn above(&self) -> Option<Self> {
        let (source, _) = self.0.as_str().split_once('/')?;
        Some(Self(SafeText::new(source)))
    }

    /// Why no benchmark begins on this node, which `source` tells of, and what mends it.
    pub fn only_told(source: &Self) -> String {
        format!("it needs --source NAME=ssh://HOST; {source} only tells of it")
    }

    /// What another process of this machine does, read from disk while it goes on.
    pub fn beside() -> Self {
        Self(SafeText::new("local/beside"))
    }

    /// What is kept on disk and told again.
    pub fn stored() -> Self {
        Self(SafeText::new("stored"))
    }

    /// What is kept at `source` and told again here.
    pub fn kept_at(source: &Self) -> Self {
        Self::stored().below(&source.0)
    }

    /// Whether what it tells was kept, here or elsewhere, and is told again.
    pub fn is_kept(&self) -> bool {
        let name = self.0.as_str();
        name == "stored" || name.starts_with("stored/")
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A run's id: `20261121-093012-a1b2c3d4`, UTC start, its millisecond and 22 random bits, so
/// that ids sort by time and never collide. Also the name of its directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct RunId(String);

/// Bits of a run's id that chance decides.
const RANDOM_BITS: u32 = 22;

impl RunId {
    /// The id of a run that starts at `wall_ms`, made unique by the lower bits of `random`. Before those
    /// stands the millisecond, so that ids have the order of their runs also within a second.
    pub fn new(wall_ms: i64, random: u32) -> Self {
        let millisecond = u32::try_from(wall_ms.rem_euclid(1_000)).unwrap_or_default();
        let last = (millisecond << RANDOM_BITS) | (random & ((1 << RANDOM_BITS) - 1));
        let at = jiff::Timestamp::from_millisecond(wall_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let at = at.to_zoned(jiff::tz::TimeZone::UTC);
        Self(format!("{}-{last:08x}", at.strftime("%Y%m%d-%H%M%S")))
    }

    /// Reads an id back; `None` unless it has exactly this form, so that it is a safe file name.
    pub fn parse(raw: &str) -> Option<Self> {
        let fields: Vec<&str> = raw.split('-').collect();
        let [date, time, random] = fields[..] else {
            return None;
        };
        let digits =
            |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        let hex =
            random.len() == 8 && random.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (digits(date, 8) && digits(time, 6) && hex).then(|| Self(raw.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When the run began, in milliseconds since 1970 UTC, to the second; `None` if its digits are no
    /// date.
    pub fn started_ms(&self) -> Option<i64> {
        let (at, _) = self.0.rsplit_once('-')?;
        let at = jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", at).ok()?;
        Some(at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
    }

    /// The eight hexadecimal digits alone: what kernel objects of the run are named after.
    pub fn short(&self) -> &str {
        self.0.rsplit('-').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = String::deserialize(from)?;
        Self::parse(&raw)
            .ok_or_else(|| serde::de::Error::custom("not a run id like 20261121-093012-a1b2c3d4"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_second_have_the_order_of_their_runs() {
        let at = |ms: i32| {
            RunId::new(1_795_000_000_000 + i64::from(ms), u32::MAX - u32::try_from(ms).unwrap())
        };
        let ids: Vec<RunId> = [0, 1, 2, 500, 999, 1_000].map(at).to_vec();
        assert!(ids.is_sorted(), "{ids:?}");
        assert_ne!(RunId::new(5, 1), RunId::new(5, 2));
        assert!(ids.iter().all(|id| RunId::parse(id.as_str()).is_some()));
    }

    #[test]
    fn a_run_id_is_a_safe_file_name_that_sorts_by_time() {
        let id = RunId::new(1_000, 0xa1b2_c3d4);
        assert_eq!(id.as_str(), "19700101-000001-0032c3d4");
        assert_eq!(id.short(), "0032c3d4");
        assert_eq!(id.started_ms(), Some(1_000));
        assert_eq!(RunId::parse(id.as_str()), Some(id));
        for wrong in
            ["", "../etc", "19700101-000001-a1b2c3d", "19700101-000001-A1B2C3D4", "a-b-c-d"]
        {
            assert_eq!(RunId::parse(wrong), None, "{wrong}");
        }
    }
}
