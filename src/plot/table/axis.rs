//! Axes of tables: numbers in whatever unit, times of day, times since a start.

use super::super::scale::{self, Axis, Unit};
use crate::table::time::{Clock, written};

/// Ticks along an axis, about.
const ACROSS: f64 = 8.0;
const UP: f64 = 6.0;
/// Lengths of time that a tick may be apart, from a second on.
const STEPS: [f64; 20] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
    10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
];
const DAY: f64 = 86_400.0;

/// The axis of values: from zero, unless they are far from it for how little they differ.
pub(super) fn values(label: &str, unit: Option<&str>, ends: (f64, f64)) -> Axis {
    let (low, high) = bounded(ends);
    let room = (high - low) * 0.04;
    let near = |end: f64, other: f64| end.abs() < (other - end).abs() * 2.0;
    let low = if low >= 0.0 && near(low, high) { 0.0 } else { low - room };
    let high = if high <= 0.0 && near(high, low) { 0.0 } else { high + room };
    numbers(label, unit, (low, high), UP)
}

/// The axis of numbers that are written whole and stand as far from `from` as `ends`, and no further.
pub(super) fn across(label: &str, unit: Option<&str>, ends: (f64, f64), from: f64) -> Axis {
    let whole = bounded_beside((ends.0 + from, ends.1 + from), from);
    moved(numbers(label, unit, whole, ACROSS), -from)
}

/// The axis of shares from zero on.
pub(super) fn shares(label: &str, highest: f64) -> Axis {
    Axis::from_zero(label, Unit::Share, [highest.max(1e-9)])
}

/// The same axis, where all that stands on it has moved `by` so much.
fn moved(mut axis: Axis, by: f64) -> Axis {
    axis.range = (axis.range.0 + by, axis.range.1 + by);
    axis.ticks.iter_mut().for_each(|(at, _)| *at += by);
    axis
}

/// Ends that are apart, and not so far that nothing lies between them.
fn bounded(ends: (f64, f64)) -> (f64, f64) {
    bounded_beside(ends, 0.0)
}

/// The same, and apart still when seen from `beside`.
fn bounded_beside((low, high): (f64, f64), beside: f64) -> (f64, f64) {
    let (low, high) = (low.clamp(-1e300, 1e300), high.clamp(-1e300, 1e300));
    if low > high || low.is_nan() || high.is_nan() {
        return (0.0, 1.0);
    }
    let beside = beside.clamp(-1e300, 1e300).abs() * 1e-12;
    let least = low.abs().max(high.abs()) * 1e-12;
    if high - low > least.max(beside) {
        return (low, high);
    }
    let half = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
    let half = half.max(beside * 10.0);
    (low - half, high + half)
}

fn numbers(label: &str, unit: Option<&str>, range: (f64, f64), wanted: f64) -> Axis {
    let in_bytes = matches!(unit, Some("bytes" | "byte" | "B"));
    let rough = (range.1 - range.0) / wanted;
    let step =
        if in_bytes && rough >= 1.0 { 2.0_f64.powf(rough.log2().ceil()) } else { round(rough) };
    let most = range.0.abs().max(range.1.abs());
    let word = |value: f64| if in_bytes { scale::bytes(value) } else { decimal(value, step, most) };
    let ticks = multiples(step, range).map(|tick| (tick, word(tick))).collect();
    let label = match unit {
        Some(unit) if !in_bytes => format!("{label} ({unit})"),
        _ => label.to_owned(),
    };
    Axis::with(&label, range, ticks)
}

/// The multiples of `step` within `range`; not many, whatever they are.
fn multiples(step: f64, range: (f64, f64)) -> impl Iterator<Item = f64> {
    let first = (range.0 / step).ceil();
    let slack = step * 1e-6;
    // An addition of zero takes the sign from it.
    let all = (0..=30).map(move |at| (first + f64::from(at)) * step + 0.0);
    all.take_while(move |tick| *tick <= range.1 + slack)
}

/// The least of 1, 2, 5 times a power of ten that is not below `rough`.
fn round(rough: f64) -> f64 {
    let ten = 10.0_f64.powf(rough.max(1e-300).log10().floor());
    [1.0, 2.0, 5.0]
        .map(|times| times * ten)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(ten * 10.0)
}

