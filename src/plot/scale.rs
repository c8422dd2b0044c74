//! Axes: which values stand where, and what is written at them.

use crate::model::unit::{Bytes, three_digits};

/// What the values of an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, written as ns, µs, ms or s.
    Seconds,
    /// Bytes, written as KiB, MiB …
    Bytes,
    /// A share, 0..=1, written in percent.
    Share,
    /// A plain number.
    Number,
}

/// How values become places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm; every value is above 0.
    Log,
    /// Rows, 0 the first, each as high as the others.
    Rows,
}

/// One axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// How values become places.
    pub scale: Scale,
    /// Its two ends, the first below the second.
    pub range: (f64, f64),
    /// Values that are written, and what is written.
    pub ticks: Vec<(f64, String)>,
}

/// Ticks on an axis at most.
const TICKS: f64 = 6.0;
/// How many times as large the largest value must be before an axis goes by the logarithm.
pub(super) const WIDE: f64 = 20.0;

impl Axis {
    /// From zero to a little more than the largest of `values`.
    pub(super) fn from_zero(
        label: &str,
        unit: Unit,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let largest = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        // Beyond this an axis would have no end.
        let end = if largest > 0.0 { largest.min(1e300) * 1.02 } else { 1.0 };
        let step = step(end, unit);
        let ticks = (0..=20).map(|k| f64::from(k) * step).take_while(|tick| *tick <= end);
        let range = (0.0, end);
        Self { label: label.to_owned(), scale: Scale::Linear, range, ticks: named(ticks, unit) }
    }

    /// Around `values`: by the logarithm where the largest is many times the smallest, which the label
    /// then says; else from zero.
    pub(super) fn around(label: &str, unit: Unit, values: &[f64]) -> Self {
        let above = || values.iter().copied().filter(|value| value.is_finite() && *value > 0.0);
        let (low, high) = (above().fold(f64::INFINITY, f64::min), above().fold(0.0, f64::max));
        if !low.is_finite() || high / low < WIDE {
            return Self::from_zero(label, unit, values.iter().copied());
        }
        let range = (low / 1.15, high * 1.15);
        let label = format!("{label}, logarithmic");
        Self { label, scale: Scale::Log, range, ticks: named(decades(range), unit) }
    }

    /// Rows with these names.
    pub(super) fn rows(names: Vec<String>) -> Self {
        let range = (-0.5, names.len() as f64 - 0.5);
        let ticks = (0..).map(f64::from).zip(names).collect();
        Self { label: String::new(), scale: Scale::Rows, range, ticks }
    }

    /// From `low` to `high` with these ticks.
    pub(super) fn with(label: &str, range: (f64, f64), ticks: Vec<(f64, String)>) -> Self {
        Self { label: label.to_owned(), scale: Scale::Linear, range, ticks }
    }

    /// Where `value` stands, 0 at the lower end and 1 at the upper; `None` where it cannot.
    pub fn place(&self, value: f64) -> Option<f64> {
        let (low, high) = self.range;
        let share = match self.scale {
            Scale::Log => (value.ln() - low.ln()) / (high.ln() - low.ln()),
            Scale::Linear | Scale::Rows => (value - low) / (high - low),
        };
        share.is_finite().then_some(share)
    }
}

fn named(values: impl Iterator<Item = f64>, unit: Unit) -> Vec<(f64, String)> {
    values.map(|value| (value, written(value, unit))).collect()
}

/// A step of 1, 2 or 5 times a power of ten, or of two for bytes, so that there are few.
fn step(end: f64, unit: Unit) -> f64 {
    let rough = end / TICKS;
    if unit == Unit::Bytes && rough >= 1.0 {
        return 2.0_f64.powf(rough.log2().ceil());
    }
    let ten = 10.0_f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].map(|times| times * ten);
    nice.into_iter().find(|step| *step >= rough).unwrap_or(ten * 10.0)
}

/// The powers of ten within `range`, every second or third where they are many; what lies between them
/// too where they are few.
fn decades(range: (f64, f64)) -> impl Iterator<Item = f64> {
    let (low, high) = (range.0.log10(), range.1.log10());
    let stride = ((high - low) / 8.0).ceil().max(1.0);
    let between: &[f64] = match high - low {
        narrow if narrow < 3.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let all = (0..=9).map(move |k| low.floor() + f64::from(k) * stride);
    let ticks = all.flat_map(|power| between.iter().map(move |times| times * 10.0_f64.powf(power)));
    ticks.filter(move |tick| *tick >= range.0 && *tick <= range.1)
}

/// A tick's words: no more digits than it needs.
pub(super) fn written(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => format!("{} %", short(value * 100.0)),
        Unit::Number => short(value),
        Unit::Bytes => bytes(value),
        Unit::Seconds => {
            let (size, name) = match value.abs() {
                0.0 => (value, "s"),
                small if small < 0.999e-6 => (value * 1e9, "ns"),
                small if small < 0.999e-3 => (value * 1e6, "µs"),
                small if small < 0.999 => (value * 1e3, "ms"),
                _ => (value, "s"),
            };
            if value == 0.0 { "0".to_owned() } else { format!("{} {name}", short(size)) }
        }
    }
}

/// Bytes, which may be fewer than none where a difference is meant.
pub(super) fn bytes(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let size = Bytes(value.abs() as u64).to_string();
    let size = size.replacen(".00 ", " ", 1);
    if value < 0.0 { format!("−{size}") } else { size }
}

/// A number without trailing zeros, with an exponent where it would be long.
fn short(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) {
        return format!("{value:.0e}");
    }
    let text = if value.abs() >= 10.0 { format!("{value:.1}") } else { format!("{value:.3}") };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-" { "0".to_owned() } else { text.to_owned() }
}

/// `1.23×`.
pub(super) fn times(value: f64) -> String {
    format!("{}×", three_digits(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let words = |axis: Axis| axis.ticks.into_iter().map(|(_, word)| word).collect::<Vec<_>>();
        let axis = Axis::from_zero("t", Unit::Seconds, [0.047]);
        assert_eq!(words(axis), ["0", "10 ms", "20 ms", "30 ms", "40 ms"]);
        let axis = Axis::around("t", Unit::Seconds, &[36e-6, 0.05]);
        assert_eq!((axis.label.as_str(), axis.scale), ("t, logarithmic", Scale::Log));
        assert_eq!(words(axis), ["100 µs", "1 ms", "10 ms"]);
        let axis = Axis::from_zero("m", Unit::Bytes, [5.1e6]);
        assert_eq!(words(axis), ["0 B", "1 MiB", "2 MiB", "3 MiB", "4 MiB"]);
    }

    #[test]
    fn nothing_and_zero_have_an_axis_too() {
        for values in [&[][..], &[0.0], &[f64::NAN, f64::INFINITY], &[0.0, 1.0]] {
            let axis = Axis::around("t", Unit::Seconds, values);
            assert_eq!(axis.place(axis.range.0), Some(0.0));
            assert_eq!(axis.place(axis.range.1), Some(1.0));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_measured_has_a_place(
            values in prop::collection::vec(prop_oneof![0.0..1e-3_f64, 1e-9..1e9_f64, Just(1e300)], 1..30),
        ) {
            let axis = Axis::around("t", Unit::Seconds, &values);
            prop_assert!(axis.ticks.len() <= 24);
            for value in values.into_iter().filter(|value| *value > 0.0) {
                let place = axis.place(value).unwrap();
                prop_assert!((-1e-9..=1.0 + 1e-9).contains(&place), "{value} at {place} of {axis:?}");
            }
        }
    }
}
