//! Rows of which every value says when and whose it is, so that what is read can be judged.

use std::path::Path;

use isomon::model::id::SourceId;
use isomon::model::past::{Past, PastTrack, PastWish, Track};
use isomon::model::text::SafeText;
use isomon::model::time::Stamp;
use isomon::store::history::Reader;
use isomon::track::{Row, Shape};

/// When the first batch is taken; the beginning of six hours.
pub(crate) const START_MS: i64 = 1_794_960_000_000;
/// Columns of a row.
pub(crate) const COLUMNS: u32 = 30;
/// The value of a column of a track in a batch; whole, so that it is kept exactly.
#[allow(clippy::cast_precision_loss, reason = "below 2^24")]
pub(crate) fn value(batch: u64, track: u32, column: u32) -> f32 {
    let mixed = batch * 31 + u64::from(track) * 7_919 + u64::from(column) * 104_729;
    (mixed % 65_521) as f32
}

pub(crate) fn at_ms(batch: u64) -> i64 {
    START_MS + i64::try_from(batch).unwrap() * 1_000
}

/// The rows of a batch, one a second.
pub(crate) fn rows(batch: u64, tracks: u32) -> Vec<Row> {
    let shape = Shape::new((0..COLUMNS).map(|column| SafeText::from(format!("c{column}"))));
    let mono_ms = batch * 1_000;
    (0..tracks)
        .map(|track| Row {
            track: Track::node(&SourceId(format!("n{track}").into())),
            at: Stamp { mono_ms, wall_ms: at_ms(batch) },
            shape: shape.clone(),
            values: (0..COLUMNS).map(|column| Some(value(batch, track, column))).collect(),
        })
        .collect()
}

/// What is kept from batch `from` to before batch `to`; every row as it came where that is short.
pub(crate) fn past(dir: &Path, from: u64, to: u64) -> Result<Past, isomon::store::sqlite::Error> {
    let Some(reader) = Reader::open(dir)? else { return Ok(Past::default()) };
    let (from_ms, to_ms) = (at_ms(from), at_ms(to));
    reader.past(&PastWish { from_ms, to_ms, most: 20_000, sources: Vec::new() })
}

/// The number of a track out of its name.
fn number(track: &PastTrack) -> u32 {
    track.track.source.0.as_str().trim_start_matches('n').parse().unwrap()
}

/// Every batch of which each track has its whole row, with nothing in it that was not written; what
/// is wrong else.
pub(crate) fn batches(past: &Past, tracks: u32) -> Result<Vec<u64>, String> {
    let mut seen: std::collections::BTreeMap<i64, u32> = std::collections::BTreeMap::new();
    for track in &past.tracks {
        judge(track)?;
        for at in &track.at_ms {
            *seen.entry(*at).or_default() += 1;
        }
    }
    let torn = seen.iter().find(|(_, count)| **count != tracks);
    if let Some((at, count)) = torn {
        return Err(format!("torn: at {at} there are {count} of {tracks} rows"));
    }
    Ok(seen.keys().map(|at| u64::try_from((at - START_MS) / 1_000).unwrap()).collect())
}

/// Whether every value of a track is what was written.
pub(crate) fn judge(track: &PastTrack) -> Result<(), String> {
    let name = number(track);
    if !track.at_ms.is_sorted_by(|a, b| a < b) {
        return Err(format!("track {name}: an instant twice or out of order"));
    }
    for (at, row) in track.at_ms.iter().zip(&track.rows) {
        let batch = u64::try_from((at - START_MS) / 1_000).map_err(|_| format!("time {at}"))?;
        for (column, found) in track.columns.iter().zip(row) {
            let column: u32 = column.as_str().trim_start_matches('c').parse().unwrap();
            let wanted = value(batch, name, column);
            if found.is_some_and(|found| (found - wanted).abs() > 0.0) {
                return Err(format!(
                    "wrong: batch {batch} track {name} column {column}: {found:?}"
                ));
            }
        }
        if row.iter().any(Option::is_none) {
            return Err(format!("torn: batch {batch} of track {name}"));
        }
    }
    Ok(())
}
