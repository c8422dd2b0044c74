//! A server that does everything wrong, one way at a time.

#![allow(dead_code, reason = "each test that includes this file uses its own part of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Clone)]
pub(crate) enum Trick {
    /// These bytes, and then it closes.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing, with the connection open.
    Stall(Vec<u8>),
    /// These bytes first, then this byte each second.
    Drip(Vec<u8>, u8),
    /// These bytes first, then these again and again as fast as they are taken.
    Flood(Vec<u8>, Vec<u8>),
}

/// The server; it ends when this is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// Heads of the requests it saw.
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(trick: Trick) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(play(trick.clone(), stream, Arc::clone(&log)));
            }
        });
        Self { port, seen, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("isomon+http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn play(trick: Trick, mut stream: TcpStream, log: Arc<Mutex<Vec<String>>>) {
    let mut piece = [0; 8_192];
    let Ok(count @ 1..) = stream.read(&mut piece).await else { return };
    log.lock().expect("the log").push(String::from_utf8_lossy(&piece[..count]).into_owned());
    match trick {
        Trick::Bytes(bytes) => {
            stream.write_all(&bytes).await.ok();
            stream.shutdown().await.ok();
        }
        Trick::Stall(bytes) => {
            stream.write_all(&bytes).await.ok();
            while matches!(stream.read(&mut piece).await, Ok(1..)) {}
        }
        Trick::Drip(first, byte) => {
            stream.write_all(&first).await.ok();
            while stream.write_all(&[byte]).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Trick::Flood(first, again) => {
            stream.write_all(&first).await.ok();
            while stream.write_all(&again).await.is_ok() {}
        }
    }
}

/// A whole answer with `body`.
pub(crate) fn answer(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Zeros, `count` times 258 of them and one, in gzip: one literal and then matches of the longest kind.
pub(crate) fn bomb(count: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(1, 1);
    bits.push(0b01, 2);
    bits.code(0b0011_0000, 8);
    for _ in 0..count {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [&head[..], &bits.bytes, &[0; 8]].concat()
}

/// Bits as deflate packs them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    /// `count` bits of `value`, the lowest first.
    fn push(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().expect("a byte");
            *last |= u8::from(value >> bit & 1 == 1) << (self.used % 8);
            self.used += 1;
        }
    }

    /// A code of `count` bits, the highest first.
    fn code(&mut self, value: u32, count: u32) {
        self.push(value.reverse_bits() >> (32 - count), count);
    }
}
