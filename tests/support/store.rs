//! A real Prometheus of the test's own, which goes when it is dropped.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Says why a test cannot run here; that is a failure where everything must run.
pub(crate) fn skip(why: &str) {
    assert!(std::env::var_os("ISOMON_REQUIRE_LIVE").is_none_or(|v| v != "1"), "{why}");
    println!("skipped: {why}");
}

pub(crate) fn pause(ms: u64) {
    std::sync::mpsc::channel::<()>().1.recv_timeout(Duration::from_millis(ms)).unwrap_err();
}

pub(crate) struct Prometheus {
    child: Child,
    pub(crate) address: String,
    _dir: TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Prometheus {
    /// One with the settings `config` and with `words`; `None` where none is installed.
    pub(crate) fn start(config: &str, words: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("prometheus.yml"), config).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = format!("127.0.0.1:{port}");
        let mut command = Command::new("prometheus");
        command
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address={place}"))
            .args(words)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                skip(&format!("prometheus: {error} (Debian: prometheus)"));
                return None;
            }
        };
        let store = Self { child, address: format!("http://{place}"), _dir: dir };
        let begin = Instant::now();
        while store.get("/-/ready").is_none_or(|answer| !answer.contains("200 OK")) {
            assert!(begin.elapsed() < Duration::from_mins(1), "prometheus does not answer");
            pause(100);
        }
        Some(store)
    }

    fn get(&self, path: &str) -> Option<String> {
        use std::io::{Read, Write};
        let place = self.address.strip_prefix("http://")?;
        let mut stream = std::net::TcpStream::connect(place).ok()?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: {place}\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    /// The rows that `query` gives now.
    pub(crate) fn ask(&self, query: &str) -> Vec<Value> {
        let escaped = query.bytes().fold(String::new(), |mut text, byte| {
            write!(text, "%{byte:02X}").unwrap();
            text
        });
        let answer = self.get(&format!("/api/v1/query?query={escaped}")).unwrap_or_default();
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let read: Value = serde_json::from_str(body).unwrap_or_default();
        assert_ne!(read["status"], "error", "{query}: {read}");
        read["data"]["result"].as_array().cloned().unwrap_or_default()
    }
}
