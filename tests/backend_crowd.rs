//! Many sandboxes at once: all of them alive at the same moment, none of them failing, let in or
//! refused as a whole, and nothing left.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::backend::{Camp, CampSettings, Error, Launch, Task, Trial, Work, audit};
use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Cell, Limits, Outcome, Payload};
use isomon::model::id::RunId;
use isomon::model::job::{Job, Runtime, What};
use isomon::model::unit::{Bytes, Seconds};
use rustix::process::{Resource, Rlimit};

use live::{Ground, id};

/// Longest that all of them may take to be there.
const PATIENCE: Duration = Duration::from_secs(150);
/// Ends when a file lies beside it, which is put there once all are seen alive.
const WAIT: &str = "until [ -e /job/go ] || [ -e ${0%/*}/go ]; do sleep 0.2; done\n";

fn waiting(backend: BackendId, count: usize) -> Vec<Task> {
    let what = What::Code { runtime: Runtime::Command, code: WAIT.into() };
    let job = Arc::new(Job { what, ..Job::default() });
    let limits = Limits { timeout_seconds: Seconds(300.0), pids: 256, ..Limits::default() };
    let task = |nonce| {
        let work = Work::Job(job.clone());
        Task { backend, start: Start::Cold, work, kernel: None, nonce, limits }
    };
    (1..=count as u64).map(task).collect()
}

