//! Clients that take too long, send too much or take nothing: each is bounded, others are served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::server::{SOON, Server};

#[test]
fn two_thousand_half_open_sockets_keep_nobody_out() {
    let server = Server::start(&[]);
    let mut open: Vec<TcpStream> = Vec::new();
    for number in 0..2_000 {
        let mut stream = server.connect();
        let _dropped = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ");
        open.push(stream);
        if number % 500 == 499 {
            let begin = Instant::now();
            assert_eq!(server.ask("GET", "/healthz", &[], "").status, 200);
            assert!(begin.elapsed() < Duration::from_secs(1), "{number}: {:?}", begin.elapsed());
        }
    }
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().flatten();
    let targets = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    let sockets = targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count();
    assert!(sockets <= 64 + 32 + 8, "{sockets} sockets");
}

#[test]
fn a_head_has_its_time_and_its_room() {
    let server = Server::start(&[]);
    let host = server.address;
    let begin = Instant::now();
    let mut slow = server.connect();
    slow.write_all(b"GET / HT").unwrap();
    let ended = slow.read_to_end(&mut Vec::new());
    let waited = begin.elapsed();
    assert!(ended.is_ok() && (4..9).contains(&waited.as_secs()), "{waited:?}");
    let rows = [
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)),
        format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "a".repeat(1 << 20)),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n{}\r\n", "X: 1\r\n".repeat(10_000)),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\n{}\r\n", "X: 1\r\n".repeat(101)),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\nHost : x\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n"),
        format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
        ),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: gzip\r\n\r\n"),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
    ];
    for request in rows {
        let answer = server.raw(request.as_bytes());
        let shown: String = request.chars().take(60).collect();
        assert!(matches!(answer.status, 0 | 400..=499), "{shown:?}: {}", answer.head);
    }
    for path in [
        "/../etc/passwd",
        "//healthz",
        "/v1/nodes/..%2f..%2fetc",
        "/v1/nodes/%00",
        "*",
        "/v1/nodes/%ff",
    ] {
        let answer = server.ask("GET", path, &["Content-Type: application/json"], "");
        assert!(matches!(answer.status, 400..=499), "{path}: {}", answer.head);
    }
    assert_eq!(server.ask("GET", "/healthz", &[], "").status, 200);
}

#[test]
fn who_waits_for_workloads_leaves_room_for_questions() {
    let server = Server::start(&["--allow-exec", "--trust-local", "--at-once", "1"]);
    let json = "Content-Type: application/json";
    let order = r#"{"runtime": "command", "isolation": "process", "code": "sleep 60"}"#;
    let first = server.ask("POST", "/v1/workloads/async", &[json], order);
    assert_eq!(first.status, 202, "{}", first.body);
    let first: serde_json::Value = serde_json::from_str(&first.body).unwrap();
    let logs = format!("/v1/workloads/{}/logs", first["id"].as_str().unwrap());
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = server.connect();
        write!(stream, "GET {logs} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        open.push(stream);
    }
    let head = format!("Host: {}\r\n{json}\r\nContent-Length: {}", server.address, order.len());
    for _ in 0..12 {
        let mut stream = server.connect();
        write!(stream, "POST /v1/workloads HTTP/1.1\r\n{head}\r\n\r\n{order}").unwrap();
        open.push(stream);
    }
    let begin = Instant::now();
    while server.json("/v1/workloads")["total"] != 13 {
        assert!(begin.elapsed() < SOON, "they are not all taken");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    for (method, path, body) in
        [("POST", "/v1/workloads", order), ("GET", logs.as_str(), ""), ("GET", "/v1/live", "")]
    {
        let one_more = server.ask(method, path, &[json], body);
        assert_eq!(one_more.status, 503, "{path}: {}", one_more.body);
        assert!(one_more.body.contains("too many streams"), "{path}: {}", one_more.body);
    }
    assert_eq!(server.ask("GET", "/healthz", &[], "").status, 200);
    drop(open);
    assert!(server.end(Signal::TERM).0.success());
}

#[test]
fn who_stops_reading_is_dropped_and_costs_nothing() {
    let server = Server::start(&["--interval", "100ms"]);
    let mut deaf = server.connect();
    write!(deaf, "GET /v1/live?depth=1 HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
    std::thread::park_timeout(Duration::from_secs(3));
    let before = server.anonymous_bytes();
    let begin = Instant::now();
    // It is dropped when nothing was taken for 10 s after the buffers were full.
    let connection = |server: &Server| {
        let page = server.ask("GET", "/healthz", &[], "");
        assert_eq!(page.status, 200);
        let (own, ours) = (server.address.port(), deaf.local_addr().unwrap().port());
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let pair = format!(":{own:04X} 0100007F:{ours:04X} 01");
        table.lines().any(|line| line.contains(&pair))
    };
    while connection(&server) {
        assert!(begin.elapsed() < Duration::from_secs(90), "it is still connected");
        std::thread::park_timeout(Duration::from_millis(500));
    }
    let after = server.anonymous_bytes();
    assert!(after < before + (8 << 20), "{before} to {after} bytes");
    assert!(begin.elapsed() > Duration::from_secs(5), "it had time to take something");
}
