//! JavaScript isolates, live: every payload from every start, and a corpus of abuse that is stopped
//! in its time and class while the host and the other isolates go on.
//!
//! `deno` is looked for on PATH; `v8` runs where it is built in.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Launch, Task, Trial, Work};
use isomon::model::backend::{BackendId, Inside, Reach, Readiness, Start};
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload, Phase};
use isomon::model::job::{Chunk, Job, Runtime, Stream, What};
use isomon::model::unit::{Bytes, Seconds};

use live::{Ground, id, must_be_live};

const PAYLOADS: [Payload; 5] = [
    Payload::Noop,
    Payload::Cpu { rounds: 0 },
    Payload::Cpu { rounds: 100_003 },
    Payload::Memory { mib: 1 },
    Payload::Memory { mib: 16 },
];

/// The JavaScript backends that run here; the others are printed with their reasons.
async fn ready(ground: &Ground) -> Vec<BackendId> {
    let known = ground.check(&[BackendId::Deno, BackendId::V8]).await;
    let mut ready = Vec::new();
    for status in known {
        if status.readiness.runs() {
            println!("{}: {:?}", status.id, status.version);
            ready.push(status.id);
            continue;
        }
        println!("skipped {}: {:?}", status.id, status.readiness);
        let built = status.id == BackendId::Deno || cfg!(feature = "v8");
        assert!(!(built && must_be_live()), "{} must be live", status.id);
    }
    ready
}

fn within(seconds: f64) -> Limits {
    Limits {
        timeout_seconds: Seconds(seconds),
        memory_bytes: Bytes(512 << 20),
        ..Limits::default()
    }
}

/// Runs `source` in `backend`; what became of it and what it said.
async fn js(
    camp: &mut Camp,
    backend: BackendId,
    source: &str,
    limits: Limits,
) -> (Trial, Vec<Chunk>) {
    let what = What::Code { runtime: Runtime::Js, code: source.as_bytes().to_vec() };
    let job = Job { what, input: Some(serde_json::json!({"n": 20})), ..Job::default() };
    let work = Work::Job(Arc::new(job));
    let task = Task { backend, start: Start::Cold, work, nonce: 0x15a, limits, kernel: None };
    let (out, mut heard) = tokio::sync::mpsc::channel(64);
    let gather = tokio::spawn(async move {
        let mut said = Vec::new();
        while let Some(chunk) = heard.recv().await {
            said.push(chunk);
        }
        said
    });
    let trial = camp.exec(&task, &out).await.unwrap();
    drop(out);
    (trial, gather.await.unwrap())
}

/// A user's code may change the promises of its engine, and fails alone with what comes of that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_is_none_is_no_word_of_the_hosts() {
    const FORGED: &str = "Object.defineProperty(Promise.prototype, 'constructor', { get() {} });
        Promise.prototype.then = function (keep) { keep(FORGERY); }; 1";
    let ground = Ground::new();
    let ready = ready(&ground).await;
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    for backend in ready {
        for forgery in ["{ evil: 1 }", "'x'.repeat(1 << 24)", "7"] {
            let source = FORGED.replace("FORGERY", forgery);
            let (trial, _) = js(&mut camp, backend, &source, within(10.0)).await;
            let words = format!("{backend} {forgery}: {:?}", trial.outcome);
            assert!(!words.contains("makes no sense"), "{words}");
        }
    }
    camp.close().await.unwrap();
}

#[track_caller]
fn assert_class(trial: &Trial, wanted: &[Failure], what: &str) {
    match &trial.outcome {
        Outcome::Failed { kind, .. } if wanted.contains(kind) => {}
        other => panic!("{other:?} instead of {wanted:?} for {what}"),
    }
}

async fn close(camp: Camp) {
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
}

