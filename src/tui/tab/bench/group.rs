//! The rows that can be set side by side: every backend, in every way it started, with one payload.
//!
//! Says which of those that isolate and start alike is fastest and which cannot be told apart from
//! it, and how each stands to plain `process`. Where an interval is missing nothing is claimed.

use crate::model::backend::{BackendId, Class, Start};
use crate::model::bench::{Cell, Estimate, Figure, Payload, Place, Summary};
use crate::model::run::LeftOut;
use crate::state::RunState;
use crate::tui::widget::field::{self, Field, Value};
use crate::tui::widget::filter::{Filter, Terms};
use crate::tui::widget::fixed;

/// How a row stands to the fastest that isolates, of those that start as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing can be said, or there is nothing to say.
    Open,
    /// It is the fastest.
    Best,
    /// It cannot be told apart from the fastest.
    Alike,
}

impl Standing {
    /// The sign before the name.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Open => " ",
            Self::Best => "★",
            Self::Alike => "≈",
        }
    }
}

/// A backend and a start, with the group's payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) cell: Cell,
    /// Index of its cell; `None` for a row that was left out.
    pub(super) index: Option<u32>,
    pub(super) summary: Option<&'a Summary>,
    pub(super) left_out: Option<&'a LeftOut>,
    pub(super) standing: Standing,
}

impl Row<'_> {
    /// The estimate of the group's figure.
    pub(super) fn estimate(&self) -> Option<&Estimate> {
        self.summary?.estimate.as_ref()
    }

    /// What it is called, in at most `room` columns: the start stays whole as long as it can, and of
    /// the backend both ends, as kinds of one family differ at the end.
    pub(super) fn named(&self, room: usize) -> String {
        cut_label(self.cell, room)
    }

    /// Why it has no figure though it was asked for: that it cannot run, or cannot do this.
    pub(super) fn excuse(&self) -> Option<String> {
        let out = self.left_out?;
        let how = if out.payload.is_some() { "n/a" } else { "left out" };
        Some(format!("{how}: {}", out.reason))
    }

    /// Stands where its summary says.
    fn take_place(&mut self) {
        self.standing = match self.summary.and_then(|summary| summary.place) {
            Some(Place::Best) => Standing::Best,
            Some(Place::Alike) => Standing::Alike,
            Some(Place::Above) | None => Standing::Open,
        };
    }

    /// The 95 % interval of the median, in seconds.
    pub(super) fn interval(&self) -> Option<(f64, f64)> {
        interval(self.estimate()?)
    }

    /// The median, in seconds.
    pub(super) fn median(&self) -> Option<f64> {
        Some(self.estimate()?.median_seconds.0)
    }
}

/// What `cell` is called, in at most `room` columns.
pub(super) fn cut_label(cell: Cell, room: usize) -> String {
    let label = cell.label();
    let start = cell.start.name();
    let left = room.saturating_sub(start.len() + 1);
    if cell.start == Start::Cold || label.len() <= room || left < 4 {
        return fixed::cut(&label, room);
    }
    format!("{} {start}", fixed::cut_middle(cell.backend.name(), left))
}

fn interval(estimate: &Estimate) -> Option<(f64, f64)> {
    Some((estimate.low_seconds?.0, estimate.high_seconds?.0))
}

/// A ratio of two medians, and the widest range their intervals allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    pub(super) ratio: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Least columns of the sign and the name of a row.
const NAME: usize = 17;

/// The rows of one payload, for one figure.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) figure: Figure,
    pub(super) rows: Vec<Row<'a>>,
    /// Whether a test says where each stands; else their intervals do.
    pub(super) placed: bool,
}

/// The payloads of a run, in the order of its cells.
pub(super) fn payloads(run: &RunState) -> Vec<Payload> {
    let mut payloads = Vec::new();
    for cell in &run.head.cells {
        if !payloads.contains(&cell.payload) {
            payloads.push(cell.payload);
        }
    }
    payloads
}

/// A row as the filter sees it.
pub(super) struct Named<'a>(pub(super) &'a Cell);

impl field::Row for Named<'_> {
    type Key = String;
    const FIELDS: &'static [Field] =
        &[Field::text("backend"), Field::text("start"), Field::text("payload")];

    fn key(&self) -> String {
        self.0.label()
    }

    fn value(&self, field: usize) -> Value<'_> {
        Value::text(match field {
            0 => self.0.backend.name(),
            1 => self.0.start.name(),
            _ => self.0.payload.name(),
        })
    }
}

/// `text` as a filter of rows; `None` where it is not understood.
pub(super) fn read(text: &str) -> Option<Filter> {
    Filter::parse(text, <Named<'_> as field::Row>::FIELDS).ok()
}

/// What a filter of the rows of `cells` may speak of.
pub(super) fn terms<'a>(cells: impl Iterator<Item = &'a Cell>) -> Terms {
    let rows: Vec<Named<'a>> = cells.map(Named).collect();
    Terms::of(&rows)
}

