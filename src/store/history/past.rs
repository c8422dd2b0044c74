//! A piece of the past, as closely as it is wanted and known.
//!
//! The tier is chosen by how many instants are wanted. Where that one has nothing, because it is not made
//! yet or forgotten already, the others stand in; the coarsest that is used gives the step, so that a
//! pause is told from a coarse stretch. A slot that holds nothing makes no instant.

use std::ops::Range;

use super::mean::{Columns, Means};
use super::reader::{Reader, View};
use super::tier::{LATEST_MS, Tier};
use super::timeline::Leg;
use crate::model::past::{Past, PastTrack, PastWish, Track};
use crate::store::sqlite::Error;

/// Instants of one track at most.
const MOST: u32 = 20_000;
/// Values told at once at most: a hundred nodes with a full chart each.
const VALUES: usize = 8_000_000;

/// Values of one moment, and the columns they are in.
struct Point {
    at: i64,
    shape: usize,
    values: Vec<f32>,
}

/// What was found of a track.
#[derive(Default)]
struct Found {
    columns: Columns,
    /// Where the values of a shape stand.
    shapes: Vec<(u32, Vec<usize>)>,
    points: Vec<Point>,
    coarsest: Option<Tier>,
    damaged: usize,
}

impl Reader {
    /// What there is of `wish`.
    pub fn past(&self, wish: &PastWish) -> Result<Past, Error> {
        self.past_within(wish, VALUES)
    }

    /// The same, of about `most` values altogether: the tracks beyond are left out, which is told.
    pub fn past_within(&self, wish: &PastWish, most: usize) -> Result<Past, Error> {
        self.at_once(|reader| reader.look(wish, most))
    }

    fn look(&self, wish: &PastWish, most: usize) -> rusqlite::Result<Past> {
        let view = self.view(&wish.sources)?;
        let wall = wish.from_ms.clamp(0, LATEST_MS)..wish.to_ms.clamp(0, LATEST_MS);
        let legs = view.timeline.legs(&wall);
        let width = width(&wall, wish.most);
        let own = legs.iter().map(|leg| leg.own.start).min().unwrap_or_default()
            ..legs.iter().map(|leg| leg.own.end).max().unwrap_or_default();
        let ids: std::collections::HashSet<u32> = view.tracks.values().copied().collect();
        let (mut tail, lost) = self.tail(&own, |track| ids.contains(&track))?;
        let (mut damaged, mut values, mut left_out) = (view.damaged + lost, 0, 0);
        let mut tracks = Vec::new();
        for (track, id) in &view.tracks {
            if values > most {
                left_out += 1;
                continue;
            }
            let tail = tail.remove(id).unwrap_or_default();
            let found = self.find(*id, &legs, width, &tail, &view)?;
            damaged += found.damaged;
            let told = found.tell(track, width, wall.start);
            values += told.rows.len() * told.columns.len();
            tracks.extend(Some(told).filter(|told| !told.at_ms.is_empty()));
        }
        let earliest = self.first(view.tracks.values().copied())?;
        Ok(Past {
            wish: wish.clone(),
            tracks,
            earliest_ms: earliest.map(|own| view.timeline.wall(own)),
            gap: gap(&self.path, damaged, left_out),
        })
    }

    /// Everything of a track in `legs`, in the order of the wall clock.
    fn find(
        &self,
        track: u32,
        legs: &[Leg],
        width: i64,
        tail: &[(i64, u32, Vec<f32>)],
        view: &View,
    ) -> rusqlite::Result<Found> {
        let mut found = Found::default();
        for leg in legs {
            let mut covered = Vec::new();
            let before = found.points.len();
            for tier in order(width) {
                let (chunks, damaged) = self.chunks(tier, track, &leg.own)?;
                found.damaged += damaged;
                let mut now_covered = Vec::new();
                for (start, chunk) in chunks {
                    now_covered.push(start..start + tier.block_ms());
                    let Some(shape) = found.shape(chunk.shape, view) else { continue };
                    let taken = found.points.len();
                    for (index, after) in chunk.after.iter().enumerate() {
                        let own = start + i64::from(*after);
                        if leg.own.contains(&own) && !is_in(&covered, own) {
                            let values = chunk.row(index).collect();
                            found.points.push(Point { at: own + leg.offset, shape, values });
                        }
                    }
                    if found.points.len() > taken {
                        found.coarsest = found.coarsest.max(Some(tier));
                    }
                }
                covered.extend(now_covered);
            }
            for (own, shape, values) in tail {
                if leg.own.contains(own) && !is_in(&covered, *own) {
                    let Some(shape) = found.shape(*shape, view) else { continue };
                    let point = Point { at: own + leg.offset, shape, values: values.clone() };
                    found.points.push(point);
                }
            }
            if let Some(new) = found.points.get_mut(before..) {
                new.sort_by_key(|point| point.at);
            }
        }
        Ok(found)
    }
}

