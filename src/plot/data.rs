//! What pictures take out of a run.

use std::cell::OnceCell;

use crate::model::backend::Start;
use crate::model::bench::{Cell, Estimate, Figure, Payload, Sample, Summary};
use crate::model::run::Run;
use crate::model::text::SafeText;
use crate::stats::interval::RESAMPLES;
use crate::stats::standing;
use crate::stats::summary::summarise;
use crate::stats::verdict;

/// Rows on a panel at most; more cannot be read.
pub(super) const ROWS: usize = 40;
/// Lines on a panel at most.
pub(super) const LINES: usize = 16;

/// A run with its summaries, made again where it was cut off and somebody asks.
pub(super) struct Data<'a> {
    pub(super) run: &'a Run,
    again: OnceCell<Vec<Summary>>,
    good: Vec<&'a Sample>,
}

impl<'a> Data<'a> {
    pub(super) fn of(run: &'a Run) -> Self {
        Self { run, again: OnceCell::new(), good: good(run).collect() }
    }

    fn summary(&self) -> &[Summary] {
        let Run { head, samples, tail, .. } = self.run;
        let again = || summarise(&head.cells, samples, RESAMPLES, head.plan.seed);
        tail.as_ref().map_or_else(|| self.again.get_or_init(again), |tail| &tail.summary)
    }

    /// What is known of `figure` of the cell at `index`.
    pub(super) fn estimate(&self, index: u32, figure: Figure) -> Option<&Estimate> {
        let mut all = self.summary().iter();
        all.find(|of| of.cell == index && of.figure == figure)?.estimate.as_ref()
    }

    /// The payloads, in the order of the cells.
    pub(super) fn payloads(&self) -> Vec<Payload> {
        let mut payloads = Vec::new();
        for cell in &self.run.head.cells {
            if !payloads.contains(&cell.payload) {
                payloads.push(cell.payload);
            }
        }
        payloads
    }

    /// The payload by which starts are looked at: `noop`, else the first.
    pub(super) fn plainest(&self) -> Option<Payload> {
        let all = self.payloads();
        all.iter().find(|payload| **payload == Payload::Noop).or_else(|| all.first()).copied()
    }

    /// The cells with `payload` and their index.
    pub(super) fn cells(&self, payload: Payload) -> Vec<(u32, Cell)> {
        let all = (0..).zip(self.run.head.cells.iter().copied());
        all.filter(|(_, cell)| cell.payload == payload).collect()
    }

    /// The good samples of the cell at `index` that count.
    pub(super) fn samples(&self, index: u32) -> impl Iterator<Item = &'a Sample> {
        self.good.iter().copied().filter(move |sample| sample.cell == index)
    }
}

/// The good samples that count, all cells together.
pub(super) fn good(run: &Run) -> impl Iterator<Item = &Sample> {
    standing::good(&run.samples)
}

/// What a row is called: the start is said where it is not from nothing.
pub(super) fn name(cell: Cell) -> String {
    match cell.start {
        Start::Cold => cell.backend.name().to_owned(),
        start => format!("{} {}", cell.backend.name(), start.name()),
    }
}

/// The payload in a title.
pub(super) fn work(payload: Payload) -> String {
    match payload.amount() {
        0 => payload.name().to_owned(),
        amount => format!("{payload} {amount}"),
    }
}

/// From where to where a figure goes.
pub(super) const fn boundary(figure: Figure) -> &'static str {
    match figure {
        Figure::Start => "from asked for to ready",
        Figure::Work => "the payload alone",
        Figure::Request => "from asked for to the result",
        Figure::Cli => "from asked for to ended",
        Figure::Clean => "from ended to nothing left",
        Figure::Spec => "from let run to the guest's first process",
        Figure::FirstExec => "from asked for to the program's first instruction",
    }
}

/// `n` of something that is left away.
pub(super) fn left_away(all: usize, shown: usize, what: &str) -> Option<String> {
    let rest = all.checked_sub(shown).filter(|rest| *rest > 0)?;
    Some(format!("{rest} more {what} are not on it: the CSV has them all"))
}

/// Which run it is, of which machine, how quiet, and the seed that repeats it.
pub(super) fn source(run: &Run) -> String {
    let (head, print) = (&run.head, &run.head.fingerprint);
    let cpu = print.cpu_model.as_ref().map(|model| format!(" ({model})")).unwrap_or_default();
    let quiet = quiet(run);
    let isomon = SafeText::within(&print.isomon, 40);
    let started = SafeText::within(&head.started_at, 40);
    format!(
        "isomon {isomon} · run {} of {started} · {}{cpu} · {quiet} · seed {}",
        head.id, print.hostname, head.plan.seed
    )
}

/// How quiet the machine was, in a few words.
fn quiet(run: &Run) -> String {
    let known = verdict::of(run);
    match known.samples {
        0 => "no samples".to_owned(),
        all => format!("{} of {all} samples disturbed", known.tainted),
    }
}
