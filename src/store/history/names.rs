//! The tables of what is small and read whole: tracks, shapes, segments of the clock.
//!
//! Each line has its seal; one that is damaged is left out, and what refers to it with it.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::body::{self, Seal, Tag};
use super::timeline::Segment;
use crate::model::id::SourceId;
use crate::model::past::Track;
use crate::model::text::SafeText;
use crate::track::Shape;

/// Where in the file each of a kind stands, and how many lines are damaged.
#[derive(Debug)]
pub(super) struct Names<T> {
    pub(super) of: HashMap<T, u32>,
    pub(super) damaged: usize,
}

/// Between the parts of what is sealed: no safe text has it.
const BETWEEN: char = '\n';

fn track_text(track: &Track) -> String {
    format!("{}{BETWEEN}{}{BETWEEN}{}", track.source.0, track.kind, track.name)
}

fn shape_text(shape: &Shape) -> String {
    let columns: Vec<&str> = shape.columns().iter().map(SafeText::as_str).collect();
    columns.join("\n")
}

pub(super) fn tracks(of: &Connection, seal: Seal) -> rusqlite::Result<Names<Track>> {
    let mut found = of.prepare_cached("SELECT id, source, kind, name, seal FROM track")?;
    let text =
        |row: &rusqlite::Row<'_>, at| row.get::<_, String>(at).map(|text| text.as_str().into());
    let rows = found.query_map([], |row| {
        let source = SourceId(text(row, 1)?);
        let track = Track { source, kind: text(row, 2)?, name: text(row, 3)? };
        Ok((row.get::<_, u32>(0)?, track, row.get::<_, u32>(4)?))
    })?;
    collect(rows, |id, track, sum| {
        sum == seal.sum(Tag::Track, i64::from(id), track_text(track).as_bytes())
    })
}

pub(super) fn shapes(of: &Connection, seal: Seal) -> rusqlite::Result<Names<Shape>> {
    let mut found = of.prepare_cached("SELECT id, columns, seal FROM shape")?;
    let rows = found.query_map([], |row| {
        let columns: String = row.get(1)?;
        let shape = Shape::new(columns.lines().map(SafeText::new));
        Ok((row.get::<_, u32>(0)?, shape, row.get::<_, u32>(2)?))
    })?;
    collect(rows, |id, shape, sum| {
        sum == seal.sum(Tag::Shape, i64::from(id), shape_text(shape).as_bytes())
    })
}

fn collect<T: std::hash::Hash + Eq>(
    rows: impl Iterator<Item = rusqlite::Result<(u32, T, u32)>>,
    is_whole: impl Fn(u32, &T, u32) -> bool,
) -> rusqlite::Result<Names<T>> {
    let mut names = Names { of: HashMap::new(), damaged: 0 };
    for row in rows {
        match row {
            Ok((id, name, sum)) if is_whole(id, &name, sum) => {
                names.of.insert(name, id);
            }
            Ok(_) => names.damaged += 1,
            Err(error) if is_of_one_line(&error) => names.damaged += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(names)
}

/// Whether one line cannot be read, and the next one may.
fn is_of_one_line(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)
    )
}

/// The segments, ascending, and how many are damaged.
pub(super) fn segments(of: &Connection, seal: Seal) -> rusqlite::Result<(Vec<Segment>, usize)> {
    let mut found =
        of.prepare_cached("SELECT own_ms, offset_ms, seal FROM segment ORDER BY own_ms")?;
    let rows = found.query_map([], |row| {
        Ok((Segment { own: row.get(0)?, offset: row.get(1)? }, row.get::<_, i64>(2)?))
    })?;
    let (mut whole, mut damaged) = (Vec::new(), 0);
    for row in rows {
        let (segment, sum) = row?;
        if sum == segment_sum(seal, segment) { whole.push(segment) } else { damaged += 1 }
    }
    Ok((whole, damaged))
}

fn segment_sum(seal: Seal, segment: Segment) -> i64 {
    i64::from(seal.sum(Tag::Segment, segment.own, &segment.offset.to_le_bytes()))
}

pub(super) fn put_track(
    to: &Connection,
    seal: Seal,
    id: u32,
    track: &Track,
) -> rusqlite::Result<()> {
    let sum = seal.sum(Tag::Track, i64::from(id), track_text(track).as_bytes());
    let (source, kind) = (track.source.0.as_str(), track.kind.as_str());
    to.prepare_cached("INSERT INTO track VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((id, source, kind, track.name.as_str(), sum))
        .map(drop)
}

pub(super) fn put_shape(
    to: &Connection,
    seal: Seal,
    id: u32,
    shape: &Shape,
) -> rusqlite::Result<()> {
    let text = shape_text(shape);
    let sum = seal.sum(Tag::Shape, i64::from(id), text.as_bytes());
    to.prepare_cached("INSERT INTO shape VALUES (?1, ?2, ?3)")?.execute((id, text, sum)).map(drop)
}

/// Keeps a segment, in place of those that would begin no earlier.
pub(super) fn put_segment(to: &Connection, seal: Seal, segment: Segment) -> rusqlite::Result<()> {
    to.prepare_cached("DELETE FROM segment WHERE own_ms >= ?1")?.execute([segment.own])?;
    to.prepare_cached("INSERT INTO segment VALUES (?1, ?2, ?3)")?
        .execute((segment.own, segment.offset, segment_sum(seal, segment)))
        .map(drop)
}

/// The first number that none has, for a table `track` or `shape`.
pub(super) fn next_id(of: &Connection, table: &'static str) -> rusqlite::Result<u32> {
    let sql = format!("SELECT coalesce(max(id), 0) + 1 FROM {table}");
    of.prepare_cached(&sql)?.query_row([], |row| row.get(0))
}

/// Number of the last batch, and its latest instant.
pub(super) fn last(of: &Connection, seal: Seal) -> rusqlite::Result<(i64, Option<i64>)> {
    let sql = "SELECT seq, body FROM tail ORDER BY seq DESC LIMIT 1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let Some((seq, sealed)) = of.query_row(sql, [], row).optional()? else {
        return Ok((0, None));
    };
    let body = seal.open(Tag::Tail, seq, &sealed);
    Ok((seq, body.and_then(|body| body::entries(body).map(|entry| entry.own).max())))
}
