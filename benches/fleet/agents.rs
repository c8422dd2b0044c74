//! Made-up agents: one process that is as many nodes as wished, over real HTTP on this machine alone.
//!
//! Each speaks the stream of `GET /v1/live` under a path of its own (`/node-17`), on any address of
//! 127.0.0.0/8, so that to who asks they are as many servers. What they say changes by the second and is
//! written once for all. A node may be silent or slow instead.
#![allow(dead_code, reason = "who includes this file uses its own part of it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::model::id::SourceId;
use isomon::model::live::{FORMAT, Hello};
use isomon::model::text::SafeText;
use isomon::model::time::{Clock, Stamp, SystemClock};
use isomon::model::unit::Seconds;
use isomon::model::update::What;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::scene::{self, Size};

/// Longest request that is read.
const REQUEST: usize = 8 << 10;
/// Different moments that are written beforehand.
const MOMENTS: u64 = 32;
/// The machine that each of them is.
const SIZE: Size = Size { cores: 16, processes: 0, gpus: 0 };
/// The same with GPUs: each fourth.
const WITH_GPUS: Size = Size { gpus: 4, ..SIZE };

/// How a node answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// At once.
    Well,
    /// It accepts, and then nothing comes.
    Silent,
    /// After a while.
    Slow(Duration),
}

/// What they say, written.
struct Words {
    began: Instant,
    infos: [String; 2],
    samples: Vec<[String; 2]>,
    gpus: Vec<String>,
    mood: fn(usize) -> Mood,
}

/// Answers on `listener` until it is dropped; `mood` says how each node is.
pub(crate) async fn serve(listener: TcpListener, mood: fn(usize) -> Mood) {
    let words = Arc::new(Words::new(mood));
    // Who goes takes every conversation along.
    let mut talks = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, peer)) = listener.accept().await else { continue };
        while talks.try_join_next().is_some() {}
        if peer.ip().is_loopback() {
            talks.spawn(converse(stream, Arc::clone(&words)));
        }
    }
}

/// Every address of this machine's own network, at a port that is free.
pub(crate) async fn listen() -> std::io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], 0))).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// The URL of node `index`.
pub(crate) fn url(index: usize, port: u16) -> String {
    format!("{}/node-{index}", bare_url(index, port))
}

/// The same without its path.
pub(crate) fn bare_url(index: usize, port: u16) -> String {
    let (high, low) = (1 + index / 250 / 250, index / 250 % 250);
    format!("http://127.{high}.{low}.{}:{port}", 1 + index % 250)
}

async fn converse(mut stream: TcpStream, words: Arc<Words>) {
    let mut request = Vec::new();
    let mut piece = [0; 2_048];
    loop {
        let Ok(count @ 1..) = stream.read(&mut piece).await else { return };
        request.extend_from_slice(&piece[..count]);
        if !request.ends_with(b"\r\n\r\n") {
            if request.len() > REQUEST {
                return;
            }
            continue;
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        request.clear();
        let Some((node, after)) = asked(&text) else { return };
        match (words.mood)(node) {
            Mood::Well => {}
            Mood::Slow(time) => tokio::time::sleep(time).await,
            Mood::Silent => {
                // Until who asked has gone.
                while matches!(stream.read(&mut piece).await, Ok(1..)) {}
                return;
            }
        }
        let body = words.answer(node, after);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Which node is asked, and what came after which number.
fn asked(request: &str) -> Option<(usize, Option<u64>)> {
    let path = request.strip_prefix("GET /node-")?.split(' ').next()?;
    let (node, rest) = path.split_once('/')?;
    let after = rest.split(['?', '&']).find_map(|pair| pair.strip_prefix("after="));
    Some((node.parse().ok()?, after.and_then(|after| after.parse().ok())))
}

impl Words {
    fn new(mood: fn(usize) -> Mood) -> Self {
        let both = |make: &dyn Fn(Size) -> String| [make(SIZE), make(WITH_GPUS)];
        let sample = |tick: u64| {
            both(&|size| written(&What::Node(Box::new(scene::sample(tick, size, 3.0)))))
        };
        Self {
            began: Instant::now(),
            infos: both(&|size| written(&What::Info(Box::new(scene::info("made-up", size))))),
            samples: (0..MOMENTS).map(sample).collect(),
            gpus: (0..MOMENTS)
                .map(|tick| written(&What::Gpus(Box::new(scene::gpus(tick, WITH_GPUS.gpus)))))
                .collect(),
            mood,
        }
    }

    /// The lines for `node` since number `after`: two a second, as a real one says them.
    fn answer(&self, node: usize, after: Option<u64>) -> String {
        let second = self.began.elapsed().as_secs() + 1;
        let kind = usize::from(node.is_multiple_of(4));
        let hello = Hello {
            isomon_live: FORMAT,
            version: "0.1.0".into(),
            instance: SafeText::from(format!("instance-{node}")),
            hostname: SafeText::from(format!("node-{node}")),
            now: SystemClock.now(),
            seq: second * 2,
            resumed: after.is_some(),
            skipped: 0,
            interval_seconds: Seconds(1.0),
            can_bench: true,
        };
        let mut body = serde_json::to_string(&hello).unwrap_or_default();
        body.push('\n');
        if after.is_none() {
            push(&mut body, 1, &self.infos[kind]);
        }
        let since = after.map_or(second - 1, |after| after / 2).max(second.saturating_sub(60));
        for moment in since + 1..=second {
            let at = usize::try_from((moment + node as u64) % MOMENTS).unwrap_or_default();
            push(&mut body, moment * 2 - 1, &self.samples[at][kind]);
            if kind == 1 {
                push(&mut body, moment * 2, &self.gpus[at]);
            }
        }
        body
    }
}

fn written(what: &What) -> String {
    serde_json::to_string(what).unwrap_or_default()
}

fn push(body: &mut String, seq: u64, what: &str) {
    let at = serde_json::to_string(&Stamp::default()).unwrap_or_default();
    let from = serde_json::to_string(&SourceId::local()).unwrap_or_default();
    let line = format!("{{\"seq\":{seq},\"at\":{at},\"from\":{from},\"what\":{what}}}\n");
    body.push_str(&line);
}
