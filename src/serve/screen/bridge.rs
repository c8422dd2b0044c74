//! A viewer's WebSocket and a terminal: bytes go over, and nothing is kept that can grow.
//!
//! Binary messages are bytes of the terminal, texts are JSON about it. The viewer tells how much it has
//! shown; the terminal is read no further than [`AHEAD`] of that, so a slow viewer stops its own isomon
//! and fills no memory. What it types waits in a bounded heap. A viewer that is silent is given up.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio::process::Child;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::sync::CancellationToken;

use super::SEATS;
use super::terminal::{self, Line, Program, Size};

/// Largest message of a viewer, in bytes.
const MESSAGE: usize = 64 << 10;
/// What a viewer may have typed that isomon has not read, in bytes.
const TYPED: usize = 64 << 10;
/// How far the terminal is read ahead of what the viewer has shown, in bytes.
const AHEAD: usize = 256 << 10;
/// Largest message to a viewer, in bytes.
const PIECE: usize = 16 << 10;
/// How often it is looked whether all goes on.
const LOOK: Duration = Duration::from_secs(1);
/// How often a viewer is asked whether it is there.
const PULSE: Duration = Duration::from_secs(20);
/// Silence after which it is not.
const SILENCE: Duration = Duration::from_mins(1);
/// Time to say goodbye.
const FAREWELL: Duration = Duration::from_millis(200);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A viewer, as it came.
pub(super) struct Guest {
    pub(super) size: Size,
    pub(super) acts: bool,
    /// Whether showing the token would let it act.
    pub(super) may_act: bool,
    /// `None` where every seat was taken.
    pub(super) seat: Option<OwnedSemaphorePermit>,
}

/// Why a screen ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Every seat was taken.
    Full,
    /// There could be no terminal.
    NoTerminal,
    /// The viewer has gone.
    Gone,
    /// isomon was left, by `q`.
    Left,
    /// The server ends.
    Stopped,
    /// Too much was typed.
    TooMuch,
    /// A message was not one of ours.
    Wrong,
}

impl End {
    /// What the viewer is told, if it is still there.
    fn frame(self) -> Option<CloseFrame> {
        let (code, words) = match self {
            Self::Gone => return None,
            Self::Full => (
                CloseCode::Again,
                format!("{SEATS} screens are open, and more there cannot be: close another first."),
            ),
            Self::NoTerminal => {
                (CloseCode::Error, "The server could not start a screen; its log says why.".into())
            }
            Self::Left => (CloseCode::Normal, "The screen was left.".into()),
            Self::Stopped => (CloseCode::Away, "isomon serve has ended.".into()),
            Self::TooMuch => (CloseCode::Size, "More was typed than isomon could read.".into()),
            Self::Wrong => (CloseCode::Unsupported, "The page said what is not known here.".into()),
        };
        Some(CloseFrame { code, reason: words.into() })
    }
}

/// What a viewer says beside what it types.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Said {
    /// Its terminal has another size.
    Size { columns: u16, rows: u16 },
    /// So many bytes more were shown.
    Seen(usize),
}

/// Shows `program` to `guest` until either ends, or `stop`.
pub(super) async fn serve(
    stream: Upgraded,
    program: &Program,
    guest: Guest,
    stop: CancellationToken,
) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE))
        .max_frame_size(Some(MESSAGE))
        .read_buffer_size(PIECE)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * PIECE);
    let stream = TokioIo::new(stream);
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    if guest.seat.is_none() {
        return close(&mut socket, End::Full).await;
    }
    let (line, mut child) = match terminal::open(program, guest.acts, guest.size) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(%error, "a screen cannot be started");
            return close(&mut socket, End::NoTerminal).await;
        }
    };
    let hello = json!({ "acts": guest.acts, "may_act": guest.may_act }).to_string();
    let mut bridge = Bridge::new(socket, line);
    let end = match bridge.socket.send(Message::text(hello)).await {
        Ok(()) => bridge.carry(&mut child, &stop).await,
        Err(_) => End::Gone,
    };
    tracing::debug!(?end, acts = guest.acts, "a screen has ended");
    let Bridge { mut socket, line, .. } = bridge;
    drop(line);
    tokio::join!(close(&mut socket, end), terminal::end(child));
}

async fn close(socket: &mut Socket, end: End) {
    if let Some(frame) = end.frame() {
        // It may be gone as well, or take nothing: then there is nobody to tell.
        let told = async {
            socket.close(Some(frame)).await?;
            while let Some(Ok(_)) = socket.next().await {}
            Ok::<_, Error>(())
        };
        timeout(FAREWELL, told).await.map(drop).unwrap_or_default();
    }
}

