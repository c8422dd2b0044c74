//! The `wasm` backend, live: right results from every start, and modules that mean harm.

#![cfg(feature = "wasm")]
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Launch, Task, Trial, Work};
use isomon::model::backend::{BackendId, Inside, Reach, Readiness, Start};
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload, Phase};
use isomon::model::job::{Chunk, Job, Runtime, Stream, What};
use isomon::model::unit::{Bytes, Seconds};
use tokio::sync::mpsc;

use live::{Ground, id};

const STARTS: [Start; 4] = [Start::Cold, Start::Cached, Start::Pooled, Start::Warm];

fn within(seconds: f64) -> Limits {
    Limits { timeout_seconds: Seconds(seconds), ..Limits::default() }
}

fn payload(start: Start, payload: Payload, nonce: u64, limits: Limits) -> Task {
    Task::of(Cell { backend: BackendId::Wasm, start, payload }, nonce, limits)
}

/// A user's module.
fn module(code: &[u8], input: Option<serde_json::Value>, limits: Limits) -> Task {
    let what = What::Code { runtime: Runtime::Wasm, code: code.to_vec() };
    let work = Work::Job(Arc::new(Job { what, input, ..Job::default() }));
    Task { work, ..payload(Start::Cold, Payload::Noop, 0xabc, limits) }
}

/// Runs a user's task; what became of it, what it said, and how long that took.
async fn exec(camp: &mut Camp, task: &Task) -> (Trial, Vec<(Stream, u8)>, Duration) {
    let (sender, mut heard) = mpsc::channel::<Chunk>(64);
    let listener = tokio::spawn(async move {
        let mut said = Vec::new();
        while let Some(chunk) = heard.recv().await {
            said.extend(chunk.bytes.iter().map(|byte| (chunk.stream, *byte)));
        }
        said
    });
    let began = Instant::now();
    let trial = camp.exec(task, &sender).await.unwrap();
    let took = began.elapsed();
    drop(sender);
    (trial, listener.await.unwrap(), took)
}

async fn close(camp: Camp) {
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
}

#[track_caller]
fn kind(trial: &Trial) -> Option<Failure> {
    match &trial.outcome {
        Outcome::Good => None,
        Outcome::Failed { kind, .. } => Some(*kind),
    }
}

#[tokio::test]
async fn it_is_ready_and_says_what_it_is() {
    let known = Ground::new().check(&[BackendId::Wasm]).await;
    let version = known[0].version.as_ref().unwrap();
    assert!(version.as_str().starts_with("wasmtime "), "{version}");
    assert!(known[0].readiness.runs(), "{:?}", known[0].readiness);
    assert!(!matches!(known[0].readiness, Readiness::Unavailable { .. }));
    assert_eq!(known[0].traits.runtimes, [Runtime::Wasm]);
}

#[tokio::test]
async fn every_start_does_every_work() {
    let ground = Ground::new();
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let mut nonce = 0xabc0;
    let works = [Payload::Noop, Payload::Cpu { rounds: 100_000 }, Payload::Memory { mib: 8 }];
    for start in STARTS {
        for work in works.into_iter().chain(works) {
            nonce += 1;
            let trial = camp.launch(&payload(start, work, nonce, Limits::default())).await.unwrap();
            assert_eq!(trial.outcome, Outcome::Good, "{start:?} {work}");
            let phases = trial.phases;
            assert!(phases.until(Phase::Ready).is_some() && phases.until(Phase::Run).is_some());
            let made = start != Start::Warm;
            assert_eq!(phases.create_seconds.is_some(), made, "{start:?}");
            assert_eq!(phases.clean_seconds.is_some(), made, "{start:?}");
        }
    }
    close(camp).await;
}

#[tokio::test]
async fn a_look_from_inside_tells_what_is_lent() {
    let ground = Ground::new();
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let task = payload(Start::Cold, Payload::Noop, 5, Limits::default());
    let trial = camp.launch(&Task { work: Work::Look, ..task }).await.unwrap();
    assert_eq!(trial.outcome, Outcome::Good);
    let inside: Inside = serde_json::from_str(&trial.value.unwrap()).unwrap();
    assert_eq!((inside.network, inside.kernel, inside.calls), (Some(Reach::None), None, None));
    let lent: Vec<String> = inside.lent.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(lent, ["isomon.ready", "wasi_snapshot_preview1"]);
    close(camp).await;
}

/// Writes `ECHO` and a copy of its input, a word on standard error, and exits with 7.
const SPEAKER: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $open (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "\e2\86\92 echo ")
  (data (i32.const 120) "oh no\n")
  (func $say (param $fd i32) (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    ;; A directory would be descriptor 3; there is none.
    (if (i32.eqz (call $open (i32.const 3) (i32.const 0))) (then (unreachable)))
    (i32.store (i32.const 0) (i32.const 200))
    (i32.store (i32.const 4) (i32.const 100))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 16) (i32.load (i32.const 8)))
    (call $say (i32.const 1) (i32.const 100) (i32.const 9))
    (call $say (i32.const 1) (i32.const 200) (i32.load (i32.const 16)))
    (call $say (i32.const 2) (i32.const 120) (i32.const 6))
    (call $exit (i32.const 7))))"#;

