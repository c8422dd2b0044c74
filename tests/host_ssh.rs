//! Hosts by SSH against a real sshd: what is run there, what is left of it, files, looks, host keys,
//! passwords, and servers that stall.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says what it skips")]

#[path = "host/rig.rs"]
mod rig;
#[allow(dead_code, reason = "what another test needs of it")]
#[path = "ssh/server.rs"]
mod server;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::host::{End, Error, Host, HostKeys, Options, Order, open};
use isomon::model::secret::Secret;
use isomon::model::workflow::{self, CheckKind};
use rig::{
    HOSTILE, alive, eventually, every_letter, exit, options, order, run, sh, start, start_ready,
    text,
};
use rustix::process::Signal;
use server::{Server, below, free_port, signal, skip};
use tokio::sync::mpsc;

fn there(port: u16) -> workflow::Host {
    let address = Some("127.0.0.1".to_owned());
    workflow::Host { address, port: Some(port), ..workflow::Host::default() }
}

fn with(server: &Server) -> Options {
    Options { config: Some(server.at("client")), ..options(server.dir.path()) }
}

async fn connect(server: &Server) -> Arc<dyn Host> {
    open("db", &there(server.port), &with(server)).await.unwrap()
}

/// What the connections keep in the directory they were given.
fn kept(server: &Server) -> usize {
    let entries = std::fs::read_dir(server.dir.path()).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("isomon-")).count()
}

#[tokio::test]
async fn words_arrive_as_they_are() {
    let Some(server) = Server::start("ed25519") else { return };
    let host = connect(&server).await;
    let argv = [&["printf", "%s\u{1}"], HOSTILE].concat();
    let told = run(&host, &order(&argv)).await.unwrap();
    let wanted = HOSTILE.join("\u{1}") + "\u{1}";
    assert_eq!((text(&told.out), told.end), (wanted.as_str(), exit(0)));
    let dir = server.at("o'd $(x)\n;-* é");
    std::fs::create_dir(&dir).unwrap();
    let dir = dir.display().to_string();
    let names = ["ODD", "nonce", "field", "at", "IFS", "left", "pid"];
    let env = names.map(|name| (name.to_owned(), every_letter())).to_vec();
    let odd = Order { env, dir: Some(dir.clone()), ..sh("printf %s \"$ODD\"; pwd >&2; exit 3") };
    let told = run(&host, &odd).await.unwrap();
    assert_eq!(
        (text(&told.out), text(&told.err)),
        (every_letter().as_str(), format!("{dir}\n").as_str())
    );
    assert_eq!(told.end, exit(3));
    for number in [1, 2, 6, 9, 13, 15] {
        let told = run(&host, &sh(&format!("kill -{number} $$"))).await.unwrap();
        assert_eq!(told.end, End { signal: Some(number), ..End::default() });
        assert!(told.err.is_empty(), "the shell there says nothing: {}", text(&told.err));
    }
    for number in [129, 134, 137, 143, 147, 156, 192, 200, 255] {
        let told = run(&host, &sh(&format!("exit {number}"))).await.unwrap();
        assert_eq!(told.end, exit(number), "it is no signal where the program says so itself");
        assert!(told.err.is_empty(), "{}", text(&told.err));
    }
    let told = run(&host, &sh("cat; tty; head -c 3000000 /dev/zero")).await.unwrap();
    assert!(told.out.starts_with(b"not a tty\n"), "it has no input");
    assert_eq!(told.out.len(), 3_000_010);
    host.close().await.unwrap();
    eventually("the connection is gone", Duration::from_secs(30), || {
        server.sessions().is_empty() && kept(&server) == 0
    })
    .await;
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let Some(server) = Server::start("ed25519") else { return };
    let host = connect(&server).await;
    let error = run(&host, &order(&["no-such-program"])).await.unwrap_err().to_string();
    assert_eq!(error, "db: no-such-program: it is not there, or may not be run");
    let odd = Order { dir: Some("/no/such".into()), ..sh("true") };
    let error = run(&host, &odd).await.unwrap_err().to_string();
    assert_eq!(error, "db: /no/such: there is no such directory, or it may not be entered");
    for name in ["A B", "1A", "x;reboot", "", "isomon_nonce"] {
        let odd = Order { env: vec![(name.to_owned(), String::new())], ..sh("true") };
        let error = run(&host, &odd).await.unwrap_err();
        assert!(matches!(error, Error::Start { .. }), "{error}");
    }
    assert!(run(&host, &sh("exit 0")).await.unwrap().end.is_good(), "it goes on");
}

