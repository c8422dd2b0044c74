//! What a number of a rule is counted in, and how people write it.

use crate::model::unit::{
    Bytes, BytesPerSecond, Celsius, PerSecond, Ratio, Seconds, Watts, three_digits,
};

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing: a bare number fits beside anything.
    Plain,
    /// Percent, 0 to 100.
    Percent,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    ByteRate,
    /// Events per second.
    Rate,
    /// Degrees Celsius.
    Celsius,
    /// Watts.
    Watts,
    /// Seconds.
    Seconds,
    /// Yes (1) or no (0).
    Flag,
    /// Words.
    Text,
}

/// What may stand behind a number: the letters, what they stand for and how many of it.
const SUFFIXES: [(&str, Unit, f64); 31] = [
    ("", Unit::Plain, 1.0),
    ("k", Unit::Plain, 1e3),
    ("M", Unit::Plain, 1e6),
    ("G", Unit::Plain, 1e9),
    ("%", Unit::Percent, 1.0),
    ("B", Unit::Bytes, 1.0),
    ("KiB", Unit::Bytes, 1024.0),
    ("MiB", Unit::Bytes, 1_048_576.0),
    ("GiB", Unit::Bytes, 1_073_741_824.0),
    ("TiB", Unit::Bytes, 1_099_511_627_776.0),
    ("KB", Unit::Bytes, 1024.0),
    ("MB", Unit::Bytes, 1_048_576.0),
    ("GB", Unit::Bytes, 1_073_741_824.0),
    ("TB", Unit::Bytes, 1_099_511_627_776.0),
    ("B/s", Unit::ByteRate, 1.0),
    ("KiB/s", Unit::ByteRate, 1024.0),
    ("MiB/s", Unit::ByteRate, 1_048_576.0),
    ("GiB/s", Unit::ByteRate, 1_073_741_824.0),
    ("KB/s", Unit::ByteRate, 1024.0),
    ("MB/s", Unit::ByteRate, 1_048_576.0),
    ("GB/s", Unit::ByteRate, 1_073_741_824.0),
    ("/s", Unit::Rate, 1.0),
    ("°C", Unit::Celsius, 1.0),
    ("C", Unit::Celsius, 1.0),
    ("W", Unit::Watts, 1.0),
    ("ms", Unit::Seconds, 1e-3),
    ("s", Unit::Seconds, 1.0),
    ("m", Unit::Seconds, 60.0),
    ("min", Unit::Seconds, 60.0),
    ("h", Unit::Seconds, 3_600.0),
    ("d", Unit::Seconds, 86_400.0),
];

impl Unit {
    /// What the letters behind a number mean: the unit, and how many of it each is.
    pub fn of_suffix(suffix: &str) -> Option<(Self, f64)> {
        SUFFIXES.iter().find(|(name, ..)| *name == suffix).map(|(_, unit, each)| (*unit, *each))
    }

    /// A number with it, for a sentence: `80%`.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Plain => "80",
            Self::Percent => "80%",
            Self::Bytes => "2GiB",
            Self::ByteRate => "20MiB/s",
            Self::Rate => "5/s",
            Self::Celsius => "80°C",
            Self::Watts => "300W",
            Self::Seconds => "5m",
            Self::Flag => "no number",
            Self::Text => "words in quotes",
        }
    }

    /// What it is called in a list.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Plain => "number",
            Self::Percent => "%",
            Self::Bytes => "bytes",
            Self::ByteRate => "bytes/s",
            Self::Rate => "1/s",
            Self::Celsius => "°C",
            Self::Watts => "W",
            Self::Seconds => "s",
            Self::Flag => "yes or no",
            Self::Text => "words",
        }
    }

    /// The unit of a sum or a comparison of both; `None` if they do not fit.
    pub fn with(self, other: Self) -> Option<Self> {
        let is_number = |unit| !matches!(unit, Self::Flag | Self::Text);
        match (self, other) {
            _ if !is_number(self) || !is_number(other) => None,
            (Self::Plain, unit) | (unit, Self::Plain) => Some(unit),
            (one, other) => (one == other).then_some(one),
        }
    }

    /// `value` for people.
    pub fn write(self, value: f64) -> String {
        match self {
            Self::Percent => percent(value),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            Self::Bytes => Bytes(value as u64).to_string(),
            Self::ByteRate => BytesPerSecond(value).to_string(),
            Self::Rate => PerSecond(value).to_string(),
            Self::Celsius => Celsius(value).to_string(),
            Self::Watts => Watts(value).to_string(),
            Self::Seconds => Seconds(value).to_string(),
            Self::Flag => if value > 0.0 { "yes" } else { "no" }.to_owned(),
            Self::Plain | Self::Text if value.fract() == 0.0 => format!("{value:.0}"),
            Self::Plain | Self::Text => three_digits(value),
        }
    }
}

/// A share; what is more than all of something, or a change, has no bound.
fn percent(value: f64) -> String {
    let share = Ratio::new(value / 100.0).filter(|_| (0.0..=100.0).contains(&value));
    share.map_or_else(|| format!("{} %", three_digits(value)), |share| share.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written_with_their_unit() {
        let rows = [
            (93.4, "%", "93 %"),
            (2.0, "GiB", "2.00 GiB"),
            (20.0, "MiB/s", "20.0 MiB/s"),
            (81.0, "°C", "81 °C"),
            (5.0, "m", "5m 00s"),
            (3.0, "", "3"),
            (140.0, "%", "140 %"),
        ];
        for (number, suffix, wanted) in rows {
            let (unit, each) = Unit::of_suffix(suffix).unwrap();
            assert_eq!(unit.write(number * each), wanted);
        }
        assert_eq!(Unit::of_suffix("parsec"), None);
    }

    #[test]
    fn only_what_is_alike_is_compared() {
        assert_eq!(Unit::Percent.with(Unit::Plain), Some(Unit::Percent));
        assert_eq!(Unit::Percent.with(Unit::Bytes), None);
        assert_eq!(Unit::Plain.with(Unit::Flag), None);
    }
}
