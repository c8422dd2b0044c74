//! A long life is flat: hundreds of sandboxes of every kind that starts fast, and neither isomon nor
//! its launchers and hosts have more descriptors, threads or dead children than after the first ones.
//!
//! The only test of its program, since it counts what the whole process has.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use isomon::backend::{Camp, Kind, Launch, Task, audit};
use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Cell, Limits, Outcome, Payload};
use isomon::model::id::RunId;
use isomon::model::unit::{Bytes, Seconds};

use live::{Ground, id};

/// The kinds, and how many of each go into a round.
const KINDS: [(BackendId, usize); 8] = [
    (BackendId::Process, 4),
    (BackendId::Wasm, 8),
    (BackendId::Deno, 4),
    (BackendId::V8, 3),
    (BackendId::Bubblewrap, 1),
    (BackendId::Runc, 1),
    (BackendId::Kvm, 1),
    (BackendId::Firecracker, 2),
];
/// What a count may differ by: the runtime closes some a moment later.
const SLACK: usize = 2;
/// Memory that each sandbox may cost us for ever.
const KEPT_BYTES: u64 = 10 << 10;

/// What one process has.
#[derive(Clone, Copy, Debug)]
struct Holding {
    descriptors: usize,
    threads: usize,
}

fn holding(pid: u32) -> Option<Holding> {
    let count = |what| Some(fs::read_dir(format!("/proc/{pid}/{what}")).ok()?.count());
    Some(Holding { descriptors: count("fd")?, threads: count("task")? })
}

/// This process, and the helpers of run `id` that stay.
fn holdings(ground: &Ground, id: &RunId) -> BTreeMap<u32, Holding> {
    let ours = audit(&ground.settings, id).into_iter().filter(|one| one.kind == Kind::Process);
    let pids = ours.filter_map(|one| one.name.to_string().parse().ok());
    let all = pids.chain([std::process::id()]);
    all.filter_map(|pid| Some((pid, holding(pid)?))).collect()
}

fn zombies(ground: &Ground, id: &RunId) -> BTreeSet<String> {
    let all = audit(&ground.settings, id).into_iter();
    all.filter(|one| one.kind == Kind::Zombie).map(|one| one.name.to_string()).collect()
}

fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// One round of cells: every start of each kind in turn.
async fn cells(ground: &Ground) -> Vec<Cell> {
    let status = ground.check(&KINDS.map(|(backend, _)| backend)).await;
    let mut cells = Vec::new();
    for ((backend, count), status) in KINDS.into_iter().zip(status) {
        assert_eq!(status.id, backend);
        if !status.readiness.runs() {
            println!("skipped {backend}: {:?}", status.readiness);
            assert!(live::may_lack(backend) || !live::must_be_live(), "{backend} must be live");
            continue;
        }
        let starts: Vec<Start> = backend.starts().iter().copied().cycle().take(count).collect();
        cells.extend(starts.into_iter().map(|start| Cell {
            backend,
            start,
            payload: Payload::Noop,
        }));
    }
    cells
}

async fn live_on(least: usize) {
    let (ground, id) = (Ground::new(), id());
    let cells = cells(&ground).await;
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let limits = Limits {
        timeout_seconds: Seconds(30.0),
        memory_bytes: Bytes(256 << 20),
        ..Limits::default()
    };
    let rounds = least.div_ceil(cells.len()).max(4);
    let (mut nonce, mut first, mut dead) = (0, None, BTreeSet::new());
    for round in 0..rounds {
        for cell in &cells {
            nonce += 1;
            let trial = camp.launch(&Task::of(*cell, nonce, limits)).await.unwrap();
            assert_eq!(trial.outcome, Outcome::Good, "{cell:?}");
        }
        let now = zombies(&ground, &id);
        assert_eq!(now.intersection(&dead).count(), 0, "a zombie stays for a round");
        dead = now;
        // The first rounds load what stays.
        if round == rounds / 3 {
            first = Some((holdings(&ground, &id), resident(), nonce));
        }
    }
    let (before, memory, at) = first.unwrap();
    assert_flat(&before, &holdings(&ground, &id));
    let grown = resident().saturating_sub(memory) / (nonce - at);
    println!("{nonce} sandboxes, {} processes stay, {grown} bytes each", before.len());
    assert!(grown < KEPT_BYTES, "{grown} bytes each");
    assert_eq!(zombies(&ground, &id), BTreeSet::new());
    assert_eq!(camp.close().await.unwrap().left, []);
    assert_eq!(audit(&ground.settings, &id), []);
}

fn assert_flat(before: &BTreeMap<u32, Holding>, after: &BTreeMap<u32, Holding>) {
    println!("{before:?}\n{after:?}");
    assert!(after.len() <= before.len(), "more processes stay");
    for (pid, after) in after {
        // A host that was replaced has another pid.
        let Some(before) = before.get(pid) else { continue };
        assert!(after.descriptors <= before.descriptors + SLACK, "{pid}: descriptors");
        assert!(after.threads <= before.threads + SLACK, "{pid}: threads");
    }
}

#[tokio::test]
async fn hundreds_of_every_kind_leave_no_descriptor_thread_or_zombie() {
    live_on(300).await;
}

#[tokio::test]
#[ignore = "many minutes"]
async fn ten_thousand_of_every_kind_leave_no_descriptor_thread_or_zombie() {
    live_on(10_000).await;
}
