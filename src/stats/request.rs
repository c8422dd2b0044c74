//! What the requests of a load on a model's server came to.
//!
//! Times are of good requests, from when each was meant to be sent. Their quantiles have the interval of
//! [`super::rank`]; gaps of one answer hang together, so theirs is the percentile bootstrap over requests
//! (Efron 1979; Davison and Hinkley, *Bootstrap Methods*, 1997, §3.8).

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::rank;
use super::sorted::Sorted;
use crate::model::request::{Counted, Fate, Gap, Request};

/// Resamples behind the interval of gaps.
const RESAMPLES: usize = 200;
/// Requests with an answer in pieces below which gaps have no interval.
const FEWEST: usize = 6;
/// A request that was sent so much later than meant was held, in milliseconds.
pub const HELD_MS: f64 = 10.0;

/// A quantile and its 95 % interval, which is missing where there are too few measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// It.
    pub value: f64,
    /// Both ends.
    pub interval: Option<(f64, f64)>,
}

/// How measurements are spread, in their own unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Half are not above it.
    pub p50: Quantile,
    /// 95 % are not above it.
    pub p95: Quantile,
    /// 99 % are not above it.
    pub p99: Quantile,
    /// The largest.
    pub max: f64,
}

/// What the requests of a load came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Requests that ended.
    pub requests: usize,
    /// Those that were answered well.
    pub good: usize,
    /// The others, by what came of them.
    pub errors: BTreeMap<Fate, usize>,
    /// Requests that were sent more than 10 ms later than meant.
    pub held: usize,
    /// How late the latest was sent, in milliseconds.
    pub held_most_ms: f64,
    /// Seconds from the beginning to the last arrival.
    pub window_s: f64,
    /// Seconds from the beginning to the end of the arrivals or to the last answer, whichever is later.
    pub span_s: f64,
    /// Good ones a second, over the whole span.
    pub good_per_s: Option<f64>,
    /// Until the first token.
    pub ttft_ms: Option<Spread>,
    /// Between tokens, all gaps of all requests.
    pub itl_ms: Option<Spread>,
    /// Until the end.
    pub e2e_ms: Option<Spread>,
    /// Tokens a second within one answer, from the first to the last.
    pub tokens_per_s: Option<Spread>,
    /// Tokens generated a second, all together, over the whole span; good ones alone.
    pub generated_per_s: Option<f64>,
    /// Tokens of prompts a second, likewise.
    pub prompted_per_s: Option<f64>,
    /// Tokens of an answer, on the mean.
    pub output_tokens: Option<f64>,
    /// Pieces of an answer, on the mean.
    pub chunks: Option<f64>,
    /// Tokens of a prompt, on the mean.
    pub prompt_tokens: Option<f64>,
    /// Who counted the tokens of answers; the least sure of all.
    pub counted_by: Option<Counted>,
    /// Requests at work in the middle of the window and at its end.
    pub at_work: Option<(usize, usize)>,
}

/// What `requests` and their `gaps` came to; `seed` decides what is random. Arrivals came for
/// `offered_s` seconds: where the last answer is there before, rates are still over all of them.
pub fn figures(requests: &[Request], gaps: &[Gap], offered_s: f64, seed: u64) -> Figures {
    let good: Vec<&Request> =
        requests.iter().filter(|request| request.outcome == Fate::Good).collect();
    let mut errors = BTreeMap::new();
    for request in requests.iter().filter(|request| request.outcome != Fate::Good) {
        *errors.entry(request.outcome).or_default() += 1;
    }
    let most = |of: fn(&Request) -> f64| requests.iter().map(of).fold(0.0, f64::max);
    let span_s = most(|request| request.done_s).max(offered_s);
    let per_s = |value: f64| (span_s > 0.0).then(|| value / span_s);
    let generated = sum(&good, |request| request.output_tokens);
    let prompted = sum(&good, |request| request.prompt_tokens);
    let mean = |sum: Option<f64>| sum.map(|sum| sum / good.len() as f64);
    let known =
        |of: fn(&Request) -> Option<f64>| spread(good.iter().filter_map(|it| of(it)).collect());
    Figures {
        requests: requests.len(),
        good: good.len(),
        errors,
        held: requests.iter().filter(|request| request.held_ms > HELD_MS).count(),
        held_most_ms: most(|request| request.held_ms),
        window_s: most(|request| request.intended_s),
        span_s,
        good_per_s: per_s(good.len() as f64),
        ttft_ms: known(|request| request.ttft_ms),
        itl_ms: of_gaps(&good, gaps, seed),
        e2e_ms: known(|request| request.e2e_ms),
        tokens_per_s: known(|request| request.tokens_per_s),
        generated_per_s: generated.and_then(per_s),
        prompted_per_s: prompted.and_then(per_s),
        output_tokens: mean(generated),
        chunks: mean(sum(&good, |request| Some(request.chunks))),
        prompt_tokens: mean(prompted),
        counted_by: good.iter().map(|request| request.counted_by).max(),
        at_work: at_work(requests),
    }
}

