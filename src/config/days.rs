//! Numbers of days, from one to ten years.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Whole days, 1 to 3650.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Days(pub u32);

/// Ten years.
const MOST: u32 = 3_650;

impl Days {
    /// As a length of time.
    pub const fn length(self) -> Duration {
        Duration::from_hours(24 * self.0 as u64)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let days = i64::deserialize(from)?;
        let known = u32::try_from(days).ok().filter(|days| (1..=MOST).contains(days));
        let wrong = || serde::de::Error::custom(format!("{days} is not within 1 to {MOST} days"));
        known.map(Self).ok_or_else(wrong)
    }
}

impl JsonSchema for Days {
    fn schema_name() -> Cow<'static, str> {
        "Days".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST })
    }
}
