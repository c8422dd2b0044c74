//! What one isomon tells another: the stream of `GET /v1/live` and of `isomon serve --stdio`.
//!
//! A line of JSON each. The first is [`Hello`]; every further one a [`Line`]: an update as the hub
//! there made it, with its number. Who was cut off asks for what came `after` the last number it
//! saw; where the server has let go of that, or is another one, it says so and begins with how
//! things stand. Unknown fields are passed over, unknown updates are one lost line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::SafeText;
use super::time::Stamp;
use super::unit::Seconds;
use super::update::Update;

/// Version of this stream; a reader takes a larger one as far as it understands it, and says so.
pub const FORMAT: u32 = 1;

/// Most samples that are told of a run that another isomon opens, the latest.
pub const RUN_SAMPLES: usize = 100_000;
/// Most bytes that are told of it, as lines.
pub const RUN_BYTES: usize = 64 << 20;

/// The first line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Hello {
    /// Version of the stream.
    pub isomon_live: u32,
    /// Version of isomon.
    pub version: SafeText,
    /// Random for each start of the server.
    pub instance: SafeText,
    /// What the machine calls itself.
    pub hostname: SafeText,
    /// The present there.
    pub now: Stamp,
    /// Number of the latest update.
    pub seq: u64,
    /// Whether it goes on after the number that was asked for; if not, how things stand follows.
    pub resumed: bool,
    /// Updates between that number and this line that were let go of: periodic samples alone.
    pub skipped: u64,
    /// How often samples are taken there.
    pub interval_seconds: Seconds,
    /// Whether a benchmark may be started by who asks.
    pub can_bench: bool,
}

/// Any further line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Its number; numbers only grow.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub update: Update,
}
