//! The quick test is the textbook's, and its p is a p.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::*;

fn of(values: &[f64]) -> Sorted {
    Sorted::new(values.to_vec()).unwrap()
}

fn some(n: usize, shift: f64, rng: &mut StdRng) -> Sorted {
    Sorted::new((0..n).map(|_| shift + rng.random::<f64>()).collect()).unwrap()
}

/// How far apart both sides are: their medians, then their rank sums.
fn far(left: &[f64], right: &[f64]) -> (f64, f64) {
    let mut all = [left, right].concat();
    all.sort_by(f64::total_cmp);
    let rank = |value: &f64| {
        let below = all.iter().filter(|of| *of < value).count() as f64;
        let equal = all.iter().filter(|of| of.total_cmp(value).is_eq()).count() as f64;
        below + (equal - 1.0) / 2.0
    };
    let middle = left.len() as f64 * (all.len() as f64 - 1.0) / 2.0;
    let ranks = left.iter().map(rank).sum::<f64>();
    ((of(left).median() - of(right).median()).abs(), (ranks - middle).abs())
}

fn as_far(found: (f64, f64), seen: (f64, f64)) -> bool {
    let same = (found.0 - seen.0).abs() <= seen.0 * 1e-9;
    if same { found.1 >= seen.1 * (1.0 - 1e-9) } else { found.0 > seen.0 }
}

/// The test as the textbook has it: shuffle all, cut, look at both sides.
fn textbook(left: &Sorted, right: &Sorted, draws: u32, rng: &mut StdRng) -> f64 {
    let seen = far(left.values(), right.values());
    let mut all = [left.values(), right.values()].concat();
    let hits = (0..draws).filter(|_| {
        all.shuffle(rng);
        let (one, other) = all.split_at(left.len());
        as_far(far(one, other), seen)
    });
    f64::from(u32::try_from(hits.count()).unwrap() + 1) / f64::from(draws + 1)
}

/// Every way to give away the labels, one by one.
fn exact(left: &Sorted, right: &Sorted) -> f64 {
    let seen = far(left.values(), right.values());
    let all = [left.values(), right.values()].concat();
    let (mut hits, mut ways) = (0_u32, 0_u32);
    for mask in 0_u32..1 << all.len() {
        if mask.count_ones() as usize != left.len() {
            continue;
        }
        let side = |wanted: bool| -> Vec<f64> {
            let of_it = (0..all.len()).filter(|at| (mask >> at & 1 == 1) == wanted);
            of_it.map(|at| all[at]).collect()
        };
        ways += 1;
        hits += u32::from(as_far(far(&side(true), &side(false)), seen));
    }
    f64::from(hits) / f64::from(ways)
}

/// Without the early end.
fn quick(left: &Sorted, right: &Sorted, draws: u32, rng: &mut StdRng) -> f64 {
    let deck = Deck::new(left, right);
    let seen = deck.seen(left, right);
    let hits = (0..draws).filter(|_| deck.deal(rng).reaches(&seen, rng));
    hits.count() as f64 / f64::from(draws)
}

#[test]
fn it_is_the_test_over_every_way_to_give_the_labels() {
    let mut rng = StdRng::seed_from_u64(3);
    for (left, right) in [(6, 6), (5, 7), (7, 4), (1, 9), (2, 3), (1, 1)] {
        let (left, right) = (some(left, 0.0, &mut rng), some(right, 0.2, &mut rng));
        let (wanted, found) = (exact(&left, &right), quick(&left, &right, 20_000, &mut rng));
        let sizes = (left.len(), right.len());
        assert!((wanted - found).abs() < 0.012, "{sizes:?}: {found}, exactly {wanted}");
    }
}

#[test]
fn it_is_the_textbook_s_test_for_more_samples_and_for_ties() {
    let mut rng = StdRng::seed_from_u64(4);
    for (left, right, shift) in [(25, 25, 0.1), (30, 61, 0.08), (60, 41, 0.0), (40, 12, 0.25)] {
        let (left, right) = (some(left, 0.0, &mut rng), some(right, shift, &mut rng));
        let wanted = textbook(&left, &right, 1_000, &mut rng);
        let found = quick(&left, &right, 20_000, &mut rng);
        assert!((wanted - found).abs() < 0.05, "{found}, textbook {wanted}");
    }
    let (left, right) = (of(&[1.0, 1.0, 1.0, 2.0, 2.0, 3.0]), of(&[1.0, 2.0, 2.0, 3.0, 3.0, 3.0]));
    let (wanted, found) = (exact(&left, &right), quick(&left, &right, 20_000, &mut rng));
    assert!((wanted - found).abs() < 0.012, "{found}, exactly {wanted}");
}

