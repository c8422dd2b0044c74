//! The host while others are abused: a canary that the kernel would kill first, a neighbour that
//! works on, memory that stays, and isomon itself.

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use isomon::model::backend::BackendId;
use tokio::task::JoinHandle;

use crate::live::Ground;
use crate::victim::{Victim, own_memory};

/// Memory that all who are abused at once may have, hosts included.
const LENT: u64 = 5 * (384 << 20);
/// Growth of isomon itself with several camps at work at once; gigabytes flow through it meanwhile.
const GROWTH: u64 = 48 << 20;

/// Watches until it is ended.
pub(crate) struct Watch {
    canary: Child,
    ended: Arc<AtomicBool>,
    neighbour: JoinHandle<(u32, u64)>,
    before: u64,
    own: u64,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        let canary = Command::new("sleep").arg("1000").spawn().unwrap();
        // Whenever the whole machine is short of memory, this is who goes.
        std::fs::write(format!("/proc/{}/oom_score_adj", canary.id()), "1000").unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let neighbour = tokio::spawn(live_on(ended.clone()));
        Self { canary, ended, neighbour, before: available(), own: own_memory() }
    }

    /// Fails unless all was calm.
    pub(crate) async fn end(mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let (works, least) = self.neighbour.await.unwrap();
        println!("{works} works beside it, {} MiB at least available", least >> 20);
        assert!(works > 0);
        let canary = self.canary.try_wait().unwrap();
        self.canary.kill().unwrap();
        self.canary.wait().unwrap();
        assert_eq!(canary, None, "the machine was short of memory");
        // Others may be at work on this machine: a quarter of it is theirs.
        let others = meminfo("MemTotal:") / 4;
        assert!(least + LENT + others >= self.before, "{} bytes became {least}", self.before);
        let own = own_memory();
        println!("isomon itself: {} KiB became {} KiB", self.own >> 10, own >> 10);
        assert!(own <= self.own + GROWTH, "{} bytes became {own}", self.own);
    }
}

/// Works honestly beside the others; how often, and the least memory that was available.
async fn live_on(ended: Arc<AtomicBool>) -> (u32, u64) {
    let ground = Ground::new();
    let status = ground.check(&[BackendId::Process]).await.remove(0);
    let mut victim = Victim::settle(ground, status).await;
    let (mut works, mut least) = (0, u64::MAX);
    while !ended.load(Ordering::SeqCst) {
        victim.assert_unharmed("what is beside it").await;
        works += 1;
        least = least.min(available());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    victim.leave().await;
    (works, least)
}

fn available() -> u64 {
    meminfo("MemAvailable:")
}

fn meminfo(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}
