//! Where each cell that isolates stands among those that do the same work from the same start.
//!
//! The cell with the lowest median is the best; the others are set against it by the rules of a
//! comparison, corrected over the group, so that a rank is never read out of noise. The best is
//! chosen by the data it is then compared with, which makes `Above` no less careful: the choice
//! favours it over others like it, and both the test and the noise threshold have to be passed.

use super::compare::{Change, Rules};
use super::holm::holm;
use super::interval::{FEWEST, times};
use super::permutation::{least_p, shuffle};
use super::sorted::Sorted;
use super::summary::generator;
use crate::model::backend::Class;
use crate::model::bench::{Cell, Place, Summary};

/// Resamples below which a figure is replaced a moment later, and nobody is placed.
const FEWEST_RESAMPLES: u32 = 999;

/// Keeps these draws apart from those of the same figure's interval.
const STREAM: u64 = 0x706c_6163_6573;

/// Who is set against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rivals {
    /// Whatever isolates: what has no wall is no better for that.
    Isolating,
    /// Everything, as in files of before.
    All,
}

impl Rivals {
    /// Who was, as the places in `summaries` of `cells` tell.
    pub fn of(cells: &[Cell], summaries: &[Summary]) -> Self {
        let mut placed = summaries.iter().filter(|summary| summary.place.is_some());
        let cell = |summary: &Summary| cells.get(summary.cell as usize);
        let bare = placed.any(|summary| cell(summary).is_some_and(|cell| !isolates(cell)));
        if bare { Self::All } else { Self::Isolating }
    }

    fn has(self, cell: &Cell) -> bool {
        self == Self::All || isolates(cell)
    }
}

fn isolates(cell: &Cell) -> bool {
    cell.backend.class() != Class::None
}

/// Says of each of `summaries` where it stands among `rivals`; `data` are the times behind them. Nobody is
/// placed with few `resamples`.
pub fn place(
    cells: &[Cell],
    summaries: &mut [Summary],
    data: &[Option<Sorted>],
    resamples: u32,
    seed: u64,
    rivals: Rivals,
) {
    if resamples < FEWEST_RESAMPLES {
        return;
    }
    let rules = Rules { resamples, ..Rules::default() };
    let kind = |summary: &Summary| {
        let cell = cells.get(summary.cell as usize).filter(|cell| rivals.has(cell))?;
        Some((cell.payload, cell.start, summary.figure))
    };
    let mut kinds: Vec<_> = summaries.iter().filter_map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for wanted in kinds {
        let group = summaries.iter().zip(data).enumerate();
        let group = group.filter(|(_, (summary, _))| kind(summary) == Some(wanted));
        let members = group.filter_map(|(at, (_, data))| member(at, data.as_ref()?));
        let members: Vec<Member<'_>> = members.collect();
        for (at, place) in places(&members, summaries, &rules, seed) {
            summaries[at].place = place;
        }
    }
}

/// One of a group: which summary it is, and its times.
type Member<'a> = (usize, &'a Sorted);

/// What can be compared with others.
fn member(at: usize, data: &Sorted) -> Option<Member<'_>> {
    (data.len() >= FEWEST && data.median() > 0.0).then_some((at, data))
}

