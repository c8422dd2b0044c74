//! `isomon serve --web`: the program's own screen in a browser, over a WebSocket.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
#[expect(dead_code, reason = "its output is not looked at")]
mod home;

#[path = "web/browser.rs"]
#[expect(dead_code, reason = "the pages about runs use the rest")]
mod browser;
#[path = "web_screen/door.rs"]
mod door;
#[path = "web_screen/far.rs"]
mod far;
#[path = "web_screen/life.rs"]
mod life;
#[path = "web_screen/page.rs"]
mod page;
#[path = "serve/server.rs"]
#[expect(dead_code, reason = "the tests of the server itself use the rest")]
mod server;
#[path = "web_screen/viewer.rs"]
mod viewer;

/// Whether this isomon has the terminal for browsers; says what is missing where not.
fn is_built_in() -> bool {
    let built_in = isomon::serve::screen::is_built_in();
    if !built_in {
        assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"));
        eprintln!("passed over: isomon was built without xterm.js (make web)");
    }
    built_in
}
