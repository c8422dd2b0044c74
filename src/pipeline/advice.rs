//! What could be set better for the next run, each with what was measured that says so.

use crate::model::bench::{Cell, Figure, Taint};
use crate::model::load::LoadFigure;
use crate::model::pipeline::Advice;
use crate::model::run::RunEnd;
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Seconds};
use crate::state::RunState;
use crate::stats::load::{knee, rate_of};
use crate::stats::summary::{deciding, half_width};

/// Fewer rounds say too little for advice.
const FEWEST: u32 = 10;
/// Share of disturbed samples from which on something should be done.
const DISTURBED: f64 = 0.10;
/// Share of the memory below which there is far more than needed.
const SPARE: f64 = 0.5;

/// Everything that follows from what was measured in `run`.
pub(super) fn advice(run: &RunState) -> Vec<Advice> {
    let all = [rounds(run), budget(run), disturbed(run), memory(run), timeout(run), arrivals(run)];
    all.into_iter().flatten().chain(crowds(run)).collect()
}

fn advise(words: &str, evidence: &str) -> Advice {
    Advice { words: SafeText::new(words), evidence: SafeText::new(evidence) }
}

/// The figure that is known worst of those that decide, each of a cell that was asked for: its name, its
/// samples, half the width of its interval as a share of the median.
fn widest(run: &RunState) -> Option<(String, u32, f64)> {
    let known = run.summary.iter().filter_map(|of| {
        let cell = run.head.cells.get(of.cell as usize)?;
        let decides = of.figure == deciding(cell.payload) && run.head.plan.asks_for(cell);
        let width = half_width(of.estimate.as_ref().filter(|_| decides)?)?;
        Some((format!("the {} of {}", of.figure.name(), cell.name()), of.n, width))
    });
    known.max_by(|one, other| one.2.total_cmp(&other.2))
}

/// Fewer rounds would have done: an interval shrinks with the root of the number.
fn rounds(run: &RunState) -> Option<Advice> {
    let (name, n, width) = widest(run).filter(|(_, n, _)| *n >= FEWEST)?;
    let target = run.head.plan.effort.target.fraction();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let needed = (f64::from(n) * (width / target).powi(2)).ceil() as u32;
    let needed = needed.max(FEWEST);
    let exact = run.head.plan.effort.min_rounds == run.head.plan.effort.max_rounds;
    (!run.is_live() && exact && needed.saturating_mul(4) < n.saturating_mul(3)).then(|| {
        advise(
            &format!("fewer rounds are enough: -r {needed}"),
            &format!(
                "{name}, known worst, is within {:.1} % after {n} rounds; {:.0} % was asked",
                width * 100.0,
                target * 100.0
            ),
        )
    })
}

/// More time or rounds are needed.
fn budget(run: &RunState) -> Option<Advice> {
    let end = &run.tail.as_ref()?.end;
    let target = run.head.plan.effort.target.fraction();
    let (name, n, width) = widest(run).filter(|(.., width)| *width > target)?;
    let times = (width / target).powi(2);
    let words = match end {
        RunEnd::BudgetSpent => {
            let seconds = (run.progress.elapsed_seconds.0 * times).ceil();
            format!("give it longer, about --budget {seconds}s, or ask for less with --target")
        }
        RunEnd::RoundsSpent => {
            let rounds = (f64::from(n) * times).ceil();
            format!("allow more rounds, about --max-runs {rounds}, or ask for less with --target")
        }
        _ => return None,
    };
    let (width, target) = (width * 100.0, target * 100.0);
    Some(advise(
        &words,
        &format!("{name} is known within {width:.1} % after {n} samples; {target:.0} % was asked"),
    ))
}

/// The machine was not quiet.
fn disturbed(run: &RunState) -> Option<Advice> {
    let verdict =
        run.tail.as_ref().and_then(|tail| tail.verdict.as_ref()).unwrap_or(&run.digest.verdict);
    let share = f64::from(verdict.tainted) / f64::from(verdict.samples.max(1));
    let cause = verdict.causes.first().filter(|_| share >= DISTURBED)?;
    let words = match cause.taint {
        Taint::Steal => {
            "measure on a machine of its own: the hypervisor gives processor time to others"
        }
        Taint::CpuPressure | Taint::OtherWork => {
            "stop what else works on this machine, then run it again"
        }
        Taint::MemoryPressure => "free memory first: other programs wait for it",
        Taint::IoPressure => "let other work on the disk end first",
        Taint::Paused => "do not stop or suspend isomon while it measures",
        Taint::LeftOver => "`isomon doctor` says which backend leaves sandboxes behind",
        Taint::Throttled => "cool the machine, or lower its clock: it was slowed down for heat",
        Taint::SlowClock => {
            "set the governor to performance: `isomon bench --tune` does for the run"
        }
        Taint::GpuWork => "keep the GPU free while it measures",
    };
    let (tainted, samples, cause) = (verdict.tainted, verdict.samples, cause.taint.words());
    let percent = share * 100.0;
    Some(advise(
        words,
        &format!(
            "disturbed {percent:.0} %: {tainted} of {samples} samples and steps, most by {cause}"
        ),
    ))
}