#[tokio::test]
async fn every_payload_from_every_start_is_right() {
    let ground = Ground::new();
    let backends = ready(&ground).await;
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let mut nonce = 0xfedc_ba98_7654_3210;
    for backend in backends {
        for start in backend.starts() {
            for payload in PAYLOADS {
                for _ in 0..3 {
                    nonce += 1;
                    let cell = Cell { backend, start: *start, payload };
                    let limits = within(20.0);
                    let trial = camp.launch(&Task::of(cell, nonce, limits)).await.unwrap();
                    assert_eq!(trial.outcome, Outcome::Good, "{cell:?}");
                    let until = trial.phases.until(Phase::Ready).unwrap();
                    println!("{backend} {start:?} {payload}: ready in {:.2} ms", until.0 * 1e3);
                }
            }
        }
    }
    close(camp).await;
}

#[tokio::test]
async fn a_result_is_what_main_gives_or_the_last_expression() {
    let ground = Ground::new();
    let backends = ready(&ground).await;
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let rows = [
        ("1 + 1", "2"),
        ("// nothing", "null"),
        ("'use strict'; input.n * 2", "40"),
        ("let a = [1]; a // the end", "[1]"),
        ("function main(i) { return { twice: i.n * 2 } }", r#"{"twice":40}"#),
        ("const main = async ({ n }) => { await 0; return n }", "20"),
        ("Promise.resolve(7)", "7"),
        ("undefined", "null"),
        ("typeof this", r#""object""#),
    ];
    for backend in backends {
        for (source, wanted) in rows {
            let (trial, _) = js(&mut camp, backend, source, within(10.0)).await;
            assert_eq!(trial.outcome, Outcome::Good, "{backend} {source}");
            assert_eq!(trial.value.as_deref(), Some(wanted), "{backend} {source}");
        }
        let source = "console.log('a', { b: 1 }); console.error('c'); 1";
        let (_, said) = js(&mut camp, backend, source, within(10.0)).await;
        let said: Vec<(Stream, String)> = said
            .into_iter()
            .map(|chunk| (chunk.stream, String::from_utf8(chunk.bytes).unwrap()))
            .collect();
        let wanted = [(Stream::Output, "a {\"b\":1}\n"), (Stream::Error, "c\n")];
        assert_eq!(said, wanted.map(|(stream, text)| (stream, text.to_owned())), "{backend}");
    }
    close(camp).await;
}

/// Code that hangs, grows, breaks or reaches out, and the classes it may end in.
const ABUSE: [(&str, &str, &[Failure]); 14] = [
    (
        "string growth",
        "let s = 'x'; for (;;) s += s + s.length",
        &[Failure::Status, Failure::Memory],
    ),
    ("one huge array", "new Array(6e7).fill(1).length", &[Failure::Memory]),
    (
        "buffer growth",
        "const a = []; for (;;) a.push(new Uint8Array(1 << 22).fill(1))",
        &[Failure::Memory],
    ),
    ("deep recursion", "const f = () => f() + 1; f()", &[Failure::Status]),
    ("catastrophic pattern", "/^(a+)+$/.test('a'.repeat(64) + 'b')", &[Failure::Timeout]),
    ("endless microtasks", "const f = () => Promise.resolve().then(f); f()", &[Failure::Timeout]),
    ("caught for ever", "for (;;) try { for (;;); } finally { continue; }", &[Failure::Timeout]),
    ("a promise never kept", "new Promise(() => {})", &[Failure::Status, Failure::Timeout]),
    ("a throw", "throw new Error('on purpose')", &[Failure::Status]),
    (
        "a throw that hurts",
        "throw { toString() { while (true) {} } }",
        &[Failure::Status, Failure::Timeout],
    ),
    ("no syntax", "this is no JavaScript", &[Failure::Status]),
    ("files", "Deno.readFileSync('/etc/passwd')", &[Failure::Status]),
    ("network", "fetch('http://127.0.0.1/')", &[Failure::Status]),
    ("import", "import('file:///etc/passwd')", &[Failure::Status]),
];

#[tokio::test]
async fn abuse_is_stopped_in_its_class_and_its_time() {
    let ground = Ground::new();
    let backends = ready(&ground).await;
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    for backend in backends {
        for (what, source, wanted) in ABUSE {
            let limits = Limits { memory_bytes: Bytes(192 << 20), ..within(20.0) };
            let limits = if wanted.contains(&Failure::Memory) { limits } else { within(1.0) };
            let clock = Instant::now();
            let (trial, _) = js(&mut camp, backend, source, limits).await;
            let took = clock.elapsed();
            println!("{backend} {what}: {:?} in {took:.2?}", trial.outcome);
            assert_class(&trial, wanted, what);
            // The camp's own part, a new host perhaps, comes on top of 1.1 times the deadline.
            let most = Duration::from_secs_f64(limits.timeout_seconds.0 * 1.1 + 3.0);
            assert!(took < most, "{backend} {what}: {took:?}");
            let cell = Cell::cold(backend, Payload::Noop);
            let honest = camp.launch(&Task::of(cell, 5, within(20.0))).await.unwrap();
            assert_eq!(honest.outcome, Outcome::Good, "{backend} after {what}");
        }
    }
    close(camp).await;
}

#[tokio::test]
async fn many_promises_are_carried() {
    let ground = Ground::new();
    let backends = ready(&ground).await;
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    for backend in backends {
        let promises = "async function main() { const all = []; for (let i = 0; i < 1e6; i++) \
                        all.push(Promise.resolve(i)); return (await Promise.all(all)).length }";
        let (trial, _) = js(&mut camp, backend, promises, within(20.0)).await;
        assert_eq!(trial.value.as_deref(), Some("1000000"), "{backend} {:?}", trial.outcome);
    }
    close(camp).await;
}

/// Ways to the host that are not lent, each of which would answer with what it got.
const REACHES: [&str; 9] = [
    "import('node:fs')",
    "import('node:process')",
    "import(`data:text/javascript,export * from 'node:fs'`)",
    "import('data:text/javascript,export default Deno')",
    "import('data:text/javascript,export default process.pid')",
    "import('file:///etc/passwd')",
    "(function () {}).constructor('return process')()",
    "(async () => {}).constructor('return Deno')()",
    "postMessage({ done: '1', dropped: 0 })",
];

#[tokio::test]
async fn nothing_of_the_host_is_lent() {
    let ground = Ground::new();
    let backends = ready(&ground).await;
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    for backend in backends {
        for source in REACHES {
            let (trial, _) = js(&mut camp, backend, source, within(5.0)).await;
            assert_class(&trial, &[Failure::Status], source);
        }
        let limits = within(20.0);
        let look =
            Task { backend, start: Start::Cold, work: Work::Look, nonce: 1, limits, kernel: None };
        let seen = camp.launch(&look).await.unwrap();
        assert_eq!(seen.outcome, Outcome::Good, "{backend}");
        let inside: Inside = serde_json::from_str(seen.value.as_deref().unwrap()).unwrap();
        println!("{backend}: {inside:?}");
        assert_eq!(inside.network, Some(Reach::None), "{backend}");
        assert_eq!(inside.writable, Some(Vec::new()), "{backend}");
        let lent = inside.lent.unwrap();
        let lent: Vec<&str> = lent.iter().map(isomon::model::text::SafeText::as_str).collect();
        assert!(lent.contains(&"console"), "{lent:?}");
        for kept in ["Deno", "process", "fetch", "Worker", "node:", "file:"] {
            assert!(!lent.iter().any(|name| name.starts_with(kept)), "{backend} lends {lent:?}");
        }
    }
    close(camp).await;
}

#[tokio::test]
async fn what_is_not_here_says_what_mends_it() {
    let mut ground = Ground::new();
    ground.settings.search.clear();
    let known = ground.check(&[BackendId::Deno, BackendId::V8]).await;
    let text = |place: usize| serde_json::to_string(&known[place].readiness).unwrap();
    assert!(matches!(known[0].readiness, Readiness::Unavailable { .. }));
    assert!(text(0).contains("deno is not on PATH") && text(0).contains("npm install -g deno"));
    if cfg!(not(feature = "v8")) {
        assert!(text(1).contains("built without v8") && text(1).contains("--features v8"));
    }
}