/// The lots of run `id` in which a sandbox is alive now: one that has a process called `name`.
fn alive(id: &RunId, name: &str) -> BTreeSet<String> {
    // gVisor's processes have no environment; a machine may have no groups.
    let marks = [format!("/isomon/{id}/"), format!("ISOMON_RUN={id}/")];
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lot = |entry: std::fs::DirEntry| {
        let read = |name: &str| {
            let bytes = std::fs::read(entry.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let marked = [read("cgroup"), read("environ")];
        let after = |(text, mark): (&String, &String)| Some(text.split_once(mark)?.1.to_owned());
        let rest = marked.iter().zip(&marks).find_map(after)?;
        let lot = rest.split(['/', '\0', '\n']).next()?;
        read("cmdline")
            .split('\0')
            .any(|word| word.rsplit('/').next() == Some(name))
            .then(|| lot.to_owned())
    };
    processes.filter_map(lot).collect()
}

/// The directories of the jobs' files.
fn job_dirs(settings: &CampSettings, id: &RunId) -> Vec<PathBuf> {
    let place = settings.state.join("runs").join(id.as_str());
    let entries = std::fs::read_dir(place).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.is_dir() && is_job(path)).collect()
}

fn is_job(path: &Path) -> bool {
    path.file_name().unwrap().to_string_lossy().starts_with("job-")
}

/// Has `count` of them alive at once, then lets them end. `name` is seen where one is alive.
async fn crowd(backend: BackendId, count: usize, name: &str) {
    let ground = Ground::new();
    if !ground.check(&[backend]).await[0].readiness.runs() {
        println!("skipped: {backend} does not run here");
        assert!(!live::must_be_live());
        return;
    }
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let tasks = waiting(backend, count);
    let began = Instant::now();
    let going = tokio::spawn(async move { (camp.crowd(&tasks).await, camp) });
    let mut most = 0;
    while most < count {
        assert!(!going.is_finished() && began.elapsed() < PATIENCE, "{most} of {count} at once");
        most = most.max(alive(&id, name).len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("{backend}: {most} alive at once after {:?}", began.elapsed());
    for dir in job_dirs(&ground.settings, &id) {
        std::fs::write(dir.join("go"), "").unwrap();
    }
    let (trials, mut camp) = going.await.unwrap();
    let failed: Vec<Trial> =
        trials.unwrap().into_iter().filter(|trial| trial.outcome != Outcome::Good).collect();
    assert!(failed.is_empty(), "{} of {count}: {:?}", failed.len(), failed[0]);
    println!("{backend}: {count} ended well after {:?}", began.elapsed());
    // The lots are used again.
    let again = noops(backend, 2);
    assert!(camp.crowd(&again).await.unwrap().iter().all(|trial| trial.outcome == Outcome::Good));
    assert_clean(camp, &ground, &id).await;
}

/// A crowd that is given up leaves its lots with the camp, and the next one finds nothing in them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dropped_crowd_began_does_not_live_beside_the_next() {
    let (ground, id) = (Ground::new(), id());
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let tasks = waiting(BackendId::Process, 3);
    let all_alive = async {
        while alive(&id, "sh").len() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = camp.crowd(&tasks) => panic!("it waits for us: {ended:?}"),
        () = all_alive => {}
        () = tokio::time::sleep(PATIENCE) => panic!("not all of it began"),
    }
    let trials = camp.crowd(&noops(BackendId::Process, 1)).await.unwrap();
    assert_eq!(trials[0].outcome, Outcome::Good);
    assert_eq!(alive(&id, "sh"), BTreeSet::new());
    assert_clean(camp, &ground, &id).await;
}

fn noops(backend: BackendId, count: usize) -> Vec<Task> {
    let task = |nonce| Task::of(Cell::cold(backend, Payload::Noop), nonce, Limits::default());
    (1..=count as u64).map(task).collect()
}

async fn assert_clean(camp: Camp, ground: &Ground, id: &RunId) {
    let began = Instant::now();
    let swept = camp.close().await.unwrap();
    println!("cleared up in {:?}", began.elapsed());
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(audit(&ground.settings, id), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_at_once() {
    crowd(BackendId::Process, 20, "sh").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_kernels_in_user_space_at_once() {
    crowd(BackendId::GvisorPtrace, 5, "boot").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a minute"]
async fn two_hundred_processes_at_once() {
    crowd(BackendId::Process, 200, "sh").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a minute"]
async fn fifty_kernels_in_user_space_at_once() {
    crowd(BackendId::GvisorPtrace, 50, "boot").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_has_limits_of_its_own_and_its_own_end() {
    let ground = Ground::new();
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let shell = |script: &str, nonce| {
        let words = ["sh", "-c", script].map(str::to_owned);
        let job = Job { what: What::Command(words.into()), ..Job::default() };
        let limits = Limits {
            memory_bytes: Bytes(64 << 20),
            timeout_seconds: Seconds(20.0),
            ..Limits::default()
        };
        let (backend, start) = (BackendId::Process, Start::Cold);
        Task { backend, start, work: Work::Job(Arc::new(job)), kernel: None, nonce, limits }
    };
    let mut hung = shell("sleep 1000", 4);
    hung.limits.timeout_seconds = Seconds(1.0);
    let tasks = [
        shell("exit 0", 1),
        shell("exec tail /dev/zero", 2),
        shell("kill -9 $$", 3),
        hung,
        shell("exit 5", 5),
    ];
    let trials = camp.crowd(&tasks).await.unwrap();
    let ends: Vec<String> = trials
        .iter()
        .map(|trial| match &trial.outcome {
            Outcome::Good => "good".to_owned(),
            Outcome::Failed { kind, .. } => format!("{kind:?}"),
        })
        .collect();
    let limited = ground.check(&[BackendId::Process]).await[0].traits.memory_limit;
    let hog = if limited { "Memory" } else { ends[1].as_str() };
    assert_eq!(ends, ["good", hog, "Status", "Timeout", "Status"]);
    assert_eq!(trials[4].status, Some(5));
    assert_clean(camp, &ground, &id).await;
}

#[tokio::test]
async fn too_many_are_refused_as_a_whole_before_any_is_started() {
    let ground = Ground::new();
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let many = noops(BackendId::GvisorPtrace, 1_000_000);
    let refused = camp.crowd(&many).await;
    let Err(Error::NoRoom { count: 1_000_000, why }) = refused else { panic!("{refused:?}") };
    assert!(why.contains("memory: ") && why.contains(" are free"), "{why}");
    assert!(alive(&id, "__launcher").len() <= 1, "one was started");
    assert_eq!(camp.launch(&noops(BackendId::Process, 1)[0]).await.unwrap().outcome, Outcome::Good);
    assert_clean(camp, &ground, &id).await;
}

/// isomon whose launcher comes up where its number is `WHICH`, by a file that each adds to.
const FAILING: &str = "#!/bin/sh
if [ \"$1\" = __launcher ]; then
    echo >> COUNT
    [ \"$(wc -l < COUNT)\" WHICH ] || exit 1
fi
exec EXE \"$@\"
";

/// Where the launchers whose number is `which` come up, and the directory of the file.
fn failing(which: &str) -> (Ground, tempfile::TempDir) {
    let mut ground = Ground::new();
    let home = tempfile::tempdir().unwrap();
    let count = home.path().join("count");
    let script = FAILING
        .replace("COUNT", &count.to_string_lossy())
        .replace("WHICH", which)
        .replace("EXE", &live::exe().to_string_lossy());
    ground.fake("isomon", &script);
    ground.settings.exe = ground.settings.search[0].join("isomon");
    (ground, home)
}

#[tokio::test]
async fn one_that_does_not_come_up_once_does_not_go_on_without_limits() {
    let ((ground, _home), id) = (failing("-ne 2"), id());
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let refused = camp.crowd(&noops(BackendId::Process, 1)).await;
    assert!(matches!(refused, Err(Error::Helper { helper: "launcher", .. })), "{refused:?}");
    let again = camp.crowd(&noops(BackendId::Process, 1)).await.unwrap();
    assert_eq!(again[0].outcome, Outcome::Good);
    assert_clean(camp, &ground, &id).await;
}

#[tokio::test]
async fn where_one_cannot_be_opened_those_before_it_are_ended() {
    let (ground, _home) = failing("-le 7");
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let refused = camp.crowd(&noops(BackendId::Process, 30)).await;
    assert!(matches!(refused, Err(Error::Helper { helper: "launcher", .. })), "{refused:?}");
    assert_eq!(alive(&id, "__launcher"), BTreeSet::from(["main".to_owned()]), "the others stay");
    let swept = camp.close().await.unwrap();
    assert_eq!((swept.found, swept.left), (vec![], vec![]));
    assert_eq!(audit(&ground.settings, &id), []);
}

/// Runs alone, in a process of its own, since it bounds all of it.
#[test]
fn few_open_files_are_a_reason() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "within_few_open_files", "--ignored", "--nocapture"]);
    assert!(command.env("ISOMON_FEW_FILES", "1").status().unwrap().success());
}

#[tokio::test]
#[ignore = "runs only out of the test above"]
async fn within_few_open_files() {
    if std::env::var_os("ISOMON_FEW_FILES").is_none() {
        return;
    }
    let few = Rlimit { current: Some(256), maximum: Some(256) };
    rustix::process::setrlimit(Resource::Nofile, few).unwrap();
    let ground = Ground::new();
    let id = id();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    let refused = camp.crowd(&noops(BackendId::Process, 100)).await.unwrap_err().to_string();
    assert!(refused.contains("open files: 400 are needed"), "{refused}");
    let trials = camp.crowd(&noops(BackendId::Process, 10)).await.unwrap();
    assert!(trials.iter().all(|trial| trial.outcome == Outcome::Good));
    assert_clean(camp, &ground, &id).await;
}
