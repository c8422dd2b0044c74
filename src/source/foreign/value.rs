//! Reading JSON of others field by field.
//!
//! A field that is absent, null, or of another type than it should be is missing; it never costs the
//! fields beside it. Numbers are finite. A local time without its zone is no time.

use serde_json::Value;

use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Ratio, Seconds};

/// Seconds since 1970 that are taken for a time: up to the year 9999.
const LATEST: f64 = 253_402_300_799.0;

/// The text at `key`.
pub(in crate::source) fn text(value: &Value, key: &str) -> Option<SafeText> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(SafeText::new)
}

/// The text at `key`, empty where there is none.
pub(in crate::source) fn words(value: &Value, key: &str) -> SafeText {
    text(value, key).unwrap_or_default()
}

/// The texts of the list at `key`, at most `most` of them.
pub(in crate::source) fn texts(value: &Value, key: &str, most: usize) -> Vec<SafeText> {
    let texts = list(value, key).iter().filter_map(Value::as_str);
    texts.take(most).map(SafeText::new).collect()
}

/// The finite number at `key`.
pub(in crate::source) fn number(value: &Value, key: &str) -> Option<f64> {
    value.get(key).and_then(Value::as_f64).filter(|number| number.is_finite())
}

/// The number at `key`, if it is more than 0: for servers that write 0 for what they cannot read.
pub(in crate::source) fn above_zero(value: &Value, key: &str) -> Option<f64> {
    number(value, key).filter(|number| *number > 0.0)
}

/// The whole number from 0 at `key`.
pub(in crate::source) fn count(value: &Value, key: &str) -> Option<u64> {
    let field = value.get(key)?;
    field.as_u64().or_else(|| whole(field.as_f64()?))
}

/// The same, as far as it fits 32 bits.
pub(in crate::source) fn small(value: &Value, key: &str) -> Option<u32> {
    count(value, key).and_then(|count| u32::try_from(count).ok())
}

/// `number`, rounded; `None` for what is negative or larger than any count.
pub(in crate::source) fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within range")]
    (0.0..1e19).contains(&number).then(|| number.round() as u64)
}

/// Whether `key` is true.
pub(in crate::source) fn flag(value: &Value, key: &str) -> Option<bool> {
    value.get(key).and_then(Value::as_bool)
}

/// Bytes at `key`, where each is worth `unit`.
pub(in crate::source) fn bytes(value: &Value, key: &str, unit: f64) -> Option<Bytes> {
    number(value, key).and_then(|number| whole(number * unit)).map(Bytes)
}

/// The percentage at `key`; `None` below 0.
pub(in crate::source) fn percent(value: &Value, key: &str) -> Option<Ratio> {
    number(value, key).filter(|percent| *percent >= 0.0).and_then(|share| Ratio::new(share / 100.0))
}

/// A length of time at `key`, where each is worth `unit` seconds.
pub(in crate::source) fn seconds(value: &Value, key: &str, unit: f64) -> Option<Seconds> {
    let length = number(value, key).map(|number| number * unit);
    length.filter(|length| length.is_finite() && *length >= 0.0).map(Seconds)
}

/// The time at `key`, in milliseconds since 1970 UTC: RFC 3339 with its zone, or seconds.
pub(in crate::source) fn moment(value: &Value, key: &str) -> Option<i64> {
    match value.get(key)? {
        Value::String(text) => text.parse().ok().map(jiff::Timestamp::as_millisecond),
        Value::Number(seconds) => {
            let seconds = seconds.as_f64().filter(|seconds| (0.0..LATEST).contains(seconds))?;
            #[expect(clippy::cast_possible_truncation, reason = "within range")]
            Some((seconds * 1e3).round() as i64)
        }
        _ => None,
    }
}

/// Time from `earlier` to `later`, both in milliseconds; `None` if it would be negative.
pub(in crate::source) fn between(earlier: Option<i64>, later: Option<i64>) -> Option<Seconds> {
    let length = later?.checked_sub(earlier?).filter(|length| *length >= 0)?;
    Some(Seconds(length as f64 / 1e3))
}

/// The list at `key`, empty where there is none.
pub(in crate::source) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The value, or that the server does not have it.
pub(in crate::source) fn reading<T>(value: Option<T>) -> Reading<T> {
    Reading::from_option(value, Why::NotSupported)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_of_another_type_is_missing() {
        let wrong = json!({"a": [1], "b": "x", "c": null, "d": -1, "e": 1e300, "f": true});
        for key in ["a", "b", "c", "d", "f", "none"] {
            assert_eq!(count(&wrong, key), None, "{key}");
            assert_eq!(seconds(&wrong, key, 1.0), None, "{key}");
            assert_eq!(percent(&wrong, key), None, "{key}");
            assert_eq!(moment(&wrong, key), None, "{key}");
        }
        assert_eq!(count(&wrong, "e"), None);
        assert_eq!(moment(&wrong, "e"), None);
        assert_eq!(bytes(&wrong, "e", 1e300), None);
        assert_eq!(text(&wrong, "a"), None);
        assert!(list(&wrong, "b").is_empty());
    }

    #[test]
    fn times_are_read_in_every_form_that_has_a_zone() {
        let times = json!({
            "nanoseconds": "2026-02-19T07:00:00.123456789Z",
            "offset": "2026-02-19T08:00:00.123456789+01:00",
            "micro": "2026-02-19T07:00:00.123456Z",
            "float": 1_771_484_400.123_4,
            "naive": "2026-02-19T07:00:00.123456",
            "words": "yesterday",
        });
        for key in ["nanoseconds", "offset", "micro", "float"] {
            assert_eq!(moment(&times, key), Some(1_771_484_400_123), "{key}");
        }
        assert_eq!(moment(&times, "naive"), None);
        assert_eq!(moment(&times, "words"), None);
    }

    #[test]
    fn a_length_is_never_negative() {
        assert_eq!(between(Some(5), Some(1_505)), Some(Seconds(1.5)));
        assert_eq!(between(Some(5), Some(4)), None);
        assert_eq!(between(Some(i64::MIN), Some(i64::MAX)), None);
        assert_eq!(between(None, Some(4)), None);
    }

    proptest! {
        #[test]
        fn no_number_makes_something_impossible(number: f64, unit in -1e6_f64..1e20) {
            let value = json!({"x": number});
            prop_assert!(seconds(&value, "x", unit).is_none_or(|s| s.0 >= 0.0 && s.0.is_finite()));
            prop_assert!(percent(&value, "x").is_none_or(|p| (0.0..=1.0).contains(&p.fraction())));
            let _ = (count(&value, "x"), bytes(&value, "x", unit), moment(&value, "x"));
        }
    }
}