#[tokio::test]
async fn nothing_outlives_its_owner() {
    let Some(server) = Server::start("ed25519") else { return };
    let host = connect(&server).await;
    let mark = "86513.25";
    let script =
        format!("setsid sleep {mark} & (setsid sh -c 'sleep {mark} & sleep {mark}' &) ; echo up");
    let (out, mut pieces) = mpsc::channel(4);
    let mut process = host.start(&sh(&script), out).await.unwrap();
    assert_eq!(process.wait().await.unwrap(), exit(0));
    assert_eq!(pieces.recv().await.unwrap().bytes, b"up\n");
    eventually("all of it runs", Duration::from_secs(30), || alive(mark).len() >= 3).await;
    drop(process);
    let took = eventually("it is gone", Duration::from_secs(30), || alive(mark).is_empty()).await;
    println!("gone {took:?} after it was let go");

    let stubborn = "trap '' TERM HUP INT; echo up; while :; do sleep 0.1; done";
    let mut process = start_ready(&host, stubborn).await;
    let pid = process.pid().unwrap();
    assert!(Path::new(&format!("/proc/{pid}")).exists());
    let end = process.end(Duration::from_millis(300)).await.unwrap();
    assert_eq!(end, End { signal: Some(9), ..End::default() });
    let polite = "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done";
    let mut process = start_ready(&host, polite).await;
    assert_eq!(process.end(Duration::from_secs(30)).await.unwrap(), exit(5));

    // More at once than a server lets over one connection.
    let orders: Vec<Order> = (0..12).map(|_| order(&["sleep", "86513.75"])).collect();
    let mut all = Vec::new();
    for order in &orders {
        all.push(start(&host, order).await);
    }
    eventually("all run", Duration::from_secs(30), || alive("86513.75").len() == 12).await;
    host.close().await.unwrap();
    assert!(alive("86513.75").is_empty());
    for mut process in all {
        assert!(process.wait().await.unwrap().lost.is_some());
    }
}

#[tokio::test]
async fn a_connection_that_drops_ends_what_ran_and_is_made_anew() {
    let Some(server) = Server::start("ed25519") else { return };
    let host = connect(&server).await;
    let mark = "86514.25";
    let script = format!("setsid sleep {mark} & trap '' HUP; sleep {mark}; :");
    let mut process = start(&host, &sh(&script)).await;
    eventually("it runs", Duration::from_secs(30), || alive(mark).len() >= 3).await;
    let own: Vec<u32> = server.sessions();
    let is_sshd = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm"))
            .is_ok_and(|name| name.starts_with("sshd"))
    };
    own.into_iter().filter(is_sshd).for_each(|pid| signal(pid, Signal::KILL));
    let end = process.wait().await.unwrap();
    assert!(end.lost.is_some(), "{end:?}");
    let took = eventually("it is gone", Duration::from_secs(30), || alive(mark).is_empty()).await;
    println!("gone {took:?} after the connection");
    assert!(run(&host, &sh("true")).await.unwrap().end.is_good(), "cleanup can run");
    host.close().await.unwrap();
}

const VICTIM: &str = "ISOMON_TEST_HOST_PORT";

