//! Runs of workflows as `isomon serve` tells them: over the API, and as pages in a real browser.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a test program")]

#[path = "support/home.rs"]
#[expect(dead_code, reason = "standard output is not looked at")]
mod home;

#[path = "web/api.rs"]
mod api;
#[path = "web/browser.rs"]
#[expect(dead_code, reason = "the screen in a browser uses the rest")]
mod browser;
#[path = "web/hostile.rs"]
mod hostile;
#[path = "web/page.rs"]
mod page;
#[path = "serve/results.rs"]
mod results;
#[path = "serve/server.rs"]
#[expect(dead_code, reason = "the tests of the server itself use the rest")]
mod server;
