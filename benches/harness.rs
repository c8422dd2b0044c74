//! What isomon's own measuring costs, and what its own backends cost: its times beside those of the
//! barest other way to take them, or beside a goal. All visits are interleaved in one run, so that both
//! sides see the same machine; the last thing printed is a table. Wants a release build.
//!
//! Words after `--` choose rows by their names: `cargo bench --bench harness -- wasm crowd`. What is
//! missing on a machine, or in this build, is said and left out.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::path::PathBuf;

use isomon::backend::{Camp, CampSettings, Launch, Task};
use isomon::model::backend::{BackendId, Start};
use isomon::model::bench::{Cell, Figure, Limits, Outcome, Payload};
use isomon::model::id::RunId;
use rand::TryRngCore;

use rival::Rival;
use table::{Against, Row};

#[path = "harness/crowd.rs"]
mod crowd;
#[path = "rig/figure.rs"]
mod figure;
#[path = "harness/rival.rs"]
mod rival;
#[path = "harness/table.rs"]
mod table;

/// Whatever goes wrong is told and ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Visits of what takes less than a millisecond or so.
const MANY: usize = 400;
/// Visits of the rest.
const SOME: usize = 40;

/// What has a goal in milliseconds, from asked to the first byte of the marker, and its visits.
const GOALS: [(BackendId, Start, f64, usize); 9] = [
    (BackendId::Kvm, Start::Cold, 5.0, SOME),
    (BackendId::Wasm, Start::Cold, f64::NAN, MANY),
    (BackendId::Wasm, Start::Cached, 0.2, MANY),
    (BackendId::Wasm, Start::Pooled, 0.2, MANY),
    (BackendId::Wasm, Start::Warm, 0.2, MANY),
    (BackendId::V8, Start::Cold, 5.0, MANY),
    (BackendId::V8, Start::Snapshot, 2.0, MANY),
    (BackendId::V8, Start::Warm, 2.0, MANY),
    (BackendId::Deno, Start::Cold, f64::NAN, SOME),
];

/// Where all of it happens.
struct Arena {
    camp: Camp,
    settings: CampSettings,
    limits: Limits,
    home: PathBuf,
    chosen: Vec<String>,
    serial: u64,
}

/// One cell, and what it is held against.
struct Contest {
    name: String,
    cell: Cell,
    figure: Figure,
    rounds: usize,
    goal: f64,
    rival: Option<Rival>,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

fn main() -> Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result<()> {
    // No limits that bite: the other side has none.
    let cpus = std::thread::available_parallelism()?.get() as f64;
    let limits = Limits { cpus: cpus * 4.0, ..Limits::default() };
    let home = tempfile::tempdir()?;
    let mut settings = CampSettings::detect(limits)?;
    // Another build of it where one is named: what is measured is that one's.
    let named = std::env::var_os("ISOMON_TEST_EXE").map(PathBuf::from);
    settings.exe = named.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_isomon")));
    settings.state = home.path().join("state");
    let camp = Camp::open(&id()?, &settings).await?;
    let chosen = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let home = home.path().to_owned();
    let mut arena = Arena { camp, settings, limits, home, chosen, serial: 0 };
    let mut rows = contests(&mut arena).await?;
    rows.extend(crowd::all(&mut arena).await?);
    table::print(&rows);
    arena.camp.close().await?;
    Ok(())
}

/// An id that no other run has.
fn id() -> Result<RunId> {
    Ok(RunId::new(0, rand::rngs::OsRng.try_next_u32()?))
}

impl Arena {
    /// Whether rows called `name` are wanted.
    fn wants(&self, name: &str) -> bool {
        self.chosen.is_empty() || self.chosen.iter().any(|word| name.contains(word.as_str()))
    }

    /// Time of one visit, in seconds; why there is none.
    async fn visit(&mut self, cell: Cell, figure: Figure) -> std::result::Result<f64, String> {
        self.serial += 1;
        let task = Task::of(cell, self.serial, self.limits);
        let trial = self.camp.launch(&task).await.map_err(|error| error.to_string())?;
        match (trial.outcome, figure.of(&trial.phases)) {
            (Outcome::Good, Some(time)) => Ok(time.0),
            (Outcome::Good, None) => Err("a phase is missing".to_owned()),
            (Outcome::Failed { message, .. }, _) => Err(message.to_string()),
        }
    }
}

/// Visits all in turn, round after round.
async fn contests(arena: &mut Arena) -> Result<Vec<Row>> {
    let mut contests = entrants(arena).await?;
    let rounds = contests.iter().map(|contest| contest.rounds).max().unwrap_or(0);
    for round in 0..rounds {
        for contest in contests.iter_mut().filter(|contest| round < contest.rounds) {
            let ours = arena.visit(contest.cell, contest.figure).await;
            match ours {
                Ok(time) => contest.ours.push(time),
                Err(why) => println!("{}: {why}", contest.name),
            }
            if let Some(rival) = &mut contest.rival {
                contest.theirs.push(rival.visit()?);
            }
        }
    }
    Ok(contests.into_iter().map(Contest::into_row).collect())
}

/// Those that can be visited here; of the others, why not.
async fn entrants(arena: &mut Arena) -> Result<Vec<Contest>> {
    let mut ready = Vec::new();
    let mut absent: Vec<String> = Vec::new();
    for (backend, start, goal, rounds) in GOALS {
        let name = format!("{backend} {}", start.name());
        let contest = Contest::new(&name, backend, start, rounds);
        ready.push(Contest { figure: Figure::Start, goal, ..contest });
    }
    let rivals = [
        (BackendId::Process, MANY, 1.05),
        (BackendId::GvisorPtrace, SOME, 1.03),
        (BackendId::QemuTcg, SOME, 1.03),
        (BackendId::QemuKvm, SOME, 1.03),
        (BackendId::Firecracker, SOME, 1.05),
    ];
    for (backend, rounds, goal) in rivals {
        for start in [Start::Cold, Start::Snapshot] {
            if start != Start::Cold && !backend.starts().contains(&start) {
                continue;
            }
            let name = format!("{backend} {}", start.name());
            if !arena.wants(&name) {
                continue;
            }
            for (way, rival) in rival::of(arena, backend, start).await.unwrap_or_else(|why| {
                absent.push(format!("{name}: {why}"));
                Vec::new()
            }) {
                let contest = Contest::new(&name, backend, start, rounds);
                let goal = if way { goal } else { f64::NAN };
                ready.push(Contest { goal, rival: Some(rival), ..contest });
            }
        }
    }
    let mut here = Vec::new();
    for contest in ready {
        if !arena.wants(&contest.name) {
            continue;
        }
        match arena.visit(contest.cell, contest.figure).await {
            Ok(_) => here.push(contest),
            Err(why) => absent.push(format!("{}: {why}", contest.name)),
        }
    }
    for line in absent {
        println!("{line}");
    }
    Ok(here)
}

impl Contest {
    fn new(name: &str, backend: BackendId, start: Start, rounds: usize) -> Self {
        Self {
            name: name.to_owned(),
            cell: Cell { start, ..Cell::cold(backend, Payload::Noop) },
            figure: Figure::Cli,
            rounds,
            goal: f64::NAN,
            rival: None,
            ours: Vec::new(),
            theirs: Vec::new(),
        }
    }

    fn into_row(self) -> Row {
        let goal = self.goal.is_finite().then_some(self.goal);
        let against = match self.rival {
            Some(rival) => Against::Rival { name: rival.name(), times: self.theirs, goal },
            None => Against::Goal { milliseconds: goal },
        };
        Row { name: self.name, times: self.ours, against }
    }
}
