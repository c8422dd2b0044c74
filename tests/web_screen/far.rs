//! From elsewhere: the same by TLS, where the browser has asked its user for the token.

use crate::browser::Browser;
use crate::is_built_in;
use crate::server::{SOON, Server, TOKEN};

/// An address of this machine that is no loopback, if it has one.
fn address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

#[test]
fn a_browser_from_elsewhere_looks_with_the_token_and_not_without() {
    if !is_built_in() {
        return;
    }
    let Some(address) = address() else {
        eprintln!("passed over: this machine has no address but loopback");
        return;
    };
    let here = format!("{address}:0");
    let server = Server::with_token(&["--web", "--tls-self", "--listen", &here]);
    let mut places = server.said.lines().filter_map(|line| line.strip_prefix("isomon serve: "));
    let far = places.find(|place| place.contains(&address.to_string())).expect("it listens there");
    let Some(browser) = Browser::open_any(1280) else { return };
    browser.go(&format!("{far}/screen"));
    let page = browser.ask("return document.body.textContent");
    assert!(!page.as_str().unwrap_or_default().contains("Only look"), "who sends no token: {page}");
    let with = far.replace("https://", &format!("https://any:{TOKEN}@"));
    browser.go(&format!("{with}/screen"));
    let begin = std::time::Instant::now();
    let rows = "return document.querySelector('.xterm-rows')?.textContent ?? ''";
    while !browser.ask(rows).as_str().unwrap_or_default().contains("Overview") {
        assert!(begin.elapsed() < SOON, "no screen: {:?}", browser.complaints());
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
}