/// Sandboxes need far less memory than they are given.
fn memory(run: &RunState) -> Option<Advice> {
    let limit = run.head.plan.limits.memory_bytes.0;
    let peak =
        run.workers.iter().filter_map(|worker| worker.memory_bytes).map(|bytes| bytes.0).max();
    let weighed = run.loads.iter().filter_map(|of| match of.figure {
        Some(LoadFigure::Memory { pss_each_bytes: Some(each), .. }) => Some(each),
        _ => None,
    });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes")]
    let each = weighed.fold(0.0, f64::max) as u64;
    let (most, how) = match peak {
        Some(peak) => (peak, "peak memory of launcher and sandbox together"),
        None => (each, "memory of one that stands still"),
    };
    let failed =
        run.tally.errors.keys().any(|(_, kind, _)| *kind == crate::model::bench::Failure::Memory);
    let taken = run.progress.completed;
    if failed || most == 0 || taken < FEWEST || run.is_live() {
        return None;
    }
    let room = (most.saturating_mul(2) >> 20).max(16).next_power_of_two() << 20;
    ((most as f64) < limit as f64 * SPARE && room < limit).then(|| {
        let (room, most, limit) = (room >> 20, Bytes(most), Bytes(limit));
        advise(
            &format!("less memory for each is enough, and more fit at once: --memory {room}MiB"),
            &format!("{how} {most} of {limit} in {taken} samples"),
        )
    })
}

/// One that hangs costs the whole time limit.
fn timeout(run: &RunState) -> Option<Advice> {
    let hung = run
        .tally
        .errors
        .iter()
        .filter(|((_, kind, _), _)| *kind == crate::model::bench::Failure::Timeout);
    let hung: u64 = hung.map(|(_, error)| error.count).sum();
    let estimates =
        run.summary.iter().filter(|of| of.figure == Figure::Cli).filter_map(|of| of.estimate);
    let longest = estimates.map(|estimate| estimate.max_seconds.0).fold(0.0, f64::max);
    let limit = run.head.plan.limits.timeout_seconds;
    let enough = (longest * 3.0).ceil().max(1.0);
    (hung > 0 && longest > 0.0 && enough < limit.0 / 2.0).then(|| {
        advise(
            &format!("a shorter time limit finds the same sooner: --timeout {enough}s"),
            &format!(
                "{hung} took the whole {limit}; the longest that ended well took {}",
                Seconds(longest)
            ),
        )
    })
}

/// More arrivals than the hands can do.
fn arrivals(run: &RunState) -> Option<Advice> {
    let all = run.tally.pressure.len();
    let held = run.tally.pressure.iter().filter(|waiting| waiting.active);
    let (count, most) =
        held.fold((0, 0), |(count, most), waiting| (count + 1, waiting.queue.max(most)));
    (count * 10 > all && all > 0).then(|| {
        advise(
            "fewer arrivals with -q, or more hands with -C: those that came had to wait",
            &format!("at {count} of {all} instants more waited than were at work, {most} at most"),
        )
    })
}

/// From how many at once on throughput grows no more.
fn crowds(run: &RunState) -> Option<Advice> {
    let mut cells = run.cells().filter(|_| !run.is_live());
    cells.find_map(|(index, cell)| crowd(run, index, &cell))
}

/// The same of one cell.
fn crowd(run: &RunState, index: u32, cell: &Cell) -> Option<Advice> {
    let of_cell = || run.loads.iter().filter(move |of| of.cell == index);
    let rates = || of_cell().filter_map(rate_of);
    let enough = knee(of_cell())?;
    let (_, had) = rates().find(|(at_once, _)| *at_once == enough)?;
    let best = rates().map(|(_, rate)| rate).fold(0.0, f64::max);
    let most = rates().map(|(at_once, _)| at_once).max()?;
    let name = cell.label();
    (enough.saturating_mul(2) <= most).then(|| {
        advise(
            &format!("{name} gains nothing from more than {enough} at once: -C {enough}"),
            &format!(
                "{had:.1} a second at {enough} at once, {best:.1} at the most, up to {most} at once"
            ),
        )
    })
}
