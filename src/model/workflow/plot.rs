//! A picture of an output: what a workflow file says of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::unit::Seconds;

/// A picture of one output's columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlotSpec {
    /// Its name, and that of its file.
    pub name: String,
    /// What stands above it.
    pub title: String,
    /// The output it is made of.
    pub source: String,
    /// What it shows.
    pub kind: PlotKind,
    /// Columns along the horizontal axis; for a box plot those that part the boxes.
    pub x: Vec<String>,
    /// Columns along the vertical axis.
    pub y: Vec<String>,
    /// What becomes of the values of one window.
    pub aggregation: Option<Aggregation>,
    /// The length of a window; `None` chooses one by the span.
    pub window: Option<Seconds>,
    /// The file's format.
    pub format: PlotFormat,
    /// Where it is copied to as well.
    pub export_path: Option<String>,
    /// What drew it elsewhere: `seaborn`, `gonum`; kept, and of no effect.
    pub engine: Option<String>,
    /// A column whose values part the rows into groups.
    pub groupby: Option<String>,
    /// How it looks.
    pub options: PlotOptions,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlotKind {
    /// Values over time, or over any number.
    #[default]
    TimeSeries,
    /// How often values come.
    Histogram,
    /// Quartiles and what lies beyond.
    Boxplot,
}

/// What becomes of the values of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// Their mean.
    Avg,
    /// Their median.
    Median,
    /// The value that 95 % do not exceed.
    P95,
    /// The value that 99 % do not exceed.
    P99,
}

/// The format of a picture's file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlotFormat {
    /// PNG.
    #[default]
    Png,
    /// SVG.
    Svg,
    /// PDF.
    Pdf,
}

impl PlotFormat {
    /// The ending of its file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Pdf => "pdf",
        }
    }
}

/// How a picture looks; the names are benchctl's. `None` is the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PlotOptions {
    /// Width in pixels; 1200.
    pub width_px: Option<u32>,
    /// Height in pixels; 600.
    pub height_px: Option<u32>,
    /// Pixels an inch; 150.
    pub dpi: Option<u32>,
    /// `whitegrid`, `darkgrid`, `white`, `dark`, `ticks`; `whitegrid`.
    pub style: Option<String>,
    /// Whether a legend is drawn; where there is more than one row.
    pub legend: Option<bool>,
    /// Where it is: `upper right`, `best`.
    pub legend_loc: Option<String>,
    /// Points drawn at most.
    pub max_points: Option<u32>,
    /// How they are chosen: `stride`, `random`.
    pub sampling: Option<String>,
    /// The seed of `random`.
    pub random_state: Option<u64>,
    /// Rows read at most.
    pub max_rows: Option<u64>,
    /// Bars of a histogram; 16.
    pub bins: Option<u32>,
    /// `step`, `bars`, `poly`; `step`.
    pub hist_element: Option<String>,
    /// Whether all groups of a histogram sum up to one.
    pub hist_common_norm: Option<bool>,
    /// Degrees that words along the horizontal axis are turned.
    pub x_label_angle: Option<f64>,
    /// `full`, `medium`, `short`; `medium`.
    pub x_timestamp_format: Option<String>,
    /// How times are written, by benchctl's own call of its engine.
    pub x_time_format: Option<String>,
    /// The unit of times, likewise.
    pub x_time_unit: Option<String>,
}
