//! Points of a curve, thinned while they come, so that none of its peaks is lost.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A point.
pub(super) type Point = (f64, f64);

/// How points are chosen where there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The lowest and the highest of each so many rows.
    Stride,
    /// By chance, with a seed; the lowest and the highest of all are kept.
    Random(u64),
}

/// Points, at most so many.
#[derive(Clone, Debug)]
pub(super) enum Thin {
    Stride(Stride),
    Random(Box<Draw>),
}

impl Thin {
    pub(super) fn new(most: usize, choice: Choice) -> Self {
        let most = most.max(4);
        match choice {
            Choice::Stride => Self::Stride(Stride { most, each: 1, seen: 0, parts: Vec::new() }),
            Choice::Random(seed) => Self::Random(Box::new(Draw {
                most: most - 2,
                seen: 0,
                ends: None,
                points: Vec::new(),
                random: StdRng::seed_from_u64(seed),
            })),
        }
    }

    pub(super) fn push(&mut self, point: Point) {
        match self {
            Self::Stride(stride) => stride.push(point),
            Self::Random(draw) => draw.push(point),
        }
    }

    /// How many there were.
    pub(super) const fn seen(&self) -> u64 {
        match self {
            Self::Stride(stride) => stride.seen,
            Self::Random(draw) => draw.seen,
        }
    }

    /// What is left of them, from left to right.
    pub(super) fn points(self) -> Vec<Point> {
        let mut points = match self {
            Self::Stride(stride) => stride.parts.into_iter().flat_map(Part::points).collect(),
            Self::Random(draw) => draw.points(),
        };
        points.sort_by(|left: &Point, right| left.0.total_cmp(&right.0));
        points
    }
}

/// The lowest and the highest of each so many points.
#[derive(Clone, Debug)]
pub(super) struct Stride {
    most: usize,
    each: u64,
    seen: u64,
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    low: Point,
    high: Point,
}

impl Part {
    fn add(&mut self, other: &Self) {
        if other.low.1 < self.low.1 {
            self.low = other.low;
        }
        if other.high.1 > self.high.1 {
            self.high = other.high;
        }
    }

    fn points(self) -> impl Iterator<Item = Point> {
        let (first, second) =
            if self.low.0 <= self.high.0 { (self.low, self.high) } else { (self.high, self.low) };
        std::iter::once(first).chain((first != second).then_some(second))
    }
}

impl Stride {
    fn push(&mut self, point: Point) {
        let room = |each| if each == 1 { self.most } else { self.most / 2 } as u64;
        while self.seen / self.each >= room(self.each) {
            let both = |pair: &[Part]| {
                let mut one = pair[0];
                pair.iter().skip(1).for_each(|other| one.add(other));
                one
            };
            self.parts = self.parts.chunks(2).map(both).collect();
            self.each *= 2;
        }
        let part = Part { low: point, high: point };
        let at = usize::try_from(self.seen / self.each).unwrap_or(usize::MAX);
        match self.parts.get_mut(at) {
            Some(of) => of.add(&part),
            None => self.parts.push(part),
        }
        self.seen += 1;
    }
}

/// A draw without putting back (Vitter's algorithm R, 1985).
#[derive(Clone, Debug)]
pub(super) struct Draw {
    most: usize,
    seen: u64,
    ends: Option<Part>,
    points: Vec<Point>,
    random: StdRng,
}

impl Draw {
    fn push(&mut self, point: Point) {
        let part = Part { low: point, high: point };
        self.ends.get_or_insert(part).add(&part);
        self.seen += 1;
        if self.points.len() < self.most {
            self.points.push(point);
            return;
        }
        let at = usize::try_from(self.random.random_range(0..self.seen)).unwrap_or(usize::MAX);
        if let Some(place) = self.points.get_mut(at) {
            *place = point;
        }
    }

    fn points(self) -> Vec<Point> {
        let mut points = self.points;
        let ends: Vec<Point> = self.ends.into_iter().flat_map(Part::points).collect();
        for end in ends {
            if !points.contains(&end) {
                points.push(end);
            }
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn there_are_few_enough_and_both_ends_are_among_them(
            values in prop::collection::vec(-1e3_f64..1e3, 1..2_000), most in 4_usize..200,
            random in any::<bool>(),
        ) {
            let choice = if random { Choice::Random(7) } else { Choice::Stride };
            let mut thin = Thin::new(most, choice);
            (0..).map(f64::from).zip(&values).for_each(|(x, y)| thin.push((x, *y)));
            let points = thin.points();
            prop_assert!(points.len() <= most && !points.is_empty());
            prop_assert!(points.len() * 5 >= most.min(values.len()));
            prop_assert!(points.is_sorted_by(|left, right| left.0 <= right.0));
            for end in [f64::min, f64::max] {
                let of = |all: &mut dyn Iterator<Item = f64>| all.reduce(end).unwrap();
                let wanted = of(&mut values.iter().copied());
                prop_assert_eq!(of(&mut points.iter().map(|point| point.1)).to_bits(), wanted.to_bits());
            }
        }
    }

    #[test]
    fn few_points_stay_as_they_are_and_chance_repeats_itself() {
        let draw = |most, choice| {
            let mut thin = Thin::new(most, choice);
            (0..100).map(f64::from).for_each(|x| thin.push((x, x * x)));
            thin.points()
        };
        assert_eq!(draw(100, Choice::Stride).len(), 100);
        assert_eq!(draw(20, Choice::Random(1)), draw(20, Choice::Random(1)));
        assert_ne!(draw(20, Choice::Random(1)), draw(20, Choice::Random(2)));
    }
}
