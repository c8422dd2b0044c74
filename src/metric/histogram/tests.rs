//! Quantiles by hand, resets, and what no input may do. Agreement with a real Prometheus is tested in
//! `tests/model_quantile.rs`.

use proptest::prelude::*;

use super::*;

const INF: f64 = f64::INFINITY;

#[test]
fn a_quantile_is_linear_within_its_bucket() {
    let buckets = [(0.1, 50.0), (0.5, 90.0), (1.0, 100.0), (INF, 100.0)];
    let rows = [(0.25, 0.05), (0.5, 0.1), (0.7, 0.3), (0.95, 0.75), (1.0, 1.0)];
    for (q, wanted) in rows {
        let found = quantile(q, &buckets).unwrap();
        assert!((found - wanted).abs() < 1e-12, "{q}: {found}");
    }
}

#[test]
fn what_has_no_quantile_has_none() {
    let rows: [&[Bucket]; 6] = [
        &[],
        &[(INF, 5.0)],
        &[(0.1, 1.0), (0.5, 2.0)],
        &[(0.1, 0.0), (INF, 0.0)],
        &[(0.1, f64::NAN), (INF, f64::NAN)],
        &[(0.1, 1.0), (INF, INF)],
    ];
    for buckets in rows {
        assert_eq!(quantile(0.5, buckets), None, "{buckets:?}");
    }
}

#[test]
fn above_all_bounds_the_highest_is_told_and_below_zero_the_lowest() {
    assert_eq!(quantile(0.99, &[(0.1, 1.0), (2.0, 2.0), (INF, 100.0)]), Some(2.0));
    assert_eq!(quantile(0.5, &[(-1.0, 90.0), (2.0, 95.0), (INF, 100.0)]), Some(-1.0));
}

#[test]
fn a_bucket_that_falls_short_counts_as_much_as_the_one_before() {
    let dented = [(0.1, 10.0), (0.5, 8.0), (1.0, 20.0), (INF, 20.0)];
    let even = [(0.1, 10.0), (0.5, 10.0), (1.0, 20.0), (INF, 20.0)];
    for q in [0.1, 0.5, 0.6, 0.9] {
        assert_eq!(quantile(q, &dented), quantile(q, &even));
    }
}

fn page(totals: [f64; 3], engine: &str) -> Histogram {
    let [low, high, all] = totals;
    let key = || Key::from(engine);
    Histogram {
        buckets: vec![(key(), 0.1, low), (key(), 1.0, high), (key(), INF, all)],
        sums: vec![(key(), all / 4.0)],
        counts: vec![(key(), all)],
    }
}

#[test]
fn only_what_fell_in_since_counts_and_a_restart_loses_nothing() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut seen = Distribution::over(Duration::from_mins(1));
    seen.take(at(0), &page([1e6, 1e6, 1e6], "0"));
    assert_eq!(seen.quantile(0.5), Reading::Missing(Why::NotYet));
    seen.take(at(5), &page([1e6, 1e6 + 8.0, 1e6 + 8.0], "0"));
    assert_eq!(seen.buckets(), [(0.1, 0.0), (1.0, 8.0), (INF, 8.0)]);
    assert_eq!(seen.quantile(0.5), Reading::Known(0.1 + 0.9 * 0.5));
    seen.take(at(10), &page([0.0, 4.0, 4.0], "0"));
    assert_eq!(seen.count(), Reading::Known(12.0));
    assert_eq!(seen.mean(), Reading::Known((2.0 + 1.0) / 12.0));
    seen.take(at(100), &page([0.0, 4.0, 4.0], "0"));
    assert_eq!(seen.quantile(0.5).get(), None, "all of it is longer ago than a minute");
}

#[test]
fn engines_are_added_up_bucket_by_bucket() {
    let start = Instant::now();
    let both = |one: [f64; 3], other: [f64; 3]| {
        let (mut both, other) = (page(one, "0"), page(other, "1"));
        both.buckets.extend(other.buckets);
        both.counts.extend(other.counts);
        both.sums.extend(other.sums);
        both
    };
    let mut seen = Distribution::over(Duration::from_mins(1));
    seen.take(start, &both([0.0; 3], [0.0; 3]));
    seen.take(start + Duration::from_secs(1), &both([10.0, 10.0, 10.0], [0.0, 30.0, 30.0]));
    assert_eq!(seen.buckets(), [(0.1, 10.0), (1.0, 40.0), (INF, 40.0)]);
    assert_eq!(seen.quantile(0.25), Reading::Known(0.1));
}

proptest! {
    #[test]
    fn a_quantile_is_no_nan_and_rises_with_its_share(
        mut buckets: Vec<(f64, f64)>, low in 0.0..1.0_f64, high in 0.0..1.0_f64,
    ) {
        buckets.retain(|(bound, _)| !bound.is_nan());
        buckets.push((INF, 10.0));
        merge(&mut buckets);
        let (low, high) = (low.min(high), low.max(high));
        if let (Some(low), Some(high)) = (quantile(low, &buckets), quantile(high, &buckets)) {
            prop_assert!(low <= high + low.abs() * 1e-9 + 1e-9, "{low} {high} {buckets:?}");
        }
    }

    #[test]
    fn nothing_panics(pages: Vec<Vec<(u8, f64, f64)>>) {
        let start = Instant::now();
        let mut seen = Distribution::over(Duration::from_secs(3));
        for (second, page) in pages.into_iter().enumerate() {
            let key = |key: u8| Key::from(key.to_string());
            let buckets = page.iter().map(|(k, bound, total)| (key(*k), *bound, *total)).collect();
            let sums: Vec<_> = page.iter().map(|(k, sum, _)| (key(*k), *sum)).collect();
            let histogram = Histogram { buckets, counts: sums.clone(), sums };
            seen.take(start + Duration::from_secs(second as u64), &histogram);
            seen.quantile(0.99);
            seen.mean();
        }
    }
}
