//! A run as it is folded from its events.

use std::collections::BTreeMap;

use crate::model::bench::{Cell, Figure, Progress, Sample, Summary};
use crate::model::id::RunId;
use crate::model::load::{LoadSummary, Step};
use crate::model::run::{Run, RunEvent, RunHead, RunTail};
use crate::model::time::Stamp;

/// Samples kept for drawing; a longer run keeps its latest, the figures cover all.
const SAMPLES: usize = 100_000;

/// What is known of a run.
#[derive(Clone, Debug)]
pub struct RunState {
    /// What was known at the start.
    pub head: RunHead,
    /// Its samples, warm-up included.
    pub samples: Vec<Sample>,
    /// How far it is.
    pub progress: Progress,
    /// What is known so far.
    pub summary: Vec<Summary>,
    /// Steps of its loads.
    pub steps: Vec<Step>,
    /// What is known of its loads so far.
    pub loads: Vec<LoadSummary>,
    /// How it ended; `None` while it goes on.
    pub tail: Option<RunTail>,
    /// When something last happened to it.
    pub heard: Stamp,
}

impl RunState {
    fn new(head: RunHead, at: Stamp) -> Self {
        Self {
            head,
            samples: Vec::new(),
            progress: Progress::default(),
            summary: Vec::new(),
            steps: Vec::new(),
            loads: Vec::new(),
            tail: None,
            heard: at,
        }
    }

    /// It in one piece, as a file holds it.
    pub fn whole(&self) -> Run {
        Run {
            head: self.head.clone(),
            samples: self.samples.clone(),
            steps: self.steps.clone(),
            tail: self.tail.clone(),
        }
    }

    /// Whether it is still going on.
    pub const fn is_live(&self) -> bool {
        self.tail.is_none()
    }

    /// What is known of `figure` of the cell at `cell`.
    pub fn summary(&self, cell: u32, figure: Figure) -> Option<&Summary> {
        self.summary.iter().find(|summary| summary.cell == cell && summary.figure == figure)
    }

    /// Its cells with their index.
    pub fn cells(&self) -> impl Iterator<Item = (u32, Cell)> {
        (0..).zip(self.head.cells.iter().copied())
    }

    fn apply(&mut self, event: &RunEvent, at: Stamp) {
        self.heard = at;
        match event {
            RunEvent::Started(head) => self.head = (**head).clone(),
            RunEvent::Sample(sample) => self.push((**sample).clone()),
            RunEvent::Progress(progress) => self.progress = *progress,
            RunEvent::Summary(summary) => self.summary.clone_from(summary),
            RunEvent::Step(step) => self.steps.push((**step).clone()),
            RunEvent::Loads(loads) => self.loads.clone_from(loads),
            RunEvent::Ended(tail) => {
                self.progress = tail.progress;
                self.summary.clone_from(&tail.summary);
                self.loads.clone_from(&tail.loads);
                self.tail = Some(tail.clone());
            }
        }
    }

    /// Lets go of what takes room; figures and verdict stay. A run that goes on keeps all.
    pub(super) fn forget_samples(&mut self) {
        if !self.is_live() {
            self.samples = Vec::new();
            self.steps = Vec::new();
        }
    }

    fn push(&mut self, sample: Sample) {
        if self.samples.len() == SAMPLES {
            self.samples.drain(..SAMPLES / 10);
        }
        self.samples.push(sample);
    }
}

/// Takes an event in. Events of a run whose start was never heard are not for us.
pub(super) fn fold(
    runs: &mut BTreeMap<RunId, RunState>,
    id: &RunId,
    event: &RunEvent,
    at: Stamp,
) -> bool {
    if let Some(run) = runs.get_mut(id) {
        run.apply(event, at);
        return true;
    }
    if let RunEvent::Started(head) = event {
        runs.insert(id.clone(), RunState::new((**head).clone(), at));
        return true;
    }
    false
}
