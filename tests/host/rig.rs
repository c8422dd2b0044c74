//! What the tests of hosts have in common: running an order to its end, and seeing what is left of it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::host::{End, Error, Host, Options, Order, Piece, Process};
use tokio::sync::mpsc;

/// What was written, and how it ended.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) out: Vec<u8>,
    pub(crate) err: Vec<u8>,
    pub(crate) end: End,
}

pub(crate) fn options(dir: &Path) -> Options {
    Options {
        program: env!("CARGO_BIN_EXE_isomon").into(),
        dir: dir.to_owned(),
        ..Options::default()
    }
}

pub(crate) fn order(argv: &[&str]) -> Order {
    Order { argv: argv.iter().map(|word| (*word).to_owned()).collect(), ..Order::default() }
}

pub(crate) fn sh(script: &str) -> Order {
    order(&["sh", "-c", script])
}

/// Starts `order`; what it writes is thrown away.
pub(crate) async fn start(host: &Arc<dyn Host>, order: &Order) -> Box<dyn Process> {
    let (out, mut thrown) = mpsc::channel(4);
    tokio::spawn(async move { while thrown.recv().await.is_some() {} });
    host.start(order, out).await.unwrap()
}

/// Starts `script`, and waits until it says something, which is thrown away with all that follows.
#[allow(dead_code, reason = "not every test of hosts ends a script that is ready for it")]
pub(crate) async fn start_ready(host: &Arc<dyn Host>, script: &str) -> Box<dyn Process> {
    let (out, mut thrown) = mpsc::channel(4);
    let process = host.start(&sh(script), out).await.unwrap();
    assert!(thrown.recv().await.is_some(), "{script}: it says nothing");
    tokio::spawn(async move { while thrown.recv().await.is_some() {} });
    process
}

/// Runs `order` to its end.
pub(crate) async fn run(host: &Arc<dyn Host>, order: &Order) -> Result<Told, Error> {
    let (out, mut pieces) = mpsc::channel::<Piece>(4);
    let gather = tokio::spawn(async move {
        let mut told = Told::default();
        while let Some(piece) = pieces.recv().await {
            let into = if piece.bad { &mut told.err } else { &mut told.out };
            into.extend(piece.bytes);
        }
        told
    });
    let mut process = host.start(order, out).await?;
    let end = process.wait().await;
    drop(process);
    let told = gather.await.unwrap();
    Ok(Told { end: end?, ..told })
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub(crate) fn exit(code: i32) -> End {
    End { exit: Some(code), ..End::default() }
}

/// Processes whose command line holds `mark`, without this one.
pub(crate) fn alive(mark: &str) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != std::process::id())
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(mark)
        })
        .collect()
}

/// Waits until `is_so`, at most `within`.
pub(crate) async fn eventually(what: &str, within: Duration, is_so: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < within, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

/// Arguments that a shell would do something with.
pub(crate) const HOSTILE: &[&str] = &[
    "",
    " ",
    "a b",
    "$(touch /tmp/isomon-was-here)",
    "`id`",
    "$HOME",
    "'",
    "\"",
    "\\",
    "\\0101",
    "%s%n",
    "a\nb\n",
    "\n",
    "-n",
    "--",
    "*",
    "; exit 7",
    "\r\t\u{1}\u{7f}",
    "東京 é",
    "~/x",
    "!x",
    "\u{1e}isomon-0 end 0",
];

/// A value with every byte that a text may hold.
pub(crate) fn every_letter() -> String {
    (1_u8..128).map(char::from).chain("äß東\u{10ffff}\n\n".chars()).collect()
}
