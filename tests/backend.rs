//! Every backend, live: right results, right classes of failure, nothing left.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use isomon::backend::{Camp, Launch, Task};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, Limits, Outcome, Payload, Phase};

use live::{Ground, id, ready};

const SMALL: [Payload; 5] = [
    Payload::Noop,
    Payload::Cpu { rounds: 100_000 },
    Payload::Memory { mib: 8 },
    Payload::Syscall { calls: 500 },
    Payload::Io { mib: 2 },
];

#[tokio::test]
async fn every_backend_does_every_work_and_leaves_nothing() {
    let ground = Ground::new();
    let ready = ready(&ground).await;
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let mut nonce = 0xabc0;
    for backend in ready {
        for payload in SMALL {
            if let Some(why) = payload.lack(backend, false) {
                println!("{backend} {payload}: {why}");
                continue;
            }
            nonce += 1;
            let limits = Limits::default();
            let trial =
                camp.launch(&Task::of(Cell::cold(backend, payload), nonce, limits)).await.unwrap();
            assert_eq!(trial.outcome, Outcome::Good, "{backend} {payload}");
            assert!(!trial.left_over);
            assert!(trial.phases.until(Phase::Clean).is_some(), "{:?}", trial.phases);
        }
    }
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(isomon::backend::audit(&ground.settings, &id), []);
}

#[tokio::test]
async fn the_harness_measures_its_own_cost() {
    let ground = Ground::new();
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let cost = camp.overhead().await.unwrap();
    assert!(cost.0 > 0.0 && cost.0 < 1.0, "{cost:?}");
    assert_eq!(camp.close().await.unwrap().left, []);
}

#[tokio::test]
async fn an_id_in_use_is_refused() {
    let ground = Ground::new();
    let id = id();
    let camp = Camp::open(&id, &ground.settings).await.unwrap();
    let again = Camp::open(&id, &ground.settings).await;
    assert!(matches!(again, Err(isomon::backend::Error::Exists { .. })), "{again:?}");
    assert_eq!(camp.close().await.unwrap().left, []);
}

#[tokio::test]
async fn a_tool_that_misbehaves_is_unavailable_and_says_why() {
    let rows = [
        ("#!/bin/sh\nexec sleep 1000\n", "gives no answer within 2 s"),
        ("#!/bin/sh\nexec yes\n", "gives no answer within 2 s"),
        ("#!/bin/sh\nhead -c 1000000 /dev/urandom\n", "unavailable"),
        ("#!/bin/sh\nexit 0\n", "does not tell a version"),
        ("no program at all", "bwrap: "),
    ];
    for (script, wanted) in rows {
        let mut ground = Ground::new();
        ground.fake("bwrap", script);
        let known = ground.check(&[BackendId::Bubblewrap]).await;
        let text = serde_json::to_string(&known[0].readiness).unwrap();
        assert!(text.contains("unavailable") && text.contains(wanted), "{text}");
    }
}
