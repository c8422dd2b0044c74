//! Many at once: how long until all of them are alive, and how many fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Task, Trial, Work};
use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Cell, Figure, Limits, Outcome, Payload};
use isomon::model::id::RunId;
use isomon::model::job::{Job, Runtime, What};
use isomon::model::unit::Seconds;

use super::table::{Against, Row};
use super::{Arena, Result, id};

/// Which, how many, and the program that is seen while one is alive; none in a host.
const CROWDS: [(BackendId, usize, Option<&str>); 4] = [
    (BackendId::Process, 200, Some("sh")),
    (BackendId::GvisorPtrace, 50, Some("boot")),
    (BackendId::Wasm, 1000, None),
    (BackendId::V8, 1000, None),
];
/// Longest that all of a crowd may take to be alive.
const PATIENCE: Duration = Duration::from_secs(150);
/// Between two looks who is alive.
const GLANCE: Duration = Duration::from_millis(20);
/// Ends when a file lies beside it, which is put there once all are seen alive.
const WAIT: &str = "until [ -e /job/go ] || [ -e ${0%/*}/go ]; do sleep 0.2; done\n";

/// A row of each crowd that is wanted, can be here and finds room.
pub(crate) async fn all(arena: &mut Arena) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (backend, count, program) in CROWDS {
        let name = format!("crowd of {count} {backend}");
        let cell = Cell::cold(backend, Payload::Noop);
        if !arena.wants(&name) {
            continue;
        }
        if let Err(why) = arena.visit(cell, Figure::Start).await {
            println!("{name}: {why}");
            continue;
        }
        let crowd = match program {
            Some(program) => programs(arena, backend, count, program).await,
            None => isolates(arena, backend, count).await,
        };
        match crowd {
            Ok((alive, failed)) => {
                let against = Against::Failures { of: count, failed };
                rows.push(Row { name: format!("{name}, alive"), times: vec![alive], against });
            }
            Err(why) => println!("{name}: {why}"),
        }
    }
    Ok(rows)
}

/// Seconds until each has said its marker, all of them asked at once and none taken away before the
/// last has worked; and how many failed.
async fn isolates(arena: &Arena, backend: BackendId, count: usize) -> Result<(f64, usize)> {
    let mut camp = Camp::open(&id()?, &arena.settings).await?;
    let start = if backend == BackendId::Wasm { Start::Pooled } else { Start::Snapshot };
    let cell = Cell { start, ..Cell::cold(backend, Payload::Noop) };
    let task =
        |nonce| Task::of(cell, nonce, Limits { cpus: arena.limits.cpus, ..Limits::default() });
    let tasks: Vec<Task> = (1..=count as u64).map(task).collect();
    let trials = camp.crowd(&tasks).await?;
    camp.close().await?;
    let starts = trials.iter().filter_map(|trial| Figure::Start.of(&trial.phases));
    Ok((starts.map(|time| time.0).fold(0.0, f64::max), failures(&trials)))
}

/// Seconds until a process of each is seen; and how many failed.
async fn programs(
    arena: &Arena,
    backend: BackendId,
    count: usize,
    program: &str,
) -> Result<(f64, usize)> {
    let run = id()?;
    let mut camp = Camp::open(&run, &arena.settings).await?;
    let what = What::Code { runtime: Runtime::Command, code: WAIT.into() };
    let job = Arc::new(Job { what, ..Job::default() });
    let limits = Limits { timeout_seconds: Seconds(300.0), pids: 256, ..arena.limits };
    let task = |nonce| {
        let work = Work::Job(job.clone());
        Task { backend, start: Start::Cold, work, kernel: None, nonce, limits }
    };
    let tasks: Vec<Task> = (1..=count as u64).map(task).collect();
    let began = Instant::now();
    let going = tokio::spawn(async move { (camp.crowd(&tasks).await, camp) });
    while lots(&run, program).len() < count && began.elapsed() < PATIENCE && !going.is_finished() {
        tokio::time::sleep(GLANCE).await;
    }
    let alive = began.elapsed().as_secs_f64();
    release(&arena.settings.state.join("runs").join(run.as_str()));
    let (trials, camp) = going.await?;
    camp.close().await?;
    Ok((alive, failures(&trials?)))
}

fn failures(trials: &[Trial]) -> usize {
    trials.iter().filter(|trial| trial.outcome != Outcome::Good).count()
}

/// Lets those end whose files lie in `place`.
fn release(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("job-") {
            // One that has ended already took its directory with it.
            fs::write(entry.path().join("go"), "").ok();
        }
    }
}

/// The lots of `run` in which a process called `program` is alive.
fn lots(run: &RunId, program: &str) -> BTreeSet<String> {
    // gVisor's processes have no environment; a machine may have no groups.
    let marks = [("cgroup", format!("/isomon/{run}/")), ("environ", format!("ISOMON_RUN={run}/"))];
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lot = |entry: fs::DirEntry| {
        let read = |name: &str| {
            let bytes = fs::read(entry.path().join(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let rest = marks
            .iter()
            .find_map(|(file, mark)| Some(read(file).split_once(mark.as_str())?.1.to_owned()))?;
        let lot = rest.split(['/', '\0', '\n']).next()?;
        let is_it = |word: &str| word.rsplit('/').next() == Some(program);
        read("cmdline").split('\0').any(is_it).then(|| lot.to_owned())
    };
    processes.filter_map(lot).collect()
}
