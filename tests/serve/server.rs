//! A server of the test's own, and raw requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::home::Home;

/// The token of every server that has one.
pub(crate) const TOKEN: &str = "canary-6f1e9b7d2c4a8053-never-to-be-seen";
/// Time for anything that should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A program that is ended when it goes.
pub(crate) struct Server {
    pub(crate) home: Home,
    pub(crate) address: SocketAddr,
    /// What it said at the start.
    pub(crate) said: String,
    child: Child,
    stderr: mpsc::Receiver<String>,
}

impl Server {
    /// `isomon serve` with `words`, at a port that is free; it does not try the backends.
    pub(crate) fn start(words: &[&str]) -> Self {
        Self::start_in(Home::new(), words)
    }

    /// The same with the token.
    pub(crate) fn with_token(words: &[&str]) -> Self {
        let home = Home::new();
        let path = home.path().join("token");
        std::fs::write(&path, TOKEN).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        Self::start_in(home, &[&["--token-file", "token"], words].concat())
    }

    pub(crate) fn start_in(home: Home, words: &[&str]) -> Self {
        let fixed = ["serve", "--listen", "127.0.0.1:0", "--no-check"];
        let mut command = home.command(&[&fixed, words].concat());
        command.env("ISOMON_LOG", "trace");
        Self::of(home, command)
    }

    /// The one that `command` starts.
    pub(crate) fn of(home: Home, mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (to, stderr) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).take_while(|line| to.send(line.clone()).is_ok()).count()
        });
        let mut said = String::new();
        let begin = Instant::now();
        let address = loop {
            let left = SOON.saturating_sub(begin.elapsed());
            let line = stderr.recv_timeout(left).unwrap_or_else(|_| panic!("no address: {said}"));
            said = said + &line + "\n";
            let place = line.split("://").nth(1).filter(|_| line.starts_with("isomon serve: "));
            if let Some(address) = place.and_then(|place| place.parse().ok()) {
                break address;
            }
        };
        while !said.contains("what may be done") {
            said = said + &stderr.recv_timeout(SOON).unwrap() + "\n";
        }
        Self { home, address, said, child, stderr }
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.set_write_timeout(Some(SOON)).unwrap();
        stream
    }

    /// What it answers to `request`, after which the connection ends.
    pub(crate) fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // It may have answered and gone before all of it was sent.
        let _sent = stream.write_all(request);
        let mut bytes = Vec::new();
        let _cut = stream.read_to_end(&mut bytes);
        Answer::read(&bytes)
    }

    /// What it answers to a usual request with `headers`.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let more = headers.iter().fold(String::new(), |more, header| more + header + "\r\n");
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{length}{more}\r\n{body}",
            self.address
        );
        self.raw(request.as_bytes())
    }

    /// The JSON of a good answer.
    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        let answer = self.ask("GET", path, &[], "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory of its own that is in no file, in bytes.
    pub(crate) fn anonymous_bytes(&self) -> u64 {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid())).unwrap();
        let line = rollup.lines().find(|line| line.starts_with("Anonymous:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Sends it a signal and waits for its end; the log it leaves.
    pub(crate) fn end(mut self, signal: rustix::process::Signal) -> (ExitStatus, String) {
        self.signal(signal);
        let begin = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < SOON, "it does not end");
            let _line = self
                .stderr
                .recv_timeout(Duration::from_millis(20))
                .map(|line| self.said += &(line + "\n"));
        }
        let status = self.child.wait().unwrap();
        let rest: Vec<String> = self.stderr.iter().collect();
        (status, std::mem::take(&mut self.said) + &rest.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already is fine.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

/// An answer, taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// 0 where the connection ended without one.
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self { status: status.unwrap_or(0), head: head.to_lowercase(), body: body.to_owned() }
    }
}
