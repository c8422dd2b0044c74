//! The presets as plans.

use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Effort, Limits, Payload, Plan, Preset};
use crate::model::unit::{Ratio, Seconds};

/// The plan of `preset` for `backends` in every way they start, with `seed`. Quick runs `noop`
/// alone and takes half a minute; standard takes up to five minutes, full up to half an hour.
pub fn plan(preset: Preset, backends: &[BackendId], seed: u64) -> Plan {
    let payloads = match preset {
        Preset::Quick => vec![Payload::Noop],
        Preset::Standard | Preset::Full => Payload::USUAL.to_vec(),
    };
    Plan {
        name: None,
        backends: backends.to_vec(),
        starts: Start::ALL.to_vec(),
        payloads,
        effort: effort(preset),
        limits: Limits::default(),
        kernel: None,
        seed,
        loads: Vec::new(),
        job: None,
    }
}

/// How often `preset` measures. Each asks for 10 rounds and 3 s at least, as hyperfine does. Where
/// all there is is installed a round takes five seconds, most of it in engines. The budget of quick
/// has room for one such round to warm up and for six that count, the fewest with an interval.
pub fn effort(preset: Preset) -> Effort {
    let (warmup_rounds, min_rounds, max_rounds, budget, target) = match preset {
        Preset::Quick => (1, 10, 25, 35.0, 0.05),
        Preset::Standard => (2, 10, 100, 360.0, 0.05),
        Preset::Full => (3, 30, 1_000, 1_800.0, 0.02),
    };
    Effort {
        warmup_rounds,
        min_rounds,
        max_rounds,
        min_seconds: Seconds(3.0),
        budget_seconds: Seconds(budget),
        target: Ratio::new(target).unwrap_or_default(),
    }
}
