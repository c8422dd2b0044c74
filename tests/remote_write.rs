//! Remote write: into a real Prometheus and read back in PromQL, and at servers that are busy, down,
//! slow, or do not want it.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout, reason = "a test program")]

#[path = "support/home.rs"]
mod home;
#[path = "serve/server.rs"]
mod server;
#[path = "support/store.rs"]
mod store;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use home::{Home, err, status};
use server::Server;
use store::{Prometheus, pause};

/// Never to be seen anywhere but where it belongs.
const CANARY: &str = "canary-remote-3d9e51b7";

/// A home whose settings send to `url`.
fn home(url: &str, more: &str) -> Home {
    let home = Home::new();
    let dir = home.path().join(".config/isomon");
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!("[remote_write]\nurl = \"{url}\"\ninterval = \"1s\"\n{more}");
    std::fs::write(dir.join("isomon.toml"), text).unwrap();
    let token = home.path().join("secret");
    std::fs::write(&token, CANARY).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    home
}

/// The value of a counter of `server`'s page.
fn counter(server: &Server, name: &str) -> f64 {
    let page = server.ask("GET", "/metrics", &[], "").body;
    let line = page.lines().find(|line| line.starts_with(&format!("isomon_{name} ")));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(-1.0)
}

fn until(what: &str, seconds: u64, is: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < Duration::from_secs(seconds), "{what}");
        pause(100);
    }
}

#[test]
fn a_real_store_has_the_same_names_and_labels() {
    let Some(store) = Prometheus::start("", &["--web.enable-remote-write-receiver"]) else {
        return;
    };
    let url = format!("{}/api/v1/write", store.address);
    let server = Server::start_in(home(&url, "labels = [\"site=lab\"]\n"), &[]);
    until("samples arrive", 60, || !store.ask("isomon_cpus{site=\"lab\"}").is_empty());
    until("rates arrive", 30, || !store.ask("isomon_cpu_busy_ratio").is_empty());
    let rows = store.ask("isomon_cpu_busy_ratio");
    let labels = &rows[0]["metric"];
    assert_eq!((&labels["job"], &labels["site"]), (&"isomon".into(), &"lab".into()), "{labels}");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert_eq!(
        (labels["instance"].as_str(), labels["node"].as_str()),
        (Some(&*host), Some("local"))
    );
    let page = server.ask("GET", "/metrics", &[], "").body;
    let names = page
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next().filter(|name| !name.is_empty()));
    let names: std::collections::BTreeSet<&str> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    until("every name arrives", 30, || {
        names.iter().all(|name| !store.ask(&format!("count({name})")).is_empty())
    });
    assert!(counter(&server, "remote_write_sent_samples_total") > 20.0);
    assert!((counter(&server, "remote_write_lost_samples_total") - 0.0).abs() < 0.5);
}

/// A store of the test's own: gives each request to `answer`, and keeps the heads.
fn own(
    answer: impl Fn(usize) -> String + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v1/write", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let (kept, answer) = (Arc::clone(&heads), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
            std::thread::spawn(move || serve(stream, &kept, &*answer));
        }
    });
    (url, heads)
}

fn serve(
    mut stream: TcpStream,
    kept: &Mutex<Vec<String>>,
    answer: &dyn Fn(usize) -> String,
) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(head) = head {
                let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
                let length = text.split("content-length: ").nth(1)?;
                let length: usize = length.split("\r\n").next()?.parse().ok()?;
                if bytes.len() >= head + 4 + length {
                    break (head, head + 4 + length);
                }
            }
            let mut piece = [0; 8 << 10];
            match stream.read(&mut piece) {
                Ok(length @ 1..) => bytes.extend_from_slice(&piece[..length]),
                _ => return None,
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end.0]).into_owned();
        let body = bytes[end.0 + 4..end.1].to_vec();
        snap::raw::Decoder::new().decompress_vec(&body).expect("snappy");
        bytes.drain(..end.1);
        let number = {
            let mut kept = kept.lock().unwrap();
            kept.push(head);
            kept.len() - 1
        };
        stream.write_all(answer(number).as_bytes()).ok()?;
    }
}

fn said(status: u16, more: &str) -> String {
    format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n{more}\r\n")
}

#[test]
fn who_is_busy_is_asked_again_and_who_refuses_is_not() {
    let (url, heads) = own(|number| match number {
        0 => said(503, ""),
        1 => said(429, "Retry-After: 2\r\n"),
        2 => said(400, ""),
        3 => said(307, "Location: http://127.0.0.1:9/\r\n"),
        _ => said(204, ""),
    });
    let server = Server::start_in(home(&url, "token_file = \"secret\"\n"), &[]);
    until("it is well at last", 60, || counter(&server, "remote_write_sent_samples_total") > 100.0);
    assert!(counter(&server, "remote_write_lost_samples_total") > 20.0, "what was refused is lost");
    let heads = heads.lock().unwrap().clone();
    let first = heads[0].to_lowercase();
    assert!(first.contains("content-encoding: snappy"), "{first}");
    assert!(first.contains("x-prometheus-remote-write-version: 0.1.0"), "{first}");
    assert!(heads.iter().all(|head| head.contains(&format!("Bearer {CANARY}"))));
    let page = server.ask("GET", "/metrics", &[], "").body;
    let (_, log) = server.end(rustix::process::Signal::TERM);
    assert!(log.contains("it answered 503; it is asked again"), "{log}");
    assert!(log.contains("it takes samples again"), "{log}");
    for text in [page, log] {
        assert!(!text.contains(CANARY), "{text}");
    }
}

#[test]
fn a_store_that_is_silent_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = Server::start_in(home(&url, ""), &[]);
    until("it has samples", 30, || counter(&server, "cpus{node=\"local\"}") > 0.0);
    until("samples wait", 30, || counter(&server, "remote_write_waiting_samples") > 60.0);
    let begin = Instant::now();
    assert_eq!(server.ask("GET", "/healthz", &[], "").status, 200);
    assert!(begin.elapsed() < Duration::from_secs(5));
    let begin = Instant::now();
    let (ended, _) = server.end(rustix::process::Signal::TERM);
    assert!(ended.code() == Some(0) && begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn name_and_password_are_sent_as_such() {
    let (url, heads) = own(|_| said(204, ""));
    let more = "user = \"ann\"\ntoken_file = \"secret\"\n";
    let _server = Server::start_in(home(&url, more), &[]);
    until("a request comes", 30, || !heads.lock().unwrap().is_empty());
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("ann:{CANARY}"));
    assert!(heads.lock().unwrap()[0].contains(&format!("Basic {pair}")));
}

#[test]
fn what_is_set_wrongly_does_not_start() {
    let rows = [
        ("prom", "", "url"),
        ("http://ann:canary-remote-3d9e51b7@prom/", "", "a secret does not stand in it"),
        ("http://prom.example/", "token_file = \"secret\"", "for all to read"),
        ("https://prom.example/", "token_file = \"gone\"", "cannot read"),
        ("https://prom.example/", "labels = [\"a b\"]", "is no label"),
    ];
    for (url, more, wanted) in rows {
        let home = home(url, more);
        let output = home.run(&["serve", "--no-check", "--listen", "127.0.0.1:0"]);
        assert_eq!(status(&output), Some(2), "{url} {more}: {}", err(&output));
        assert!(
            err(&output).contains(wanted) && err(&output).contains("try: "),
            "{}",
            err(&output)
        );
        assert!(!err(&output).contains(CANARY), "{}", err(&output));
    }
}
