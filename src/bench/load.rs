//! The loads of a run, after its rounds: many sandboxes in a while.
//!
//! Each load is cut into *legs*: one cell at one stride. In each round of a load every leg is visited
//! once, in an order drawn from the seed; there are two rounds, where the time allows for it. A leg
//! that is cut short by a cancel is given up, so that what is kept is whole. A leg that has no room
//! or is refused becomes a step without figures that says why.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

use super::course::{Course, count};
use super::diary::{Diary, Fault};
use super::voice::Voice;
use crate::backend::Crew;
use crate::model::bench::{BenchStage, Cell, Outcome, Plan, Taint};
use crate::model::load::{Load, LoadSummary, Shot, Step, Stride};
use crate::model::pipeline::MomentKind;
use crate::model::run::{RunEnd, RunEvent};
use crate::model::text::SafeText;
use crate::stats::load::{is_alike, rate_of, sort, summary};
use crate::stats::taint::{of_step, taints};

pub(super) mod agenda;
mod beside;
mod closed;
mod meter;
mod open;
mod punctual;
mod record;
mod stand;

use agenda::Leg;
use meter::Meters;
use record::{Gain, Tasks};

/// Times that each leg is visited, where the time allows.
pub(super) const ROUNDS: u32 = Load::ROUNDS;

/// Failures of one step that are written into the log.
const FAULTS: usize = 20;
/// An arrival that is started so much later than it was meant to come has waited, in seconds.
const LATE: f64 = 0.010;
/// Time after which it is looked whether the hands are there.
const THERE: Duration = Duration::from_millis(500);

/// The loads of a run, and what came of them so far.
#[derive(Debug)]
pub(super) struct Loads {
    wanted: Vec<Load>,
    cells: Vec<Cell>,
    cpus: u32,
    pub(super) steps: Vec<Step>,
    pub(super) figures: Vec<LoadSummary>,
    /// Arrivals a second on each cell, where the plan leaves them to what was seen.
    rates: BTreeMap<u32, f64>,
    left: u32,
    seconds: f64,
    /// Whether arrivals had to wait in the last step.
    held: bool,
}

impl Loads {
    /// The loads of `plan`, whose cells are the first of `cells`, on a machine of `cpus` processors.
    pub(super) fn of(plan: &Plan, cells: &[Cell], cpus: u32) -> Self {
        let legs = agenda::legs(plan, cpus, |_| None);
        let cells = cells.iter().copied().take(plan.cells().len()).collect();
        Self {
            wanted: plan.loads.clone(),
            cells,
            cpus,
            steps: Vec::new(),
            figures: Vec::new(),
            held: false,
            rates: BTreeMap::new(),
            left: count(legs.len()).saturating_mul(ROUNDS),
            seconds: legs.iter().map(|leg| leg.seconds).sum::<f64>() * f64::from(ROUNDS),
        }
    }

    /// Steps that are to come.
    pub(super) const fn len(&self) -> u32 {
        self.left
    }

    /// How long those take, about.
    pub(super) const fn seconds(&self) -> f64 {
        self.seconds
    }

    /// `leg` with a rate that its cell can bear, where the plan names none: half of what one hand was
    /// seen to do under load, else half of what the rounds let expect. It stays the same in all rounds.
    fn settled(&mut self, mut leg: Leg) -> Leg {
        let Stride::Latency { per_second, most } = leg.stride else { return leg };
        let open = |load: &Load| matches!(load, Load::Latency { per_second: None, .. });
        if self.wanted.iter().any(open) {
            let one = |load: &&LoadSummary| load.cell == leg.cell;
            let mut seen = self.figures.iter().filter(one).filter_map(rate_of);
            let seen = seen.rfind(|(at_once, rate)| *at_once == 1 && *rate > 0.0);
            let half = seen.map_or(per_second, |(_, rate)| agenda::rounded(rate / 2.0));
            let per_second = *self.rates.entry(leg.cell).or_insert(half);
            leg.stride = Stride::Latency { per_second, most };
        }
        leg
    }

