//! Docker, with an engine of the tests' own: right results, limits that hold, nothing left in the
//! engine whoever is killed, and engines that die, hang or are none.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/engine.rs"]
mod engine;
#[path = "live/impostor.rs"]
mod impostor;
#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;
#[path = "live/prey.rs"]
mod prey;

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Crew, Kind, Launch, Task, Trial, Work, audit, gc};
use isomon::model::backend::{BackendId, Readiness};
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload, Phase};
use isomon::model::id::RunId;
use isomon::model::unit::{Bytes, Seconds};
use rand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use engine::Engine;
use impostor::Impostor;
use live::{Ground, exe, id, must_be_live};
use prey::Prey;

/// Longest that something that must happen is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_real_engine() {
    let mut engine = match Engine::start() {
        Ok(engine) => engine,
        Err(why) => {
            println!("skipped: {why}");
            let root = rustix::process::geteuid().is_root();
            assert!(!must_be_live() || !root, "{why}");
            return;
        }
    };
    every_work_is_done_right(&engine).await;
    hands_and_standing_containers_leave_nothing(&engine).await;
    too_much_memory_ends_the_container_alone(&engine).await;
    a_flood_is_counted_and_dropped(&engine).await;
    what_does_not_end_is_killed(&engine).await;
    a_killed_driver_leaves_no_container(&engine).await;
    a_killed_run_leaves_nothing(&engine);
    a_busy_engine_is_asked_again_by_the_reaper(&engine);
    what_only_looks_like_a_run_s_is_not_touched(&engine).await;
    a_stopped_engine_holds_up_nobody(&engine).await;
    a_dead_engine_is_settled_when_it_is_back(&mut engine).await;
    assert_eq!(engine.stop(), [""; 0]);
}

fn ground(socket: &Path) -> Ground {
    let mut ground = Ground::new();
    ground.settings.engine = Some(socket.to_owned());
    ground
}

/// A ground whose containers run the shell script `script` in place of a payload.
fn hostile(socket: &Path, script: &str) -> Ground {
    let mut ground = ground(socket);
    let own = exe();
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = __payload ]; then\n{script}\nfi\nexec {} \"$@\"\n",
        own.display()
    );
    ground.fake("hostile", &text);
    ground.settings.exe = ground.settings.search[0].join("hostile");
    ground
}

fn task(backend: BackendId, payload: Payload, limits: Limits) -> Task {
    Task::of(Cell::cold(backend, payload), 0xd0c, limits)
}

fn within(seconds: f64) -> Limits {
    Limits { timeout_seconds: Seconds(seconds), ..Limits::default() }
}

#[track_caller]
fn assert_kind(trial: &Trial, wanted: Failure) {
    match &trial.outcome {
        Outcome::Failed { kind, .. } if *kind == wanted => {}
        other => panic!("{other:?} instead of {wanted:?}"),
    }
}

/// The Docker backends that must run with `engine`.
fn backends(engine: &Engine) -> Vec<BackendId> {
    let known = [("crun", BackendId::DockerCrun), ("runsc", BackendId::DockerRunsc)];
    let known = known.into_iter().filter(|(name, _)| engine.knows(name)).map(|(_, id)| id);
    [BackendId::Docker].into_iter().chain(known).collect()
}

