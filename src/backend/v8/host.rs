//! The host itself: isomon re-executed as `__v8`. It reads what it is asked, keeps isolates on
//! threads and ends when standard input closes.
//!
//! V8 ties an isolate to the thread that made it. Each gets a thread of its own as long as there
//! are few; beyond that they share, and those on one thread run one after the other.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::HOLDER;
use super::engine::{self, Engine};
use super::living::{Job, Living};
use super::ward::{Ward, Watchdog};
use crate::backend::isolate::{Ask, Fault, Tell};
use crate::backend::shed;
use crate::model::backend::Start;

/// Threads that hold isolates.
const THREADS: usize = 64;
/// Stack of each: V8 takes nearly 1 MiB for JavaScript, the rest is for what it calls.
const STACK: usize = 4 << 20;
/// Open files: its pipes, and some to spare.
const FILES: u64 = 64;

/// What all threads share.
struct Shared {
    engine: Engine,
    dog: Watchdog,
}

/// One thread that holds isolates.
struct Holder {
    asks: Sender<Asked>,
    isolates: Arc<AtomicUsize>,
}

/// What a thread is asked, with the ward of the isolate.
type Asked = (Ask, Arc<Ward>);

thread_local! {
    /// The isolate that runs on this thread, and who can stop it.
    static PRESENT: Cell<Option<(u64, *const Ward)>> = const { Cell::new(None) };
}

/// Gives up what a host does not need, starts the engine and serves.
pub(super) fn run() -> ExitCode {
    let why = match shed::shed(FILES) {
        Err(why) => why,
        Ok(()) => match Engine::start() {
            Some(engine) => serve(engine),
            None => "V8 does not start".to_owned(),
        },
    };
    let line = format!("isomon v8 host: {why}\n");
    // Nobody to tell if even this fails; the status says it.
    rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
    ExitCode::FAILURE
}

/// Serves until standard input closes, and leaves without a look back; comes back only with a
/// reason why it cannot serve.
fn serve(engine: Engine) -> String {
    let shared = Arc::new(Shared { engine, dog: Watchdog::default() });
    let keeper = shared.clone();
    let watch = std::thread::Builder::new().spawn(move || keeper.dog.watch(give_up));
    if let Err(error) = watch {
        return format!("no thread: {error}");
    }
    tell(&Tell::Hello { engine: engine::version(), host: HOLDER.to_owned() });
    let mut router = Router { shared, holders: Vec::new(), isolates: HashMap::new() };
    for line in std::io::stdin().lock().lines() {
        let Some(ask) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
            break;
        };
        router.route(ask);
    }
    leave()
}

/// Ends the process at once: its threads may be in the middle of somebody's code, and what runs at
/// an ordinary end would pull the engine from under them.
#[expect(unsafe_code, reason = "an end without destructors")]
fn leave() -> ! {
    // SAFETY: it touches no memory.
    unsafe { libc::_exit(0) }
}

/// Sends each question to the thread that holds its isolate.
struct Router {
    shared: Arc<Shared>,
    holders: Vec<Holder>,
    /// The place of the thread, and the ward.
    isolates: HashMap<u64, (usize, Arc<Ward>)>,
}

impl Router {
    fn route(&mut self, ask: Ask) {
        match ask {
            Ask::Create { id, heap_bytes, .. } => match self.place() {
                Some(place) => {
                    let most = usize::try_from(heap_bytes).unwrap_or(usize::MAX);
                    let ward = Arc::new(Ward::of(most));
                    self.isolates.insert(id, (place, ward));
                    self.pass(id, ask);
                }
                None => fail(id, "no thread for it"),
            },
            Ask::Dispose { id } => {
                if let Some((_, ward)) = self.isolates.get(&id) {
                    // What one that took its thread with it has comes back only with the process.
                    // No answer, so that nobody takes this for a host that stays; every run of the
                    // call is over.
                    if ward.lost.load(Ordering::SeqCst) {
                        leave();
                    }
                    ward.abandon();
                }
                self.pass(id, ask);
                self.isolates.remove(&id);
            }
            Ask::Run { id, .. } | Ask::Memory { id } => self.pass(id, ask),
        }
    }

    fn pass(&self, id: u64, ask: Ask) {
        let Some((place, ward)) = self.isolates.get(&id) else {
            return fail(id, "no such isolate");
        };
        let taken = |holder: &Holder| holder.asks.send((ask, ward.clone())).is_ok();
        if !self.holders.get(*place).is_some_and(taken) {
            fail(id, "its thread has ended");
        }
    }

