//! The age of a tool, in words.

use super::BackendStatus;
use crate::model::time::Stamp;

impl BackendStatus {
    /// How old its tool is at `now`: `3 y 11 mo`; `None` where its day is not known, or to come.
    pub fn age(&self, now: Stamp) -> Option<String> {
        let (year, month) = self.dated.as_ref()?.as_str().split_once('-')?;
        let (year, month) = (year.parse::<i64>().ok()?, month.parse::<i64>().ok()?);
        let today = jiff::Timestamp::from_millisecond(now.wall_ms).ok()?;
        let today = today.to_zoned(jiff::tz::TimeZone::UTC).date();
        let now = i64::from(today.year()) * 12 + i64::from(today.month());
        let months = now.checked_sub(year.checked_mul(12)?.checked_add(month)?)?;
        match (months / 12, months % 12) {
            _ if months < 0 => None,
            (0, 0) => Some("this month".to_owned()),
            (0, months) => Some(format!("{months} mo")),
            (years, 0) => Some(format!("{years} y")),
            (years, months) => Some(format!("{years} y {months} mo")),
        }
    }

    /// Its tool's version and age: `runsc release-20221219.0, of 2022-12 (3 y 11 mo old)`; `None`
    /// where neither is known.
    pub fn tool(&self, now: Stamp) -> Option<String> {
        let version = self.release().unwrap_or_default();
        let dated = self.dated.as_ref().map_or_else(String::new, |dated| match self.age(now) {
            Some(age) if age != "this month" => format!("of {dated} ({age} old)"),
            _ => format!("of {dated}"),
        });
        let both = [version, dated].into_iter().filter(|part| !part.is_empty());
        let both = both.collect::<Vec<_>>().join(", ");
        (!both.is_empty()).then_some(both)
    }

    /// Its tool's version without words that say nothing.
    pub fn release(&self) -> Option<String> {
        Some(self.version.as_ref()?.as_str().replace(" version ", " "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::BackendId;
    use super::*;

    #[test]
    fn an_age_is_told_in_years_and_months() {
        let now = Stamp { mono_ms: 0, wall_ms: 1_795_253_412_000 };
        let status = |dated: &str| BackendStatus {
            version: Some("runsc version release-20221219.0".into()),
            dated: Some(dated.into()),
            ..BackendStatus::new(BackendId::GvisorPtrace)
        };
        let rows = [
            ("2022-12", Some("3 y 11 mo")),
            ("2025-11", Some("1 y")),
            ("2026-04", Some("7 mo")),
            ("2026-11", Some("this month")),
            ("2027-01", None),
            ("9223372036854775807-1", None),
            ("x", None),
        ];
        for (dated, wanted) in rows {
            assert_eq!(status(dated).age(now).as_deref(), wanted, "{dated}");
        }
        let wanted = "runsc release-20221219.0, of 2022-12 (3 y 11 mo old)";
        assert_eq!(status("2022-12").tool(now).as_deref(), Some(wanted));
        assert_eq!(BackendStatus::new(BackendId::Process).tool(now), None);
    }
}