    /// Takes up steps of before the run was cut off.
    pub(super) fn take_up(&mut self, steps: Vec<Step>, seed: u64) {
        let open = |load: &Load| matches!(load, Load::Latency { per_second: None, .. });
        let open = self.wanted.iter().any(open);
        for step in steps {
            if let Stride::Latency { per_second, .. } = step.stride
                && open
            {
                self.rates.entry(step.cell).or_insert(per_second);
            }
            self.take(step, seed);
        }
    }

    /// Whether `leg` was visited in `round` before the run was cut off.
    fn is_made(&self, leg: &Leg, round: u32) -> bool {
        let same =
            |step: &Step| step.cell == leg.cell && step.stride == leg.stride && step.round == round;
        self.steps.iter().any(same)
    }

    /// Whether a visit of `leg` came to nothing, so that another would too.
    fn is_hopeless(&self, leg: &Leg) -> bool {
        let vain = |step: &Step| {
            step.cell == leg.cell
                && step.stride == leg.stride
                && step.cut_off.is_some()
                && step.standing.is_empty()
                && step.shots.iter().all(|shot| shot.outcome != Outcome::Good)
        };
        self.steps.iter().any(vain)
    }

    /// Takes a step in and renews the figure it belongs to.
    fn take(&mut self, step: Step, seed: u64) {
        self.steps.push(step);
        let Some(last) = self.steps.last() else { return };
        let alike: Vec<&Step> = self.steps.iter().filter(|step| is_alike(step, last)).collect();
        let fresh = summary(&alike, seed);
        let same = |old: &&mut LoadSummary| old.cell == fresh.cell && old.stride == fresh.stride;
        match self.figures.iter_mut().find(same) {
            Some(old) => *old = fresh,
            None => self.figures.push(fresh),
        }
        sort(&mut self.figures);
    }
}

impl Course {
    /// Puts the plan's loads on its cells, after rounds that ended with `end`; how the run ends.
    pub(super) async fn loads(&mut self, crew: &mut (impl Crew + Send), end: RunEnd) -> RunEnd {
        let over = matches!(end, RunEnd::Cancelled | RunEnd::Failed { .. });
        if over || self.loads.wanted.is_empty() {
            return end;
        }
        let cycle = |cell| self.ledger.cycle(cell as usize);
        let legs = agenda::legs(&self.head.plan, self.loads.cpus, cycle);
        self.loads.left = count(legs.len()).saturating_mul(ROUNDS);
        self.loads.seconds = legs.iter().map(|leg| leg.seconds).sum::<f64>() * f64::from(ROUNDS);
        let mut whole = true;
        for round in 0..ROUNDS {
            for leg in agenda::ordered(&legs, self.head.plan.seed, round) {
                let leg = self.loads.settled(leg);
                match self.leg(crew, &leg, round).await {
                    ControlFlow::Break(end) => return end,
                    ControlFlow::Continue(visited) => whole &= visited || round > 0,
                }
            }
        }
        if whole { end } else { RunEnd::BudgetSpent }
    }

    /// Visits `leg`. False if there was no time for it.
    async fn leg(
        &mut self,
        crew: &mut (impl Crew + Send),
        leg: &Leg,
        round: u32,
    ) -> ControlFlow<RunEnd, bool> {
        self.loads.left = self.loads.left.saturating_sub(1);
        self.loads.seconds = (self.loads.seconds - leg.seconds).max(0.0);
        if self.cancel.is_cancelled() {
            return ControlFlow::Break(RunEnd::Cancelled);
        }
        let vain = self.loads.is_hopeless(leg) || self.loads.is_made(leg, round);
        if vain || !self.is_active(leg.cell) {
            return ControlFlow::Continue(true);
        }
        let left = self.ledger.effort.budget_seconds.0 - self.elapsed().0;
        if leg.seconds.min(agenda::LONGEST_GUESS) > left {
            return ControlFlow::Continue(false);
        }
        self.ledger.progress.submitted += 1;
        self.begin(crew, leg).await;
        let cancel = self.cancel.clone();
        let step = tokio::select! {
            biased;
            () = cancel.cancelled() => return ControlFlow::Break(RunEnd::Cancelled),
            step = self.step(crew, leg, round, left) => step,
        };
        self.keep_step(step, crew).await;
        ControlFlow::Continue(true)
    }

