//! One workload from its turn to its recorded end.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::life::Living;
use super::order::Wish;
use super::path::{self, Path};
use super::{Platform, Share, Turn, random};
use crate::backend::{Ended, Refusal, Task, Trial, Work};
use crate::model::backend::BackendId;
use crate::model::bench::{Failure, Limits, Outcome, Phase};
use crate::model::job::{Chunk, Job, Stream};
use crate::model::text::SafeText;
use crate::model::unit::Bytes;
use crate::model::workload::Status;

/// Pieces of output that may wait.
const CHUNKS: usize = 16;
/// Output kept as such, from its beginning; lines are kept besides.
const OUTPUT: usize = 1 << 20;
/// Output taken in a second once the first 4 MiB were; nobody sees more of a flood than its ends.
const PACE: Bytes = Bytes(1 << 20);
/// Backends that are tried before it is looked whether one is ready.
const TRIED_AT_ONCE: usize = 4;
/// Time between two writes of its lines.
const SAVE: Duration = Duration::from_secs(1);
/// Letters of an error.
const ERROR: usize = 1_024;
/// Time beyond its own that a sandbox may take to begin and to be cleared up.
const BEYOND: Duration = Duration::from_mins(1);

/// What is held while it runs.
struct Place {
    _backend: OwnedSemaphorePermit,
    _at_work: OwnedSemaphorePermit,
    _turn: Turn,
}

/// How it ended.
enum End {
    /// Somebody wished so, or isomon ends.
    Cancelled,
    /// It could not be run.
    Failed(String),
    /// It ran.
    Ended(Box<Ended>),
}

/// Sees a workload to its end, which is recorded before it is told.
pub(super) async fn work(platform: Arc<Platform>, living: Arc<Living>, wish: Wish, share: Share) {
    let Share { waiting, _held } = share;
    let mut output = Output::default();
    let end = match begin(&platform, &living, &wish).await {
        Err(end) => {
            drop(waiting);
            end
        }
        Ok((path, place)) => {
            drop(waiting);
            let end = run(&platform, &living, &wish, path, &mut output).await;
            drop(place);
            end
        }
    };
    conclude(&platform, &living, &wish, end, output).await;
}

/// Waits for a backend and for its turn.
async fn begin(platform: &Platform, living: &Living, wish: &Wish) -> Result<(Path, Place), End> {
    let waiting = async {
        let path = choose(platform, wish).await?;
        let backend = platform.backend(path.backend);
        // A backend that is full must not keep those of others from their turn.
        let closed = |_| End::Cancelled;
        let backend = backend.acquire_owned().await.map_err(closed)?;
        let at_work = Arc::clone(&platform.at_work).acquire_owned().await.map_err(closed)?;
        let turn = platform.runner.turn().await;
        Ok((path, Place { _backend: backend, _at_work: at_work, _turn: turn }))
    };
    living.cancel.run_until_cancelled(waiting).await.unwrap_or(Err(End::Cancelled))
}

/// Tries backends, strongest first, a few at a time, until one is ready.
async fn choose(platform: &Platform, wish: &Wish) -> Result<Path, End> {
    let paths = path::paths(&wish.isolation, wish.runtime, &wish.job);
    let mut known = Vec::new();
    for some in paths.chunks(TRIED_AT_ONCE) {
        let ids: Vec<BackendId> = some.iter().map(|path| path.backend).collect();
        let tried = platform.runner.known(&ids).await;
        known = tried.map_err(|why| End::Failed(format!("resolve backend: {why}")))?;
        platform.learn(&known);
        if let Ok(path) = path::choose(&wish.isolation, wish.runtime, some, &known) {
            return Ok(path);
        }
    }
    path::choose(&wish.isolation, wish.runtime, &paths, &known).map_err(End::Failed)
}

