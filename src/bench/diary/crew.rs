//! Who works for a stage, at what, and what that uses.

use std::time::Duration;

use super::{At, BenchStage, Diary, Held, MomentKind, RunEvent, SafeText, WORKERS, Worker};
use crate::model::unit::Bytes;

/// Workers of a stage that are told apart.
const OF_STAGE: u32 = 64;
/// At most this often it is told what they do, in seconds.
const EVERY: Duration = Duration::from_millis(250);

/// What the launcher and all it started have used, as it was told last.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::bench) struct Figures {
    /// Processor time in microseconds, and when that was read.
    pub(in crate::bench) cpu: Option<(u64, f64)>,
    /// When it was told last, in seconds since the run began.
    told: Option<f64>,
}

/// What is read of a launcher between two samples.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::bench) struct Reading {
    /// Processor time in microseconds.
    pub(in crate::bench) cpu: Option<u64>,
    pub(in crate::bench) held: Option<Held>,
    pub(in crate::bench) pid: Option<u32>,
}

impl Diary {
    /// Has `count` workers for the present stage; those that are there stay.
    pub(in crate::bench) fn engage(&mut self, at: At, count: u32, pid: Option<u32>) {
        let Some(stage) = self.stage() else { return };
        for slot in 1..=count.min(OF_STAGE) {
            let id = SafeText::new(&format!("{}/{slot}", stage.name()));
            if let Some(worker) = self.workers.iter_mut().find(|worker| worker.id == id) {
                if worker.ended_ms.take().is_some() {
                    (worker.status, worker.pid) = ("RUNNING".into(), pid);
                    self.engaged.insert(id, at);
                }
                continue;
            }
            if self.workers.len() >= WORKERS {
                break;
            }
            let words = pid.map_or_else(String::new, |pid| format!("launcher {pid}"));
            self.moment(at, MomentKind::WorkerStarted, (stage.name(), id.as_str()), &words, None);
            self.engaged.insert(id.clone(), at);
            self.workers.push(Worker {
                id,
                stage: stage.name().into(),
                status: "RUNNING".into(),
                node: self.node.clone(),
                pid,
                started_ms: Some(at.ms),
                ..Worker::default()
            });
        }
    }

    /// Ends the workers of `stage`, which has gone on since `begun`. Each took as long as it worked this
    /// time, as its stage does: before that others may have had their turn.
    pub(super) fn dismiss(&mut self, (begun, at): (At, At), stage: BenchStage) {
        let mut gone = Vec::new();
        let own = self.workers.iter_mut().filter(|worker| worker.stage.as_str() == stage.name());
        for worker in own.filter(|worker| worker.ended_ms.is_none()) {
            worker.ended_ms = Some(at.ms);
            worker.status = "STOPPED".into();
            (worker.doing, worker.doing_since_ms) = (None, None);
            let since = self.engaged.remove(&worker.id).unwrap_or(begun);
            gone.push((worker.id.clone(), at.since(since)));
        }
        for (id, took) in &gone {
            let place = (stage.name(), id.as_str());
            self.moment(at, MomentKind::WorkerEnded, place, "", Some(*took));
        }
        if !gone.is_empty() {
            self.tell_workers(at);
        }
        self.figures = Figures::default();
    }

    /// Notes what the workers of the present stage do from now on, the first `count` of them.
    pub(in crate::bench) fn doing(&mut self, at: At, count: u32, what: &str) {
        let Some(stage) = self.stage() else { return };
        let own = self.workers.iter_mut().filter(|worker| worker.stage.as_str() == stage.name());
        for (slot, worker) in (0..).zip(own) {
            let busy = slot < count;
            worker.status = if busy { "RUNNING" } else { "IDLE" }.into();
            worker.doing = busy.then(|| SafeText::new(what));
            worker.doing_since_ms = Some(at.ms);
        }
    }

    /// Whether enough time has passed for the workers to be told again.
    pub(in crate::bench) fn is_due(&self, at: At) -> bool {
        self.figures.told.is_none_or(|told| at.seconds.0 - told >= EVERY.as_secs_f64())
    }

    /// Notes what the launcher and all it started use. Where several work, it is not told whose it is.
    pub(in crate::bench) fn measure(&mut self, at: At, reading: Reading) {
        let Some(stage) = self.stage() else { return };
        let before = self.figures.cpu;
        let now = reading.cpu.map(|cpu| (cpu, at.seconds.0));
        let cores = before.zip(now).and_then(|((cpu, from), (now, to))| {
            let passed = to - from;
            (passed > 0.0).then(|| now.saturating_sub(cpu) as f64 / 1e6 / passed)
        });
        let due = before.is_none_or(|(_, from)| at.seconds.0 - from >= EVERY.as_secs_f64());
        if due {
            self.figures.cpu = now;
        }
        let mut own: Vec<&mut Worker> = self
            .workers
            .iter_mut()
            .filter(|worker| worker.stage.as_str() == stage.name())
            .collect();
        if let [alone] = &mut own[..] {
            alone.pid = reading.pid.or(alone.pid);
            alone.cores = cores.filter(|_| due).or(alone.cores);
            alone.memory_bytes = reading.held.map(most).or(alone.memory_bytes);
        }
    }

    /// The workers as they are.
    pub(in crate::bench) fn workers(&self) -> Vec<Worker> {
        self.workers.clone()
    }

    /// The workers as they are, those of the present stage with the processes `hands`, in their order.
    pub(in crate::bench) fn workers_as(&self, hands: &[Option<u32>]) -> Vec<Worker> {
        let stage = self.stage().map_or("", BenchStage::name);
        let mut workers = self.workers();
        let own = workers.iter_mut().filter(|worker| worker.stage.as_str() == stage);
        own.zip(hands).for_each(|(worker, pid)| worker.pid = *pid);
        workers
    }

    /// Has the workers told.
    pub(in crate::bench) fn tell_workers(&mut self, at: At) {
        self.figures.told = Some(at.seconds.0);
        self.fresh.push(RunEvent::Workers(self.workers.clone()));
    }
}

/// The peak: between two samples nothing is held, and what was held within one is what is asked for.
fn most(held: Held) -> Bytes {
    held.peak.unwrap_or(held.now)
}
