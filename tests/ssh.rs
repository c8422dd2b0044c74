//! A host by SSH against a real sshd: read without anything there, by an isomon there, by a copy; host
//! keys that are not the known ones; servers that stall.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says what it skips")]

#[path = "ssh/gpu.rs"]
mod gpu;
#[path = "ssh/server.rs"]
mod server;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command as Program, Stdio};
use std::time::{Duration, Instant};

use isomon::model::agent::Agents;
use isomon::model::command::Command;
use isomon::model::node::NodeSample;
use isomon::model::origin::{Offer, Origin};
use isomon::model::process::Process;
use isomon::model::run::Record;
use isomon::model::update::What;
use isomon::source::ssh::Host;
use isomon::source::{Error, HostKey, Source, Spec, Told, Wants, open};
use rustix::process::Signal;
use server::{Server, below, program, signal, skip, spec};

async fn ask(source: &mut dyn Source, depth: bool) -> Result<Vec<Told>, Error> {
    source.ask(Wants { depth }).await
}

fn origin(told: &[Told]) -> Option<&Origin> {
    told.iter().find_map(|told| match &told.what {
        What::Origin(origin) => Some(origin.as_ref()),
        _ => None,
    })
}

fn sample(told: &[Told]) -> Option<&NodeSample> {
    told.iter().find_map(|told| match &told.what {
        What::Node(sample) => Some(sample.as_ref()),
        _ => None,
    })
}

fn processes(told: &[Told]) -> Option<&[Process]> {
    told.iter().find_map(|told| match &told.what {
        What::Processes(processes) => Some(processes.as_slice()),
        _ => None,
    })
}

