//! The gateway's protocol, version 4, over one WebSocket: a challenge, who asks, then questions.
//!
//! Frames are JSON: `req` with an id, `res` with the same, and events, which nobody here needs and
//! which are passed over. Messages are bounded in size and, for each answer, in number. Times of a
//! whole question are bounded by whoever asks.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::refusal;
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::source::Error;
use crate::source::client::Client;
use crate::source::foreign::value;

/// Largest message, which is read as a tree of many times its size; 500 sessions are less than 1 MiB.
const LARGEST: usize = 4 << 20;
/// Events that may stand before an answer.
const EVENTS: usize = 10_000;
/// The protocol versions that are spoken.
const PROTOCOL: (u32, u32) = (3, 4);
/// What a gateway sends first.
const CHALLENGE: &str = "connect.challenge";

/// A connection on which we were let in.
#[derive(Debug)]
pub(super) struct Talk {
    socket: WebSocketStream<reqwest::Upgraded>,
    asked: u64,
    /// The gateway's version.
    pub(super) version: Option<SafeText>,
    /// What it can be asked, as far as it says.
    methods: Vec<SafeText>,
}

impl Talk {
    /// Connects and is let in with `token`.
    pub(super) async fn begin(client: &Client, token: Option<&Secret>) -> Result<Self, Error> {
        let connection = client.upgrade("/").await?;
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        let socket = WebSocketStream::from_raw_socket(connection, Role::Client, Some(bounds)).await;
        let mut talk = Self { socket, asked: 0, version: None, methods: Vec::new() };
        let first = talk.hear().await?;
        if value::words(&first, "event").as_str() != CHALLENGE {
            return Err(refusal::another("it begins with no challenge"));
        }
        let hello = talk.ask("connect", introduction(token)).await?;
        talk.version = hello.get("server").and_then(|server| value::text(server, "version"));
        let features = hello.get("features").unwrap_or(&Value::Null);
        talk.methods = value::texts(features, "methods", 2_000);
        Ok(talk)
    }

    /// Whether the gateway says that it can be asked for `method`.
    pub(super) fn offers(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|one| one.as_str() == method)
    }

    /// Asks for `method` and waits for its answer.
    pub(super) async fn ask(
        &mut self,
        method: &'static str,
        params: Value,
    ) -> Result<Value, Error> {
        self.asked += 1;
        let id = self.asked.to_string();
        let frame = json!({"type": "req", "id": id, "method": method, "params": params});
        let sent = self.socket.send(Message::text(frame.to_string())).await;
        sent.map_err(|error| refusal::cut(&error))?;
        for _ in 0..EVENTS {
            let mut frame = self.hear().await?;
            let is_answer = value::words(&frame, "type").as_str() == "res"
                && frame.get("id").and_then(Value::as_str) == Some(&id);
            if !is_answer {
                continue;
            }
            if value::flag(&frame, "ok") == Some(true) {
                return Ok(frame.get_mut("payload").map(Value::take).unwrap_or_default());
            }
            return Err(refusal::of(method, frame.get("error").unwrap_or(&Value::Null)));
        }
        Err(Error::Limit { what: "the number of events before an answer", most: "10,000" })
    }

    /// The next frame.
    async fn hear(&mut self) -> Result<Value, Error> {
        loop {
            let message = self.socket.next().await;
            let message = message.ok_or_else(|| Error::Cut { why: "it was closed".into() })?;
            match message.map_err(|error| refusal::cut(&error))? {
                Message::Text(text) => {
                    return serde_json::from_str(text.as_str())
                        .map_err(|_| refusal::another("it speaks no JSON"));
                }
                Message::Close(frame) => {
                    let why = frame.map_or_else(String::new, |frame| frame.reason.to_string());
                    return Err(Error::Cut {
                        why: SafeText::within(&format!("it was closed: {why}"), 200),
                    });
                }
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
            }
        }
    }
}

/// Who asks, and for what: to read, and nothing else. A gateway lets a caller of its own machine in
/// with the shared secret alone, which may be a token or a password there.
fn introduction(token: Option<&Secret>) -> Value {
    let mut params = json!({
        "minProtocol": PROTOCOL.0,
        "maxProtocol": PROTOCOL.1,
        "client": {
            "id": "gateway-client",
            "displayName": "isomon",
            "version": env!("CARGO_PKG_VERSION"),
            "platform": std::env::consts::OS,
            "mode": "backend",
        },
        "role": "operator",
        "scopes": ["operator.read"],
        "caps": [],
    });
    if let (Some(token), Some(params)) = (token, params.as_object_mut()) {
        let auth = json!({"token": token.reveal(), "password": token.reveal()});
        params.insert("auth".to_owned(), auth);
    }
    params
}
