//! What is told: the machine as it is, on every page.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use isomon::model::live::{Hello, Line};
use isomon::model::update::What;
use std::io::{BufRead, BufReader, Write};

use crate::server::{SOON, Server};

/// A server that has taken its first sample.
fn awake(words: &[&str]) -> Server {
    let server = Server::start(words);
    let begin = Instant::now();
    while server.json("/v1/system/metrics")["sampled_at"].is_null() {
        assert!(begin.elapsed() < SOON);
        std::thread::park_timeout(Duration::from_millis(50));
    }
    server
}

#[test]
fn the_machine_is_told_in_every_form() {
    let server = awake(&["--interval", "200ms"]);
    let cpus = std::thread::available_parallelism().unwrap().get();
    let node = &server.json("/v1/nodes")[0];
    assert_eq!(node["id"], "local");
    assert_eq!(node["status"], "online");
    assert!(node["cpus_total"].as_u64().unwrap() >= cpus as u64);
    assert!(node["mem_total"].as_u64().unwrap() > node["mem_used"].as_u64().unwrap());
    let one = server.json("/v1/nodes/local");
    assert!(one["sample"]["memory"]["total_bytes"].as_u64().unwrap() > 0);
    assert!(one["processes"].is_null() && one["info"]["hostname"].is_string());
    let metrics = server.json("/v1/system/metrics");
    assert!(metrics["memory_total_bytes"].as_u64().unwrap() > 0);
    assert!(server.json("/v1/system/gpus")["readers"].is_array());
    assert!(server.json("/v1/backends").is_array());
    let missing = server.ask("GET", "/v1/nodes/other", &[], "");
    assert!(missing.status == 404 && missing.body.contains("no such node"), "{}", missing.body);
    let begin = Instant::now();
    while server.json("/v1/nodes/local?depth=1")["processes"].is_null() {
        assert!(begin.elapsed() < SOON, "processes are read when they are wanted");
    }
}

#[test]
fn a_poll_goes_on_where_the_last_one_ended_and_a_stream_goes_on_by_itself() {
    let server = awake(&["--interval", "100ms"]);
    let poll = |query: &str| {
        let answer = server.ask("GET", &format!("/v1/live?wait=0{query}"), &[], "");
        let mut lines = answer.body.lines().map(str::to_owned).collect::<Vec<_>>();
        let hello: Hello = serde_json::from_str(&lines.remove(0)).unwrap();
        let lines: Vec<Line> =
            lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        (hello, lines)
    };
    let (first, told) = poll("");
    assert!(!first.resumed && told.iter().any(|line| matches!(line.update.what, What::Info(_))));
    std::thread::park_timeout(Duration::from_millis(500));
    let (second, told) = poll(&format!("&after={}&instance={}", first.seq, first.instance));
    assert!(second.resumed && second.skipped == 0 && second.seq > first.seq);
    assert!(told.iter().all(|line| line.seq > first.seq && line.seq <= second.seq));
    assert!(told.iter().any(|line| matches!(line.update.what, What::Node(_))));
    let mut stream = server.connect();
    write!(stream, "GET /v1/live HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
    let samples = BufReader::new(stream).lines().map_while(Result::ok);
    assert_eq!(samples.filter(|line| line.contains("\"what\":{\"node\"")).take(5).count(), 5);
}

#[test]
fn prometheus_itself_finds_nothing_wrong_with_the_page() {
    let server = awake(&[]);
    let page = server.ask("GET", "/metrics", &[], "").body;
    for name in ["isomon_memory_total_bytes", "isomon_http_requests_total", "isomon_build_info"] {
        assert!(page.contains(name), "{name} is not in {page}");
    }
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"));
        eprintln!("passed over: no promtool (apt-get install prometheus)");
        return;
    };
    child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{page}", crate::home::err(&output));
}
