//! How the numbers of a column go from the first row to the last, in a bounded number of parts.

/// Parts at most; at least half as many once there are that many rows.
pub(super) const PARTS: usize = 300;

/// Means of equally many rows each. When there would be too many parts, each two become one.
#[derive(Clone, Debug)]
pub(super) struct Course {
    each: u64,
    parts: Vec<(f64, u64)>,
}

impl Default for Course {
    fn default() -> Self {
        Self { each: 1, parts: Vec::new() }
    }
}

impl Course {
    /// Takes in the number of row `row`, from 0; rows come in ascending order.
    pub(super) fn push(&mut self, row: u64, value: f64) {
        while row / self.each >= PARTS as u64 {
            self.parts = self.parts.chunks(2).map(both).collect();
            self.each *= 2;
        }
        let part = usize::try_from(row / self.each).unwrap_or(PARTS - 1);
        if part >= self.parts.len() {
            self.parts.resize(part + 1, (0.0, 0));
        }
        let (mean, n) = &mut self.parts[part];
        *n += 1;
        *mean += value / *n as f64 - *mean / *n as f64;
    }

    /// The mean of each part that has a number.
    pub(super) fn means(&self) -> Vec<f64> {
        self.parts.iter().filter(|(_, n)| *n > 0).map(|(mean, _)| *mean).collect()
    }
}

fn both(pair: &[(f64, u64)]) -> (f64, u64) {
    let n: u64 = pair.iter().map(|(_, n)| n).sum();
    let mean = pair.iter().map(|(mean, of)| mean * (*of as f64 / n.max(1) as f64)).sum();
    (mean, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_it_once() {
        let mut course = Course::default();
        for row in 0..10_000_u32 {
            course.push(u64::from(row), f64::from(row));
        }
        let means = course.means();
        assert!((PARTS / 2..=PARTS).contains(&means.len()), "{}", means.len());
        assert!(means.is_sorted());
        let all: f64 = course.parts.iter().map(|(mean, n)| mean * *n as f64).sum();
        assert!((all - 49_995_000.0).abs() < 1e-3, "{all}");
    }

    #[test]
    fn rows_without_a_number_leave_no_zero() {
        let mut course = Course::default();
        course.push(0, 4.0);
        course.push(7, 6.0);
        assert_eq!(course.means(), [4.0, 6.0]);
    }
}
