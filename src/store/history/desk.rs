//! The connection that writes, and what it remembers of the file. It is given up at the first fault.

use std::collections::HashMap;
use std::path::PathBuf;

use rusqlite::{Connection, TransactionBehavior};

use super::body::{Batch, Seal, Tag};
use super::file::Place;
use super::fold::Fold;
use super::forget::Forget;
use super::tier::{TRACKS, Tier};
use super::timeline::{Segment, Timeline};
use super::{Kept, names};
use crate::model::past::Track;
use crate::store::sqlite::Error;
use crate::track::{Row, Shape};

/// Tracks at most; a hostile source could name any number.
const MOST_TRACKS: usize = 100_000;
/// Shapes at most.
const MOST_SHAPES: usize = 1_000;
const _: () = assert!(MOST_TRACKS < TRACKS as usize);

/// What writes.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) seal: Seal,
    pub(super) timeline: Timeline,
    pub(super) tracks: HashMap<Track, u32>,
    pub(super) shapes: HashMap<Shape, u32>,
    /// The latest instant of each track.
    pub(super) latest: HashMap<u32, i64>,
    /// The latest instant when the file was opened: nothing of this session is earlier.
    opened_after: i64,
    /// Number of the next batch.
    seq: i64,
    pub(super) fold: Fold,
    pub(super) forget: Forget,
}

/// A batch and where it belongs.
struct Sheet {
    block: i64,
    batch: Batch,
}

/// What is new with the rows of a commit.
#[derive(Default)]
struct News {
    tracks: Vec<(Track, u32)>,
    shapes: Vec<(Shape, u32)>,
    segments: Vec<Segment>,
    sheets: Vec<Sheet>,
}

impl Desk {
    /// Opens the file of `place`.
    pub(super) fn open(place: &Place) -> Result<Self, Error> {
        let (connection, seal) = place.open()?;
        let path = place.path.clone();
        let sql = |source| Error::told(&place.path, source);
        let tracks = names::tracks(&connection, seal).map_err(sql)?.of;
        let shapes = names::shapes(&connection, seal).map_err(sql)?.of;
        let (segments, _) = names::segments(&connection, seal).map_err(sql)?;
        let (seq, last) = names::last(&connection, seal).map_err(sql)?;
        // Where the last batch is damaged, nothing may come before what was folded of it.
        let last = last.max(segments.last().map(|segment| segment.own));
        let fold = Fold::open(&connection).map_err(sql)?;
        let last = last.max(fold.raw_until().checked_sub(1).filter(|until| *until > 0));
        Ok(Self {
            timeline: Timeline::new(segments, last),
            opened_after: last.unwrap_or(-1),
            latest: HashMap::new(),
            seq: seq + 1,
            forget: Forget::default(),
            connection,
            path,
            seal,
            tracks,
            shapes,
            fold,
        })
    }

    /// Writes `rows` as a whole; on return they are on the disk.
    pub(super) fn append(&mut self, rows: &[Row]) -> Result<Kept, Error> {
        let mut kept = Kept::default();
        let news = self.lay_out(rows, &mut kept)?;
        self.commit(news).map_err(|source| Error::told(&self.path, source))?;
        Ok(kept)
    }

    /// Puts `rows` into batches, each within one block.
    fn lay_out(&mut self, rows: &[Row], kept: &mut Kept) -> Result<News, Error> {
        let mut news = News::default();
        for row in rows {
            let (own, segment) = self.timeline.own(row.at);
            news.segments.extend(segment);
            let named = self.track(&row.track, &mut news)?.zip(self.shape(&row.shape, &mut news)?);
            let Some((track, shape)) = named else {
                kept.refused += 1;
                continue;
            };
            let before = self.latest.get(&track).copied().unwrap_or(self.opened_after);
            if own <= before || own < self.fold.raw_until() {
                kept.late += 1;
                continue;
            }
            if news.lay(own, track, shape, row) {
                self.latest.insert(track, own);
                kept.rows += 1;
            } else {
                kept.refused += 1;
            }
        }
        Ok(news)
    }

    fn track(&mut self, track: &Track, news: &mut News) -> Result<Option<u32>, Error> {
        if let Some(id) = self.tracks.get(track) {
            return Ok(Some(*id));
        }
        if self.tracks.len() >= MOST_TRACKS {
            return Ok(None);
        }
        let id = match news.tracks.last() {
            Some((_, last)) => last + 1,
            None => self.next_id("track")?,
        };
        self.tracks.insert(track.clone(), id);
        news.tracks.push((track.clone(), id));
        Ok(Some(id))
    }

    fn shape(&mut self, shape: &Shape, news: &mut News) -> Result<Option<u32>, Error> {
        if let Some(id) = self.shapes.get(shape) {
            return Ok(Some(*id));
        }
        if self.shapes.len() >= MOST_SHAPES {
            return Ok(None);
        }
        let id = match news.shapes.last() {
            Some((_, last)) => last + 1,
            None => self.next_id("shape")?,
        };
        self.shapes.insert(shape.clone(), id);
        news.shapes.push((shape.clone(), id));
        Ok(Some(id))
    }

    fn next_id(&self, table: &'static str) -> Result<u32, Error> {
        names::next_id(&self.connection, table).map_err(|source| Error::told(&self.path, source))
    }

    fn commit(&mut self, news: News) -> rusqlite::Result<()> {
        let seal = self.seal;
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (track, id) in &news.tracks {
            names::put_track(&change, seal, *id, track)?;
        }
        for (shape, id) in &news.shapes {
            names::put_shape(&change, seal, *id, shape)?;
        }
        for segment in &news.segments {
            names::put_segment(&change, seal, *segment)?;
        }
        for sheet in news.sheets {
            let mut body = sheet.batch.into_bytes();
            seal.close(Tag::Tail, self.seq, &mut body);
            change.prepare_cached("INSERT INTO tail VALUES (?1, ?2, ?3)")?.execute((
                self.seq,
                sheet.block,
                body,
            ))?;
            self.seq += 1;
        }
        change.commit()
    }
}

impl News {
    /// Adds a row to the batch of its block.
    fn lay(&mut self, own: i64, track: u32, shape: u32, row: &Row) -> bool {
        let block = Tier::Raw.block(own);
        let values = &row.values;
        if values.len() != row.shape.columns().len() {
            return false;
        }
        let open = self.sheets.iter_mut().rev().take(2).find(|sheet| sheet.block == block);
        if let Some(sheet) = open {
            return sheet.batch.push(track, shape, own, values);
        }
        let mut batch = Batch::new(block * Tier::Raw.block_ms());
        let fits = batch.push(track, shape, own, values);
        if fits {
            self.sheets.push(Sheet { block, batch });
        }
        fits
    }
}