impl Found {
    fn shape(&mut self, id: u32, view: &View) -> Option<usize> {
        if let Some(known) = self.shapes.iter().position(|(known, _)| *known == id) {
            return Some(known);
        }
        let places = self.columns.places(view.shapes.get(&id)?);
        self.shapes.push((id, places));
        Some(self.shapes.len() - 1)
    }

    /// As means of `width`, but no finer than what was found.
    fn tell(self, track: &Track, width: i64, from: i64) -> PastTrack {
        let coarsest = self.coarsest.filter(|tier| *tier != Tier::Raw).map_or(1, Tier::step_ms);
        let width = width.max(coarsest);
        let width = if width < Tier::Raw.step_ms() { 1 } else { width };
        let mut means = Means::new(width);
        for point in &self.points {
            let places = self.shapes.get(point.shape).map_or(&[][..], |(_, places)| places);
            means.push(point.at, places, point.values.iter().copied());
        }
        let (at, rows) = means.end();
        let count = self.columns.names.len();
        let value = |value: f32| Some(value).filter(|value| value.is_finite());
        let row = |row: Vec<f32>| {
            let known = row.into_iter().map(value);
            known.chain(std::iter::repeat(None)).take(count).collect()
        };
        PastTrack {
            track: track.clone(),
            columns: self.columns.names,
            step_ms: step(&at, width),
            at_ms: at.into_iter().map(|at| at.max(from)).collect(),
            rows: rows.into_iter().map(row).collect(),
        }
    }
}

/// Length of the slots that make about `most` of `wall`; 1 where every row can be shown.
fn width(wall: &Range<i64>, most: u32) -> i64 {
    let span = wall.end.saturating_sub(wall.start).max(0);
    let wanted = span / i64::from(most.clamp(1, MOST));
    let step = finest_for(wanted).step_ms();
    if wanted <= step && step == Tier::Raw.step_ms() {
        1
    } else {
        (wanted + step - 1) / step * step
    }
}

/// The coarsest tier that still shows something of `width`.
fn finest_for(width: i64) -> Tier {
    let fits = |tier: &Tier| tier.step_ms() <= width;
    Tier::ALL.into_iter().rev().find(fits).unwrap_or(Tier::Raw)
}

/// Which tiers to take, the best first: coarser ones stand in for what is forgotten, finer ones for what
/// is not made yet.
fn order(width: i64) -> [Tier; 3] {
    match finest_for(width) {
        Tier::Raw => [Tier::Raw, Tier::Ten, Tier::Minute],
        Tier::Ten => [Tier::Ten, Tier::Minute, Tier::Raw],
        Tier::Minute => [Tier::Minute, Tier::Ten, Tier::Raw],
    }
}

fn is_in(covered: &[Range<i64>], own: i64) -> bool {
    covered.iter().any(|range| range.contains(&own))
}

/// The usual time from one instant to the next, at least `width`.
fn step(at: &[i64], width: i64) -> u64 {
    let mut apart: Vec<i64> =
        at.iter().zip(at.iter().skip(1)).map(|(before, after)| after - before).collect();
    apart.sort_unstable();
    let usual = apart.get(apart.len() / 2).copied().unwrap_or(Tier::Raw.step_ms());
    usual.max(width).unsigned_abs()
}

fn gap(
    path: &std::path::Path,
    damaged: usize,
    left_out: usize,
) -> Option<crate::model::text::SafeText> {
    let mut parts = Vec::new();
    if damaged > 0 {
        let name = path.display();
        parts.push(format!("{damaged} pieces of {name} are damaged and left out; `isomon history verify` names them"));
    }
    if left_out > 0 {
        parts.push(format!("{left_out} more tracks are left out: ask for fewer nodes or instants"));
    }
    (!parts.is_empty()).then(|| parts.join("; ").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn what_can_be_shown_says_how_closely_to_look() {
        let of = |span: i64, most| width(&(0..span), most);
        assert_eq!(of(HOUR / 2, 3_600), 1, "every row");
        assert_eq!(of(HOUR, 1_000), 4_000, "whole seconds");
        assert_eq!(of(24 * HOUR, 2_000), 50_000, "whole tens");
        assert_eq!(of(30 * 24 * HOUR, 1_000), 44 * 60_000, "whole minutes");
        assert_eq!(of(HOUR, 0), HOUR);
        assert_eq!(of(-5, 10), 1);
        assert_eq!(order(44 * 60_000)[0], Tier::Minute);
        assert_eq!(order(1)[0], Tier::Raw);
    }

    #[test]
    fn the_step_is_the_usual_one_however_many_gaps_there_are() {
        assert_eq!(step(&[0, 2_000, 4_000, 60_000, 62_000], 1), 2_000);
        assert_eq!(step(&[0, 60_000], 300_000), 300_000);
        assert_eq!(step(&[], 1), 1_000);
    }
}