async fn hands_and_standing_containers_leave_nothing(engine: &Engine) {
    let ground = ground(&engine.socket);
    for backend in backends(engine) {
        let id = id();
        let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
        let like = task(backend, Payload::Noop, Limits::default());
        let mut hands = camp.hands(2, &like).await.unwrap();
        let each = hands.iter_mut().map(|hand| hand.launch(&like));
        for trial in futures_util::future::join_all(each).await {
            assert_eq!(trial.unwrap().outcome, Outcome::Good, "{backend}");
        }
        camp.rest(hands).await.unwrap();
        let holds = [1, 2, 3].map(|nonce| Task { work: Work::Hold, nonce, ..like.clone() });
        let began = camp.stand(&holds).await.unwrap();
        assert!(began.iter().all(|how| *how == Outcome::Good), "{backend}: {began:?}");
        let standing = camp.standing().await.unwrap();
        println!("{backend}: {standing:?} {:?} each", standing.pss_each());
        assert_eq!(standing.count, 3);
        // Where the engine keeps them in groups of its own, it may not be known.
        if let Some(each) = standing.pss_each() {
            assert!((1_048_576.0..268_435_456.0).contains(&each), "{each}");
        }
        camp.raze().await.unwrap();
        assert_eq!(engine.running(), 0);
        let swept = camp.close().await.unwrap();
        assert_eq!((swept.found, swept.left), (vec![], vec![]));
        assert_eq!(audit(&ground.settings, &id), []);
    }
}

async fn every_work_is_done_right(engine: &Engine) {
    let ground = ground(&engine.socket);
    for status in ground.check(&[BackendId::Docker, BackendId::DockerKata]).await {
        println!("{}: {:?} {:?}", status.id, status.version, status.readiness);
        match status.id {
            BackendId::Docker => assert_eq!(status.readiness, Readiness::Ready),
            _ => assert!(format!("{:?}", status.readiness).contains("knows no runtime kata")),
        }
    }
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let works = [
        Payload::Noop,
        Payload::Cpu { rounds: 100_000 },
        Payload::Memory { mib: 8 },
        Payload::Syscall { calls: 500 },
        Payload::Io { mib: 2 },
    ];
    for backend in backends(engine) {
        for payload in works {
            let trial = camp.launch(&task(backend, payload, Limits::default())).await.unwrap();
            assert_eq!(trial.outcome, Outcome::Good, "{backend} {payload}");
            println!("{backend} {payload}: {:?}", trial.phases);
            let phases = &trial.phases;
            assert!(phases.create_seconds.is_some() && phases.boot_seconds.is_some(), "{phases:?}");
            assert!(!trial.left_over && phases.until(Phase::Clean).is_some(), "{phases:?}");
        }
    }
    assert!(audit(&ground.settings, &id).iter().any(|left| left.kind == Kind::Image));
    assert_eq!(engine.of_run(&id).len(), 1, "the image, and no container");
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_nothing_left(engine, &ground, &id);
}

fn assert_nothing_left(engine: &Engine, ground: &Ground, id: &RunId) {
    assert_eq!(audit(&ground.settings, id), []);
    assert_eq!(engine.of_run(id), [""; 0]);
    assert_eq!(gc(&ground.settings, false).unwrap(), []);
    assert!(!ground.settings.state.join("owed").exists());
}

async fn too_much_memory_ends_the_container_alone(engine: &Engine) {
    let ground = ground(&engine.socket);
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let limits = Limits { memory_bytes: Bytes(96 << 20), ..Limits::default() };
    for backend in backends(engine) {
        let hog = task(backend, Payload::Memory { mib: 512 }, limits);
        let trial = camp.launch(&hog).await.unwrap();
        println!("{backend}: {trial:?}");
        assert_kind(&trial, Failure::Memory);
        let honest = camp.launch(&task(backend, Payload::Noop, limits)).await.unwrap();
        assert_eq!(honest.outcome, Outcome::Good, "{backend}");
    }
    assert_eq!(camp.close().await.unwrap().left, []);
}

async fn a_flood_is_counted_and_dropped(engine: &Engine) {
    let ground = hostile(&engine.socket, "head -c 100000000 /dev/zero; exit 0");
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let trial = camp.launch(&task(BackendId::Docker, Payload::Noop, within(60.0))).await.unwrap();
    assert_kind(&trial, Failure::NotReady);
    assert!(trial.dropped_bytes > 99_000_000, "{}", trial.dropped_bytes);
    assert_eq!(camp.close().await.unwrap().left, []);
    assert_nothing_left(engine, &ground, &id);
}

