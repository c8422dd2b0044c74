//! What hosts of a workflow cost: a task here beside running it by hand, and 50 hosts × 20 tasks over
//! multiplexed SSH beside one connection for each command.
//!
//! The hosts are names of one sshd on this machine. Without `long`, the commands with a connection of
//! their own are run for a tenth of the tasks, and their time is taken tenfold.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, which prints")]

#[path = "rig/figure.rs"]
mod figure;
#[path = "../tests/host/rig.rs"]
#[allow(dead_code, reason = "what tests need of it")]
mod rig;
#[path = "../tests/ssh/server.rs"]
#[allow(dead_code, reason = "what tests need of it")]
mod server;

use std::future::Future;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use figure::{Goal, number};
use isomon::host::{Host, Options, open};
use isomon::model::workflow;
use rig::{order, run};
use server::Server;
use tokio::process::Command;
use tokio::sync::Semaphore;

const HOSTS: usize = 50;
const TASKS: u32 = 20;
/// Of both ways, so that neither is ahead by it; a server refuses more that log in at once.
const AT_ONCE: usize = 8;
/// Most that a task here may cost more than by hand.
const LOCAL: Duration = Duration::from_millis(5);
/// How much faster multiplexed has to be.
const FASTER: f64 = 5.0;

fn main() {
    let is_long = std::env::args().any(|argument| argument == "long");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        local().await;
        remote(if is_long { 1 } else { 10 }).await;
    });
}

/// Medians, taken in turn.
async fn local() {
    let options = rig::options(&std::env::temp_dir());
    let host = open("local", &workflow::Host::default(), &options).await.unwrap();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let began = Instant::now();
        assert!(run(&host, &order(&["true"])).await.unwrap().end.is_good());
        ours.push(began.elapsed());
        let began = Instant::now();
        assert!(Command::new("true").output().await.unwrap().status.success());
        bare.push(began.elapsed());
    }
    ours.sort_unstable();
    bare.sort_unstable();
    let more = ours[100].saturating_sub(bare[100]);
    let what = format!("a task here ({:.1?}), more than by hand ({:.1?})", ours[100], bare[100]);
    let more = more.as_secs_f64() * 1e3;
    number("workflow", &what, more, "ms", Some(Goal::Most(LOCAL.as_secs_f64() * 1e3)));
}

/// Does `one` for each host, a few at a time.
async fn each<F: Future<Output = ()> + Send + 'static>(one: impl Fn(usize) -> F) -> Duration {
    let began = Instant::now();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut all = tokio::task::JoinSet::new();
    for host in 0..HOSTS {
        let (places, one) = (Arc::clone(&places), one(host));
        all.spawn(async move {
            let _place = places.acquire().await.unwrap();
            one.await;
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    began.elapsed()
}

async fn remote(part: u32) {
    let Some(server) = Server::start("ed25519") else { return };
    let config = server.at("client");
    let mut text = std::fs::read_to_string(&config).unwrap();
    for line in [" HostName 127.0.0.1\n Port ", &server.port.to_string(), "\n"] {
        text.push_str(line);
    }
    std::fs::write(&config, text).unwrap();
    let options = Options { config: Some(config.clone()), ..rig::options(server.dir.path()) };
    let multiplexed = each(|number| {
        let options = options.clone();
        async move {
            let address = Some(format!("node-{number}"));
            let host = workflow::Host { address, ..workflow::Host::default() };
            let host: Arc<dyn Host> = open("node", &host, &options).await.unwrap();
            for _ in 0..TASKS {
                assert!(run(&host, &order(&["true"])).await.unwrap().end.is_good());
            }
            host.close().await.unwrap();
        }
    })
    .await;
    let tasks = TASKS / part;
    let alone = each(|number| {
        let config = config.clone();
        async move {
            for _ in 0..tasks {
                let mut ssh = Command::new("ssh");
                ssh.arg("-F").arg(&config).args(["-T", "-o", "BatchMode=yes", "--"]);
                ssh.args([format!("node-{number}").as_str(), "true"]).stdin(Stdio::null());
                assert!(ssh.status().await.unwrap().success());
            }
        }
    })
    .await
        * part;
    let ratio = alone.as_secs_f64() / multiplexed.as_secs_f64();
    let tenth = if part > 1 { ", a tenth of them tenfold" } else { "" };
    let what = format!(
        "{HOSTS} hosts × {TASKS} tasks in {multiplexed:.1?}; a connection each {alone:.1?}{tenth}"
    );
    number("workflow", &what, ratio, "× faster", Some(Goal::Least(FASTER)));
}
