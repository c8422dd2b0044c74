//! Telling everything there is, hour by hour, as closely as it is kept; also as tables of `SQLite`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::reader::Reader;
use super::tier::{DAY_MS, HOUR_MS};
use crate::model::id::SourceId;
use crate::model::past::{PastTrack, PastWish};
use crate::model::text::SafeText;
use crate::store::sqlite::Error;
use crate::track::Shape;

/// Instants of an hour, and some to spare.
const HOURLY: u32 = 18_000;

impl Reader {
    /// Every column there is, each once, in the order of their first use.
    pub fn columns(&self) -> Result<Vec<SafeText>, Error> {
        self.at_once(|reader| {
            let shapes = reader.view(&[])?.shapes;
            let ordered: BTreeMap<_, _> = shapes.into_iter().collect();
            let mut all: Vec<SafeText> = Vec::new();
            for name in ordered.values().flat_map(Shape::columns) {
                if !all.contains(name) {
                    all.push(name.clone());
                }
            }
            Ok(all)
        })
    }

    /// Tells all that is kept of `sources`, of everyone if there are none, in `wall`: an hour of a track
    /// at a time. Whether everything could be told.
    pub fn each<E: From<Error>>(
        &self,
        wall: Range<i64>,
        sources: &[SourceId],
        mut tell: impl FnMut(&PastTrack) -> Result<(), E>,
    ) -> Result<Option<SafeText>, E> {
        let mut wish = PastWish { from_ms: 0, to_ms: DAY_MS, most: 1, sources: sources.to_vec() };
        let earliest = self.past(&wish)?.earliest_ms.unwrap_or(wall.end);
        // From the end on back, so that the last hour, which is kept in full, is one.
        let hours = (wall.end - wall.start.max(earliest)).max(0).div_euclid(HOUR_MS) + 1;
        let mut gap = None;
        wish.most = HOURLY;
        for hour in (0..hours).rev() {
            wish.to_ms = wall.end - hour * HOUR_MS;
            wish.from_ms = (wish.to_ms - HOUR_MS).max(wall.start);
            let past = self.past(&wish)?;
            past.tracks.iter().try_for_each(&mut tell)?;
            gap = past.gap.or(gap);
        }
        Ok(gap)
    }

    /// Writes all of it into a new file of `SQLite`: a table for each kind, a column for each number.
    pub fn export(
        &self,
        to: &Path,
        wall: Range<i64>,
        sources: &[SourceId],
    ) -> Result<Option<SafeText>, Error> {
        let told = |source| Error::told(to, source);
        let columns = self.columns()?;
        let mut out = Connection::open(to).map_err(told)?;
        let change = out.transaction().map_err(told)?;
        let mut made: Vec<SafeText> = Vec::new();
        let gap = self.each(wall, sources, |track| {
            let kind = &track.track.kind;
            if !made.contains(kind) {
                change.execute_batch(&table(kind, &columns)).map_err(told)?;
                made.push(kind.clone());
            }
            put(&change, track).map_err(told)
        })?;
        change.commit().map_err(told)?;
        Ok(gap)
    }
}

/// A name as it stands in SQL.
fn quoted(name: &SafeText) -> String {
    format!("\"{}\"", name.as_str().replace('"', "\"\""))
}

fn table(kind: &SafeText, columns: &[SafeText]) -> String {
    let columns: Vec<String> =
        columns.iter().map(|name| format!("{} REAL", quoted(name))).collect();
    format!(
        "CREATE TABLE {} (time_ms INTEGER NOT NULL, time TEXT NOT NULL, source TEXT NOT NULL,
            name TEXT NOT NULL, step_ms INTEGER NOT NULL, {})",
        quoted(kind),
        columns.join(", ")
    )
}

fn put(to: &Connection, track: &PastTrack) -> rusqlite::Result<()> {
    let names: Vec<String> = track.columns.iter().map(quoted).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let sql = format!(
        "INSERT INTO {} (time_ms, time, source, name, step_ms, {}) VALUES (?, ?, ?, ?, ?, {marks})",
        quoted(&track.track.kind),
        names.join(", ")
    );
    let mut insert = to.prepare_cached(&sql)?;
    let text = |text: &SafeText| Value::Text(text.as_str().to_owned());
    for (at, row) in track.at_ms.iter().zip(&track.rows) {
        let stamp = crate::model::time::Stamp { mono_ms: 0, wall_ms: *at };
        let step = i64::try_from(track.step_ms).unwrap_or(i64::MAX);
        let head = [
            Value::Integer(*at),
            Value::Text(stamp.rfc3339()),
            text(&track.track.source.0),
            text(&track.track.name),
            Value::Integer(step),
        ];
        let values =
            row.iter().map(|value| value.map_or(Value::Null, |value| Value::Real(value.into())));
        insert.execute(params_from_iter(head.into_iter().chain(values)))?;
    }
    Ok(())
}
