//! The owner of a camp that is to be killed: the test program again, told by its environment what to
//! do. Each test program has an ignored test called `victim` that is nothing but [`play`].

#![allow(dead_code, reason = "each test program uses its part")]

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Crew, Launch, Task, Work};
use isomon::model::backend::BackendId;
use isomon::model::bench::{Cell, Limits, Outcome, Payload};
use isomon::model::id::RunId;
use isomon::model::job::{Job, What};
use isomon::model::unit::Seconds;
use tokio::sync::mpsc;

use crate::live::{Ground, id};

/// What a victim does until it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// One sandbox whose work never ends.
    Long,
    /// One sandbox after the other, each of which ends at once.
    Short,
    /// A user's command that never ends.
    Job,
    /// One sandbox that ends at once, and an orderly end of the camp.
    Once,
    /// A sandbox whose time is over soon, and others after it.
    Late,
    /// That many sandboxes at once whose work never ends.
    Crowd(usize),
    /// That many that stand still.
    Stand(usize),
    /// That many hands, each with a sandbox whose work never ends.
    Hands(u32),
}

impl Doing {
    fn name(self) -> String {
        match self {
            Self::Crowd(count) => count.to_string(),
            Self::Stand(count) => format!("stand{count}"),
            Self::Hands(count) => format!("hands{count}"),
            other => format!("{other:?}"),
        }
    }

    fn of(name: &str) -> Option<Self> {
        let all = [Self::Long, Self::Short, Self::Job, Self::Once, Self::Late];
        let one = all.into_iter().find(|one| one.name() == name);
        let stand = || name.strip_prefix("stand")?.parse().ok().map(Self::Stand);
        let hands = || name.strip_prefix("hands")?.parse().ok().map(Self::Hands);
        let one = one.or_else(stand).or_else(hands);
        one.or_else(|| name.parse().ok().map(Self::Crowd))
    }
}

/// A victim that was started.
pub(crate) struct Victim {
    pub(crate) id: RunId,
    pub(crate) child: Child,
}

impl Victim {
    /// One with the state directory `state`; `turn` says which start of the backend comes first.
    /// `fail` names the moment at which it dies by itself.
    pub(crate) fn start(
        state: &Path,
        backend: BackendId,
        doing: Doing,
        turn: u32,
        fail: Option<&str>,
    ) -> Self {
        let id = id();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "victim", "--ignored", "--quiet"]);
        command.env("ISOMON_VICTIM", id.as_str()).env("ISOMON_STATE", state);
        command.env("ISOMON_BACKEND", backend.name()).env("ISOMON_DOING", doing.name());
        command.env("ISOMON_TURN", turn.to_string());
        command.envs(fail.map(|point| ("ISOMON_FAIL", format!("{point}:kill"))));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        Self { id, child }
    }

    /// Waits for its own end.
    pub(crate) fn ended(&mut self, within: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < within, "it does not end");
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Is a victim, if this process was started as one.
pub(crate) async fn play() {
    let told = |name: &str| std::env::var(name).ok();
    let Some(id) = told("ISOMON_VICTIM").and_then(|id| RunId::parse(&id)) else {
        return;
    };
    let ground = Ground::at(std::env::var_os("ISOMON_STATE").unwrap().into());
    let name = told("ISOMON_BACKEND").unwrap();
    let backend = BackendId::ALL.into_iter().find(|one| one.name() == name).unwrap();
    let doing = Doing::of(&told("ISOMON_DOING").unwrap()).unwrap();
    let first: u64 = told("ISOMON_TURN").unwrap().parse().unwrap();
    let mut camp = Camp::open(&id, &ground.settings).await.unwrap();
    for turn in first.. {
        act(&mut camp, backend, doing, turn * 100).await;
        if doing == Doing::Once {
            camp.close().await.unwrap();
            return;
        }
    }
}

async fn act(camp: &mut Camp, backend: BackendId, doing: Doing, nonce: u64) {
    match doing {
        Doing::Long => drop(camp.launch(&task(backend, nonce, endless())).await.unwrap()),
        Doing::Short | Doing::Once => {
            drop(camp.launch(&task(backend, nonce, Payload::Noop)).await.unwrap());
        }
        Doing::Late => {
            let mut task = task(backend, nonce, endless());
            task.limits.timeout_seconds = Seconds(0.5);
            drop(camp.launch(&task).await.unwrap());
        }
        Doing::Job => drop(camp.exec(&job(backend, nonce), &mpsc::channel(1).0).await.unwrap()),
        Doing::Crowd(count) => {
            let tasks: Vec<Task> =
                (1..=count as u64).map(|at| task(backend, nonce + at, endless())).collect();
            drop(camp.crowd(&tasks).await.unwrap());
        }
        Doing::Stand(count) => {
            let one = |at| Task { work: Work::Hold, ..task(backend, nonce + at, Payload::Noop) };
            let tasks: Vec<Task> = (1..=count as u64).map(one).collect();
            let began = camp.stand(&tasks).await.unwrap();
            assert!(began.iter().all(|how| *how == Outcome::Good), "{began:?}");
            std::future::pending::<()>().await;
        }
        Doing::Hands(count) => {
            let long = task(backend, nonce, endless());
            let mut hands = camp.hands(count, &long).await.unwrap();
            let each = hands.iter_mut().map(|hand| hand.launch(&long));
            futures_util::future::join_all(each).await;
        }
    }
}

const fn endless() -> Payload {
    Payload::Cpu { rounds: 1 << 40 }
}

fn patient() -> Limits {
    Limits { timeout_seconds: Seconds(300.0), ..Limits::default() }
}

/// Each turn and each of a crowd has another start.
fn task(backend: BackendId, nonce: u64, payload: Payload) -> Task {
    let starts = backend.starts();
    let turn = usize::try_from(nonce / 100 + nonce % 100).unwrap();
    let start = starts[turn % starts.len()];
    Task::of(Cell { backend, start, payload }, nonce + 1, patient())
}

fn job(backend: BackendId, nonce: u64) -> Task {
    let what = What::Command(["sh", "-c", "echo up; exec sleep 1000"].map(str::to_owned).to_vec());
    let work = Work::Job(Arc::new(Job { what, ..Job::default() }));
    Task { work, ..task(backend, nonce, Payload::Noop) }
}
