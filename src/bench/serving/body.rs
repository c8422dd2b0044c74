//! What is sent: the body of a request, in OpenAI's words.

use serde_json::{Value, json};

use super::plan::Api;

/// How a server is asked, as far as it was found to take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// The way.
    pub(super) api: Api,
    /// The model, where it has a name.
    pub(super) model: Option<String>,
    /// Token by token.
    pub(super) stream: bool,
    /// The server tells tokens at the end of a stream.
    pub(super) usage: bool,
    /// The server goes on to the last token that is asked for.
    pub(super) ignore_eos: bool,
}

impl Form {
    /// The body that asks for `tokens` tokens after `prompt`.
    pub(super) fn body(&self, prompt: &str, tokens: u32) -> Vec<u8> {
        let mut body = json!({ "max_tokens": tokens, "temperature": 0, "stream": self.stream });
        match self.api {
            Api::Completions => body["prompt"] = Value::from(prompt),
            Api::Chat => body["messages"] = json!([{ "role": "user", "content": prompt }]),
        }
        if let Some(model) = &self.model {
            body["model"] = Value::from(model.as_str());
        }
        if self.stream && self.usage {
            body["stream_options"] = json!({ "include_usage": true });
        }
        if self.ignore_eos {
            body["ignore_eos"] = Value::from(true);
        }
        body.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_what_the_form_says_and_no_more() {
        let form = |api, stream| Form {
            api,
            model: Some("m".into()),
            stream,
            usage: true,
            ignore_eos: false,
        };
        let read = |form: &Form| serde_json::from_slice::<Value>(&form.body("a \"b\"", 5)).unwrap();
        let completions = json!({
            "max_tokens": 5, "temperature": 0, "stream": true, "prompt": "a \"b\"", "model": "m",
            "stream_options": { "include_usage": true },
        });
        assert_eq!(read(&form(Api::Completions, true)), completions);
        let chat = json!({
            "max_tokens": 5, "temperature": 0, "stream": false, "model": "m",
            "messages": [{ "role": "user", "content": "a \"b\"" }],
        });
        assert_eq!(read(&form(Api::Chat, false)), chat);
    }
}
