//! What a preset's name means: how much work, how often.

use crate::model::backend::BackendId;
use crate::model::bench::{Effort, Limits, Payload, Plan, Preset};
use crate::model::unit::{Ratio, Seconds};

/// The plan of `preset` over `backends`; `payloads` replaces the preset's own.
pub fn plan(
    preset: Preset,
    backends: Vec<BackendId>,
    payloads: Option<Vec<Payload>>,
    seed: u64,
) -> Plan {
    let own = || match preset {
        Preset::Quick => vec![Payload::Noop],
        Preset::Standard | Preset::Full => Payload::USUAL.to_vec(),
    };
    Plan {
        name: None,
        backends,
        payloads: payloads.unwrap_or_else(own),
        effort: effort(preset),
        limits: Limits::default(),
        seed,
    }
}

fn effort(preset: Preset) -> Effort {
    let (warmup_rounds, max_rounds, budget, target) = match preset {
        Preset::Quick => (1, 100, 30.0, 0.05),
        Preset::Standard => (2, 300, 300.0, 0.05),
        Preset::Full => (3, 2000, 1800.0, 0.02),
    };
    Effort {
        warmup_rounds,
        min_rounds: 10,
        max_rounds,
        min_seconds: Seconds(3.0),
        budget_seconds: Seconds(budget),
        target: Ratio::new(target).unwrap_or_default(),
    }
}

/// How long `plan` will take, at most its budget.
pub fn estimate(plan: &Plan) -> Seconds {
    let rounds = plan.effort.warmup_rounds.saturating_add(plan.effort.min_rounds);
    let work = f64::from(rounds) * plan.cells().len() as f64 * 0.15;
    let least = plan.effort.min_seconds.0;
    Seconds(work.max(least).min(plan.effort.budget_seconds.0))
}
