//! One table of abuses for every backend that runs here, Docker's apart: each ends in its class of
//! failure within its deadline, leaves nothing, and the host, the neighbours and isomon stay calm.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "abuse/calm.rs"]
mod calm;
#[path = "abuse/guest.rs"]
mod guest;
#[path = "abuse/isolates.rs"]
mod isolates;
#[path = "live/ground.rs"]
mod live;
#[path = "abuse/table.rs"]
mod table;
#[path = "abuse/victim.rs"]
mod victim;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use isomon::model::backend::{BackendId, BackendStatus};
use isomon::model::bench::{Failure, Limits, Outcome};
use isomon::model::unit::{Bytes, Seconds};
use tokio::sync::Semaphore;

use calm::Watch;
use live::Ground;
use table::{ABUSES, Abuse, Needs, Wanted};
use victim::{Fate, KEPT, Victim};

/// Time beyond a deadline in which it is all over: to kill, to look for what is left, and to have a
/// new launcher, on a machine that is busy with all backends at once.
const GRACE: f64 = 5.0;
/// The same by the launcher's own clock, which stops at the end of the sandbox.
const DEATH: f64 = 2.0;
/// Growth of isomon itself that output may cause.
const GROWTH: u64 = 16 << 20;

/// The backends that run here, but for those of a Docker engine.
pub(crate) async fn ready(ground: &Ground) -> Vec<BackendStatus> {
    let all = BackendId::ALL.into_iter().filter(|id| !id.name().starts_with("docker"));
    let known = ground.check(&all.collect::<Vec<_>>()).await;
    let (ready, other): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|status| status.readiness.runs());
    for status in other {
        println!("skipped {}: {:?}", status.id, status.readiness);
        assert!(live::may_lack(status.id) || !live::must_be_live(), "{} must be live", status.id);
    }
    ready
}

/// Does `work` with each of `backends`, a few at the same time.
pub(crate) async fn with_each<F: Future<Output = ()> + Send + 'static>(
    backends: Vec<BackendStatus>,
    work: impl Fn(BackendStatus) -> F,
) {
    assert!(!backends.is_empty());
    let few = Arc::new(Semaphore::new(5));
    let going: Vec<_> = backends
        .into_iter()
        .map(|status| {
            let (few, work) = (few.clone(), work(status));
            tokio::spawn(async move {
                let _one = few.acquire().await.unwrap();
                work.await;
            })
        })
        .collect();
    for one in going {
        one.await.unwrap();
    }
}

