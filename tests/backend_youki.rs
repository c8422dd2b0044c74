//! youki, which no package system has: programs called so that do as it does, or do not.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use isomon::backend::{Camp, Launch, Task};
use isomon::model::backend::{BackendId, BackendStatus, Readiness};
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload};
use isomon::model::unit::Seconds;

use live::{Ground, id};

/// Says its version over several lines, as youki does, and leaves the rest to runc, whose words it
/// shares.
const LIKE_RUNC: &str = "#!/bin/sh\n[ \"$1\" = --version ] && printf 'youki version: 0.5.7\\n\
     commit: 0.5.7-0-ge8ef37b\\n' && exit\nexec runc \"$@\"\n";

async fn checked(script: Option<&str>) -> BackendStatus {
    let mut ground = Ground::new();
    if let Some(script) = script {
        ground.fake("youki", script);
    }
    ground.check(&[BackendId::Youki]).await.remove(0)
}

fn unavailable(status: &BackendStatus) -> (String, String) {
    match &status.readiness {
        Readiness::Unavailable { reason, remedy } => (reason.to_string(), remedy.to_string()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_does_as_youki_does_is_ready() {
    let runc = Ground::new().check(&[BackendId::Runc]).await.remove(0);
    if !runc.readiness.runs() {
        println!("skipped: {:?}", runc.readiness);
        assert!(!live::must_be_live());
        return;
    }
    let status = checked(Some(LIKE_RUNC)).await;
    assert_eq!(status.readiness, runc.readiness);
    assert_eq!(status.version.unwrap().as_str(), "youki version: 0.5.7");
    assert!(status.path.unwrap().as_str().ends_with("/youki"));
    let mut ground = Ground::new();
    ground.fake("youki", LIKE_RUNC);
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    for payload in [Payload::Noop, Payload::Memory { mib: 8 }] {
        let task = Task::of(Cell::cold(BackendId::Youki, payload), 0x70, Limits::default());
        assert_eq!(camp.launch(&task).await.unwrap().outcome, Outcome::Good);
    }
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(isomon::backend::audit(&ground.settings, &id), []);
}

#[tokio::test]
async fn one_that_fails_says_why_and_what_mends_it() {
    let (reason, remedy) = unavailable(&checked(None).await);
    assert_eq!(reason, "youki is not on PATH");
    assert!(remedy.contains("https://youki-dev.github.io/youki"), "{remedy}");
    let refuses = "#!/bin/sh\n[ \"$1\" = --version ] && echo youki 0 && exit\n\
                   echo 'failed to create container: no such \u{1b}[2Jmanager' >&2; exit 1\n";
    let (reason, remedy) = unavailable(&checked(Some(refuses)).await);
    assert_eq!(reason, "failed to create container: no such ^[[2Jmanager (status 1)");
    assert!(!remedy.contains("apt-get"), "no package system has it: {remedy}");
    // As crun does on a hybrid of control groups: well, and without having run anything.
    let lies = "#!/bin/sh\n[ \"$1\" = --version ] && echo youki 0\nexit 0\n";
    let (reason, _) = unavailable(&checked(Some(lies)).await);
    assert!(reason.contains(Failure::NotReady.words()), "{reason}");
}

#[tokio::test]
async fn one_that_hangs_is_cut_off_and_leaves_nothing() {
    let hangs = "#!/bin/sh\n[ \"$1\" = --version ] && echo youki 0 && exit\nexec sleep 1000\n";
    let mut ground = Ground::new();
    ground.fake("youki", hangs);
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let limits = Limits { timeout_seconds: Seconds(0.3), ..Limits::default() };
    let task = Task::of(Cell::cold(BackendId::Youki, Payload::Noop), 1, limits);
    let outcome = camp.launch(&task).await.unwrap().outcome;
    assert!(matches!(outcome, Outcome::Failed { kind: Failure::Timeout, .. }), "{outcome:?}");
    assert_eq!(camp.close().await.unwrap().left, []);
    assert_eq!(isomon::backend::audit(&ground.settings, &id), []);
}
