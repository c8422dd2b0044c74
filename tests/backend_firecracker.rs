//! Firecracker, live where it is found; and programs that pretend to be it, everywhere.
//!
//! A pretender is this program again, in the test that is ignored unless it is told what to play.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Launch, Task, Trial, Work, audit, gc};
use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload, Phase};
use isomon::model::id::RunId;
use isomon::model::unit::Seconds;

use live::{Ground, exe, id, must_be_live};
use oracle::{pass, settle};

const BOTH: [BackendId; 2] = [BackendId::Firecracker, BackendId::FirecrackerJailed];
/// Longest that something that must happen is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

fn within(seconds: f64) -> Limits {
    Limits { timeout_seconds: Seconds(seconds), ..Limits::default() }
}

fn task(backend: BackendId, start: Start, payload: Payload, limits: Limits) -> Task {
    Task::of(Cell { backend, start, payload }, 0x5eed_0000_0000_0007, limits)
}

// Pretenders

#[test]
#[ignore = "runs only as a pretender of the other tests"]
fn pretender() {
    let Ok(part) = std::env::var("PART") else {
        return;
    };
    if part == "flood" {
        let flood = vec![b'x'; 4 << 20];
        std::io::stdout().write_all(&flood).unwrap();
        std::io::stderr().write_all(&flood).unwrap();
    }
    let listener = UnixListener::bind(std::env::var("API").unwrap()).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut asked = 0;
    while request(&mut stream) {
        asked += 1;
        let refusal = "{\"fault_message\":\"no \\u001b[31mkernel\"}";
        let refusal =
            format!("HTTP/1.1 400 \r\nContent-Length: {}\r\n\r\n{refusal}", refusal.len());
        match part.as_str() {
            "silent" => drop(stream.read_to_end(&mut Vec::new())),
            "garbage" => stream.write_all(&[0x1b; 100]).unwrap(),
            "torn" => return stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(),
            "gigabyte" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                while stream.write_all(&[b'x'; 16384]).is_ok() {}
            }
            "refuse" | "flood" => stream.write_all(refusal.as_bytes()).unwrap(),
            _ => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap(),
        }
        if let (Ok(work), 3) = (std::env::var("WORK"), asked) {
            let mut work = Command::new(work);
            panic!("{}", work.args(["__payload", "noop", "0", "5eed000000000007"]).exec());
        }
    }
}

/// Reads a request with its body; false when there is none.
fn request(stream: &mut UnixStream) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if !stream.read(&mut byte).is_ok_and(|read| read == 1) {
            return false;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    stream.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
    true
}

/// The command line of a pretender in its script.
fn playing(part: &str) -> String {
    let own = std::env::current_exe().unwrap();
    let own = own.display();
    format!("PART={part} API=$2 {own} --exact pretender --ignored --nocapture --quiet")
}

/// Takes `script` for Firecracker; then works honestly, and leaves nothing.
async fn meet(script: &str, limits: Limits) -> Option<(Trial, Duration)> {
    if let Err(error) = fs::OpenOptions::new().read(true).write(true).open("/dev/kvm") {
        println!("skipped: /dev/kvm: {error}");
        assert!(!must_be_live());
        return None;
    }
    let mut ground = Ground::new();
    ground.fake("firecracker", &format!("#!/bin/sh\n{script}\n"));
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let wanted = task(BackendId::Firecracker, Start::Cold, Payload::Noop, limits);
    let began = Instant::now();
    let trial = camp.launch(&wanted).await.unwrap();
    let took = began.elapsed();
    assert_eq!(remains(&ground, &id), Vec::<String>::new(), "after {script}");
    let honest = task(BackendId::Process, Start::Cold, Payload::Noop, Limits::default());
    assert_eq!(camp.launch(&honest).await.unwrap().outcome, Outcome::Good, "after {script}");
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]), "after {script}");
    assert_eq!(audit(&ground.settings, &id), []);
    Some((trial, took))
}