/// The place of each of `members`; none where there is nothing to compare with.
fn places(
    members: &[Member<'_>],
    summaries: &[Summary],
    rules: &Rules,
    seed: u64,
) -> Vec<(usize, Option<Place>)> {
    let lowest =
        |left: &&Member<'_>, right: &&Member<'_>| left.1.median().total_cmp(&right.1.median());
    let Some(best) = members.iter().min_by(lowest).filter(|_| members.len() > 1) else {
        return Vec::new();
    };
    let rivals: Vec<&Member<'_>> = members.iter().filter(|member| member.0 != best.0).collect();
    let most = rules.shuffles(rivals.len());
    let tested = rivals.iter().map(|(at, data)| {
        let mut rng = generator(seed ^ STREAM, summaries[*at].cell, summaries[*at].figure);
        let least = least_p(best.1.len(), data.len());
        let p = shuffle(best.1, data, most, &mut rng).p().max(least);
        (times(data, best.1, rules.resamples, &mut rng), p)
    });
    let tested: Vec<_> = tested.collect();
    let adjusted = holm(&tested.iter().map(|(_, p)| Some(*p)).collect::<Vec<_>>());
    let of_rival = rivals.iter().zip(&tested).zip(adjusted).map(|((rival, (times, _)), p)| {
        let least = least_p(best.1.len(), rival.1.len());
        let change = rules.change(times.as_ref()?, p?, least, rivals.len());
        Some((rival.0, placed(change)))
    });
    of_rival.flatten().chain([(best.0, Some(Place::Best))]).collect()
}

/// What a change against the best means.
const fn placed(change: Change) -> Option<Place> {
    match change {
        Change::Slower => Some(Place::Above),
        Change::Alike | Change::Unclear | Change::Faster => Some(Place::Alike),
        Change::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::backend::{BackendId, Start};
    use crate::model::bench::{Figure, Payload};

    fn summary(cell: u32) -> Summary {
        let figure = Figure::Start;
        Summary { cell, figure, n: 0, failures: 0, tainted: 0, estimate: None, place: None }
    }

    fn data(middle: f64, n: u32) -> Option<Sorted> {
        Sorted::new((0..n).map(|k| middle * (1.0 + f64::from(k % 7) / 100.0)).collect())
    }

    fn placed(cells: &[Cell], data: &[Option<Sorted>], resamples: u32) -> Vec<Option<Place>> {
        let mut summaries: Vec<Summary> = (0..).map(summary).take(data.len()).collect();
        place(cells, &mut summaries, data, resamples, 1, Rivals::Isolating);
        summaries.into_iter().map(|summary| summary.place).collect()
    }

    const COLD: [Cell; 4] = [
        Cell::cold(BackendId::Bubblewrap, Payload::Noop),
        Cell::cold(BackendId::Runc, Payload::Noop),
        Cell::cold(BackendId::Crun, Payload::Noop),
        Cell::cold(BackendId::Docker, Payload::Noop),
    ];

    #[test]
    fn the_best_those_like_it_and_those_above() {
        let found = [data(1.004, 30), data(1.0, 30), data(1.3, 30), data(1.0, 5)];
        let wanted = [Some(Place::Alike), Some(Place::Best), Some(Place::Above), None];
        assert_eq!(placed(&COLD, &found, 999), wanted);
        assert_eq!(placed(&COLD, &found, 200), [None; 4], "a live summary is not placed");
    }

    #[test]
    fn what_has_no_wall_takes_no_place() {
        let cells = [Cell::cold(BackendId::Process, Payload::Noop), COLD[1], COLD[2]];
        let found = [data(0.1, 30), data(1.0, 30), data(1.3, 30)];
        let wanted = [None, Some(Place::Best), Some(Place::Above)];
        assert_eq!(placed(&cells, &found, 999), wanted);
        let mut summaries: Vec<Summary> = (0..3).map(summary).collect();
        assert_eq!(Rivals::of(&cells, &summaries), Rivals::Isolating);
        place(&cells, &mut summaries, &found, 999, 1, Rivals::All);
        assert_eq!(summaries[0].place, Some(Place::Best), "as it was before");
        assert_eq!(Rivals::of(&cells, &summaries), Rivals::All);
    }

    #[test]
    fn other_work_and_another_start_are_another_group() {
        let cpu = Cell::cold(BackendId::Runc, Payload::Cpu { rounds: 1 });
        let warm = Cell { start: Start::Warm, ..COLD[2] };
        let found = [data(1.0, 30), data(2.0, 30), data(3.0, 30)];
        assert_eq!(placed(&[COLD[0], cpu, warm], &found, 999), [None; 3]);
    }

    #[test]
    fn where_no_data_could_tell_only_the_best_is_placed() {
        let all = BackendId::ALL.into_iter().map(|id| Cell::cold(id, Payload::Noop));
        let cells: Vec<Cell> = all.filter(isolates).collect();
        let found: Vec<_> = (0..8).map(|k| data(1.0 + f64::from(k), 6)).collect();
        let places = placed(&cells, &found, 999);
        assert_eq!((places[0], places.iter().flatten().count()), (Some(Place::Best), 1));
    }
}