#[test]
fn where_both_are_alike_every_p_is_as_frequent_as_it_says() {
    let mut rng = StdRng::seed_from_u64(5);
    let mut below = [0_u32; 3];
    let marks = [0.01, 0.05, 0.5];
    for _ in 0..2_000 {
        let (left, right) = (some(11, 0.0, &mut rng), some(14, 0.0, &mut rng));
        let p = shuffle(&left, &right, 999, &mut rng).p();
        marks.iter().zip(&mut below).for_each(|(mark, below)| *below += u32::from(p <= *mark));
    }
    for (mark, below) in marks.into_iter().zip(below) {
        let share = f64::from(below) / 2_000.0;
        let slack = 4.0 * (mark * (1.0 - mark) / 2_000.0).sqrt();
        assert!((share - mark).abs() < slack + 0.002, "p <= {mark} in {share}");
    }
}

#[test]
fn drawing_ends_early_only_where_p_is_not_small() {
    let mut rng = StdRng::seed_from_u64(6);
    let comb = |first: u32| of(&(0..40).map(|k| f64::from(2 * k + first)).collect::<Vec<_>>());
    let (left, right) = (comb(0), comb(1));
    let alike = shuffle(&left, &right, 9_999, &mut rng);
    assert!(alike.early && alike.hits == HITS && alike.p() > 0.01, "{alike:?}");
    let apart = shuffle(&left, &some(40, 300.0, &mut rng), 9_999, &mut rng);
    assert_eq!(apart, Shuffled { hits: 0, draws: 9_999, early: false });
    assert!((apart.p() - 1e-4).abs() < 1e-12, "never 0");
}

#[test]
fn a_million_samples_are_shuffled_in_few_steps() {
    let mut rng = StdRng::seed_from_u64(7);
    let (left, right) = (some(300_001, 0.0, &mut rng), some(700_000, 0.02, &mut rng));
    assert_eq!(shuffle(&left, &right, 999, &mut rng).hits, 0);
}

#[test]
fn what_is_called_rare_is_rarer_than_every_way_to_give_the_labels_says() {
    let mut rng = StdRng::seed_from_u64(8);
    for (left, right, shift) in [(6, 6, 0.9), (5, 7, 0.6), (8, 6, 2.0), (4, 9, 1.2), (7, 7, 0.2)] {
        let (left, right) = (some(left, 0.0, &mut rng), some(right, shift, &mut rng));
        let wanted = exact(&left, &right);
        assert!(!rare::is_rarer(&left, &right, wanted), "never below the p itself: {wanted}");
        assert!(rare::is_rarer(&left, &right, 1.0) || wanted > 0.05, "{wanted}");
    }
    let (left, right) = (some(100, 0.0, &mut rng), some(100, 3.0, &mut rng));
    assert!(rare::is_rarer(&left, &right, 1e-9));
    let (left, right) = (some(100, 0.0, &mut rng), some(100, 0.02, &mut rng));
    assert!(!rare::is_rarer(&left, &right, 0.01));
    assert!(!rare::is_rarer(&left, &left, 0.5), "no distance is no rarity");
}

#[test]
fn where_none_would_hit_p_is_that_of_so_many_misses() {
    let mut rng = StdRng::seed_from_u64(9);
    for (shift, misses) in [(0.0, false), (0.5, true), (3.0, true)] {
        let (left, right) = (some(80, 0.0, &mut rng), some(90, shift, &mut rng));
        let quick = p_of(&left, &right, 9_999, &mut StdRng::seed_from_u64(1));
        let drawn = shuffle(&left, &right, 9_999, &mut StdRng::seed_from_u64(1)).p();
        println!("{shift} {} {} {quick} {drawn}", left.median(), right.median());
        assert_eq!([quick, drawn].map(|p| (p - 1e-4).abs() < 1e-12), [misses; 2], "{shift}");
    }
}

#[test]
fn the_least_p_is_what_full_separation_gives() {
    for (left, right) in [(5_u32, 5), (6, 6), (6, 7), (7, 4)] {
        let low: Vec<f64> = (0..left).map(f64::from).collect();
        let high: Vec<f64> = (0..right).map(|k| 1e6 + f64::from(k)).collect();
        let (least, exact) = (least_p(low.len(), high.len()), exact(&of(&low), &of(&high)));
        assert!(least <= exact * 1.000_001, "{left} {right}: {least}, exactly {exact}");
        assert!(least > exact / 2.1, "{left} {right}: {least}, exactly {exact}");
    }
    assert!(least_p(25, 25) < 1e-6);
}

#[test]
fn logarithms_of_factorials_meet_where_the_series_begins() {
    let sum: f64 = (2..=80_u32).map(|k| f64::from(k).ln()).sum();
    assert!((ln_factorial(80) - sum).abs() < 1e-12);
    assert!((ln_choose(10, 3) - 120.0_f64.ln()).abs() < 1e-12);
}