/// Another process runs something there, and is killed.
#[tokio::test]
async fn nothing_is_left_after_a_kill() {
    let mark = "86515.25";
    if let Ok(given) = std::env::var(VICTIM) {
        let (port, dir) = given.split_once(' ').unwrap();
        let dir = Path::new(dir);
        let options = Options { config: Some(dir.join("client")), ..options(dir) };
        let host = open("db", &there(port.parse().unwrap()), &options).await.unwrap();
        let _process = start(&host, &sh(&format!("setsid sleep {mark} & sleep {mark}; :"))).await;
        return tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let Some(server) = Server::start("ed25519") else { return };
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["nothing_is_left_after_a_kill", "--nocapture"])
        .env(VICTIM, format!("{} {}", server.port, server.dir.path().display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it runs", Duration::from_secs(15), || alive(mark).len() >= 3).await;
    let here = below(victim.id());
    victim.kill().unwrap();
    victim.wait().unwrap();
    let took = eventually("it is gone", Duration::from_secs(30), || alive(mark).is_empty()).await;
    println!("gone {took:?} after the kill");
    eventually("so is ssh, and its sockets", Duration::from_secs(30), || {
        !here.iter().any(|pid| Path::new(&format!("/proc/{pid}/exe")).exists())
            && kept(&server) == 0
    })
    .await;
}

#[tokio::test]
async fn files_are_whole_or_not_there() {
    let Some(server) = Server::start("ed25519") else { return };
    let host = connect(&server).await;
    let local =
        open("local", &workflow::Host::default(), &options(server.dir.path())).await.unwrap();
    let at = |name: &str| server.at(name);
    let odd = "o'd $(x)\n;-* é";
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(700_001).collect();
    std::fs::write(at("from"), &bytes).unwrap();
    let path = format!("~/new/sub/{odd}");
    host.send(&at("from"), &path).await.unwrap();
    let there = at("home/new/sub").join(odd);
    assert_eq!(std::fs::read(&there).unwrap(), bytes);
    let fetched = host.fetch(&path, &at("back")).await.unwrap();
    assert_eq!((fetched.bytes.0, fetched.sha256.len()), (700_001, 64));
    assert_eq!(std::fs::read(at("back")).unwrap(), bytes);
    for (path, why) in [("~/none", "it is not there"), ("~/new", "it is no file")] {
        let error = host.fetch(path, &at("no")).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("db: {path}: ")) && error.ends_with(why), "{error}");
    }
    assert!(!at("no").exists());
    let error = host.send(&at("from"), "/proc/x/y").await.unwrap_err().to_string();
    assert!(error.starts_with("db: /proc/x/y: it"), "{error}");
    for (from, to, at) in [
        ("~/new", at("here").display().to_string(), at("here/sub").join(odd)),
        ("~/new", at("here").display().to_string(), at("here/sub").join(odd)),
        (path.as_str(), at("one").display().to_string(), at("one")),
    ] {
        host.copy(from, &local, &to).await.unwrap();
        assert_eq!(std::fs::read(at).unwrap(), bytes);
    }
    local.copy(at("here").to_str().unwrap(), &host, "~/far/").await.unwrap();
    assert_eq!(std::fs::read(at("home/far/here/sub").join(odd)).unwrap(), bytes);
    host.copy("~/far", &host, "~/again").await.unwrap();
    assert_eq!(std::fs::read(at("home/again/here/sub").join(odd)).unwrap(), bytes);
    let error = host.copy("~/none", &local, "/tmp/x").await.unwrap_err().to_string();
    assert_eq!(error, "db: ~/none: it is not there");
    host.remove(&path).await.unwrap();
    assert!(!there.exists());
    host.close().await.unwrap();
}

