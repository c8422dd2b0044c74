//! The platform with a runner that runs nothing, on paused time.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::sync::oneshot;

use super::*;
use crate::backend::{Trial, Work};
use crate::model::backend::{Readiness, Traits};
use crate::model::bench::{Failure, Outcome, Phase, Phases};
use crate::model::id::SourceId;
use crate::model::job::{Runtime, Stream};
use crate::model::time::SetClock;
use crate::model::unit::Seconds;
use crate::model::update::{Update, What};
use crate::store::workload::{Filter, Keep};

/// Does what the code says: `sleep N`, `say X`, `exit N`, `late`, `refuse`.
#[derive(Default)]
struct Fake {
    now: AtomicUsize,
    most: AtomicUsize,
    measuring: tokio::sync::RwLock<()>,
}

impl Fake {
    async fn act(&self, task: Task, out: mpsc::Sender<Chunk>) -> Result<Ended, Refusal> {
        let Work::Job(job) = &task.work else { panic!("no job") };
        let crate::model::job::What::Code { code, .. } = &job.what else { panic!("no code") };
        let text = String::from_utf8_lossy(code).into_owned();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let number = || rest.parse::<u64>().unwrap_or_default();
        let mut trial = trial();
        match word {
            "sleep" => tokio::time::sleep(Duration::from_secs(number())).await,
            "say" => {
                let bytes = format!("{rest}\n").into_bytes();
                out.send(Chunk { stream: Stream::Output, bytes }).await.unwrap();
            }
            "flood" => {
                for line in 0..number() {
                    let bytes = format!("{line}\n").into_bytes();
                    out.send(Chunk { stream: Stream::Output, bytes }).await.unwrap();
                }
            }
            "exit" => {
                trial.status = Some(i32::try_from(number()).unwrap());
                let message = "status".into();
                trial.outcome = Outcome::Failed { kind: Failure::Status, message };
            }
            "late" => {
                let message = "late".into();
                trial.outcome = Outcome::Failed { kind: Failure::Timeout, message };
            }
            _ => return Err(Refusal::new("no such thing", "mend it")),
        }
        Ok(Ended { trial, traits: Traits::default(), remedy: None })
    }
}

fn trial() -> Trial {
    let mut phases = Phases::default();
    phases.set(Phase::Create, Seconds(0.1));
    Trial {
        phases,
        outcome: Outcome::Good,
        status: Some(0),
        signal: None,
        value: None,
        left_over: false,
        dropped_bytes: 0,
        said: Vec::new(),
    }
}

/// What is told to the one who runs workloads, so that a test can hold the other end too.
struct Shared(Arc<Fake>);

impl Runner for Shared {
    fn known<'a>(&'a self, _: &'a [BackendId]) -> Waited<'a, Result<Vec<BackendStatus>, SafeText>> {
        Box::pin(async {
            let traits = Traits { runtimes: Runtime::ALL.to_vec(), ..Traits::default() };
            let status = BackendStatus::new(BackendId::Namespaces);
            Ok(vec![BackendStatus { readiness: Readiness::Ready, traits, ..status }])
        })
    }

    fn turn(&self) -> Waited<'_, Turn> {
        Box::pin(async {
            drop(self.0.measuring.read().await);
            Box::new(()) as Turn
        })
    }

    fn run(
        &self,
        task: Task,
        out: mpsc::Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Waited<'_, Result<Option<Ended>, Refusal>> {
        Box::pin(async move {
            let now = self.0.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.0.most.fetch_max(now, Ordering::SeqCst);
            let done = cancel.run_until_cancelled(self.0.act(task, out)).await;
            self.0.now.fetch_sub(1, Ordering::SeqCst);
            done.transpose()
        })
    }
}

struct Stand {
    platform: Arc<Platform>,
    fake: Arc<Fake>,
    told: mpsc::Receiver<Update>,
}

