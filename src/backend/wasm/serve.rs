//! The `wasm` host at work: one thread listens; when code is to run, it runs it, and another listens.
//!
//! So nothing is handed from thread to thread between an ask and the code's first instruction, and
//! code that never ends holds nobody up. The number of threads is bounded; when all run code, nobody
//! listens until a deadline frees one.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::engine::Makers;
use super::guest::{Failure, Guest};
use super::talk::{Ear, Output, Voice, lock};
use super::wasi;
use crate::backend::isolate::{Ask, Code, Fault, Tell};
use crate::model::backend::{Inside, Reach, Start};
use crate::model::text::SafeText;

/// Threads at most: instances whose code runs at the same time, and one that listens.
const THREADS: usize = 65;

/// What all threads share.
struct Host {
    makers: Makers,
    voice: Voice,
    ear: Mutex<Ear>,
    guests: Mutex<HashMap<u64, Guest>>,
    deadlines: Deadlines,
    threads: AtomicUsize,
    waiting: AtomicUsize,
    /// Told when there is nothing to hear any more.
    over: SyncSender<()>,
}

/// Ends the host with the thread that has it, also where that panics: what it was asked would never
/// be answered.
struct Over(SyncSender<()>);

impl Drop for Over {
    fn drop(&mut self) {
        // Full only if it was told already.
        self.0.try_send(()).ok();
    }
}

/// What one run is asked.
struct Job {
    id: u64,
    nonce: String,
    code: Code,
    input: Option<Value>,
    deadline: Instant,
    output_bytes: u64,
}

/// Serves until nothing more is asked.
pub(super) fn serve(engine: &str) -> wasmtime::Result<()> {
    let (over, end) = sync_channel(THREADS);
    let host = Arc::new(Host {
        makers: Makers::new()?,
        voice: Voice::new(),
        ear: Mutex::default(),
        guests: Mutex::default(),
        deadlines: Deadlines::default(),
        threads: AtomicUsize::new(0),
        waiting: AtomicUsize::new(0),
        over,
    });
    let clock = host.clone();
    std::thread::spawn(move || clock.deadlines.watch(|| clock.makers.tick()));
    for _ in 0..2 {
        host.hire();
    }
    let version = format!("isomon {}", env!("CARGO_PKG_VERSION"));
    host.voice.say(&Tell::Hello { engine: engine.to_owned(), host: version });
    // An error is that all threads are gone, which ends it as well.
    end.recv().ok();
    Ok(())
}

