//! Whether shuffling could reach what was seen at all, reckoned without a draw.
//!
//! Where two runs lie far apart no shuffle ever comes near, and a hundred thousand say so one by one.
//! The chance that the lower middle of one side and the upper middle of the other come to lie so far
//! apart is a sum over the place of the first: how the labels lie before it is hypergeometric, and so
//! is how they lie between it and the second. Medians lie between the middles, so the sum is never
//! below the p that shuffling looks for.

use super::ln_factorial;
use crate::stats::sorted::Sorted;

/// Most numbers it is reckoned for: beyond, drawing is the quicker way.
const MOST: usize = 5_000;

/// A term below this share of the sum ends it: the rest is smaller still.
const SHARE: f64 = 1e-9;

/// Whether medians as far apart as those of both sides have a chance below `limit` if the labels
/// say nothing. `false` is no answer.
pub(super) fn is_rarer(left: &Sorted, right: &Sorted, limit: f64) -> bool {
    let apart = (left.median() - right.median()).abs() * (1.0 - 1e-8);
    if apart <= 0.0 || left.len() + right.len() > MOST {
        return false;
    }
    let mut all = [left.values(), right.values()].concat();
    all.sort_by(f64::total_cmp);
    let ln: Vec<f64> = (0..=all.len()).map(ln_factorial).collect();
    let way = |low: usize, high: usize| Way { all: &all, ln: &ln, low, high }.chance(apart, limit);
    way(left.len(), right.len()) + way(right.len(), left.len()) < limit
}

/// One of both ways round: the side of `low` numbers lies below that of `high`.
struct Way<'a> {
    all: &'a [f64],
    /// The logarithm of each factorial.
    ln: &'a [f64],
    low: usize,
    high: usize,
}

impl Way<'_> {
    /// A bound of the chance that they lie so far apart; it may end once it is past `limit`.
    fn chance(&self, apart: f64, limit: f64) -> f64 {
        let (middle, mut sum) = ((self.low - 1) / 2, 0.0);
        let whole = self.choose(self.all.len(), self.low);
        for at in middle..=middle + self.high {
            let rest = self.all.len() - 1 - at;
            let ways = self.choose(at, middle) + self.choose(rest, self.low - 1 - middle);
            let here = (ways - whole).exp();
            sum += if here < limit * SHARE { here } else { here * self.beyond(at, apart) };
            if sum > limit {
                break;
            }
        }
        sum
    }

    /// The chance that the upper middle of the high side lies so far above the number at `at`, which
    /// is the lower middle of the low side.
    fn beyond(&self, at: usize, apart: f64) -> f64 {
        let first = self.all.partition_point(|value| *value < self.all[at] + apart);
        let (middle, before) = (self.high / 2, at - (self.low - 1) / 2);
        if first == self.all.len() || before > middle {
            return 0.0;
        }
        let (between, after) = (first.saturating_sub(at + 1), self.all.len() - first.max(at + 1));
        let high = self.high - before;
        let whole = self.choose(between + after, high);
        let (fewest, most) = (high.saturating_sub(after), (middle - before).min(between).min(high));
        let mut sum = 0.0;
        for count in (fewest..=most).rev() {
            let ways = self.choose(between, count) + self.choose(after, high - count);
            let term = (ways - whole).exp();
            // Chances rise up to one place and fall from there on.
            let falls = count * (between + after) < high * between;
            sum += term;
            if falls && term < sum * SHARE {
                break;
            }
        }
        sum.min(1.0)
    }

    /// The logarithm of n over k.
    fn choose(&self, n: usize, k: usize) -> f64 {
        self.ln[n] - self.ln[k] - self.ln[n - k]
    }
}