#[tokio::test]
async fn users_code_reads_writes_and_exits_as_it_likes() {
    let ground = Ground::new();
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let input = serde_json::json!({ "n": 1 });
    let task = module(SPEAKER.as_bytes(), Some(input), Limits::default());
    for start in STARTS {
        let (trial, said, _) = exec(&mut camp, &Task { start, ..task.clone() }).await;
        let on = |wanted| {
            let bytes =
                said.iter().filter(|(on, _)| *on == wanted).map(|(_, byte)| *byte).collect();
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!((kind(&trial), trial.status), (Some(Failure::Status), Some(7)), "{trial:?}");
        assert_eq!(on(Stream::Output), "→ echo {\"n\":1}\n");
        assert_eq!(on(Stream::Error), "oh no\n");
        let Outcome::Failed { message, .. } = &trial.outcome else { panic!("it exits with 7") };
        assert_eq!(message.as_str(), "oh no (status 7)");
    }
    let add = "(module (func (export \"run\") (param i32 f64) (result f64)
        (f64.add (f64.convert_i32_s (local.get 0)) (local.get 1))))";
    let numbers = module(add.as_bytes(), Some(serde_json::json!([2, 0.5])), Limits::default());
    let (trial, ..) = exec(&mut camp, &numbers).await;
    assert_eq!((kind(&trial), trial.value.as_deref()), (None, Some("2.5")), "{trial:?}");
    let wrong = Task { work: module(add.as_bytes(), None, Limits::default()).work, ..numbers };
    assert_eq!(kind(&exec(&mut camp, &wrong).await.0), Some(Failure::Status));
    close(camp).await;
}

/// Modules that mean harm, the class each must end in, and whether it takes up its whole second.
fn harmful() -> Vec<(&'static str, Vec<u8>, Failure, bool)> {
    let sleep = r#"(module
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start")
          (i32.store (i32.const 16) (i32.const 1))
          (i64.store (i32.const 24) (i64.const 3600000000000))
          (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))"#;
    let text = |text: &str| text.as_bytes().to_vec();
    let garbage: Vec<u8> =
        (0..10_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let posing = [&b"\0asm\x01\0\0\0"[..], &garbage].concat();
    let at_start = "(module (func $f (loop $l (br $l))) (start $f) (func (export \"run\")))";
    vec![
        ("endless loop at the start", text(at_start), Failure::Timeout, true),
        ("sleep of an hour", text(sleep), Failure::Timeout, true),
        (
            "4 GiB at once",
            text("(module (memory 65536) (func (export \"run\")))"),
            Failure::Memory,
            false,
        ),
        (
            "a table of 10,000,000",
            text("(module (table 10000000 funcref) (func (export \"run\")))"),
            Failure::Memory,
            false,
        ),
        (
            "recursion",
            text("(module (func $f (export \"run\") (call $f)))"),
            Failure::Status,
            false,
        ),
        ("trap", text("(module (func (export \"run\") (unreachable)))"), Failure::Status, false),
        (
            "unknown import",
            text("(module (import \"env\" \"system\" (func)) (func (export \"run\")))"),
            Failure::Status,
            false,
        ),
        ("garbage", garbage, Failure::Status, false),
        ("garbage that poses as a module", posing, Failure::Status, false),
        ("nothing", Vec::new(), Failure::Status, false),
    ]
}

#[tokio::test]
async fn harm_ends_in_its_class_and_in_its_time_and_the_next_run_is_good() {
    let ground = Ground::new();
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    camp.launch(&payload(Start::Cold, Payload::Noop, 1, Limits::default())).await.unwrap();
    for (nonce, (name, code, wanted, whole)) in (100..).zip(harmful()) {
        let limits = within(if whole { 1.0 } else { 20.0 });
        let (trial, _, took) = exec(&mut camp, &module(&code, None, limits)).await;
        println!("{name}: {took:?} {:?}", trial.outcome);
        assert_eq!(kind(&trial), Some(wanted), "{name}: {trial:?}");
        assert!(!whole || took.as_secs_f64() < 1.1, "{name} took {took:?}");
        let next = payload(Start::Cold, Payload::Noop, nonce, Limits::default());
        assert_eq!(camp.launch(&next).await.unwrap().outcome, Outcome::Good, "after {name}");
    }
    close(camp).await;
}

#[tokio::test]
async fn isomons_own_kernels_are_held_to_memory_and_time() {
    let ground = Ground::new();
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    for (nonce, start) in (1..).zip(STARTS) {
        let limits = Limits { memory_bytes: Bytes(16 << 20), ..within(0.5) };
        let greedy = payload(start, Payload::Memory { mib: 64 }, nonce, limits);
        assert_eq!(kind(&camp.launch(&greedy).await.unwrap()), Some(Failure::Memory), "{start:?}");
        let long = payload(start, Payload::Cpu { rounds: u64::MAX }, nonce + 10, limits);
        assert_eq!(kind(&camp.launch(&long).await.unwrap()), Some(Failure::Timeout), "{start:?}");
        let good = payload(start, Payload::Noop, nonce + 20, limits);
        assert_eq!(camp.launch(&good).await.unwrap().outcome, Outcome::Good, "{start:?}");
    }
    close(camp).await;
}

