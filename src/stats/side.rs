//! The same benchmark on several nodes, side by side: a figure of each row on each node, and which node
//! is best where that can be told.
//!
//! Intervals that overlap tell of no difference, so whatever overlaps the best is as good.

use crate::model::bench::{Cell, Estimate, Figure, Summary};
use crate::model::run::RunHead;

/// One node's part, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What was known when it began.
    pub head: &'a RunHead,
    /// Its figures so far.
    pub summary: &'a [Summary],
}

/// How a node does in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// It has the least median.
    Best,
    /// Its interval overlaps that of the best.
    Alike,
    /// It is slower.
    Slower,
    /// Nothing is known of it, or of no other.
    Unknown,
}

impl Part<'_> {
    /// What is known of `figure` of `cell` there.
    pub fn estimate(&self, cell: &Cell, figure: Figure) -> Option<Estimate> {
        let index = self.head.cells.iter().position(|other| other == cell)?;
        let index = u32::try_from(index).ok()?;
        let mut of = self.summary.iter();
        of.find(|one| one.cell == index && one.figure == figure)?.estimate
    }
}

/// The cells of which `figure` is known on at least one node, in the order in which they come first.
pub fn cells(parts: &[Part<'_>], figure: Figure) -> Vec<Cell> {
    let mut all: Vec<Cell> = Vec::new();
    for cell in parts.iter().flat_map(|part| &part.head.cells) {
        let known = || parts.iter().any(|part| part.estimate(cell, figure).is_some());
        if !all.contains(cell) && known() {
            all.push(*cell);
        }
    }
    all
}

/// How each of `estimates` does beside the others.
pub fn ranks(estimates: &[Option<Estimate>]) -> Vec<Rank> {
    let known = || estimates.iter().flatten();
    let best = known().min_by(|a, b| a.median_seconds.0.total_cmp(&b.median_seconds.0));
    let Some(best) = best.filter(|_| known().count() > 1) else {
        return vec![Rank::Unknown; estimates.len()];
    };
    let reach = best.high_seconds.unwrap_or(best.median_seconds).0;
    let mut found = false;
    let rank = |estimate: &Option<Estimate>| match estimate {
        None => Rank::Unknown,
        Some(one) if !found && one.median_seconds == best.median_seconds => {
            found = true;
            Rank::Best
        }
        Some(one) if one.low_seconds.unwrap_or(one.median_seconds).0 <= reach => Rank::Alike,
        Some(_) => Rank::Slower,
    };
    estimates.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Seconds;

    fn estimate(median: f64, low: f64, high: f64) -> Estimate {
        let seconds = Seconds(median);
        Estimate {
            median_seconds: seconds,
            low_seconds: Some(Seconds(low)),
            high_seconds: Some(Seconds(high)),
            mad_seconds: seconds,
            min_seconds: seconds,
            max_seconds: seconds,
            mean_seconds: seconds,
            sd_seconds: None,
            p90_seconds: None,
            p95_seconds: None,
            p99_seconds: None,
            outliers: 0,
            p999_seconds: None,
        }
    }

    #[test]
    fn what_overlaps_the_best_is_as_good() {
        let all = [
            Some(estimate(2.0, 1.9, 2.1)),
            None,
            Some(estimate(1.0, 0.9, 1.2)),
            Some(estimate(1.3, 1.1, 1.4)),
        ];
        let wanted = [Rank::Slower, Rank::Unknown, Rank::Best, Rank::Alike];
        assert_eq!(ranks(&all), wanted);
        assert_eq!(ranks(&all[..2]), [Rank::Unknown; 2], "one alone is not the best");
        assert_eq!(ranks(&[]), []);
    }
}