impl Host {
    /// One more thread, if there may be one.
    fn hire(self: &Arc<Self>) {
        if self.threads.fetch_add(1, Ordering::Relaxed) >= THREADS {
            self.threads.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let host = self.clone();
        let hired = std::thread::Builder::new().name("isomon-wasm".to_owned());
        let work = move || {
            let over = Over(host.over.clone());
            host.work();
            drop(over);
        };
        if hired.spawn(work).is_err() {
            self.threads.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// What each thread does: listens in turn, runs what it heard.
    fn work(self: &Arc<Self>) {
        loop {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let heard = self.listen();
            match heard {
                None => return,
                Some(job) => self.run(job),
            }
        }
    }

    /// Answers what can be answered at once; the next thing to run.
    fn listen(self: &Arc<Self>) -> Option<Job> {
        let mut ear = lock(&self.ear);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        loop {
            match ear.next()? {
                Ask::Create { id, start, heap_bytes } => self.create(id, start, heap_bytes),
                Ask::Memory { id } => self.measure(id),
                Ask::Dispose { id } => {
                    drop(lock(&self.guests).remove(&id));
                    self.voice.say(&Tell::Disposed { id });
                }
                Ask::Run { id, nonce, code, input, deadline_ms, output_bytes } => {
                    let deadline = Instant::now() + Duration::from_millis(deadline_ms.min(1 << 40));
                    drop(ear);
                    if self.waiting.load(Ordering::Relaxed) == 0 {
                        self.hire();
                    }
                    return Some(Job { id, nonce, code, input, deadline, output_bytes });
                }
            }
        }
    }

    fn create(&self, id: u64, start: Start, heap_bytes: u64) {
        match Guest::new(&self.makers, start, heap_bytes, self.voice.about(id)) {
            Ok(guest) => {
                lock(&self.guests).insert(id, guest);
                self.voice.say(&Tell::Created { id });
            }
            Err(failure) => self.fail(id, failure, 0),
        }
    }

    fn measure(&self, id: u64) {
        let used = lock(&self.guests).get(&id).map_or(0, Guest::used_bytes);
        self.voice.say(&Tell::Memory { id, used_bytes: used });
    }

    fn run(&self, job: Job) {
        let (id, deadline) = (job.id, job.deadline);
        let guest = lock(&self.guests).remove(&id);
        let Some(mut guest) = guest else {
            let message = "there is no such instance".to_owned();
            return self.fail(id, Failure { kind: Fault::Create, message, status: None }, 0);
        };
        let output = Output::new(self.voice.about(id), job.output_bytes);
        // Before its deadline can strike: a strike that it does not see would be its only one.
        guest.prepare(job.nonce.clone(), deadline);
        self.deadlines.add(deadline, id);
        let done = self.carry_out(&mut guest, job, &output);
        self.deadlines.remove(deadline, id);
        // It is back before anybody can ask for it again.
        lock(&self.guests).insert(id, guest);
        match done {
            Ok(value) => {
                self.voice.say(&Tell::Done { id, value, dropped_bytes: output.dropped() });
            }
            Err(failure) => self.fail(id, failure, output.dropped()),
        }
    }

    fn carry_out(&self, guest: &mut Guest, job: Job, output: &Output) -> Result<String, Failure> {
        let seed = u64::from_str_radix(&job.nonce, 16).unwrap_or_default();
        match job.code {
            Code::Payload(payload) => {
                guest.kernel(&self.makers, payload, seed).map(|value| value.to_string())
            }
            Code::Look => {
                guest.store.data().say_ready();
                Ok(self.look(guest))
            }
            Code::Wasm(module) => {
                wasi::run(&self.makers, guest, &module, job.input.as_ref(), output, job.deadline)
            }
            Code::Js(_) => Err(Failure {
                kind: Fault::Create,
                message: "this host runs WebAssembly".to_owned(),
                status: None,
            }),
        }
    }

    /// What an instance is lent; there is nothing else that it could reach.
    fn look(&self, guest: &mut Guest) -> String {
        let maker = self.makers.of(guest.start());
        let own = maker.own.iter(&mut guest.store).map(|(of, name, _)| format!("{of}.{name}"));
        let own: BTreeSet<String> = own.collect();
        let lent = maker.lent.iter(&mut guest.store).map(|(of, ..)| of.to_owned());
        let lent: BTreeSet<String> = lent.collect();
        let names = own.iter().chain(&lent).map(|name| SafeText::new(name));
        let inside = Inside {
            writable: Some(Vec::new()),
            network: Some(Reach::None),
            lent: Some(names.collect()),
            ..Inside::default()
        };
        serde_json::to_string(&inside).unwrap_or_default()
    }

    fn fail(&self, id: u64, failure: Failure, dropped_bytes: u64) {
        let Failure { kind, message, status } = failure;
        self.voice.say(&Tell::Failed { id, kind, message, status, dropped_bytes });
    }
}

/// The deadlines of what runs. Nothing ticks: a thread sleeps until the first.
#[derive(Default)]
struct Deadlines {
    all: Mutex<BTreeSet<(Instant, u64)>>,
    earlier: Condvar,
}

impl Deadlines {
    fn add(&self, deadline: Instant, id: u64) {
        let mut all = lock(&self.all);
        let first = all.first().is_none_or(|(first, _)| deadline < *first);
        all.insert((deadline, id));
        if first {
            self.earlier.notify_one();
        }
    }

    fn remove(&self, deadline: Instant, id: u64) {
        lock(&self.all).remove(&(deadline, id));
    }

    /// Calls `strike` after each deadline, for ever.
    fn watch(&self, strike: impl Fn()) {
        let mut all = lock(&self.all);
        loop {
            let now = Instant::now();
            let Some((first, _)) = all.first().copied() else {
                all = self.earlier.wait(all).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if first <= now {
                all.pop_first();
                strike();
                continue;
            }
            let slept = self.earlier.wait_timeout(all, first - now);
            all = slept.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