fn stand(room: Room) -> Stand {
    let fake = Arc::new(Fake::default());
    let clock = Arc::new(SetClock::default());
    clock.set(1_000);
    let (to, told) = mpsc::channel(1_000);
    let outlet = Outlet::new(SourceId::local(), clock.clone(), to);
    let ledger = Ledger::in_memory(Keep::default()).unwrap();
    let runner = Arc::new(Shared(Arc::clone(&fake)));
    Stand { platform: Platform::begin(runner, ledger, clock, "here", room, outlet), fake, told }
}

const ROOM: Room = Room { at_once: 2, waiting: 4 };

fn order(code: &str) -> Order {
    let json = json!({"runtime": "python", "code": code, "resources": {"timeout_s": 7}});
    serde_json::from_value(json).unwrap()
}

async fn done(stand: &Stand, code: &str) -> Record {
    stand.platform.submit(order(code)).await.unwrap().ended().await
}

/// Waits until it runs.
async fn at_work(living: &Living) {
    let mut watch = living.watch();
    while living.record().status == Status::Pending {
        watch.changed().await.unwrap();
    }
}

/// Lets everything happen that can without waiting for the clock of the ledger's thread.
async fn settle() {
    for _ in 0..50 {
        let (tell, told) = oneshot::channel();
        std::thread::spawn(move || tell.send(()));
        told.await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_end_has_its_status() {
    let stand = stand(ROOM);
    let rows = [
        ("say hello", Status::Completed, Some(0), None),
        ("exit 3", Status::Completed, Some(3), None),
        ("late", Status::Failed, None, Some("workload timed out after 7s")),
        ("fly", Status::Failed, None, Some("no such thing -> mend it")),
    ];
    for (code, status, exit_code, error) in rows {
        let record = done(&stand, code).await;
        assert_eq!((record.status, record.exit_code), (status, exit_code), "{code}");
        assert_eq!(record.error.as_deref(), error, "{code}");
        assert_eq!((record.backend.as_deref(), &*record.isolation), (Some("namespaces"), "auto"));
        assert_eq!(stand.platform.ledger.read(&record.id).await.unwrap(), Some(record), "{code}");
    }
    assert!(stand.platform.living().is_empty());
}

#[tokio::test]
async fn ids_sort_by_time_and_output_and_lines_are_kept() {
    let stand = stand(ROOM);
    let first = done(&stand, "say one").await;
    let second = done(&stand, "say two").await;
    assert!(second.id > first.id && Ulid::from_string(&first.id).is_ok());
    assert_eq!((second.output.as_deref(), second.lines), (Some(&b"two\n"[..]), 1));
    let lines = stand.platform.ledger.lines(&second.id, 0, 9).await.unwrap();
    assert_eq!(lines[0].text, "two");
    assert_eq!(second.duration_s.map(|seconds| seconds < 1.0), Some(true));
}

#[tokio::test]
async fn so_many_are_at_work_and_so_many_wait_and_more_are_turned_away() {
    let stand = stand(ROOM);
    let mut taken = Vec::new();
    let mut refused = 0;
    for _ in 0..12 {
        match stand.platform.submit(order("sleep 600")).await {
            Ok(living) => {
                if taken.len() < ROOM.at_once {
                    at_work(&living).await;
                }
                taken.push(living);
            }
            Err(problem) => {
                assert_eq!(problem.status, 503);
                assert!(problem.header.is_some() && problem.text.as_str().contains("4 workloads"));
                refused += 1;
            }
        }
    }
    assert_eq!((taken.len(), refused), (6, 6));
    for living in &taken {
        assert_eq!(stand.platform.kill(&living.id).await.unwrap().status, Status::Killed);
    }
    assert_eq!(stand.fake.most.load(Ordering::SeqCst), 2);
    assert_eq!(stand.fake.now.load(Ordering::SeqCst), 0);
    let again = stand.platform.kill(&taken[0].id).await.unwrap_err();
    assert_eq!(
        (again.status, again.text.as_str()),
        (409, "workload cannot be killed in its current state")
    );
    assert_eq!(stand.platform.kill("01JKQX7V8MZRN3B4HTGFWDCS9E").await.unwrap_err().status, 404);
    assert_eq!(stand.platform.kill("../etc").await.unwrap_err().status, 404);
}

#[tokio::test]
async fn while_something_is_measured_they_wait() {
    let stand = stand(ROOM);
    let measuring = stand.fake.measuring.write().await;
    let living = stand.platform.submit(order("say x")).await.unwrap();
    settle().await;
    assert_eq!(living.record().status, Status::Pending);
    drop(measuring);
    assert_eq!(living.ended().await.status, Status::Completed);
}

#[tokio::test]
async fn when_isomon_ends_they_are_said_to_have_failed() {
    let stand = stand(ROOM);
    let living = stand.platform.submit(order("sleep 600")).await.unwrap();
    at_work(&living).await;
    stand.platform.close().await;
    let record = living.ended().await;
    assert_eq!(record.status, Status::Failed);
    assert_eq!(record.error.as_deref(), Some("isomon ended while it ran"));
    assert_eq!(stand.platform.submit(order("say x")).await.unwrap_err().status, 503);
}

#[tokio::test]
async fn what_happens_is_told_with_figures() {
    let mut stand = stand(ROOM);
    done(&stand, "say x").await;
    done(&stand, "exit 1").await;
    let workloads = loop {
        let update = stand.told.recv().await.unwrap();
        if let What::Workloads(workloads) = update.what
            && workloads.by_status == [(Status::Completed, 2)]
        {
            break workloads;
        }
    };
    assert_eq!((workloads.total, workloads.latest.len()), (Some(2), 2));
    assert_eq!(workloads.by_backend[0].success.map(crate::model::unit::Ratio::fraction), Some(0.5));
    assert_eq!(workloads.latest[1].output.as_ref().map(SafeText::as_str), Some("x"));
}

/// Everything that a reader of `id` is sent.
async fn read(stand: &Stand, id: &str, next: u64) -> String {
    use http_body_util::BodyExt;
    let one = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let events = stream::events(Arc::clone(&stand.platform), id.to_owned(), next, one);
    let bytes = events.0.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_stream_is_replayed_and_always_ends() {
    let stand = stand(ROOM);
    let living = stand.platform.submit(order("say hello")).await.unwrap();
    let wanted = "id: 0\ndata: hello\n\nevent: done\ndata: stream complete\n\n";
    assert_eq!(read(&stand, &living.id, 0).await, wanted, "while it goes on");
    living.ended().await;
    assert_eq!(read(&stand, &living.id, 0).await, wanted, "when it is over");
    let rest = read(&stand, &living.id, 1).await;
    assert_eq!(rest, "event: done\ndata: stream complete\n\n", "after the last one seen");
}

#[tokio::test]
async fn of_a_flood_a_reader_is_told_what_it_misses() {
    let stand = stand(ROOM);
    let living = stand.platform.submit(order("flood 20000")).await.unwrap();
    let record = living.ended().await;
    assert_eq!(record.lines, 20_000);
    let text = read(&stand, &record.id, 0).await;
    assert_eq!(text.matches("data: ").count(), 5_000 + 2);
    assert!(text.contains("event: gap\ndata: 15000 lines were not kept\n\nid: 17500\n"));
    assert!(text.ends_with("id: 19999\ndata: 19999\n\nevent: done\ndata: stream complete\n\n"));
}

#[tokio::test]
async fn a_list_is_the_ledgers_and_as_they_are_now() {
    let stand = stand(ROOM);
    let living = stand.platform.submit(order("sleep 600")).await.unwrap();
    at_work(&living).await;
    let page = stand.platform.ledger.list(Filter::default(), 9, 0).await.unwrap();
    let fresh = stand.platform.fresh(page.records[0].clone());
    assert_eq!(fresh.status, Status::Running);
    stand.platform.kill(&living.id).await.unwrap();
}
