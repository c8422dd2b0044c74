//! Guests that break, hang, or write without end.

use isomon::backend::Work;
use isomon::model::backend::BackendId;
use isomon::model::bench::{Failure, Limits, Outcome, Payload};
use isomon::model::unit::{Bytes, Seconds};

use crate::live::{Ground, exe};
use crate::victim::{Fate, Victim};
use crate::{class, ready, with_each};

/// Machines whose command line a script can change; that of Firecracker goes through its API.
const MACHINES: [BackendId; 3] = [BackendId::Kvm, BackendId::QemuTcg, BackendId::QemuKvm];

/// What guests are told instead of work, the class that ends in, and words that tell why, where `kvm`
/// has its own.
const VICES: [(&str, Failure, [&str; 2]); 5] = [
    ("panic", Failure::NotReady, ["guest: panic", "ended by a fault"]),
    ("nonsense", Failure::NotReady, ["the command line makes no sense"; 2]),
    ("hang", Failure::Timeout, [""; 2]),
    ("wait", Failure::Timeout, [""; 2]),
    ("flood", Failure::Timeout, [""; 2]),
];

/// A ground on which guests are told `wish` instead of work.
fn spoiled(wish: &str) -> Ground {
    let mut ground = Ground::new();
    let line = format!("isomon {wish}");
    // The command line is the last argument of both.
    let script = |program: &str| {
        format!(
            "#!/bin/bash\ncase \"$1\" in --version|__launcher|__reaper|__payload) exec {program} \"$@\";; esac\n\
             exec {program} \"${{@:1:$#-1}}\" '{line}'\n"
        )
    };
    let qemu = ground.settings.search.iter().map(|dir| dir.join("qemu-system-x86_64"));
    if let Some(qemu) = qemu.into_iter().find(|path| path.exists()) {
        ground.fake("qemu-system-x86_64", &script(&qemu.to_string_lossy()));
    }
    ground.fake("isomon", &script(&exe().to_string_lossy()));
    ground.settings.exe = ground.settings.search[0].join("isomon");
    ground
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guests_that_break_hang_or_write_without_end_have_their_class() {
    let all = ready(&Ground::new()).await.into_iter();
    let machines: Vec<_> = all.filter(|status| MACHINES.contains(&status.id)).collect();
    if machines.is_empty() {
        return println!("skipped: no virtual machine runs here");
    }
    with_each(machines, |status| async move {
        for (wish, wanted, words) in VICES {
            let mut victim = Victim::settle(spoiled(wish), status.clone()).await;
            let id = victim.status.id;
            let seconds = if wanted == Failure::Timeout { 1.0 } else { 10.0 };
            let (timeout_seconds, output_bytes) = (Seconds(seconds), Bytes(256));
            let limits = Limits { timeout_seconds, output_bytes, ..Victim::limits() };
            let fate = victim.suffer(&Work::Payload(Payload::Noop), limits).await;
            assert_eq!(class(&fate), Some(wanted), "{id} {wish}: {:?}", fate.trial);
            let word = words[usize::from(id == BackendId::Kvm)];
            assert!(told(&fate).contains(word), "{id} {wish}: {:?}", fate.trial);
            assert!(fate.took.as_secs_f64() < seconds + 5.0, "{id} {wish}: {:?}", fate.took);
            if wish == "flood" {
                println!("{id}: {} bytes dropped", fate.trial.dropped_bytes);
                assert!(fate.trial.dropped_bytes > 0, "{id}: nothing was too much");
            }
            victim.leave().await;
        }
    })
    .await;
}

fn told(fate: &Fate) -> &str {
    match &fate.trial.outcome {
        Outcome::Good => "",
        Outcome::Failed { message, .. } => message.as_str(),
    }
}