impl<'a> Group<'a> {
    /// The rows of `payload` that pass `filter`; those that were left out come last.
    pub(super) fn of(run: &'a RunState, payload: Payload, figure: Figure, filter: &Filter) -> Self {
        let measured = run.cells().filter(|(_, cell)| cell.payload == payload);
        let measured = measured.map(|(index, cell)| Row {
            cell,
            index: Some(index),
            summary: run.summary(index, figure),
            left_out: None,
            standing: Standing::Open,
        });
        let concerns = |out: &&LeftOut| out.payload.is_none_or(|of| of == payload);
        let left_out = run.head.left_out.iter().filter(concerns).map(|left_out| Row {
            cell: Cell {
                backend: left_out.backend,
                start: left_out.start.unwrap_or_default(),
                payload,
            },
            index: None,
            summary: None,
            left_out: Some(left_out),
            standing: Standing::Open,
        });
        let mut rows: Vec<_> = measured.chain(left_out).collect();
        rows.retain(|row| filter.lets(&Named(&row.cell)));
        let placed = run.summary.iter().any(|summary| summary.place.is_some());
        if placed {
            rows.iter_mut().for_each(Row::take_place);
        } else {
            for start in Start::ALL {
                judge(&mut rows, start);
            }
        }
        Self { figure, rows, placed }
    }

    /// Columns of the sign and the name of a row, where there are `width` for all of it.
    pub(super) fn name_room(&self, width: usize) -> usize {
        let longest = self.rows.iter().map(|row| row.cell.label().len()).max().unwrap_or(0);
        (longest + 3).min(width * 9 / 20).max(NAME)
    }

    /// Whether any row starts from something that was there.
    pub(super) fn has_starts(&self) -> bool {
        self.rows.iter().any(|row| row.cell.start != Start::Cold)
    }

    /// `row` as a multiple of `process`, which starts cold, with the widest range the two intervals allow; `None`
    /// without both intervals, as a bare ratio would claim too much.
    pub(super) fn times(&self, row: &Row<'_>) -> Option<Times> {
        let floor = self.rows.iter().find(|row| row.cell.backend == BackendId::Process)?;
        if row.cell.backend == BackendId::Process {
            return None;
        }
        let (floor_low, floor_high) = floor.interval()?;
        let (low, high) = row.interval()?;
        let times = Times {
            ratio: row.median()? / floor.median()?,
            low: low / floor_high,
            high: high / floor_low,
        };
        [times.ratio, times.low, times.high]
            .iter()
            .all(|value| value.is_finite() && *value > 0.0)
            .then_some(times)
    }

    /// Everything an axis has to show: medians and the ends of their intervals.
    pub(super) fn lengths(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().flat_map(|row| {
            let ends = row.interval().map(|(low, high)| [low, high]);
            row.median().into_iter().chain(ends.into_iter().flatten())
        })
    }
}

/// Marks the fastest row that isolates of those with `start`, and those whose intervals overlap with
/// its. What was there already decides more than the wall, so unlike starts do not race.
fn judge(rows: &mut [Row<'_>], start: Start) {
    let races = |row: &Row<'_>| row.cell.start == start && row.cell.backend.class() != Class::None;
    let rivals = rows.iter().filter(|row| races(row) && row.interval().is_some());
    let count = rivals.clone().count();
    let best = rivals
        .filter(|row| row.median().is_some_and(f64::is_finite))
        .min_by(|a, b| a.median().unwrap_or_default().total_cmp(&b.median().unwrap_or_default()))
        .copied();
    let Some((best, (_, best_high))) = best.and_then(|row| Some((row, row.interval()?))) else {
        return;
    };
    if count < 2 {
        return;
    }
    for row in rows.iter_mut().filter(|row| races(row)) {
        row.standing = match row.interval() {
            _ if row.index == best.index => Standing::Best,
            Some((low, _)) if low <= best_high => Standing::Alike,
            _ => Standing::Open,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_cut_keeps_what_tells_it_apart() {
        let row = |backend, start| Row {
            cell: Cell { backend, start, payload: Payload::Noop },
            index: None,
            summary: None,
            left_out: None,
            standing: Standing::Open,
        };
        let jailed = row(BackendId::FirecrackerJailed, Start::Snapshot);
        let bare = row(BackendId::Firecracker, Start::Snapshot);
        assert_eq!(jailed.named(30), "firecracker-jailed snapshot");
        assert_eq!(jailed.named(22), "firecr…jailed snapshot");
        for room in 14..30 {
            assert!(jailed.named(room).chars().count() <= room);
            assert_ne!(jailed.named(room), bare.named(room), "{room}");
        }
        assert_eq!(row(BackendId::GvisorSystrap, Start::Cold).named(8), "gvisor-…");
    }
}
