//! Reading, beside whoever writes: what it sees is one moment of the file.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::body::{self, Chunk, Seal, Tag};
use super::mean::Shapes;
use super::tier::{LATEST_MS, Tier};
use super::timeline::Timeline;
use super::{file, names};
use crate::model::id::SourceId;
use crate::model::past::Track;
use crate::store::sqlite::Error;

/// Rows of the tail, by track.
pub(super) type Tail = HashMap<u32, Vec<(i64, u32, Vec<f32>)>>;

/// A file of history, open for reading.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) seal: Seal,
}

/// What was read once and holds for a whole look.
#[derive(Debug)]
pub(super) struct View {
    pub(super) tracks: BTreeMap<Track, u32>,
    pub(super) shapes: Shapes,
    pub(super) timeline: Timeline,
    /// Lines and pieces that are damaged and left out.
    pub(super) damaged: usize,
}

impl Reader {
    /// Opens the history in `dir`; `None` where there is none yet.
    pub fn open(dir: &Path) -> Result<Option<Self>, Error> {
        let path = file::path(dir);
        let opened = file::read(&path)?;
        Ok(opened.map(|(connection, seal)| Self { connection, path, seal }))
    }

    /// Does `look` at one moment of the file.
    pub(super) fn at_once<T>(
        &self,
        look: impl FnOnce(&Self) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let told = |source| Error::told(&self.path, source);
        let moment = self.connection.unchecked_transaction().map_err(told)?;
        let seen = look(self).map_err(told)?;
        moment.finish().map_err(told)?;
        Ok(seen)
    }

    /// What is small: the tracks of `sources`, or all if there are none, and what else is needed.
    pub(super) fn view(&self, sources: &[SourceId]) -> rusqlite::Result<View> {
        let tracks = names::tracks(&self.connection, self.seal)?;
        let shapes = names::shapes(&self.connection, self.seal)?;
        let (segments, damaged) = names::segments(&self.connection, self.seal)?;
        let (_, last) = names::last(&self.connection, self.seal)?;
        let wanted = |track: &Track| sources.is_empty() || sources.contains(&track.source);
        Ok(View {
            tracks: tracks.of.into_iter().filter(|(track, _)| wanted(track)).collect(),
            shapes: shapes.of.into_iter().map(|(shape, id)| (id, shape)).collect(),
            timeline: Timeline::new(segments, last),
            damaged: tracks.damaged + shapes.damaged + damaged,
        })
    }

    /// The chunks of a track in which there may be something of `own`, and how many are damaged.
    pub(super) fn chunks(
        &self,
        tier: Tier,
        track: u32,
        own: &Range<i64>,
    ) -> rusqlite::Result<(Vec<(i64, Chunk)>, usize)> {
        let ids = tier.ids(track, own);
        let sql = "SELECT id, body FROM chunk WHERE id >= ?1 AND id < ?2 ORDER BY id";
        let mut found = self.connection.prepare_cached(sql)?;
        let mut rows = found.query((ids.start, ids.end))?;
        let (mut chunks, mut damaged) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
            match self.seal.open(Tag::Chunk, id, sealed).and_then(Chunk::read) {
                Some(chunk) => chunks.push((tier.start(id), chunk)),
                None => damaged += 1,
            }
        }
        Ok((chunks, damaged))
    }

    /// What of `own` is not in chunks yet, of the tracks that are `wanted`; and how many batches are
    /// damaged.
    pub(super) fn tail(
        &self,
        own: &Range<i64>,
        wanted: impl Fn(u32) -> bool,
    ) -> rusqlite::Result<(Tail, usize)> {
        let sql = "SELECT seq, body FROM tail WHERE block >= ?1 AND block <= ?2 ORDER BY seq";
        let mut found = self.connection.prepare_cached(sql)?;
        let blocks = (Tier::Raw.block(own.start), Tier::Raw.block(own.end));
        let mut rows = found.query(blocks)?;
        let (mut tail, mut damaged) = (Tail::new(), 0);
        while let Some(row) = rows.next()? {
            let seq = row.get(0)?;
            let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
            let Some(body) = self.seal.open(Tag::Tail, seq, sealed) else {
                damaged += 1;
                continue;
            };
            let entries = body::entries(body).filter(|entry| own.contains(&entry.own));
            for entry in entries.filter(|entry| wanted(entry.track)) {
                let row = (entry.own, entry.shape, entry.values().collect());
                tail.entry(entry.track).or_default().push(row);
            }
        }
        Ok((tail, damaged))
    }

    /// When the first of what is kept of `tracks` was taken, on the own clock.
    pub(super) fn first(&self, tracks: impl Iterator<Item = u32>) -> rusqlite::Result<Option<i64>> {
        let sql = "SELECT id FROM chunk WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 1";
        let mut found = self.connection.prepare_cached(sql)?;
        let mut first: Option<(i64, Tier, u32)> = None;
        for track in tracks {
            for tier in Tier::ALL {
                let ids = tier.ids(track, &(0..LATEST_MS));
                let mut rows = found.query((ids.start, ids.end))?;
                let id = rows.next()?.map(|row| row.get::<_, i64>(0)).transpose()?;
                first = first.into_iter().chain(id.map(|id| (tier.start(id), tier, track))).min();
            }
        }
        let Some((_, _, track)) = first else {
            let (tail, _) = self.tail(&(0..LATEST_MS), |_| true)?;
            return Ok(tail.values().flatten().map(|row| row.0).min());
        };
        self.first_of(track, None)
    }
}
