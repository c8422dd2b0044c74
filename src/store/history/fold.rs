//! Making chunks of what was appended, and coarser chunks of finer ones.
//!
//! It is done a few tracks at a time, between two batches, out of what stands in the file: a program
//! that ends in the midst of it has nothing to lose, and the next one goes on.

use std::collections::{BTreeSet, HashMap, VecDeque};

use rusqlite::{Connection, OptionalExtension};

use super::body::{self, Chunk, Tag};
use super::desk::Desk;
use super::mean::{Columns, Means, Shapes};
use super::tier::{LATEST_MS, Tier};
use super::{names, schema};
use crate::track::Shape;

/// Time after the end of a block in which its last rows may still come.
const GRACE_MS: i64 = 5_000;
/// Batches that are let go of at a time.
const TRIMMED: u32 = 32;

/// How far it has come.
#[derive(Debug)]
pub(super) struct Fold {
    /// By tier: until when everything is in chunks.
    until: [i64; 3],
    job: Option<Job>,
}

/// One block, being folded.
#[derive(Debug)]
struct Job {
    tier: Tier,
    block: i64,
    tracks: VecDeque<u32>,
}

const NAMES: [&str; 3] = ["raw_until", "ten_until", "minute_until"];

impl Fold {
    pub(super) fn open(of: &Connection) -> rusqlite::Result<Self> {
        let mut until = [0; 3];
        for (until, name) in until.iter_mut().zip(NAMES) {
            *until = schema::meta(of, name)?.unwrap_or_default().clamp(0, LATEST_MS);
        }
        Ok(Self { until, job: None })
    }

    pub(super) const fn until(&self, tier: Tier) -> i64 {
        self.until[tier as usize]
    }

    pub(super) const fn raw_until(&self) -> i64 {
        self.until(Tier::Raw)
    }
}

/// Rows of a track: when, their shape, and the values.
type Rows = Vec<(i64, u32, Vec<f32>)>;

impl Desk {
    /// Folds at most `most` tracks; whether there is more to do.
    pub(super) fn fold(&mut self, most: usize) -> rusqlite::Result<bool> {
        let mut job = match self.fold.job.take() {
            Some(job) => job,
            None => match self.next_job()? {
                Some(job) => job,
                None => return self.trim(),
            },
        };
        let some: Vec<u32> = job.tracks.drain(..most.max(1).min(job.tracks.len())).collect();
        // An error ends the connection, and with it what was begun.
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        match job.tier.source() {
            None => self.fold_tail(job.block, &some)?,
            Some(source) => self.fold_chunks(job.tier, source, job.block, &some)?,
        }
        let until = (job.block + 1) * job.tier.block_ms();
        let done = job.tracks.is_empty();
        if done {
            schema::set_meta(&self.connection, NAMES[job.tier as usize], until)?;
        }
        self.connection.execute_batch("COMMIT")?;
        if done {
            self.fold.until[job.tier as usize] = until;
        } else {
            self.fold.job = Some(job);
        }
        Ok(true)
    }

    fn next_job(&mut self) -> rusqlite::Result<Option<Job>> {
        for tier in [Tier::Ten, Tier::Minute] {
            if let Some(job) = self.coarse_job(tier)? {
                return Ok(Some(job));
            }
        }
        let tier = Tier::Raw;
        let Some(last) = self.timeline.last() else { return Ok(None) };
        let from = tier.block(self.fold.raw_until());
        let sql = "SELECT block FROM tail WHERE block >= ?1 ORDER BY seq LIMIT 1";
        let first: Option<i64> =
            self.connection.prepare_cached(sql)?.query_row([from], |row| row.get(0)).optional()?;
        let over = |block: &i64| (block + 1) * tier.block_ms() + GRACE_MS <= last;
        let Some(block) = first.filter(over) else { return Ok(None) };
        let mut tracks = BTreeSet::new();
        self.read_tail(block, |entry| {
            tracks.insert(entry.track);
        })?;
        Ok(Some(Job { tier, block, tracks: tracks.into_iter().collect() }))
    }

    /// The next block of `tier` of which all that it is made of is there.
    fn coarse_job(&mut self, tier: Tier) -> rusqlite::Result<Option<Job>> {
        let Some(source) = tier.source() else { return Ok(None) };
        let (from, to) = (self.fold.until(tier), self.fold.until(source));
        if tier.block(from) >= tier.block(to) {
            return Ok(None);
        }
        let mut tracks: Vec<u32> = self.tracks.values().copied().collect();
        tracks.sort_unstable();
        let mut first = None;
        for track in &tracks {
            first = first.into_iter().chain(self.first_chunk(source, *track, from)?).min();
        }
        let block = tier.block(first.unwrap_or(to));
        // A pause has nothing to fold.
        self.fold.until[tier as usize] = block * tier.block_ms();
        let whole = block < tier.block(to);
        Ok(whole.then(|| Job { tier, block, tracks: tracks.into() }))
    }

    /// When the first chunk of `track` begins that does so at `from` or later.
    pub(super) fn first_chunk(
        &self,
        tier: Tier,
        track: u32,
        from: i64,
    ) -> rusqlite::Result<Option<i64>> {
        let ids = tier.ids(track, &(from..LATEST_MS));
        let sql = "SELECT id FROM chunk WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 1";
        let found = self
            .connection
            .prepare_cached(sql)?
            .query_row((ids.start, ids.end), |row| row.get::<_, i64>(0));
        Ok(found.optional()?.map(|id| tier.start(id)))
    }

