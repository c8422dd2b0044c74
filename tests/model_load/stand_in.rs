//! A server that stands in for one of a model: with delays that are known, or hostile.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What it does with a request for an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// It answers as it should: the first token after so long, each other after so long.
    Answer { first_ms: u64, gap_ms: u64, tokens: u64 },
    /// It sends these bytes and hangs up.
    Raw(&'static [u8]),
    /// It sends a line that never ends.
    Flood,
    /// It sends a token every 100 ms for ever.
    Drip,
}

type Deeds = Box<dyn Fn(usize) -> Deed + Send + Sync>;

struct Shared {
    deed: Deeds,
    asked: AtomicUsize,
    over: AtomicBool,
    heads: Mutex<Vec<String>>,
    took: Mutex<Vec<(f64, f64)>>,
}

/// The server; it ends when it is dropped.
pub(crate) struct StandIn {
    pub(crate) url: String,
    place: std::net::SocketAddr,
    shared: Arc<Shared>,
}

pub(crate) fn pause(time: Duration) {
    if !time.is_zero() {
        std::sync::mpsc::channel::<()>().1.recv_timeout(time).unwrap_err();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        TcpStream::connect(self.place).ok();
    }
}

impl StandIn {
    /// One that does with the request of each number, from 0, what `deed` says.
    pub(crate) fn start(deed: impl Fn(usize) -> Deed + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            deed: Box::new(deed),
            asked: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            heads: Mutex::default(),
            took: Mutex::default(),
        });
        let all = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if all.over.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&all);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { url: format!("http://{place}"), place, shared }
    }

    /// Milliseconds to the first token and to the end, of every answer, by the server's own clock.
    pub(crate) fn took(&self) -> Vec<(f64, f64)> {
        self.shared.took.lock().unwrap().clone()
    }

    /// The heads of all requests, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().unwrap().clone()
    }
}

impl Shared {
    /// One request, after which the connection is closed.
    fn serve(&self, stream: TcpStream) -> Option<()> {
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        stream.set_nodelay(true).ok()?;
        let mut from = BufReader::new(stream.try_clone().ok()?);
        let (mut head, mut length) = (String::new(), 0_usize);
        loop {
            let mut line = String::new();
            if from.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim().to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(number) = line.strip_prefix("content-length:") {
                length = number.trim().parse().ok()?;
            }
            head.push_str(&line);
            head.push('\n');
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        let began = Instant::now();
        self.heads.lock().ok()?.push(head.clone());
        let path = head.split(' ').nth(1)?.to_owned();
        match path.as_str() {
            "/v1/models" => page(stream, 200, r#"{"data":[{"id":"stand-in"}]}"#),
            "/v1/completions" => {
                let number = self.asked.fetch_add(1, Ordering::SeqCst);
                self.answer(stream, (self.deed)(number), &body, began)
            }
            _ => page(stream, 404, "{}"),
        }
    }

    fn answer(&self, mut to: TcpStream, deed: Deed, body: &[u8], began: Instant) -> Option<()> {
        match deed {
            Deed::Raw(bytes) => to.write_all(bytes).ok(),
            Deed::Flood => {
                head(&mut to)?;
                to.write_all(b"data: ").ok()?;
                while to.write_all(&[b'x'; 8_192]).is_ok() {}
                None
            }
            Deed::Drip => {
                head(&mut to)?;
                while token(&mut to).is_some() && !self.over.load(Ordering::SeqCst) {
                    pause(Duration::from_millis(100));
                }
                None
            }
            Deed::Answer { first_ms, gap_ms, tokens } => {
                let wish: Value = serde_json::from_slice(body).ok()?;
                let tokens = wish["max_tokens"].as_u64()?.min(tokens);
                let words = wish["prompt"].as_str()?.split(' ').count();
                pause(Duration::from_millis(first_ms));
                let first = began.elapsed().as_secs_f64() * 1e3;
                head(&mut to)?;
                for number in 0..tokens {
                    if number > 0 {
                        pause(Duration::from_millis(gap_ms));
                    }
                    token(&mut to)?;
                }
                self.took.lock().ok()?.push((first, began.elapsed().as_secs_f64() * 1e3));
                let last = format!(
                    "data: {{\"choices\":[{{\"text\":\"\",\"finish_reason\":\"length\"}}]}}\n\n\
                     data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{words},\
                     \"completion_tokens\":{tokens}}}}}\n\ndata: [DONE]\n\n"
                );
                to.write_all(last.as_bytes()).ok()
            }
        }
    }
}

fn head(to: &mut TcpStream) -> Option<()> {
    to.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        .ok()
}

fn token(to: &mut TcpStream) -> Option<()> {
    to.write_all(b"data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":null}]}\n\n").ok()
}

fn page(mut to: TcpStream, status: u16, text: &str) -> Option<()> {
    let length = text.len();
    let page = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{text}"
    );
    to.write_all(page.as_bytes()).ok()
}
