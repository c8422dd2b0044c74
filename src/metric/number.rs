//! Numbers as servers write them: decimal, hexadecimal with an exponent of two, `NaN`, `+Inf`.

/// Reads a number; `None` if it is none.
pub(crate) fn number(text: &str) -> Option<f64> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(hex) = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")) {
        let value = hexadecimal(hex)?;
        return Some(if text.starts_with('-') { -value } else { value });
    }
    // A second sign would be read by neither; `1_000` neither.
    text.parse().ok()
}

/// `1.8p-3`: digits of base 16, and an exponent of 2.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, exponent) = match text.split_once(['p', 'P']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(part.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = i32::try_from(part.len()).ok()?.checked_mul(4)?;
    Some(value * 2_f64.powi(exponent.checked_sub(shift)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_servers_write() {
        let rows = [
            ("0", 0.0),
            ("-1.5e3", -1500.0),
            ("+Inf", f64::INFINITY),
            ("-Inf", f64::NEG_INFINITY),
            ("1.7976931348623157e+308", f64::MAX),
            ("0x1p-2", 0.25),
            ("-0x1.8p1", -3.0),
            ("0XfF", 255.0),
        ];
        for (text, wanted) in rows {
            assert_eq!(number(text), Some(wanted), "{text}");
        }
        assert!(number("NaN").unwrap().is_nan());
        for odd in ["", "x", "1 2", "0x", "0xg", "0x.", "--1", "1_0", "0x1p", "0x1p99999999999"] {
            assert_eq!(number(odd), None, "{odd}");
        }
    }
}
