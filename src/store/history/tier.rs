//! How closely the past is remembered: as it was told for the last hour, then by means of 10 s, then of
//! a minute.
//!
//! Each tier is cut into blocks of one length on the store's own clock; what a track has in a block is
//! one chunk. A chunk's number says its tier, its track and its block, so that what a chart needs stands
//! side by side, without an index beside it.

use std::ops::Range;

/// An hour.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// A day.
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;
/// Tracks there can be numbers of.
pub(super) const TRACKS: u32 = 1 << 28;
/// Blocks there can be numbers of.
const BLOCKS: i64 = 1 << 32;
/// The latest time there is: about the year 40,000.
pub(super) const LATEST_MS: i64 = BLOCKS * 300_000 - 1;

/// How closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// Every row as it was told.
    Raw,
    /// Means of ten seconds.
    Ten,
    /// Means of a minute.
    Minute,
}

impl Tier {
    pub(super) const ALL: [Self; 3] = [Self::Raw, Self::Ten, Self::Minute];

    /// Time from one instant to the next; of raw rows, the least a bucket is made of.
    pub(super) const fn step_ms(self) -> i64 {
        match self {
            Self::Raw => 1_000,
            Self::Ten => 10_000,
            Self::Minute => 60_000,
        }
    }

    /// Length of a block.
    pub(super) const fn block_ms(self) -> i64 {
        match self {
            Self::Raw => 300_000,
            Self::Ten => HOUR_MS,
            Self::Minute => 6 * HOUR_MS,
        }
    }

    /// How long it is kept, where all is kept for `age_ms`.
    pub(super) fn kept_ms(self, age_ms: i64) -> i64 {
        match self {
            Self::Raw => HOUR_MS.min(age_ms),
            Self::Ten => DAY_MS.min(age_ms),
            Self::Minute => age_ms,
        }
    }

    /// What it is made of; raw chunks are made of the tail.
    pub(super) const fn source(self) -> Option<Self> {
        match self {
            Self::Raw => None,
            Self::Ten => Some(Self::Raw),
            Self::Minute => Some(Self::Ten),
        }
    }

    /// The block in which `own` is.
    pub(super) const fn block(self, own: i64) -> i64 {
        own.div_euclid(self.block_ms())
    }

    /// The number of a chunk.
    pub(super) fn id(self, track: u32, block: i64) -> i64 {
        let tier = match self {
            Self::Raw => 0,
            Self::Ten => 1,
            Self::Minute => 2,
        };
        (tier << 60) | (i64::from(track) << 32) | block.clamp(0, BLOCKS - 1)
    }

    /// The numbers of `track`'s chunks in which there may be something of `own`.
    pub(super) fn ids(self, track: u32, own: &Range<i64>) -> Range<i64> {
        let last = self.block(own.end.saturating_sub(1).max(own.start));
        self.id(track, self.block(own.start))..self.id(track, last) + 1
    }

    /// When the chunk of this number begins.
    pub(super) const fn start(self, id: i64) -> i64 {
        (id & (BLOCKS - 1)) * self.block_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_says_tier_track_and_block() {
        for tier in Tier::ALL {
            let now = 1_795_000_000_000;
            let id = tier.id(7, tier.block(now));
            assert!(tier.start(id) <= now && now < tier.start(id) + tier.block_ms());
            assert!(tier.ids(7, &(now..now + 1)).contains(&id));
            assert!(!tier.ids(8, &(now..now + 1)).contains(&id));
            let source = tier.source().map_or_else(|| tier.block_ms(), Tier::block_ms);
            assert_eq!(tier.block_ms() % source, 0, "whole blocks make a block");
        }
        let all = 0..LATEST_MS;
        assert!(Tier::Raw.ids(TRACKS - 1, &all).end <= Tier::Ten.ids(0, &all).start);
        assert!(Tier::Minute.ids(TRACKS - 1, &all).end > 0);
    }
}
