//! What a picture of a table is made of: curves, or how values are spread, by groups.
//!
//! All rows go through; what is kept is bounded: so many groups, so many points of a curve, quantiles in
//! bins. What had to be left out is counted, so that the picture can say it.

use std::io::Read;

mod key;
mod place;
mod reading;

use reading::Reading;

use super::quantile::Spread;
use super::thin::Point;
use super::time::Clock;
use super::{Error, Rows};
use crate::model::workflow::Column;
use crate::model::workflow::plot::{PlotKind, PlotSpec};

/// Groups that are told apart; colours and dashes tell no more.
pub const GROUPS: usize = 12;
/// Boxes of a box plot over all groups.
pub const BOXES: usize = 40;

/// A table as a picture needs it.
#[derive(Clone, Debug)]
pub struct Digest {
    /// Rows that were read.
    pub rows: u64,
    /// There were more rows than `max_rows`.
    pub cut: bool,
    /// Cells that are no number where one is drawn.
    pub without: u64,
    /// Rows without a place on the horizontal axis.
    pub unplaced: u64,
    /// Rows of groups beyond those that are told apart.
    pub beyond: u64,
    /// How the horizontal axis is written, where it is time, and the first instant on it in nanoseconds.
    pub clock: Option<(Clock, i64)>,
    /// The first number on the horizontal axis, where it is none of time; points count from it.
    pub origin: f64,
    /// The length of a window: seconds, or what the horizontal axis has.
    pub window: Option<f64>,
    /// Curves, or spreads, by column and group in the order they first come.
    pub series: Vec<Series>,
}

/// A curve, or how values are spread.
#[derive(Clone, Debug)]
pub struct Series {
    /// Which column.
    pub column: String,
    /// Its unit.
    pub unit: Option<String>,
    /// The value of the column that parts the groups; empty where there is none.
    pub group: String,
    /// What parts the boxes; empty where nothing does.
    pub category: String,
    /// What there is.
    pub data: Data,
}

/// What there is of a series.
#[derive(Clone, Debug)]
pub enum Data {
    /// Points from left to right, and of how many they are.
    Points(Vec<Point>, u64),
    /// Values.
    Spread(Spread),
}

/// Reads all of `from` for the picture `spec`. Fails where a column is not there or holds nothing to draw.
pub fn digest(from: impl Read, spec: &PlotSpec, columns: &[Column]) -> Result<Digest, Error> {
    let mut rows = Rows::open(from)?;
    let mut reading = Reading::new(&rows, spec, columns)?;
    let most = spec.options.max_rows.unwrap_or(u64::MAX);
    let (mut count, mut cut) = (0, false);
    while let Some(row) = rows.advance_row()? {
        if row.number > most {
            cut = true;
            break;
        }
        count = row.number;
        reading.take(&row);
    }
    let digest = reading.end(count, cut)?;
    if digest.series.is_empty() {
        return Err(Error::Nothing(nothing(&digest, spec)));
    }
    Ok(digest)
}

fn nothing(digest: &Digest, spec: &PlotSpec) -> String {
    match digest.rows {
        0 => "there is no row below the header".to_owned(),
        rows if digest.unplaced == rows => {
            format!("column {} has neither times nor numbers, in {rows} rows", spec.x.join(", "))
        }
        rows => format!("no number in column {}, in {rows} rows", values_of(spec).join(", ")),
    }
}

/// The columns whose values are drawn.
fn values_of(spec: &PlotSpec) -> &[String] {
    if spec.kind == PlotKind::Histogram && !spec.x.is_empty() { &spec.x } else { &spec.y }
}
