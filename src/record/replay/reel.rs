//! The lines of a recording, looked through once and read again where they are wanted.

use std::time::{Duration, Instant};

use super::coarse::Coarse;
use super::index::{Entry, Index};
use crate::model::update::{Update, What};
use crate::store::tape::{Chunk, Glance, Head, Kind, Line, Lines, Tape};

/// A recording and what is known of it.
#[derive(Debug)]
pub(super) struct Reel {
    tape: Tape,
    chunks: Vec<Chunk>,
    pub(super) index: Index,
    /// Numbers for charts of more than an hour.
    pub(super) coarse: Coarse,
    /// Where it is looked through.
    looked: Place,
    /// Where it was read last.
    read: Place,
}

/// A place in a recording.
#[derive(Debug, Default)]
struct Place {
    chunk: usize,
    /// The next line of the chunk, and the lines from there on.
    line: u32,
    lines: Option<Lines>,
}

impl Reel {
    pub(super) fn new(tape: Tape) -> Self {
        let chunks = tape.chunks();
        let (looked, read) = (Place::default(), Place::default());
        Self { tape, chunks, index: Index::default(), coarse: Coarse::default(), looked, read }
    }

    /// Whether all of it has been looked through.
    pub(super) fn is_done(&self) -> bool {
        self.looked.chunk >= self.chunks.len()
    }

    /// How much of it has been looked through, in percent.
    pub(super) fn looked_through(&self) -> usize {
        self.looked.chunk * 100 / self.chunks.len().max(1)
    }

    /// Looks through what comes next, for about so long; true if there is more.
    pub(super) fn look_through(&mut self, time: Duration) -> bool {
        let begun = Instant::now();
        while !self.is_done() {
            self.look_at_a_line();
            if begun.elapsed() > time {
                break;
            }
        }
        !self.is_done()
    }

    fn look_at_a_line(&mut self) {
        let place = &mut self.looked;
        let chunk = self.chunks[place.chunk];
        let is_last = place.chunk + 1 == self.chunks.len();
        let lines = place.lines.get_or_insert_with(|| self.tape.lines(chunk));
        let at = (u32::try_from(place.chunk).unwrap_or(u32::MAX), place.line);
        match lines.next() {
            Line::Whole(line) => take(&mut self.index, &mut self.coarse, at, line, true),
            Line::Rest(line) => take(&mut self.index, &mut self.coarse, at, line, !is_last),
            Line::TooLong => self.index.bad += 1,
            Line::Wait => return,
            ended @ (Line::Torn | Line::End) => {
                // The end of the file may be torn: that is no mistake, only all there is.
                self.index.bad += u64::from(ended == Line::Torn && !is_last);
                *place = Place { chunk: place.chunk + 1, ..Place::default() };
                return;
            }
        }
        place.line += 1;
    }

    /// Reads `entries`, which are in order, and hands each on, until `tell` says that nobody listens; false
    /// then. What cannot be read is counted and left out.
    pub(super) fn read(&mut self, entries: &[Entry], mut tell: impl FnMut(Update) -> bool) -> bool {
        entries.iter().all(|entry| match self.update(*entry) {
            Some(update) => tell(update),
            None => true,
        })
    }

    fn update(&mut self, entry: Entry) -> Option<Update> {
        let place = &mut self.read;
        let chunk = entry.chunk as usize;
        if place.chunk != chunk || place.line > entry.line || place.lines.is_none() {
            let lines = self.chunks.get(chunk).map(|chunk| self.tape.lines(*chunk));
            *place = Place { chunk, line: 0, lines };
        }
        let lines = place.lines.as_mut()?;
        loop {
            let line = match lines.next() {
                Line::Whole(line) | Line::Rest(line) => Some(line),
                Line::TooLong => None,
                Line::Wait => continue,
                Line::Torn | Line::End => return None,
            };
            place.line += 1;
            if place.line > entry.line {
                return parse(&mut self.index, entry, line?);
            }
        }
    }
}

/// Takes a line into the index; one that is nothing is bad if it `counts`.
fn take(
    index: &mut Index,
    coarse: &mut Coarse,
    (chunk, number): (u32, u32),
    line: &[u8],
    counts: bool,
) {
    match Glance::at(line) {
        Some(glance) => {
            index.take(chunk, number, &glance);
            pick(coarse, &glance, line);
        }
        None if chunk == 0 && number == 0 && serde_json::from_slice::<Head>(line).is_ok() => {}
        None => index.bad += u64::from(counts),
    }
}

/// Picks the numbers out of a line that has some, where they are due.
fn pick(coarse: &mut Coarse, glance: &Glance<'_>, line: &[u8]) {
    let due = || coarse.wants(&glance.from, &glance.of, glance.at.wall_ms);
    if glance.kind == Kind::Hour
        && due()
        && let Ok(update) = serde_json::from_slice::<Update>(line)
    {
        coarse.take(&update);
    }
}

/// The update in `line`; one that is none is counted, once.
fn parse(index: &mut Index, entry: Entry, line: &[u8]) -> Option<Update> {
    let update = serde_json::from_slice::<Update>(line).ok();
    if update.is_none() {
        index.spoil(entry);
    }
    update.filter(|update| !matches!(update.what, What::Anew | What::Replay(_)))
}
