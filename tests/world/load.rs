//! The made-up run with everything in it: loads, places and a verdict.

use isomon::model::backend::{Class, Start};
use isomon::model::bench::{
    Cell, Estimate, Figure, HostState, Outcome, Payload, Phases, Place, Summary, Taint,
};
use isomon::model::load::{
    Cause, Load, LoadFigure, LoadSummary, Rate, Shot, Standing, Step, Stride, Verdict,
};
use isomon::model::run::{RunEnd, RunEvent, RunTail};
use isomon::model::unit::{Bytes, Ratio, Seconds};
use isomon::model::update::What;
use isomon::state::State;

use crate::world;

/// The loads that the made-up plan asks for.
pub(crate) fn loads() -> Vec<Load> {
    vec![
        Load::Memory { count: 20 },
        Load::Throughput { least: 1, most: 32, seconds: Seconds(1.0) },
        Load::Latency { per_second: None, most: 16, seconds: Seconds(2.0) },
        Load::Neighbour { seconds: Seconds(1.0) },
        Load::Density { most: 200 },
    ]
}

/// The cells that loads are put on, with their index.
fn cells() -> Vec<(u32, Cell)> {
    let all = (0..).zip(world::plan().cells());
    all.filter(|(_, cell)| cell.payload == Payload::Noop).collect()
}

/// Seconds that one start of `cell` takes.
fn start(cell: Cell) -> f64 {
    let mut chance = world::Chance(7);
    let sample = world::sample(0, cell, 0, 0.0, &mut chance);
    Figure::Cli
        .of(&sample.phases)
        .or_else(|| Figure::Request.of(&sample.phases))
        .map_or(0.1, |s| s.0)
}

fn known(cell: u32, stride: Stride, n: u32, figure: LoadFigure) -> LoadSummary {
    LoadSummary {
        cell,
        stride,
        n,
        failures: 0,
        tainted: 0,
        figure: Some(figure),
        energy_each_joules: None,
    }
}

/// Percentiles of a spread with the median `middle` seconds and a tail `far` times as long.
pub(crate) fn times(middle: f64, far: f64) -> Estimate {
    let at = |times: f64| Seconds(middle * times);
    Estimate {
        median_seconds: at(1.0),
        low_seconds: Some(at(0.97)),
        high_seconds: Some(at(1.04)),
        mad_seconds: at(0.05),
        min_seconds: at(0.8),
        max_seconds: at(far * 1.3),
        mean_seconds: at(1.1),
        sd_seconds: Some(at(0.2)),
        p90_seconds: Some(at(1.0 + (far - 1.0) * 0.3)),
        p95_seconds: Some(at(1.0 + (far - 1.0) * 0.5)),
        p99_seconds: Some(at(far)),
        p999_seconds: Some(at(far * 1.2)),
        outliers: 3,
    }
}

fn throughput(index: u32, cell: Cell) -> Vec<LoadSummary> {
    let one = 1.0 / start(cell);
    let crowd = 0.22 + f64::from(index % 5) * 0.05;
    [1_u32, 2, 4, 8, 16, 32]
        .map(|at_once| {
            let many = f64::from(at_once);
            let tired = 1.0 - 0.006 * (many - 1.0);
            let per_second = one * many / (1.0 + (many - 1.0) * crowd) * tired;
            let rate = Rate {
                per_second,
                low_per_second: Some(per_second * 0.94),
                high_per_second: Some(per_second * 1.05),
            };
            let stride = Stride::Throughput { at_once };
            known(index, stride, (per_second * 2.0) as u32, LoadFigure::Rate(rate))
        })
        .to_vec()
}

fn memory(index: u32, cell: Cell) -> LoadSummary {
    let mib = match cell.backend.class() {
        Class::None => 0.4,
        Class::Runtime => 9.0 + f64::from(index % 3) * 14.0,
        Class::Namespaces => 0.6,
        Class::Container => 8.5,
        Class::UserKernel => 31.0,
        Class::Emulator => 42.0,
        Class::MicroVm => 4.2,
    };
    let figure = LoadFigure::Memory {
        pss_each_bytes: Some(mib * 1_048_576.0),
        available_each_bytes: Some(mib * 1_048_576.0 * 1.25 + 400_000.0),
    };
    known(index, Stride::Memory { count: 20 }, 20, figure)
}

fn neighbours(index: u32, cell: Cell, all: &[(u32, Cell)]) -> Vec<LoadSummary> {
    let alone = start(cell);
    let beside = |neighbour: Option<u32>, far: f64| {
        let figure = LoadFigure::Times(times(alone, 1.6 * far));
        known(index, Stride::Neighbour { beside: neighbour }, 120, figure)
    };
    let mut known = vec![beside(None, 1.0)];
    known.extend(all.iter().map(|(other, _)| {
        let far = 1.0 + f64::from((index * 7 + other * 13) % 17) / 9.0;
        beside(Some(*other), far)
    }));
    known
}