/// Sockets and jails in a run's directory.
fn remains(ground: &Ground, id: &RunId) -> Vec<String> {
    let place = ground.settings.state.join("runs").join(id.as_str());
    let list = |dir: &Path| {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let jails = list(&place.join("jail"));
    let all = list(&place).into_iter().chain(jails.iter().flat_map(|jails| list(jails)));
    let names = all.map(|path| path.to_string_lossy().into_owned());
    names.filter(|name| name.contains("/im-") || name.ends_with("/api-104")).collect()
}

#[track_caller]
fn assert_fault(trial: &Trial, wanted: Failure, words: &str) {
    match &trial.outcome {
        Outcome::Failed { kind, message } if *kind == wanted => {
            assert!(message.as_str().contains(words), "{message} does not say {words}");
        }
        other => panic!("{other:?} instead of {wanted:?}"),
    }
}

#[tokio::test]
async fn an_api_that_misbehaves_has_its_class_and_its_words() {
    let rows = [
        ("exec sleep 1000".to_owned(), 0.3, Failure::Timeout, ""),
        ("trap '' TERM HUP INT; while :; do sleep 100; done".to_owned(), 0.3, Failure::Timeout, ""),
        (playing("silent"), 1.0, Failure::Timeout, ""),
        ("echo 'no such thing' >&2; exit 3".to_owned(), 9.0, Failure::NotReady, "no such thing"),
        ("kill -SEGV $$".to_owned(), 9.0, Failure::NotReady, "signal 11"),
        (playing("garbage"), 9.0, Failure::Start, "PUT /machine-config: the answer is not HTTP"),
        (playing("torn"), 9.0, Failure::NotReady, ""),
        (playing("gigabyte"), 9.0, Failure::Start, "longer than 65536 bytes"),
        (playing("refuse"), 9.0, Failure::Start, "says 400: no ^[[31mkernel"),
        (playing("flood"), 9.0, Failure::Start, "says 400: no ^[[31mkernel"),
        ("echo x > $2; exec sleep 1000".to_owned(), 9.0, Failure::Start, "does not listen"),
    ];
    for (script, seconds, wanted, words) in rows {
        let Some((trial, took)) = meet(&script, within(seconds)).await else {
            return;
        };
        assert_fault(&trial, wanted, words);
        assert!(took < Duration::from_secs_f64(seconds.min(6.0) + 2.0), "{script}: {took:?}");
    }
}

#[tokio::test]
async fn an_api_that_never_listens_is_given_up_after_five_seconds() {
    let Some((trial, took)) = meet("exec sleep 1000", within(60.0)).await else {
        return;
    };
    assert_fault(&trial, Failure::Start, "does not listen");
    assert!((5.0..8.0).contains(&took.as_secs_f64()), "{took:?}");
}

#[tokio::test]
async fn answers_end_the_phases_they_stand_for() {
    let script = format!("WORK={} {}", exe().display(), playing("oblige"));
    let Some((trial, _)) = meet(&script, within(9.0)).await else {
        return;
    };
    assert_eq!(trial.outcome, Outcome::Good);
    let phases = trial.phases;
    assert!(phases.create_seconds.is_some() && phases.boot_seconds.is_some(), "{phases:?}");
    assert!(phases.until(Phase::Clean) > phases.until(Phase::Ready), "{phases:?}");
}

// Live

/// Which of them run here; the others are printed with their reasons.
async fn ready(ground: &Ground) -> Vec<BackendId> {
    let mut ready = Vec::new();
    for status in ground.check(&BOTH).await {
        if status.readiness.runs() {
            ready.push(status.id);
        } else {
            println!("skipped {}: {:?}", status.id, status.readiness);
        }
    }
    ready
}

#[tokio::test]
async fn booted_and_restored_guests_do_every_work_and_leave_nothing() {
    let ground = Ground::new();
    let small = [Payload::Noop, Payload::Cpu { rounds: 10_000 }, Payload::Memory { mib: 96 }];
    let ready = ready(&ground).await;
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    for backend in ready {
        for start in [Start::Cold, Start::Snapshot] {
            for payload in small {
                let task = task(backend, start, payload, Limits::default());
                let trial = camp.launch(&task).await.unwrap();
                let name = format!("{backend} {} {payload}", start.name());
                assert_eq!(trial.outcome, Outcome::Good, "{name}");
                let phases = trial.phases;
                assert!(phases.create_seconds.is_some_and(|time| time.0 > 0.0), "{name}");
                assert!(phases.boot_seconds.is_some_and(|time| time.0 > 0.0), "{name}");
                assert!(!trial.left_over && trial.dropped_bytes == 0, "{name}");
                assert_eq!(remains(&ground, &id), Vec::<String>::new(), "{name}");
            }
        }
    }
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(audit(&ground.settings, &id), []);
}

#[tokio::test]
async fn a_guest_that_does_not_end_is_ended() {
    let ground = Ground::new();
    let endless = Payload::Cpu { rounds: u64::MAX };
    for backend in ready(&ground).await {
        let id = id();
        let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
        for start in [Start::Cold, Start::Snapshot] {
            let trial = camp.launch(&task(backend, start, endless, within(0.5))).await.unwrap();
            assert_fault(&trial, Failure::Timeout, "");
            assert!(trial.phases.ready_seconds.is_some(), "{backend}: {:?}", trial.phases);
            assert_eq!(remains(&ground, &id), Vec::<String>::new());
            let noop = task(backend, start, Payload::Noop, Limits::default());
            assert_eq!(camp.launch(&noop).await.unwrap().outcome, Outcome::Good);
        }
        let swept = camp.close().await.unwrap();
        assert_eq!((swept.found, swept.left), (vec![], vec![]));
        assert_eq!(audit(&ground.settings, &id), []);
    }
}

#[tokio::test]
async fn too_little_memory_is_refused_and_a_users_own_work_too() {
    let ground = Ground::new();
    for backend in ready(&ground).await {
        let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
        let mut small = task(backend, Start::Cold, Payload::Noop, Limits::default());
        small.limits.memory_bytes.0 = 16 << 20;
        assert_fault(&camp.launch(&small).await.unwrap(), Failure::Start, "the limit is 16 MiB");
        let look = Task { work: Work::Look, limits: Limits::default(), ..small };
        assert_fault(&camp.launch(&look).await.unwrap(), Failure::Start, "own guest");
        assert_eq!(camp.close().await.unwrap().left, []);
    }
}

#[test]
fn a_killed_owner_leaves_no_machine_and_no_jail() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ground = Ground::new();
    let (_sender, never) = channel();
    for backend in runtime.block_on(ready(&ground)) {
        let id = id();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "victim", "--ignored", "--quiet"]);
        command.env("VICTIM", id.as_str()).env("STATE", &ground.settings.state);
        command.env("BACKEND", backend.name());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut victim = command.spawn().unwrap();
        let machine = wait_for_machine(&ground, &id, &never);
        victim.kill().unwrap();
        victim.wait().unwrap();
        let (left, _) = settle(&ground.settings, &id, &never);
        assert_eq!(left, [], "{backend}");
        assert_eq!(gc(&ground.settings, false).unwrap(), []);
        assert_eq!(oracle::remains(&ground.settings, &id), []);
        // What has ended and is not waited for yet has no program.
        assert!(fs::read_link(format!("/proc/{machine}/exe")).is_err(), "{backend}: {machine}");
    }
}