pub(crate) fn class(fate: &Fate) -> Option<Failure> {
    match &fate.trial.outcome {
        Outcome::Good => None,
        Outcome::Failed { kind, .. } => Some(*kind),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_abuse_ends_in_its_class_in_time_and_leaves_nothing() {
    let backends = ready(&Ground::new()).await;
    let watch = Watch::begin();
    with_each(backends, |status| async move {
        let mut victim = Victim::settle(Ground::new(), status).await;
        for abuse in ABUSES {
            inflict(&mut victim, abuse).await;
        }
        victim.assert_bounded_memory();
        victim.leave().await;
    })
    .await;
    watch.end().await;
}

/// Has `victim` suffer `abuse`, then work honestly.
async fn inflict(victim: &mut Victim, abuse: &Abuse) {
    let name = format!("{} {}", victim.status.id, abuse.name);
    let traits = &victim.status.traits;
    let held = match abuse.needs {
        Needs::Nothing => true,
        Needs::Pids => traits.pids_limit,
        Needs::Memory => traits.memory_limit || !victim.runs_programs(),
    };
    let work = match victim.work(abuse) {
        Ok(work) if held => work,
        Ok(_) => return println!("{name}: n/a, the limit is not in force here"),
        Err(why) => return println!("{name}: n/a, {why}"),
    };
    let mut seconds = abuse.seconds;
    let before = victim.launcher_memory();
    let fate = loop {
        let limits = Limits { timeout_seconds: Seconds(seconds), pids: 96, ..Victim::limits() };
        let fate = victim.suffer(&work, limits).await;
        // A machine that is too busy to begin in so short a time is given more.
        if class(&fate) != Some(Failure::NotReady) || seconds > 9.0 * abuse.seconds {
            break fate;
        }
        seconds *= 3.0;
    };
    let (took, ended) = (fate.took.as_secs_f64(), fate.ended());
    println!("{name}: {:?} in {took:.2} s, {} told", fate.trial.outcome, fate.said);
    assert!(took <= seconds + GRACE, "{name} took {took} s of {seconds}");
    assert!(ended.is_none_or(|at| at <= seconds + DEATH), "{name} ended after {ended:?} s");
    assert!(fate.said <= KEPT, "{name}: {} bytes were told", fate.said);
    judge(victim, abuse, &fate, &name);
    if let (Wanted::Counted(_), Some(before)) = (&abuse.wanted, before) {
        let most = victim.launcher_memory().unwrap().most;
        assert!(most <= before.now + GROWTH, "{name}: the launcher grew {before:?} to {most}");
    }
    victim.assert_unharmed(&name).await;
}

fn judge(victim: &Victim, abuse: &Abuse, fate: &Fate, name: &str) {
    let class = class(fate);
    match &abuse.wanted {
        Wanted::Class(wanted) => {
            assert!(class.is_some_and(|class| wanted.contains(&class)), "{name}: {:?}", fate.trial);
        }
        Wanted::Counted(total) => {
            assert_eq!(class, None, "{name}: {:?}", fate.trial);
            let all = fate.said + fate.trial.dropped_bytes;
            assert!((*total..=total + (1 << 20)).contains(&all), "{name}: {all} bytes");
        }
        Wanted::Goes => {
            // Nothing but a plain process can leave something behind.
            let plain = victim.status.id == BackendId::Process;
            let wanted = plain.then_some(Failure::Leak);
            assert_eq!((class, fate.trial.status), (wanted, Some(0)), "{name}: {:?}", fate.trial);
        }
    }
    let peak = fate.most_processes;
    assert!(peak.is_none_or(|peak| peak <= 96), "{name}: {peak:?} processes at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn half_a_processor_is_half_a_processor() {
    let limited = |status: &BackendStatus| status.traits.cpu_limit;
    let backends: Vec<_> = ready(&Ground::new()).await.into_iter().filter(limited).collect();
    if backends.is_empty() {
        println!("skipped: no controller of processors that we may write to");
        return assert!(!live::must_be_live());
    }
    with_each(backends, |status| async move {
        let mut victim = Victim::settle(Ground::new(), status).await;
        let id = victim.status.id;
        let limits = Limits { cpus: 0.5, timeout_seconds: Seconds(4.0), ..Victim::limits() };
        victim.assert_unharmed("nothing").await;
        let work = victim.work(&table::BUSY).unwrap();
        let before = victim.used();
        let fate = victim.suffer(&work, limits).await;
        let took = fate.took.as_secs_f64();
        if let Some((before, after)) = before.zip(victim.used()) {
            let share = Duration::from_micros(after - before).as_secs_f64() / took;
            println!("{id}: {share:.2} processors in {took:.2} s, {:?}", class(&fate));
            assert!((0.01..=0.6).contains(&share), "{id} had {share} processors");
        }
        assert!(class(&fate).is_some(), "{id}: {:?}", fate.trial);
        victim.leave().await;
    })
    .await;
}

#[tokio::test]
async fn output_is_bounded_by_what_is_asked_for() {
    // A bound of nothing is a bound too.
    let ground = Ground::new();
    let status = ground.check(&[BackendId::Process]).await.remove(0);
    let mut victim = Victim::settle(ground, status).await;
    let work = victim.work(&table::WORD).unwrap();
    let limits = Limits { output_bytes: Bytes(0), ..Victim::limits() };
    let fate = victim.suffer(&work, limits).await;
    assert_eq!((class(&fate), fate.said, fate.trial.dropped_bytes), (None, 0, 5));
    victim.leave().await;
}