/// Runs it, and takes in what it says.
async fn run(
    platform: &Platform,
    living: &Living,
    wish: &Wish,
    path: Path,
    output: &mut Output,
) -> End {
    let job = match wish.job_of(path.runtime) {
        Ok(job) => job,
        Err(why) => return End::Failed(why),
    };
    let now = platform.now_ns();
    let record = living.change(|record| {
        record.status = Status::Running;
        record.backend = Some(path.backend.name().to_owned());
        record.started_ns = Some(now);
    });
    // A store that fails says so itself; the workload goes on.
    platform.ledger.save(record).await.ok();
    platform.changed.notify_one();
    let (out, chunks) = mpsc::channel(CHUNKS);
    let task = task(path.backend, job, wish.limits(path.backend.boots_linux()));
    let began = Instant::now();
    let running = platform.runner.run(task, out, living.cancel.clone());
    let most = Duration::from_secs(wish.timeout_s()) + BEYOND;
    let heard = hear(platform, living, chunks, output);
    let (ended, ()) = tokio::join!(tokio::time::timeout(most, running), heard);
    let ran = ended.as_ref().ok().and_then(|ended| lasted(ended.as_ref().ok()?.as_ref()?));
    let ran = ran.unwrap_or_else(|| began.elapsed().as_secs_f64());
    living.change(|record| record.duration_s = Some(ran));
    match ended {
        Ok(Ok(Some(ended))) => End::Ended(Box::new(ended)),
        Ok(Ok(None)) => End::Cancelled,
        Ok(Err(refusal)) => End::Failed(words(&refusal)),
        Err(_) => End::Failed("its sandbox neither began nor ended in time".to_owned()),
    }
}

/// Seconds from its first moment to its last, without what making room for it took.
fn lasted(ended: &Ended) -> Option<f64> {
    let phases = &ended.trial.phases;
    [Phase::Exit, Phase::Run].into_iter().find_map(|last| phases.until(last)).map(|ran| ran.0)
}

fn task(backend: BackendId, job: Job, limits: Limits) -> Task {
    let work = Work::Job(Arc::new(Job { pace: Some(PACE), ..job }));
    let start = crate::model::backend::Start::Cold;
    Task { backend, start, work, kernel: None, nonce: random(), limits }
}

/// Takes in what is said, until no more comes.
async fn hear(
    platform: &Platform,
    living: &Living,
    mut chunks: mpsc::Receiver<Chunk>,
    output: &mut Output,
) {
    let mut save = interval(SAVE);
    save.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            chunk = chunks.recv() => {
                let Some(chunk) = chunk else { return };
                output.take(&chunk);
                if living.log().feed(&chunk, platform.now_ns()) {
                    living.say(false);
                }
            }
            _ = save.tick() => save_lines(platform, living).await,
        }
    }
}

/// Writes down the lines that are new. What fails is tried again with the next.
async fn save_lines(platform: &Platform, living: &Living) {
    let (lines, forget) = living.log().unsaved();
    let Some(last) = lines.last().map(|line| line.seq) else { return };
    if platform.ledger.append(&living.id, lines, forget).await.is_ok() {
        living.log().save(last + 1);
    }
}

/// Records its end, then tells it.
async fn conclude(platform: &Platform, living: &Living, wish: &Wish, end: End, mut output: Output) {
    let now = platform.now_ns();
    living.log().finish(now);
    let verdict = judge(wish, end, living.is_killed());
    if let Some(value) = &verdict.value {
        output.add(value.as_bytes());
        let bytes = format!("{value}\n").into_bytes();
        living.log().feed(&Chunk { stream: Stream::Output, bytes }, now);
    }
    save_lines(platform, living).await;
    let count = living.log().count();
    let record = living.change(|record| {
        record.status = verdict.status;
        record.exit_code = verdict.exit_code;
        record.error = verdict.error.map(|error| SafeText::within(&error, ERROR).to_string());
        record.finished_ns = Some(now.max(record.started_ns.unwrap_or(now)));
        record.dropped_bytes = output.dropped + verdict.dropped;
        record.output = Some(output.bytes).filter(|bytes| !bytes.is_empty());
        record.lines = count;
        record.unlimited = verdict.unlimited.join(",");
    });
    while platform.ledger.save(record.clone()).await.is_err() && !platform.stop.is_cancelled() {
        tokio::time::sleep(SAVE).await;
    }
    platform.living().remove(&living.id);
    living.say(true);
    platform.changed.notify_one();
}

/// What became of it.
#[derive(Debug, Default)]
struct Verdict {
    status: Status,
    exit_code: Option<i32>,
    error: Option<String>,
    value: Option<String>,
    dropped: u64,
    unlimited: Vec<&'static str>,
}

