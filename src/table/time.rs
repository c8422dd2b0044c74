//! Instants in tables, in nanoseconds since 1970 UTC.
//!
//! A column is read in one way from its first cell to its last: as its file says, else by its unit, else
//! by how large its numbers are (from 1e18 nanoseconds, from 1e15 microseconds, from 1e12 milliseconds,
//! from 1e9 seconds). Numbers below are seconds since something else.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::workflow::{Column, ColumnKind, TimeFormat};

/// How the instants of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// A number of so many nanoseconds each, since 1970.
    Since1970(i64),
    /// A number of so many nanoseconds each, since something that is not told.
    Since(i64),
    /// A date and a time, with an offset from UTC.
    Offset,
    /// A date and a time; in UTC where it has no offset.
    Text,
}

const SECOND: i64 = 1_000_000_000;

impl Clock {
    /// How the cells of `column` are read, of which `first` is one; `None` where that is no instant.
    pub fn of(column: &Column, first: &[u8]) -> Option<Self> {
        let unit = column.unit.as_deref().and_then(nanos_of);
        let clock = match (column.format, unit) {
            (Some(TimeFormat::Unix), _) => Self::Since1970(SECOND),
            (Some(TimeFormat::UnixMs), _) => Self::Since1970(SECOND / 1_000),
            (Some(TimeFormat::UnixUs), _) => Self::Since1970(SECOND / 1_000_000),
            (Some(TimeFormat::UnixNs), _) => Self::Since1970(1),
            (Some(TimeFormat::Rfc3339 | TimeFormat::Rfc3339Nano), _) => Self::Offset,
            (Some(TimeFormat::Iso8601), _) => Self::Text,
            (None, unit) => match super::read::number(first) {
                None => Self::Text,
                Some(value) => Self::by_size(value, unit),
            },
        };
        clock.nanos(first).map(|_| clock)
    }

    /// By how large a number is, where `unit` is not told; a number that is no instant in it is none.
    fn by_size(value: f64, unit: Option<i64>) -> Self {
        let least = |each: i64| 1e9 * (SECOND / each) as f64;
        let guess = [1, 1_000, 1_000_000, SECOND].into_iter().find(|each| value >= least(*each));
        match (unit, guess) {
            // A unit is a hint: seconds that would lie thirty thousand years ahead are something finer.
            (Some(unit), Some(guess)) if guess < unit => Self::Since1970(guess),
            (Some(unit), _) if value >= least(unit) => Self::Since1970(unit),
            (Some(unit), _) => Self::Since(unit),
            (None, Some(guess)) => Self::Since1970(guess),
            (None, None) => Self::Since(SECOND),
        }
    }

    /// The instant in `cell`; `None` where there is none, or one outside 1677 to 2262.
    pub fn nanos(self, cell: &[u8]) -> Option<i64> {
        let text = std::str::from_utf8(cell.trim_ascii()).ok()?;
        match self {
            Self::Since1970(each) | Self::Since(each) => counted(text, each),
            Self::Offset => timestamp(text),
            Self::Text => timestamp(text).or_else(|| civil(text)),
        }
    }

    /// Whether its instants have a date.
    pub const fn has_date(self) -> bool {
        !matches!(self, Self::Since(_))
    }
}

/// What the clock of `column` is where nothing but its name and a cell speak for it.
pub fn guess(name: &str, first: &[u8]) -> Option<Clock> {
    let lower = name.to_lowercase();
    let named = ["time", "date", "when"].iter().any(|word| lower.contains(word))
        || ["ts", "at", "t"].iter().any(|word| lower.split(['_', '.', '-']).any(|of| of == *word));
    let column = Column { name: name.to_owned(), kind: ColumnKind::Timestamp, ..Column::default() };
    let clock = Clock::of(&column, first)?;
    let dated = clock == Clock::Text || (named && clock.has_date());
    dated.then_some(clock)
}

/// Nanoseconds of a unit of time.
fn nanos_of(unit: &str) -> Option<i64> {
    match unit.trim().to_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(SECOND),
        "ms" | "msec" | "millisecond" | "milliseconds" => Some(1_000_000),
        "us" | "µs" | "μs" | "usec" | "microsecond" | "microseconds" => Some(1_000),
        "ns" | "nsec" | "nanosecond" | "nanoseconds" => Some(1),
        _ => None,
    }
}

