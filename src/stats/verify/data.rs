//! What no run can have, whatever its figures say.

use std::collections::{BTreeMap, BTreeSet};

use super::Verified;
use crate::model::backend::BackendId;
use crate::model::bench::{Cell, Outcome, Payload, Phase, Phases, Sample};
use crate::model::load::{Shot, Step};
use crate::model::pipeline::MomentKind;
use crate::model::run::Run;
use crate::model::unit::Seconds;

/// A run's clock and a sample's may be this far apart.
const SLACK_SECONDS: f64 = 1.0;

/// Notes everything in the plan's cells, the samples and the steps that cannot be.
pub(super) fn look(run: &Run, verified: &mut Verified) {
    cells(run, verified);
    let length = length(run);
    let mut visits: BTreeMap<(bool, u32, u32), Vec<u32>> = BTreeMap::new();
    let mut before = 0.0;
    for (index, sample) in run.samples.iter().enumerate() {
        let at = format!("samples[{index}]");
        instant(&at, sample.at_seconds, (before, length), verified);
        before = sample.at_seconds.0.max(before);
        look_at(&at, sample, run, verified);
        let visit = (sample.warmup, sample.cell, sample.round);
        let attempts = visits.entry(visit).or_default();
        let wanted = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        if sample.attempt != wanted {
            let label = if wanted == 0 { "the first visit of its round" } else { "the next visit" };
            let found = format!("attempt {}", sample.attempt);
            verified.note(format!("{at}.attempt"), format!("{wanted}: {label}"), found);
        }
        attempts.push(sample.attempt);
    }
    verified.samples = run.samples.len();
    rounds(run, verified);
    for (index, step) in run.steps.iter().enumerate() {
        steps(&format!("steps[{index}]"), step, (run, length), verified);
    }
}

/// How long the run took by its own clock.
fn length(run: &Run) -> f64 {
    let tail = run.tail.as_ref();
    // One that went on later, perhaps after the machine was started anew, counts its own time alone.
    let resumed = run.moments.iter().any(|moment| moment.kind == MomentKind::Resumed);
    let length = tail.map(|tail| {
        let whole = tail.ended.since(run.head.started).as_secs_f64();
        if resumed { tail.progress.elapsed_seconds.0 } else { whole }
    });
    length.map_or(f64::INFINITY, |length| length + SLACK_SECONDS)
}

/// Each cell once; those of the plan, and `process` beside them.
fn cells(run: &Run, verified: &mut Verified) {
    let mut seen: BTreeSet<&Cell> = BTreeSet::new();
    for (index, cell) in run.head.cells.iter().enumerate() {
        let at = format!("cells[{index}]");
        let is_baseline = *cell == Cell::cold(BackendId::Process, cell.payload);
        if !seen.insert(cell) {
            verified.note(at, "each cell once", format!("{} {} again", cell.label(), cell.payload));
        } else if !run.head.plan.asks_for(cell) && !is_baseline {
            let found = format!("{} {}", cell.label(), cell.payload);
            verified.note(at, "a cell of the plan", found);
        }
    }
    order(run, verified);
}

/// The cells of the plan stand in its order.
fn order(run: &Run, verified: &mut Verified) {
    let planned = run.head.plan.cells();
    let asked = (0..).zip(&run.head.cells).filter(|(_, cell)| planned.contains(cell));
    let wanted = planned.iter().filter(|cell| run.head.cells.contains(cell));
    let wrong = asked.zip(wanted).find(|((_, found), wanted): &((usize, _), _)| found != wanted);
    if let Some(((index, found), wanted)) = wrong {
        let label = |cell: &Cell| format!("{} {}", cell.label(), cell.payload);
        verified.note(format!("cells[{index}]"), label(wanted), label(found));
    }
}

fn look_at(at: &str, sample: &Sample, run: &Run, verified: &mut Verified) {
    phases(at, &sample.phases, verified);
    // A job of the user's own says nothing when it is ready.
    let is_job =
        run.head.cells.get(sample.cell as usize).is_some_and(|c| c.payload == Payload::Job);
    let told = |phase: &Phase| sample.phases.get(*phase).is_some();
    let ends = if is_job { Phase::ALL.iter().any(told) } else { told(&Phase::Ready) };
    if sample.outcome == Outcome::Good && !ends {
        verified.note(format!("{at}.phases.ready_seconds"), "a time, as it is good", "nothing");
    }
    let most = run.head.plan.effort.max_rounds;
    if !sample.warmup && sample.round >= most {
        verified.note(format!("{at}.round"), format!("below {most}"), sample.round.to_string());
    }
}

/// A time that is no number below 0 and not beyond what a run can take.
fn instant(at: &str, time: Seconds, (least, most): (f64, f64), verified: &mut Verified) {
    let at = format!("{at}.at_seconds");
    if !(time.0 >= 0.0 && time.0.is_finite()) {
        verified.note(at, "0 or more", time.0.to_string());
    } else if time.0 < least {
        verified.note(at, format!("{least} or more, as the one before"), time.0.to_string());
    } else if time.0 > most {
        verified.note(at, format!("at most {most}, as the run took"), time.0.to_string());
    }
}

fn phases(at: &str, phases: &Phases, verified: &mut Verified) {
    for phase in Phase::ALL {
        let Some(Seconds(length)) = phases.get(phase) else {
            continue;
        };
        // Longer than a year is no sandbox.
        if !(0.0..=31_557_600.0).contains(&length) {
            let at = format!("{at}.phases.{}_seconds", phase.name());
            verified.note(at, "0 or more, and less than a year", length.to_string());
        }
    }
}

/// No round is left out between the first and the last of a cell.
fn rounds(run: &Run, verified: &mut Verified) {
    let mut of_cells: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for sample in run.samples.iter().filter(|sample| !sample.warmup) {
        of_cells.entry(sample.cell).or_default().insert(sample.round);
    }
    for (cell, rounds) in of_cells {
        let gap = (0..).zip(&rounds).find(|(wanted, round)| wanted != *round);
        if let Some((wanted, _)) = gap {
            let at = format!("samples of cells[{cell}]");
            verified.note(at, format!("one of round {wanted}"), "none".to_owned());
        }
    }
}

fn steps(at: &str, step: &Step, (run, length): (&Run, f64), verified: &mut Verified) {
    instant(at, step.at_seconds, (0.0, length), verified);
    if step.cell as usize >= run.head.cells.len() {
        let cells = run.head.cells.len();
        verified.note(format!("{at}.cell"), format!("below {cells}"), step.cell.to_string());
    }
    for (index, shot) in step.shots.iter().enumerate() {
        shots(&format!("{at}.shots[{index}]"), shot, verified);
    }
    verified.samples += step.shots.len();
}

fn shots(at: &str, shot: &Shot, verified: &mut Verified) {
    phases(at, &shot.phases, verified);
    instant(at, shot.at_seconds, (0.0, f64::INFINITY), verified);
    let done = shot.done_seconds.0;
    if !(done.is_finite() && done >= shot.at_seconds.0) {
        let wanted = format!("{} or more, when it was asked for", shot.at_seconds.0);
        verified.note(format!("{at}.done_seconds"), wanted, done.to_string());
    }
}