impl Verdict {
    fn failed(why: String) -> Self {
        Self { status: Status::Failed, error: Some(why), ..Self::default() }
    }
}

fn judge(wish: &Wish, end: End, killed: bool) -> Verdict {
    match end {
        End::Cancelled if killed => Verdict { status: Status::Killed, ..Verdict::default() },
        End::Cancelled => Verdict::failed("isomon ended while it ran".to_owned()),
        End::Failed(why) => Verdict::failed(why),
        End::Ended(ended) => of_trial(wish, *ended),
    }
}

fn of_trial(wish: &Wish, ended: Ended) -> Verdict {
    let Ended { trial, traits, remedy } = ended;
    let (status, exit_code, error) = outcome(wish, &trial, remedy.as_ref());
    let limits =
        [("memory", traits.memory_limit), ("cpus", traits.cpu_limit), ("pids", traits.pids_limit)];
    let unlimited = limits.into_iter().filter(|(_, holds)| !holds).map(|(name, _)| name);
    Verdict {
        status,
        exit_code,
        error,
        value: trial.value.filter(|value| !matches!(value.as_str(), "" | "null")),
        dropped: trial.dropped_bytes,
        unlimited: unlimited.collect(),
    }
}

/// A status other than 0 is no failure of ours.
fn outcome(
    wish: &Wish,
    trial: &Trial,
    remedy: Option<&SafeText>,
) -> (Status, Option<i32>, Option<String>) {
    let own = trial.status.or_else(|| trial.signal.map(|signal| 128 + signal));
    let (kind, message) = match &trial.outcome {
        Outcome::Good => return (Status::Completed, Some(own.unwrap_or(0)), None),
        Outcome::Failed { kind, message } => (*kind, message),
    };
    match kind {
        Failure::Status | Failure::Leak => {
            // Code in an isolate has no status: it threw, and said what.
            let error = own.is_none().then(|| message.to_string());
            (Status::Completed, Some(own.unwrap_or(1)), error)
        }
        Failure::Timeout => {
            let why = format!("workload timed out after {}s", wish.timeout_s());
            (Status::Failed, None, Some(why))
        }
        Failure::Memory => {
            let most = wish.asked.mem_mb.map_or_else(String::new, |mem| format!(" of {mem} MiB"));
            let why = format!("killed: it took more memory than its limit{most}");
            (Status::Failed, Some(128 + 9), Some(why))
        }
        Failure::Start | Failure::NotReady | Failure::WrongResult => {
            let mends = remedy.filter(|remedy| !remedy.is_empty());
            let mends = mends.map_or_else(String::new, |remedy| format!(" -> {remedy}"));
            (Status::Failed, own, Some(format!("{message}{mends}")))
        }
    }
}

fn words(refusal: &Refusal) -> String {
    if refusal.remedy.is_empty() {
        return refusal.why.to_string();
    }
    format!("{} -> {}", refusal.why, refusal.remedy)
}

/// What it writes to its standard output, from the beginning.
#[derive(Debug, Default)]
struct Output {
    bytes: Vec<u8>,
    dropped: u64,
}

impl Output {
    fn take(&mut self, chunk: &Chunk) {
        if chunk.stream == Stream::Output {
            self.add(&chunk.bytes);
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = OUTPUT.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend(bytes.iter().take(room));
        self.dropped += (bytes.len() - room) as u64;
    }
}

impl Platform {
    /// Takes from `known` how many each backend has room for.
    fn learn(&self, known: &[crate::model::backend::BackendStatus]) {
        let mut all = self.by_backend.lock().unwrap_or_else(PoisonError::into_inner);
        for status in known {
            let most = status.traits.max_at_once.map_or(self.room.at_once, |most| most as usize);
            let most = most.clamp(1, self.room.at_once);
            all.entry(status.id).or_insert_with(|| Arc::new(Semaphore::new(most)));
        }
    }

    fn backend(&self, id: BackendId) -> Arc<Semaphore> {
        let mut all = self.by_backend.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(id).or_insert_with(|| Arc::new(Semaphore::new(self.room.at_once))))
    }
}
