//! Workloads: programs that clients send, run in sandboxes, recorded, and told in Vulcan's shapes.
//!
//! A [`Platform`] takes orders in, has so many at work at the same time and lets so many wait; more
//! are turned away. Each is written down before it is acknowledged. Who really runs them is behind
//! [`Runner`], so that this floor knows no hub.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::distr::{Distribution, StandardUniform};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use ulid::Ulid;

use super::answer::Problem;
use crate::backend::{Ended, Refusal, Task};
use crate::model::backend::{BackendId, BackendStatus};
use crate::model::job::Chunk;
use crate::model::text::SafeText;
use crate::model::time::Clock;
use crate::model::workload::Status;
use crate::store::sqlite;
use crate::store::workload::{Error, Ledger, Record};
use crate::watch::Outlet;

mod archive;
mod door;
mod keep;
mod life;
mod log;
mod order;
mod path;
mod shape;
mod stream;
mod tell;
#[cfg(test)]
mod tests;
mod work;

pub(super) use self::door::routes;
use self::life::Living;
pub use self::order::{Order, Resources};
pub use self::shape::Workload;
pub(super) use self::shape::rfc3339;
pub(super) use self::tell::by_backend;
pub use self::tell::seen;

/// What is waited for.
pub type Waited<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// As long as this is held, no measurement begins.
pub type Turn = Box<dyn Send + Sync>;

/// Who runs what was ordered.
pub trait Runner: Send + Sync + 'static {
    /// All that is known, of `ids` and others. Those of `ids` that were never tried are tried first.
    fn known<'a>(
        &'a self,
        ids: &'a [BackendId],
    ) -> Waited<'a, Result<Vec<BackendStatus>, SafeText>>;

    /// Waits until no measurement goes on that would be disturbed.
    fn turn(&self) -> Waited<'_, Turn>;

    /// Does `task`, whose work is a job, and tells its output through `out`; `None` if it was
    /// cancelled. Whatever happens, nothing is left of it.
    fn run(
        &self,
        task: Task,
        out: mpsc::Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Waited<'_, Result<Option<Ended>, Refusal>>;
}

/// How much goes on at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Workloads at work.
    pub at_once: usize,
    /// Workloads that wait.
    pub waiting: usize,
}

impl Room {
    /// As many at work as there are processors, at least two; 64 wait.
    pub fn of(cpus: u32) -> Self {
        Self { at_once: cpus.max(2) as usize, waiting: 64 }
    }
}

/// Bytes of code and archives in memory, in KiB.
const HELD_KIB: usize = 256 << 10;
/// How long those that run may take to be cleared up when isomon ends.
const CLEAR_UP: Duration = Duration::from_secs(8);

