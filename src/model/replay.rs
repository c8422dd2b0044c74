//! Words about a recording that is played: what is wished of it, and where it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::SafeText;

/// What the user wishes of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayWish {
    /// Stand still, or go on.
    Pause(bool),
    /// Go to this time, in milliseconds since 1970 UTC.
    To(i64),
    /// Go forward by so many milliseconds, or back.
    By(i64),
    /// One speed up or down among [`SPEEDS`].
    Speed(i8),
}

/// How fast a recording can be played, as a multiple of the time it was made in.
pub const SPEEDS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Where a recording is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Replay {
    /// The name of the file.
    pub name: SafeText,
    /// Its first moment, in milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// Its last.
    pub to_ms: i64,
    /// The moment that is shown.
    pub at_ms: i64,
    /// How fast it is played.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
    /// Lines that could not be read and were passed over.
    pub bad_lines: u64,
}