/// What is known of the loads.
pub(crate) fn summaries() -> Vec<LoadSummary> {
    let cells = cells();
    let cold: Vec<_> =
        cells.iter().copied().filter(|(_, cell)| cell.start == Start::Cold).collect();
    let mut all = Vec::new();
    for (index, cell) in &cells {
        all.push(memory(*index, *cell));
        all.extend(throughput(*index, *cell));
        let per_second = 0.5 / start(*cell);
        let far = 2.0 + f64::from(index % 4) * 3.0;
        let stride = Stride::Latency { per_second, most: 16 };
        all.push(known(*index, stride, 400, LoadFigure::Times(times(start(*cell), far))));
        if cell.start == Start::Cold {
            all.extend(neighbours(*index, *cell, &cold));
            let count = 200.min(20 + index * 11);
            let figure = LoadFigure::Most { count, all: count == 200 };
            all.push(known(*index, Stride::Density { most: 200 }, count, figure));
        }
    }
    all[1].failures = 3;
    all[2].tainted = 1;
    all
}

/// A step of a load on `cell`, `at` seconds into the run.
pub(crate) fn step(cell: u32, stride: Stride, at: f64) -> Step {
    let shot = |n: u32| Shot {
        intended_seconds: Some(Seconds(f64::from(n) * 0.05)),
        at_seconds: Seconds(f64::from(n) * 0.05),
        done_seconds: Seconds(f64::from(n) * 0.05 + 0.01 + f64::from(n % 7) * 0.002),
        phases: Phases::default(),
        outcome: Outcome::Good,
        hand: None,
    };
    let host = HostState { steal: Ratio::new(0.04), ..HostState::default() };
    let standing = Standing {
        count: 20,
        pss_bytes: Some(Bytes(80 << 20)),
        guest_bytes: None,
        before_bytes: Some(Bytes(4 << 30)),
        available_bytes: Some(Bytes(3 << 30)),
    };
    Step {
        cell,
        stride,
        round: 0,
        at_seconds: Seconds(at),
        window_seconds: Seconds(1.0),
        shots: (0..20).map(shot).collect(),
        standing: vec![standing],
        cut_off: Some("memory left is below 10 %".into()),
        energy_joules: None,
        energy_of: None,
        hands: Vec::new(),
        waits: None,
        host,
        taints: vec![Taint::Steal],
    }
}

/// The made-up run of 60 rounds with its loads, going on still.
pub(crate) fn loaded(going_on: bool) -> State {
    let mut state = world::tried();
    let (samples, took) = world::samples(60);
    let mut head = world::head();
    head.plan.loads = loads();
    let mut events = vec![RunEvent::Started(Box::new(head))];
    events.extend(samples.iter().map(|sample| RunEvent::Sample(Box::new(sample.clone()))));
    events.push(RunEvent::Progress(world::progress(&samples, took, 60)));
    let summary = placed(world::summaries(&samples));
    events.push(RunEvent::Summary(summary.clone()));
    for (at, (cell, _)) in (0_u32..).zip(cells()) {
        let at = took + f64::from(at);
        let latency = Stride::Latency { per_second: 20.0, most: 16 };
        events.push(RunEvent::Step(Box::new(step(cell, latency, at))));
        events.push(RunEvent::Step(Box::new(step(cell, Stride::Density { most: 200 }, at))));
    }
    events.push(RunEvent::Loads(summaries()));
    if !going_on {
        events.push(RunEvent::Ended(Box::new(RunTail {
            ended: world::after(took),
            end: RunEnd::Completed,
            progress: world::progress(&samples, took, 60),
            summary,
            suspended: Vec::new(),
            overhead_seconds: Some(Seconds(0.000_412)),
            empty_seconds: Vec::new(),
            loads: summaries(),
            verdict: Some(verdict()),
        })));
    }
    let at = world::after(took);
    for event in events {
        state.apply(&world::update(at, What::Run { id: world::id(), event }));
    }
    state
}

/// The verdict on it.
pub(crate) fn verdict() -> Verdict {
    let cause = |taint, samples, worst| Cause { taint, samples, worst: Ratio::new(worst) };
    Verdict {
        samples: 6_412,
        tainted: 182,
        repeated: 9,
        causes: vec![cause(Taint::Steal, 171, 0.11), cause(Taint::IoPressure, 11, 0.3)],
    }
}

/// Says of each where it stands.
pub(crate) fn placed(mut summaries: Vec<Summary>) -> Vec<Summary> {
    let cells = world::plan().cells();
    let median = |summary: &Summary| summary.estimate.map(|known| known.median_seconds.0);
    let all = summaries.clone();
    let isolates = |cell: Cell| cell.backend.class() != Class::None;
    for summary in &mut summaries {
        let own = cells[summary.cell as usize];
        let rivals = all.iter().filter(|other| {
            let cell = cells[other.cell as usize];
            isolates(cell)
                && other.figure == summary.figure
                && cell.start == own.start
                && cell.payload == own.payload
        });
        let best = rivals.filter_map(median).fold(f64::INFINITY, f64::min);
        let placed = median(summary).filter(|_| isolates(own));
        summary.place = placed.map(|median| match median / best {
            ..=1.0 => Place::Best,
            ..1.05 => Place::Alike,
            _ => Place::Above,
        });
    }
    summaries
}