    /// Tells what is done next, and by how many.
    async fn begin(&mut self, crew: &impl Crew, leg: &Leg) {
        let at_once = leg.at_once(self.loads.cpus);
        self.open_with(BenchStage::of_stride(&leg.stride), at_once, crew).await;
        let at = self.at();
        let label = self.loads.cells[leg.cell as usize].name();
        self.diary.doing(at, at_once, &format!("{label}, {at_once} at once"));
        self.diary.tell_workers(at);
        self.report().await;
    }

    /// Notes the sandboxes of `step` that failed, and how many arrivals waited.
    fn note_step(&mut self, step: &Step, before: bool) {
        let (at, name) = (self.at(), self.loads.cells[step.cell as usize].name());
        let failed = step.shots.iter().filter_map(|shot| match &shot.outcome {
            Outcome::Failed { kind, message } => Some((*kind, message)),
            Outcome::Good => None,
        });
        // Each is in its step; a log of all of them would be of nothing else.
        for (kind, message) in failed.take(FAULTS) {
            self.diary.fail(at, &Fault { cell: (step.cell, &name), kind, message, said: &[] });
        }
        if let Some(why) = &step.cut_off {
            self.diary.say(at, &name, false, &format!("the step ended early: {why}"));
        }
        let held = is_held(step);
        if held != before {
            let kind = if held { MomentKind::Pressure } else { MomentKind::Relief };
            let words =
                if held { "arrivals of {} waited" } else { "arrivals of {} wait no longer" };
            self.diary.note(at, kind, &words.replace("{}", &name));
        }
        self.loads.held = held;
    }