    /// The thread with the fewest isolates, a new one where each has some and there may be more.
    fn place(&mut self) -> Option<usize> {
        let load = |holder: &Holder| holder.isolates.load(Ordering::SeqCst);
        let best = (0..self.holders.len()).min_by_key(|place| self.holders.get(*place).map(load));
        let is_free = best.and_then(|place| self.holders.get(place)).map(load) == Some(0);
        let place =
            if is_free || self.holders.len() >= THREADS { best } else { self.hire().or(best) };
        let holder = self.holders.get(place?)?;
        holder.isolates.fetch_add(1, Ordering::SeqCst);
        place
    }

    fn hire(&mut self) -> Option<usize> {
        let (asks, heard) = channel();
        let isolates = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (self.shared.clone(), isolates.clone());
        let builder = std::thread::Builder::new().stack_size(STACK);
        builder.spawn(move || hold(&shared, &heard, &count)).ok()?;
        self.holders.push(Holder { asks, isolates });
        Some(self.holders.len() - 1)
    }
}

/// Holds isolates on this thread and does what they are asked, one after the other.
fn hold(shared: &Shared, asks: &Receiver<Asked>, count: &AtomicUsize) {
    let mut isolates: HashMap<u64, Living> = HashMap::new();
    while let Ok((ask, ward)) = asks.recv() {
        match ask {
            Ask::Create { id, start, heap_bytes } => {
                if let Some(living) = create(shared, id, start, heap_bytes, &ward) {
                    isolates.insert(id, living);
                }
            }
            Ask::Run { id, nonce, code, input, deadline_ms, output_bytes } => {
                let deadline = Duration::from_millis(deadline_ms);
                let job = Job { nonce, code, input, deadline, output_bytes };
                match isolates.get_mut(&id) {
                    Some(living) => living.run(&shared.dog, &job),
                    None => fail(id, "no such isolate"),
                }
            }
            Ask::Memory { id } => {
                let used_bytes = isolates.get_mut(&id).map_or(0, Living::bytes);
                tell(&Tell::Memory { id, used_bytes });
            }
            Ask::Dispose { id } => {
                if let Some(living) = isolates.remove(&id) {
                    living.end();
                }
                count.fetch_sub(1, Ordering::SeqCst);
                tell(&Tell::Disposed { id });
            }
        }
    }
}

fn create(
    shared: &Shared,
    id: u64,
    start: Start,
    heap_bytes: u64,
    ward: &Arc<Ward>,
) -> Option<Living> {
    let heap = usize::try_from(heap_bytes).unwrap_or(usize::MAX);
    let Some(made) = shared.engine.make(start, heap, ward) else {
        fail(id, "V8 makes no isolate");
        return None;
    };
    let living = Living::of(id, ward.clone(), made);
    tell(&Tell::Created { id });
    Some(living)
}

fn fail(id: u64, why: &str) {
    let (kind, message) = (Fault::Create, why.to_owned());
    tell(&Tell::Failed { id, kind, message, status: None, dropped_bytes: 0 });
}

/// Says `words` in one line. Nobody hears it when standard output is closed; standard input is then
/// too, and that ends the host.
pub(super) fn tell(words: &Tell) {
    let mut line = serde_json::to_vec(words).unwrap_or_default();
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line).and_then(|()| out.flush()).ok();
}

/// Tells that `id` was stopped and goes on.
fn give_up(id: u64) {
    let (kind, message) = (Fault::Deadline, "it does not stop at its deadline".to_owned());
    tell(&Tell::Failed { id, kind, message, status: None, dropped_bytes: 0 });
}

/// Says which isolate runs on this thread, until it is said again.
pub(super) fn mark_present(present: Option<(u64, *const Ward)>) {
    PRESENT.set(present);
}

/// Has the engine call on us before it gives the process up for want of memory: the isolate is told
/// to have failed and its thread stops here for good, so that the others live on.
#[expect(unsafe_code, reason = "the isolate's owner, below on this stack, holds the ward")]
pub(super) fn lose_present() {
    let Some((id, ward)) = PRESENT.take() else { return };
    // SAFETY: set by the run that is under way on this thread, which owns a count of the ward.
    unsafe { &*ward }.lost.store(true, Ordering::SeqCst);
    let (kind, message) = (Fault::Memory, "its heap is full".to_owned());
    tell(&Tell::Failed { id, kind, message, status: None, dropped_bytes: 0 });
    loop {
        std::thread::park();
    }
}
