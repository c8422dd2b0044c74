//! Who gets a screen, and what it may do: asked by a WebSocket of our own.

use crate::home::{Home, err, status};
use crate::is_built_in;
use crate::server::{Server, TOKEN};
use crate::viewer::{Viewer, open};

#[test]
fn a_screen_shows_what_the_terminal_would_and_follows_keys_and_size() {
    if !is_built_in() {
        return;
    }
    let server = Server::start(&["--web"]);
    assert!(server.said.contains("/screen"), "{}", server.said);
    let mut viewer = Viewer::at(&server, &[]);
    viewer.wait_for("1 Overview");
    assert_eq!(viewer.hello, serde_json::json!({ "acts": false, "may_act": false }));
    viewer.type_in(b"2");
    viewer.wait_for("NODE");
    viewer.say(r#"{"size":{"columns":30,"rows":3}}"#);
    viewer.until("a word on the room it needs", |viewer| viewer.text().contains("30"));
    viewer.type_in(b"q");
    assert_eq!(viewer.end(), (1000, "The screen was left.".to_owned()));
}

#[test]
fn who_only_looks_is_refused_what_acts() {
    if !is_built_in() {
        return;
    }
    let server = Server::with_token(&["--web", "--allow-screen", "--allow-bench", "--allow-exec"]);
    let mut viewer = Viewer::at(&server, &[]);
    viewer.wait_for("1 Overview");
    assert_eq!(viewer.hello, serde_json::json!({ "acts": false, "may_act": true }));
    viewer.type_in(b"5");
    viewer.wait_for("readonly");
    viewer.type_in(b"b");
    viewer.wait_for("started with --readonly");
    let mut holder = Viewer::at(&server, &[("authorization", &format!("Bearer {TOKEN}"))]);
    holder.wait_for("1 Overview");
    assert_eq!(holder.hello["acts"], true);
    holder.type_in(b"5");
    holder.until("the tab", |viewer| viewer.text().contains("Preset") || viewer.bytes > 9_000);
    assert!(!holder.text().contains("readonly"), "{}", holder.text());
}

#[test]
fn other_sites_wrong_tokens_and_wrong_words_are_refused() {
    if !is_built_in() {
        return;
    }
    let server = Server::with_token(&["--web", "--allow-screen"]);
    let own = format!("http://{}", server.address);
    let status = |headers: &[(&'static str, &str)]| open(&server, headers).map(|_| 101);
    assert_eq!(status(&[("origin", "http://evil.com")]).err(), Some(403));
    assert_eq!(status(&[("origin", "null")]).err(), Some(403));
    assert_eq!(status(&[("origin", "http://localhost:1")]).err(), Some(403));
    assert_eq!(status(&[]).err(), Some(403), "who names no site");
    assert_eq!(status(&[("origin", &own), ("sec-fetch-site", "cross-site")]).err(), Some(403));
    let wrong = [("origin", own.as_str()), ("authorization", "Bearer not-the-token-at-all")];
    assert_eq!(status(&wrong).err(), Some(401));
    let plain = server.ask("GET", "/screen/socket", &[&format!("Origin: {own}")], "");
    assert_eq!((plain.status, plain.head.contains("upgrade: websocket")), (426, true));
    for (said, code) in [("{\"run\":\"x\"}", 1003), ("{\"seen\":-1}", 1003)] {
        let mut viewer = Viewer::at(&server, &[]);
        viewer.say(said);
        assert_eq!(viewer.end().0, code, "{said}");
    }
    let mut viewer = Viewer::at(&server, &[]);
    viewer.say(&" ".repeat(70_000));
    assert_eq!(viewer.end().0, 1009, "a message too long");
}

#[test]
fn a_key_lets_act_until_it_is_given_back_and_only_the_token_buys_it() {
    if !is_built_in() {
        return;
    }
    let server = Server::with_token(&["--web", "--allow-screen"]);
    let json = "Content-Type: application/json";
    let bearer = format!("Authorization: Bearer {TOKEN}");
    assert_eq!(server.ask("POST", "/screen/key", &[json], "{}").status, 401, "no token");
    let wrong = "Authorization: Bearer 0123456789abcdef";
    assert_eq!(server.ask("POST", "/screen/key", &[json, wrong], "{}").status, 401);
    let evil = "Origin: http://evil.com";
    assert_eq!(server.ask("POST", "/screen/key", &[json, &bearer, evil], "{}").status, 403);
    let given = server.ask("POST", "/screen/key", &[json, &bearer], "{}");
    assert_eq!(given.status, 200, "{}", given.body);
    let line = given.head.lines().find(|line| line.starts_with("set-cookie: ")).unwrap();
    for word in ["path=/screen", "httponly", "samesite=strict"] {
        assert!(line.contains(word), "{line}");
    }
    assert!(!given.body.contains(TOKEN) && !line.contains(TOKEN));
    // Names of headers were made small with their values; a key is of small letters.
    let cookie = line.trim_start_matches("set-cookie: ").split(';').next().unwrap().to_owned();
    let acts = |cookie: &str| {
        let mut viewer = Viewer::at(&server, &[("cookie", cookie)]);
        viewer.until("a greeting", |viewer| !viewer.hello.is_null());
        viewer.hello["acts"] == true
    };
    assert!(acts(&cookie));
    assert!(!acts(&format!("{cookie}0")) && !acts("a=b"));
    let header = format!("Cookie: {cookie}");
    assert_eq!(server.ask("DELETE", "/screen/key", &[&header], "").status, 200);
    assert!(!acts(&cookie), "it was given back");
    let (_, log) = server.end(rustix::process::Signal::TERM);
    let key = cookie.split_once('=').unwrap().1;
    assert!(!log.contains(TOKEN) && !log.contains(key), "a secret in the log");
}

#[test]
fn without_the_flag_there_is_no_screen_and_acting_needs_a_token() {
    let server = Server::start(&[]);
    for path in ["/screen", "/screen/screen.js", "/screen/xterm.js"] {
        let answer = server.ask("GET", path, &[], "");
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("--web"), "{}", answer.body);
    }
    let home = Home::new();
    let output = home.run(&["serve", "--listen", "127.0.0.1:0", "--web", "--allow-screen"]);
    assert_eq!(status(&output), Some(2));
    let wanted = if is_built_in() { "--token-file" } else { "make web" };
    assert!(err(&output).contains(wanted), "{}", err(&output));
    let output = home.run(&["serve", "--allow-screen"]);
    assert!(err(&output).contains("--web"), "{}", err(&output));
}
