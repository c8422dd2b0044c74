//! How long a plan will take, guessed before anything has run.
//!
//! The costs are round numbers of a common server; once a run goes on, its own times take over.

use crate::model::backend::BackendId;
use crate::model::bench::{Cell, Payload, Plan};
use crate::model::unit::Seconds;

/// Between what and what a run of a plan will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// With the fewest rounds.
    pub at_least_seconds: Seconds,
    /// With the most rounds, or when the budget ends it.
    pub at_most_seconds: Seconds,
}

/// The forecast for `plan`.
pub fn forecast(plan: &Plan) -> Forecast {
    let round: f64 = super::head::cells(plan).into_iter().map(cost).sum();
    let effort = &plan.effort;
    let rounds = |counted: u32| f64::from(effort.warmup_rounds + counted) * round;
    let budget = effort.budget_seconds.0;
    Forecast {
        at_least_seconds: Seconds(rounds(effort.min_rounds).max(effort.min_seconds.0).min(budget)),
        at_most_seconds: Seconds(rounds(effort.max_rounds).max(effort.min_seconds.0).min(budget)),
    }
}

/// Seconds from start to clean of one sample.
fn cost(cell: Cell) -> f64 {
    let (start, per_call) = match cell.backend {
        BackendId::Process => (0.002, 0.3e-6),
        BackendId::Wasm => (0.003, 0.3e-6),
        BackendId::V8 | BackendId::Kvm => (0.005, 0.3e-6),
        BackendId::Deno => (0.020, 0.3e-6),
        BackendId::Namespaces => (0.005, 0.3e-6),
        BackendId::Bubblewrap => (0.010, 0.3e-6),
        BackendId::Crun => (0.030, 0.3e-6),
        BackendId::Runc | BackendId::Youki => (0.080, 0.3e-6),
        BackendId::Firecracker | BackendId::FirecrackerJailed => (0.080, 0.3e-6),
        BackendId::QemuTcg | BackendId::QemuKvm => (0.200, 0.3e-6),
        BackendId::Docker | BackendId::DockerCrun => (0.500, 0.3e-6),
        BackendId::DockerRunsc | BackendId::DockerKata => (0.900, 2e-6),
        BackendId::GvisorSystrap | BackendId::GvisorKvm => (0.400, 2e-6),
        BackendId::GvisorPtrace => (0.400, 20e-6),
    };
    let amount = cell.payload.amount() as f64;
    let work = match cell.payload {
        Payload::Noop => 0.0,
        Payload::Cpu { .. } => amount * 2.5e-9,
        Payload::Memory { .. } => amount * 1e-3,
        Payload::Syscall { .. } => amount * per_call,
    };
    start + work
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::preset::plan;
    use crate::model::bench::Preset;

    #[test]
    fn presets_take_about_as_long_as_they_say() {
        let of = |preset| forecast(&plan(preset, &BackendId::ALL, 1));
        let quick = of(Preset::Quick);
        assert!(quick.at_least_seconds.0 > 5.0 && quick.at_least_seconds.0 < 30.0, "{quick:?}");
        assert_eq!(quick.at_most_seconds, Seconds(30.0));
        assert_eq!(of(Preset::Standard).at_most_seconds, Seconds(300.0));
        assert_eq!(of(Preset::Full).at_most_seconds, Seconds(1_800.0));
    }

    #[test]
    fn a_budget_bounds_both_ends() {
        let mut plan = plan(Preset::Full, &BackendId::ALL, 1);
        plan.effort.budget_seconds = Seconds(1.0);
        let forecast = forecast(&plan);
        assert_eq!(forecast.at_least_seconds, Seconds(1.0));
        assert_eq!(forecast.at_most_seconds, Seconds(1.0));
    }
}
