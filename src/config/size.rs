//! Amounts of memory as people write them: `128MiB`, `1GiB`, `64M`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes, at least one MiB. Every unit counts by 1024, `M` like `MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

const LEAST: u64 = 1 << 20;

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let size = Self::of_any(text)?;
        if size.0 < LEAST { Err(format!("{text} is less than 1MiB")) } else { Ok(size) }
    }
}

impl Size {
    /// Bytes of anything, however few.
    pub fn of_any(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
        let unit = text.strip_prefix(digits).unwrap_or_default().trim();
        let bytes = digits
            .parse::<u64>()
            .ok()
            .zip(shift(unit))
            .and_then(|(number, shift)| number.checked_mul(1 << shift));
        bytes.map(Self).ok_or_else(|| format!("`{text}` is not an amount of memory like 128MiB"))
    }
}

fn shift(unit: &str) -> Option<u32> {
    match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(0),
        "k" | "kib" => Some(10),
        "m" | "mib" => Some(20),
        "g" | "gib" => Some(30),
        "t" | "tib" => Some(40),
        _ => None,
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            whole if whole % (1 << 30) == 0 => write!(f, "{}GiB", whole >> 30),
            whole if whole % (1 << 20) == 0 => write!(f, "{}MiB", whole >> 20),
            whole => write!(f, "{whole}B"),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let mebibyte = 1 << 20;
        let rows = [
            ("128MiB", 128 * mebibyte),
            ("64M", 64 * mebibyte),
            ("1 GiB", 1024 * mebibyte),
            ("2097152", 2 * mebibyte),
        ];
        for (text, bytes) in rows {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for wrong in ["", "MiB", "-1M", "1.5.2M", "12 parsecs", "99999999999T", "1k"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
        assert_eq!(Size(128 << 20).to_string(), "128MiB");
    }
}