#[tokio::test]
async fn what_is_ready_is_seen() {
    let Some(server) = Server::start("ed25519") else { return };
    let host = connect(&server).await;
    let nothing = Order::default();
    let look = async |kind, target: &str| host.look(kind, target, &nothing).await.unwrap();
    let port = server.port.to_string();
    assert!(look(CheckKind::Port, &port).await.ready);
    assert!(look(CheckKind::Port, &format!("127.0.0.1:{port}")).await.ready);
    let seen = look(CheckKind::Port, &free_port().to_string()).await;
    assert!(!seen.ready && seen.said.as_str().ends_with("is closed"), "{seen:?}");
    let web = fake(|mut stream| {
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok();
    });
    assert!(look(CheckKind::Http, &format!("http://127.0.0.1:{web}/x")).await.ready);
    let seen = look(CheckKind::Http, &format!("http://127.0.0.1:{}/", free_port())).await;
    assert_eq!((seen.ready, seen.said.as_str()), (false, "there is no answer"));
    std::fs::write(server.at("home/there"), "").unwrap();
    assert!(look(CheckKind::File, "~/there").await.ready);
    assert!(!look(CheckKind::File, "~/none").await.ready);
    let _process = start(&host, &order(&["sleep", "86516.25"])).await;
    assert!(look(CheckKind::Process, "sleep").await.ready);
    assert!(!look(CheckKind::Process, "no-such-process-ever").await.ready);
    assert!(host.look(CheckKind::Command, "", &sh("exit 0")).await.unwrap().ready);
    let seen = host.look(CheckKind::Command, "", &sh("exit 4")).await.unwrap();
    assert_eq!((seen.ready, seen.said.as_str()), (false, "the command ends with 4"));
    host.close().await.unwrap();
}

#[tokio::test]
async fn a_host_key_that_is_not_the_known_one_is_refused() {
    let Some(mut server) = Server::start("ed25519") else { return };
    let refused = async |server: &Server, host_keys: HostKeys| {
        let options = Options { host_keys, ..with(server) };
        let before = server.trusted();
        let error = open("db", &there(server.port), &options).await.unwrap_err().to_string();
        assert_eq!(server.trusted(), before, "nothing is mended");
        let log = std::fs::read_to_string(server.at("log")).unwrap();
        assert!(!log.contains("Accepted publickey"), "nobody logged in: {log}");
        assert_eq!(kept(server), 0);
        error
    };
    let old = server.fingerprint("host");
    server.swap_key("ed25519");
    let new = server.fingerprint("host");
    for host_keys in [HostKeys::Strict, HostKeys::AcceptNew] {
        let error = refused(&server, host_keys).await;
        let good = error.contains("has changed") && error.contains(&old) && error.contains(&new);
        assert!(good, "{error}");
    }
    let known = server.known_as("host");
    server.trust(&format!("@revoked {known}"));
    assert!(refused(&server, HostKeys::Strict).await.contains("revoked"));
    server.trust(&known);
    server.swap_key("ecdsa");
    let error = refused(&server, HostKeys::AcceptNew).await;
    assert!(error.contains("has changed"), "another type is no new host: {error}");
    server.trust("");
    let error = refused(&server, HostKeys::Strict).await;
    assert!(error.contains("no host key"), "{error}");
    let options = Options { host_keys: HostKeys::AcceptNew, ..with(&server) };
    let host = open("db", &there(server.port), &options).await.unwrap();
    assert!(server.trusted().contains("ecdsa"));
    host.close().await.unwrap();
}

