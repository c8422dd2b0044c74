//! Which legs the loads of a plan have, how long they take, and in which order they are visited.
//! Pure.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::record::{Tasks, mixed};
use crate::bench::forecast;
use crate::model::backend::BackendId;
use crate::model::bench::{Cell, Payload, Plan};
use crate::model::load::{Load, Stride, crowds};

/// A step whose length nobody knows may be begun when so much time is left.
pub(super) const LONGEST_GUESS: f64 = 20.0;
/// Work of a neighbour, where it can do it: 50 ms or so of one processor.
const NOISE: Payload = Payload::Cpu { rounds: 20_000_000 };
/// Seconds that a step costs besides its sandboxes.
const BESIDES: f64 = 0.7;

/// One cell at one stride.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::bench) struct Leg {
    /// Which load of the plan it is of.
    load: usize,
    pub(in crate::bench) cell: u32,
    pub(in crate::bench) stride: Stride,
    /// What the neighbour does.
    pub(super) neighbour: Option<Cell>,
    /// Length of its window; 0 where it ends by itself.
    pub(super) window: f64,
    /// How long it takes, about.
    pub(in crate::bench) seconds: f64,
}

/// What the hands of a leg do.
pub(super) struct Work {
    pub(super) own: Tasks,
    pub(super) neighbour: Option<Tasks>,
    /// Hands of the neighbour.
    pub(super) busy: u32,
}

impl Work {
    /// Whether an engine keeps any of its sandboxes.
    pub(super) fn in_engine(&self) -> bool {
        self.own.in_engine() || self.neighbour.as_ref().is_some_and(Tasks::in_engine)
    }
}

/// The legs of the loads of `plan` on a machine of `cpus` processors; `cycle` is how long one sandbox
/// of a cell was seen to take from asked for to clean, in seconds.
pub(in crate::bench) fn legs(
    plan: &Plan,
    cpus: u32,
    cycle: impl Fn(u32) -> Option<f64>,
) -> Vec<Leg> {
    let cells = plan.cells();
    let each = firsts(&cells, |a, b| (a.backend, a.start) == (b.backend, b.start));
    let backends = firsts(&cells, |a, b| a.backend == b.backend);
    let mut loads: Vec<(usize, &Load)> = plan.loads.iter().enumerate().collect();
    let rank = |load: &Load| Load::NAMES.iter().position(|name| *name == load.name());
    loads.sort_by_key(|(_, load)| rank(load));
    let mut legs = Vec::new();
    for (number, load) in loads {
        let on = if matches!(load, Load::Neighbour { .. }) { &backends } else { &each };
        for (cell, of) in on {
            let takes = cycle(*cell).unwrap_or_else(|| forecast::cost(*of));
            let strides = strides(load, takes, cpus, &backends);
            legs.extend(strides.into_iter().map(|(stride, window, seconds)| Leg {
                load: number,
                cell: *cell,
                stride,
                neighbour: neighbour(plan, stride, &cells),
                window,
                seconds,
            }));
        }
    }
    legs
}

/// The first of each kind of cell, with its index.
fn firsts(cells: &[Cell], same: impl Fn(&Cell, &Cell) -> bool) -> Vec<(u32, Cell)> {
    let mut firsts: Vec<(u32, Cell)> = Vec::new();
    for (index, cell) in (0..).zip(cells) {
        if firsts.iter().all(|(_, first)| !same(first, cell)) {
            firsts.push((index, *cell));
        }
    }
    firsts
}

/// The strides of `load` on a cell whose sandbox takes `cycle` seconds, each with its window and how
/// long it takes.
fn strides(
    load: &Load,
    cycle: f64,
    cpus: u32,
    neighbours: &[(u32, Cell)],
) -> Vec<(Stride, f64, f64)> {
    match *load {
        Load::Throughput { least, most, seconds } => crowds(least, most)
            .into_iter()
            .map(|at_once| {
                let rest = cycle * (f64::from(at_once) / f64::from(cpus.max(1))).max(1.0);
                (Stride::Throughput { at_once }, seconds.0, seconds.0 + rest + BESIDES)
            })
            .collect(),
        Load::Latency { per_second, most, seconds } => {
            let per_second = per_second.unwrap_or_else(|| rounded(0.5 / cycle.max(1e-4)));
            let stride = Stride::Latency { per_second, most };
            vec![(stride, seconds.0, seconds.0 + cycle + BESIDES)]
        }
        Load::Memory { count } => {
            vec![(Stride::Memory { count }, 0.0, 2.0 * cycle * f64::from(count) + BESIDES)]
        }
        Load::Density { most } => {
            let lots = f64::from(most.max(1)).log2() + 1.0;
            let takes = 2.0 * cycle * f64::from(most) + lots * BESIDES;
            vec![(Stride::Density { most }, 0.0, takes)]
        }
        Load::Neighbour { seconds } => {
            let beside = neighbours.iter().map(|(cell, _)| Some(*cell));
            let takes = seconds.0 + cycle + BESIDES;
            let stride = |beside| (Stride::Neighbour { beside }, seconds.0, takes);
            std::iter::once(None).chain(beside).map(stride).collect()
        }
    }
}

