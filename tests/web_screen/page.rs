//! The page as a browser shows it: the terminal stands, keys and the window's size reach it.

use std::time::{Duration, Instant};

use crate::browser::Browser;
use crate::home::Home;
use crate::is_built_in;
use crate::server::{SOON, Server, TOKEN};

/// The letters in the terminal.
const ROWS: &str = "return [...document.querySelectorAll('.xterm-rows > div')].map(r => r.textContent).join('\\n')";
/// What the page says of the screen.
const STATE: &str = "return document.getElementById('state').textContent";

/// Waits until what `script` returns has `words` in it.
fn wait_for(browser: &Browser, script: &str, words: &str) -> String {
    let begin = Instant::now();
    loop {
        let text = browser.ask(script).as_str().unwrap_or_default().replace('\u{a0}', " ");
        if text.contains(words) {
            return text;
        }
        assert!(begin.elapsed() < SOON, "no {words:?}:\n{text}\n{:?}", browser.complaints());
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn the_page_shows_the_screen_takes_keys_and_follows_the_window() {
    if !is_built_in() {
        return;
    }
    let server = Server::start(&["--web"]);
    let Some(browser) = Browser::open(1280) else { return };
    browser.go(&format!("http://{}/screen", server.address));
    let wide = wait_for(&browser, ROWS, "1 Overview");
    wait_for(&browser, STATE, "Read-only.");
    browser.keys("2");
    wait_for(&browser, ROWS, "NODE");
    let columns = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(columns(&wide) > 120, "{}", columns(&wide));
    browser.resize(700, 500);
    let begin = Instant::now();
    loop {
        let text = wait_for(&browser, ROWS, "Nodes");
        if columns(&text) < 90 && text.lines().count() < 30 {
            break;
        }
        assert!(begin.elapsed() < SOON, "it stays as wide:\n{text}");
    }
    assert_eq!(browser.ask("return document.getElementById('key').hidden"), true);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    browser.keys("q");
    wait_for(&browser, STATE, "The screen was left.");
    browser.click("#again");
    wait_for(&browser, ROWS, "1 Overview");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_token_lets_act_and_a_wrong_one_does_not() {
    if !is_built_in() {
        return;
    }
    let server = Server::with_token(&["--web", "--allow-screen"]);
    let Some(browser) = Browser::open(1280) else { return };
    browser.go(&format!("http://{}/screen", server.address));
    wait_for(&browser, STATE, "Read-only.");
    let give = |token: &str| {
        browser.ask(&format!("document.getElementById('token').value = '{token}'"));
        browser.click("#key button");
    };
    give("wrong-wrong-wrong-wrong");
    wait_for(&browser, STATE, "not the token");
    give(TOKEN);
    wait_for(&browser, STATE, "You act here");
    wait_for(&browser, ROWS, "1 Overview");
    assert_eq!(browser.ask("return document.cookie"), "", "no script sees the key");
    assert!(!browser.ask("return location.href").as_str().unwrap().contains("canary"));
    browser.click("#look");
    wait_for(&browser, STATE, "Read-only.");
    let unasked: Vec<String> = browser.complaints();
    // The browser itself tells of the answer 401, and of nothing else.
    assert!(unasked.iter().all(|line| line.contains("401")), "{unasked:?}");
}

#[test]
fn copying_goes_outward_alone() {
    if !is_built_in() {
        return;
    }
    let home = Home::new();
    assert!(home.run(&["bench", "process", "--runs=3"]).status.success());
    let server = Server::start_in(home, &["--web"]);
    let Some(browser) = Browser::open(1280) else { return };
    browser.go(&format!("http://{}/screen", server.address));
    wait_for(&browser, ROWS, "1 Overview");
    browser.ask(
        "window.copied = []; window.asked = 0;
        navigator.clipboard.writeText = async text => { window.copied.push(text); };
        navigator.clipboard.readText = async () => { window.asked += 1; return 'secret'; };",
    );
    browser.keys("6");
    wait_for(&browser, ROWS, "with process");
    browser.keys("y");
    let copied = wait_for(&browser, "return window.copied.join('|')", "-");
    let runs = server.home.path().join(".local/state/isomon/runs");
    assert!(runs.join(&copied).is_dir(), "the run's id is copied: {copied}");
    assert_eq!(browser.ask("return window.asked"), 0);
}