/// A number of units: whole, with a fraction, or with an exponent.
fn counted(text: &str, each: i64) -> Option<i64> {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.checked_mul(each);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        let value = super::read::number(text.as_bytes())? * each as f64;
        #[expect(clippy::cast_possible_truncation, reason = "checked just before")]
        return (value.abs() < 9.2e18).then_some(value as i64);
    }
    let digits: String = fraction.chars().take(9).collect();
    let ten = 10_i64.checked_pow(u32::try_from(digits.len()).ok()?)?;
    let part = i128::from(digits.parse::<i64>().ok()?) * i128::from(each) / i128::from(ten);
    let part = i64::try_from(part).ok()?;
    let part = if whole.starts_with('-') { -part } else { part };
    let whole: i64 = if matches!(whole, "" | "-" | "+") { 0 } else { whole.parse().ok()? };
    whole.checked_mul(each)?.checked_add(part)
}

fn timestamp(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok()
}

fn civil(text: &str) -> Option<i64> {
    let at: DateTime = text.parse().ok()?;
    let at = TimeZone::UTC.to_timestamp(at).ok()?;
    i64::try_from(at.as_nanosecond()).ok()
}

/// The instant of so many nanoseconds since 1970 in words, by jiff's `layout`.
pub fn written(nanos: i64, layout: &str) -> String {
    let at = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_nanos(nanos));
    at.map_or_else(|_| String::new(), |at| at.strftime(layout).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(format: Option<TimeFormat>, unit: Option<&str>, first: &str) -> Option<Clock> {
        let unit = unit.map(str::to_owned);
        let column = Column { kind: ColumnKind::Timestamp, format, unit, ..Column::default() };
        Clock::of(&column, first.as_bytes())
    }

    fn nanos(format: Option<TimeFormat>, unit: Option<&str>, cell: &str) -> Option<i64> {
        clock(format, unit, cell)?.nanos(cell.as_bytes())
    }

    #[test]
    fn one_instant_in_every_way_it_is_written() {
        let at = Some(1_718_026_896_100_000_000);
        for text in [
            "1718026896.1",
            "1718026896100",
            "1718026896100000",
            "1718026896100000000",
            "1718026896.100000000000",
            "1.7180268961e9",
            "2024-06-10T13:41:36.1Z",
            "2024-06-10T15:41:36.1+02:00",
            "2024-06-10 13:41:36.100000",
            "2024-06-10T13:41:36.1",
        ] {
            assert_eq!(nanos(None, None, text), at, "{text}");
        }
        assert_eq!(nanos(Some(TimeFormat::UnixMs), None, "5"), Some(5_000_000));
        assert_eq!(nanos(Some(TimeFormat::Rfc3339), None, "2024-06-10T13:41:36"), None);
        assert_eq!(
            nanos(Some(TimeFormat::Iso8601), None, "2024-06-10"),
            Some(1_717_977_600 * SECOND)
        );
    }

    #[test]
    fn a_unit_goes_before_the_size() {
        assert_eq!(clock(None, Some("ms"), "1718026896100"), Some(Clock::Since1970(1_000_000)));
        assert_eq!(clock(None, Some("s"), "12.5"), Some(Clock::Since(SECOND)));
        assert_eq!(clock(None, Some("s"), "1718026896100"), Some(Clock::Since1970(1_000_000)));
        assert_eq!(nanos(None, Some("us"), "12.5"), Some(12_500));
        assert_eq!(nanos(None, Some("s"), "-0.25"), Some(-250_000_000));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in ["", "soon", "1e400", "99999999999999999999", "12:61", "--1", "1.2.3", "1._"] {
            assert_eq!(nanos(None, None, text), None, "{text}");
        }
        assert_eq!(guess("latency_ms", b"1718026896"), None);
        assert_eq!(guess("timestamp", b"1718026896"), Some(Clock::Since1970(SECOND)));
        assert_eq!(guess("start", b"2024-06-10T13:41:36Z"), Some(Clock::Text));
    }
}
