//! The rows that can be set side by side: every backend with one payload.
//!
//! Says which of the backends that isolate is fastest and which cannot be told apart from it, and
//! how each stands to plain `process`. Where an interval is missing nothing is claimed.

use crate::model::backend::{BackendId, Class};
use crate::model::bench::{Estimate, Figure, Payload, Sample, Summary};
use crate::model::run::LeftOut;
use crate::state::RunState;

/// How a row stands to the fastest that isolates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing can be said, or there is nothing to say.
    Open,
    /// It is the fastest that isolates.
    Best,
    /// Its interval overlaps that of the fastest.
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

/// A backend with the group's payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) backend: BackendId,
    /// Index of its cell; `None` for a backend that was left out.
    pub(super) cell: Option<u32>,
    pub(super) summary: Option<&'a Summary>,
    pub(super) left_out: Option<&'a LeftOut>,
    pub(super) standing: Standing,
}

impl Row<'_> {
    /// The estimate of the group's figure.
    pub(super) fn estimate(&self) -> Option<&Estimate> {
        self.summary?.estimate.as_ref()
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

/// The rows of one payload, for one figure.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) figure: Figure,
    pub(super) rows: Vec<Row<'a>>,
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

impl<'a> Group<'a> {
    /// The rows of `payload` whose backend's name holds `filter`.
    pub(super) fn of(run: &'a RunState, payload: Payload, figure: Figure, filter: &str) -> Self {
        let measured = run.cells().filter(|(_, cell)| cell.payload == payload);
        let mut rows: Vec<_> = measured
            .map(|(index, cell)| Row {
                backend: cell.backend,
                cell: Some(index),
                summary: run.summary(index, figure),
                left_out: None,
                standing: Standing::Open,
            })
            .collect();
        rows.extend(run.head.left_out.iter().map(|left_out| Row {
            backend: left_out.backend,
            cell: None,
            summary: None,
            left_out: Some(left_out),
            standing: Standing::Open,
        }));
        rows.retain(|row| row.backend.name().contains(filter));
        judge(&mut rows);
        Self { figure, rows }
    }

    /// `row` as a multiple of `process`, with the widest range the two intervals allow; `None`
    /// without both intervals, as a bare ratio would claim too much.
    pub(super) fn times(&self, row: &Row<'_>) -> Option<Times> {
        let floor = self.rows.iter().find(|row| row.backend == BackendId::Process)?;
        if row.backend == BackendId::Process {
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

    /// The counted samples of each row, in the order they were taken.
    pub(super) fn samples(&self, run: &'a RunState) -> Vec<Vec<&'a Sample>> {
        let mut place = vec![None; run.head.cells.len()];
        for (index, row) in self.rows.iter().enumerate() {
            let slot = row.cell.and_then(|cell| place.get_mut(cell as usize));
            if let Some(slot) = slot {
                *slot = Some(index);
            }
        }
        let mut sorted = vec![Vec::new(); self.rows.len()];
        for sample in run.samples.iter().filter(|sample| !sample.warmup) {
            if let Some(Some(index)) = place.get(sample.cell as usize) {
                sorted[*index].push(sample);
            }
        }
        sorted
    }
}

/// Marks the fastest row that isolates, and those whose intervals overlap with its.
fn judge(rows: &mut [Row<'_>]) {
    let isolates = |row: &Row<'_>| row.backend.class() != Class::None;
    let rivals = rows.iter().filter(|row| isolates(row) && row.interval().is_some());
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
    for row in rows.iter_mut().filter(|row| isolates(row)) {
        row.standing = match row.interval() {
            _ if row.cell == best.cell => Standing::Best,
            Some((low, _)) if low <= best_high => Standing::Alike,
            _ => Standing::Open,
        };
    }
}
