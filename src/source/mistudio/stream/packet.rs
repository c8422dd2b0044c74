//! A packet of Engine.IO 4 with the Socket.IO packet in it, as text. Pure.
//!
//! The first digit is Engine.IO's (`0` open, `1` close, `2` ping, `4` message), the second, in a
//! message, Socket.IO's (`0` connected, `1` disconnected, `2` event, `4` refused). Only the default
//! namespace is listened to; what is binary or unknown is passed over.

use serde_json::Value;

/// What a packet asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Packet {
    /// The transport stands; the namespace may be asked for.
    Open,
    /// It wants an answer.
    Ping,
    /// The namespace stands.
    Connected,
    /// The namespace is not given, and why.
    Refused(String),
    /// It is over.
    Closed,
    /// Numbers.
    Metrics(Value),
    /// Anything else.
    Other,
}

impl Packet {
    /// Reads `text`.
    pub(super) fn read(text: &str) -> Self {
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some('0'), _) => Self::Open,
            (Some('1'), _) => Self::Closed,
            (Some('2'), _) => Self::Ping,
            (Some('4'), Some('0')) => Self::Connected,
            (Some('4'), Some('1')) => Self::Closed,
            (Some('4'), Some('2')) => event(letters.as_str()),
            (Some('4'), Some('4')) => Self::Refused(why(letters.as_str())),
            _ => Self::Other,
        }
    }
}

/// An event: `["system:metrics", {…}]`, in older servers `["metrics", {…}]`; a number before it asks
/// for a receipt, which nobody needs.
fn event(text: &str) -> Packet {
    let text = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let Ok(Value::Array(mut words)) = serde_json::from_str(text) else { return Packet::Other };
    let is_metrics =
        matches!(words.first().and_then(Value::as_str), Some("system:metrics" | "metrics"));
    match words.get_mut(1) {
        Some(metrics) if is_metrics => Packet::Metrics(metrics.take()),
        _ => Packet::Other,
    }
}

fn why(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let message = value.get("message").and_then(Value::as_str).or_else(|| value.as_str());
    message.unwrap_or("no reason given").to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn packets_are_read() {
        let open = r#"0{"sid":"x","upgrades":[],"pingInterval":30000,"pingTimeout":10000}"#;
        let metrics = json!({"percent": 1.0});
        let rows = [
            (open, Packet::Open),
            ("2", Packet::Ping),
            (r#"40{"sid":"y"}"#, Packet::Connected),
            ("1", Packet::Closed),
            ("41", Packet::Closed),
            (r#"44{"message":"no"}"#, Packet::Refused("no".to_owned())),
            ("44", Packet::Refused("no reason given".to_owned())),
            (r#"42["system:metrics",{"percent":1.0}]"#, Packet::Metrics(metrics.clone())),
            (r#"4217["metrics",{"percent":1.0}]"#, Packet::Metrics(metrics)),
            (r#"42["subscribed",{"channel":"x"}]"#, Packet::Other),
            (r#"42/admin,["system:metrics",{}]"#, Packet::Other),
            (r#"42["system:metrics"]"#, Packet::Other),
            ("451-[]", Packet::Other),
            ("6", Packet::Other),
            ("", Packet::Other),
        ];
        for (text, wanted) in rows {
            assert_eq!(Packet::read(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_packet_panics(text in "(4?[0-9]{0,6}(\\[|\\{|\")?\\PC{0,30})") {
            Packet::read(&text);
        }
    }
}
