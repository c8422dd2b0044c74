//! A camp with several hands at work, and with sandboxes that stand still: all of them there, their
//! memory plausible, and nothing left, whether they are sent away, dropped or lose their owner.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;
#[path = "live/victim.rs"]
mod victim_play;

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Crew, Error, Hand, Launch, Task, Work, audit};
use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Cell, Limits, Outcome, Payload};
use isomon::model::id::RunId;
use isomon::model::load::Standing;

use live::{Ground, id};
use oracle::{pass, settle};
use victim_play::{Doing, Victim};

/// Longest that something may take to be there.
const PATIENCE: Duration = Duration::from_mins(2);
/// A MiB.
const MIB: u64 = 1 << 20;

#[tokio::test]
#[ignore = "runs only as the victim of the other tests"]
async fn victim() {
    victim_play::play().await;
}

/// The processes of run `id`, each with its command.
fn alive(id: &RunId) -> BTreeMap<u32, String> {
    let marks = [format!("/isomon/{id}/"), format!("ISOMON_RUN={id}/")];
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let of = |pid: u32| {
        let read = |name: &str| {
            let bytes = std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let ours = ["cgroup", "environ"].into_iter().zip(&marks);
        let ours = ours.into_iter().any(|(name, mark)| read(name).contains(mark));
        let words = read("cmdline").replace('\0', " ");
        (ours && !words.is_empty()).then_some((pid, words))
    };
    entries.filter_map(|entry| of(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Whether `backend` runs here; says why not.
async fn is_here(ground: &Ground, backend: BackendId) -> bool {
    let status = &ground.check(&[backend]).await[0];
    if !status.readiness.runs() {
        println!("skipped {backend}: {:?}", status.readiness);
        assert!(live::may_lack(backend) || !live::must_be_live(), "{backend} must be live");
    }
    status.readiness.runs()
}

fn task(backend: BackendId, start: Start, nonce: u64) -> Task {
    Task::of(Cell { backend, start, payload: Payload::Noop }, nonce, Limits::default())
}

fn holds(backend: BackendId, start: Start, count: u64) -> Vec<Task> {
    let hold = |nonce| Task { work: Work::Hold, ..task(backend, start, nonce) };
    (1..=count).map(hold).collect()
}

async fn assert_clean(camp: Camp, ground: &Ground, id: &RunId) {
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(audit(&ground.settings, id), []);
}

/// Launches `count` times, each with a nonce of its own.
async fn work(mut hand: Hand, backend: BackendId, start: Start, first: u64) -> Hand {
    for nonce in first..first + 4 {
        let trial = hand.launch(&task(backend, start, nonce)).await.unwrap();
        assert_eq!(trial.outcome, Outcome::Good, "{backend}");
        assert!(!trial.left_over);
    }
    hand
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hands_work_at_the_same_time_and_go_back() {
    let ground = Ground::new();
    for backend in live::ready(&ground).await {
        let id = id();
        let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
        for start in backend.starts().iter().copied().take(2) {
            let like = task(backend, start, 1);
            let hands = camp.hands(3, &like).await.unwrap();
            let working = (1..)
                .zip(hands)
                .map(|(number, hand)| tokio::spawn(work(hand, backend, start, number * 1000)));
            let mut back = Vec::new();
            for hand in working.collect::<Vec<_>>() {
                back.push(hand.await.unwrap());
            }
            assert!(back[0].overhead().await.unwrap().0 > 0.0);
            // The camp itself works beside them.
            assert_eq!(camp.launch(&task(backend, start, 9)).await.unwrap().outcome, Outcome::Good);
            camp.rest(back).await.unwrap();
        }
        assert_clean(camp, &ground, &id).await;
    }
}

/// The most memory that a hand held which did `payload`; `None` where no group counts it.
async fn peak(camp: &mut Camp, payload: Payload) -> Option<u64> {
    let like = Task { work: Work::Payload(payload), ..task(BackendId::Process, Start::Cold, 1) };
    let mut hands = camp.hands(1, &like).await.unwrap();
    assert_eq!(hands[0].launch(&like).await.unwrap().outcome, Outcome::Good);
    let peak = hands[0].held().and_then(|held| held.peak);
    camp.rest(hands).await.unwrap();
    peak.map(|peak| peak.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_is_not_charged_with_what_those_before_it_held() {
    let (ground, id) = (Ground::new(), id());
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let hungry = peak(&mut camp, Payload::Memory { mib: 64 }).await;
    let idle = peak(&mut camp, Payload::Noop).await;
    match hungry.zip(idle) {
        Some((hungry, idle)) => {
            assert!(hungry >= 64 * MIB, "{hungry}");
            assert!(idle < 32 * MIB, "{idle} after {hungry}");
        }
        None => println!("skipped: no control group counts the most memory that was held"),
    }
    assert_clean(camp, &ground, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_dropped_at_work_leaves_nothing_after_the_camp() {
    let ground = Ground::new();
    for backend in [BackendId::Process, BackendId::Runc, BackendId::Wasm] {
        if !is_here(&ground, backend).await {
            continue;
        }
        let id = id();
        let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
        let payload = Payload::Cpu { rounds: 1 << 40 };
        let long = Task { work: Work::Payload(payload), ..task(backend, Start::Cold, 1) };
        let mut hands = camp.hands(2, &long).await.unwrap();
        let mut dropped = hands.pop().unwrap();
        let began = Instant::now();
        let busy = tokio::spawn(async move { drop(dropped.launch(&long).await) });
        while alive(&id).len() < 4 && began.elapsed() < Duration::from_secs(2) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        busy.abort();
        drop(busy.await);
        let mut other = hands.pop().unwrap();
        let trial = other.launch(&task(backend, Start::Cold, 2)).await.unwrap();
        assert_eq!(trial.outcome, Outcome::Good, "the other is not touched");
        // One comes back, one does not, and more can be had.
        camp.rest(vec![other]).await.unwrap();
        let more = camp.hands(2, &task(backend, Start::Cold, 3)).await.unwrap();
        camp.rest(more).await.unwrap();
        assert_clean(camp, &ground, &id).await;
    }
}

#[tokio::test]
async fn too_many_hands_are_refused_as_a_whole() {
    let (ground, id) = (Ground::new(), id());
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let refused = camp.hands(1_000_000, &task(BackendId::Wasm, Start::Cold, 1)).await;
    assert!(matches!(refused, Err(Error::NoRoom { count: 1_000_000, .. })), "{refused:?}");
    assert_clean(camp, &ground, &id).await;
}

/// Lets `count` stand, weighs them, and ends them.
async fn stand(backend: BackendId, start: Start, count: u64) -> Option<Standing> {
    let ground = Ground::new();
    if !is_here(&ground, backend).await {
        return None;
    }
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    assert_eq!(camp.standing().await.unwrap().count, 0);
    let launchers = alive(&id).len();
    let tasks = holds(backend, start, count);
    let (first, more) = tasks.split_at(tasks.len() / 2);
    for lot in [first, more] {
        let began = camp.stand(lot).await.unwrap();
        assert!(began.iter().all(|how| *how == Outcome::Good), "{backend}: {began:?}");
    }
    let standing = camp.standing().await.unwrap();
    println!("{backend} {}: {standing:?} {:?} each", start.name(), standing.pss_each());
    assert_eq!(u64::from(standing.count), count);
    // A camp goes on beside them.
    let beside = camp.launch(&task(BackendId::Process, Start::Cold, 77)).await.unwrap();
    assert_eq!(beside.outcome, Outcome::Good);
    camp.raze().await.unwrap();
    assert_eq!(alive(&id).len(), launchers, "{backend}: as before");
    assert_eq!(camp.standing().await.unwrap().count, 0);
    // And again, since nothing of the first is in the way.
    let began = camp.stand(&tasks[..1]).await.unwrap();
    assert_eq!(began, [Outcome::Good]);
    assert_clean(camp, &ground, &id).await;
    Some(standing)
}

/// What `standing` says of each, in bytes, is between `least` and `most`.
fn assert_each(standing: Option<Standing>, least: u64, most: u64) {
    let Some(standing) = standing else { return };
    let each = standing.pss_each().unwrap();
    assert!((least as f64..most as f64).contains(&each), "{each} of {standing:?}");
    assert!(standing.before_bytes.is_some() && standing.available_bytes.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_processes_stand() {
    let standing = stand(BackendId::Process, Start::Cold, 20).await;
    assert!(standing.unwrap().guest_bytes.is_none(), "there is no guest");
    assert_each(standing, 64 << 10, 32 * MIB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_instances_stand_in_one_host() {
    for start in [Start::Cold, Start::Pooled, Start::Warm] {
        assert_each(stand(BackendId::Wasm, start, 20).await, 16 << 10, 32 * MIB);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn isolates_stand_in_one_host() {
    assert_each(stand(BackendId::Deno, Start::Cold, 6).await, MIB, 256 * MIB);
    assert_each(stand(BackendId::V8, Start::Cold, 6).await, 64 << 10, 64 * MIB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_stand_and_their_memory_is_told_apart() {
    for backend in
        [BackendId::Kvm, BackendId::QemuKvm, BackendId::Firecracker, BackendId::FirecrackerJailed]
    {
        for start in backend.starts() {
            let standing = stand(backend, *start, 6).await;
            assert_each(standing, 64 << 10, 96 * MIB);
            let Some(standing) = standing else { continue };
            let guest = standing.guest_bytes.unwrap().0 / 6;
            assert!((4096..16 * MIB).contains(&guest), "{guest}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulated_machines_stand_without_a_processor() {
    let ground = Ground::new();
    if !is_here(&ground, BackendId::QemuTcg).await {
        return;
    }
    assert_each(stand(BackendId::QemuTcg, Start::Cold, 2).await, MIB, 128 * MIB);
    for backend in [BackendId::QemuTcg, BackendId::Kvm] {
        if !is_here(&ground, backend).await {
            continue;
        }
        let id = id();
        let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
        let began = camp.stand(&holds(backend, Start::Cold, 2)).await.unwrap();
        assert_eq!(began, [Outcome::Good, Outcome::Good]);
        if let Some(before) = camp.usage().and_then(|usage| usage.cpu) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let used = camp.usage().unwrap().cpu.unwrap() - before;
            println!("{backend}: {used} us of a second");
            assert!(used < 500_000, "{backend} halts and uses {used} us");
        }
        assert_clean(camp, &ground, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sandboxes_with_walls_stand() {
    use BackendId as Id;
    for backend in [Id::Namespaces, Id::Bubblewrap, Id::Runc, Id::Crun, Id::Youki, Id::GvisorPtrace]
    {
        assert_each(stand(backend, Start::Cold, 4).await, 64 << 10, 128 * MIB);
    }
    // Where an engine keeps its containers elsewhere, it is not known.
    stand(Id::Docker, Start::Cold, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_become_ready_does_not_stand() {
    let (mut ground, id) = (Ground::new(), id());
    if !is_here(&ground, BackendId::Bubblewrap).await {
        return;
    }
    ground.fake("bwrap", "#!/bin/sh\nsleep 1000 &\nexec sleep 1000\n");
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let mut tasks = holds(BackendId::Process, Start::Cold, 4);
    tasks[1].backend = BackendId::Bubblewrap;
    tasks[1].limits.timeout_seconds = isomon::model::unit::Seconds(1.0);
    tasks[2].backend = BackendId::DockerKata;
    let began = camp.stand(&tasks).await.unwrap();
    let good: Vec<bool> = began.iter().map(|how| *how == Outcome::Good).collect();
    assert_eq!(good, [true, false, false, true], "{began:?}");
    assert_eq!(camp.standing().await.unwrap().count, 2);
    let names: Vec<String> = alive(&id).into_values().collect();
    assert!(!names.iter().any(|words| words.contains("sleep 1000")), "{names:?}");
    assert_clean(camp, &ground, &id).await;
}

/// Kills the owner while it does `doing`, once at least `least` processes of it are there.
fn kill_while(backend: BackendId, doing: Doing, least: usize) {
    let ground = Ground::new();
    let (_keep, never) = channel::<()>();
    let mut victim = Victim::start(&ground.settings.state, backend, doing, 0, None);
    let began = Instant::now();
    while alive(&victim.id).len() < least {
        assert!(victim.child.try_wait().unwrap().is_none(), "it ended by itself");
        assert!(began.elapsed() < PATIENCE, "{:?}", alive(&victim.id));
        pass(Duration::from_millis(10), &never);
    }
    victim.kill();
    let (left, took) = settle(&ground.settings, &victim.id, &never);
    println!("{backend} {doing:?}: swept in {took:?}");
    assert_eq!(left, []);
    assert!(alive(&victim.id).is_empty());
}

#[test]
fn a_killed_owner_leaves_nothing_that_stands() {
    let ground = Ground::new();
    let here = |backend| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(is_here(&ground, backend))
    };
    for backend in [BackendId::Process, BackendId::Runc, BackendId::Wasm, BackendId::Kvm] {
        if here(backend) {
            let least = if backend == BackendId::Wasm { 3 } else { 8 };
            kill_while(backend, Doing::Stand(8), least);
            kill_while(backend, Doing::Hands(3), 6);
        }
    }
}
