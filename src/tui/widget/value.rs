//! How values are written: one place for units, missing values and ages.

use std::fmt::Display;
use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::Span;

use super::super::look::Look;
use crate::model::reading::Reading;
use crate::model::unit::{BytesPerSecond, Celsius, Ratio, Seconds, Watts, three_digits};
use crate::state::history::Scale;

/// What stands for a missing value.
pub const MISSING: &str = "—";

/// `value`, which is kept in the unit of `scale`, with its unit.
pub fn written(scale: Scale, value: f64) -> String {
    match scale {
        Scale::Percent => percent(Ratio::new(value / 100.0)),
        Scale::ByteRate => BytesPerSecond(value).to_string(),
        Scale::Celsius => Celsius(value).to_string(),
        Scale::Watts => Watts(value).to_string(),
        Scale::Seconds => Seconds(value).to_string(),
        Scale::Plain => three_digits(value),
    }
}

/// A share in percent, or the dash.
pub fn percent(share: Option<Ratio>) -> String {
    share.map_or_else(|| MISSING.to_owned(), |share| share.to_string())
}

/// The value in `style`, or the dash in muted.
pub fn span<T: Display>(reading: &Reading<T>, style: Style, look: &Look<'_>) -> Span<'static> {
    maybe(reading.known(), style, look)
}

/// The value in `style`, or the dash in muted.
pub fn maybe<T: Display>(value: Option<T>, style: Style, look: &Look<'_>) -> Span<'static> {
    match value {
        Some(value) => Span::styled(value.to_string(), style),
        None => Span::styled(MISSING, look.theme.muted),
    }
}

/// The top of an axis for values up to `highest`: fixed for percent, else the next round number.
pub fn ceiling(scale: Scale, highest: f64) -> f64 {
    match scale {
        Scale::Percent => 100.0,
        Scale::Celsius => highest.max(100.0),
        Scale::ByteRate => highest.max(1024.0).log2().ceil().exp2(),
        Scale::Watts => round_up(highest.max(10.0)),
        Scale::Seconds => round_up(highest.max(1e-3)),
        Scale::Plain => round_up(highest.max(1.0)),
    }
}

/// The next of 1, 2, 5, 10, 20, 50 … that is not below `value`.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= value).unwrap_or(value)
}

/// How long ago, in whole seconds below a minute.
pub fn age(length: Duration) -> String {
    match length.as_secs() {
        0 => "now".to_owned(),
        seconds @ 1..=59 => format!("{seconds} s"),
        seconds => Seconds(seconds as f64).to_string(),
    }
}

/// The same as part of a sentence: `4 s ago`, `just now`.
pub fn ago(length: Duration) -> String {
    match length.as_secs() {
        0 => "just now".to_owned(),
        _ => format!("{} ago", age(length)),
    }
}

/// `1 disk`, `2 disks`.
pub fn many(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// `names: reason` of `gaps`, which are names with their reasons: each reason is said once.
pub fn together<'n>(gaps: impl IntoIterator<Item = (&'n str, String)>) -> Vec<String> {
    let mut by_reason: Vec<(Vec<&str>, String)> = Vec::new();
    for (name, reason) in gaps {
        match by_reason.iter_mut().find(|(_, known)| *known == reason) {
            Some((names, _)) => names.push(name),
            None => by_reason.push((vec![name], reason)),
        }
    }
    let said = |(names, reason): (Vec<&str>, String)| format!("{}: {reason}", names.join(", "));
    by_reason.into_iter().map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_once() {
        let gaps = [("fan", "asleep"), ("ECC", "not offered"), ("clock", "asleep")];
        let said = together(gaps.map(|(name, reason)| (name, reason.to_owned())));
        assert_eq!(said, ["fan, clock: asleep", "ECC: not offered"]);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let tops = [0.3, 1.1, 3.0, 48.0, 900.0]
            .map(|top| written(Scale::Plain, ceiling(Scale::Plain, top)));
        assert_eq!(tops, ["1.00", "2.00", "5.00", "50.0", "1000"]);
        assert_eq!(written(Scale::ByteRate, ceiling(Scale::ByteRate, 3_000.0)), "4.00 KiB/s");
        assert_eq!(written(Scale::Percent, ceiling(Scale::Percent, 3.0)), "100 %");
    }

    #[test]
    fn ages_are_short() {
        let ages = [0, 4, 65, 7_200].map(|seconds| age(Duration::from_secs(seconds)));
        assert_eq!(ages, ["now", "4 s", "1m 05s", "2h 00m"]);
    }
}
