//! Whether the parts of a stage are uneven: cells of rounds by what is left of each, hands of a load by how
//! far each is behind the busiest.

use crate::model::bench::BenchStage;
use crate::model::pipeline::Partition;
use crate::model::text::SafeText;
use crate::pipeline::worker;
use crate::state::run::tally::{StageTally, WorkerTally};

/// What a part of a stage can be: a cell of the run, or one of the hands that work beside each other.
pub(super) const CELL: &str = "cell";
const HAND: &str = "hand";
/// Share of a part that is little, when no more is left.
const LITTLE: f64 = 0.05;

/// The hands of a load as parts of its work; none where it was not noted which of them did what.
pub(super) fn hands(
    stage: BenchStage,
    tally: &StageTally,
) -> impl Iterator<Item = Partition> + use<'_> {
    let measured = tally.workers.iter().enumerate().filter(|(_, worker)| worker.measured > 0);
    let hand = move |(slot, worker): (usize, &WorkerTally)| {
        let done = worker.good + worker.failed;
        Partition {
            id: SafeText::new(&format!("{HAND} {}", slot + 1)),
            kind: HAND.into(),
            latest: Some(done.saturating_add(worker.behind)),
            committed: Some(done),
            lag: Some(worker.behind),
            worker: worker::id(stage, slot),
        }
    };
    measured.map(hand)
}

/// The largest lag over the mean lag, or why that says nothing.
pub(super) fn of(stage: BenchStage, parts: &[Partition]) -> Result<f64, SafeText> {
    let load = !matches!(
        stage,
        BenchStage::Prepare | BenchStage::Figures | BenchStage::WarmUp | BenchStage::Rounds
    );
    let kind = if load { HAND } else { CELL };
    let of: Vec<&Partition> = parts.iter().filter(|part| part.kind.as_str() == kind).collect();
    match (of.len(), stage) {
        (_, BenchStage::Prepare | BenchStage::Figures) => Err("it is done in one piece".into()),
        (_, BenchStage::Memory | BenchStage::Density) => {
            Err("its sandboxes stand still together; no hand works beside another".into())
        }
        _ if parts.is_empty() => Err("nothing of it is over yet".into()),
        (0, _) if load => Err("it was not noted which of its hands had which sandbox".into()),
        (0 | 1, _) => Err(format!("it has one {kind}, and nothing to set it against").into()),
        (count, _) => largest_over_mean(&of).ok_or_else(|| {
            format!("its {count} {kind}s are even: none is more than 5 % behind").into()
        }),
    }
}

/// `None` where none lags, and near the end: a part with little left beside one with nothing is no sign of
/// anything.
fn largest_over_mean(parts: &[&Partition]) -> Option<f64> {
    let largest = parts.iter().filter_map(|part| part.latest).max().unwrap_or(0);
    let little = (largest as f64 * LITTLE).max(1.0);
    let lags: Vec<f64> = parts.iter().filter_map(|part| Some(part.lag? as f64)).collect();
    let mean = lags.iter().sum::<f64>() / lags.len().max(1) as f64;
    let most = lags.iter().copied().fold(0.0, f64::max);
    (lags.len() > 1 && most > little).then(|| most / mean)
}
