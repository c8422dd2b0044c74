//! How long a plan will take, guessed before anything has run.
//!
//! The costs are round numbers of a common server, by backend and by what is there already; once a
//! run goes on, its own times take over.

use super::load::{ROUNDS, agenda};
use super::preset::processors;
use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Cell, Payload, Plan};
use crate::model::unit::Seconds;

/// Between what and what a run of a plan will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// With the fewest rounds, or when the budget ends it.
    pub at_least_seconds: Seconds,
    /// With the most rounds, or when the budget ends it.
    pub at_most_seconds: Seconds,
    /// Whole counted rounds that the budget has room for, at most as many as are allowed.
    pub rounds: u32,
    /// How long the loads after the rounds take, if all are visited.
    pub loads_seconds: Seconds,
}

/// The forecast for `plan`.
pub fn forecast(plan: &Plan) -> Forecast {
    let round: f64 = super::head::cells(plan).into_iter().map(cost).sum();
    let effort = &plan.effort;
    let budget = effort.budget_seconds.0;
    let legs = agenda::legs(plan, processors(), |_| None);
    let load: f64 = legs.iter().map(|leg| leg.seconds).sum();
    let takes = |counted: u32, visits: u32| {
        let rounds = f64::from(effort.warmup_rounds + counted) * round;
        let loads = load * f64::from(visits);
        Seconds((rounds.max(effort.min_seconds.0) + loads).min(budget))
    };
    let loads = load * f64::from(ROUNDS);
    let room =
        ((budget - loads).max(budget / 2.0) / round).floor() - f64::from(effort.warmup_rounds);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the range of the bound"
    )]
    let rounds = room.clamp(0.0, f64::from(effort.max_rounds)) as u32;
    Forecast {
        at_least_seconds: takes(effort.min_rounds, 1),
        at_most_seconds: takes(effort.max_rounds, ROUNDS),
        rounds,
        loads_seconds: Seconds(loads),
    }
}

/// What a plan starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Starts {
    /// Of each backend about so many sandboxes, at most, in the order of the cells.
    pub each: Vec<(BackendId, u32)>,
    /// So many are there at once, at most.
    pub at_once: u32,
    /// Of this backend, where it is more than one.
    pub of: Option<BackendId>,
}

/// What `plan` starts, with the most rounds that there is time for.
pub fn starts(plan: &Plan) -> Starts {
    let known = forecast(plan);
    let effort = &plan.effort;
    let rounds = effort.warmup_rounds + known.rounds.max(effort.min_rounds.min(1));
    let mut each: Vec<(BackendId, u32)> = Vec::new();
    let mut add =
        |backend: BackendId, more: u32| match each.iter_mut().find(|(of, _)| *of == backend) {
            Some((_, count)) => *count = count.saturating_add(more),
            None => each.push((backend, more)),
        };
    for cell in super::head::cells(plan) {
        add(cell.backend, rounds);
    }
    let cells = plan.cells();
    for leg in agenda::legs(plan, processors(), |_| None) {
        if let Some(cell) = cells.get(leg.cell as usize) {
            add(cell.backend, leg.starts(cost(*cell), processors()).saturating_mul(ROUNDS));
        }
    }
    let (at_once, of) = agenda::most_at_once(plan, processors());
    Starts { each, at_once, of }
}

/// Seconds from asked for to clean of one sample.
pub(super) fn cost(cell: Cell) -> f64 {
    let amount = cell.payload.amount() as f64;
    let work = match cell.payload {
        Payload::Noop => 0.0,
        Payload::Cpu { .. } => amount * 2.5e-9,
        Payload::Memory { .. } => amount * 1e-3,
        Payload::Syscall { .. } => amount * per_call(cell.backend),
        Payload::Io { .. } => amount * 2e-3,
        // Nothing is known of it.
        Payload::Job => 0.1,
    };
    start(cell) + work
}

/// Seconds of one sample besides its work, by what is there already.
fn start(cell: Cell) -> f64 {
    match (cell.start, cell.backend) {
        (Start::Cold, backend) => cold(backend),
        (Start::Snapshot, BackendId::Firecracker | BackendId::FirecrackerJailed) => 0.040,
        (Start::Snapshot, _) => 0.002,
        (Start::Cached | Start::Pooled | Start::Warm, _) => 0.001,
    }
}

