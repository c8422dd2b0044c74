//! A viewer without a browser: a WebSocket of our own, and a terminal that reads what it brings.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use crate::server::{SOON, Server};

/// Longest single wait for a message.
const LOOK: Duration = Duration::from_millis(100);

/// A viewer.
pub(crate) struct Viewer {
    socket: WebSocket<TcpStream>,
    screen: vt100::Parser,
    /// What the server said first.
    pub(crate) hello: serde_json::Value,
    /// Whether it says how much it has shown.
    pub(crate) tells: bool,
    /// Bytes so far.
    pub(crate) bytes: usize,
    /// How the server ended it.
    pub(crate) over: Option<CloseFrame>,
}

/// What `server` answers to a WebSocket with `headers`: a viewer, or a status.
pub(crate) fn open(server: &Server, headers: &[(&'static str, &str)]) -> Result<Viewer, u16> {
    let address = format!("ws://{}/screen/socket?columns=120&rows=40", server.address);
    let mut request = address.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
    }
    match client(request, server.connect()) {
        Ok((socket, _)) => {
            socket.get_ref().set_read_timeout(Some(LOOK)).unwrap();
            Ok(Viewer {
                socket,
                screen: vt100::Parser::new(rows(40), rows(120), 0),
                hello: serde_json::Value::Null,
                tells: true,
                bytes: 0,
                over: None,
            })
        }
        Err(client_error) => match client_error {
            tokio_tungstenite::tungstenite::HandshakeError::Failure(Error::Http(answer)) => {
                Err(answer.status().as_u16())
            }
            other => panic!("no answer: {other:?}"),
        },
    }
}

impl Viewer {
    /// A viewer from the server's own page.
    pub(crate) fn at(server: &Server, more: &[(&'static str, &str)]) -> Self {
        let origin = format!("http://{}", server.address);
        open(server, &[&[("origin", origin.as_str())], more].concat()).expect("a WebSocket")
    }

    /// The letters on the screen.
    pub(crate) fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Takes what comes for a moment; false once it is over.
    pub(crate) fn look(&mut self) -> bool {
        match self.socket.read() {
            Ok(Message::Binary(bytes)) => {
                self.screen.process(&bytes);
                self.bytes += bytes.len();
                if self.tells {
                    self.say(&format!("{{\"seen\":{}}}", bytes.len()));
                }
            }
            Ok(Message::Text(text)) => self.hello = serde_json::from_str(text.as_str()).unwrap(),
            Ok(Message::Close(frame)) => self.over = frame,
            Ok(_) => {}
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
        true
    }

    /// Takes what comes until `holds`.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(self.look(), "over before {what}: {:?}", self.over);
            assert!(begin.elapsed() < SOON, "no {what}:\n{}", self.text());
        }
    }

    /// Waits until `words` are on the screen.
    pub(crate) fn wait_for(&mut self, words: &str) {
        self.until(words, |viewer| viewer.text().contains(words));
    }

    /// Types `keys`.
    pub(crate) fn type_in(&mut self, keys: &[u8]) {
        self.socket.send(Message::Binary(keys.to_vec().into())).unwrap();
    }

    /// Says `text`, which is no typing.
    pub(crate) fn say(&mut self, text: &str) {
        // Whether it is still there is seen by reading.
        let _sent = self.socket.send(Message::text(text.to_owned()));
    }

    /// Waits for the end; what the server said of it: its code and words.
    pub(crate) fn end(&mut self) -> (u16, String) {
        let begin = Instant::now();
        while self.look() {
            assert!(begin.elapsed() < SOON, "it does not end:\n{}", self.text());
        }
        let frame = self.over.take().expect("a farewell");
        (frame.code.into(), frame.reason.as_str().to_owned())
    }
}

fn rows(count: u16) -> std::num::NonZero<u16> {
    count.try_into().unwrap()
}
