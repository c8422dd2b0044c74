//! The past of very many nodes together, kept as it is seen.
//!
//! To join the pasts of thousands of nodes for each frame is dear; so their numbers are joined once in
//! two seconds, a thousand of them in a frame, and what comes of it is kept.

use super::{GPUS, Join, RECIPES, join, size, some};
use crate::model::id::SourceId;
use crate::model::time::Stamp;
use crate::series::Series;
use crate::state::history::{gpu_row, node_row};
use crate::state::{Node, State};
use crate::tui::look::Look;
use crate::tui::widget::status::Status;

/// Time between two joined values, in milliseconds.
const EVERY_MS: u128 = 2_000;
/// Nodes that are joined in one frame.
const A_FRAME: usize = 1_000;

/// Numbers that are joined: a recipe each, and two of GPUs.
const NUMBERS: usize = RECIPES.len() + GPUS.len();

/// What was joined so far.
#[derive(Debug, Default)]
pub(in super::super) struct Past {
    joined: Series<NUMBERS>,
    last: Option<Stamp>,
    /// The round that is under way.
    round: Option<Round>,
    /// Whether any node was live then.
    pub(super) live: bool,
    /// How many GPUs there were then.
    pub(super) gpus: usize,
}

/// Nodes joined so far.
#[derive(Debug, Default)]
struct Round {
    begun: Stamp,
    /// The last that was joined.
    after: Option<SourceId>,
    /// Those that are live.
    live: Tally,
    /// All, for where none is live.
    all: Tally,
}

/// Numbers joined so far, each with its weight.
#[derive(Debug, Default)]
struct Tally {
    nodes: usize,
    gpus: usize,
    numbers: [Option<(f64, f64)>; NUMBERS],
}

impl Past {
    /// Goes on joining the numbers of the nodes of `state`, if it is time.
    pub(in super::super) fn take(&mut self, state: &State, look: &Look<'_>) {
        let wait = self.last.is_some_and(|last| look.now.since(last).as_millis() < EVERY_MS);
        if self.round.is_none() && wait {
            return;
        }
        let begun = look.now;
        let mut round = self.round.take().unwrap_or_else(|| Round { begun, ..Round::default() });
        if round.go_on(state, look) {
            self.keep(&round);
        } else {
            self.round = Some(round);
        }
    }

    fn keep(&mut self, round: &Round) {
        self.live = round.live.nodes > 0;
        let tally = if self.live { &round.live } else { &round.all };
        (self.gpus, self.last) = (tally.gpus, Some(round.begun));
        self.joined.push(round.begun.mono_ms, tally.row());
    }

    /// The last joined value of number `which`.
    pub(super) fn now(&self, which: usize) -> Option<f64> {
        self.joined.nearest(which, self.joined.last_ms()?)?.1
    }

    pub(super) const fn series(&self) -> &Series<NUMBERS> {
        &self.joined
    }
}

impl Round {
    /// Joins the next nodes; true when that were the last.
    fn go_on(&mut self, state: &State, look: &Look<'_>) -> bool {
        let after = self.after.take();
        self.after = some(state, after, A_FRAME, |_, node| self.add(node, look));
        self.after.is_none()
    }

    fn add(&mut self, node: &Node, look: &Look<'_>) {
        let values = Values::of(node);
        self.all.add(&values);
        if Status::of(node, look).is_live() {
            self.live.add(&values);
        }
    }
}

/// The numbers of one node with their weights; those of its GPUs are sums of that many.
struct Values {
    gpus: usize,
    numbers: [Option<(f64, f64)>; NUMBERS],
}

impl Values {
    fn of(node: &Node) -> Self {
        let mut numbers = [None; NUMBERS];
        let row = node.sample.as_ref().map(|(_, sample)| node_row(sample));
        for (place, recipe) in numbers.iter_mut().zip(&RECIPES) {
            let value = row.as_ref().and_then(|row| recipe.value(row));
            *place = value.map(|value| (value, recipe.weight(node)));
        }
        for (place, (_, metric, _)) in numbers.iter_mut().skip(RECIPES.len()).zip(GPUS) {
            let number = |gpu| (gpu_row(gpu)[metric as usize], size(gpu, metric));
            let each = node.all_gpus().iter().map(number);
            let known = each.clone().filter(|(value, _)| value.is_some());
            let weight = known.map(|(_, size)| size).sum();
            *place = join(Join::Memory, each).map(|value| (value, weight));
        }
        Self { gpus: node.all_gpus().len(), numbers }
    }
}

