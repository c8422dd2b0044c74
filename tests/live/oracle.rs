//! What the kill tests judge by: things that must survive, and what must not.

#![allow(dead_code, reason = "each test program uses its part")]

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use isomon::backend::{CampSettings, Kind, LeftOver, audit};
use isomon::model::id::RunId;
use rand::rngs::StdRng;
use rand::{SeedableRng, TryRngCore};

/// Time after which what is still there is a leak, also on a machine that stands still for a while for
/// want of memory or processors. How long sweeps took is judged by their median.
const SWEPT: Duration = Duration::from_secs(10);

/// Programs that isomon starts; decoys are called so too.
const LIKE: [&str; 5] = ["runsc-sandbox", "qemu-system-x86_64", "firecracker", "deno", "isomon"];

/// Ten processes, and control groups, that look like ours and are not.
pub(crate) struct Decoys {
    processes: Vec<Child>,
    groups: Vec<PathBuf>,
}

impl Decoys {
    pub(crate) fn near(id: &RunId) -> Self {
        let marks = [
            format!("ISOMON_RUN={id}0"),
            format!("ISOMON_RUN={}", id.as_str().get(..20).unwrap()),
            format!("XISOMON_RUN={id}"),
            format!("ISOMON_RUN=x{id}"),
            "ISOMON_RUN=".to_owned(),
        ];
        let marked = |mark: &String| {
            let (name, value) = mark.split_once('=').unwrap();
            Command::new("sleep").arg("1000").env(name, value).spawn().unwrap()
        };
        let named = |name: &&str| {
            let words = ["-c", "read word", "__launcher"];
            let mut command = Command::new("sh");
            command.arg0(name).args(words).arg(format!("/isomon/{id}/main")).arg("boot");
            command.stdin(Stdio::piped()).spawn().unwrap()
        };
        let mut processes: Vec<Child> = marks.iter().map(marked).collect();
        processes.extend(LIKE.iter().map(named));
        let unified = Path::new("/sys/fs/cgroup/unified");
        let tree = if unified.exists() { unified } else { Path::new("/sys/fs/cgroup") };
        // Beside our directory, and beside the run's in it.
        let places = [tree.join("isomonx").join(id.as_str()), tree.join(format!("isomon/{id}0"))];
        let made = |group: &PathBuf| std::fs::create_dir_all(group).is_ok();
        let groups: Vec<PathBuf> = places.into_iter().filter(made).collect();
        for (group, process) in groups.iter().zip(processes.iter().rev()) {
            std::fs::write(group.join("cgroup.procs"), process.id().to_string()).unwrap();
        }
        Self { processes, groups }
    }

    /// Their processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.processes.iter().map(Child::id).collect()
    }

    pub(crate) fn assert_untouched(&mut self) {
        for decoy in &mut self.processes {
            assert!(decoy.try_wait().unwrap().is_none(), "a decoy was killed");
        }
        assert!(self.groups.iter().all(|group| group.exists()), "a decoy's group was removed");
    }
}

impl Drop for Decoys {
    fn drop(&mut self) {
        for decoy in &mut self.processes {
            decoy.kill().ok();
            decoy.wait().ok();
        }
        for group in &self.groups {
            std::fs::remove_dir(group).ok();
            std::fs::remove_dir(group.parent().unwrap()).ok();
        }
    }
}

/// Lets time pass, as the thing under test is time itself.
pub(crate) fn pass(length: Duration, never: &Receiver<()>) {
    assert_eq!(never.recv_timeout(length), Err(RecvTimeoutError::Timeout));
}

/// What is left of the run, but for zombies, which init takes away in its own time.
pub(crate) fn remains(settings: &CampSettings, id: &RunId) -> Vec<LeftOver> {
    let mut left = audit(settings, id);
    left.retain(|one| one.kind != Kind::Zombie);
    left
}

/// What is left of the run once nothing changes any more, and how long that took.
pub(crate) fn settle(
    settings: &CampSettings,
    id: &RunId,
    never: &Receiver<()>,
) -> (Vec<LeftOver>, Duration) {
    let began = Instant::now();
    loop {
        let left = remains(settings, id);
        if left.is_empty() || began.elapsed() > SWEPT {
            return (left, began.elapsed());
        }
        pass(Duration::from_millis(10), never);
    }
}

/// What is random, and how to have it again.
pub(crate) fn chance() -> StdRng {
    let given = std::env::var("ISOMON_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| rand::rngs::OsRng.try_next_u64().unwrap());
    println!("ISOMON_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// How often to kill.
pub(crate) fn kills() -> u32 {
    std::env::var("ISOMON_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(10)
}