/// Waits until `is_so`, at most 5 s.
async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(5);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_host_with_nothing_on_it_is_read_and_left_as_it_was() {
    let Some(server) = Server::start("ed25519") else { return };
    let mut source = open(server.spec()).unwrap();
    let first = ask(source.as_mut(), false).await.unwrap();
    assert!(matches!(first[0].what, What::Origin(_)), "the source says first what it is");
    let endpoints = &origin(&first).unwrap().endpoints;
    assert_eq!(endpoints[0].offer, Offer::NotOffered);
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let told = first.iter().find_map(|told| match &told.what {
        What::Info(info) => Some(info.hostname.to_string()),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some(hostname.trim()));
    assert!(sample(&first).unwrap().memory.get().is_some_and(|memory| memory.total_bytes.0 > 0));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let second = ask(source.as_mut(), false).await.unwrap();
    assert!(origin(&second).is_none(), "what it is has not changed");
    let now = sample(&second).unwrap();
    assert!(
        now.cpu.get().is_some() && !now.networks.is_empty() && now.uptime_seconds.get().is_some()
    );
    assert!(now.mounts.iter().any(|mount| mount.total_bytes.get().is_some()), "{:?}", now.mounts);
    assert_eq!(
        source.wish(&Command::CheckBackends).await.unwrap_err().to_string(),
        "there is no isomon on that host to do it; set `copy = true` for it"
    );
    drop(source);
    eventually("the session ends", || server.sessions().is_empty()).await;
    assert_eq!(std::fs::read_dir(server.at("home")).unwrap().count(), 0, "no file is left there");
}

#[tokio::test]
async fn processes_come_where_somebody_looks() {
    let Some(server) = Server::start("ed25519") else { return };
    let mut child = Program::new("sleep").arg("300").stdin(Stdio::null()).spawn().unwrap();
    let mut source = open(server.spec()).unwrap();
    assert!(processes(&ask(source.as_mut(), false).await.unwrap()).is_none());
    let mut found = None;
    for _ in 0..40 {
        let told = ask(source.as_mut(), true).await.unwrap();
        let mine = processes(&told).unwrap().iter().find(|process| process.pid == child.id());
        found = mine.cloned();
        if found.as_ref().is_some_and(|process| process.command.as_str() == "sleep 300") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let found = found.unwrap();
    assert_eq!((found.command.as_str(), found.name.as_str()), ("sleep 300", "sleep"));
    assert!(!found.user.is_empty() && found.cpu_cores.get().is_some() && found.memory_bytes.0 > 0);
}

const PEER: &str = r#"#!/bin/sh
[ "$1" = --version ] && { echo isomon 9; exit; }
[ "$*" = "serve --stdio" ] || exit 2
echo '{"isomon_live":1,"version":"9","instance":"abc","hostname":"h","now":{"mono_ms":1,"wall_ms":1},"seq":0,"resumed":false,"skipped":0,"interval_seconds":1.0,"can_bench":true}'
echo '{"seq":1,"at":{"mono_ms":1,"wall_ms":1},"from":"local","what":{"lost":3}}'
echo '{"seq":2,"at":{"mono_ms":1,"wall_ms":1},"from":"local","what":{"health":"up"}}'
echo '{"seq":3,"at":{"mono_ms":1,"wall_ms":1},"from":"local","what":{"unheard_of":3}}'
echo '{"seq":4,"at":{"mono_ms":1,"wall_ms":1},"from":"other","what":{"lost":9}}'
while read -r wish; do
    echo "$wish" >>"$HOME/wishes"
    echo '{"seq":5,"at":{"mono_ms":1,"wall_ms":1},"from":"local","what":{"notice":{"bad":false,"text":"done"}}}'
done
"#;

#[tokio::test]
async fn the_isomon_there_is_spoken_with() {
    let Some(server) = Server::start("ed25519") else { return };
    server.install("isomon", PEER);
    let mut source = open(server.spec()).unwrap();
    let told = ask(source.as_mut(), true).await.unwrap();
    let origin = origin(&told).unwrap();
    assert_eq!((origin.version.as_ref().unwrap().as_str(), origin.can_bench), ("9", true));
    assert!(origin.skew_seconds.unwrap() < -1e9, "its clock stands at 1970: {origin:?}");
    assert_eq!(origin.endpoints[0].offer.to_string(), "1 lines not understood");
    let others: Vec<&What> = told.iter().skip(1).map(|told| &told.what).collect();
    assert!(others.contains(&&What::Lost(3)), "{others:?}");
    assert!(!others.iter().any(|what| matches!(what, What::Health(_))));
    assert!(!others.contains(&&What::Lost(9)), "of itself alone: {others:?}");
    source.wish(&Command::CheckBackends).await.unwrap();
    let told = ask(source.as_mut(), false).await.unwrap();
    assert!(
        told.iter().any(|told| matches!(&told.what, What::Notice(n) if n.text.as_str() == "done"))
    );
    let heard = || std::fs::read_to_string(server.at("home/wishes")).unwrap_or_default();
    eventually("wishes are heard", || heard().lines().count() >= 3).await;
    assert_eq!(
        heard().lines().collect::<Vec<_>>(),
        [r#"{"focus":"local"}"#, r#""check_backends""#, r#"{"focus":null}"#]
    );
    for pid in server.sessions() {
        signal(pid, Signal::KILL);
    }
    assert!(ask(source.as_mut(), false).await.is_err(), "it ends in the middle");
    assert!(ask(source.as_mut(), false).await.is_ok(), "and is there again");
    drop(source);
    eventually("the session ends", || server.sessions().is_empty()).await;
}

/// Says other things without end where a run is asked for.
const CHATTER: &str = r#"
while read -r wish; do
    case "$wish" in *open_run*)
        yes '{"seq":9,"from":"local","what":{"notice":{"bad":false,"text":"more"}}}' ;;
    esac
done
"#;

#[tokio::test]
async fn who_tells_other_things_while_a_run_is_read_is_heard_only_so_long() {
    let Some(server) = Server::start("ed25519") else { return };
    let (greeting, _) = PEER.split_once("while").unwrap();
    server.install("isomon", &format!("{greeting}{CHATTER}"));
    let mut source = open(server.spec()).unwrap();
    ask(source.as_mut(), false).await.unwrap();
    let id = isomon::model::id::RunId::new(7, 7);
    let why = source.read(&id).await.unwrap_err().to_string();
    assert!(why.starts_with("limit: what is told while a run is read is more than"), "{why}");
    let told = ask(source.as_mut(), false).await.unwrap();
    assert!((20_000..30_000).contains(&told.len()), "{}", told.len());
    drop(source);
    eventually("the session ends", || server.sessions().is_empty()).await;
}

/// A run that is kept in the state directory of the host.
fn keep_run(server: &Server) -> isomon::model::run::Run {
    let text = include_str!("fixture/run_before_loads.json");
    let run: isomon::model::run::Run = serde_json::from_str(text).unwrap();
    let dir = server.at("home/.local/state/isomon/runs").join(run.head.id.as_str());
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("run.json"), text).unwrap();
    run
}

#[tokio::test]
async fn a_run_that_is_kept_there_is_read() {
    let Some(server) = Server::start("ed25519") else { return };
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_isomon"), server.at("bin/isomon")).unwrap();
    let kept = keep_run(&server);
    let mut source = open(server.spec()).unwrap();
    ask(source.as_mut(), false).await.unwrap();
    let Record::Benchmark(read) = source.read(&kept.head.id).await.unwrap() else {
        panic!("it is no workflow's");
    };
    assert_eq!((read.samples, read.tail), (kept.samples, kept.tail));
    assert_eq!(read.head, kept.head);
    let other = isomon::model::id::RunId::new(7, 7);
    let why = source.read(&other).await.unwrap_err().to_string();
    assert!(why.contains("is not kept here"), "{why}");
    assert!(ask(source.as_mut(), false).await.is_ok(), "and it goes on telling");
    drop(source);
    eventually("it ends with the channel", || server.sessions().is_empty()).await;
}

/// A workflow that is run on the host, and fails there in its second stage.
const FLOW: &str = "benchmark: {name: there, shell: sh -c}
stages:
  - {name: one, command: 'echo a > o.txt', outputs: [{name: o, remote_path: o.txt}]}
  - {name: two, command: 'exit 3'}
";

#[tokio::test]
async fn a_workflows_run_that_is_kept_there_is_read() {
    let Some(server) = Server::start("ed25519") else { return };
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_isomon"), server.at("bin/isomon")).unwrap();
    std::fs::write(server.at("home/w.yaml"), FLOW).unwrap();
    let mut run = Program::new(env!("CARGO_BIN_EXE_isomon"));
    run.args(["run", "w.yaml"]).env_clear().current_dir(server.at("home"));
    run.env("HOME", server.at("home")).env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    let done = run.output().unwrap();
    assert!(!done.status.success(), "its second stage fails");
    let mut kept = std::fs::read_dir(server.at("home/.local/state/isomon/runs")).unwrap();
    let dir = kept.next().unwrap().unwrap();
    let id = isomon::model::id::RunId::parse(dir.file_name().to_str().unwrap()).unwrap();
    let text = std::fs::read_to_string(dir.path().join("events.ndjson")).unwrap();
    let mut source = open(server.spec()).unwrap();
    ask(source.as_mut(), false).await.unwrap();
    for _ in 0..2 {
        let Record::Workflow(events) = source.read(&id).await.unwrap() else {
            panic!("it is no benchmark's");
        };
        let told: Vec<String> =
            events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        assert_eq!(told, text.lines().collect::<Vec<_>>());
    }
    let benchmark = keep_run(&server);
    let read = source.read(&benchmark.head.id).await.unwrap();
    assert!(matches!(read, Record::Benchmark(_)), "and then one of the other kind");
    assert!(ask(source.as_mut(), false).await.is_ok(), "and it goes on telling");
    drop(source);
    eventually("the session ends", || server.sessions().is_empty()).await;
}

/// The program itself, over a real channel.
#[tokio::test]
async fn the_real_isomon_tells_everything() {
    let Some(server) = Server::start("ed25519") else { return };
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_isomon"), server.at("bin/isomon")).unwrap();
    let openclaw = server.at("home/.openclaw/agents/scout/sessions");
    std::fs::create_dir_all(&openclaw).unwrap();
    let session = r#"{"agent:scout:main": {"updatedAt": 1795300900000, "model": "tiny"}}"#;
    std::fs::write(openclaw.join("sessions.json"), session).unwrap();
    let mut source = open(server.spec()).unwrap();
    let (mut has_sample, mut has_processes, mut version) = (false, false, None);
    let mut agents: Option<Agents> = None;
    let end = Instant::now() + Duration::from_secs(20);
    while !(has_sample && has_processes && agents.is_some()) {
        assert!(Instant::now() < end, "{has_sample} {has_processes} {agents:?} {version:?}");
        let told = ask(source.as_mut(), true).await.unwrap();
        has_sample |= sample(&told).is_some_and(|sample| sample.cpu.get().is_some());
        has_processes |= processes(&told).is_some_and(|processes| !processes.is_empty());
        let known = told.iter().find_map(|told| match &told.what {
            What::Agents(agents) => Some(agents.as_ref().clone()),
            _ => None,
        });
        agents = known.or(agents);
        version = origin(&told).and_then(|origin| origin.version.clone()).or(version);
    }
    assert_eq!(version.unwrap().as_str(), env!("CARGO_PKG_VERSION"));
    assert_eq!(agents.unwrap().total, Some(1), "its agents too");
    drop(source);
    eventually("it ends with the channel", || server.sessions().is_empty()).await;
}

#[tokio::test]
async fn an_isomon_that_cannot_serve_is_done_without() {
    let Some(server) = Server::start("ed25519") else { return };
    server.install("isomon", "#!/bin/sh\necho 'no such command' >&2\nexit 2\n");
    let mut source = open(server.spec()).unwrap();
    assert!(ask(source.as_mut(), false).await.unwrap().is_empty());
    let told = ask(source.as_mut(), false).await.unwrap();
    assert!(sample(&told).is_some());
    let Offer::Failed(why) = &origin(&told).unwrap().endpoints[0].offer else { panic!("not said") };
    assert!(why.as_str().starts_with("this is no isomon that serves"), "{why}");
}

#[tokio::test]
async fn isomon_is_copied_where_that_is_asked_for() {
    let Some(server) = Server::start("ed25519") else { return };
    let own = server.at("own");
    program(&own, PEER);
    let with = |program: &Path| {
        let mut spec = server.spec();
        spec.ssh.copy = true;
        Host::new(spec).unwrap().with_program(program.to_owned())
    };
    let mut source = with(&own);
    let told = ask(&mut source, false).await.unwrap();
    let said = told.iter().find_map(|told| match &told.what {
        What::Notice(notice) => Some(notice.text.to_string()),
        _ => None,
    });
    assert!(said.unwrap().contains("remove it there with: rm -r ~/.cache/isomon"));
    assert_eq!(origin(&told).unwrap().version.as_ref().unwrap().as_str(), "9");
    let there = server.at(concat!("home/.cache/isomon/isomon-", env!("CARGO_PKG_VERSION")));
    assert_eq!(std::fs::read(&there).unwrap(), PEER.as_bytes());
    assert_eq!(there.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    drop(source);

    std::fs::remove_file(&there).unwrap();
    let broken = server.at("broken");
    program(&broken, "#!/bin/sh\nexit 1\n");
    let told = ask(&mut with(&broken), false).await.unwrap();
    assert!(sample(&told).is_some(), "the host is read all the same");
    let failed =
        origin(&told).unwrap().endpoints.iter().find(|e| e.name.as_str() == "copy of isomon");
    let Offer::Failed(why) = &failed.unwrap().offer else { panic!("not said") };
    assert_eq!(why.as_str(), "it does not run there: another processor or C library");
    let left = std::fs::read_dir(there.parent().unwrap()).unwrap().count();
    assert_eq!(left, 0, "no half of it is left");
}

/// The program itself, copied as it is released: without what debuggers read.
#[tokio::test]
async fn the_real_isomon_is_copied_and_tells_everything() {
    let Some(server) = Server::start("ed25519") else { return };
    let own = server.at("own");
    let mut strip = std::process::Command::new("strip");
    strip.arg("-o").arg(&own).arg(env!("CARGO_BIN_EXE_isomon"));
    if !strip.status().is_ok_and(|status| status.success()) {
        return server::skip("strip is not installed (Debian: binutils)");
    }
    let mut spec = server.spec();
    spec.ssh.copy = true;
    let mut source = Host::new(spec).unwrap().with_program(own.clone());
    let began = Instant::now();
    let (mut has_sample, mut version) = (false, None);
    while !has_sample {
        assert!(began.elapsed() < Duration::from_secs(40), "{version:?}");
        let told = ask(&mut source, false).await.unwrap();
        has_sample |= sample(&told).is_some_and(|sample| sample.cpu.get().is_some());
        version = origin(&told).and_then(|origin| origin.version.clone()).or(version);
    }
    println!(
        "{} MiB copied and begun in {:?}",
        own.metadata().unwrap().len() >> 20,
        began.elapsed()
    );
    assert_eq!(version.unwrap().as_str(), env!("CARGO_PKG_VERSION"));
    let there = server.at(concat!("home/.cache/isomon/isomon-", env!("CARGO_PKG_VERSION")));
    assert_eq!(there.metadata().unwrap().len(), own.metadata().unwrap().len());
    drop(source);
    eventually("it ends with the channel", || server.sessions().is_empty()).await;
}

#[tokio::test]
async fn a_host_key_that_is_not_the_known_one_is_refused() {
    let Some(mut server) = Server::start("ed25519") else { return };
    let refused = async |server: &Server, host_key: HostKey| {
        let mut spec = server.spec();
        spec.ssh.host_key = host_key;
        let before = server.trusted();
        let mut source = open(spec).unwrap();
        let error = ask(source.as_mut(), false).await.unwrap_err().to_string();
        assert_eq!(server.trusted(), before, "nothing is mended");
        let log = std::fs::read_to_string(server.at("log")).unwrap();
        assert!(!log.contains("Accepted publickey"), "nobody logged in: {log}");
        error
    };
    let old = server.fingerprint("host");
    let name = format!("[127.0.0.1]:{}", server.port);
    server.swap_key("ed25519");
    let new = server.fingerprint("host");
    for host_key in [HostKey::Yes, HostKey::AcceptNew] {
        let error = refused(&server, host_key).await;
        assert!(
            error.contains("has changed") && error.contains(&old) && error.contains(&new),
            "{error}"
        );
        assert!(error.contains(&format!("ssh-keygen -R '{name}'")), "{error}");
    }
    server.trust("");
    let error = refused(&server, HostKey::Yes).await;
    assert!(error.contains("no host key") && error.contains(&new), "{error}");
    let known = server.known_as("host");
    server.trust(&format!("@revoked {known}"));
    let error = refused(&server, HostKey::Yes).await;
    assert!(error.contains("revoked"), "{error}");
    server.trust(&known);
    server.swap_key("ecdsa");
    let other = server.fingerprint("host");
    for host_key in [HostKey::Yes, HostKey::AcceptNew] {
        let error = refused(&server, host_key).await;
        assert!(
            error.contains(&new) && error.contains(&other),
            "another type is no new host: {error}"
        );
    }
}

#[tokio::test]
async fn a_new_host_is_taken_where_that_is_set() {
    let Some(server) = Server::start("ed25519") else { return };
    let with = |host_key| {
        let mut spec = server.spec();
        spec.ssh.host_key = host_key;
        open(spec).unwrap()
    };
    server.trust("");
    let told = ask(with(HostKey::No).as_mut(), false).await.unwrap();
    assert!(origin(&told).unwrap().unverified);
    assert_eq!(server.trusted(), "", "a key that nobody checked is not remembered");
    let told = ask(with(HostKey::AcceptNew).as_mut(), false).await.unwrap();
    assert!(!origin(&told).unwrap().unverified);
    assert!(server.trusted().contains("ssh-ed25519"));
    std::fs::write(server.at("authorized"), "").unwrap();
    let error = ask(with(HostKey::Yes).as_mut(), false).await.unwrap_err().to_string();
    assert!(error.contains("lets nobody in with the keys at hand"), "{error}");
}

/// Listens, and does `greet` to whoever comes, for as long as the test lasts.
fn fake(greet: fn(std::net::TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(greet));
    port
}

fn is_gone(config: &Path) -> bool {
    let wanted = config.to_str().unwrap();
    !below(std::process::id()).iter().any(|pid| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(wanted))
    })
}