/// How number `which` is joined.
fn how(which: usize) -> Join {
    RECIPES.get(which).map_or(Join::Memory, |recipe| recipe.across)
}

impl Tally {
    fn add(&mut self, values: &Values) {
        self.nodes += 1;
        self.gpus += values.gpus;
        for (which, (sum, value)) in self.numbers.iter_mut().zip(values.numbers).enumerate() {
            let Some((value, weight)) = value else { continue };
            let (known, weights) = sum.unwrap_or((0.0, 0.0));
            *sum = Some(match how(which) {
                Join::Sum => (known + value, 1.0),
                Join::Worst if sum.is_some() => (known.max(value), 1.0),
                Join::Worst => (value, 1.0),
                Join::Processors | Join::Memory => (known + value * weight, weights + weight),
            });
        }
    }

    fn row(&self) -> [Option<f64>; NUMBERS] {
        self.numbers.map(|number| {
            number.filter(|(_, weight)| *weight > 0.0).map(|(sum, weight)| sum / weight)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gpu::{Gpu, GpuSample};
    use crate::model::node::{CpuUse, NodeSample};
    use crate::model::reading::Reading;
    use crate::model::text::SafeText;
    use crate::model::unit::{Bytes, Ratio};
    use crate::model::update::{Update, What};
    use crate::tui::app::{App, Setup};
    use crate::tui::tab::fleet::{heard, join_gpus};

    const AT: Stamp = Stamp { mono_ms: 10_000, wall_ms: 0 };

    /// Nodes that are unlike each other, some without anything known.
    fn fleet(count: u32) -> State {
        let mut state = State::default();
        for node in 0..count {
            let from = SourceId(SafeText::from(format!("node-{node:05}")));
            let part = Ratio::of(f64::from(node % 97), 97.0).unwrap();
            let cpu = CpuUse { busy: part, ..CpuUse::default() };
            let sample = NodeSample {
                cpu: if node % 5 == 0 { Reading::default() } else { Reading::Known(cpu) },
                load: Reading::Known([f64::from(node), 0.0, 0.0]),
                ..NodeSample::default()
            };
            let gpu = Gpu {
                utilization: if node % 3 == 0 { Reading::default() } else { Reading::Known(part) },
                memory_used_bytes: Reading::Known(Bytes(u64::from(node))),
                memory_total_bytes: Reading::Known(Bytes(u64::from(count))),
                ..Gpu::default()
            };
            let gpus = GpuSample { gpus: vec![gpu], ..GpuSample::default() };
            for what in [What::Node(Box::new(sample)), What::Gpus(Box::new(gpus))] {
                state.apply(&Update { at: AT, from: from.clone(), what });
            }
        }
        state
    }

    #[test]
    fn a_thousand_in_a_frame_come_to_what_all_at_once_do() {
        let state = fleet(2_500);
        let app = App::new(Setup::default(), std::time::Duration::from_secs(1), true);
        let look = app.look(AT);
        let mut past = Past::default();
        for frame in 0..3 {
            assert_eq!(past.joined.len(), 0, "frame {frame}");
            past.take(&state, &look);
        }
        let nodes: Vec<&Node> = state.nodes.values().collect();
        let (heard, live) = heard(&nodes, &look);
        assert_eq!((past.live, past.gpus), (live, 2_500));
        let wanted = RECIPES.iter().map(|recipe| recipe.present(&heard)).chain(join_gpus(&heard));
        for (which, wanted) in wanted.enumerate() {
            let close = match (past.now(which), wanted) {
                (Some(seen), Some(wanted)) => (seen - wanted).abs() <= 1e-6 * wanted.abs(),
                (seen, wanted) => seen == wanted,
            };
            assert!(close, "{which}: {:?} and not {wanted:?}", past.now(which));
        }
        assert!(past.now(0).is_some() && past.now(RECIPES.len()).is_some());
        past.take(&state, &look);
        assert!(past.round.is_none(), "it is not time yet");
    }
}
