//! The rounds of a run.
//!
//! Every cell stays in every round until all are known well enough: to drop one early would leave
//! its last samples unlike those of the others (another hour, another heat), and ratios would
//! compare unlike things. Only a backend that fails again and again leaves. Nothing here starts a
//! process; a [`Launch`] does.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::diary::{At, Diary};
use super::engine::Bench;
use super::host::Host;
use super::keep::Keep;
use super::ledger::{Ledger, Outlook};
use super::load::Loads;
use super::order::{self, Stop};
use super::pulse::Pulse;
use super::repeats::{self, Repeats};
use super::suspension::Suspension;
use super::voice::Voice;
use crate::backend::Launch;
use crate::model::bench::BenchStage;
use crate::model::job::{Job, Kernel};
use crate::model::root::Roots;
use crate::model::run::{Run, RunEnd, RunEvent, RunHead, RunTail};
use crate::model::text::SafeText;
use crate::model::time::{Clock, Stamp};
use crate::model::unit::Seconds;
use crate::stats::summary::middle;
use crate::stats::taint::{Clocks, Thresholds};
use crate::stats::verdict::verdict;

mod report;
mod resume;
mod visit;

pub(super) use visit::Visit;

/// At most this often the figures so far are made and told.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// A run under way.
pub(super) struct Course {
    pub(super) head: RunHead,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) voice: Voice,
    pub(super) cancel: CancellationToken,
    pub(super) keep: Keep,
    pub(super) host: Host,
    pub(super) bounds: Thresholds,
    pub(super) clocks: Clocks,
    pub(super) ledger: Ledger,
    pub(super) suspension: Suspension,
    pub(super) pulse: Pulse,
    pub(super) loads: Loads,
    pub(super) roots: Roots,
    pub(super) diary: Diary,
    repeats: Repeats,
    begun: Stamp,
    /// Time the run had taken before it went on from a checkpoint.
    before: Seconds,
    /// How its rounds ended, where they have.
    rounds_end: Option<RunEnd>,
    /// Visits of the round in which it was cut off: whether to warm up, round, cell.
    done: BTreeSet<(bool, u32, u32)>,
    /// How often it went on anew.
    resumed: u32,
    told: Stamp,
    /// How long after it the figures are told again.
    pause: Duration,
    /// Whether the sample before left something behind.
    left_over: bool,
    /// What virtual machines boot, where that is named.
    kernel: Option<Arc<Kernel>>,
    job: Option<Arc<Job>>,
}

impl Course {
    pub(super) fn new(bench: Bench) -> Self {
        let Bench { head, roots, clock, keep, out, cancel, prior } = bench;
        let now = clock.now();
        let empty = Run::begun(head.clone());
        let cut = prior.cut.as_deref();
        let record = cut.map_or(empty, |cut| resume::record(&head, cut));
        let node = head.fingerprint.hostname.clone();
        let plan = &head.plan;
        let asked = plan.cells().len().min(head.cells.len());
        let mut course = Self {
            diary: Diary::of(record, node),
            before: Seconds(0.0),
            rounds_end: None,
            done: BTreeSet::new(),
            resumed: 0,
            ledger: Ledger::new(head.cells.clone(), asked, plan.effort, plan.seed),
            bounds: Thresholds::of(head.fingerprint.cpus),
            keep: Keep::new(keep),
            host: Host::new(roots.clone()),
            clocks: Clocks::default(),
            loads: Loads::of(plan, &head.cells, head.fingerprint.cpus),
            repeats: Repeats::default(),
            pause: TELL_EVERY,
            roots,
            suspension: Suspension::default(),
            pulse: Pulse::new(now),
            begun: now,
            told: now,
            left_over: false,
            kernel: plan.kernel.clone().map(Arc::new),
            job: plan.job.as_deref().cloned().map(Arc::new),
            voice: Voice { id: head.id.clone(), clock: Arc::clone(&clock), out },
            head,
            clock,
            cancel,
        };
        if let Some(cut) = prior.cut {
            course.take_up(*cut);
        }
        course
    }

    pub(super) fn elapsed(&self) -> Seconds {
        self.own(self.clock.now())
    }

    /// The time of the run at `now`.
    fn own(&self, now: Stamp) -> Seconds {
        Seconds(self.before.0 + now.since(self.begun).as_secs_f64())
    }

