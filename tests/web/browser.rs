//! Chromium without a window, driven as `WebDriver` says, by requests of our own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Time for anything a browser does.
const PATIENCE: Duration = Duration::from_secs(20);
/// What keeps it to itself.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// A browser that is ended when it goes, with all it started.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: TempDir,
}

impl Browser {
    /// A browser of `width` by 900 pixels; `None` where none is installed.
    pub(crate) fn open(width: u32) -> Option<Self> {
        Self::with(width, false)
    }

    /// The same, which takes any certificate: who made it is tried elsewhere.
    pub(crate) fn open_any(width: u32) -> Option<Self> {
        Self::with(width, true)
    }

    fn with(width: u32, any: bool) -> Option<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .process_group(0)
            .spawn();
        let Ok(mut driver) = driver else {
            assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|live| live != "1"));
            eprintln!("passed over: no chromedriver (apt-get install chromium chromium-driver)");
            return None;
        };
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let told = lines.filter_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = told.take(1).last().expect("chromedriver says its port");
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self { driver, port, session: String::new(), profile };
        browser.begin(width, any);
        Some(browser)
    }

    fn begin(&mut self, width: u32, any: bool) {
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
        flags.push(format!("--window-size={width},900"));
        flags.push(format!("--user-data-dir={}", self.profile.path().display()));
        let wish = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "acceptInsecureCerts": any,
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let told = self.call("POST", "", &wish);
        self.session = format!("/{}", told["sessionId"].as_str().expect("a session"));
    }

    /// The value of an answer of the driver.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "{method} /session{}{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.session,
            self.port,
            body.len()
        )
        .unwrap();
        // It keeps the connection, whatever it is told: the length says where its answer ends.
        let mut answer = BufReader::new(stream);
        let (mut length, mut line) = (0, String::new());
        while answer.read_line(&mut line).unwrap() > 2 {
            let told = line.to_ascii_lowercase();
            let told = told.strip_prefix("content-length:").map(|told| told.trim().parse());
            length = told.map_or(length, |told| told.unwrap());
            line.clear();
        }
        let mut json = vec![0; length];
        answer.read_exact(&mut json).unwrap();
        let answer: Value = serde_json::from_slice(&json).unwrap();
        assert!(answer["value"]["error"].is_null(), "{method} {path}: {answer}");
        answer["value"].clone()
    }

    /// Goes to `url`.
    pub(crate) fn go(&self, url: &str) {
        self.call("POST", "/url", &json!({ "url": url }));
    }

    /// Waits until its address has `part` in it, and the page is there.
    pub(crate) fn arrives(&self, part: &str) {
        let begin = Instant::now();
        loop {
            let address = self.call("GET", "/url", &Value::Null).as_str().unwrap().to_owned();
            let whole = self.ask("return document.readyState") == "complete";
            if whole && address.contains(part) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{address} has no {part}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// What `script` returns on the page.
    pub(crate) fn ask(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Clicks what `selector` finds first.
    pub(crate) fn click(&self, selector: &str) {
        let wish = json!({ "using": "css selector", "value": selector });
        let found = self.call("POST", "/element", &wish);
        let id = found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.call("POST", &format!("/element/{id}/click"), &json!({}));
    }

    /// Types `text` where the page listens.
    pub(crate) fn keys(&self, text: &str) {
        let press = |letter: char| {
            let key = letter.to_string();
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let actions: Vec<Value> = text.chars().flat_map(press).collect();
        let wish = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.call("POST", "/actions", &wish);
    }

    /// Gives its window another size.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        self.call("POST", "/window/rect", &json!({ "width": width, "height": height }));
    }

    /// What it complained of since it was asked last.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let told = self.call("POST", "/se/log", &json!({ "type": "browser" }));
        told.as_array().unwrap().iter().map(|entry| entry["message"].to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", "", &Value::Null);
        }
        // The driver, and the browser where that is left.
        let group = Pid::from_raw(self.driver.id().cast_signed()).unwrap();
        let _gone = kill_process_group(group, Signal::KILL);
        let _status = self.driver.wait();
    }
}
