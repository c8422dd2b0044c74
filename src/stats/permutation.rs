//! The permutation test of a difference of medians, at a cost that hardly grows with the samples.
//!
//! The textbook (Fisher 1935; Good, *Permutation Tests*, 2000) shuffles all n numbers for each
//! draw to keep two medians of them. Only the labels near the middle matter: how many of the lower
//! half of all numbers carry the left label is hypergeometric, and from the middle outwards the
//! next label is left with the chance of what is left over. So a draw takes about √n steps.
//! Drawing ends early when the answer can be no small p (Besag and Clifford 1991).

use rand::Rng;

use super::sorted::Sorted;

/// Draws as far apart as what was seen, after which no more are made: p is then known within a
/// tenth, and is not small.
const HITS: u32 = 100;

/// What shuffling gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shuffled {
    /// Draws whose medians lie at least as far apart as those that were seen.
    pub hits: u32,
    /// Draws that were made.
    pub draws: u32,
    /// Whether it ended early, at the last hit.
    pub early: bool,
}

impl Shuffled {
    /// The chance of a difference like the one seen if both sides are alike, above 0: what was seen
    /// counts as a draw of its own (Phipson and Smyth 2010).
    pub fn p(self) -> f64 {
        let one = u32::from(!self.early);
        f64::from(self.hits + one) / f64::from(self.draws + one)
    }
}

/// Shuffles `left` and `right` up to `most` times.
pub fn shuffle(left: &Sorted, right: &Sorted, most: u32, rng: &mut impl Rng) -> Shuffled {
    let deck = Deck::new(left, right);
    // Equal but for rounding is as far apart.
    let seen = (left.median() - right.median()).abs() * (1.0 - 1e-9);
    let mut shuffled = Shuffled { hits: 0, draws: 0, early: false };
    while shuffled.draws < most && !shuffled.early {
        let (left, right) = deck.draw(rng);
        shuffled.draws += 1;
        shuffled.hits += u32::from((left - right).abs() >= seen);
        shuffled.early = shuffled.hits >= HITS;
    }
    shuffled
}

/// No data of so many samples can have a p below this: with all of one side below the other, these
/// shuffles keep both medians.
pub fn least_p(left: usize, right: usize) -> f64 {
    let all = left + right;
    let (low, high) = (left / 2 + 1, right / 2 + 1);
    if low > left || high > right {
        return 1.0;
    }
    (ln_choose(all - low - high, left - low) - ln_choose(all, left)).exp()
}

/// All numbers in ascending order, and how many of the lower half carry the left label.
struct Deck {
    all: Vec<f64>,
    left: usize,
    right: usize,
    half: usize,
    /// Fewest left labels of the lower half that are worth counting.
    fewest: usize,
    /// The chance of so many or fewer, from `fewest` on.
    chance: Vec<f64>,
}

impl Deck {
    fn new(left: &Sorted, right: &Sorted) -> Self {
        let mut all = [left.values(), right.values()].concat();
        all.sort_unstable_by(f64::total_cmp);
        let (left, right, half) = (left.len(), right.len(), all.len() / 2);
        let (fewest, chance) = hypergeometric(left, right, half);
        Self { all, left, right, half, fewest, chance }
    }

    /// The medians of both sides with the labels shuffled.
    fn draw(&self, rng: &mut impl Rng) -> (f64, f64) {
        let lot: f64 = rng.random();
        let left = self.fewest + self.chance.partition_point(|chance| *chance < lot);
        let left = left.min(self.left).min(self.half);
        let below = [left, self.half - left];
        let mut middles = [Middle::of(self.left), Middle::of(self.right)];
        self.walk_down(below, &mut middles, rng);
        self.walk_up(below, &mut middles, rng);
        (middles[0].sum / 2.0, middles[1].sum / 2.0)
    }

    /// From the middle down, with `below` of each label to give away, until no median lies deeper.
    fn walk_down(&self, below: [usize; 2], middles: &mut [Middle; 2], rng: &mut impl Rng) {
        let mut rest = below;
        while rest[0] > middles[0].low || rest[1] > middles[1].low {
            let value = self.all[rest[0] + rest[1] - 1];
            let side = side(rest, rng);
            rest[side] -= 1;
            middles[side].see(rest[side], value);
        }
    }

    /// From the middle up, with `below` of each label given away, until no median lies higher.
    fn walk_up(&self, below: [usize; 2], middles: &mut [Middle; 2], rng: &mut impl Rng) {
        let mut given = below;
        while given[0] <= middles[0].high || given[1] <= middles[1].high {
            let value = self.all[given[0] + given[1]];
            let side = side([self.left - given[0], self.right - given[1]], rng);
            middles[side].see(given[side], value);
            given[side] += 1;
        }
    }
}

/// Which label comes next, if `rest` of each are left.
fn side(rest: [usize; 2], rng: &mut impl Rng) -> usize {
    usize::from(rng.random_range(0..rest[0] + rest[1]) >= rest[0])
}

/// The one or two ranks in the middle of one side, from 0.
struct Middle {
    low: usize,
    high: usize,
    /// The sum of the numbers at both.
    sum: f64,
}

impl Middle {
    fn of(samples: usize) -> Self {
        Self { low: (samples - 1) / 2, high: samples / 2, sum: 0.0 }
    }

    fn see(&mut self, rank: usize, value: f64) {
        let times = u8::from(rank == self.low) + u8::from(rank == self.high);
        self.sum += f64::from(times) * value;
    }
}

/// How many of `half` numbers drawn from `left` and `right` together are left ones: the fewest with
/// a chance that a double can hold beside 1, and the chances of at most so many from there on.
fn hypergeometric(left: usize, right: usize, half: usize) -> (usize, Vec<f64>) {
    let (least, most) = (half.saturating_sub(right), left.min(half));
    let whole = ln_choose(left + right, half);
    let chance = |k: usize| (ln_choose(left, k) + ln_choose(right, half - k) - whole).exp();
    let middle = (left as f64 * half as f64 / (left + right) as f64).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the sum")]
    let middle = (middle as usize).clamp(least, most);
    let counts = |k: &usize| chance(*k) > 1e-18;
    let down = (least..middle).rev().take_while(counts).count();
    let up = (middle..=most).take_while(counts).count();
    let fewest = middle - down;
    let mut sum = 0.0;
    let each = (fewest..middle + up).map(|k| {
        sum += chance(k);
        sum
    });
    let mut chances: Vec<f64> = each.collect();
    chances.iter_mut().for_each(|chance| *chance /= sum);
    (fewest, chances)
}

/// The logarithm of n over k.
fn ln_choose(n: usize, k: usize) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// The logarithm of n!: a sum, or Stirling's series, whose first term left out is below 1e-15 there.
fn ln_factorial(n: usize) -> f64 {
    if n < 64 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let x = n as f64;
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1_260.0 * x.powi(5));
    (x + 0.5).mul_add(x.ln(), -x) + 0.5 * std::f64::consts::TAU.ln() + series
}

#[cfg(test)]
mod tests;
