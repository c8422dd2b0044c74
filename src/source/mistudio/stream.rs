//! The stream of a miStudio: Socket.IO over a WebSocket, read in the background.
//!
//! It is asked for a channel each of processor, memory, disk, network and every GPU, and answers with
//! an event every two seconds. Messages are bounded in size and in number. A connection on which no
//! sample comes is given up and tried anew: that it stands says nothing. It ends with its owner.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::task::AbortOnDropHandle;

use super::part::Parts;
use crate::model::origin::Offer;
use crate::model::text::SafeText;
use crate::source::client::Client;

mod packet;

use packet::Packet;

/// Time to agree on the protocol.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Time without a sample after which a connection is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// Longest wait until it is tried again.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// Largest message; the numbers of a GPU are less than 1 KiB.
const LARGEST: usize = 64 << 10;
/// Most messages in a second.
const MOST: u32 = 200;

/// A stream that is listened to until this is dropped.
#[derive(Debug)]
pub(super) struct Stream {
    feed: watch::Receiver<Feed>,
    _task: AbortOnDropHandle<()>,
}

/// What came so far, and how it stands.
#[derive(Clone, Debug, Default)]
struct Feed {
    parts: Parts,
    offer: Offer,
}

type Socket = WebSocketStream<reqwest::Upgraded>;

struct Listener {
    client: Client,
    channels: Vec<String>,
    feed: watch::Sender<Feed>,
}

impl Stream {
    /// Begins to listen at the server of `client`, trusted and let in as for all other questions.
    pub(super) fn open(client: Client, gpus: &[u32]) -> Self {
        let (feed, seen) = watch::channel(Feed::default());
        let listener = Listener { client, channels: channels(gpus), feed };
        let task = AbortOnDropHandle::new(tokio::spawn(listener.run()));
        Self { feed: seen, _task: task }
    }

    /// What came so far, and how it stands.
    pub(super) fn take(&self) -> (Parts, Offer) {
        let feed = self.feed.borrow();
        (feed.parts.clone(), feed.offer.clone())
    }
}

fn channels(gpus: &[u32]) -> Vec<String> {
    let mut channels: Vec<String> =
        ["cpu", "memory", "disk", "network"].iter().map(|name| format!("system/{name}")).collect();
    channels.extend(gpus.iter().map(|id| format!("system/gpu/{id}")));
    channels
}

impl Listener {
    /// Listens, and tries again and again; waits longer each time nothing comes of it.
    async fn run(self) {
        let mut wait = Duration::from_secs(1);
        loop {
            let begin = Instant::now();
            let offer = match self.listen().await {
                Ok(never) => match never {},
                Err(offer) => offer,
            };
            self.feed.send_modify(|feed| feed.offer = offer);
            let worked = begin.elapsed() > SILENCE + HANDSHAKE;
            wait = if worked { Duration::from_secs(1) } else { (wait * 2).min(LONGEST_WAIT) };
            sleep(wait).await;
        }
    }

    /// Listens until it ends, and says why it did.
    async fn listen(&self) -> Result<std::convert::Infallible, Offer> {
        let mut socket = self.connect().await?;
        let mut heard = Instant::now();
        let mut second = (Instant::now(), 0);
        loop {
            let left = SILENCE.saturating_sub(heard.elapsed());
            let message = timeout(left, socket.next()).await;
            let message = message.map_err(|_| failed("connected, and no sample for 30 s"))?;
            let message = message.ok_or_else(|| failed("it was closed"))?;
            let message = message.map_err(|error| cut(&error))?;
            if second.0.elapsed() >= Duration::from_secs(1) {
                second = (Instant::now(), 0);
            }
            second.1 += 1;
            if second.1 > MOST {
                return Err(failed("limit: more than 200 messages a second"));
            }
            if self.obey(&mut socket, &message).await? {
                heard = Instant::now();
            }
        }
    }

    async fn connect(&self) -> Result<Socket, Offer> {
        let path = "/ws/socket.io/?EIO=4&transport=websocket";
        let agreed = timeout(HANDSHAKE, self.client.upgrade(path)).await;
        let agreed = agreed.map_err(|_| failed("the protocol was not agreed on within 5 s"))?;
        let connection = agreed.map_err(|error| error.offer())?;
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        Ok(WebSocketStream::from_raw_socket(connection, Role::Client, Some(bounds)).await)
    }

    /// Does what `message` asks for; true if it was a sample.
    async fn obey(&self, socket: &mut Socket, message: &Message) -> Result<bool, Offer> {
        let Message::Text(text) = message else { return Ok(false) };
        match Packet::read(text.as_str()) {
            Packet::Open => say(socket, "40".to_owned()).await?,
            Packet::Ping => say(socket, "3".to_owned()).await?,
            Packet::Connected => {
                for channel in &self.channels {
                    let wish = json!(["subscribe", {"channel": channel}]);
                    say(socket, format!("42{wish}")).await?;
                }
            }
            Packet::Refused(why) => return Err(failed(&format!("it does not let us in: {why}"))),
            Packet::Closed => return Err(failed("it was closed by the server")),
            Packet::Metrics(metrics) => return Ok(self.take(&metrics)),
            Packet::Other => {}
        }
        Ok(false)
    }

    fn take(&self, metrics: &Value) -> bool {
        let mut is_sample = false;
        self.feed.send_modify(|feed| {
            is_sample = feed.parts.take(metrics);
            if is_sample {
                feed.offer = Offer::Offered;
            }
        });
        is_sample
    }
}

async fn say(socket: &mut Socket, packet: String) -> Result<(), Offer> {
    let sent = timeout(HANDSHAKE, socket.send(Message::text(packet))).await;
    sent.map_err(|_| failed("it takes nothing in"))?.map_err(|error| failed(&error.to_string()))
}

/// A connection that ended.
fn cut(error: &tungstenite::Error) -> Offer {
    match error {
        tungstenite::Error::Capacity(_) => failed("limit: a message is more than 64 KiB"),
        other => failed(&other.to_string()),
    }
}

fn failed(why: &str) -> Offer {
    Offer::Failed(SafeText::new(why))
}
