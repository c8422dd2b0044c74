//! What is read of the machine around a step: its energy, and what each hand used.
//!
//! A hand's control groups count all it starts. Where it has none its processes are counted, the launcher
//! and everything below it; memory of those that are gone is then told by nobody, and is absent. What an
//! engine keeps is beneath no hand, and nothing is told of it.

use std::sync::OnceLock;

use crate::backend::Launch;
use crate::model::load::HandUse;
use crate::model::root::Roots;
use crate::model::unit::Seconds;
use crate::probe::interference::energy::Energy;
use crate::probe::interference::family_us;

/// The meters of a step.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) energy: Energy,
    roots: Roots,
    /// Whether an engine keeps what the hands start.
    in_engine: bool,
    /// The processes of the step's hands, in their order, once they are there.
    hands: OnceLock<Vec<Option<u32>>>,
}

impl Meters {
    /// Those of the machine that `roots` show; `in_engine`: an engine keeps what the hands start.
    pub(super) fn find(roots: &Roots, in_engine: bool) -> Self {
        let energy = Energy::find(roots);
        Self { energy, roots: roots.clone(), in_engine, hands: OnceLock::new() }
    }

    /// Microseconds of processor time of each of `hands` so far. The first hands it is asked of are those
    /// of the step.
    pub(super) fn read(&self, hands: &[impl Launch]) -> Vec<Option<u64>> {
        self.hands.get_or_init(|| hands.iter().map(Launch::pid).collect());
        hands.iter().map(|hand| self.cpu(hand)).collect()
    }

    /// The processes of the step's hands; `None` before they are there.
    pub(super) fn hands(&self) -> Option<&[Option<u32>]> {
        self.hands.get().map(Vec::as_slice)
    }

    fn cpu(&self, hand: &impl Launch) -> Option<u64> {
        if self.in_engine {
            return None;
        }
        let counted = hand.usage().and_then(|usage| usage.cpu);
        counted.or_else(|| family_us(&self.roots.proc, hand.pid()?))
    }

    /// What each of `hands` used in `passed`, since `before` was read.
    pub(super) fn since(
        &self,
        before: &[Option<u64>],
        hands: &[impl Launch],
        passed: Seconds,
    ) -> Vec<HandUse> {
        let one = |(at, before): (usize, &Option<u64>)| {
            let hand = hands.get(at)?;
            let used = self.cpu(hand).zip(*before);
            let used = used.and_then(|(now, before)| now.checked_sub(before));
            let held = hand.held().filter(|_| !self.in_engine);
            Some(HandUse {
                seconds: passed,
                cpu_seconds: used.map(|used| Seconds(used as f64 / 1e6)),
                peak_bytes: held.map(|held| held.peak.unwrap_or(held.now)),
            })
        };
        before.iter().enumerate().filter_map(one).collect()
    }
}
