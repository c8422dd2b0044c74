//! Lengths of time as Go writes them: `1m30s`, `500ms`, `1.5h`.

use crate::model::unit::Seconds;

/// Longest time that is taken: ten years.
const LONGEST: f64 = 10.0 * 365.0 * 86_400.0;
const UNITS: [(&str, f64); 8] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
];

/// The length of time that `text` says; `None` if it is none, not more than 0, or beyond all reason.
pub(super) fn read(text: &str) -> Option<Seconds> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, behind) = rest.split_at(end);
        let end = behind.find(|letter: char| letter.is_ascii_digit() || letter == '.');
        let (unit, behind) = behind.split_at(end.unwrap_or(behind.len()));
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * scale;
        rest = behind;
    }
    (seconds > 0.0 && seconds <= LONGEST).then_some(Seconds(seconds))
}

/// What to write in place of `text`.
pub(super) fn remedy(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 => format!("it needs a unit: `{text}s`"),
        _ => "like 500ms, 30s, 1m30s or 1h".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_s_words_are_read_and_others_not() {
        let rows = [
            ("30s", Some(30.0)),
            ("1m30s", Some(90.0)),
            ("500ms", Some(0.5)),
            ("1h", Some(3_600.0)),
            ("1.5h", Some(5_400.0)),
            ("+2s", Some(2.0)),
            (".5s", Some(0.5)),
            ("250us", Some(0.000_25)),
            ("1h1m1s1ms", Some(3_661.001)),
        ];
        for (text, wanted) in rows {
            assert_eq!(read(text).map(|time| time.0), wanted, "{text}");
        }
        for text in
            ["", "-5s", "0s", "5", "s", "1 s", "1s ", "1.2.3s", "1d", "9e9s", "99999999h", "١s"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(remedy("30"), "it needs a unit: `30s`");
    }
}
