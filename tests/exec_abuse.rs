//! A user's work that floods, multiplies, stays, is deaf or greedy, in each backend that runs
//! programs: it is bounded, an honest job runs after it, and nothing is left.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::sync::Arc;

use isomon::backend::{Camp, Task, Trial, Work};
use isomon::model::backend::{BackendId, Start, Traits};
use isomon::model::bench::{Failure, Limits, Outcome};
use isomon::model::job::{Chunk, Job, Runtime, What};
use isomon::model::unit::{Bytes, Seconds};
use tokio::sync::mpsc;

use live::{Ground, id};

/// Output that a job may make here.
const KEPT: u64 = 1 << 20;

/// A camp for one backend.
struct Victim {
    camp: Camp,
    backend: BackendId,
    nonce: u64,
}

impl Victim {
    /// What became of `script`, and how much it said.
    async fn suffer(&mut self, script: &str, limits: Limits) -> (Trial, u64) {
        self.nonce += 1;
        let words = ["sh", "-c", script].map(str::to_owned);
        let job = Job { what: What::Command(words.into()), ..Job::default() };
        let (backend, nonce) = (self.backend, self.nonce);
        let work = Work::Job(Arc::new(job));
        let task = Task { backend, start: Start::Cold, work, kernel: None, nonce, limits };
        let (out, mut chunks) = mpsc::channel::<Chunk>(4);
        let counting = tokio::spawn(async move {
            let mut bytes = 0;
            while let Some(chunk) = chunks.recv().await {
                bytes += chunk.bytes.len() as u64;
            }
            bytes
        });
        let trial = self.camp.exec(&task, &out).await.unwrap();
        drop(out);
        (trial, counting.await.unwrap())
    }

    async fn assert_unharmed(&mut self, after: &str) {
        let (trial, said) = self.suffer("echo good", Limits::default()).await;
        assert_eq!(trial.outcome, Outcome::Good, "{} after {after}", self.backend);
        assert_eq!(said, 5, "{} after {after}", self.backend);
    }
}

fn failure(trial: &Trial) -> Option<Failure> {
    match &trial.outcome {
        Outcome::Good => None,
        Outcome::Failed { kind, .. } => Some(*kind),
    }
}

async fn abuse(backend: BackendId, traits: &Traits) {
    let ground = Ground::new();
    let id = id();
    let camp = Camp::open(&id, &ground.settings).await.unwrap();
    let mut victim = Victim { camp, backend, nonce: 0x000a_b05e };
    let limits = Limits { output_bytes: Bytes(KEPT), ..Limits::default() };
    // A machine that is busy with all backends at once takes its time to begin.
    let brief = Limits { timeout_seconds: Seconds(5.0), ..limits };

    let deaf = "trap '' TERM INT HUP; while :; do sleep 1; done";
    let (trial, _) = victim.suffer(deaf, brief).await;
    assert_eq!(failure(&trial), Some(Failure::Timeout), "{backend}: {trial:?}");
    victim.assert_unharmed("a deaf one").await;

    let flood = "head -c 20000000 /dev/zero; exit 0";
    let (trial, said) =
        victim.suffer(flood, Limits { timeout_seconds: Seconds(60.0), ..limits }).await;
    assert_eq!((failure(&trial), said), (None, KEPT), "{backend}: {trial:?}");
    assert_eq!(trial.dropped_bytes, 20_000_000 - KEPT, "{backend}");
    let (trial, said) = victim.suffer("yes", brief).await;
    assert_eq!((failure(&trial), said), (Some(Failure::Timeout), KEPT), "{backend}: {trial:?}");

    let daemon =
        "(setsid sh -c 'trap \"\" TERM HUP; setsid sleep 1000' >/dev/null 2>&1 &) ; exit 0";
    let (trial, _) = victim.suffer(daemon, limits).await;
    let seen = if backend == BackendId::Process { Some(Failure::Leak) } else { None };
    assert_eq!(failure(&trial), seen, "{backend}: {trial:?}");
    assert_eq!(trial.status, Some(0), "{backend}");
    victim.assert_unharmed("a daemon").await;

    if traits.pids_limit {
        let bomb = "b() { b | b & b; }; b 2>/dev/null; sleep 1000";
        let (trial, _) = victim.suffer(bomb, Limits { pids: 96, ..brief }).await;
        assert!(failure(&trial).is_some(), "{backend}: {trial:?}");
        victim.assert_unharmed("a fork bomb").await;
    }
    if traits.memory_limit {
        let hog =
            Limits { memory_bytes: Bytes(96 << 20), timeout_seconds: Seconds(60.0), ..limits };
        let (trial, _) = victim.suffer("exec tail /dev/zero", hog).await;
        assert_eq!(failure(&trial), Some(Failure::Memory), "{backend}: {trial:?}");
        victim.assert_unharmed("a hog").await;
    }
    let swept = victim.camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]), "{backend}");
    assert_eq!(isomon::backend::audit(&ground.settings, &id), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_job_gets_beyond_its_bounds_or_stays() {
    let ground = Ground::new();
    let known = ground.check(&BackendId::ALL).await;
    let mut going = Vec::new();
    for status in known {
        let programs = status.traits.runtimes.contains(&Runtime::Command);
        if !programs || !status.readiness.runs() {
            println!("skipped {}: {:?}", status.id, status.readiness);
            continue;
        }
        going.push(tokio::spawn(async move { abuse(status.id, &status.traits).await }));
    }
    assert!(!going.is_empty());
    for one in going {
        one.await.unwrap();
    }
}
