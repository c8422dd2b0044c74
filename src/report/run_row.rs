//! What every report says of one cell.

use crate::model::backend::BackendId;
use crate::model::bench::{Cell, Estimate, Figure, Summary};
use crate::model::run::Run;
use crate::stats::interval::{RESAMPLES, Times, times};
use crate::stats::summary::{deciding, generator, half_width, summarise, times_of};

/// One cell of a run with its figures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) cell: Cell,
    pub(super) index: u32,
    /// Whether the plan did not name it.
    pub(super) baseline: bool,
    pub(super) figures: Vec<Summary>,
    /// Its deciding figure as so many times that of a cold `process` with the same payload, however
    /// it was started itself.
    pub(super) times: Option<Times>,
}

impl Row {
    /// What is known of `figure`.
    pub(super) fn figure(&self, figure: Figure) -> Option<&Summary> {
        self.figures.iter().find(|summary| summary.figure == figure)
    }

    /// The estimate of `figure`.
    pub(super) fn estimate(&self, figure: Figure) -> Option<&Estimate> {
        self.figure(figure)?.estimate.as_ref()
    }

    /// What is known of the figure that decides.
    pub(super) fn deciding(&self) -> Option<&Summary> {
        self.figure(deciding(self.cell.payload))
    }

    /// How well the figure that decides is known.
    pub(super) fn half_width(&self) -> Option<f64> {
        half_width(self.deciding()?.estimate.as_ref()?)
    }
}

/// The rows of `run`, in the order of its cells. A run that was cut off is summarised here.
pub(super) fn rows(run: &Run) -> Vec<Row> {
    let summary = run.tail.as_ref().map(|tail| tail.summary.clone());
    let cells = &run.head.cells;
    let again = || summarise(cells, &run.samples, RESAMPLES, run.head.plan.seed);
    let summary = summary.unwrap_or_else(again);
    let row = |(index, cell): (u32, &Cell)| Row {
        cell: *cell,
        index,
        baseline: !run.head.plan.asks_for(cell),
        figures: summary.iter().filter(|of| of.cell == index).cloned().collect(),
        times: against_process(run, index, *cell),
    };
    (0..).zip(cells).map(row).collect()
}

/// `cell` as a multiple of a process; `None` without an interval, as a bare ratio would claim too
/// much.
fn against_process(run: &Run, index: u32, cell: Cell) -> Option<Times> {
    if cell.backend == BackendId::Process {
        return None;
    }
    let base = Cell::cold(BackendId::Process, cell.payload);
    let base = run.head.cells.iter().position(|cell| *cell == base)?;
    let figure = deciding(cell.payload);
    let of = |wanted: usize| {
        let samples = run.samples.iter().filter(|sample| sample.cell as usize == wanted);
        times_of(figure, samples)
    };
    let mut rng = generator(run.head.plan.seed, index, figure);
    times(&of(index as usize)?, &of(base)?, RESAMPLES, &mut rng)
        .filter(|times| times.interval.is_some())
}
