//! Where what happened stands in a recording, and which of it must be told to show a moment.
//!
//! Pure. To show a moment, everything up to it would have to be told again; most of it was said again
//! later, so that the last word is enough, and of the numbers that charts show an hour is.

use std::collections::HashMap;

use crate::model::time::Stamp;
use crate::store::tape::{Glance, Kind};

/// Lines that are found again; a recording of a day has a quarter of a million.
const MOST: usize = 4_000_000;
/// Sources and runs that are told apart.
const NAMES: usize = 65_536;
/// How long numbers of charts stand.
const HOUR_MS: u64 = 3_600_000;
/// How long what is of a moment stands: two stretches of [`crate::state::lately`].
const MOMENT_MS: u64 = 15_000;

/// Where a line stands, and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its chunk and its place in it.
    pub(super) chunk: u32,
    pub(super) line: u32,
    /// Milliseconds since the first line; never less than of the line before.
    pub(super) t: u64,
    /// The wall clock then, in milliseconds since 1970 UTC.
    pub(super) wall_ms: i64,
    kind: Kind,
    /// What is replaced by the same said again.
    key: u32,
}

/// The lines of a recording in their order, as far as they were looked through.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<Entry>,
    names: HashMap<(String, String), u32>,
    first: Option<Stamp>,
    /// Lines that could not be read.
    pub(super) bad: u64,
    /// Lines beyond what can be found again.
    pub(super) beyond: u64,
}

impl Index {
    /// Takes in what a line is about.
    pub(super) fn take(&mut self, chunk: u32, line: u32, glance: &Glance<'_>) {
        if glance.kind == Kind::Never {
            return;
        }
        let Some(key) = self.key(glance).filter(|_| self.entries.len() < MOST) else {
            self.beyond += 1;
            return;
        };
        let first = *self.first.get_or_insert(glance.at);
        let t = glance.at.mono_ms.saturating_sub(first.mono_ms);
        let t = self.entries.last().map_or(t, |last| last.t.max(t));
        let (wall_ms, kind) = (glance.at.wall_ms, glance.kind);
        self.entries.push(Entry { chunk, line, t, wall_ms, kind, key });
    }

    fn key(&mut self, glance: &Glance<'_>) -> Option<u32> {
        let name = (glance.from.to_string(), glance.of.to_string());
        let next = u32::try_from(self.names.len()).ok().filter(|next| (*next as usize) < NAMES);
        if let Some(key) = self.names.get(&name) {
            return Some(*key);
        }
        self.names.insert(name, next?);
        next
    }

