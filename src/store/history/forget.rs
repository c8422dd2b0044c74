//! Forgetting: what is too old, and where the file is too large what is oldest.
//!
//! Age is by the store's own clock, so no jump of the wall clock makes anything old. What a coarser tier
//! is to be made of is kept until it is made.

use std::collections::VecDeque;

use super::Keep;
use super::desk::Desk;
use super::tier::{LATEST_MS, Tier};
use crate::model::past::Track;

/// Time on the own clock from one look to the next.
const EVERY_MS: i64 = 300_000;
/// Pages of the file that may be free before it is cut back.
const SPARE_PAGES: i64 = 4_096;
/// Pages cut off at a time.
const CUT_PAGES: u32 = 256;

/// How far it has come.
#[derive(Debug, Default)]
pub(super) struct Forget {
    tracks: VecDeque<(Track, u32)>,
    /// By tier: what is before is let go of.
    before: [i64; 3],
    next: i64,
}

impl Desk {
    /// Looks at `most` tracks; whether there is more to do.
    pub(super) fn forget(&mut self, most: usize, keep: Keep) -> rusqlite::Result<bool> {
        let Some(last) = self.timeline.last() else { return Ok(false) };
        if self.forget.tracks.is_empty() {
            if last < self.forget.next {
                return self.cut();
            }
            self.forget.next = last + EVERY_MS;
            self.forget.before = self.horizon(last, keep)?;
            self.forget.tracks =
                self.tracks.iter().map(|(track, id)| (track.clone(), *id)).collect();
        }
        let some = most.max(1).min(self.forget.tracks.len());
        let some: Vec<(Track, u32)> = self.forget.tracks.drain(..some).collect();
        let change = self.connection.unchecked_transaction()?;
        let mut gone = Vec::new();
        for (track, id) in some {
            for tier in Tier::ALL {
                // The block in which the horizon lies stays.
                let before = tier.block(self.forget.before[tier as usize]);
                let sql = "DELETE FROM chunk WHERE id >= ?1 AND id < ?2";
                change.prepare_cached(sql)?.execute((tier.id(id, 0), tier.id(id, before)))?;
            }
            if self.is_gone(id, last)? {
                change.prepare_cached("DELETE FROM track WHERE id = ?1")?.execute([id])?;
                gone.push(track);
            }
        }
        change.commit()?;
        for track in gone {
            self.tracks.remove(&track);
        }
        Ok(true)
    }

    /// Until when each tier is let go of.
    fn horizon(&self, last: i64, keep: Keep) -> rusqlite::Result<[i64; 3]> {
        let age_ms = i64::try_from(keep.age.as_millis()).unwrap_or(LATEST_MS);
        let full = self.used_bytes()? > keep.bytes;
        let squeezed =
            if full { self.oldest()?.map(|oldest| oldest + Tier::Minute.block_ms()) } else { None };
        Ok(Tier::ALL.map(|tier| {
            let old = last.saturating_sub(tier.kept_ms(age_ms));
            let made_of_it = Tier::ALL.into_iter().find(|coarser| coarser.source() == Some(tier));
            let needed = made_of_it.map_or(LATEST_MS, |coarser| self.fold.until(coarser));
            let too_old = last.saturating_sub(age_ms);
            old.min(needed).max(squeezed.unwrap_or(0)).max(too_old).max(0)
        }))
    }

    /// Bytes of the file that hold something.
    fn used_bytes(&self) -> rusqlite::Result<u64> {
        let number =
            |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
        let (pages, free) = (number("page_count")?, number("freelist_count")?);
        Ok(pages.saturating_sub(free) * number("page_size")?)
    }

    /// When the oldest chunk begins.
    fn oldest(&self) -> rusqlite::Result<Option<i64>> {
        let mut oldest = None;
        for track in self.tracks.values() {
            for tier in Tier::ALL {
                oldest = oldest.into_iter().chain(self.first_chunk(tier, *track, 0)?).min();
            }
        }
        Ok(oldest)
    }

    /// Whether nothing is kept of a track, and nothing has come for an hour.
    fn is_gone(&self, track: u32, last: i64) -> rusqlite::Result<bool> {
        let lately = last - Tier::Raw.kept_ms(LATEST_MS);
        if self.latest.get(&track).is_some_and(|at| *at > lately) || self.fold.raw_until() < lately
        {
            return Ok(false);
        }
        for tier in Tier::ALL {
            if self.first_chunk(tier, track, 0)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives back room that a file which was larger no longer needs.
    fn cut(&self) -> rusqlite::Result<bool> {
        let number =
            |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (pages, free) = (number("page_count")?, number("freelist_count")?);
        if free < SPARE_PAGES || free < pages / 2 {
            return Ok(false);
        }
        let mut cut =
            self.connection.prepare(&format!("PRAGMA incremental_vacuum({CUT_PAGES})"))?;
        let mut pages = cut.query([])?;
        while pages.next()?.is_some() {}
        Ok(true)
    }
}
