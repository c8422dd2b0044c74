//! What statistics cost: one figure, and a whole run of a million samples.

use divan::Bencher;
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, HostState, Outcome, Payload, Phase, Phases, Sample};
use isomon::model::unit::Seconds;
use isomon::stats::estimate::estimate;
use isomon::stats::interval::RESAMPLES;
use isomon::stats::permutation::shuffle;
use isomon::stats::sorted::Sorted;
use isomon::stats::summary::summarise;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn main() {
    divan::main();
}

/// Sorting and every statistic of one figure, with its interval.
#[divan::bench(args = [100, 100_000, 1_000_000], sample_count = 20)]
fn summary(bencher: Bencher<'_, '_>, samples: usize) {
    let mut rng = StdRng::seed_from_u64(1);
    let values: Vec<f64> = (0..samples).map(|_| rng.random()).collect();
    bencher.with_inputs(|| values.clone()).bench_values(|values| {
        let data = Sorted::new(values)?;
        Some(estimate(&data, RESAMPLES, &mut StdRng::seed_from_u64(2)))
    });
}

/// 9,999 shuffles of so many samples on each side, where there is a difference to be seen.
#[divan::bench(args = [25, 1_000, 500_000], sample_count = 20)]
fn permutation(bencher: Bencher<'_, '_>, samples: usize) {
    let mut rng = StdRng::seed_from_u64(1);
    let mut side = |shift: f64| {
        Sorted::new((0..samples).map(|_| shift + rng.random::<f64>()).collect()).expect("numbers")
    };
    let (left, right) = (side(0.0), side(1.0));
    bencher.bench_local(|| shuffle(&left, &right, RESAMPLES, &mut rng));
}

/// Everything that is said of a run: all figures of all its cells, with their places.
#[divan::bench(args = [1_000, 1_000_000], sample_count = 5)]
fn run(bencher: Bencher<'_, '_>, samples: u32) {
    let backends = [BackendId::Process, BackendId::Namespaces, BackendId::Runc, BackendId::Wasm];
    let cells = backends.map(|backend| Cell::cold(backend, Payload::Cpu { rounds: 1 }));
    let mut rng = StdRng::seed_from_u64(1);
    let samples: Vec<Sample> = (0..samples).map(|index| sample(index, &mut rng)).collect();
    bencher.bench(|| summarise(&cells, &samples, RESAMPLES, 3));
}

/// One visit of one of four cells.
fn sample(index: u32, rng: &mut StdRng) -> Sample {
    let mut phases = Phases::default();
    for phase in Phase::ALL {
        phases.set(phase, Seconds(rng.random::<f64>() / 1e3));
    }
    Sample {
        cell: index % 4,
        round: index / 4,
        warmup: false,
        attempt: 0,
        at_seconds: Seconds(f64::from(index)),
        phases,
        outcome: Outcome::Good,
        host: HostState::default(),
        taints: Vec::new(),
    }
}
