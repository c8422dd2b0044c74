//! What is known of a cell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::unit::Seconds;
use super::Figure;

/// What is known of one figure of one cell. All of it can be computed again from the samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Index of the cell.
    pub cell: u32,
    /// Which figure.
    pub figure: Figure,
    /// Good samples behind it.
    pub n: u32,
    /// Samples that failed, which no quantile includes.
    pub failures: u32,
    /// Samples among the n that are marked as disturbed.
    pub tainted: u32,
    /// The estimate; `None` without a good sample.
    pub estimate: Option<Estimate>,
    /// Where it stands among the cells with the same payload and the same start; `None` where there
    /// is nothing to compare it with, or too little.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Where a figure of a cell stands among others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The lowest median.
    Best,
    /// Not to be told from the best.
    Alike,
    /// Above the best, by a test and by more than the noise.
    Above,
}

/// Statistics of a set of times, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// Middle of the samples.
    pub median_seconds: Seconds,
    /// Lower end of the 95 % interval of the median; `None` below 6 samples.
    pub low_seconds: Option<Seconds>,
    /// Upper end of the 95 % interval of the median; `None` below 6 samples.
    pub high_seconds: Option<Seconds>,
    /// Median absolute deviation, not scaled.
    pub mad_seconds: Seconds,
    /// Smallest.
    pub min_seconds: Seconds,
    /// Largest.
    pub max_seconds: Seconds,
    /// Mean.
    pub mean_seconds: Seconds,
    /// Sample standard deviation; `None` below 2 samples.
    pub sd_seconds: Option<Seconds>,
    /// 90th percentile; `None` below 10 samples.
    pub p90_seconds: Option<Seconds>,
    /// 95th percentile; `None` below 20 samples.
    pub p95_seconds: Option<Seconds>,
    /// 99th percentile; `None` below 100 samples.
    pub p99_seconds: Option<Seconds>,
    /// 99.9th percentile; `None` below 1,000 samples.
    #[serde(default)]
    pub p999_seconds: Option<Seconds>,
    /// Outliers by the modified z-score, flagged and kept.
    pub outliers: u32,
}