/// The sum over all; `None` where one does not tell, or there is none.
fn sum(good: &[&Request], of: fn(&Request) -> Option<u64>) -> Option<f64> {
    let sum: Option<u64> = good.iter().map(|request| of(request)).sum();
    sum.filter(|_| !good.is_empty()).map(|sum| sum as f64)
}

/// Requests at work in the middle of the window and at its end: where the second is much more than the
/// first, the server falls behind.
fn at_work(requests: &[Request]) -> Option<(usize, usize)> {
    let last = requests.iter().map(|request| request.intended_s).fold(0.0, f64::max);
    let at = |now: f64| {
        let at_work = |request: &&Request| request.intended_s <= now && request.done_s > now;
        requests.iter().filter(at_work).count()
    };
    (last > 0.0).then(|| (at(last / 2.0), at(last)))
}

/// How `values` are spread, as if none hung together with another.
pub fn spread(values: Vec<f64>) -> Option<Spread> {
    let data = Sorted::new(values)?;
    let quantile = |share: f64| Quantile {
        value: data.quantile(share),
        interval: rank::of_quantile(&data, share).map(|of| (of.low, of.high)),
    };
    Some(Spread {
        n: data.len(),
        mean: data.mean(),
        p50: quantile(0.5),
        p95: quantile(0.95),
        p99: quantile(0.99),
        max: data.max(),
    })
}

/// How the gaps of `good` requests are spread.
fn of_gaps(good: &[&Request], gaps: &[Gap], seed: u64) -> Option<Spread> {
    let places: BTreeMap<u64, usize> =
        good.iter().enumerate().map(|(at, request)| (request.number, at)).collect();
    let mut owned: Vec<(f64, usize)> = gaps
        .iter()
        .filter_map(|gap| Some((gap.gap_ms, *places.get(&gap.number)?)))
        .filter(|(gap, _)| gap.is_finite())
        .collect();
    owned.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut spread = spread(owned.iter().map(|(gap, _)| *gap).collect())?;
    let mut draws = [const { Vec::new() }; 3];
    let mut rng = StdRng::seed_from_u64(seed);
    let enough = good.iter().filter(|request| request.chunks > 1).count() >= FEWEST;
    for _ in 0..if enough { RESAMPLES } else { 0 } {
        let mut weights = vec![0_u32; good.len()];
        (0..good.len()).for_each(|_| weights[rng.random_range(0..good.len())] += 1);
        for (draws, value) in draws.iter_mut().zip(weighted(&owned, &weights)) {
            draws.push(value);
        }
    }
    for (quantile, draws) in
        [&mut spread.p50, &mut spread.p95, &mut spread.p99].into_iter().zip(draws)
    {
        let draws = Sorted::new(draws);
        quantile.interval = draws.map(|draws| (draws.quantile(0.025), draws.quantile(0.975)));
    }
    Some(spread)
}