    /// One step, watched like a sample.
    async fn step(
        &mut self,
        crew: &mut (impl Crew + Send),
        leg: &Leg,
        round: u32,
        left: f64,
    ) -> Step {
        let tasks = self.tasks(leg, round);
        let meters = Meters::find(&self.roots, tasks.own.in_engine());
        self.host.mark(self.clock.now(), crew.usage());
        let start = self.clock.now();
        let at_seconds = self.elapsed();
        self.pulse.begin(start);
        let deadline =
            Instant::now() + Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX / 4);
        let roots = self.roots.clone();
        let punctual = punctual::Punctual::by(&*self.clock);
        let bounds = stand::Bounds { roots, deadline };
        // By far the largest of all that a run waits for.
        let work = Box::pin(gain(crew, leg, &tasks, &meters, (bounds, punctual)));
        let (voice, diary) = (&self.voice, &self.diary);
        let gain = tokio::select! {
            biased;
            gain = self.pulse.during(&*self.clock, work) => gain,
            never = tell_hands(voice, diary, &meters) => match never {},
        };
        self.host.mark(self.clock.now(), crew.usage());
        if tasks.in_engine() {
            self.host.was_in_engine();
        }
        let host = self.host.since(start);
        let waits = self.host.waits(start);
        let mut marks = of_step(leg.stride, taints(&host, &self.bounds, self.clocks.usual()));
        marks.extend(self.pulse.take().then_some(Taint::Paused));
        let energy_of = gain.joules.map(|_| SafeText::new("package"));
        Step {
            cell: leg.cell,
            stride: leg.stride,
            round,
            at_seconds,
            window_seconds: gain.window,
            shots: gain.shots,
            standing: gain.standing,
            cut_off: gain.cut_off.as_deref().map(SafeText::new),
            energy_joules: gain.joules,
            energy_of,
            hands: gain.hands,
            waits,
            host,
            taints: marks,
        }
    }

    /// What the hands of `leg` do.
    fn tasks(&self, leg: &Leg, round: u32) -> agenda::Work {
        let seed = agenda::stream(self.head.plan.seed, leg, round);
        let neighbour = leg.neighbour.map(|cell| Tasks::new(self.task(cell, 0), !seed));
        let own = Tasks::new(self.task(self.loads.cells[leg.cell as usize], 0), seed);
        agenda::Work { own, neighbour, busy: self.loads.cpus.saturating_sub(1).max(1) }
    }

    async fn keep_step(&mut self, step: Step, crew: &impl Crew) {
        self.note_step(&step, self.loads.held);
        let failed = step.failed();
        let elapsed = self.elapsed();
        let progress = &mut self.ledger.progress;
        progress.completed += u32::from(!failed);
        progress.failed += u32::from(failed);
        progress.elapsed_seconds = elapsed;
        progress.remaining = self.loads.left;
        let budget = self.ledger.effort.budget_seconds.0 - elapsed.0;
        let to_come = self.loads.seconds.min(budget.max(0.0));
        progress.left_seconds = Some(crate::model::unit::Seconds(to_come));
        let progress = *progress;
        self.loads.take(step.clone(), self.head.plan.seed);
        let notice = self.keep.save_steps(&self.loads.steps);
        self.voice.tell(RunEvent::Step(Box::new(step))).await;
        self.voice.tell(RunEvent::Loads(self.loads.figures.clone())).await;
        self.voice.tell(RunEvent::Progress(progress)).await;
        self.notice(notice).await;
        self.end_step(crew).await;
    }

    /// After a step nothing is done for a moment, and the run can go on from here.
    async fn end_step(&mut self, crew: &impl Crew) {
        let at = self.at();
        self.diary.doing(at, 0, "");
        self.measure(crew).await;
        let (taken, left) = (self.loads.steps.len(), self.loads.left);
        let reached = format!("step {taken} of {}", taken + left as usize);
        self.checkpoint("round", &reached).await;
        self.report().await;
    }
}

/// Tells the processes of the hands when they are there, so that one that is stuck can be asked where;
/// then waits.
async fn tell_hands(voice: &Voice, diary: &Diary, meters: &Meters) -> Infallible {
    loop {
        tokio::time::sleep(THERE).await;
        if let Some(hands) = meters.hands() {
            voice.tell(RunEvent::Workers(diary.workers_as(hands))).await;
            return std::future::pending().await;
        }
    }
}

/// Whether so many arrivals of `step` had to wait that it is worth a word.
fn is_held(step: &Step) -> bool {
    let late = |shot: &&Shot| {
        shot.intended_seconds.is_some_and(|meant| shot.at_seconds.0 - meant.0 > LATE)
    };
    let late = step.shots.iter().filter(late).count();
    late * 10 > step.shots.len()
}

/// Does what `leg` asks for.
async fn gain(
    crew: &mut (impl Crew + Send),
    leg: &Leg,
    work: &agenda::Work,
    meters: &Meters,
    (bounds, punctual): (stand::Bounds, punctual::Punctual),
) -> Gain {
    let window = Duration::try_from_secs_f64(leg.window).unwrap_or_default();
    match leg.stride {
        Stride::Throughput { at_once } => {
            closed::gain(crew, at_once, &work.own, window, meters).await
        }
        Stride::Latency { per_second, most } => {
            let arrivals = open::Arrivals { most, per_second, punctual };
            open::gain(crew, arrivals, &work.own, window, meters).await
        }
        Stride::Neighbour { .. } => beside::gain(crew, work, window, meters).await,
        Stride::Memory { count } => stand::memory(crew, &work.own, count).await,
        Stride::Density { most } => stand::density(crew, &work.own, most, &bounds).await,
    }
}

#[cfg(test)]
mod tests;
