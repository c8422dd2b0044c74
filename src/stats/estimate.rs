//! Everything said about one set of times, each statistic only where there are samples enough.

use rand::Rng;

use super::interval::of_median;
use super::sorted::Sorted;
use crate::model::bench::Estimate;
use crate::model::unit::Seconds;

/// The statistics of `data`, in seconds; the interval from `resamples` draws of `rng`.
pub fn estimate(data: &Sorted, resamples: u32, rng: &mut impl Rng) -> Estimate {
    let interval = of_median(data, resamples, rng);
    let tail = |share, fewest| (data.len() >= fewest).then(|| Seconds(data.quantile(share)));
    Estimate {
        median_seconds: Seconds(data.median()),
        low_seconds: interval.map(|interval| Seconds(interval.low)),
        high_seconds: interval.map(|interval| Seconds(interval.high)),
        mad_seconds: Seconds(data.mad()),
        min_seconds: Seconds(data.min()),
        max_seconds: Seconds(data.max()),
        mean_seconds: Seconds(data.mean()),
        sd_seconds: data.sd().map(Seconds),
        p90_seconds: tail(0.90, 10),
        p95_seconds: tail(0.95, 20),
        p99_seconds: tail(0.99, 100),
        p999_seconds: tail(0.999, 1_000),
        outliers: u32::try_from(data.outliers()).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn of(n: u32) -> Estimate {
        let data = Sorted::new((1..=n).map(f64::from).collect()).unwrap();
        estimate(&data, 199, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn nothing_is_said_with_too_few_samples() {
        let said = |n: u32| {
            let of = of(n);
            [of.sd_seconds, of.low_seconds, of.p90_seconds, of.p95_seconds, of.p99_seconds]
                .map(|part| part.is_some())
        };
        assert_eq!(said(1), [false; 5]);
        assert_eq!(said(5), [true, false, false, false, false]);
        assert_eq!(said(6), [true, true, false, false, false]);
        assert_eq!(said(10), [true, true, true, false, false]);
        assert_eq!(said(20), [true, true, true, true, false]);
        assert_eq!(said(100), [true; 5]);
    }

    #[test]
    fn percentiles_are_those_of_the_data() {
        let known = of(101);
        assert_eq!(known.median_seconds, Seconds(51.0));
        assert_eq!(known.p90_seconds, Some(Seconds(91.0)));
        assert_eq!(known.p99_seconds, Some(Seconds(100.0)));
        assert_eq!(known.outliers, 0);
        assert_eq!((of(999).p999_seconds, of(1_001).p999_seconds), (None, Some(Seconds(1_000.0))));
    }
}