/// Two digits of `rate`, so that a run that is repeated has the same.
pub(super) fn rounded(rate: f64) -> f64 {
    let scale = 10_f64.powf(rate.log10().floor() - 1.0);
    (rate / scale).round() * scale
}

/// What the neighbour in `stride` does: as much arithmetic as it can, else nothing but start.
fn neighbour(plan: &Plan, stride: Stride, cells: &[Cell]) -> Option<Cell> {
    let Stride::Neighbour { beside: Some(beside) } = stride else {
        return None;
    };
    let cell = cells.get(beside as usize)?;
    let payload = if plan.lack(NOISE, cell.backend).is_none() { NOISE } else { Payload::Noop };
    Some(Cell { payload, ..*cell })
}

/// The legs in the order of `round`: load after load, shuffled within each. What is measured without a
/// neighbour comes first: nothing can be said of the others without it when the time ends early.
pub(super) fn ordered(legs: &[Leg], seed: u64, round: u32) -> Vec<Leg> {
    let mut rng = StdRng::seed_from_u64(seed ^ mixed(0x10ad ^ (u64::from(round) << 32)));
    let alike = legs.chunk_by(|a, b| a.load == b.load);
    alike
        .flat_map(|group| {
            let mut group = group.to_vec();
            group.shuffle(&mut rng);
            group.sort_by_key(|leg| leg.stride != Stride::Neighbour { beside: None });
            group
        })
        .collect()
}

/// Seeds the nonces of one visit of `leg`.
pub(super) fn stream(seed: u64, leg: &Leg, round: u32) -> u64 {
    let stride = match leg.stride {
        Stride::Throughput { at_once: number }
        | Stride::Memory { count: number }
        | Stride::Density { most: number } => u64::from(number),
        Stride::Latency { per_second, .. } => per_second.to_bits(),
        Stride::Neighbour { beside } => beside.map_or(0, |beside| u64::from(beside) + 1),
    };
    let place = (u64::from(leg.cell) << 32) | (u64::from(round) << 8) | leg.load as u64;
    mixed(seed ^ mixed(place) ^ mixed(stride).rotate_left(17))
}

impl Leg {
    /// How many sandboxes are there at once, at most, beside a neighbour of `cpus` processors.
    pub(super) fn at_once(&self, cpus: u32) -> u32 {
        match self.stride {
            Stride::Throughput { at_once: number }
            | Stride::Latency { most: number, .. }
            | Stride::Memory { count: number }
            | Stride::Density { most: number } => number,
            Stride::Neighbour { beside } => 1 + beside.map_or(0, |_| cpus.saturating_sub(1).max(1)),
        }
    }

    /// How many sandboxes it starts, about, where each takes `cycle` seconds of one of `cpus`
    /// processors.
    pub(in crate::bench) fn starts(&self, cycle: f64, cpus: u32) -> u32 {
        let each = self.window / cycle.max(1e-4);
        let started = match self.stride {
            Stride::Throughput { at_once } => each * f64::from(at_once.min(cpus)),
            Stride::Latency { per_second, .. } => self.window * per_second,
            Stride::Memory { count: number } | Stride::Density { most: number } => {
                f64::from(number)
            }
            Stride::Neighbour { .. } => each,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 or more, and it saturates"
        )]
        let started = started.ceil() as u32;
        started
    }
}

/// How many sandboxes of `plan` are there at once, at most, and of which backend.
pub(in crate::bench) fn most_at_once(plan: &Plan, cpus: u32) -> (u32, Option<BackendId>) {
    let cells = plan.cells();
    let legs = legs(plan, cpus, |_| None);
    let most = legs.iter().max_by_key(|leg| leg.at_once(cpus));
    most.map_or((1, None), |leg| {
        let backend = cells.get(leg.cell as usize).map(|cell| cell.backend);
        (leg.at_once(cpus).max(1), backend)
    })
}
