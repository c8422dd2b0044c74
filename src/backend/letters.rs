//! Bytes in JSON as a text with one letter a byte, U+0000 to U+00FF: output is mostly plain text, and
//! a list of numbers would be four times as long.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes `bytes`.
pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    // Most output is this, and needs no second look.
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()) {
        return to.serialize_str(text);
    }
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    to.serialize_str(&text)
}

/// Reads what [`serialize`] wrote.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_ascii() {
        return Ok(text.into_bytes());
    }
    let bytes = text.chars().map(u8::try_from).collect::<Result<_, _>>();
    bytes.map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use crate::backend::wire::Said;
    use crate::model::job::Stream;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let line = serde_json::to_string(&Said::Output(Stream::Error, all.clone())).unwrap();
        assert!(!line.contains('\n'));
        let Said::Output(Stream::Error, back) = serde_json::from_str(&line).unwrap() else {
            panic!("{line}");
        };
        assert_eq!(back, all);
        assert!(serde_json::from_str::<Said>(r#"{"Output":["error","€"]}"#).is_err());
    }
}
