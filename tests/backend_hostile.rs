//! Sandboxes that lie, hang and stay: each gets its class, and the camp goes on.
//!
//! The hostile program stands in for `bwrap`, so that nothing but the launcher and the control
//! groups holds it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use isomon::backend::{Camp, Launch, Task, Trial};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload};
use isomon::model::unit::Seconds;

use live::{Ground, exe, id};

/// The nonce is the last argument; `good` does the honest work.
const PRELUDE: &str = "#!/bin/sh\neval \"n=\\${$#}\"\ngood() { EXE __payload noop 0 $n; }\n";

/// Runs `script` as a sandbox, then an honest one, then closes and audits the camp.
async fn survive(script: &str, limits: Limits) -> Trial {
    let mut ground = Ground::new();
    let prelude = PRELUDE.replace("EXE", &exe().to_string_lossy());
    ground.fake("bwrap", &format!("{prelude}{script}\n"));
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let backend = BackendId::Bubblewrap;
    let task = Task::of(Cell::cold(backend, Payload::Noop), 0x5eed, limits);
    let trial = camp.launch(&task).await.unwrap();
    let honest = Task { backend: BackendId::Process, limits: Limits::default(), nonce: 7, ..task };
    assert_eq!(camp.launch(&honest).await.unwrap().outcome, Outcome::Good, "after {script}");
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]), "after {script}");
    assert_eq!(isomon::backend::audit(&ground.settings, &id), []);
    trial
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

#[tokio::test]
async fn lies_are_not_believed() {
    let rows = [
        ("echo ISOMON-READY; echo ISOMON-DONE 42", Failure::NotReady),
        ("echo ISOMON-READY 0000000000000001; sleep 0.01", Failure::NotReady),
        ("echo ISOMON-READY $n; echo ISOMON-DONE $n 42", Failure::WrongResult),
        ("echo ISOMON-READY $n", Failure::WrongResult),
        ("head -c 100000 /dev/urandom", Failure::NotReady),
        ("good; exit 3", Failure::Status),
        ("echo ISOMON-READY $n; kill -SEGV $$", Failure::Status),
        ("exit 0", Failure::NotReady),
    ];
    for (script, wanted) in rows {
        assert_kind(&survive(script, within(10.0)).await, wanted);
    }
}

#[tokio::test]
async fn what_ignores_its_end_is_killed() {
    let deaf = survive("trap '' TERM HUP INT; while :; do sleep 100; done", within(0.3)).await;
    assert_kind(&deaf, Failure::Timeout);
    let stopped = survive("kill -STOP $$", within(0.3)).await;
    assert_kind(&stopped, Failure::Timeout);
}

#[tokio::test]
async fn what_slips_away_is_seen_and_killed() {
    let script = "(setsid sh -c \"trap '' TERM HUP; sleep 1000\" >/dev/null 2>&1 &); good";
    let trial = survive(script, within(10.0)).await;
    assert_kind(&trial, Failure::Leak);
    assert!(trial.left_over);
}