    /// Every whole row of the tail in `block`.
    fn read_tail(
        &self,
        block: i64,
        mut take: impl FnMut(&body::Entry<'_>),
    ) -> rusqlite::Result<()> {
        let sql = "SELECT seq, body FROM tail WHERE block = ?1 ORDER BY seq";
        let mut found = self.connection.prepare_cached(sql)?;
        let mut rows = found.query([block])?;
        while let Some(row) = rows.next()? {
            let seq = row.get(0)?;
            let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
            if let Some(body) = self.seal.open(Tag::Tail, seq, sealed) {
                body::entries(body).for_each(|entry| take(&entry));
            } else {
                tracing::warn!(seq, "a batch of the history is damaged");
            }
        }
        Ok(())
    }

    fn fold_tail(&mut self, block: i64, tracks: &[u32]) -> rusqlite::Result<()> {
        let mut rows: HashMap<u32, Rows> =
            tracks.iter().map(|track| (*track, Vec::new())).collect();
        self.read_tail(block, |entry| {
            if let Some(rows) = rows.get_mut(&entry.track) {
                rows.push((entry.own, entry.shape, entry.values().collect()));
            }
        })?;
        let shapes = self.by_number();
        for (track, mut rows) in rows {
            rows.sort_by_key(|row| row.0);
            let (mut columns, mut means) = (Columns::default(), Means::new(1));
            for (own, shape, values) in rows {
                let Some(shape) = shapes.get(&shape) else { continue };
                means.push(own, &columns.places(shape), values.into_iter());
            }
            self.put(Tier::Raw, track, block, &columns, means)?;
        }
        Ok(())
    }

    fn fold_chunks(
        &mut self,
        tier: Tier,
        source: Tier,
        block: i64,
        tracks: &[u32],
    ) -> rusqlite::Result<()> {
        let shapes = self.by_number();
        let begin = block * tier.block_ms();
        for track in tracks {
            let (mut columns, mut means) = (Columns::default(), Means::new(tier.step_ms()));
            for (start, chunk) in self.chunks(source, *track, begin..begin + tier.block_ms())? {
                let Some(shape) = shapes.get(&chunk.shape) else { continue };
                let places = columns.places(shape);
                for (index, after) in chunk.after.iter().enumerate() {
                    means.push(start + i64::from(*after), &places, chunk.row(index));
                }
            }
            self.put(tier, *track, block, &columns, means)?;
        }
        Ok(())
    }

    fn chunks(
        &self,
        tier: Tier,
        track: u32,
        own: std::ops::Range<i64>,
    ) -> rusqlite::Result<Vec<(i64, Chunk)>> {
        let ids = tier.ids(track, &own);
        let sql = "SELECT id, body FROM chunk WHERE id >= ?1 AND id < ?2 ORDER BY id";
        let mut found = self.connection.prepare_cached(sql)?;
        let mut rows = found.query((ids.start, ids.end))?;
        let mut chunks = Vec::new();
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let sealed = row.get_ref(1)?.as_blob().unwrap_or_default();
            if let Some(chunk) = self.seal.open(Tag::Chunk, id, sealed).and_then(Chunk::read) {
                chunks.push((tier.start(id), chunk));
            } else {
                tracing::warn!(id, "a piece of the history is damaged");
            }
        }
        Ok(chunks)
    }

    fn put(
        &mut self,
        tier: Tier,
        track: u32,
        block: i64,
        columns: &Columns,
        means: Means,
    ) -> rusqlite::Result<()> {
        let width = columns.names.len();
        if width == 0 {
            return Ok(());
        }
        let shape = self.shape_of(&columns.shape())?;
        let chunk = means.into_chunk(block * tier.block_ms(), shape, width);
        let id = tier.id(track, block);
        let mut body = chunk.bytes();
        self.seal.close(Tag::Chunk, id, &mut body);
        let sql = "INSERT OR REPLACE INTO chunk VALUES (?1, ?2)";
        self.connection.prepare_cached(sql)?.execute((id, body)).map(drop)
    }

    fn shape_of(&mut self, shape: &Shape) -> rusqlite::Result<u32> {
        if let Some(id) = self.shapes.get(shape) {
            return Ok(*id);
        }
        let id = names::next_id(&self.connection, "shape")?;
        names::put_shape(&self.connection, self.seal, id, shape)?;
        self.shapes.insert(shape.clone(), id);
        Ok(id)
    }

    fn by_number(&self) -> Shapes {
        self.shapes.iter().map(|(shape, id)| (*id, shape.clone())).collect()
    }

    /// Lets go of batches that are in chunks, but of the last one, which says how far time has come.
    fn trim(&self) -> rusqlite::Result<bool> {
        let sql = "DELETE FROM tail WHERE seq IN (SELECT seq FROM tail WHERE block < ?1
            AND seq < (SELECT max(seq) FROM tail) ORDER BY seq LIMIT ?2)";
        let before = Tier::Raw.block(self.fold.raw_until());
        Ok(self.connection.prepare_cached(sql)?.execute((before, TRIMMED))? > 0)
    }
}
