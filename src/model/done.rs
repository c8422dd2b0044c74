//! What became of work of late: one set of figures for agents and for workloads.
//!
//! Who watches agents and who watches functions ask the same: what was done, what failed, how long it
//! took. A window ends at this moment and counts what ended in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reading::{Reading, Why};
use super::unit::{Ratio, Seconds};

/// What ended of late. A 0 was counted; what nobody counts is missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Done {
    /// How much failed in the last hour; what ran out of time is among it.
    pub errors_1h: Reading<f64>,
    /// How much ran out of time in the last hour.
    pub timeouts_1h: Reading<f64>,
    /// How much ended well in the last hour.
    pub completed_1h: Reading<f64>,
    /// How much ended well in the last 24 hours.
    pub completed_24h: Reading<f64>,
    /// Share of what ended in the last 24 hours that ended well.
    pub success_24h: Reading<Ratio>,
    /// Mean time that took which ended well in the last 24 hours.
    pub mean_24h_seconds: Reading<Seconds>,
}

impl Done {
    /// What a server has that counts none of it.
    pub const fn untold() -> Self {
        const fn absent<T>() -> Reading<T> {
            Reading::Missing(Why::NotSupported)
        }
        Self {
            errors_1h: absent(),
            timeouts_1h: absent(),
            completed_1h: absent(),
            completed_24h: absent(),
            success_24h: absent(),
            mean_24h_seconds: absent(),
        }
    }
}