#[tokio::test]
#[ignore = "runs only as the victim of another test"]
async fn victim() {
    let Some(id) = std::env::var("VICTIM").ok().and_then(|id| RunId::parse(&id)) else {
        return;
    };
    let mut ground = Ground::new();
    ground.settings.state = std::env::var_os("STATE").unwrap().into();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let name = std::env::var("BACKEND").unwrap();
    let backend = BOTH.into_iter().find(|backend| backend.name() == name).unwrap();
    let endless = Payload::Cpu { rounds: u64::MAX };
    camp.launch(&task(backend, Start::Cold, endless, within(60.0))).await.unwrap();
}

#[test]
fn a_state_directory_without_devices_and_programs_holds_a_jail_all_the_same() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: the jailer needs root");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o nodev,noexec,nosuid,mode=700 none \"$STATE\"";
    let again = format!("{mount} && exec \"$0\" --exact a_bound_camp --ignored --nocapture");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &again]).arg(std::env::current_exe().unwrap());
    command.env("STATE", home.path());
    let output = command.output().unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
#[ignore = "runs only where another test has made such a directory"]
async fn a_bound_camp() {
    let Some(state) = std::env::var_os("STATE") else {
        return;
    };
    let mut ground = Ground::new();
    ground.settings.state = state.into();
    let ready = ready(&ground).await;
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    for backend in ready {
        for start in [Start::Cold, Start::Snapshot] {
            let noop = task(backend, start, Payload::Noop, Limits::default());
            assert_eq!(camp.launch(&noop).await.unwrap().outcome, Outcome::Good, "{backend}");
            assert_eq!(remains(&ground, &id), Vec::<String>::new(), "{backend}");
        }
    }
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(audit(&ground.settings, &id), []);
}

/// The pid of the Firecracker of run `id`, as soon as there is one with a processor that runs.
fn wait_for_machine(ground: &Ground, id: &RunId, never: &std::sync::mpsc::Receiver<()>) -> u32 {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        for found in audit(&ground.settings, id) {
            let threads = fs::read_dir(format!("/proc/{}/task", found.name));
            let mut threads = threads.into_iter().flatten().flatten();
            let runs = threads.any(|thread| {
                let name = fs::read_to_string(thread.path().join("comm"));
                name.is_ok_and(|name| name.starts_with("fc_vcpu"))
            });
            if runs {
                return found.name.as_str().parse().unwrap();
            }
        }
        pass(Duration::from_millis(5), never);
    }
    panic!("no machine came up");
}
