//! How the program starts, refuses to start, and ends; and that its token is nowhere to be seen.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::home::{Home, err, status};
use crate::server::{Server, TOKEN};

#[test]
fn what_is_not_safe_does_not_start_and_says_what_to_add() {
    let home = Home::new();
    let write = |name: &str, text: &str, mode| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    };
    write("token", TOKEN, 0o600);
    write("open", TOKEN, 0o644);
    write("short", "abc", 0o600);
    write("empty", "", 0o600);
    let rows: &[(&[&str], &str)] = &[
        (&["--listen", "0.0.0.0:0"], "--token-file"),
        (&["--listen", "[::]:0"], "--tls-self"),
        (&["--listen", "0.0.0.0:0", "--token-file", "token"], "--tls-self"),
        (&["--listen", "0.0.0.0:0", "--tls-self"], "--token-file"),
        (&["--token-file", "open"], "chmod 600"),
        (&["--token-file", "short"], "shorter than 16"),
        (&["--token-file", "empty"], "shorter than 16"),
        (&["--token-file", "gone"], "cannot read"),
        (&["--token-env", "ISOMON_NO_SUCH"], "holds no token"),
        (&["--tls-cert", "gone", "--tls-key", "gone"], "No such file"),
        (&["--tls-cert", "empty", "--tls-key", "empty"], "no certificate"),
        (&["--allow-host", "a b"], "no name"),
        (&["--listen", "no.such.name.invalid"], "no such address"),
        (&["--listen", "192.0.2.1:0", "--token-file", "token", "--tls-self"], "no such address"),
    ];
    for (words, remedy) in rows {
        let output = home.run(&[&["serve"], *words].concat());
        assert_eq!(status(&output), Some(2), "{words:?}: {}", err(&output));
        assert!(err(&output).contains(remedy), "{words:?}: {}", err(&output));
        assert!(err(&output).contains("try: "), "{words:?}: {}", err(&output));
        assert!(!err(&output).contains(TOKEN));
    }
}

#[test]
fn a_port_in_use_is_named() {
    let server = Server::start(&[]);
    let place = server.address.to_string();
    let output = Home::new().run(&["serve", "--listen", &place]);
    assert_eq!(status(&output), Some(2));
    assert!(err(&output).contains(&place) && err(&output).contains("another program listens"));
}

#[test]
fn it_says_where_it_listens_and_ends_when_asked() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start(&["--allow-bench"]);
        assert!(server.said.contains("what may be done: benchmarks"), "{}", server.said);
        let (ended, log) = server.end(signal);
        assert_eq!(ended.code(), Some(0), "{log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}

#[test]
fn the_token_is_nowhere_to_be_seen() {
    let server = Server::with_token(&["--allow-bench", "--allow-exec"]);
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let wrong = format!("Authorization: Bearer {TOKEN}x");
    let basic = format!("Authorization: Basic {TOKEN}");
    let json = "Content-Type: application/json";
    let mut seen = String::new();
    for path in [
        "/healthz",
        "/v1/nodes",
        "/v1/live?wait=0&depth=1",
        "/metrics",
        "/openapi.json",
        "/nothing",
        "/v1/nodes?x=%zz",
    ] {
        for headers in [vec![bearer.as_str()], vec![&wrong], vec![&basic], vec![&bearer, &bearer]] {
            for method in ["GET", "POST", "DELETE"] {
                let headers = [headers.as_slice(), &[json]].concat();
                let answer = server.ask(method, path, &headers, "{\"x\":");
                seen = seen + &answer.head + &answer.body;
            }
        }
    }
    assert!(seen.contains("http/1.1 200") && seen.contains("http/1.1 401"));
    let cmdline = std::fs::read(format!("/proc/{}/cmdline", server.pid())).unwrap();
    seen += &String::from_utf8_lossy(&cmdline);
    let home = server.home.path().to_owned();
    let (_, log) = server.end(Signal::TERM);
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log tells all: {log}");
    seen += &log;
    assert!(!seen.contains(TOKEN), "the token was told");
    assert!(home.as_os_str().len() > 1);
}