/// Seconds of one sample that starts from nothing, besides its work.
const fn cold(backend: BackendId) -> f64 {
    match backend {
        BackendId::Process => 0.002,
        BackendId::Wasm => 0.003,
        BackendId::V8 | BackendId::Kvm | BackendId::Namespaces => 0.005,
        BackendId::Bubblewrap => 0.010,
        BackendId::Deno => 0.020,
        BackendId::Crun => 0.030,
        BackendId::Runc
        | BackendId::Youki
        | BackendId::Firecracker
        | BackendId::FirecrackerJailed => 0.080,
        BackendId::QemuTcg | BackendId::QemuKvm => 0.200,
        BackendId::GvisorSystrap | BackendId::GvisorPtrace | BackendId::GvisorKvm => 0.400,
        BackendId::Docker | BackendId::DockerCrun => 0.500,
        BackendId::DockerRunsc | BackendId::DockerKata => 0.900,
    }
}

/// Seconds of one system call.
const fn per_call(backend: BackendId) -> f64 {
    match backend {
        BackendId::GvisorPtrace => 20e-6,
        BackendId::GvisorSystrap | BackendId::GvisorKvm | BackendId::DockerRunsc => 2e-6,
        _ => 0.3e-6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::preset::plan;
    use crate::model::bench::Preset;
    use crate::model::load::Load;
    use crate::stats::interval::FEWEST;

    const DOCKER: [BackendId; 4] =
        [BackendId::Docker, BackendId::DockerCrun, BackendId::DockerRunsc, BackendId::DockerKata];

    #[test]
    fn presets_take_about_as_long_as_they_say() {
        let all = |preset| plan(preset, &BackendId::ALL, 1);
        let of = |preset| forecast(&all(preset));
        for (preset, about) in
            [(Preset::Quick, 35.0), (Preset::Standard, 720.0), (Preset::Full, 1_800.0)]
        {
            assert_eq!(of(preset).at_most_seconds, Seconds(about));
        }
        assert!(all(Preset::Quick).cells().len() > 25);
        for preset in [Preset::Standard, Preset::Full] {
            assert!(of(preset).rounds >= all(preset).effort.min_rounds, "{:?}", of(preset));
        }
    }

    #[test]
    fn quick_has_an_interval_with_everything_installed_and_every_round_without_engines() {
        let everything = forecast(&plan(Preset::Quick, &BackendId::ALL, 1));
        assert!(everything.rounds as usize >= FEWEST, "{everything:?}");
        let without: Vec<_> =
            BackendId::ALL.into_iter().filter(|id| !DOCKER.contains(id)).collect();
        let quick = plan(Preset::Quick, &without, 1);
        let usual = forecast(&quick);
        assert!(usual.rounds >= quick.effort.min_rounds, "{usual:?}");
        assert!(usual.at_least_seconds.0 < 30.0, "{usual:?}");
    }

    #[test]
    fn what_is_there_already_costs_next_to_nothing() {
        let cold = plan(Preset::Quick, &[BackendId::Firecracker, BackendId::V8], 1);
        let seconds = |starts: &[Start]| {
            let mut plan = cold.clone();
            plan.starts = starts.to_vec();
            plan.effort.min_seconds = Seconds(0.0);
            forecast(&plan).at_least_seconds.0
        };
        assert!(seconds(&[Start::Warm]) < seconds(&[Start::Snapshot]));
        assert!(seconds(&[Start::Snapshot]) < seconds(&[Start::Cold]));
    }

    #[test]
    fn loads_take_their_time_and_say_how_many_they_start() {
        let quick = plan(Preset::Quick, &[BackendId::Process], 1);
        let mut loaded = quick.clone();
        loaded.loads = vec![
            Load::Memory { count: 40 },
            Load::Throughput { least: 1, most: 8, seconds: Seconds(1.0) },
        ];
        assert!(forecast(&loaded).at_least_seconds.0 > forecast(&quick).at_least_seconds.0 + 4.0);
        let (before, after) = (starts(&quick), starts(&loaded));
        assert_eq!((before.at_once, before.of), (1, None));
        assert_eq!((after.at_once, after.of), (40, Some(BackendId::Process)));
        assert!(after.each[0].1 > before.each[0].1 + 80);
    }

    #[test]
    fn a_budget_bounds_both_ends() {
        let mut plan = plan(Preset::Full, &BackendId::ALL, 1);
        plan.effort.budget_seconds = Seconds(1.0);
        let forecast = forecast(&plan);
        assert_eq!(forecast.at_least_seconds, Seconds(1.0));
        assert_eq!(forecast.at_most_seconds, Seconds(1.0));
        assert_eq!(forecast.rounds, 0);
    }
}
