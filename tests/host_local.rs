//! This machine as a host: what is run here, what is left of it, and what it costs.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "host/rig.rs"]
mod rig;

use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::host::{Ask, End, Error, Host, Order, open, open_telling};
use isomon::model::secret::Secret;
use isomon::model::workflow::{self, CheckKind};
use rig::{
    HOSTILE, alive, eventually, every_letter, exit, options, order, run, sh, start, start_ready,
    text,
};
use tokio::sync::mpsc;

async fn local() -> Arc<dyn Host> {
    open("local", &workflow::Host::default(), &options(&std::env::temp_dir())).await.unwrap()
}

#[tokio::test]
async fn words_arrive_as_they_are() {
    let host = local().await;
    let argv = [&["printf", "%s\u{1}"], HOSTILE].concat();
    let told = run(&host, &order(&argv)).await.unwrap();
    let wanted = HOSTILE.join("\u{1}") + "\u{1}";
    assert_eq!((text(&told.out), told.end), (wanted.as_str(), exit(0)));
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap().display().to_string();
    let env = vec![("ODD".to_owned(), every_letter())];
    let odd = Order { env, dir: Some(dir.clone()), ..sh("printf %s \"$ODD\"; pwd >&2; exit 3") };
    let told = run(&host, &odd).await.unwrap();
    assert_eq!(
        (text(&told.out), text(&told.err)),
        (every_letter().as_str(), format!("{dir}\n").as_str())
    );
    assert_eq!(told.end, exit(3));
    let told = run(&host, &sh("kill -9 $$")).await.unwrap();
    assert_eq!(told.end, End { signal: Some(9), ..End::default() });
    let told = run(&host, &sh("cat; tty")).await.unwrap();
    assert_eq!(text(&told.out), "not a tty\n", "it has no input");
    host.close().await.unwrap();
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let host = local().await;
    let error = run(&host, &order(&["no-such-program"])).await.unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error}");
    assert!(error.to_string().contains("no-such-program: No such file"), "{error}");
    let odd = Order { dir: Some("/no/such".into()), ..sh("true") };
    let error = run(&host, &odd).await.unwrap_err().to_string();
    assert_eq!(error, "local: /no/such: there is no such directory");
}

#[tokio::test]
async fn output_is_whole_and_waits_for_who_reads() {
    let host = local().await;
    let told = run(&host, &sh("head -c 3000000 /dev/zero; echo end >&2")).await.unwrap();
    assert_eq!((told.out.len(), text(&told.err)), (3_000_000, "end\n"));
    let (out, mut pieces) = mpsc::channel(1);
    let process = host.start(&sh("yes & wait"), out).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(pieces.recv().await.unwrap().bytes.len() <= 16 << 10);
    drop(process);
    drop(pieces);
    host.close().await.unwrap();
}

/// What a task leaves running keeps its streams open, and is not waited for.
#[tokio::test]
async fn nothing_outlives_its_owner() {
    let host = local().await;
    let mark = "86413.25";
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
    let end = process.end(Duration::from_millis(300)).await.unwrap();
    assert_eq!(end, End { signal: Some(9), ..End::default() });
    let polite = "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done";
    let mut process = start_ready(&host, polite).await;
    assert_eq!(process.end(Duration::from_secs(30)).await.unwrap(), exit(5));

    let mut process = start(&host, &order(&["sleep", "86413.75"])).await;
    host.close().await.unwrap();
    assert!(alive("86413.75").is_empty());
    assert!(process.wait().await.unwrap().lost.is_some());
}

const VICTIM: &str = "ISOMON_TEST_LOCAL_VICTIM";

/// Another process runs something, and is killed.
#[tokio::test]
async fn nothing_is_left_after_a_kill() {
    let mark = "86414.25";
    if std::env::var_os(VICTIM).is_some() {
        let host = local().await;
        let script = format!("trap '' TERM; setsid sleep {mark} & sh -c 'sleep {mark}; :' & wait");
        let _process = start(&host, &sh(&script)).await;
        return tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["nothing_is_left_after_a_kill", "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it runs", Duration::from_secs(10), || alive(mark).len() >= 4).await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    let took = eventually("it is gone", Duration::from_secs(30), || alive(mark).is_empty()).await;
    println!("gone {took:?} after the kill");
}

#[tokio::test]
async fn files_are_whole_or_not_there() {
    let host = local().await;
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let odd = "o'd $(x)\n;-* é";
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(700_001).collect();
    std::fs::write(at("from"), &bytes).unwrap();
    let there = at("new/sub").join(odd);
    host.send(&at("from"), there.to_str().unwrap()).await.unwrap();
    assert_eq!(std::fs::read(&there).unwrap(), bytes);
    let fetched = host.fetch(there.to_str().unwrap(), &at("back")).await.unwrap();
    assert_eq!((fetched.bytes.0, fetched.sha256.len()), (700_001, 64));
    assert_eq!(std::fs::read(at("back")).unwrap(), bytes);
    std::fs::write(at("empty"), "").unwrap();
    assert_eq!(host.fetch(at("empty").to_str().unwrap(), &at("back")).await.unwrap().bytes.0, 0);
    for (path, why) in [("none", "it is not there"), ("new", "it is no file")] {
        let error =
            host.fetch(at(path).to_str().unwrap(), &at("no")).await.unwrap_err().to_string();
        assert!(error.ends_with(why), "{error}");
    }
    assert!(!at("no").exists());
    let error = host.send(&at("from"), at("from/x").to_str().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("its directory cannot be made"), "{error}");
    std::os::unix::fs::symlink("sub", at("new/link")).unwrap();
    let to = at("copy");
    for _ in 0..2 {
        host.copy(at("new").to_str().unwrap(), &host, to.to_str().unwrap()).await.unwrap();
        assert_eq!(std::fs::read(to.join("sub").join(odd)).unwrap(), bytes);
        assert_eq!(std::fs::read_link(to.join("link")).unwrap().to_str(), Some("sub"));
    }
    host.copy(there.to_str().unwrap(), &host, to.to_str().unwrap()).await.unwrap();
    assert_eq!(std::fs::read(to.join(odd)).unwrap(), bytes);
    host.remove(there.to_str().unwrap()).await.unwrap();
    assert!(!there.exists());
    host.remove(there.to_str().unwrap()).await.unwrap();
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("part")), "{left:?}");
}

