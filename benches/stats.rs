//! What a summary costs.

use divan::Bencher;
use isomon::stats::estimate::estimate;
use isomon::stats::interval::RESAMPLES;
use isomon::stats::sorted::Sorted;
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
