//! Hosts behind another: through a second real sshd, whose loss is theirs, and which is told no secret.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "host/rig.rs"]
#[allow(dead_code, reason = "what another test needs of it")]
mod rig;
#[path = "ssh/server.rs"]
#[allow(dead_code, reason = "what another test needs of it")]
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::host::{Host, Options, open};
use isomon::model::secret::Secret;
use isomon::model::workflow;
use rig::{eventually, exit, options, order, run, sh, start, text};
use rustix::process::Signal;
use server::{Server, signal};

/// A host, and the one before it.
struct Pair {
    jump: Server,
    behind: Server,
}

impl Pair {
    fn start() -> Option<Self> {
        let pair = Self { jump: Server::start("ed25519")?, behind: Server::start("ed25519")? };
        let (jump, behind) = (&pair.jump, &pair.behind);
        let of = |name: &str, server: &Server, more: &str| {
            format!(
                "Host {name}\n HostName 127.0.0.1\n Port {}\n IdentityFile {}\n IdentitiesOnly yes\n \
                 IdentityAgent none\n UserKnownHostsFile {}\n GlobalKnownHostsFile none\n{more}",
                server.port,
                server.at("user").display(),
                server.at("known_hosts").display()
            )
        };
        let config =
            of("jump", jump, " BatchMode yes\n") + &of("behind", behind, " ProxyJump jump\n");
        std::fs::write(behind.at("jump-client"), config).unwrap();
        Some(pair)
    }

    fn options(&self) -> Options {
        let config = Some(self.behind.at("jump-client"));
        Options { config, timeout: Duration::from_secs(8), ..options(self.behind.dir.path()) }
    }

    async fn connect(&self) -> Arc<dyn Host> {
        open("db", &there(), &self.options()).await.unwrap()
    }
}

fn there() -> workflow::Host {
    workflow::Host { address: Some("behind".to_owned()), ..workflow::Host::default() }
}

#[tokio::test]
async fn a_host_behind_another_is_one_like_any() {
    let Some(pair) = Pair::start() else { return };
    let host = pair.connect().await;
    assert!(!pair.jump.sessions().is_empty(), "it goes through the other");
    let port = pair.behind.port;
    let told = run(&host, &sh("echo $SSH_CONNECTION; exit 3")).await.unwrap();
    assert!(text(&told.out).ends_with(&format!(" {port}\n")), "{}", text(&told.out));
    assert_eq!(told.end, exit(3));
    let (from, to) = (pair.behind.at("one"), pair.behind.at("home").join("two"));
    std::fs::write(&from, "bytes\n").unwrap();
    host.send(&from, &to.display().to_string()).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), b"bytes\n");
    host.close().await.unwrap();
    eventually("both connections are gone", Duration::from_secs(5), || {
        pair.jump.sessions().is_empty() && pair.behind.sessions().is_empty()
    })
    .await;
}

#[tokio::test]
async fn what_runs_is_lost_with_the_host_before_it_and_made_anew() {
    let Some(pair) = Pair::start() else { return };
    let host = pair.connect().await;
    let mut process = start(&host, &order(&["sleep", "86519.25"])).await;
    pair.jump.sessions().into_iter().for_each(|pid| signal(pid, Signal::KILL));
    let began = Instant::now();
    let end = process.wait().await.unwrap();
    println!("lost after {:?}", began.elapsed());
    assert!(end.lost.is_some() && began.elapsed() < Duration::from_secs(10), "{end:?}");
    eventually("nothing is left there", Duration::from_secs(12), || {
        rig::alive("86519.25").is_empty()
    })
    .await;
    assert!(run(&host, &sh("true")).await.unwrap().end.is_good(), "it is connected with anew");
    host.close().await.unwrap();
}

/// The host before it lets nobody in, and asks for a password: it is given none, and nothing hangs.
#[tokio::test]
async fn the_host_before_it_is_told_no_secret() {
    let Some(pair) = Pair::start() else { return };
    std::fs::write(pair.jump.at("authorized"), "").unwrap();
    let host = workflow::Host { password: Some(Secret::new("canary-0816")), ..there() };
    let began = Instant::now();
    let error = open("db", &host, &pair.options()).await.unwrap_err().to_string();
    println!("{:?}: {error}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(10), "{error}");
    assert!(!error.contains("canary"), "{error}");
    let log = std::fs::read_to_string(pair.jump.at("log")).unwrap();
    assert!(!log.contains("Accepted"), "{log}");
}