/// Listens, and does `greet` to whoever comes, for as long as the test lasts.
fn fake(greet: fn(std::net::TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || greet(stream));
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_stalls_costs_its_time_and_no_more() {
    let silent = fake(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let endless = fake(|mut stream| while stream.write_all(&[b'x'; 4096]).is_ok() {});
    let lines = fake(|mut stream| while stream.write_all(b"a banner\r\n").is_ok() {});
    let mute = fake(|mut stream| {
        stream.write_all(b"SSH-2.0-mute\r\n").ok();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("stall-client");
    std::fs::write(&config, "").unwrap();
    for (name, port) in [("silent", silent), ("endless", endless), ("lines", lines), ("mute", mute)]
    {
        let options = Options {
            config: Some(config.clone()),
            timeout: Duration::from_secs(2),
            ..options(dir.path())
        };
        let began = Instant::now();
        let error = open("db", &there(port), &options).await.unwrap_err();
        println!("{name}: {:?}: {error}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(5), "{name}");
        let mark = config.to_str().unwrap();
        eventually("ssh has ended", Duration::from_secs(4), || alive(mark).is_empty()).await;
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_frees_its_place() {
    let Some(server) = Server::start("ed25519") else { return };
    let host = connect(&server).await;
    let mut process = start(&host, &order(&["sleep", "86517.25"])).await;
    server.sessions().into_iter().for_each(|pid| signal(pid, Signal::STOP));
    let began = Instant::now();
    let end = process.wait().await.unwrap();
    println!("lost after {:?}", began.elapsed());
    assert!(end.lost.is_some() && began.elapsed() < Duration::from_secs(13), "{end:?}");
}

/// Everything that can be read of this machine's processes, and every file below `dir`.
fn holds(dir: &Path, canary: &str) -> Vec<String> {
    let mut found = Vec::new();
    let has = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).contains(canary);
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        for part in ["cmdline", "environ"] {
            let path = entry.path().join(part);
            if pid != std::process::id() && std::fs::read(&path).is_ok_and(has) {
                found.push(path.display().to_string());
            }
        }
    }
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_file() && std::fs::read(entry.path()).is_ok_and(has) {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn a_key_with_a_passphrase_is_opened_by_it_alone() {
    let Some(server) = Server::start("ed25519") else { return };
    let canary = "canary-phrase-4711 $x'";
    let key = server.at("locked");
    std::fs::rename(server.at("user"), &key).unwrap();
    let set = Command::new("ssh-keygen")
        .args(["-q", "-p", "-P", "", "-N", canary, "-f"])
        .arg(&key)
        .status();
    assert!(set.unwrap().success());
    let host = |phrase: Option<&str>| workflow::Host {
        key_file: Some(key.display().to_string()),
        key_password: phrase.map(Secret::new),
        ..there(server.port)
    };
    let opened = open("db", &host(Some(canary)), &with(&server)).await.unwrap();
    assert!(run(&opened, &sh("true")).await.unwrap().end.is_good());
    assert_eq!(holds(server.dir.path(), canary), Vec::<String>::new());
    opened.close().await.unwrap();
    for (phrase, why) in [(Some("wrong"), "its passphrase is wrong"), (None, "it has a passphrase")]
    {
        let error = open("db", &host(phrase), &with(&server)).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let error = open("db", &host(Some("prompt")), &with(&server)).await.unwrap_err().to_string();
    assert!(error.contains("nobody can be asked here"), "{error}");
    let file = server.at("phrase");
    std::fs::write(&file, canary).unwrap();
    let given = format!("file:{}", file.display());
    let error = open("db", &host(Some(&given)), &with(&server)).await.unwrap_err().to_string();
    assert!(error.contains("others may read it"), "{error}");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    open("db", &host(Some(&given)), &with(&server)).await.unwrap().close().await.unwrap();
}

/// The settings of an sshd that takes a password.
fn taking(config: &str) -> String {
    config.replace("PasswordAuthentication no", "PasswordAuthentication yes")
}

/// The settings of one that asks for it by itself.
fn asking(config: &str) -> String {
    config
        .replace("UsePAM no", "UsePAM yes")
        .replace("KbdInteractiveAuthentication no", "KbdInteractiveAuthentication yes")
}

/// An sshd that sees other passwords than this machine's: `root` has `password` there.
struct Guarded(Child, u16);

impl Guarded {
    /// `asks`: it asks by itself, through PAM, and takes no password that is offered.
    fn start(server: &Server, password: &str, asks: bool) -> Option<Self> {
        let hash = Command::new("perl")
            .args(["-e", "print crypt($ARGV[0], '$6$isomon$')", password])
            .output();
        let hash = hash.ok().filter(|run| run.status.success());
        let shadow = std::fs::read_to_string("/etc/shadow").ok();
        let (Some(hash), Some(shadow)) = (hash, shadow) else {
            skip("a server with a password needs root and perl");
            return None;
        };
        let hash = text(&hash.stdout);
        let lines = shadow.lines().map(|line| match line.strip_prefix("root:") {
            Some(_) => format!("root:{hash}:19000:0:99999:7:::"),
            None => line.to_owned(),
        });
        std::fs::write(server.at("shadow"), lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
        let port = free_port();
        let config = std::fs::read_to_string(server.at("server")).unwrap();
        let config = config.replace(&format!("Port {}", server.port), &format!("Port {port}"));
        let config = if asks { asking(&config) } else { taking(&config) };
        let rules = "auth required pam_unix.so\naccount required pam_permit.so\n\
                     session required pam_permit.so\n";
        std::fs::write(server.at("pam"), rules).unwrap();
        if asks && !Path::new("/etc/pam.d/sshd").exists() {
            skip("this sshd has no PAM to ask with");
            return None;
        }
        std::fs::write(server.at("guarded"), config).unwrap();
        let asked = if asks { "mount --bind \"$2\" /etc/pam.d/sshd &&" } else { "" };
        let script = format!(
            "mount --bind \"$0\" /etc/shadow && {asked} exec /usr/sbin/sshd -D -e -f \"$1\""
        );
        let log = std::fs::File::create(server.at("guarded-log")).unwrap();
        let mut child = Command::new("unshare")
            .args(["-m", "sh", "-c", &script])
            .args([server.at("shadow"), server.at("guarded"), server.at("pam")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .ok()?;
        let end = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if child.try_wait().unwrap().is_some() || Instant::now() > end {
                skip("no namespace of files can be made here for a server with a password");
                child.kill().ok();
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let known = server.known_as("host");
        let other = known.replace(&format!(":{}", server.port), &format!(":{port}"));
        server.trust(&format!("{known}{other}"));
        Some(Self(child, port))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        for pid in below(self.0.id()) {
            signal(pid, Signal::KILL);
        }
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn a_server_that_asks_by_itself_is_answered_too() {
    let Some(server) = Server::start("ed25519") else { return };
    let canary = "canary-asked-0817";
    let Some(guarded) = Guarded::start(&server, canary, true) else { return };
    let host = |password: &str| workflow::Host {
        password: Some(Secret::new(password)),
        username: Some("root".into()),
        ..there(guarded.1)
    };
    let opened = open("db", &host(canary), &with(&server)).await.unwrap();
    assert!(run(&opened, &sh("true")).await.unwrap().end.is_good());
    assert_eq!(holds(server.dir.path(), canary), Vec::<String>::new());
    opened.close().await.unwrap();
    let error = open("db", &host("wrong-canary"), &with(&server)).await.unwrap_err().to_string();
    assert!(error.contains("the password given is not taken"), "{error}");
    let log = std::fs::read_to_string(server.at("guarded-log")).unwrap();
    assert!(log.contains("Accepted keyboard-interactive/pam for root"), "{log}");
}

#[tokio::test]
async fn a_password_lets_in_and_is_nowhere_to_be_read() {
    let Some(server) = Server::start("ed25519") else { return };
    let canary = "canary-word-0815 \"$x'\\";
    let Some(guarded) = Guarded::start(&server, canary, false) else { return };
    let host = |password: &str| workflow::Host {
        password: Some(Secret::new(password)),
        username: Some("root".into()),
        ..there(guarded.1)
    };
    let opened = open("db", &host(canary), &with(&server)).await.unwrap();
    let mut process = start(&opened, &order(&["sleep", "86518.25"])).await;
    assert_eq!(holds(server.dir.path(), canary), Vec::<String>::new());
    process.end(Duration::from_secs(1)).await.unwrap();
    opened.close().await.unwrap();
    let began = Instant::now();
    let error = open("db", &host("wrong-canary"), &with(&server)).await.unwrap_err().to_string();
    println!("{:?}: {error}", began.elapsed());
    assert!(
        error.contains("the password given is not taken") && !error.contains("canary"),
        "{error}"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// Two hosts that are apart from this one: each a network of its own with an sshd in it.
struct Apart {
    names: Vec<String>,
    servers: Vec<Child>,
}

impl Apart {
    fn ip(words: &str) -> bool {
        let mut run = Command::new("ip");
        run.args(words.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
        run.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    fn start(server: &Server) -> Option<Self> {
        let mut apart = Self { names: Vec::new(), servers: Vec::new() };
        let own = std::process::id() % 100_000;
        let config = std::fs::read_to_string(server.at("server")).unwrap();
        let config = config.replace("ListenAddress 127.0.0.1", "ListenAddress 0.0.0.0");
        std::fs::write(server.at("apart"), config).unwrap();
        for number in 1..=2 {
            let (name, link) = (format!("isomon{own}-{number}"), format!("im{own}-{number}"));
            apart.names.push(name.clone());
            let made = [
                format!("netns add {name}"),
                format!("link add {link} type veth peer name e0 netns {name}"),
                format!("addr add 10.213.{number}.1/30 dev {link}"),
                format!("link set {link} up"),
                format!("-n {name} addr add 10.213.{number}.2/30 dev e0"),
                format!("-n {name} link set e0 up"),
                format!("-n {name} link set lo up"),
            ];
            if !made.iter().all(|words| Self::ip(words)) {
                skip("no networks can be made here to be hosts (ip netns, as root)");
                return None;
            }
            let mut sshd = Command::new("ip");
            sshd.args(["netns", "exec", &name, "/usr/sbin/sshd", "-D", "-f"])
                .arg(server.at("apart"));
            sshd.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            apart.servers.push(sshd.spawn().unwrap());
            let end = Instant::now() + Duration::from_secs(10);
            while std::net::TcpStream::connect((Self::address(number), server.port)).is_err() {
                assert!(Instant::now() < end, "sshd does not listen in {name}");
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
        let public = std::fs::read_to_string(server.at("host.pub")).unwrap();
        let known = |number| format!("[{}]:{} {public}", Self::address(number), server.port);
        server.trust(&format!("{}{}", known(1), known(2)));
        Some(apart)
    }

    fn address(number: u8) -> String {
        format!("10.213.{number}.2")
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        for server in &mut self.servers {
            for pid in below(server.id()) {
                signal(pid, Signal::KILL);
            }
            server.kill().ok();
            server.wait().ok();
        }
        for name in &self.names {
            Self::ip(&format!("netns del {name}"));
        }
    }
}

#[tokio::test]
async fn hosts_in_networks_of_their_own_are_told_apart_and_one_that_goes_silent_is_lost() {
    let Some(server) = Server::start("ed25519") else { return };
    let Some(apart) = Apart::start(&server) else { return };
    let mut hosts = Vec::new();
    for number in 1..=2 {
        let address = Some(Apart::address(number));
        let host = workflow::Host { address, ..there(server.port) };
        hosts.push(open(&format!("node-{number}"), &host, &with(&server)).await.unwrap());
    }
    let nothing = Order::default();
    let port = free_port();
    let listen = format!("exec python3 -m http.server --bind 127.0.0.1 {port}");
    let _web = start(&hosts[0], &sh(&listen)).await;
    let target = format!("http://127.0.0.1:{port}/");
    let began = Instant::now();
    while !hosts[0].look(CheckKind::Http, &target, &nothing).await.unwrap().ready {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    assert!(hosts[0].look(CheckKind::Port, &port.to_string(), &nothing).await.unwrap().ready);
    assert!(!hosts[1].look(CheckKind::Port, &port.to_string(), &nothing).await.unwrap().ready);
    assert!(!hosts[1].look(CheckKind::Http, &target, &nothing).await.unwrap().ready);
    std::fs::write(server.at("home/data"), "x".repeat(300_000)).unwrap();
    hosts[0].copy("~/data", &hosts[1], "~/there").await.unwrap();
    assert_eq!(server.at("home/there").metadata().unwrap().len(), 300_000);
    let mut process = start(&hosts[1], &order(&["sleep", "86519.25"])).await;
    assert!(Apart::ip(&format!("-n {} link set e0 down", apart.names[1])));
    let began = Instant::now();
    assert!(process.wait().await.unwrap().lost.is_some());
    println!("lost {:?} after the line was cut", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(10));
    hosts[0].close().await.unwrap();
    hosts[1].close().await.unwrap();
}
