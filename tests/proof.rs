//! The engine proves itself on simulated runs, seeded and without a clock: no false alarms where
//! nothing changed, intervals that hold the truth, a real change found. And each rule is needed:
//! with one of them changed, its proof fails.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/made.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod made;

use isomon::stats::compare::{Change, Comparison, Row, Rules, compare};
use isomon::stats::interval::of_median;
use isomon::stats::permutation::shuffle;
use isomon::stats::sorted::Sorted;
use made::Shape;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Four kinds of sandboxes: quiet, skewed, with two humps, and one on a busy machine.
const CELLS: [(f64, Shape); 4] = [
    (0.001, Shape::Normal(0.03)),
    (0.020, Shape::LogNormal(0.10)),
    (0.100, Shape::Bimodal(0.05)),
    (0.300, Shape::LogNormal(0.30)),
];

/// Few resamples: an interval decides nothing where the test says no.
fn quick() -> Rules {
    Rules { resamples: 49, ..Rules::default() }
}

/// The share of so many pairs of runs of the same sandboxes that are an alarm.
fn alarms(pairs: u32, rules: &Rules, is_alarm: impl Fn(&Comparison) -> bool) -> f64 {
    let alarms = (0..u64::from(pairs)).filter(|pair| {
        let base = made::cut_off(2 * pair, 25, &CELLS);
        let other = made::cut_off(2 * pair + 1, 25, &CELLS);
        is_alarm(&compare(&base, &other, rules))
    });
    alarms.count() as f64 / f64::from(pairs)
}

fn is_changed(comparison: &Comparison) -> bool {
    comparison.rows.iter().any(|row| matches!(row.change, Change::Faster | Change::Slower))
}

#[test]
fn where_nothing_changed_one_comparison_in_a_hundred_says_so_at_most() {
    let share = alarms(1_000, &quick(), is_changed);
    println!("A/A: a false alarm in {share} of 1,000 comparisons of 12 rows");
    assert!(share <= 0.01, "{share}");
}

#[test]
fn without_one_of_the_rules_there_are_more_false_alarms() {
    let rules = Rules { noise: 0.0, permutations: 999, ..quick() };
    let bare = |comparison: &Comparison| comparison.rows.iter().any(|row| row.p < Some(0.01));
    let share = alarms(150, &rules, bare);
    assert!(share > 0.01, "without Holm's correction {share}");
    let share = alarms(100, &Rules { alpha: 0.2, ..rules }, is_changed);
    assert!(share > 0.01, "with alpha 0.2 {share}");
    let untested = |comparison: &Comparison| {
        let off = |row: &Row| row.times.is_some_and(|times| (times.times - 1.0).abs() > 0.05);
        comparison.rows.iter().any(off)
    };
    let share = alarms(50, &Rules { permutations: 1, resamples: 1, ..rules }, untested);
    assert!(share > 0.01, "by the noise threshold alone {share}");
}

#[test]
fn without_the_draw_that_was_seen_p_would_be_too_small() {
    let (mut rng, tests) = (StdRng::seed_from_u64(11), 2_000);
    let (mut with, mut without) = (0, 0);
    for _ in 0..tests {
        let mut side = || Sorted::new((0..12).map(|_| rng.random::<f64>()).collect()).unwrap();
        let (left, right) = (side(), side());
        let shuffled = shuffle(&left, &right, 99, &mut rng);
        with += u32::from(shuffled.p() < 0.005);
        without += u32::from(f64::from(shuffled.hits) / f64::from(shuffled.draws) < 0.005);
    }
    let share = |count: u32| f64::from(count) / f64::from(tests);
    assert!(share(with) <= 0.005, "{with}");
    assert!(share(without) > 0.005, "{without}");
}

/// The share of `runs` runs of so many rounds whose interval of the median holds the truth.
fn coverage(
    (runs, rounds): (u32, u32),
    shape: Shape,
    truth: f64,
    interval: impl Fn(&Sorted, &mut StdRng) -> (f64, f64),
) -> f64 {
    let mut rng = StdRng::seed_from_u64(20_261_121);
    let covered = (0..runs).filter(|_| {
        let data = Sorted::new((0..rounds).map(|_| shape.draw(&mut rng)).collect()).unwrap();
        let (low, high) = interval(&data, &mut rng);
        low <= truth && truth <= high
    });
    covered.count() as f64 / f64::from(runs)
}

/// What the quick preset makes at most.
const QUICK: u32 = 25;

/// The interval that is published.
fn published(data: &Sorted, rng: &mut StdRng) -> (f64, f64) {
    let found = of_median(data, 249, rng).unwrap();
    (found.low, found.high)
}