    /// What stands at place `place`.
    pub(super) fn entry(&self, place: usize) -> Option<Entry> {
        self.entries.get(place).copied()
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// When the first of them happened.
    pub(super) fn first(&self) -> Stamp {
        self.first.unwrap_or_default()
    }

    /// The time of the last of them, in milliseconds since the first.
    pub(super) fn end(&self) -> u64 {
        self.entries.last().map_or(0, |last| last.t)
    }

    /// How many lines happened by `t`.
    pub(super) fn until(&self, t: u64) -> usize {
        self.entries.partition_point(|entry| entry.t <= t)
    }

    /// The time at which the wall clock showed `wall_ms` first, or would have.
    pub(super) fn time_of(&self, wall_ms: i64) -> u64 {
        let first = self.first().wall_ms;
        let since = |from: i64| u64::try_from(wall_ms.saturating_sub(from)).unwrap_or(0);
        let before = self.entries.iter().rev().find(|entry| entry.wall_ms <= wall_ms);
        before.map_or_else(|| since(first), |entry| entry.t.saturating_add(since(entry.wall_ms)))
    }

    /// The instant `t`, as both clocks showed it after the line before `place`.
    pub(super) fn stamp(&self, t: u64, place: usize) -> Stamp {
        let first = self.first();
        let before = place.checked_sub(1).and_then(|place| self.entry(place));
        let (wall_ms, since) =
            before.map_or((first.wall_ms, t), |entry| (entry.wall_ms, t - entry.t.min(t)));
        Stamp {
            mono_ms: first.mono_ms.saturating_add(t),
            wall_ms: wall_ms.saturating_add(i64::try_from(since).unwrap_or(i64::MAX)),
        }
    }

    /// Counts a line that turned out to be none; it is not asked for again.
    pub(super) fn spoil(&mut self, entry: Entry) {
        let place = (entry.chunk, entry.line);
        let found = self.entries.binary_search_by_key(&place, |entry| (entry.chunk, entry.line));
        let Some(entry) = found.ok().and_then(|place| self.entries.get_mut(place)) else {
            return;
        };
        self.bad += u64::from(entry.kind != Kind::Never);
        entry.kind = Kind::Never;
    }

    /// Those of `places` that must be told to show the moment after them, in their order.
    pub(super) fn select(&self, places: std::ops::Range<usize>) -> Vec<Entry> {
        let within = self.entries.get(places).unwrap_or_default();
        let (mut lasts, mut seen) = (HashMap::new(), 0);
        let mut stands = |entry: &&Entry| {
            if entry.kind == Kind::Never {
                return false;
            }
            let last: u64 = *lasts.entry(entry.key).or_insert(entry.t);
            let is_last = lasts.len() > seen;
            seen = lasts.len();
            match entry.kind {
                Kind::Hour => last - entry.t <= HOUR_MS,
                Kind::Moment => last - entry.t <= MOMENT_MS,
                Kind::Until => is_last,
                Kind::Always => true,
                Kind::Never => false,
            }
        };
        let mut told: Vec<Entry> = within.iter().rev().filter(&mut stands).copied().collect();
        told.reverse();
        told
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn index(lines: &[(u64, i64, &str, Kind)]) -> Index {
        let mut index = Index::default();
        for (line, (mono_ms, wall_ms, of, kind)) in (0..).zip(lines) {
            let at = Stamp { mono_ms: *mono_ms, wall_ms: *wall_ms };
            let (from, of) = (Cow::Borrowed("local"), Cow::Borrowed(*of));
            index.take(0, line, &Glance { at, from, kind: *kind, of });
        }
        index
    }

    #[test]
    fn only_what_still_stands_is_told() {
        let index = index(&[
            (0, 0, "info", Kind::Until),
            (1_000, 1_000, "node", Kind::Hour),
            (2_000, 2_000, "processes", Kind::Moment),
            (3_000, 3_000, "run", Kind::Always),
            (1_000_000, 0, "info", Kind::Until),
            (1_000_000, 0, "processes", Kind::Moment),
            (3_602_000, 0, "node", Kind::Hour),
        ]);
        let told = |t| {
            let selected = index.select(0..index.until(t));
            selected.iter().map(|entry| entry.line).collect::<Vec<_>>()
        };
        assert_eq!(told(3_000), [0, 1, 2, 3]);
        assert_eq!(told(1_000_000), [1, 3, 4, 5]);
        assert_eq!(told(3_602_000), [3, 4, 5, 6], "a number of more than an hour ago is gone");
    }

    #[test]
    fn time_never_runs_backwards_and_the_wall_may() {
        let index = index(&[
            (5_000, 100_000, "a", Kind::Always),
            (7_000, 50_000, "a", Kind::Always),
            (6_000, 51_000, "a", Kind::Always),
        ]);
        assert_eq!(index.end(), 2_000);
        assert_eq!(index.until(1_999), 1);
        assert_eq!(index.time_of(51_000), 2_000);
        assert_eq!(index.stamp(1_500, 1), Stamp { mono_ms: 6_500, wall_ms: 101_500 });
        assert_eq!(index.stamp(2_500, 3), Stamp { mono_ms: 7_500, wall_ms: 51_500 });
    }

    #[test]
    fn absurd_times_are_survived() {
        let index =
            index(&[(0, i64::MAX, "a", Kind::Always), (u64::MAX, i64::MIN, "a", Kind::Always)]);
        assert_eq!(index.end(), u64::MAX);
        assert_eq!(index.stamp(u64::MAX, 1).mono_ms, u64::MAX);
        index.time_of(i64::MIN);
        index.time_of(i64::MAX);
    }
}