/// Both sides, and what is under way between them.
struct Bridge {
    socket: Socket,
    line: Line,
    /// Typed, and not yet taken by the terminal.
    typed: Vec<u8>,
    /// Sent, and not yet shown by the viewer, in bytes.
    unseen: usize,
    /// When the viewer was heard last.
    heard: Instant,
    /// When it was asked last whether it is there.
    asked: Instant,
}

/// What comes next.
enum Next {
    Said(Option<Result<Message, Error>>),
    Shown(std::io::Result<usize>),
    Typed(std::io::Result<usize>),
    Look,
    End(End),
}

impl Bridge {
    fn new(socket: Socket, line: Line) -> Self {
        Self {
            socket,
            line,
            typed: Vec::new(),
            unseen: 0,
            heard: Instant::now(),
            asked: Instant::now(),
        }
    }

    /// Carries bytes both ways until there is an end.
    async fn carry(&mut self, child: &mut Child, stop: &CancellationToken) -> End {
        let mut look = interval_at(Instant::now() + LOOK, LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut buffer = vec![0; PIECE];
        loop {
            let next = tokio::select! {
                () = stop.cancelled() => Next::End(End::Stopped),
                said = self.socket.next() => Next::Said(said),
                shown = self.line.read(&mut buffer), if self.unseen < AHEAD => Next::Shown(shown),
                typed = self.line.write(&self.typed), if !self.typed.is_empty() => Next::Typed(typed),
                _ = child.wait() => Next::End(End::Left),
                _ = look.tick() => {
                    terminal::go_on(child);
                    Next::Look
                }
            };
            if let Err(end) = self.step(next, &buffer).await {
                return end;
            }
        }
    }

    async fn step(&mut self, next: Next, buffer: &[u8]) -> Result<(), End> {
        match next {
            Next::End(end) => Err(end),
            Next::Said(Some(Ok(message))) => self.hear(message),
            Next::Said(Some(Err(Error::Capacity(_)))) => Err(End::TooMuch),
            Next::Said(_) => Err(End::Gone),
            Next::Shown(Ok(0) | Err(_)) | Next::Typed(Err(_)) => Err(End::Left),
            Next::Shown(Ok(count)) => {
                self.unseen += count;
                let bytes = Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default());
                self.send(Message::Binary(bytes)).await
            }
            Next::Typed(Ok(count)) => {
                self.typed.drain(..count.min(self.typed.len()));
                Ok(())
            }
            Next::Look if self.heard.elapsed() > SILENCE => Err(End::Gone),
            Next::Look if self.asked.elapsed() < PULSE => Ok(()),
            Next::Look => {
                self.asked = Instant::now();
                self.send(Message::Ping(Bytes::new())).await
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        self.socket.send(message).await.map_err(|_| End::Gone)
    }

    /// Takes what the viewer said.
    fn hear(&mut self, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        match message {
            Message::Binary(bytes) if self.typed.len() + bytes.len() > TYPED => Err(End::TooMuch),
            Message::Binary(bytes) => {
                self.typed.extend_from_slice(&bytes);
                Ok(())
            }
            Message::Text(text) => match serde_json::from_str(text.as_str()) {
                Ok(Said::Seen(bytes)) => {
                    self.unseen = self.unseen.saturating_sub(bytes);
                    Ok(())
                }
                Ok(Said::Size { columns, rows }) => {
                    self.line.resize(Size::new(columns, rows)).map_err(|_| End::Left)
                }
                Err(_) => Err(End::Wrong),
            },
            Message::Close(_) => Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_farewell_fits_into_its_frame() {
        use End::{Full, Gone, Left, NoTerminal, Stopped, TooMuch, Wrong};
        assert!(Gone.frame().is_none());
        for end in [Full, NoTerminal, Left, Stopped, TooMuch, Wrong] {
            let frame = end.frame().unwrap();
            assert!((10..=123).contains(&frame.reason.len()), "{end:?}");
        }
    }

    #[test]
    fn what_a_viewer_says_is_a_size_or_how_much_was_seen() {
        let said = |text: &str| serde_json::from_str::<Said>(text);
        assert!(matches!(said(r#"{"seen":7}"#), Ok(Said::Seen(7))));
        let size = said(r#"{"size":{"columns":80,"rows":24}}"#);
        assert!(matches!(size, Ok(Said::Size { columns: 80, rows: 24 })));
        for wrong in
            ["", "{}", "7", r#"{"seen":-1}"#, r#"{"size":{"columns":1}}"#, r#"{"run":"x"}"#]
        {
            assert!(said(wrong).is_err(), "{wrong}");
        }
    }
}