#[tokio::test]
async fn a_host_that_is_killed_fails_its_run_and_no_other() {
    let ground = Ground::new();
    let run = id();
    let mut camp = Camp::open(&run, &ground.settings).await.unwrap();
    let first = payload(Start::Warm, Payload::Noop, 1, Limits::default());
    assert_eq!(camp.launch(&first).await.unwrap().outcome, Outcome::Good);
    let host = host_of(&run.to_string());
    let killer = tokio::spawn(async move {
        // While the loop runs, which is as soon as its processor time grows.
        let spent = || -> u64 {
            let stat = std::fs::read_to_string(format!("/proc/{host}/stat")).unwrap();
            let fields = stat.rsplit_once(')').unwrap().1.split(' ').skip(12).take(2);
            fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
        };
        let (before, began) = (spent(), Instant::now());
        while spent() < before + 5 && began.elapsed() < Duration::from_secs(10) {
            tokio::task::yield_now().await;
        }
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(host).unwrap(),
            rustix::process::Signal::KILL,
        )
    });
    let long = payload(Start::Cold, Payload::Cpu { rounds: u64::MAX }, 2, within(10.0));
    let began = Instant::now();
    let trial = camp.launch(&long).await.unwrap();
    killer.await.unwrap().unwrap();
    assert_eq!((kind(&trial), trial.signal), (Some(Failure::Status), Some(9)), "{trial:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
    let next = Task { nonce: 3, ..first };
    assert_eq!(camp.launch(&next).await.unwrap().outcome, Outcome::Good);
    close(camp).await;
}

#[tokio::test]
async fn the_host_has_given_up_what_it_does_not_need() {
    let ground = Ground::new();
    let run = id();
    let mut camp = Camp::open(&run, &ground.settings).await.unwrap();
    let first = payload(Start::Cold, Payload::Noop, 1, Limits::default());
    assert_eq!(camp.launch(&first).await.unwrap().outcome, Outcome::Good);
    let host = host_of(&run.to_string());
    let status = std::fs::read_to_string(format!("/proc/{host}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!((field("Seccomp:"), field("NoNewPrivs:")), ("2".to_owned(), "1".to_owned()));
    if rustix::process::geteuid().is_root() {
        assert_eq!((field("Uid:"), field("CapEff:")), (["65534"; 4].join(" "), "0".repeat(16)));
        assert_eq!((field("Gid:"), field("Groups:")), (["65534"; 4].join(" "), String::new()));
    }
    close(camp).await;
}

/// A launcher by itself, asked to have a host run `count` payloads at once; its reports.
fn crowd(start: Start, work: Payload, count: u64) -> Vec<serde_json::Value> {
    let run = |nonce: u64| {
        serde_json::json!({
            "start": start, "nonce": nonce, "heap_bytes": 128 << 20, "deadline_ms": 60_000,
            "code": { "payload": work }, "input": null,
        })
    };
    let call = serde_json::json!({ "Call": {
        "argv": [live::exe(), "__wasm"], "env": [], "runs": (1..=count).map(run).collect::<Vec<_>>(),
        "timeout_ms": 60_250, "keep_bytes": 1 << 16, "stream": false,
    }});
    let mut launcher = Command::new(live::exe())
        .arg("__launcher")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut orders = launcher.stdin.take().unwrap();
    writeln!(orders, "{call}").unwrap();
    let mut said = BufReader::new(launcher.stdout.take().unwrap()).lines();
    assert!(said.next().unwrap().unwrap().contains("refused"));
    let line = said.next().unwrap().unwrap();
    drop(orders);
    assert!(launcher.wait().unwrap().success());
    let mut told: serde_json::Value = serde_json::from_str(&line).unwrap();
    serde_json::from_value(told["Reports"].take()).unwrap()
}

#[test]
fn a_thousand_instances_are_alive_at_once() {
    for start in [Start::Cached, Start::Pooled] {
        let began = Instant::now();
        let reports = crowd(start, Payload::Memory { mib: 1 }, 1000);
        println!("1000 {}: {:?}", start.name(), began.elapsed());
        assert_eq!(reports.len(), 1000);
        let done = reports.iter().map(|report| report["done_ns"].as_u64().unwrap()).max().unwrap();
        for report in reports {
            assert_eq!(
                (&report["fault"], report["status"].as_i64()),
                (&serde_json::Value::Null, Some(0))
            );
            assert_eq!(report["used_bytes"].as_u64(), Some(1 << 20));
            // None was taken away before the last had done its work.
            assert!(report["exited_ns"].as_u64().unwrap() > done);
        }
    }
}

/// The process of the host in the run.
fn host_of(run: &str) -> i32 {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let mut pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let holds = |pid: i32, file: &str, word: &str| {
        let text = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&text).contains(word)
    };
    pids.find(|pid| holds(*pid, "cmdline", "__wasm") && holds(*pid, "environ", run)).unwrap()
}