/// What takes orders in.
pub struct Platform {
    runner: Arc<dyn Runner>,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    /// What the machine calls itself.
    node: String,
    room: Room,
    living: Mutex<HashMap<String, Arc<Living>>>,
    waiting: Arc<Semaphore>,
    at_work: Arc<Semaphore>,
    held: Arc<Semaphore>,
    /// Those at work in each backend.
    by_backend: Mutex<BTreeMap<BackendId, Arc<Semaphore>>>,
    last: Mutex<Ulid>,
    changed: Notify,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What an order keeps from others until it is over.
#[derive(Debug)]
struct Share {
    waiting: OwnedSemaphorePermit,
    _held: OwnedSemaphorePermit,
}

impl Platform {
    /// A platform on `node`, recorded in `ledger`; what happens is told through `outlet`.
    pub fn begin(
        runner: Arc<dyn Runner>,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        node: &str,
        room: Room,
        outlet: Outlet,
    ) -> Arc<Self> {
        let platform = Arc::new(Self {
            runner,
            ledger,
            clock,
            node: node.to_owned(),
            room,
            living: Mutex::default(),
            waiting: Arc::new(Semaphore::new(room.waiting)),
            at_work: Arc::new(Semaphore::new(room.at_once)),
            held: Arc::new(Semaphore::new(HELD_KIB)),
            by_backend: Mutex::default(),
            last: Mutex::new(Ulid::nil()),
            changed: Notify::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        platform.tasks.spawn(tell::tell(Arc::clone(&platform), outlet));
        platform.tasks.spawn(keep::keep(Arc::clone(&platform)));
        platform
    }

    /// Where workloads are recorded.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The present, in nanoseconds since 1970 UTC.
    pub fn now_ns(&self) -> i64 {
        self.clock.wall_ns()
    }

    /// Takes `order` in. It is on the disk when this returns, and goes on whether or not anyone waits.
    async fn submit(self: &Arc<Self>, order: Order) -> Result<Arc<Living>, Problem> {
        // An archive is looked through, which may take a second.
        let reading = tokio::task::spawn_blocking(move || order::read(order)).await;
        let wish = reading.map_err(|error| Problem::new(500, error.to_string()))??;
        let share = self.admit(wish.bytes)?;
        let record = Record {
            id: self.new_id().to_string(),
            isolation: wish.isolation.word().to_owned(),
            runtime: wish.runtime.name().to_owned(),
            node: self.node.clone(),
            created_ns: self.now_ns(),
            cpus: wish.asked.cpus,
            mem_mb: wish.asked.mem_mb,
            timeout_s: wish.asked.timeout_s,
            ..Record::default()
        };
        self.ledger.save(record.clone()).await.map_err(problem)?;
        let living = Arc::new(Living::new(record, self.stop.child_token()));
        self.living().insert(living.id.clone(), Arc::clone(&living));
        self.changed.notify_one();
        self.tasks.spawn(work::work(Arc::clone(self), Arc::clone(&living), wish, share));
        Ok(living)
    }

    /// Room for one more order of `bytes`.
    fn admit(&self, bytes: usize) -> Result<Share, Problem> {
        if self.stop.is_cancelled() {
            return Err(Problem::busy("isomon is going down"));
        }
        let full = |what: String| Problem::busy(format!("{what}; try again in a moment"));
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let waiting =
            waiting.map_err(|_| full(format!("{} workloads wait already", self.room.waiting)))?;
        let kib = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX);
        let held = Arc::clone(&self.held).try_acquire_many_owned(kib);
        let held = held.map_err(|_| full("workloads that wait hold 256 MiB already".to_owned()))?;
        Ok(Share { waiting, _held: held })
    }

    /// Ends workload `id`, and waits until nothing is left of it.
    async fn kill(&self, id: &str) -> Result<Record, Problem> {
        let Some(living) = self.alive(id) else {
            return Err(match self.read(id).await? {
                Some(_) => not_now(),
                None => unknown(),
            });
        };
        if !living.kill() {
            return Err(not_now());
        }
        let record = living.ended().await;
        if record.status == Status::Killed { Ok(record) } else { Err(not_now()) }
    }

    /// Workload `id` as it is now.
    async fn read(&self, id: &str) -> Result<Option<Record>, Problem> {
        match self.alive(id) {
            Some(living) => Ok(Some(living.record())),
            None if Ulid::from_string(id).is_err() => Ok(None),
            None => self.ledger.read(id).await.map_err(problem),
        }
    }

    fn alive(&self, id: &str) -> Option<Arc<Living>> {
        self.living().get(id).cloned()
    }

    fn living(&self) -> MutexGuard<'_, HashMap<String, Arc<Living>>> {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An id for now, later than all before.
    fn new_id(&self) -> Ulid {
        let now = u64::try_from(self.now_ns() / 1_000_000).unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if now > last.timestamp_ms() {
            *last = Ulid::from_parts(now, random());
        } else {
            *last = last.increment().unwrap_or(*last);
        }
        *last
    }

    /// Ends all that run, and waits until nothing is left of them.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(CLEAR_UP, self.tasks.wait()).await.is_err() {
            tracing::warn!("workloads were not cleared up in time; the reaper does that");
        }
    }
}

/// A number nobody can guess.
pub(super) fn random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    StdRng::from_os_rng().random()
}

/// What went wrong with the record, as a client is told.
#[expect(clippy::needless_pass_by_value, reason = "as map_err hands it")]
pub(super) fn problem(error: Error) -> Problem {
    let text = format!("{error}; {}", error.remedy());
    match error {
        Error::Behind | Error::Full { .. } | Error::File(sqlite::Error::Busy { .. }) => {
            Problem::busy(text)
        }
        Error::File(_) => Problem::new(500, text),
    }
}

fn unknown() -> Problem {
    Problem::unknown("workload not found")
}

fn not_now() -> Problem {
    Problem::new(409, "workload cannot be killed in its current state")
}