    /// The present instant.
    pub(super) fn at(&self) -> At {
        let now = self.clock.now();
        At { ms: now.wall_ms, seconds: self.own(now) }
    }

    pub(super) fn is_active(&self, cell: u32) -> bool {
        let cell = self.ledger.cells.get(cell as usize);
        cell.is_some_and(|cell| !self.suspension.holds(cell))
    }

    pub(super) async fn rounds(
        &mut self,
        launcher: &mut (impl Launch + Send),
    ) -> ControlFlow<RunEnd> {
        if let Some(end) = self.rounds_end.clone() {
            // What goes before the first sandbox of a kind is not for the clocks of a step.
            if self.loads.len() > 0 {
                self.warm_again(launcher).await?;
            }
            return ControlFlow::Break(end);
        }
        let (warm, from) = self.position();
        self.warm_again(launcher).await?;
        let effort = self.ledger.effort;
        if warm < effort.warmup_rounds {
            self.open(BenchStage::WarmUp, launcher).await;
        }
        for round in warm..effort.warmup_rounds {
            self.may_go_on()?;
            self.round(launcher, round, true).await?;
        }
        self.open(BenchStage::Rounds, launcher).await;
        let counted = self.counted_from();
        for round in from..effort.max_rounds {
            self.may_go_on()?;
            self.round(launcher, round, false).await?;
            let long = self.elapsed().0 - counted >= effort.min_seconds.0;
            let known = self.is_known(round + 1);
            if known && long && round + 1 >= effort.min_rounds {
                return ControlFlow::Break(RunEnd::Completed);
            }
        }
        let exact = effort.min_rounds >= effort.max_rounds;
        let known = exact || self.is_known(effort.max_rounds);
        ControlFlow::Break(if known { RunEnd::Completed } else { RunEnd::RoundsSpent })
    }

    fn is_known(&mut self, done: u32) -> bool {
        let suspension = &self.suspension;
        self.ledger.is_known(done, |cell| !suspension.holds(cell))
    }

    /// Time that the rounds may take: what the loads after them need is kept for those, but no more
    /// than half.
    fn rounds_seconds(&self) -> f64 {
        let budget = self.ledger.effort.budget_seconds.0;
        (budget - self.loads.seconds()).max(budget / 2.0)
    }

    /// Whether the rounds go on: neither cancelled nor out of time nor out of backends.
    fn may_go_on(&self) -> ControlFlow<RunEnd> {
        if self.cancel.is_cancelled() {
            return ControlFlow::Break(RunEnd::Cancelled);
        }
        if self.elapsed().0 >= self.rounds_seconds() {
            return ControlFlow::Break(RunEnd::BudgetSpent);
        }
        let asked = self.ledger.cells.iter().take(self.ledger.asked);
        if asked.into_iter().all(|cell| self.suspension.holds(cell)) {
            let reason = SafeText::new(&self.nothing_left());
            return ControlFlow::Break(RunEnd::Failed { reason });
        }
        ControlFlow::Continue(())
    }

    /// Why no cell that was asked for is left: the last that was given up, or the first left out.
    fn nothing_left(&self) -> String {
        if let Some(out) = self.suspension.all().last() {
            return format!("{} {}", out.label(), out.reason);
        }
        let first = self.head.left_out.first();
        let first = first.map(|out| format!(": {}: {}", out.label(), out.reason));
        format!("no backend that was asked for can do it here{}", first.unwrap_or_default())
    }

    async fn round(
        &mut self,
        launcher: &mut (impl Launch + Send),
        round: u32,
        warmup: bool,
    ) -> ControlFlow<RunEnd> {
        let begun = if warmup { round } else { self.ledger.effort.warmup_rounds + round } + 1;
        let cells = count(self.ledger.cells.len());
        let stops = order::round(self.head.plan.seed, warmup, round, cells);
        for (at, stop) in stops.iter().enumerate() {
            self.may_go_on()?;
            match *stop {
                Stop::Overhead if !warmup && count(self.ledger.overhead.len()) > round => {}
                Stop::Overhead => self.measure_overhead(launcher, warmup).await?,
                Stop::Cell(cell, _) if self.done.contains(&(warmup, round, cell)) => {}
                Stop::Cell(cell, nonce) if self.is_active(cell) => {
                    let visit = Visit { cell, nonce, round, warmup, attempt: 0 };
                    self.visit(launcher, visit).await?;
                }
                Stop::Cell(..) => {}
            }
            self.look_ahead(begun, &stops[at + 1..]);
            self.tell_progress(launcher).await;
        }
        if !warmup {
            self.repeat_disturbed(launcher, round).await?;
        }
        let reached = self.reached(round, warmup);
        self.checkpoint("round", &reached).await;
        ControlFlow::Continue(())
    }