async fn what_does_not_end_is_killed(engine: &Engine) {
    for script in ["exec sleep 1000", "trap '' TERM HUP INT; while :; do sleep 100; done"] {
        let ground = hostile(&engine.socket, script);
        let id = id();
        let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
        let began = Instant::now();
        let endless = task(BackendId::Docker, Payload::Noop, within(1.5));
        let trial = camp.launch(&endless).await.unwrap();
        assert_kind(&trial, Failure::Timeout);
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        assert_eq!(engine.of_run(&id).len(), 1, "the image, and no container");
        assert_eq!(camp.close().await.unwrap().left, []);
        assert_nothing_left(engine, &ground, &id);
    }
}

async fn a_killed_driver_leaves_no_container(engine: &Engine) {
    let ground = hostile(&engine.socket, "exec sleep 1000");
    for helper in ["__docker", "__launcher"] {
        let id = id();
        let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
        let (endless, socket) = (id.clone(), ground.settings.state.clone());
        let killer = std::thread::spawn(move || kill_helper(helper, &endless, &socket));
        let endless = task(BackendId::Docker, Payload::Noop, within(30.0));
        let trial = camp.launch(&endless).await.unwrap();
        killer.join().unwrap();
        assert!(matches!(trial.outcome, Outcome::Failed { .. }) && trial.left_over, "{trial:?}");
        assert_eq!(engine.of_run(&id).len(), 1, "the image, and no container: {helper}");
        let other = task(BackendId::Runc, Payload::Noop, within(0.5));
        assert_kind(&camp.launch(&other).await.unwrap(), Failure::Timeout);
        assert_eq!(camp.close().await.unwrap().left, []);
        assert_nothing_left(engine, &ground, &id);
    }
}

/// Kills the helper called `name` of run `id` once its container sleeps.
fn kill_helper(name: &str, id: &RunId, state: &Path) {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let sleeping =
            processes_of(id).into_iter().any(|(_, said)| said.starts_with("sleep\x001000"));
        let helper = processes_of(id)
            .into_iter()
            .find(|(_, said)| said.contains(&format!("\0{name}\0")) && !said.contains("prepare"));
        if let Some((pid, _)) = helper.filter(|_| sleeping) {
            kill_process(pid, Signal::KILL).unwrap();
            return;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    panic!("no {name} in {}", state.display());
}

/// The processes whose environment carries the mark of run `id`, with their command lines.
fn processes_of(id: &RunId) -> Vec<(Pid, String)> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let text = |pid: i32, file: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let ours = pids.filter(|pid| text(*pid, "environ").contains(&format!("ISOMON_RUN={id}")));
    ours.map(|pid| (Pid::from_raw(pid).unwrap(), text(pid, "cmdline"))).collect()
}

/// The real program is killed at random moments while it measures containers.
fn a_killed_run_leaves_nothing(engine: &Engine) {
    let (_sender, never): (_, Receiver<()>) = channel();
    let mut chance = oracle::chance();
    let host = format!("unix://{}", engine.socket.display());
    let bench = "docker --payload noop --payload cpu=2000000 --runs 1000 --budget 60s";
    let before = engine.count();
    let mut longest = Duration::ZERO;
    for turn in 0..oracle::kills().min(20) {
        let mut prey = Prey::doing(bench, &[("DOCKER_HOST", host.as_str())]);
        oracle::pass(Duration::from_millis(chance.random_range(0..2500)), &never);
        prey.runs();
        if turn % 3 == 2 {
            // Its helpers first, and then itself at once.
            for pid in prey.helpers("__docker").into_iter().chain(prey.helpers("__launcher")) {
                let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
                kill_process(pid, Signal::KILL).ok();
            }
        }
        longest = longest.max(prey.kill(&never));
        for id in prey.runs() {
            assert_eq!(engine.of_run(id), [""; 0], "kill {turn}");
        }
        assert_eq!(engine.count(), before, "kill {turn}");
    }
    println!("longest sweep {longest:?}");
}

