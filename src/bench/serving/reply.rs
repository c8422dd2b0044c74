//! What a server answers: a piece of a stream, or the whole, read as OpenAI's servers write it.
//!
//! Fields that are not there are no mistake; what is there and of another kind is one. What an error
//! says is for people and made safe.

use serde::Deserialize;
use serde_json::Value;

use crate::model::text::SafeText;

/// Letters of an error that are kept.
const SAID: usize = 200;
/// Tokens beyond which a count is nonsense.
const MOST: u64 = 100_000_000;

/// A piece, or the whole.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Reply {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    text: Option<String>,
    delta: Option<Message>,
    message: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    content: Option<String>,
    /// What a model thinks before it answers.
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    tool_calls: Option<Value>,
}

/// Tokens as the server counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Usage {
    /// Of the prompt.
    pub(super) prompt_tokens: Option<u64>,
    /// Of the answer.
    pub(super) completion_tokens: Option<u64>,
}

impl Reply {
    /// Reads `bytes`; why they are none.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, SafeText> {
        let read: Result<Self, _> = serde_json::from_slice(bytes);
        read.map_err(|why| SafeText::within(&format!("no answer of such a server: {why}"), SAID))
    }

    /// Whether a token came with it. A token may be half a letter, which is no text yet.
    pub(super) fn has_token(&self) -> bool {
        self.choices.iter().any(Choice::has_token)
    }

    /// Whether the answer ends with it.
    pub(super) fn is_last(&self) -> bool {
        self.choices.iter().any(|choice| choice.finish_reason.is_some())
    }

    /// The tokens, where it tells any that make sense.
    pub(super) fn usage(&self) -> Option<Usage> {
        let sane = |tokens: Option<u64>| tokens.filter(|tokens| *tokens <= MOST);
        self.usage.map(|usage| Usage {
            prompt_tokens: sane(usage.prompt_tokens),
            completion_tokens: sane(usage.completion_tokens),
        })
    }

    /// What went wrong, where it says so.
    pub(super) fn error(&self) -> Option<SafeText> {
        self.error.as_ref().filter(|error| !error.is_null()).map(words)
    }
}

impl Choice {
    fn has_token(&self) -> bool {
        let some = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let half = self.finish_reason.is_none() && self.text.is_some();
        let of = |message: &Message| {
            some(&message.content)
                || some(&message.reasoning_content)
                || some(&message.reasoning)
                || message.tool_calls.as_ref().is_some_and(|calls| !calls.is_null())
        };
        half || some(&self.text) || self.delta.iter().chain(&self.message).any(of)
    }
}

/// What the page of an error says, in few words.
pub(super) fn said(page: &[u8]) -> SafeText {
    if let Ok(value) = serde_json::from_slice::<Value>(page) {
        let error = value.get("error").or_else(|| value.get("detail")).unwrap_or(&value);
        return words(error);
    }
    SafeText::within(String::from_utf8_lossy(page).trim(), SAID)
}

fn words(error: &Value) -> SafeText {
    let message = error.get("message").and_then(Value::as_str).or_else(|| error.as_str());
    let text = message.map_or_else(|| error.to_string(), str::to_owned);
    SafeText::within(text.trim(), SAID)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Reply {
        Reply::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_piece_with_a_token_is_told_from_one_without() {
        let rows = [
            (r#"{"choices":[{"text":"a","finish_reason":null}]}"#, true),
            (r#"{"choices":[{"text":"","finish_reason":null}]}"#, true),
            (r#"{"choices":[{"text":"","finish_reason":"length"}]}"#, false),
            (r#"{"choices":[{"text":"a","finish_reason":"stop"}]}"#, true),
            (r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#, false),
            (r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#, false),
            (r#"{"choices":[{"delta":{"content":"a"}}]}"#, true),
            (r#"{"choices":[{"delta":{"reasoning_content":"a"}}]}"#, true),
            (r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#, true),
            (r#"{"choices":[{"message":{"content":"a"}}]}"#, true),
            (r#"{"choices":[],"usage":{"prompt_tokens":5}}"#, false),
            ("{}", false),
        ];
        for (text, wanted) in rows {
            assert_eq!(read(text).has_token(), wanted, "{text}");
        }
    }

    #[test]
    fn tokens_are_as_told_or_not_told() {
        let told = read(r#"{"usage":{"prompt_tokens":5,"completion_tokens":7}}"#).usage();
        assert_eq!(told, Some(Usage { prompt_tokens: Some(5), completion_tokens: Some(7) }));
        let mad = read(r#"{"usage":{"prompt_tokens":18446744073709551615}}"#).usage();
        assert_eq!(mad, Some(Usage::default()));
        assert_eq!(read(r#"{"usage":null}"#).usage(), None);
        for bad in ["", "[", "7", r#"{"usage":{"prompt_tokens":-1}}"#, r#"{"choices":{}}"#] {
            assert!(Reply::read(bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = "[".repeat(200_000);
        assert!(Reply::read(deep.as_bytes()).is_err());
    }

    #[test]
    fn an_error_says_its_words_and_nothing_that_steers() {
        let page = br#"{"error":{"message":"no model \u001b[2Jx","code":404}}"#;
        let text = said(page);
        assert!(text.as_str().contains("no model") && !text.as_str().contains('\u{1b}'), "{text}");
        assert_eq!(said(b"  <h1>Bad gateway</h1> ").as_str(), "<h1>Bad gateway</h1>");
        assert_eq!(said(br#"{"detail":"Not Found"}"#).as_str(), "Not Found");
        assert!(read(r#"{"error":"too long"}"#).error().is_some());
        assert!(read(r#"{"error":null}"#).error().is_none());
        assert!(said(&vec![b'x'; 1 << 20]).as_str().len() < 400);
    }
}
