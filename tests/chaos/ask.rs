//! Asks a server that plays a trick, and sees to it that an answer comes in time.

#![allow(dead_code, reason = "each test that includes this file uses its own part of it")]

use std::time::{Duration, Instant};

use isomon::config::address::Address;
use isomon::model::id::SourceId;
use isomon::source::{Error, Spec, Told, Wants, open};

use super::server::{Server, Trick};

/// Within this every question has ended.
const DEADLINE: Duration = Duration::from_millis(5_500);

pub(crate) fn spec(url: &str) -> Spec {
    Spec::new(SourceId("node".into()), Address::parse(url).expect(url))
}

pub(crate) async fn ask(spec: Spec) -> Result<Vec<Told>, Error> {
    open(spec)?.ask(Wants::default()).await
}

/// What came of asking a server that plays `trick`, and that it came in time.
pub(crate) async fn tricked(trick: Trick) -> Result<Vec<Told>, Error> {
    let server = Server::start(trick).await;
    let began = Instant::now();
    let answer = ask(spec(&server.url())).await;
    assert!(began.elapsed() <= DEADLINE, "{:?}", began.elapsed());
    answer
}

/// The head of a good answer with these `lines`, each with its end.
pub(crate) fn head(lines: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes()
}