/// A number with as many digits as tell ticks of `step` apart, shortened by the size of the largest.
fn decimal(value: f64, step: f64, most: f64) -> String {
    let (size, sign) = match most {
        large if large >= 1e15 => return format!("{value:.1e}"),
        large if large >= 1e12 => (1e12, " T"),
        large if large >= 1e9 => (1e9, " G"),
        large if large >= 1e6 => (1e6, " M"),
        large if large >= 1e5 => (1e3, " k"),
        small if small < 1e-4 => {
            return if value == 0.0 { "0".to_owned() } else { format!("{value:.1e}") };
        }
        _ => (1.0, ""),
    };
    let digits = (-(step / size).log10().floor()).clamp(0.0, 9.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=9")]
    let digits = digits as usize;
    if value == 0.0 { "0".to_owned() } else { format!("{:.digits$}{sign}", value / size) }
}

/// How times of day are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Full,
    Medium,
    Short,
}

impl Layout {
    pub(super) fn of(word: Option<&str>) -> Self {
        match word {
            Some("full") => Self::Full,
            Some("short") => Self::Short,
            _ => Self::Medium,
        }
    }
}

/// The axis of instants, seconds after `first` in nanoseconds since 1970.
pub(super) fn instants(
    label: &str,
    (clock, first): (Clock, i64),
    ends: (f64, f64),
    layout: Layout,
) -> Axis {
    if !clock.has_date() {
        // It counts from somewhere: what is told is kept.
        let from = first as f64 / 1e9;
        return moved(since(label, (ends.0 + from, ends.1 + from)), -from);
    }
    let range = bounded(ends);
    let span = range.1 - range.0;
    let step = step_of(span / if layout == Layout::Full { 5.0 } else { ACROSS });
    let form = form(layout, step, span);
    // Ticks stand at round instants; what a second has in parts of it is kept apart to stay exact.
    let (whole, part) = (first.div_euclid(1_000_000_000), first.rem_euclid(1_000_000_000));
    let offset = (whole.rem_euclid(604_800) as f64 + part as f64 / 1e9).rem_euclid(step.max(1e-9));
    let ticks = multiples(step, (range.0 + offset, range.1 + offset)).map(|tick| tick - offset);
    let word = |at: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let nanos = first.saturating_add((at * 1e9).round() as i64);
        written(nanos, &form)
    };
    let day = written(first, "%Y-%m-%d");
    let date =
        if layout == Layout::Full || span >= DAY { String::new() } else { format!("{day}, ") };
    Axis::with(&format!("{label} ({date}UTC)"), range, ticks.map(|at| (at, word(at))).collect())
}

fn form(layout: Layout, step: f64, span: f64) -> String {
    let fraction = match step {
        coarse if coarse >= 1.0 => "",
        milli if milli >= 1e-3 => "%.3f",
        micro if micro >= 1e-6 => "%.6f",
        _ => "%.9f",
    };
    match layout {
        Layout::Full => format!("%Y-%m-%d %H:%M:%S{fraction}"),
        _ if span >= 10.0 * DAY => "%m-%d".to_owned(),
        _ if span >= DAY => "%m-%d %H:%M".to_owned(),
        Layout::Short if step < 60.0 => format!("%M:%S{fraction}"),
        Layout::Short => "%H:%M".to_owned(),
        Layout::Medium => format!("%H:%M:%S{fraction}"),
    }
}

/// The axis of seconds since a start.
pub(super) fn since(label: &str, ends: (f64, f64)) -> Axis {
    let range = bounded(ends);
    let span = range.1 - range.0;
    let step = step_of(span / ACROSS);
    let (form, word): (&str, fn(f64) -> String) = match range.1 {
        short if short < 120.0 => ("", |at| scale::written(at, Unit::Seconds)),
        middle if middle < 7_200.0 => (" (min:s)", |at| clock_words(at)),
        _ => (" (h:min)", |at| clock_words(at / 60.0)),
    };
    let ticks = multiples(step, range).map(|at| (at, word(at))).collect();
    Axis::with(&format!("{label}{form}"), range, ticks)
}

/// `12:05` of 12 and 5 sixtieths.
fn clock_words(sixtieths: f64) -> String {
    let sign = if sixtieths < 0.0 { "−" } else { "" };
    let all = sixtieths.abs().round();
    format!("{sign}{}:{:02}", (all / 60.0).floor(), all % 60.0)
}

fn step_of(rough: f64) -> f64 {
    if rough < 0.75 {
        return round(rough);
    }
    STEPS.into_iter().find(|step| *step >= rough).unwrap_or_else(|| round(rough / DAY) * DAY)
}
