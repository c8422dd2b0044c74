//! Who stops an isolate, and why: a verdict for each, and one thread that keeps all deadlines.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use deno_core::v8::IsolateHandle;

use crate::backend::isolate::Fault;

/// What may stop one isolate, and what it has beside its heap.
#[derive(Debug, Default)]
pub(super) struct Ward {
    handle: OnceLock<IsolateHandle>,
    verdict: AtomicU8,
    /// Bytes that array buffers may have.
    pub most: usize,
    /// Bytes that array buffers have.
    pub used: AtomicUsize,
    /// The last array buffer asked for was more than there may be.
    pub starved: AtomicBool,
    /// Its isolate was given up, which has been told: by the engine for want of memory, or because it
    /// does not stop. Its thread may never come back.
    pub lost: AtomicBool,
}

const DEADLINE: u8 = 1;
const MEMORY: u8 = 2;
const GONE: u8 = 3;

impl Ward {
    /// One whose array buffers are bounded.
    pub(super) fn of(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Lets it be stopped by `handle`.
    pub(super) fn bind(&self, handle: IsolateHandle) {
        // Set once, by the thread that made the isolate.
        self.handle.set(handle).ok();
    }

    /// Stops what runs for `fault`; the first reason counts.
    pub(super) fn stop(&self, fault: Fault) {
        self.end(if fault == Fault::Memory { MEMORY } else { DEADLINE });
    }

    /// Stops what runs because nobody wants it any more.
    pub(super) fn abandon(&self) {
        self.end(GONE);
    }

    fn end(&self, verdict: u8) {
        // An earlier verdict stays.
        self.verdict.compare_exchange(0, verdict, Ordering::SeqCst, Ordering::SeqCst).ok();
        if let Some(handle) = self.handle.get() {
            handle.terminate_execution();
        }
    }

    /// Why it was stopped; `None` if it was not.
    pub(super) fn verdict(&self) -> Option<Fault> {
        match self.verdict.load(Ordering::SeqCst) {
            0 => None,
            MEMORY => Some(Fault::Memory),
            DEADLINE => Some(Fault::Deadline),
            _ => Some(Fault::Error),
        }
    }
}

/// Time that code which was stopped has to stop. The engine's best compiler takes the test for a stop
/// out of loops that call something, so that some code never does.
const MERCY: Duration = Duration::from_millis(40);

/// When a run is due, and which.
pub(super) type Due = (Instant, u64);

/// How a run ended, by the watchdog's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Release {
    /// In time.
    InTime,
    /// After it was stopped.
    Late,
    /// After it was given up, which has been told.
    Lost,
}

/// Stops whatever is late.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    state: Mutex<Watch>,
    earlier: Condvar,
}

#[derive(Debug, Default)]
struct Watch {
    due: BTreeMap<Due, Arc<Ward>>,
    /// Those that were stopped, by when they must have.
    stopped: BTreeMap<Due, Arc<Ward>>,
    wakes: Option<Instant>,
}

impl Watchdog {
    fn lock(&self) -> MutexGuard<'_, Watch> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops `ward` at `due`, unless it is released before.
    pub(super) fn arm(&self, due: Due, ward: Arc<Ward>) {
        let mut watch = self.lock();
        watch.due.insert(due, ward);
        // A watchdog that wakes before then sees it by itself.
        if watch.wakes.is_none_or(|at| due.0 < at) {
            self.earlier.notify_one();
        }
    }

    /// The run of `due` has ended.
    pub(super) fn release(&self, due: &Due) -> Release {
        let mut watch = self.lock();
        if watch.due.remove(due).is_some() {
            return Release::InTime;
        }
        let stopped = watch.stopped.remove(&(due.0 + MERCY, due.1));
        if stopped.is_some() { Release::Late } else { Release::Lost }
    }

    /// Keeps watch for ever; calls `tell` with the id of each that does not stop.
    pub(super) fn watch(&self, tell: impl Fn(u64)) {
        let mut watch = self.lock();
        loop {
            let now = Instant::now();
            watch.strike(now, &tell);
            let firsts = [watch.due.first_key_value(), watch.stopped.first_key_value()];
            watch.wakes = firsts.into_iter().flatten().map(|((at, _), _)| *at).min();
            watch = match watch.wakes {
                Some(at) => {
                    let waited =
                        self.earlier.wait_timeout(watch, at.saturating_duration_since(now));
                    waited.map_or_else(|error| error.into_inner().0, |(watch, _)| watch)
                }
                None => self.earlier.wait(watch).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Watch {
    /// Stops what is due, and gives up what was stopped and goes on.
    fn strike(&mut self, now: Instant, tell: &impl Fn(u64)) {
        while let Some(late) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, id), ward) = late.remove_entry();
            ward.stop(Fault::Deadline);
            self.stopped.insert((at + MERCY, id), ward);
        }
        while let Some(deaf) = self.stopped.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, id), ward) = deaf.remove_entry();
            if !ward.lost.swap(true, Ordering::SeqCst) {
                tell(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_is_stopped_and_what_was_released_is_not() {
        let dog = Arc::new(Watchdog::default());
        let keeper = dog.clone();
        let (bite, bitten) = std::sync::mpsc::channel();
        std::thread::spawn(move || keeper.watch(|id| bite.send(id).unwrap()));
        let (late, early) = (Arc::new(Ward::default()), Arc::new(Ward::default()));
        let start = Instant::now();
        let far = (start + Duration::from_mins(1), 1);
        dog.arm(far, early.clone());
        dog.arm((start + Duration::from_millis(20), 2), late.clone());
        while late.verdict().is_none() {
            assert!(start.elapsed() < Duration::from_secs(5));
            std::thread::yield_now();
        }
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(late.verdict(), Some(Fault::Deadline));
        assert_eq!(dog.release(&far), Release::InTime);
        assert_eq!(early.verdict(), None);
        late.stop(Fault::Memory);
        assert_eq!(late.verdict(), Some(Fault::Deadline), "the first reason counts");
        assert_eq!(bitten.recv_timeout(Duration::from_secs(5)), Ok(2), "it does not stop");
        assert!(late.lost.load(Ordering::SeqCst) && !early.lost.load(Ordering::SeqCst));
        assert_eq!(dog.release(&(start + Duration::from_millis(20), 2)), Release::Lost);
    }
}
