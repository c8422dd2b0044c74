//! What counters say: growth in a second, summed over label sets.
//!
//! Each series is compared with itself before anything is summed: a counter that began anew (its
//! server was started again) would vanish in a sum, or make it negative. One that went back shows what
//! it has counted since it began anew; one that is new says nothing the first time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Series;
use crate::model::reading::{Reading, Why};

/// Longest key of a series that is kept, in bytes; a longer one would be a name nobody gave.
const LONGEST_KEY: usize = 4 << 10;

/// The counters of one metric at the sample before.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    at: Option<Instant>,
    before: HashMap<Box<str>, f64>,
}

impl Growth {
    /// Growth of all of `series` together in a second since the call before. Missing the first time,
    /// where no time went by, and where no series was there before.
    pub fn per_second<'s>(
        &mut self,
        now: Instant,
        series: impl IntoIterator<Item = Series<'s>>,
    ) -> Reading<f64> {
        let elapsed = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let mut grown = None;
        let mut kept = HashMap::new();
        for one in series {
            let key = key(&one);
            if !one.value.is_finite() || key.len() > LONGEST_KEY {
                continue;
            }
            if let Some(before) = self.before.get(key.as_str()) {
                let more = if one.value < *before { one.value } else { one.value - before };
                grown = Some(grown.unwrap_or(0.0) + more.max(0.0));
            }
            kept.insert(key.into_boxed_str(), one.value);
        }
        (self.at, self.before) = (Some(now), kept);
        let seconds = elapsed.as_secs_f64();
        let rate = grown.filter(|_| seconds > 0.0).map(|grown| grown / seconds);
        Reading::from_option(rate.filter(|rate| rate.is_finite()), Why::NotYet)
    }
}

/// The labels, with lengths, so that no two label sets make one key.
fn key(series: &Series<'_>) -> String {
    use std::fmt::Write as _;
    let mut key = String::new();
    let mut labels: Vec<_> = series.labels.iter().collect();
    labels.sort_by(|one, other| one.name.cmp(&other.name));
    for label in labels {
        // Writing to a string never fails.
        write!(key, "{}={}:{},", label.name, label.value.len(), label.value).ok();
    }
    key
}

/// The sum of the finite values of `series`; missing without any.
pub fn sum<'s>(series: impl IntoIterator<Item = Series<'s>>) -> Reading<f64> {
    let values = series.into_iter().map(|series| series.value).filter(|value| value.is_finite());
    Reading::from_option(values.reduce(|sum, value| sum + value), Why::NotSupported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Bounds, Page};

    fn rates(pages: &[&str]) -> Vec<Option<f64>> {
        let start = Instant::now();
        let mut growth = Growth::default();
        let rate = |(at, text): (usize, &&str)| {
            let page = Page::parse(text, &Bounds::default()).unwrap();
            let now = start + Duration::from_secs(2 * at as u64);
            growth.per_second(now, page.named("a")).get()
        };
        pages.iter().enumerate().map(rate).collect()
    }

    #[test]
    fn growth_is_of_each_series_and_a_restart_is_no_loss() {
        let pages = [
            "a{e=\"0\"} 100\na{e=\"1\"} 1000",
            "a{e=\"1\"} 1010\na{e=\"0\"} 110\na_created 5",
            "a{e=\"0\"} 120\na{e=\"1\"} 4",
            "a{e=\"0\"} NaN\na{e=\"1\"} 4\na{e=\"2\"} 99999",
            "b 1",
        ];
        assert_eq!(rates(&pages), [None, Some(10.0), Some(7.0), Some(0.0), None]);
    }

    #[test]
    fn label_sets_that_look_alike_are_two() {
        let pages = ["a{x=\"1\",y=\"2\"} 0", "a{x=\"1,y=1:2\"} 50\na{y=\"2\",x=\"1\"} 8"];
        assert_eq!(rates(&pages), [None, Some(4.0)]);
    }

    #[test]
    fn a_sum_of_nothing_is_missing() {
        let page =
            Page::parse("a{e=\"0\"} 1\na{e=\"1\"} 2\na{e=\"2\"} NaN", &Bounds::default()).unwrap();
        assert_eq!(sum(page.named("a")), Reading::Known(3.0));
        assert_eq!(sum(page.named("b")).get(), None);
    }
}
