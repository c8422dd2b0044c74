//! The time a person types to go to: `14:30`, `2026-11-20 14:30`, `-2h`, RFC 3339.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// What can be typed, in words.
pub const FORMS: &str = "14:30, 2026-11-20 14:30, -2h, now, or RFC 3339";
/// A day.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The instant that `text` names, in milliseconds since 1970 UTC; `now_ms` is what a bare time and a length
/// are counted from.
///
/// # Errors
/// A sentence, where `text` names none.
pub fn read(text: &str, now_ms: i64, zone: &TimeZone) -> Result<i64, String> {
    let text = text.trim();
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = match text {
        "" => None,
        "now" => Some(now),
        _ if text.starts_with('-') => back(text, now),
        _ => clock(text, now, zone).or_else(|| date(text, zone)).or_else(|| text.parse().ok()),
    };
    let at = at.map(Timestamp::as_millisecond).filter(|at| *at >= 0);
    at.ok_or_else(|| format!("`{text}` is no time; write {FORMS}"))
}

/// `-2h`, `-1h30m`, `-3d`.
fn back(text: &str, now: Timestamp) -> Option<Timestamp> {
    let mut rest = text.strip_prefix('-').filter(|rest| !rest.is_empty())?;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, unit) = rest.split_at_checked(end)?;
        let seconds = match unit.chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        let number: u64 = number.parse().ok()?;
        sum = sum.checked_add(Duration::from_secs(number.checked_mul(seconds)?))?;
        rest = unit.get(1..)?;
    }
    now.checked_sub(SignedDuration::try_from(sum).ok()?).ok()
}

/// `14:30`, `14:30:05`: today, or the day before if that is still to come.
fn clock(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let time: Time = text.parse().ok().filter(|_| !text.contains(['-', 'T', 'Z', '+', ' ']))?;
    let today = now.to_zoned(zone.clone()).date();
    let on = |day: Date| Some(day.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
    let at = on(today)?;
    if at <= now { Some(at) } else { on(today.checked_sub(DAY).ok()?) }
}

/// `2026-11-20 14:30`, `2026-11-20T14:30:05`, `2026-11-20`, each as the zone has it.
fn date(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.contains(['Z', 'z', '+', '[']) || text.matches('-').count() > 2 {
        return None;
    }
    let at: DateTime = text.parse().ok()?;
    Some(at.to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 09:30:12 UTC, half past ten in Berlin.
    const NOW: i64 = 1_795_253_412_000;

    fn at(text: &str, zone: &TimeZone) -> String {
        match read(text, NOW, zone) {
            Ok(at) => Timestamp::from_millisecond(at).unwrap().to_string(),
            Err(sentence) => sentence,
        }
    }

    #[test]
    fn what_people_type_is_an_instant() {
        let utc = TimeZone::UTC;
        let rows = [
            ("09:30", "2026-11-21T09:30:00Z"),
            (" 9:30 ", "`9:30` is no time; write 14:30, 2026-11-20 14:30, -2h, now, or RFC 3339"),
            ("14:30", "2026-11-20T14:30:00Z"),
            ("14:30:05", "2026-11-20T14:30:05Z"),
            ("2026-11-20 14:30", "2026-11-20T14:30:00Z"),
            ("2026-11-20T14:30:05", "2026-11-20T14:30:05Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-20T14:30:05Z", "2026-11-20T14:30:05Z"),
            ("2026-11-20T14:30:05+02:00", "2026-11-20T12:30:05Z"),
            ("-2h", "2026-11-21T07:30:12Z"),
            ("-1d1h30m", "2026-11-20T08:00:12Z"),
            ("now", "2026-11-21T09:30:12Z"),
        ];
        for (text, wanted) in rows {
            assert_eq!(at(text, &utc), wanted, "{text}");
        }
    }

    #[test]
    fn the_zone_is_the_users() {
        let east = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(at("11:30", &east), "2026-11-21T09:30:00Z");
        assert_eq!(at("2026-11-20 14:30", &east), "2026-11-20T12:30:00Z");
    }

    #[test]
    fn what_is_no_time_is_a_sentence() {
        let wrong = [
            "",
            "-",
            "-h",
            "-2",
            "-2w",
            "25:00",
            "yesterday",
            "2026-13-01",
            "-99999999999999999999h",
            "-9999999999999999h",
            "0000-01-01",
            "１４:３０",
            "14:30 UTC+",
            "-1é",
        ];
        for text in wrong {
            assert!(at(text, &TimeZone::UTC).contains("is no time"), "{text}");
        }
    }
}