#[tokio::test]
async fn what_is_ready_is_seen() {
    let host = local().await;
    let nothing = Order::default();
    let look = async |kind, target: &str| host.look(kind, target, &nothing).await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(look(CheckKind::Port, &port.to_string()).await.ready);
    assert!(look(CheckKind::Port, &format!("127.0.0.1:{port}")).await.ready);
    std::thread::spawn(move || {
        for (answer, stream) in
            ["200 OK", "503 No"].iter().zip(listener.incoming().skip(2).flatten())
        {
            let mut stream = stream;
            std::io::Read::read(&mut stream, &mut [0; 1024]).unwrap();
            std::io::Write::write_all(&mut stream, format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes())
                .unwrap();
        }
    });
    let address = format!("http://127.0.0.1:{port}/health");
    assert!(look(CheckKind::Http, &address).await.ready);
    let seen = look(CheckKind::Http, &address).await;
    assert_eq!((seen.ready, seen.said.as_str()), (false, "it answers 503"));
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(look(CheckKind::File, file.path().to_str().unwrap()).await.ready);
    assert!(!look(CheckKind::File, "/no/such").await.ready);
    let _process = start(&host, &order(&["sleep", "86415.25"])).await;
    assert!(look(CheckKind::Process, "sleep").await.ready);
    let seen = look(CheckKind::Process, "no-such-process-ever").await;
    assert_eq!(seen.said.as_str(), "no process of that name runs");
    assert!(host.look(CheckKind::Command, "", &sh("exit 0")).await.unwrap().ready);
    let seen = host.look(CheckKind::Command, "", &sh("exit 4")).await.unwrap();
    assert_eq!((seen.ready, seen.said.as_str()), (false, "the command ends with 4"));
    assert!(host.look(CheckKind::Port, "x", &nothing).await.is_err());
    host.close().await.unwrap();
}

/// What a task costs beside running it by hand: medians of both, in turn.
#[tokio::test]
#[ignore = "a measurement: cargo test --test host_local -- --ignored --nocapture"]
async fn what_a_task_costs() {
    let host = local().await;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let began = Instant::now();
        assert!(run(&host, &order(&["true"])).await.unwrap().end.is_good());
        ours.push(began.elapsed());
        let began = Instant::now();
        let output = tokio::process::Command::new("true").output().await.unwrap();
        assert!(output.status.success());
        bare.push(began.elapsed());
    }
    ours.sort_unstable();
    bare.sort_unstable();
    println!(
        "a task {:?}, by hand {:?}: {:?} more",
        ours[50],
        bare[50],
        ours[50].saturating_sub(bare[50])
    );
}

/// Answers the same to every question.
#[derive(Debug)]
struct Parrot;

impl Ask for Parrot {
    fn ask<'a>(
        &'a self,
        _host: &'a str,
        what: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Secret>> + Send + 'a>> {
        Box::pin(async move { Some(Secret::new(&format!("canary of {what}"))) })
    }
}

#[tokio::test]
async fn secrets_that_were_asked_for_are_told_also_where_they_let_nobody_in() {
    let mut given = options(&std::env::temp_dir());
    given.ask = Some(Arc::new(Parrot));
    let host = workflow::Host {
        address: Some("127.0.0.1".to_owned()),
        port: Some(1),
        password: Some(Secret::new("prompt")),
        key_password: Some(Secret::new("prompt")),
        ..workflow::Host::default()
    };
    let opened = open_telling("far", &host, &given).await;
    assert!(opened.host.is_err(), "nothing listens there");
    let found: Vec<&str> = opened.secrets.iter().map(Secret::reveal).collect();
    assert_eq!(found, ["canary of password", "canary of passphrase of"]);
}
