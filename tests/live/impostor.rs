//! Something that listens where a Docker engine would and is none, or a bad one.

#![allow(dead_code, reason = "each test program uses its part")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Answers one request, whose first line and body are given.
type Answer = fn(&mut UnixStream, &str, &str);

/// A server in threads of this process; gone when dropped.
pub(crate) struct Impostor {
    pub(crate) socket: PathBuf,
    ended: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
    _home: tempfile::TempDir,
}

impl Impostor {
    /// One that answers with `answer`.
    pub(crate) fn start(answer: Answer) -> Self {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let stop = ended.clone();
        let server = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let (line, body) = request(&mut stream);
                    answer(&mut stream, &line, &body);
                });
            }
        });
        Self { socket, ended, server: Some(server), _home: home }
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        drop(UnixStream::connect(&self.socket));
        self.server.take().unwrap().join().ok();
    }
}

fn request(stream: &mut UnixStream) -> (String, String) {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        text.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&text).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok();
    let line = head.lines().next().unwrap_or_default().to_owned();
    (line, String::from_utf8_lossy(&body).into_owned())
}

/// Says nothing until the other end closes.
pub(crate) fn hang(stream: &mut UnixStream, _: &str, _: &str) {
    stream.read_to_end(&mut Vec::new()).ok();
}

/// Answers in JSON.
pub(crate) fn say(stream: &mut UnixStream, status: u16, body: &str) {
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(head.as_bytes()).ok();
}

/// Answers like a good engine to all but what concerns one container.
pub(crate) fn pretend(stream: &mut UnixStream, line: &str) -> bool {
    const INFO: &str = r#"{"DefaultRuntime": "runc", "NCPU": 2, "CgroupDriver": "systemd"}"#;
    let rows = [
        ("GET /version", 200, r#"{"Version": "99.1"}"#),
        ("GET /info", 200, INFO),
        ("GET /images", 200, "[]"),
        ("GET /containers/json", 200, "[]"),
        ("POST /images/create", 200, "{}"),
        ("POST /containers/create", 201, r#"{"Id": "abc123"}"#),
        ("DELETE ", 200, ""),
    ];
    let row = rows.iter().find(|(begin, _, _)| line.starts_with(begin));
    if let Some((_, status, body)) = row {
        say(stream, *status, body);
    }
    row.is_some()
}
