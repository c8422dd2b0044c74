//! Numbers with a unit, so that a percent is never added to a byte.
//!
//! In JSON each is a plain number; the field that holds it names the unit (`memory_bytes`).
//! `Display` is how the number looks on the screen: three significant digits, unit attached.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub $inner);
    };
}

quantity!(
    /// An amount of memory or storage, in bytes; shown with 1024-based units (KiB, MiB …).
    Bytes(u64)
);
quantity!(
    /// Bytes per second, 0 or more; shown with 1024-based units.
    BytesPerSecond(f64)
);
quantity!(
    /// Events per second (I/O operations, packets, samples), 0 or more.
    PerSecond(f64)
);
quantity!(
    /// Temperature in degrees Celsius.
    Celsius(f64)
);
quantity!(
    /// Electrical power in watts.
    Watts(f64)
);
quantity!(
    /// Energy in joules, 0 or more; shown in Wh and its multiples, as it is paid for.
    Joules(f64)
);
quantity!(
    /// A clock frequency in hertz.
    Hertz(u64)
);
quantity!(
    /// A length of time in seconds, 0 or more; shown in ns, µs, ms, s, m, h or d.
    Seconds(f64)
);

/// A share of a whole, always finite and within 0..=1; shown in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Ratio(f64);

impl Ratio {
    /// `part` of `whole`, clamped to 0..=1; `None` when the answer is not a number.
    pub fn of(part: f64, whole: f64) -> Option<Self> {
        Self::new(part / whole)
    }

    /// Clamps to 0..=1; `None` for NaN and the infinities, which are no share of anything.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then(|| Self(value.clamp(0.0, 1.0)))
    }

    /// The share as a fraction, 0..=1.
    pub const fn fraction(self) -> f64 {
        self.0
    }

    /// The share in percent, 0..=100.
    pub const fn percent(self) -> f64 {
        self.0 * 100.0
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(from)?;
        Self::new(value).ok_or_else(|| serde::de::Error::custom("a ratio must be finite"))
    }
}

impl From<Duration> for Seconds {
    fn from(length: Duration) -> Self {
        Self(length.as_secs_f64())
    }
}

/// `value` with three significant digits: `1.23`, `12.3`, `123`, `1234`.
pub fn three_digits(value: f64) -> String {
    match value.abs() {
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// So many times something, with its range: `12.1 (11.5–12.9)`; a small part of it as a fraction,
/// `1/144 (138–150)`.
pub fn as_many_times(times: f64, range: Option<(f64, f64)>) -> String {
    let is_part = times > 0.0 && times < 0.1;
    let range =
        range.map(|(low, high)| if is_part { (1.0 / high, 1.0 / low) } else { (low, high) });
    let range = range.map(|(low, high)| format!(" ({}–{})", three_digits(low), three_digits(high)));
    let bare =
        if is_part { format!("1/{}", three_digits(1.0 / times)) } else { three_digits(times) };
    bare + &range.unwrap_or_default()
}

const BINARY: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

fn binary(value: f64) -> String {
    let mut size = value;
    let mut step = 0;
    while size >= 999.5 && step < BINARY.len() - 1 {
        size /= 1024.0;
        step += 1;
    }
    match step {
        0 => format!("{size:.0} B"),
        _ => format!("{} {}", three_digits(size), BINARY[step]),
    }
}

const DECIMAL: [&str; 5] = ["", "k", "M", "G", "T"];

fn decimal(value: f64) -> String {
    let mut size = value;
    let mut step = 0;
    while size >= 999.5 && step < DECIMAL.len() - 1 {
        size /= 1000.0;
        step += 1;
    }
    if step == 0 && size.fract() == 0.0 {
        return format!("{size:.0} ");
    }
    format!("{} {}", three_digits(size), DECIMAL[step])
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&binary(self.0 as f64))
    }
}

impl fmt::Display for BytesPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", binary(self.0)))
    }
}

impl fmt::Display for PerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", decimal(self.0).trim_end()))
    }
}

impl fmt::Display for Celsius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.0} °C", self.0))
    }
}

impl fmt::Display for Watts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} W", three_digits(self.0)))
    }
}

impl fmt::Display for Joules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}Wh", decimal(self.0 / 3600.0)))
    }
}

impl fmt::Display for Hertz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}Hz", decimal(self.0 as f64)))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.percent();
        match percent {
            small if small > 0.0 && small < 9.95 => f.pad(&format!("{percent:.1} %")),
            _ => f.pad(&format!("{percent:.0} %")),
        }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&span(self.0))
    }
}

fn span(seconds: f64) -> String {
    match seconds.abs() {
        0.0 => "0 s".to_owned(),
        size if size < 999.5e-9 => format!("{} ns", three_digits(seconds * 1e9)),
        size if size < 999.5e-6 => format!("{} µs", three_digits(seconds * 1e6)),
        size if size < 999.5e-3 => format!("{} ms", three_digits(seconds * 1e3)),
        size if size < 59.95 => format!("{} s", three_digits(seconds)),
        size if size.is_finite() => clock(seconds),
        _ => "—".to_owned(),
    }
}

/// Lengths from a minute up, in the two largest units: `1m 05s`, `3h 20m`, `12d 04h`.
fn clock(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
    let whole = seconds.round() as i64;
    let (days, hours) = (whole / 86_400, whole / 3_600 % 24);
    let (minutes, rest) = (whole / 60 % 60, whole % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}m {rest:02}s"),
        (0, _) => format!("{hours}h {minutes:02}m"),
        _ => format!("{days}d {hours:02}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_part_of_something_is_a_fraction() {
        assert_eq!(as_many_times(12.13, Some((11.5, 12.9))), "12.1 (11.5–12.9)");
        assert_eq!(as_many_times(0.5, None), "0.50");
        assert_eq!(as_many_times(1.0 / 144.0, Some((1.0 / 150.0, 1.0 / 138.0))), "1/144 (138–150)");
    }

    #[test]
    fn shows_three_significant_digits_with_the_unit() {
        let rows = [
            (Bytes(0).to_string(), "0 B"),
            (Bytes(1023).to_string(), "1.00 KiB"),
            (Bytes(1 << 20).to_string(), "1.00 MiB"),
            (Bytes(u64::MAX).to_string(), "16.0 EiB"),
            (BytesPerSecond(1536.0).to_string(), "1.50 KiB/s"),
            (PerSecond(12.0).to_string(), "12/s"),
            (PerSecond(12_345.0).to_string(), "12.3 k/s"),
            (Hertz(2_400_000_000).to_string(), "2.40 GHz"),
            (Seconds(0.000_000_5).to_string(), "500 ns"),
            (Seconds(0.0123).to_string(), "12.3 ms"),
            (Seconds(65.0).to_string(), "1m 05s"),
            (Seconds(90_061.0).to_string(), "1d 01h"),
            (Celsius(41.4).to_string(), "41 °C"),
            (Joules(1800.0).to_string(), "0.50 Wh"),
            (Joules(5_400_000.0).to_string(), "1.50 kWh"),
        ];
        for (shown, wanted) in rows {
            assert_eq!(shown, wanted);
        }
    }

    #[test]
    fn a_ratio_is_always_a_share() {
        assert_eq!(Ratio::new(f64::NAN), None);
        assert_eq!(Ratio::of(1.0, 0.0), None);
        assert_eq!(Ratio::new(7.0).map(Ratio::fraction), Some(1.0));
        assert_eq!(Ratio::new(-1.0).map(Ratio::fraction), Some(0.0));
        assert!(serde_json::from_str::<Ratio>("1e999").is_err());
    }
}
