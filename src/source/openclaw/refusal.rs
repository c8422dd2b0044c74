//! Why a gateway does not answer: by what can be done about it. Pure.

use serde_json::Value;
use tokio_tungstenite::tungstenite;

use crate::model::text::SafeText;
use crate::source::Error;
use crate::source::foreign::value;

/// Letters of what it says that are kept.
const SAID: usize = 160;

/// What the error `said` in an answer to `method` means.
pub(super) fn of(method: &'static str, said: &Value) -> Error {
    let details = said.get("details").unwrap_or(&Value::Null);
    let code = value::text(details, "code").or_else(|| value::text(said, "code"));
    let code = code.unwrap_or_default();
    let message = SafeText::within(value::words(said, "message").as_str(), SAID);
    let denied =
        |given| Error::Denied { path: method.into(), status: 401, wants: "a token", given };
    match code.as_str() {
        "AUTH_REQUIRED" | "AUTH_TOKEN_MISSING" | "AUTH_PASSWORD_MISSING" => denied(false),
        "AUTH_TOKEN_MISMATCH"
        | "AUTH_PASSWORD_MISMATCH"
        | "AUTH_UNAUTHORIZED"
        | "AUTH_DEVICE_TOKEN_MISMATCH" => denied(true),
        "AUTH_RATE_LIMITED" => {
            setting("too many wrong tokens: it lets nobody in for now", "mend the token, and wait")
        }
        "DEVICE_IDENTITY_REQUIRED" | "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" => setting(
            "it wants the shared token of a caller on its own machine, and else a paired device, \
             which isomon is not",
            "give the token by token_file, and from elsewhere take a tunnel: ssh -L \
             18789:127.0.0.1:18789",
        ),
        "PAIRING_REQUIRED" | "NOT_PAIRED" => setting(
            "it wants this device to be paired, which isomon is not",
            "reach it by its own machine: ssh -L 18789:127.0.0.1:18789",
        ),
        "PROTOCOL_MISMATCH" => setting(
            &format!("it speaks another version of its protocol: {message}"),
            "isomon speaks 3 and 4: take an OpenClaw of 2026",
        ),
        _ => Error::Status { path: method.into(), status: 500, said: message },
    }
}

/// Somebody else than a gateway, by what was found.
pub(super) fn another(found: &str) -> Error {
    Error::Another { wanted: "OpenClaw gateway", found: SafeText::within(found, SAID) }
}

/// A connection that ended.
pub(super) fn cut(error: &tungstenite::Error) -> Error {
    match error {
        tungstenite::Error::Capacity(_) => Error::Limit { what: "a message", most: "4 MiB" },
        other => Error::Cut { why: SafeText::within(&other.to_string(), SAID) },
    }
}

fn setting(why: &str, remedy: &str) -> Error {
    Error::Setting { why: why.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_refusal_says_what_mends_it() {
        let of = |code: &str| {
            let said =
                json!({"code": "INVALID_REQUEST", "message": "m", "details": {"code": code}});
            of("connect", &said).to_string()
        };
        assert!(of("AUTH_TOKEN_MISMATCH").contains("other than the one given"));
        assert!(of("AUTH_TOKEN_MISSING").ends_with("it wants a token"));
        assert!(
            of("PAIRING_REQUIRED").contains("paired") && of("PAIRING_REQUIRED").contains("ssh -L")
        );
        assert!(of("DEVICE_IDENTITY_REQUIRED").contains("token_file"));
        assert!(of("x").contains("connect: 500: m"));
        let bare = json!({"code": "NOT_PAIRED"});
        assert!(super::of("connect", &bare).to_string().contains("paired"));
        assert!(!super::of("connect", &Value::Null).to_string().is_empty());
    }
}
