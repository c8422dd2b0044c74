//! Rows of several shapes side by side, and the means of those that fall together.
//!
//! A value that is missing counts for nothing: the mean is over those that are known, and missing where
//! none is. A slot without a row makes none: a gap stays a gap.

use std::collections::HashMap;

use super::body::Chunk;
use crate::model::text::SafeText;
use crate::track::Shape;

/// The columns of several shapes, each once.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) names: Vec<SafeText>,
}

impl Columns {
    /// Where the columns of `shape` stand among all.
    pub(super) fn places(&mut self, shape: &Shape) -> Vec<usize> {
        let place = |name: &SafeText| {
            self.names.iter().position(|known| known == name).unwrap_or_else(|| {
                self.names.push(name.clone());
                self.names.len() - 1
            })
        };
        shape.columns().iter().map(place).collect()
    }

    /// The one shape with all of them.
    pub(super) fn shape(&self) -> Shape {
        Shape::new(self.names.iter().cloned())
    }
}

/// Shapes by their number.
pub(super) type Shapes = HashMap<u32, Shape>;

/// Means of what falls together, in the order of time.
#[derive(Debug)]
pub(super) struct Means {
    step: i64,
    slot: Option<i64>,
    sums: Vec<(f64, u32)>,
    at: Vec<i64>,
    rows: Vec<Vec<f32>>,
}

impl Means {
    /// Slots of `step` milliseconds; of 1 where nothing is to fall together.
    pub(super) fn new(step: i64) -> Self {
        let step = step.max(1);
        Self { step, slot: None, sums: Vec::new(), at: Vec::new(), rows: Vec::new() }
    }

    /// Takes a row: of each value its column. What is earlier than the slot before is passed over.
    pub(super) fn push(&mut self, at: i64, places: &[usize], values: impl Iterator<Item = f32>) {
        let slot = at.div_euclid(self.step);
        match self.slot {
            Some(before) if slot < before => return,
            Some(before) if slot == before && self.step == 1 => return,
            Some(before) if slot == before => {}
            _ => {
                self.flush();
                self.slot = Some(slot);
            }
        }
        for (place, value) in places.iter().zip(values) {
            if self.sums.len() <= *place {
                self.sums.resize(place + 1, (0.0, 0));
            }
            if let Some(sum) = self.sums.get_mut(*place).filter(|_| value.is_finite()) {
                *sum = (sum.0 + f64::from(value), sum.1 + 1);
            }
        }
    }

    fn flush(&mut self) {
        let Some(slot) = self.slot.take() else { return };
        #[expect(clippy::cast_possible_truncation, reason = "a mean of such numbers is one")]
        let mean = |(sum, count): &(f64, u32)| (sum / f64::from(*count)) as f32;
        self.at.push(slot * self.step);
        self.rows.push(self.sums.iter().map(mean).collect());
        self.sums.clear();
    }

    /// When the rows are, and what they are: NaN, or too short, is missing.
    pub(super) fn end(mut self) -> (Vec<i64>, Vec<Vec<f32>>) {
        self.flush();
        (self.at, self.rows)
    }

    /// The rows as a chunk that begins at `start`, with `width` columns.
    pub(super) fn into_chunk(self, start: i64, shape: u32, width: usize) -> Chunk {
        let (at, rows) = self.end();
        let after = |at: &i64| u32::try_from(at - start).unwrap_or_default();
        let value = |row: &Vec<f32>, column| row.get(column).copied().unwrap_or(f32::NAN);
        let column = |column| rows.iter().map(|row| value(row, column)).collect();
        Chunk {
            shape,
            after: at.iter().map(after).collect(),
            columns: (0..width).map(column).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_counts_for_nothing() {
        let mut means = Means::new(10);
        for (at, value) in [(0, 1.0), (3, f32::NAN), (9, 3.0), (10, f32::NAN), (45, 7.0)] {
            means.push(at, &[1], std::iter::once(value));
        }
        let (at, rows) = means.end();
        assert_eq!(at, [0, 10, 40], "no slot is made up");
        assert!(rows[0][0].is_nan(), "another's column");
        assert!((rows[0][1] - 2.0).abs() < f32::EPSILON);
        assert!(rows[1][1].is_nan());
    }

    #[test]
    fn an_instant_is_there_once() {
        let mut means = Means::new(1);
        for (at, value) in [(5, 1.0), (5, 9.0), (4, 9.0), (6, 2.0)] {
            means.push(at, &[0], std::iter::once(value));
        }
        assert_eq!(means.end(), (vec![5, 6], vec![vec![1.0], vec![2.0]]));
    }

    #[test]
    fn shapes_share_what_they_have_in_common() {
        let shape = |names: &[&str]| Shape::new(names.iter().map(|name| SafeText::new(name)));
        let mut columns = Columns::default();
        assert_eq!(columns.places(&shape(&["a", "b"])), [0, 1]);
        assert_eq!(columns.places(&shape(&["b", "c"])), [1, 2]);
        assert_eq!(columns.shape(), shape(&["a", "b", "c"]));
    }
}
