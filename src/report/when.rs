//! Times as people type them: `now`, `-2h`, a date, or RFC 3339; and as they read them. A date without
//! a zone is of this machine's.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A time, maybe told by how long ago it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So many milliseconds before the present.
    Ago(i64),
    /// In milliseconds since 1970 UTC.
    At(i64),
}

/// From this span on the day is shown, too.
const DAYLONG_MS: i64 = 20 * 3_600_000;

const UNITS: [(char, i64); 5] =
    [('s', 1_000), ('m', 60_000), ('h', 3_600_000), ('d', 86_400_000), ('w', 604_800_000)];

impl When {
    /// As milliseconds since 1970 UTC, where it is `now_ms`.
    pub const fn ms(self, now_ms: i64) -> i64 {
        match self {
            Self::Ago(ms) => now_ms.saturating_sub(ms),
            Self::At(ms) => ms,
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "now" {
            return Ok(Self::Ago(0));
        }
        let known = match text.strip_prefix('-') {
            Some(ago) => length(ago).map(Self::Ago),
            None => instant(text).map(Self::At),
        };
        known.ok_or_else(|| {
            format!(
                "`{text}` is no time like now, -2h, -30m, -7d, 2026-11-21, 2026-11-21T09:30 or \
                 2026-11-21T09:30:00Z"
            )
        })
    }
}

fn length(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
    let ms = number * *scale as f64;
    #[expect(clippy::cast_possible_truncation, reason = "within a hundred years")]
    (number >= 0.0 && ms < 3.2e12).then_some(ms as i64)
}

/// A time with its zone, or one of this machine's zone, maybe without seconds or time of day.
fn instant(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    }
    let local = text.parse::<DateTime>().ok()?;
    let zoned = TimeZone::system().to_zoned(local).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// The time as people of this machine's zone read it, without what `span_ms` makes plain.
pub fn shown(at_ms: i64, span_ms: i64) -> String {
    let Ok(at) = Timestamp::from_millisecond(at_ms) else { return "—".to_owned() };
    let at = at.to_zoned(TimeZone::system());
    at.strftime(if span_ms > DAYLONG_MS { "%Y-%m-%d %H:%M:%S" } else { "%H:%M:%S" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_type() {
        let rows = [
            ("now", When::Ago(0)),
            ("-2h", When::Ago(7_200_000)),
            ("-1.5m", When::Ago(90_000)),
            ("-7d", When::Ago(604_800_000)),
            ("1970-01-01T00:00:01Z", When::At(1_000)),
            ("1970-01-01T02:00:00.5+02:00", When::At(500)),
        ];
        for (text, wanted) in rows {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        for text in ["2026-11-21", "2026-11-21T09:30", "2026-11-21 09:30:05"] {
            assert!(matches!(text.parse(), Ok(When::At(_))), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for wrong in ["", "-", "-2", "2h", "--2h", "-NaNh", "-1e99d", "yesterday", "-2µ", "12:00"]
        {
            assert!(wrong.parse::<When>().is_err(), "{wrong}");
        }
    }
}
