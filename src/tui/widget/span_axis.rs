//! An axis for lengths of time: linear from zero, or logarithmic when the lengths are far apart.
//!
//! A linear axis always begins at zero, so that a bar twice as long is twice the time. Where the
//! longest is more than fifty times the shortest the short ones could not be seen; then the axis is
//! logarithmic and says so.

use crate::model::unit::Seconds;

/// From this ratio of the longest to the shortest on, the axis is logarithmic.
const FAR_APART: f64 = 50.0;

/// An axis from `low` to `high` seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpanAxis {
    low: f64,
    high: f64,
    log: bool,
}

impl SpanAxis {
    /// An axis that shows every one of `values`; `None` if none of them is a length above zero.
    pub fn over(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let seen = values.into_iter().filter(|v| v.is_finite() && *v > 1e-12);
        let (min, max) =
            seen.fold((f64::INFINITY, 0.0_f64), |(min, max), v| (min.min(v), max.max(v)));
        if !min.is_finite() {
            return None;
        }
        let log = max / min > FAR_APART;
        let low = if log { 10_f64.powf(min.log10().floor()) } else { 0.0 };
        Some(Self { low, high: max, log })
    }

    /// What has to be said about it.
    pub fn words(&self) -> String {
        if self.log {
            format!("log scale from {}", Seconds(self.low))
        } else {
            "linear scale from 0".to_owned()
        }
    }

    /// Where `value` lies on an axis of `width` columns: 0.0 at its start to `width` at its end.
    pub fn at(&self, value: f64, width: usize) -> f64 {
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            value / self.high
        };
        if share.is_nan() {
            return 0.0;
        }
        share.clamp(0.0, 1.0) * width as f64
    }

    /// The column of `value`, 0 to `width - 1`.
    pub fn column(&self, value: f64, width: usize) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`at` is within 0..=width"
        )]
        let column = self.at(value, width) as usize;
        column.min(width.saturating_sub(1))
    }

    /// Round values along the axis, ascending.
    fn marks(&self, width: usize) -> Vec<f64> {
        if self.log {
            let first = self.low.log10().round();
            let decades = (self.high / self.low).log10().floor();
            return (0..=30)
                .map(f64::from)
                .take_while(|step| *step <= decades)
                .map(|step| 10_f64.powf(first + step))
                .collect();
        }
        let step = round_step(self.high * 14.0 / width.max(14) as f64);
        (0..=20)
            .map(|count| f64::from(count) * step)
            .take_while(|mark| *mark <= self.high)
            .collect()
    }

    /// A line of `width` columns with round values written where they lie.
    pub fn line(&self, width: usize) -> String {
        let mut line = String::new();
        let mut used = 0;
        for mark in self.marks(width) {
            let words = short(mark);
            let length = words.chars().count() + 1;
            let column = self.column(mark, width);
            if column >= used && column + length <= width {
                line.push_str(&" ".repeat(column - used));
                line.push('│');
                line.push_str(&words);
                used = column + length;
            }
        }
        line + &" ".repeat(width.saturating_sub(used))
    }
}

/// The smallest of 1, 2, 5, 10 … times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.max(1e-12).log10().floor());
    [1.0, 2.0, 5.0]
        .map(|times| times * decade)
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * decade)
}

/// A round length without needless zeros: `5 ms`, not `5.00 ms`.
fn short(seconds: f64) -> String {
    if seconds <= 0.0 {
        return "0".to_owned();
    }
    let long = Seconds(seconds).to_string();
    match long.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {unit}")
        }
        _ => long,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_linear_from_zero_until_lengths_are_far_apart() {
        let near = SpanAxis::over([0.01, 0.1]).unwrap();
        assert_eq!(near.words(), "linear scale from 0");
        assert_eq!(near.column(0.05, 100), 50);
        let far = SpanAxis::over([0.001, 0.1]).unwrap();
        assert_eq!(far.words(), "log scale from 1.00 ms");
        assert_eq!(far.column(0.01, 100), 50);
    }

    #[test]
    fn what_is_no_length_makes_no_axis() {
        assert_eq!(SpanAxis::over([f64::NAN, -1.0, 0.0, f64::INFINITY]), None);
    }

    #[test]
    fn round_values_stand_where_they_lie() {
        let axis = SpanAxis::over([0.02, 0.1]).unwrap();
        assert_eq!(axis.line(40), "│0                  │50 ms              ");
        let far = SpanAxis::over([0.000_5, 0.1]).unwrap();
        assert_eq!(far.line(31), "│100 µs   │1 ms     │10 ms     ");
    }
}