/// An engine that gives no answer while the reaper sweeps is settled when it does, with no other
/// start.
fn a_busy_engine_is_asked_again_by_the_reaper(engine: &Engine) {
    let (_sender, never): (_, Receiver<()>) = channel();
    let host = format!("unix://{}", engine.socket.display());
    let before = engine.count();
    let mut prey = Prey::doing("docker --payload noop --runs 1000", &[("DOCKER_HOST", &host)]);
    let id = prey.wait_for_sample(&never);
    let reapers = prey.helpers("__reaper");
    engine.signal(Signal::STOP);
    prey.child.kill().unwrap();
    prey.child.wait().unwrap();
    let owed = prey.settings.state.join("owed").join(id.as_str());
    let began = Instant::now();
    while prey.settings.state.join("runs").join(id.as_str()).exists() || !owed.exists() {
        assert!(began.elapsed() < PATIENCE, "the run is not swept");
        oracle::pass(Duration::from_millis(10), &never);
    }
    engine.signal(Signal::CONT);
    while owed.exists() || reapers.iter().any(|pid| prey::said_by(*pid).contains("__reaper")) {
        assert!(began.elapsed() < PATIENCE, "the reaper does not ask again");
        oracle::pass(Duration::from_millis(10), &never);
    }
    assert_eq!((engine.of_run(&id), engine.count()), (vec![], before));
}

async fn a_stopped_engine_holds_up_nobody(engine: &Engine) {
    let ground = hostile(&engine.socket, "exec sleep 1000");
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let stopped = async {
        wait_for_sleep(&id).await;
        engine.signal(Signal::STOP);
    };
    let endless = task(BackendId::Docker, Payload::Noop, within(3.0));
    let (trial, ()) = tokio::join!(camp.launch(&endless), stopped);
    assert_kind(&trial.unwrap(), Failure::Timeout);
    assert_eq!(processes_of(&id).iter().filter(|(_, said)| said.starts_with("sleep")).count(), 0);
    let began = Instant::now();
    assert_eq!(camp.close().await.unwrap().left, []);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    // It is known that something is owed, and no start is refused for it.
    let told = gc(&ground.settings, false).unwrap();
    assert!(told.iter().any(|left| left.kind == Kind::Engine && left.run == id), "{told:?}");
    let camp = Camp::open(&live::id(), &ground.settings).await.unwrap();
    assert_eq!(camp.close().await.unwrap().left, []);
    engine.signal(Signal::CONT);
    assert_eq!(gc(&ground.settings, false).unwrap(), []);
    assert_nothing_left(engine, &ground, &id);
}

async fn a_dead_engine_is_settled_when_it_is_back(engine: &mut Engine) {
    let ground = hostile(&engine.socket, "exec sleep 1000");
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let began = Instant::now();
    let killed = async {
        wait_for_sleep(&id).await;
        engine.kill();
    };
    let endless = task(BackendId::Docker, Payload::Noop, within(30.0));
    let (trial, ()) = tokio::join!(camp.launch(&endless), killed);
    let trial = trial.unwrap();
    println!("{trial:?}");
    assert!(matches!(trial.outcome, Outcome::Failed { .. }), "{trial:?}");
    let again = camp.launch(&endless).await.unwrap();
    assert!(format!("{again:?}").contains("no Docker engine answers"), "{again:?}");
    assert_eq!(camp.close().await.unwrap().left, []);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!(processes_of(&id), []);
    engine.resume().unwrap();
    assert_eq!(engine.of_run(&id).len(), 2, "a dead container and its image");
    let camp = Camp::open(&live::id(), &ground.settings).await.unwrap();
    assert_nothing_left(engine, &ground, &id);
    assert_eq!(camp.close().await.unwrap().left, []);
}

