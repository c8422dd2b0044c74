//! Virtual machines with isomon's own guest, live: right results and phases; guests that break, say
//! nothing, or write without end get their class in time, and nothing is left.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use isomon::backend::{Camp, Launch, Task, Trial};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, Failure, Limits, Outcome, Payload, Phase};
use isomon::model::unit::{Bytes, Seconds};

use live::{Ground, exe, id};

const MACHINES: [BackendId; 3] = [BackendId::Kvm, BackendId::QemuTcg, BackendId::QemuKvm];

/// The machines that run here; the others are printed with their reasons.
async fn ready(ground: &Ground) -> Vec<BackendId> {
    let mut ready = Vec::new();
    for status in ground.check(&MACHINES).await {
        if status.readiness.runs() {
            ready.push(status.id);
            continue;
        }
        println!("skipped {}: {:?}", status.id, status.readiness);
        // Whether there is KVM is the machine's affair.
        assert!(status.id != BackendId::QemuTcg || !live::must_be_live());
    }
    ready
}

fn within(seconds: f64) -> Limits {
    Limits { timeout_seconds: Seconds(seconds), ..Limits::default() }
}

/// One launch in a camp of its own, which must leave nothing.
async fn launch(ground: &Ground, task: &Task) -> Trial {
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let trial = camp.launch(task).await.unwrap();
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(isomon::backend::audit(&ground.settings, &id), []);
    trial
}

#[tokio::test]
async fn each_does_what_it_can_with_the_right_result_and_its_own_phases() {
    let ground = Ground::new();
    // A KVM that translates instructions takes 3 µs for a round.
    let payloads = [Payload::Noop, Payload::Cpu { rounds: 100_000 }, Payload::Memory { mib: 24 }];
    for backend in ready(&ground).await {
        for (payload, nonce) in payloads.into_iter().zip(0xabcd_ef00..) {
            let task = Task::of(Cell::cold(backend, payload), nonce, within(10.0));
            let trial = launch(&ground, &task).await;
            assert_eq!(trial.outcome, Outcome::Good, "{backend} {payload}");
            println!("{backend} {payload}: {:?}", trial.phases);
            let has = |phase| trial.phases.get(phase).is_some_and(|time| time.0 >= 0.0);
            for phase in [Phase::Create, Phase::Ready, Phase::Run, Phase::Exit, Phase::Clean] {
                assert!(has(phase), "{backend} {payload} {phase:?}");
            }
            // QEMU tells nobody when its guest begins.
            assert_eq!(has(Phase::Boot), backend == BackendId::Kvm, "{backend}");
            assert_eq!(trial.phases.get(Phase::Init), None, "{backend}: nothing is initialised");
        }
        assert!(Payload::Syscall { calls: 1 }.lack(backend, false).is_some(), "{backend}");
    }
}

#[tokio::test]
async fn more_memory_than_the_machine_has_is_a_failure_of_that_class() {
    let ground = Ground::new();
    for backend in ready(&ground).await {
        let cell = Cell::cold(backend, Payload::Memory { mib: 512 });
        let limits = Limits { memory_bytes: Bytes(96 << 20), ..within(10.0) };
        let trial = launch(&ground, &Task::of(cell, 3, limits)).await;
        let Outcome::Failed { kind: Failure::Memory, message } = &trial.outcome else {
            panic!("{backend}: {trial:?}");
        };
        assert_eq!(message.as_str(), "isomon guest: no room for 512 MiB", "{backend}");
    }
}

#[tokio::test]
async fn a_limit_that_holds_no_machine_is_refused_with_the_reason() {
    let ground = Ground::new();
    let limits = Limits { memory_bytes: Bytes(40 << 20), ..within(5.0) };
    let task = Task::of(Cell::cold(BackendId::QemuTcg, Payload::Noop), 3, limits);
    if ready(&ground).await.contains(&BackendId::QemuTcg) {
        let trial = launch(&ground, &task).await;
        let said = format!("{:?}", trial.outcome);
        assert!(said.contains("need 52 MiB; the limit is 40 MiB"), "{said}");
    }
}

#[tokio::test]
async fn the_descriptor_for_marks_is_lent_to_programs_of_ours_alone() {
    let mut ground = Ground::new();
    if !ready(&ground).await.contains(&BackendId::Kvm) {
        return;
    }
    let honest = format!("exec {} __payload noop 0 $n", exe().display());
    let look = "eval \"n=\\${$#}\"; if [ -e /proc/$$/fd/3 ]; then exit 9; fi";
    ground.fake("bwrap", &format!("#!/bin/sh\n{look}\n{honest}\n"));
    let mut camp = Camp::open(&id(), &ground.settings).await.unwrap();
    let order = [BackendId::Bubblewrap, BackendId::Kvm, BackendId::Bubblewrap, BackendId::Kvm];
    for (backend, nonce) in order.into_iter().zip(1..) {
        let task = Task::of(Cell::cold(backend, Payload::Noop), nonce, within(10.0));
        assert_eq!(camp.launch(&task).await.unwrap().outcome, Outcome::Good, "{backend}");
    }
    assert_eq!(camp.close().await.unwrap().left, []);
}

#[tokio::test]
async fn marks_without_end_are_not_heard_and_hold_nothing_up() {
    let mut ground = Ground::new();
    if !ready(&ground).await.contains(&BackendId::Kvm) {
        return;
    }
    let program = exe();
    let flood = "if [ \"$1\" = __kvm ]; then head -c 1000000 /dev/zero >&3 2>/dev/null; fi";
    let script = format!("#!/bin/sh\n{flood}\nexec {} \"$@\"\n", program.display());
    ground.fake("isomon", &script);
    ground.settings.exe = ground.settings.search[0].join("isomon");
    let task = Task::of(Cell::cold(BackendId::Kvm, Payload::Noop), 9, within(10.0));
    let trial = launch(&ground, &task).await;
    assert_eq!(trial.outcome, Outcome::Good);
    assert_eq!(trial.phases.get(Phase::Create), None, "no handle was marked");
    assert!(trial.phases.get(Phase::Ready).is_some());
}

#[test]
fn who_may_not_open_kvm_is_told_so_and_what_mends_it() {
    let tool = Path::new("/usr/bin/setpriv");
    let closed = std::fs::metadata("/dev/kvm").is_ok_and(|data| data.mode() & 0o006 == 0);
    if !closed || !rustix::process::geteuid().is_root() || !tool.exists() {
        println!("skipped: needs root, setpriv, and a /dev/kvm that is closed to others");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), Permissions::from_mode(0o777)).unwrap();
    let isomon = home.path().join("isomon");
    std::fs::copy(exe(), &isomon).unwrap();
    let mut command = Command::new(tool);
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]);
    command.arg(&isomon).arg("doctor").current_dir("/").env_clear();
    command.env("PATH", "/usr/bin:/bin").env("HOME", home.path()).env("TMPDIR", home.path());
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let mut lines = said.lines().skip_while(|line| !line.contains("backend kvm "));
    let reason = lines.next().unwrap();
    assert!(reason.contains("no permission to open /dev/kvm"), "{said}");
    let remedy = lines.next().unwrap();
    assert!(remedy.contains("join the group kvm"), "{said}");
}
