//! What happened when, in a bounded number of equal stretches of time.
//!
//! The stretches grow with the run: when there would be too many, each two become one. So a picture
//! of a run costs the same after a minute and after an hour, and the highest of a stretch is never
//! lost.

/// Most stretches; there are at least half as many once time has gone on.
const MOST: usize = 1_024;
/// Length of a stretch at first, in seconds.
const FIRST: f64 = 1e-3;
/// No run is longer, in seconds.
const LONGEST: f64 = 1e9;

/// What can become one with what follows.
pub trait Merge: Clone + Default {
    /// Takes `later` in.
    fn merge(&mut self, later: &Self);
}

/// Stretches of time from 0 on.
#[derive(Clone, Debug, PartialEq)]
pub struct Course<T> {
    each_seconds: f64,
    parts: Vec<T>,
}

impl<T> Default for Course<T> {
    fn default() -> Self {
        Self { each_seconds: FIRST, parts: Vec::new() }
    }
}

impl<T: Merge> Course<T> {
    /// The stretch that holds `at_seconds`; `None` for what is no time of a run.
    pub fn at(&mut self, at_seconds: f64) -> Option<&mut T> {
        if !(0.0..LONGEST).contains(&at_seconds) {
            return None;
        }
        while at_seconds / self.each_seconds >= MOST as f64 {
            self.halve();
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 0..MOST"
        )]
        let part = (at_seconds / self.each_seconds) as usize;
        if part >= self.parts.len() {
            self.parts.resize(part + 1, T::default());
        }
        self.parts.get_mut(part)
    }

    /// Each two stretches become one.
    fn halve(&mut self) {
        let both = |pair: &[T]| {
            let mut one = pair[0].clone();
            pair.iter().skip(1).for_each(|later| one.merge(later));
            one
        };
        self.parts = self.parts.chunks(2).map(both).collect();
        self.each_seconds *= 2.0;
    }

    /// The middle of each stretch in seconds, and what it holds.
    pub fn parts(&self) -> impl Iterator<Item = (f64, &T)> {
        let middle = |at: usize| (at as f64 + 0.5) * self.each_seconds;
        self.parts.iter().enumerate().map(move |(at, part)| (middle(at), part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Merge for u32 {
        fn merge(&mut self, later: &Self) {
            *self += later;
        }
    }

    #[test]
    fn stretches_grow_and_nothing_is_lost() {
        let mut course = Course::<u32>::default();
        for second in 0..5_000 {
            *course.at(f64::from(second)).unwrap() += 1;
        }
        let parts: Vec<_> = course.parts().collect();
        assert!((MOST / 2..=MOST).contains(&parts.len()), "{}", parts.len());
        assert_eq!(parts.iter().map(|(_, count)| **count).sum::<u32>(), 5_000);
        assert!(parts.last().unwrap().0 <= 5_008.0);
    }

    #[test]
    fn what_is_no_time_has_no_place() {
        let mut course = Course::<u32>::default();
        for odd in [f64::NAN, -1.0, f64::INFINITY, 1e300] {
            assert_eq!(course.at(odd), None);
        }
        assert_eq!(course.parts().count(), 0);
    }
}