async fn wait_for_sleep(id: &RunId) {
    let began = Instant::now();
    while !processes_of(id).iter().any(|(_, said)| said.starts_with("sleep\x001000")) {
        assert!(began.elapsed() < PATIENCE, "no container sleeps");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What looks like a run's and is not outlives that run's sweep.
async fn what_only_looks_like_a_run_s_is_not_touched(engine: &Engine) {
    let (ground, id) = (ground(&engine.socket), id());
    let short = id.as_str().get(..20).unwrap();
    let labels = [
        ("isomon.run", format!("{id}0")),
        ("isomon.run", short.to_owned()),
        ("isomon.run", String::new()),
        ("xisomon.run", id.to_string()),
        ("isomon.runs", id.to_string()),
    ];
    let image = format!("isomon-empty:{id}0");
    engine.import(&image, &format!("isomon.run={id}0"));
    for (at, (name, value)) in labels.iter().enumerate() {
        let near = format!("im-{}-main-{at}{at}", id.short());
        engine.start_sleeper(&near, &image, &json!({*name: value}));
    }
    let before = engine.count();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let honest = task(BackendId::Docker, Payload::Noop, Limits::default());
    assert_eq!(camp.launch(&honest).await.unwrap().outcome, Outcome::Good);
    // Another's container has the next name: it stays, and ours is not made.
    let next = format!("im-{}-main-2", id.short());
    engine.start_sleeper(&next, &image, &json!({}));
    assert_kind(&camp.launch(&honest).await.unwrap(), Failure::NotReady);
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_nothing_left(engine, &ground, &id);
    assert_eq!((engine.count(), engine.running()), (before + 1, labels.len() + 1));
}

#[tokio::test]
async fn no_engine_is_told_with_its_address() {
    let ground = ground(Path::new("/nowhere/docker.sock"));
    let known = ground.check(&[BackendId::Docker, BackendId::DockerRunsc]).await;
    for status in known {
        let Readiness::Unavailable { reason, remedy } = status.readiness else {
            panic!("{status:?}");
        };
        assert_eq!(reason.as_str(), "no Docker engine answers at /nowhere/docker.sock");
        assert!(remedy.as_str().ends_with("service docker start"), "{remedy}");
    }
    let mut ground = ground;
    ground.settings.engine = None;
    let text = format!("{:?}", ground.check(&[BackendId::Docker]).await[0].readiness);
    assert!(text.contains("DOCKER_HOST names no unix socket"), "{text}");
}

/// What is said of Docker where `impostor` listens; never later than it should be.
async fn said_of(impostor: &Impostor) -> String {
    let ground = ground(&impostor.socket);
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    assert_eq!(camp.overhead().await.map(|_| ()).ok(), Some(()));
    assert_eq!(camp.close().await.unwrap().left, []);
    let began = Instant::now();
    let status = ground.check(&[BackendId::Docker]).await.remove(0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let Readiness::Unavailable { reason, .. } = status.readiness else {
        panic!("{status:?}");
    };
    reason.to_string()
}

#[tokio::test]
async fn what_is_no_engine_is_unavailable_and_says_why() {
    let garbage: fn(&mut std::os::unix::net::UnixStream, &str, &str) =
        |stream, _, _| drop(stream.write_all(&[0x1b; 4096]));
    let error = |stream: &mut _, _: &str, _: &str| {
        impostor::say(stream, 500, "{\"message\": \"out of\\u001b[2J order\"}");
    };
    let long = |stream: &mut std::os::unix::net::UnixStream, _: &str, _: &str| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";
        stream.write_all(head).ok();
        while stream.write_all(&[b'a'; 1 << 14]).is_ok() {}
    };
    let endless = |stream: &mut std::os::unix::net::UnixStream, _: &str, _: &str| {
        while stream.write_all(&[b'a'; 1 << 14]).is_ok() {}
    };
    let empty = |stream: &mut _, _: &str, _: &str| impostor::say(stream, 200, "");
    let closed = |_: &mut _, _: &str, _: &str| {};
    assert!(said_of(&Impostor::start(impostor::hang)).await.contains("no answer in time"));
    assert!(said_of(&Impostor::start(garbage)).await.contains("is not HTTP"));
    assert_eq!(said_of(&Impostor::start(error)).await, "the engine says: out of^[[2J order");
    assert!(said_of(&Impostor::start(long)).await.contains("longer than"));
    assert!(said_of(&Impostor::start(endless)).await.contains("is not HTTP"));
    assert!(said_of(&Impostor::start(empty)).await.contains("makes no sense"));
    assert!(said_of(&Impostor::start(closed)).await.contains("was closed"));
}

/// What comes of one container in an engine that fails at it.
async fn run_in(impostor: &Impostor, limits: Limits) -> Trial {
    let ground = ground(&impostor.socket);
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let trial = camp.launch(&task(BackendId::Docker, Payload::Noop, limits)).await.unwrap();
    let began = Instant::now();
    assert_eq!(camp.close().await.unwrap().left, []);
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    trial
}

#[tokio::test]
async fn an_engine_that_fails_at_a_container_is_a_failed_sample() {
    let refusing = Impostor::start(|stream, line, _| match line {
        line if line.contains("/start") => impostor::say(stream, 500, "{\"message\": \"no more\"}"),
        line if line.contains("/attach") => {
            stream.write_all(b"HTTP/1.1 101 UPGRADED\r\n\r\n").ok();
            impostor::hang(stream, "", "");
        }
        line => {
            impostor::pretend(stream, line);
        }
    });
    let trial = run_in(&refusing, within(10.0)).await;
    assert!(format!("{:?}", trial.outcome).contains("the engine says: no more"), "{trial:?}");
    let garbled = Impostor::start(|stream, line, _| {
        if line.contains("/attach") {
            stream.write_all(b"HTTP/1.1 101 UPGRADED\r\n\r\nno frames at all").ok();
        } else if line.contains("/start") {
            impostor::say(stream, 204, "");
        } else {
            impostor::pretend(stream, line);
        }
    });
    let trial = run_in(&garbled, within(10.0)).await;
    assert!(format!("{:?}", trial.outcome).contains("stream of output makes no"), "{trial:?}");
    let starving = Impostor::start(|stream, line, _| {
        if line.contains("/attach") {
            stream.write_all(b"HTTP/1.1 101 UPGRADED\r\n\r\n").ok();
        } else if line.contains("/start") {
            impostor::say(stream, 204, "");
        } else if line.contains("/wait") {
            impostor::say(stream, 200, "{\"StatusCode\": 137}");
        } else if line.contains("abc123/json") {
            impostor::say(stream, 200, "{\"State\": {\"OOMKilled\": true}}");
        } else {
            impostor::pretend(stream, line);
        }
    });
    // Its control groups are not ours to look at: the engine's word is what there is.
    assert_kind(&run_in(&starving, within(10.0)).await, Failure::Memory);
    let silent = Impostor::start(|stream, line, _| {
        if !impostor::pretend(stream, line) {
            impostor::hang(stream, "", "");
        }
    });
    assert_kind(&run_in(&silent, within(1.0)).await, Failure::Timeout);
}

#[tokio::test]
async fn a_flood_from_an_engine_costs_no_memory() {
    let flooding = Impostor::start(|stream, line, _| {
        if line.contains("/attach") {
            stream.write_all(b"HTTP/1.1 101 UPGRADED\r\n\r\n").ok();
            // Frames of the greatest length, each said to be 4 GiB less one byte.
            stream.write_all(b"\x01\0\0\0\xff\xff\xff\xff").ok();
            for _ in 0..(1 << 16) {
                stream.write_all(&[b'x'; 1 << 14]).ok();
            }
        } else if line.contains("/start") {
            impostor::say(stream, 204, "");
        } else if line.contains("/wait") {
            impostor::say(stream, 200, "{\"StatusCode\": 0}");
        } else {
            impostor::pretend(stream, line);
        }
    });
    // The driver stands in the same limits as the container: more than this would end it.
    let limits = Limits { memory_bytes: Bytes(96 << 20), ..within(60.0) };
    let trial = run_in(&flooding, limits).await;
    assert_kind(&trial, Failure::NotReady);
    assert!(trial.dropped_bytes > 1_000_000_000, "{}", trial.dropped_bytes);
}
