//! The permutation test of a difference of medians, at a cost that hardly grows with the samples.
//!
//! The textbook (Fisher 1935; Good, *Permutation Tests*, 2000) shuffles all n numbers for each
//! draw to keep two medians of them. Only the labels near the middle matter: how many of the lower
//! half of all numbers carry the left label is hypergeometric, and from the middle outwards the
//! next label is left with the chance of what is left over. So a draw takes about √n steps.
//! Drawing ends early when the answer can be no small p (Besag and Clifford 1991).
//!
//! With ten numbers a side many shuffles have the very medians that were seen, and p could never be
//! small. Among those, the ones count whose rank sums lie as far apart as the ones that were seen.

use rand::Rng;

use super::sorted::Sorted;

mod rare;

/// Draws as far apart as what was seen, after which no more are made: p is then known within a
/// tenth, and is not small.
const HITS: u32 = 100;

/// The same of one row among very many, whose p is then known within a fifth.
const FEW_HITS: u32 = 30;

/// So many hits are awaited of all shuffles, at most, where none is made.
const CERTAIN: f64 = 0.1;

/// Most numbers that are ranked: with more, hardly two shuffles have the same medians, or so many
/// numbers are equal that their ranks say nothing.
const RANKED: usize = 5_000;

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
    until(HITS, left, right, most, rng)
}

fn until(hits: u32, left: &Sorted, right: &Sorted, most: u32, rng: &mut impl Rng) -> Shuffled {
    let deck = Deck::new(left, right);
    let seen = deck.seen(left, right);
    let mut shuffled = Shuffled { hits: 0, draws: 0, early: false };
    while shuffled.draws < most && !shuffled.early {
        shuffled.draws += 1;
        shuffled.hits += u32::from(deck.deal(rng).reaches(&seen, rng));
        shuffled.early = shuffled.hits >= hits;
    }
    shuffled
}

/// The p of `most` shuffles at most. None is made where it is all but certain that each would miss;
/// the answer is then the one of `most` misses.
pub fn p_of(left: &Sorted, right: &Sorted, most: u32, rng: &mut impl Rng) -> f64 {
    let least = 1.0 / (f64::from(most) + 1.0);
    let p = if rare::is_rarer(left, right, least * CERTAIN) {
        least
    } else {
        until(FEW_HITS, left, right, most, rng).p()
    };
    p.max(least_p(left.len(), right.len()))
}

/// No data of so many samples can have a p below this: one way to give the labels in all, and
/// its mirror where both sides are of one size.
pub fn least_p(left: usize, right: usize) -> f64 {
    let ways = if left == right { 2.0 } else { 1.0 };
    (ways * (-ln_choose(left + right, left)).exp()).min(1.0)
}

/// How far apart two sides are.
struct Seen {
    /// Between their medians.
    medians: f64,
    /// Between the rank sum of the left one and what it is on average.
    ranks: f64,
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
    /// The rank of each number, the mean of those that are equal; none of very many.
    ranks: Vec<f64>,
}

impl Deck {
    fn new(left: &Sorted, right: &Sorted) -> Self {
        let mut all = [left.values(), right.values()].concat();
        // Two sorted parts are merged.
        all.sort_by(f64::total_cmp);
        let ranks = if all.len() <= RANKED { ranks(&all) } else { Vec::new() };
        let (left, right, half) = (left.len(), right.len(), all.len() / 2);
        let (fewest, chance) = hypergeometric(left, right, half);
        Self { all, left, right, half, fewest, chance, ranks }
    }

    fn seen(&self, left: &Sorted, right: &Sorted) -> Seen {
        let rank = |value: &f64| {
            let at = self.all.partition_point(|of| of < value);
            self.ranks.get(at).copied().unwrap_or_default()
        };
        let medians = (left.median() - right.median()).abs();
        Seen { medians, ranks: self.off(left.values().iter().map(rank).sum()) }
    }

    /// How far a rank sum of the left side is from what it is on average.
    fn off(&self, ranks: f64) -> f64 {
        (ranks - self.left as f64 * (self.all.len() as f64 - 1.0) / 2.0).abs()
    }

    /// Gives the labels away anew, as far from the middle as the medians lie.
    fn deal(&self, rng: &mut impl Rng) -> Dealt<'_> {
        let lot: f64 = rng.random();
        let left = self.fewest + self.chance.partition_point(|chance| *chance < lot);
        let left = left.min(self.left).min(self.half);
        let below = [left, self.half - left];
        let middles = [Middle::of(self.left), Middle::of(self.right)];
        let mut dealt = Dealt { deck: self, below, given: below, middles, ranks: 0.0 };
        while dealt.lies_below() {
            dealt.step_down(rng);
        }
        while dealt.lies_above() {
            dealt.step_up(rng);
        }
        dealt
    }
}

/// The ranks from 0 of numbers in ascending order; equal ones share their mean.
fn ranks(all: &[f64]) -> Vec<f64> {
    let mut ranks = Vec::with_capacity(all.len());
    for run in all.chunk_by(|left, right| left.total_cmp(right).is_eq()) {
        let mean = ranks.len() as f64 + (run.len() as f64 - 1.0) / 2.0;
        ranks.extend(std::iter::repeat_n(mean, run.len()));
    }
    ranks
}

/// Labels given away from the middle outwards.
struct Dealt<'a> {
    deck: &'a Deck,
    /// Labels of each side still to give away below.
    below: [usize; 2],
    /// Labels of each side given away below the next number above.
    given: [usize; 2],
    middles: [Middle; 2],
    /// The ranks that have gone to the left.
    ranks: f64,
}

impl Dealt<'_> {
    fn lies_below(&self) -> bool {
        self.below.iter().zip(&self.middles).any(|(below, middle)| *below > middle.low)
    }

    fn lies_above(&self) -> bool {
        self.given.iter().zip(&self.middles).any(|(given, middle)| *given <= middle.high)
    }

    fn step_down(&mut self, rng: &mut impl Rng) {
        let at = self.below[0] + self.below[1] - 1;
        let side = side(self.below, rng);
        self.below[side] -= 1;
        self.see(side, self.below[side], at);
    }

    fn step_up(&mut self, rng: &mut impl Rng) {
        let at = self.given[0] + self.given[1];
        let rest = [self.deck.left - self.given[0], self.deck.right - self.given[1]];
        let side = side(rest, rng);
        self.see(side, self.given[side], at);
        self.given[side] += 1;
    }

    /// The number `at` is the one of `rank` of its side.
    fn see(&mut self, side: usize, rank: usize, at: usize) {
        self.middles[side].see(rank, self.deck.all[at]);
        if side == 0 {
            self.ranks += self.deck.ranks.get(at).copied().unwrap_or_default();
        }
    }

    /// Whether both sides are as far apart as what was seen. Very many numbers have no ranks; then
    /// the same medians are as far apart, which makes no p smaller than it is.
    fn reaches(mut self, seen: &Seen, rng: &mut impl Rng) -> bool {
        let medians = (self.middles[0].sum - self.middles[1].sum).abs() / 2.0;
        // Equal but for rounding is equal.
        if (medians - seen.medians).abs() > seen.medians * 1e-9 {
            return medians > seen.medians;
        }
        if self.deck.ranks.is_empty() {
            return true;
        }
        while self.below[0] > 0 {
            self.step_down(rng);
        }
        while self.given[0] < self.deck.left {
            self.step_up(rng);
        }
        self.deck.off(self.ranks) >= seen.ranks * (1.0 - 1e-9)
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
    for chance in &mut chances {
        *chance /= sum;
    }
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
