//! How large the file gets.
//!
//! A track whose rows come each `i` seconds with `c` columns that are known, kept for `d` days, has
//! `r = 3,900 / i` rows as they came, 9,720 of ten seconds and `1,440 × d + 240` of a minute, each
//! 4 bytes for its instant and 4 for each column; 5 minutes more stand in the tail with 14 bytes and 4
//! for each column of the shape, and are there a second time while they are folded. A page of the file
//! is used to 95 % on the mean.

/// What is recorded of one track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Time from one row to the next, in seconds; more than 0.
    pub interval_s: f64,
    /// Columns that are known.
    pub columns: u32,
    /// Columns of the shape, known or not.
    pub shape: u32,
}

/// Share of the pages that holds something.
const USED: f64 = 0.95;
/// Bytes of the tables while they are empty.
const EMPTY: f64 = 40_960.0;

/// Bytes of the file when `tracks` tracks of this load have been kept for `days` days, once it no
/// longer grows: within 10 %. The log beside it takes up to 8 MiB more.
pub fn bytes(load: Load, tracks: u32, days: f64) -> f64 {
    let row = 4.0 + 4.0 * f64::from(load.columns);
    let whole_days = days.min(1.0);
    let raw = 3_900.0 / load.interval_s.max(0.1);
    let chunks = raw + whole_days * 8_640.0 + 1_080.0 + days * 1_440.0 + 240.0;
    let tail = 450.0 / load.interval_s.max(0.1) * (14.0 + 4.0 * f64::from(load.shape));
    EMPTY + f64::from(tracks) * (chunks * row + tail) / USED
}