    /// Visits those cells again whose sample of `round` was disturbed, at most twice each.
    async fn repeat_disturbed(
        &mut self,
        launcher: &mut (impl Launch + Send),
        round: u32,
    ) -> ControlFlow<RunEnd> {
        for attempt in 1..=repeats::TIMES {
            let disturbed = repeats::disturbed(&self.ledger.samples, round, attempt - 1);
            for (cell, nonce) in order::again(self.head.plan.seed, round, attempt, &disturbed) {
                self.may_go_on()?;
                let late = self.elapsed().0 > self.rounds_seconds() * repeats::SHARE;
                let again = Visit { cell, nonce, round, warmup: false, attempt };
                if late || !self.repeats.help() || !self.is_active(cell) || self.is_made(again) {
                    continue;
                }
                self.visit(launcher, again).await?;
                self.repeats.note(self.ledger.samples.last());
                self.tell_progress(launcher).await;
            }
        }
        ControlFlow::Continue(())
    }

    fn look_ahead(&mut self, begun: u32, left: &[Stop]) {
        let active = |stop: &&Stop| matches!(stop, Stop::Cell(cell, _) if self.is_active(*cell));
        let left = count(left.iter().filter(active).count());
        let cells = (0..count(self.ledger.cells.len())).filter(|cell| self.is_active(*cell));
        let active = count(cells.count());
        let elapsed = self.elapsed();
        let (steps, load_seconds) = (self.loads.len(), self.loads.seconds());
        self.ledger.look_ahead(&Outlook { begun, left, active, elapsed, steps, load_seconds });
    }

    /// How far the run is and what is known, at most every [`TELL_EVERY`], more seldom where there
    /// are so many samples that it takes long to say.
    async fn tell_progress(&mut self, launcher: &impl Launch) {
        self.measure(launcher).await;
        let now = self.clock.now();
        if now.since(self.told) >= self.pause {
            let (figures, work) = self.ledger.live();
            (self.told, self.pause) = (now, TELL_EVERY * work);
            self.voice.tell(RunEvent::Progress(self.ledger.progress)).await;
            self.voice.tell(RunEvent::Summary(figures)).await;
        }
    }

    pub(super) async fn finish(mut self, end: RunEnd) -> Run {
        self.close().await;
        let at = self.at();
        self.diary.open(at, BenchStage::Figures, BenchStage::Figures.words());
        // What is reckoned is a stage of the run: its clock goes on meanwhile.
        let summary = self.ledger.last();
        let verdict = verdict(&self.ledger.samples, &self.loads.steps);
        let overhead_seconds = middle(&self.ledger.overhead);
        let ended = self.clock.now();
        let at = At { ms: ended.wall_ms, seconds: self.own(ended) };
        self.ledger.progress.elapsed_seconds = at.seconds;
        // What a run that was cut off would have done yet is kept: it tells how far it came.
        if !end.is_cut() {
            self.ledger.progress.remaining = 0;
            self.ledger.progress.left_seconds = Some(Seconds(0.0));
        }
        let tail = RunTail {
            ended,
            end,
            progress: self.ledger.progress,
            summary,
            suspended: self.suspension.all().to_vec(),
            overhead_seconds,
            empty_seconds: self.ledger.overhead.clone(),
            loads: self.loads.figures.clone(),
            verdict: Some(verdict),
        };
        self.end(at, &tail).await;
        let samples = std::mem::take(&mut self.ledger.samples);
        let steps = std::mem::take(&mut self.loads.steps);
        let run = Run { samples, steps, tail: Some(tail.clone()), ..self.diary.into_record() };
        let (files, notice) = self.keep.finish(&run);
        self.voice.notice(notice).await;
        if !files.is_empty() {
            self.voice.tell(RunEvent::Files(files)).await;
        }
        self.voice.tell(RunEvent::Ended(Box::new(tail))).await;
        run
    }
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
