//! Where values stand along a side of a picture, and the round ones that are written there.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// One side of a picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    /// Round values and how they are written.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Lengths between two ticks of time, in seconds.
const STEPS: [f64; 22] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1_800.0,
    3_600.0,
    7_200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    2_592_000.0,
    31_536_000.0,
];
/// Ticks wished for.
const TICKS: f64 = 5.0;

impl Axis {
    /// An axis for `values`; from zero where that does not press them together.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = range(values)?;
        let low = if low > 0.0 && low < 0.6 * high { 0.0 } else { low };
        let (low, high) = widened(low, high);
        let step = step((high - low) / TICKS);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        Some(Self { low, high, ticks: ticks(low, high, step, short) })
    }

    /// An axis that ends with its values.
    pub(super) fn along(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = range(values)?;
        let (low, high) = widened(low, high);
        let step = step((high - low) / TICKS);
        Some(Self { low, high, ticks: ticks(low, high, step, short) })
    }

    /// An axis of times in seconds since 1970, in the time of `zone`.
    pub(super) fn time(values: impl Iterator<Item = f64>, zone: &TimeZone) -> Option<Self> {
        let (low, high) = range(values)?;
        let (low, high) = if high - low < 1.0 { (low - 1.0, high + 1.0) } else { (low, high) };
        let wished = (high - low) / TICKS;
        let last = STEPS[STEPS.len() - 1];
        let fixed = STEPS.into_iter().find(|step| *step >= wished);
        let step = fixed.unwrap_or_else(|| (wished / last).ceil() * last);
        Some(Self { low, high, ticks: ticks(low, high, step, |at| clock(at, step, zone)) })
    }

    /// Where `value` is, 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.filter(|value| value.is_finite() && value.abs() < 1e300);
    finite.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((value.min(low), value.max(high)))
    })
}

/// The range, or one around its only value.
fn widened(low: f64, high: f64) -> (f64, f64) {
    if high - low > f64::EPSILON * low.abs().max(high.abs()) * 8.0 && high > low {
        return (low, high);
    }
    let by = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
    (low - by, high + by)
}

/// The round number next above `least`: 1, 2 or 5 by a power of ten.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    factors.map(|factor| factor * power).into_iter().find(|step| *step >= least).unwrap_or(least)
}

fn ticks(low: f64, high: f64, step: f64, words: impl Fn(f64) -> String) -> Vec<(f64, String)> {
    let first = (low / step - 1e-9).ceil();
    let at = |number: u32| (first + f64::from(number)) * step;
    let all = (0..16).map(at).take_while(|at| *at <= high + step * 1e-9);
    all.map(|at| (at, words(if at.abs() < step * 1e-9 { 0.0 } else { at }))).collect()
}

/// `value` in at most four digits, with a letter for its size.
pub(super) fn short(value: f64) -> String {
    let large = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let size = value.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.1e}");
    }
    let (by, letter) = large.into_iter().find(|(by, _)| size >= *by).unwrap_or((1.0, ""));
    let digits = digits(size / by, 3);
    trimmed(format!("{:.digits$}", value / by)) + letter
}

/// `value` in five digits.
pub(super) fn figure(value: f64) -> String {
    let size = value.abs();
    if size >= 1e12 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.3e}");
    }
    let digits = digits(size, 5);
    trimmed(format!("{value:.digits$}"))
}

/// Digits behind the point, so that there are `most` in all.
fn digits(size: f64, most: usize) -> usize {
    let before = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5];
    let before = before.into_iter().filter(|bound| size >= *bound).count();
    if size < 0.1 { most + 1 } else { most.saturating_sub(before) }
}

fn trimmed(number: String) -> String {
    if !number.contains('.') {
        return number;
    }
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time as is needed to tell it from the next, `step` seconds later.
fn clock(seconds: f64, step: f64, zone: &TimeZone) -> String {
    let Some(at) = instant(seconds) else { return String::new() };
    let form = match step {
        step if step >= 86_400.0 => "%m-%d",
        step if step >= 21_600.0 => "%m-%d %Hh",
        step if step >= 60.0 => "%H:%M",
        _ => "%H:%M:%S",
    };
    at.to_zoned(zone.clone()).strftime(form).to_string()
}

/// The instant `seconds` since 1970.
pub(super) fn instant(seconds: f64) -> Option<Timestamp> {
    let length = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        let words = |axis: Axis| axis.ticks.into_iter().map(|tick| tick.1).collect::<Vec<_>>();
        let of = |values: [f64; 2]| words(Axis::of(values.into_iter()).unwrap());
        assert_eq!(of([3.0, 97.0]), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(of([-1.0, 1.0]), ["-1", "-0.5", "0", "0.5", "1"]);
        assert_eq!(of([0.0, 2.4e6]), ["0", "500k", "1M", "1.5M", "2M", "2.5M"]);
        assert_eq!(of([7.0, 7.0]).len(), 5, "one value has an axis too");
        let time = Axis::time([0.0, 240.0].into_iter(), &TimeZone::UTC).unwrap();
        assert_eq!(words(time), ["00:00", "00:01", "00:02", "00:03", "00:04"]);
        assert_eq!(Axis::of([f64::NAN].into_iter()), None);
    }

    #[test]
    fn numbers_are_short() {
        let words: Vec<String> = [0.0, 0.05, 12.5, 999.9, 1_234.0, -2e6, 1e-9].map(short).into();
        assert_eq!(words, ["0", "0.05", "12.5", "1000", "1.23k", "-2M", "1.0e-9"]);
        let words: Vec<String> = [12.345_678, 123_456.7, 0.25].map(figure).into();
        assert_eq!(words, ["12.346", "123457", "0.25"]);
    }

    proptest! {
        #[test]
        fn whatever_comes_stands_within(values in prop::collection::vec(any::<f64>(), 1..20)) {
            let zone = TimeZone::UTC;
            let all = [
                Axis::of(values.iter().copied()),
                Axis::along(values.iter().copied()),
                Axis::time(values.iter().copied(), &zone),
            ];
            for axis in all.into_iter().flatten() {
                prop_assert!(axis.ticks.len() <= 16);
                for value in values.iter().filter(|value| value.is_finite()) {
                    prop_assert!((0.0..=1.0).contains(&axis.place(*value)), "{value} {axis:?}");
                }
            }
        }
    }
}
