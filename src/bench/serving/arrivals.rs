//! When requests are meant to come, whatever becomes of the ones before.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::plan::{Arrivals, Plan};

/// The intended arrivals of a load, in seconds since it begins, in order. The first comes at once.
#[derive(Debug)]
pub(super) struct Times {
    rng: StdRng,
    how: Arrivals,
    rate: f64,
    seconds: f64,
    left: u64,
    count: u64,
    at: f64,
}

impl Times {
    /// Those of `plan`; the same for the same seed.
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            rng: StdRng::seed_from_u64(plan.seed),
            how: plan.arrivals,
            rate: plan.rate,
            seconds: plan.seconds.unwrap_or(f64::INFINITY),
            left: plan.requests.unwrap_or(u64::MAX),
            count: 0,
            at: 0.0,
        }
    }
}

impl Iterator for Times {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        self.count += 1;
        self.at = match self.how {
            // Not by adding up, which would drift.
            Arrivals::Fixed => self.count as f64 / self.rate,
            Arrivals::Poisson => {
                let chance: f64 = self.rng.sample(rand::distr::Open01);
                at - chance.ln() / self.rate
            }
        };
        (at < self.seconds).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::address::Address;
    use crate::model::id::SourceId;
    use crate::source::Spec;

    fn plan(arrivals: Arrivals, rate: f64, seconds: f64) -> Plan {
        let address = Address::parse("http://127.0.0.1:1").unwrap();
        Plan {
            server: Spec::new(SourceId::local(), address),
            model: None,
            api: None,
            stream: true,
            rate,
            arrivals,
            seconds: Some(seconds),
            requests: None,
            prompt_tokens: 1,
            output_tokens: 1,
            at_once: 1,
            warmup: 0,
            timeout: Duration::from_secs(1),
            seed: 7,
        }
    }

    #[test]
    fn fixed_arrivals_do_not_drift() {
        let times: Vec<f64> = Times::of(&plan(Arrivals::Fixed, 3.0, 1_000.0)).collect();
        assert_eq!(times.len(), 3_000);
        assert!((times[2_999] - 2_999.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn random_arrivals_come_as_often_as_asked_and_the_same_for_a_seed() {
        let asked = plan(Arrivals::Poisson, 20.0, 500.0);
        let times: Vec<f64> = Times::of(&asked).collect();
        // 10,000 are expected, with a standard deviation of 100.
        assert!((9_600..10_400).contains(&times.len()), "{}", times.len());
        assert_eq!(times, Times::of(&asked).collect::<Vec<_>>());
        assert!(times.is_sorted() && times.iter().all(|at| (0.0..500.0).contains(at)));
        let gaps: Vec<f64> = times.windows(2).map(|two| two[1] - two[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let spread = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((spread.sqrt() / mean - 1.0).abs() < 0.05, "of a Poisson process they are alike");
    }

    #[test]
    fn a_number_of_requests_ends_it_too() {
        let asked = Plan { requests: Some(5), ..plan(Arrivals::Fixed, 1.0, 1e9) };
        assert_eq!(Times::of(&asked).count(), 5);
        assert_eq!(Times::of(&Plan { requests: Some(0), ..asked }).count(), 0);
    }
}