#[tokio::test]
async fn a_server_that_stalls_costs_its_time_and_no_more() {
    let silent = fake(|mut stream| {
        std::thread::spawn(move || stream.read_to_end(&mut Vec::new()));
    });
    let endless = fake(|mut stream| {
        std::thread::spawn(move || while stream.write_all(&[b'x'; 4096]).is_ok() {});
    });
    let lines = fake(|mut stream| {
        std::thread::spawn(move || while stream.write_all(b"a banner\r\n").is_ok() {});
    });
    let mute = fake(|mut stream| {
        std::thread::spawn(move || {
            stream.write_all(b"SSH-2.0-mute\r\n").ok();
            stream.read_to_end(&mut Vec::new())
        });
    });
    let cut = fake(drop);
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("stall-client");
    std::fs::write(&config, "").unwrap();
    for (name, port) in
        [("silent", silent), ("endless", endless), ("lines", lines), ("mute", mute), ("cut", cut)]
    {
        let mut spec: Spec = spec(port, &config);
        spec.ssh.timeout = Duration::from_secs(2);
        let began = Instant::now();
        let error = ask(open(spec).unwrap().as_mut(), false).await.unwrap_err();
        println!("{name}: {:?}: {error}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(5), "{name}");
        eventually("ssh has ended", || is_gone(&config)).await;
    }
}

#[tokio::test]
async fn a_host_that_hangs_or_vanishes_in_the_middle_is_let_go() {
    let Some(server) = Server::start("ed25519") else { return };
    let mut source = open(server.spec()).unwrap();
    ask(source.as_mut(), false).await.unwrap();
    server.sessions().into_iter().for_each(|pid| signal(pid, Signal::STOP));
    let began = Instant::now();
    let error = ask(source.as_mut(), false).await.unwrap_err().to_string();
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    assert_eq!(error, "no answer within 10 s (reading the host)");
    eventually("ssh has ended", || is_gone(&server.at("client"))).await;
    server.sessions().into_iter().for_each(|pid| signal(pid, Signal::KILL));
    assert!(ask(source.as_mut(), false).await.is_ok(), "it is there again");
    server.sessions().into_iter().for_each(|pid| signal(pid, Signal::KILL));
    assert!(ask(source.as_mut(), false).await.is_err());
    assert!(ask(source.as_mut(), false).await.is_ok());
}

const VICTIM: &str = "ISOMON_TEST_SSH_PORT";

/// Another process asks, is killed, and leaves nothing: neither its `ssh` nor what ran on the host.
#[tokio::test]
async fn nothing_is_left_after_a_kill() {
    let name = "nothing_is_left_after_a_kill";
    if let Ok(given) = std::env::var(VICTIM) {
        let (port, config) = given.split_once(' ').unwrap();
        let mut source = open(spec(port.parse().unwrap(), Path::new(config))).unwrap();
        ask(source.as_mut(), false).await.unwrap();
        return tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let Some(server) = Server::start("ed25519") else { return };
    let config = server.at("client");
    let mut victim = Program::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, format!("{} {}", server.port, config.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it asks", || server.sessions().len() >= 2).await;
    let ssh = below(victim.id());
    assert!(!ssh.is_empty());
    victim.kill().unwrap();
    victim.wait().unwrap();
    eventually("the session ends", || server.sessions().is_empty()).await;
    eventually("ssh ends", || {
        !ssh.iter().any(|pid| Path::new(&format!("/proc/{pid}/exe")).exists())
    })
    .await;
}

/// What the script says in a shell whose every tool is busybox's.
#[test]
fn the_script_runs_in_busybox_and_dash() {
    let script = include_str!("../src/source/ssh/read.sh");
    for shell in ["busybox", "dash"] {
        let Ok(found) = Program::new("sh").args(["-c", &format!("command -v {shell}")]).output()
        else {
            continue;
        };
        let Some(path) = String::from_utf8_lossy(&found.stdout).lines().next().map(str::to_owned)
        else {
            skip(&format!("{shell} is not installed"));
            continue;
        };
        let dir = tempfile::tempdir().unwrap();
        let mut run = Program::new(&path);
        if shell == "busybox" {
            let tools = ["grep", "sed", "df", "ls", "tr", "dd", "cut", "uname", "timeout", "cat"];
            for tool in tools {
                std::os::unix::fs::symlink(&path, dir.path().join(tool)).unwrap();
            }
            run.arg("sh").env("PATH", dir.path());
        }
        let script = script.replace("PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin\n", "");
        let mut child = run
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let questions =
            format!("NONCE\nhello 1\nlook space sensors processes users {}\n", std::process::id());
        child.stdin.take().unwrap().write_all(questions.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        let mut rest = output.stdout.as_slice();
        for wanted in [
            &["@system:Linux", "/proc/cpuinfo:"][..],
            &["/proc/stat:cpu ", "@df:", "@user:root:", "/proc/1/stat:1 (", "@command:", "Uid:"],
        ] {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
            let header = std::str::from_utf8(&rest[..end]).unwrap();
            let length: usize = header.strip_prefix("NONCE ").unwrap().parse().unwrap();
            let body = String::from_utf8_lossy(&rest[end + 1..end + 1 + length]).into_owned();
            for part in wanted {
                assert!(body.contains(part), "{shell}: no {part}");
            }
            assert_eq!(rest[end + 1 + length], b'\n', "{shell}");
            rest = &rest[end + 2 + length..];
        }
        assert!(rest.is_empty(), "{shell}");
    }
}

/// What a look costs: the time it takes, and the processor time of everything the host started for it.
#[tokio::test]
#[ignore = "a measurement: cargo test --test ssh -- --ignored --nocapture what_a_look_costs"]
async fn what_a_look_costs() {
    let Some(server) = Server::start("ed25519") else { return };
    let mut source = open(server.spec()).unwrap();
    ask(source.as_mut(), false).await.unwrap();
    let of_children = |pid: u32| -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let rest = stat.rsplit(") ").next().unwrap_or_default().to_owned();
        rest.split(' ').skip(11).take(4).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
    };
    let there = || server.sessions().into_iter().map(of_children).sum::<u64>();
    let own = || rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    for depth in [false, true] {
        let (before, began, mine) = (there(), Instant::now(), own());
        let looks = 50;
        for _ in 0..looks {
            ask(source.as_mut(), depth).await.unwrap();
        }
        let mine = (own().tv_sec - mine.tv_sec) * 1_000_000_000 + own().tv_nsec - mine.tv_nsec;
        let (each, ticks) = (began.elapsed() / looks, there() - before);
        println!(
            "depth {depth}: {each:?} a look, there {} ms, here {} ms of processor each",
            ticks * 10 / u64::from(looks),
            mine / 1_000_000 / i64::from(looks)
        );
    }
}