/// The three quantiles of ascending `gaps`, each as often as its request is drawn.
fn weighted(gaps: &[(f64, usize)], weights: &[u32]) -> [f64; 3] {
    let total: u64 = gaps.iter().map(|(_, of)| u64::from(weights[*of])).sum();
    let mut wanted = [0.5, 0.95, 0.99].map(|share| (share * total as f64, f64::NAN));
    let mut seen = 0;
    for (gap, of) in gaps {
        seen += u64::from(weights[*of]);
        for (rank, found) in &mut wanted {
            if found.is_nan() && seen as f64 >= *rank && seen > 0 {
                *found = *gap;
            }
        }
    }
    wanted.map(|(_, found)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: u64, e2e_ms: f64) -> Request {
        let intended_s = number as f64;
        Request {
            number,
            intended_s,
            ttft_ms: Some(e2e_ms / 2.0),
            e2e_ms: Some(e2e_ms),
            done_s: intended_s + e2e_ms / 1e3,
            output_tokens: Some(10),
            prompt_tokens: Some(100),
            counted_by: Counted::Usage,
            chunks: 10,
            ..Request::default()
        }
    }

    #[test]
    fn what_is_good_and_what_is_not_is_counted_apart() {
        let mut requests: Vec<Request> = (1..=9).map(|at| request(at, 100.0)).collect();
        requests.push(Request {
            number: 10,
            intended_s: 10.0,
            done_s: 12.5,
            held_ms: 30.0,
            outcome: Fate::Timeout,
            ..Request::default()
        });
        let told = figures(&requests, &[], 0.0, 1);
        assert_eq!((told.requests, told.good, told.held), (10, 9, 1));
        assert_eq!(told.errors, BTreeMap::from([(Fate::Timeout, 1)]));
        assert!((told.span_s - 12.5).abs() < 1e-9 && (told.window_s - 10.0).abs() < 1e-9);
        assert!((told.generated_per_s.unwrap() - 90.0 / 12.5).abs() < 1e-9);
        assert!((told.e2e_ms.unwrap().p50.value - 100.0).abs() < 1e-9);
        assert!(told.e2e_ms.unwrap().p99.interval.is_none(), "nine are too few for a tail");
        assert_eq!(told.at_work, Some((1, 1)));
    }

    #[test]
    fn a_rate_is_over_all_the_time_in_which_requests_might_have_come() {
        // Answers at 1.1, 2.1, 3.1 and 4.1 s.
        let requests: Vec<Request> = (1..=4).map(|at| request(at, 100.0)).collect();
        let rates = |offered_s| {
            let told = figures(&requests, &[], offered_s, 1);
            (told.span_s, told.good_per_s, told.generated_per_s, told.prompted_per_s)
        };
        assert_eq!(rates(8.0), (8.0, Some(0.5), Some(5.0), Some(50.0)), "the last came early");
        let (span_s, good_per_s, ..) = rates(2.0);
        assert!((span_s - 4.1).abs() < 1e-9, "the last came after the arrivals: {span_s}");
        assert!((good_per_s.unwrap() - 4.0 / 4.1).abs() < 1e-9);
    }

    #[test]
    fn one_that_does_not_tell_its_tokens_leaves_the_sum_unknown() {
        let mut requests = vec![request(1, 5.0), request(2, 5.0)];
        requests[1].output_tokens = None;
        requests[1].counted_by = Counted::Nobody;
        let told = figures(&requests, &[], 0.0, 1);
        assert_eq!((told.generated_per_s, told.output_tokens), (None, None));
        assert_eq!(told.counted_by, Some(Counted::Nobody));
        assert!(told.prompted_per_s.is_some());
    }

    #[test]
    fn nothing_comes_to_nothing() {
        let told = figures(&[], &[], 0.0, 1);
        assert_eq!(told, Figures::default());
    }

    #[test]
    fn gaps_of_one_answer_hang_together() {
        // Ten answers of 50 equal gaps: 500 numbers, and no more is known than of ten.
        let requests: Vec<Request> = (1..=10).map(|at| request(at, 10.0)).collect();
        let gap = |number: u64| Gap { number, gap_ms: number as f64, at: 0.0 };
        let gaps: Vec<Gap> = (1..=10).flat_map(|number| vec![gap(number); 50]).collect();
        let told = figures(&requests, &gaps, 0.0, 1).itl_ms.unwrap();
        let (low, high) = told.p50.interval.unwrap();
        assert!(low <= 4.0 && high >= 7.0, "{low} {high}");
        let alone = spread(gaps.iter().map(|gap| gap.gap_ms).collect()).unwrap();
        let (near, far) = alone.p50.interval.unwrap();
        assert!(far - near < high - low, "as if each gap stood for itself it would be too narrow");
        let of_none = Gap { number: 99, gap_ms: 1e9, at: 0.0 };
        assert!(figures(&requests, &[of_none], 0.0, 1).itl_ms.is_none(), "a gap of nobody");
    }
}
