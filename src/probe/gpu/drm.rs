//! AMD's and Intel's GPUs, read from sysfs on a thread of their own.
//!
//! A driver in trouble may block whoever reads its files, for ever. The thread is waited for a
//! bounded time; while it is stuck its GPUs are shown as lost and no second one is started. On a
//! machine without such GPUs there is no thread, only a look into a directory now and then.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::card::{self, Card, Driver};
use super::fdinfo::Fdinfo;
use super::roster::{lost, stripped};
use super::{amd, intel};
use crate::model::gpu::{Gpu, GpuReader, GpuReaderState, Vendor};
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::model::text::SafeText;

/// How often new cards are looked for.
const CARDS_EVERY: Duration = Duration::from_secs(10);
/// Most GPUs remembered.
const MOST: usize = 128;

/// The cards known, and the thread that reads them.
#[derive(Debug)]
pub(super) struct DrmReader {
    roots: Roots,
    cards: Vec<Card>,
    looked: Option<Instant>,
    thread: Option<Thread>,
    known: Vec<Gpu>,
}

#[derive(Debug)]
struct Thread {
    asks: SyncSender<(Instant, Vec<Card>)>,
    answers: Receiver<Vec<Gpu>>,
    is_asked: bool,
}

impl DrmReader {
    /// Looks at nothing yet.
    pub(super) const fn new(roots: Roots) -> Self {
        Self { roots, cards: Vec::new(), looked: None, thread: None, known: Vec::new() }
    }

    /// Sets the thread to work; `collect` takes what it found.
    pub(super) fn ask(&mut self, now: Instant) {
        let is_fresh = |looked| now.saturating_duration_since(looked) < CARDS_EVERY;
        if !self.looked.is_some_and(is_fresh) {
            self.looked = Some(now);
            self.cards = card::find(&self.roots.sys);
        }
        if self.cards.is_empty() && self.known.is_empty() {
            self.thread = None;
            return;
        }
        if self.thread.is_none() {
            self.thread = start(&self.roots);
        }
        let Some(thread) = &mut self.thread else {
            return;
        };
        if !thread.is_asked {
            thread.is_asked = thread.asks.try_send((now, self.cards.clone())).is_ok();
        }
    }

    /// What was found, waited for at most `length`: all GPUs ever seen, and the two readers.
    pub(super) fn collect(&mut self, length: Duration) -> (Vec<Gpu>, Vec<GpuReader>) {
        let answer = match &mut self.thread {
            None => Ok(Vec::new()),
            Some(thread) => {
                let answer = thread.answers.recv_timeout(length);
                thread.is_asked = matches!(answer, Err(RecvTimeoutError::Timeout));
                answer
            }
        };
        match &answer {
            Ok(seen) => self.remember(seen),
            Err(RecvTimeoutError::Timeout) => self.lose("its driver does not answer"),
            Err(RecvTimeoutError::Disconnected) => {
                self.thread = None;
                self.lose("its reader stopped");
            }
        }
        let readers = [Vendor::Amd, Vendor::Intel].map(|vendor| self.judge(vendor, answer.is_ok()));
        (self.known.clone(), readers.to_vec())
    }

    fn remember(&mut self, seen: &[Gpu]) {
        let gone = SafeText::from("the kernel does not show it any more");
        for known in &mut self.known {
            let again = seen.iter().find(|gpu| gpu.id == known.id);
            *known = again.map_or_else(|| lost(known, &gone), Clone::clone);
        }
        for gpu in seen {
            if self.known.len() < MOST && !self.known.iter().any(|known| known.id == gpu.id) {
                self.known.push(gpu.clone());
            }
        }
        self.known.sort_by(|one, other| {
            let place = |gpu: &Gpu| (gpu.vendor, gpu.index);
            place(one).cmp(&place(other)).then_with(|| one.pci.known().cmp(&other.pci.known()))
        });
    }

    fn lose(&mut self, reason: &str) {
        let reason = SafeText::from(reason);
        for known in &mut self.known {
            *known = lost(known, &reason);
        }
    }

    fn judge(&self, vendor: Vendor, answers: bool) -> GpuReader {
        let here = self.cards.iter().any(|card| card.driver.vendor() == vendor);
        let state = match (here, answers) {
            (true, true) => GpuReaderState::Works,
            (true, false) => GpuReaderState::Broken {
                reason: SafeText::from("its files in /sys/class/drm do not answer"),
                remedy: SafeText::from("read the kernel log for GPU resets; restart the machine"),
            },
            (false, _) => GpuReaderState::NotHere(SafeText::from(absence(vendor))),
        };
        GpuReader {
            name: SafeText::from(reader(vendor)),
            version: Reading::Missing(Why::NotSupported),
            state,
        }
    }
}

const fn reader(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Amd => "amdgpu sysfs",
        _ => "i915/xe sysfs",
    }
}

const fn absence(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Amd => {
            "no card in /sys/class/drm is run by amdgpu: no AMD GPU, or no driver for it"
        }
        _ => "no card in /sys/class/drm is run by i915 or xe: no Intel GPU, or no driver for it",
    }
}

/// Starts the thread; it ends when its reader is dropped.
fn start(roots: &Roots) -> Option<Thread> {
    let (asks, asked) = sync_channel::<(Instant, Vec<Card>)>(1);
    let (answer, answers) = sync_channel(1);
    let mut fdinfo = Fdinfo::new(roots.proc.clone());
    let work = move || {
        let mut energy = BTreeMap::new();
        for (now, cards) in asked {
            fdinfo.refresh(now);
            let read = |card: &Card| {
                let before = energy.entry(card.path.clone()).or_default();
                fdinfo.complete(read(card, now, before))
            };
            if answer.send(cards.iter().map(read).collect()).is_err() {
                break;
            }
        }
    };
    let thread = std::thread::Builder::new().name("drm".to_owned()).spawn(work);
    thread.ok().map(|_| Thread { asks, answers, is_asked: false })
}

fn read(card: &Card, now: Instant, before: &mut Option<intel::Energy>) -> Gpu {
    if card.sleeps() {
        *before = None;
        let asleep = Why::Failed("the GPU sleeps".into());
        return stripped(&card.gpu(), &asleep);
    }
    match card.driver {
        Driver::Amdgpu => amd::read(card),
        Driver::I915 | Driver::Xe => intel::read(card, now, before),
    }
}
