//! How much of each stage of a run there is to do, by its plan and by what is done.

use crate::model::backend::{BackendId, Start};
use crate::model::bench::{BenchStage, Cell};
use crate::model::load::Load;
use crate::state::RunState;

/// Rounds that the stage has, as far as can be told: those planned exactly, those foreseen while it goes
/// on or when it was cut off, those made when it is over.
pub(super) fn rounds(run: &RunState, stage: BenchStage) -> u64 {
    let effort = &run.head.plan.effort;
    if stage == BenchStage::WarmUp {
        return u64::from(effort.warmup_rounds);
    }
    let made = run.tally.stage(stage).done.values().copied().max().unwrap_or(0);
    let over = run.tally.stage(stage).closed.is_some() || !run.is_live() || !run.steps.is_empty();
    if over && !super::stage::is_cut(run, stage) {
        return made;
    }
    if effort.min_rounds == effort.max_rounds {
        return u64::from(effort.max_rounds);
    }
    let (most, least) = (u64::from(effort.max_rounds), u64::from(effort.min_rounds).max(made));
    let cells = (run.head.cells.len() as u64).max(1);
    let done: u64 = run.tally.stage(stage).done.values().sum();
    let warm = u64::from(effort.warmup_rounds) * cells;
    let warm_left = warm.saturating_sub(run.tally.stage(BenchStage::WarmUp).taken());
    let left =
        u64::from(run.progress.remaining).saturating_sub(all_steps(run)).saturating_sub(warm_left);
    (done + left).div_ceil(cells).clamp(least.min(most), most)
}

/// Steps of the load of `stage` over all of its rounds.
pub(super) fn steps(run: &RunState, stage: BenchStage) -> u64 {
    stage.load(&run.head.plan).map_or(0, |load| of_load(run, load))
}

/// Steps of all loads.
fn all_steps(run: &RunState) -> u64 {
    run.head.plan.loads.iter().map(|load| of_load(run, load)).sum()
}

fn of_load(run: &RunState, load: &Load) -> u64 {
    let asked = || run.head.cells.iter().filter(|cell| run.head.plan.asks_for(cell));
    let mut kinds: Vec<(BackendId, Start)> =
        asked().map(|Cell { backend, start, .. }| (*backend, *start)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut backends: Vec<BackendId> = kinds.iter().map(|(backend, _)| *backend).collect();
    backends.dedup();
    load.steps(kinds.len(), backends.len()) as u64 * u64::from(Load::ROUNDS)
}