/// The median of a shape, from a large sample of its own.
fn truth(shape: Shape) -> f64 {
    let mut rng = StdRng::seed_from_u64(1);
    Sorted::new((0..400_000).map(|_| shape.draw(&mut rng)).collect()).unwrap().median()
}

#[test]
fn the_interval_of_the_median_holds_the_truth_in_95_of_100_runs() {
    for shape in [Shape::Normal(0.1), Shape::LogNormal(0.5), Shape::Bimodal(0.1)] {
        let share = coverage((10_000, QUICK), shape, truth(shape), published);
        println!("the interval holds the truth in {share} of 10,000 runs, {shape:?}");
        assert!((0.93..=0.97).contains(&share), "{shape:?}: {share}");
    }
}

/// The bootstrap as the textbook has it, between two other ends.
fn between(low: f64, high: f64) -> impl Fn(&Sorted, &mut StdRng) -> (f64, f64) {
    move |data, rng| {
        let draw = |rng: &mut StdRng| {
            let n = data.len();
            let picked = (0..n).map(|_| data.values()[rng.random_range(0..n)]).collect();
            Sorted::new(picked).unwrap().median()
        };
        let medians = Sorted::new((0..99).map(|_| draw(rng)).collect()).unwrap();
        (medians.quantile(low), medians.quantile(high))
    }
}

#[test]
fn between_other_ends_it_does_not() {
    let of = |low, high| coverage((1_000, QUICK), Shape::Normal(0.1), 1.0, between(low, high));
    for (low, high) in [(0.05, 0.95), (0.1, 0.975), (0.025, 0.9)] {
        let share = of(low, high);
        assert!(!(0.93..=0.97).contains(&share), "{low} to {high}: {share}");
    }
}

#[test]
fn few_rounds_need_the_ranks_between_two_samples() {
    for rounds in [7, 9] {
        let with = coverage((2_000, rounds), Shape::Normal(0.1), 1.0, published);
        // Of an odd number of samples the textbook's median is one of them: whole ranks alone.
        let whole = between(0.025, 0.975);
        let without = coverage((2_000, rounds), Shape::Normal(0.1), 1.0, whole);
        println!("{rounds} rounds: {with} with ranks in between, {without} with whole ones");
        assert!((0.93..=0.98).contains(&with), "{rounds} rounds: {with}");
        assert!(without < 0.93, "{rounds} rounds without: {without}");
    }
}

/// The share of pairs in which a start that takes so many `times` as long is found to be slower,
/// and the share in which the ratio itself lies beyond the noise.
fn found(times: f64, rounds: u32, shape: Shape, rules: &Rules) -> (f64, f64) {
    let pairs = 200;
    let (mut slower, mut beyond) = (0, 0);
    for pair in 0..pairs {
        let base = made::cut_off(2 * pair, rounds, &[(0.1, shape)]);
        let other = made::cut_off(2 * pair + 1, rounds, &[(0.1 * times, shape)]);
        let row = compare(&base, &other, rules).rows.swap_remove(0);
        slower += u32::from(row.change == Change::Slower);
        beyond += u32::from(row.times.unwrap().times > 1.0 + rules.noise);
    }
    let part = |count: u32| f64::from(count) / pairs as f64;
    (part(slower), part(beyond))
}

#[test]
fn a_real_change_of_five_percent_is_found_in_95_of_100() {
    let rules = Rules { resamples: 249, permutations: 1_999, ..Rules::default() };
    let budgets = [
        (25, Shape::Normal(0.02)),
        (25, Shape::LogNormal(0.02)),
        (100, Shape::LogNormal(0.05)),
        (100, Shape::Bimodal(0.02)),
    ];
    for (rounds, shape) in budgets {
        let (slower, beyond) = found(1.05, rounds, shape, &rules);
        println!("+5 % is found in {slower} at {rounds} rounds, {shape:?}; beyond 5 %: {beyond}");
        assert!(slower >= 0.95, "{rounds} rounds, {shape:?}: {slower}");
        assert!(beyond < 0.95, "the ratio alone would do: {beyond}");
    }
}

#[test]
fn a_change_within_the_noise_is_none_unless_there_is_no_noise() {
    let rules = Rules { resamples: 249, permutations: 1_999, ..Rules::default() };
    let (slower, _) = found(1.02, 200, Shape::Normal(0.03), &rules);
    assert!(slower <= 0.01, "+2 % is called slower in {slower}");
    let (slower, _) = found(1.02, 200, Shape::Normal(0.03), &Rules { noise: 0.0, ..rules });
    assert!(slower >= 0.95, "without a threshold only in {slower}");
}
