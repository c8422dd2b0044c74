//! The stream of a miStudio, against a real Socket.IO server: numbers come by it, by REST when they
//! do not come though the connection stands, and by it again.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use isomon::model::node::NodeSample;
use isomon::model::origin::Offer;
use isomon::source::{Source, Told, open};
use serde_json::{Value, json};

use crate::mistudio;
use crate::server::{ask, later, origin, spec, told};

/// Time for something to come about.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server in a process of its own, which ends with this.
struct Real {
    child: Child,
    port: u16,
}

impl Real {
    /// Why there is none.
    fn start(tls: &[PathBuf]) -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = root.join("target/tools/bin/python");
        let python = if own.exists() { own } else { PathBuf::from("python3") };
        let check = Command::new(&python).args(["-c", "import socketio, aiohttp"]).output();
        if !check.is_ok_and(|check| check.status.success()) {
            return Err("python-socketio or aiohttp is not installed: .ci/install".to_owned());
        }
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let rest = json!({
            "/api/v1/system/metrics": value(mistudio::METRICS),
            "/api/v1/system/gpu-list": value(mistudio::LIST),
            "/api/v1/system/gpu-metrics/all": value(mistudio::GPUS),
        });
        let mut child = Command::new(python)
            .arg(root.join("tests/foreign/stream_server.py"))
            .arg(rest.to_string())
            .args(tls)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Ok(Self { child, port })
    }

    fn say(&mut self, mode: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        writeln!(input, "{mode}").unwrap();
        input.flush().unwrap();
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The server, with `tls` a certificate and its key; `None` where there is none, which is said.
#[expect(clippy::print_stderr, reason = "a test, which says what it passes over")]
fn real(tls: &[PathBuf]) -> Option<Real> {
    Real::start(tls)
        .map_err(|why| {
            let live = std::env::var_os("ISOMON_REQUIRE_LIVE");
            assert!(live.is_none_or(|live| live != "1"), "{why}");
            eprintln!("passed over: {why}");
        })
        .ok()
}

fn busy(node: &NodeSample) -> Option<f64> {
    node.cpu.get().map(|cpu| cpu.busy.percent())
}

/// Asks until `wanted`, letting the source's own clock go on by a second each time.
async fn until(
    source: &mut Box<dyn Source>,
    offer: &mut Offer,
    wanted: impl Fn(&[Told], &Offer) -> bool,
) {
    let begin = Instant::now();
    loop {
        let told = ask(source).await.unwrap();
        if let Some(origin) = origin(&told) {
            let found = origin.endpoints.iter().find(|one| one.name.as_str() == "/ws/socket.io");
            if let Some(found) = found {
                *offer = found.offer.clone();
            }
        }
        if wanted(&told, offer) {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "not in time; the stream: {offer:?}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test]
async fn numbers_come_by_the_stream_and_by_rest_when_they_do_not() {
    let Some(mut real) = real(&[]) else { return };
    let mut source = open(spec(&format!("mistudio+http://127.0.0.1:{}", real.port))).unwrap();
    let mut offer = Offer::Unasked;
    let by_rest = |told: &[Told]| told!(told, Node).and_then(|n| busy(n)).is_some_and(|b| b < 20.0);
    let by_stream = |told: &[Told]| told!(told, Node).and_then(|n| busy(n)) == Some(50.0);
    until(&mut source, &mut offer, |told, _| by_rest(told)).await;
    until(&mut source, &mut offer, |told, offer| {
        let cool = |gpu: &isomon::model::gpu::Gpu| gpu.celsius.get().is_some_and(|c| c.0 == 33.0);
        by_stream(told)
            && *offer == Offer::Offered
            && told!(told, Gpus).is_some_and(|gpus| gpus.gpus.iter().any(cool))
    })
    .await;
    real.say("mute");
    tokio::time::sleep(Duration::from_millis(600)).await;
    ask(&mut source).await.unwrap();
    later(11).await;
    until(&mut source, &mut offer, |told, offer| by_rest(told) && *offer != Offer::Offered).await;
    assert!(offer.to_string().contains("no sample"), "{offer}: it stands, which says nothing");
    real.say("old");
    until(&mut source, &mut offer, |told, offer| by_stream(told) && *offer == Offer::Offered).await;
    real.say("flood");
    until(&mut source, &mut offer, |_, offer| offer.to_string().contains("200 messages")).await;
}

#[tokio::test]
async fn a_message_beyond_the_bound_ends_the_stream() {
    let Some(mut real) = real(&[]) else { return };
    let mut source = open(spec(&format!("mistudio+http://127.0.0.1:{}", real.port))).unwrap();
    let mut offer = Offer::Unasked;
    let by_stream = |told: &[Told]| told!(told, Node).and_then(|n| busy(n)) == Some(50.0);
    real.say("long");
    until(&mut source, &mut offer, |told, offer| by_stream(told) && *offer == Offer::Offered).await;
    real.say("vast");
    let why = "limit: a message is more than 64 KiB";
    until(&mut source, &mut offer, |_, offer| offer.to_string() == why).await;
}

/// What the stream is said to be once it is known, and whether numbers came by it.
async fn outcome(spec: isomon::source::Spec) -> (Offer, bool) {
    let mut source = open(spec).unwrap();
    let (mut offer, mut came) = (Offer::Unasked, false);
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE && !came && !matches!(offer, Offer::Failed(_)) {
        let Ok(told) = ask(&mut source).await else { return (offer, came) };
        if let Some(origin) = origin(&told) {
            let found = origin.endpoints.iter().find(|one| one.name.as_str() == "/ws/socket.io");
            offer = found.map_or(offer, |found| found.offer.clone());
        }
        came |= told!(&told, Node).and_then(|node| busy(node)) == Some(50.0);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    (offer, came)
}

#[tokio::test]
async fn the_stream_comes_by_tls_from_who_is_trusted_and_from_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| dir.path().join(name));
    std::fs::write(&cert, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let Some(real) = real(&[cert, key]) else { return };
    let url = format!("mistudio+https://127.0.0.1:{}", real.port);
    let trusting = |ca: Option<String>, insecure| {
        let mut spec = spec(&url);
        (spec.ca, spec.insecure) = (ca.map(String::into_bytes), insecure);
        spec
    };
    assert_eq!(outcome(trusting(Some(own.cert.pem()), false)).await, (Offer::Offered, true));
    assert_eq!(outcome(trusting(None, true)).await, (Offer::Offered, true));
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (offer, came) = outcome(trusting(Some(other.cert.pem()), false)).await;
    assert!(!came && offer != Offer::Offered, "{offer}");
}
