//! Looking through the whole file: is everything what was written, and what is there.

use std::path::PathBuf;

use rusqlite::Connection;

use super::body::{self, Chunk, Tag};
use super::reader::Reader;
use super::tier::{LATEST_MS, Tier};
use crate::model::past::Track;
use crate::model::text::SafeText;
use crate::store::sqlite::Error;

/// Damages that are named; more are counted.
const NAMED: usize = 100;

/// What a look through the whole file found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// Which file.
    pub path: PathBuf,
    /// Tracks it has.
    pub tracks: usize,
    /// Pieces: chunks of a track, and batches that are in none yet.
    pub pieces: u64,
    /// Instants in them, at whatever tier.
    pub instants: u64,
    /// How much is damaged.
    pub damaged: u64,
    /// What is damaged, the first hundred.
    pub named: Vec<SafeText>,
}

impl Verified {
    /// Whether everything is what was written.
    pub const fn is_whole(&self) -> bool {
        self.damaged == 0
    }

    fn damage(&mut self, what: String) {
        self.damaged += 1;
        if self.named.len() < NAMED {
            self.named.push(what.into());
        }
    }
}

/// What is kept of a track.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Extent {
    /// Whose.
    pub track: Track,
    /// Since when, in milliseconds since 1970 UTC.
    pub first_ms: Option<i64>,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Info {
    /// In which file.
    pub path: PathBuf,
    /// Bytes of it, with those of its log.
    pub bytes: u64,
    /// The latest instant, in milliseconds since 1970 UTC.
    pub latest_ms: Option<i64>,
    /// Of whom.
    pub tracks: Vec<Extent>,
}

impl Reader {
    /// Looks through everything. Damage is no error; that the file cannot be read is one.
    pub fn verify(&self) -> Result<Verified, Error> {
        self.at_once(|reader| {
            let mut found = Verified { path: reader.path.clone(), ..Verified::default() };
            let view = reader.view(&[])?;
            found.tracks = view.tracks.len();
            for _ in 0..view.damaged {
                found.damage("a name of a track, a column or a time of the clock".to_owned());
            }
            reader.verify_structure(&mut found)?;
            reader.verify_chunks(&mut found)?;
            reader.verify_tail(&mut found)?;
            Ok(found)
        })
    }

    fn verify_structure(&self, found: &mut Verified) -> rusqlite::Result<()> {
        let mut check = self.connection.prepare(&format!("PRAGMA integrity_check({NAMED})"))?;
        let mut said = check.query([])?;
        while let Some(row) = said.next()? {
            let line: String = row.get(0)?;
            if line != "ok" {
                found.damage(line);
            }
        }
        Ok(())
    }

    fn verify_chunks(&self, found: &mut Verified) -> rusqlite::Result<()> {
        let mut all = self.connection.prepare("SELECT id, body FROM chunk ORDER BY id")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
            found.pieces += 1;
            match self.seal.open(Tag::Chunk, id, sealed).and_then(Chunk::read) {
                Some(chunk) => found.instants += chunk.after.len() as u64,
                None => found.damage(format!("piece {id:x}")),
            }
        }
        Ok(())
    }

    fn verify_tail(&self, found: &mut Verified) -> rusqlite::Result<()> {
        let mut all = self.connection.prepare("SELECT seq, body FROM tail ORDER BY seq")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
            found.pieces += 1;
            match self.seal.open(Tag::Tail, seq, sealed) {
                Some(body) => found.instants += body::entries(body).count() as u64,
                None => found.damage(format!("batch {seq}")),
            }
        }
        Ok(())
    }

    /// What is kept, of whom and since when.
    pub fn info(&self) -> Result<Info, Error> {
        self.at_once(|reader| {
            let view = reader.view(&[])?;
            let (tail, _) = reader.tail(&(0..LATEST_MS), |_| true)?;
            let mut tracks = Vec::new();
            for (track, id) in &view.tracks {
                let in_tail = tail.get(id).and_then(|rows| rows.iter().map(|row| row.0).min());
                let first_ms = reader.first_of(*id, in_tail)?.map(|own| view.timeline.wall(own));
                tracks.push(Extent { track: track.clone(), first_ms });
            }
            let latest_ms = view.timeline.last().map(|own| view.timeline.wall(own));
            Ok(Info {
                path: reader.path.clone(),
                bytes: bytes(&reader.connection)?,
                latest_ms,
                tracks,
            })
        })
    }

    /// When the first that is kept of `track` was taken, on the own clock; `in_tail`, of what is in no
    /// chunk yet.
    pub(super) fn first_of(
        &self,
        track: u32,
        in_tail: Option<i64>,
    ) -> rusqlite::Result<Option<i64>> {
        let mut first = self.first_in(Tier::Raw, track)?.or(in_tail);
        for tier in [Tier::Ten, Tier::Minute] {
            // A mean stands where its time begins, which is before what it was made of.
            let is_older = |mean: &i64| first.is_none_or(|first| mean + tier.step_ms() <= first);
            first = self.first_in(tier, track)?.filter(is_older).or(first);
        }
        Ok(first)
    }

    /// The first instant of `tier` in the first chunk that is not damaged.
    fn first_in(&self, tier: Tier, track: u32) -> rusqlite::Result<Option<i64>> {
        let ids = tier.ids(track, &(0..LATEST_MS));
        let sql = "SELECT id, body FROM chunk WHERE id >= ?1 AND id < ?2 ORDER BY id";
        let mut found = self.connection.prepare_cached(sql)?;
        let mut rows = found.query((ids.start, ids.end))?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
            let chunk = self.seal.open(Tag::Chunk, id, sealed).and_then(Chunk::read);
            if let Some(after) = chunk.and_then(|chunk| chunk.after.first().copied()) {
                return Ok(Some(tier.start(id) + i64::from(after)));
            }
        }
        Ok(None)
    }
}

fn bytes(of: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| of.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    Ok(number("page_count")? * number("page_size")?)
}
