//! One run's sandboxes: reaper, control groups and launcher, from opening to an audited end.

use std::future::Future;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::audit::{self, Kind};
use super::cgroup::{Enforced, Group};
use super::identity::Identity;
use super::journal::{Entry, Found, Journal};
use super::recipe::Site;
use super::settings::CampSettings;
use super::sweep::{self, Sweep};
use super::view::View;
use super::wire::{Hello, Launch as Start, Order, Report};
use super::{Error, judge, launcher, reaper};
use crate::model::backend::BackendId;
use crate::model::bench::{Limits, Outcome, Payload, Phases};
use crate::model::id::RunId;
use crate::model::unit::Seconds;

/// Time a launcher gets beyond a task's own, before it is given up.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time a helper has to come up or to end.
const HELPER: Duration = Duration::from_secs(10);
/// Time for a box to be empty after it was killed.
const DEATH: Duration = Duration::from_secs(2);

/// One sandbox to start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// Where.
    pub backend: BackendId,
    /// What is done inside.
    pub payload: Payload,
    /// Seeds the work and marks its output; never the same twice in a run.
    pub nonce: u64,
    /// In which bounds.
    pub limits: Limits,
}

/// What became of a sandbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// How long its phases took, by the host's monotonic clock.
    pub phases: Phases,
    /// How it ended.
    pub outcome: Outcome,
    /// Something of it outlived it and was swept up.
    pub left_over: bool,
    /// Output beyond the limit.
    pub dropped_bytes: u64,
}

/// Something that starts sandboxes, one at a time.
pub trait Launch {
    /// Starts one and watches it to its end. An error means that no more can be started; what goes
    /// wrong with the sandbox is in the trial.
    fn launch(&mut self, task: &Task) -> impl Future<Output = Result<Trial, Error>> + Send;

    /// What a spawn and a wait cost with nothing in between.
    fn overhead(&mut self) -> impl Future<Output = Result<Seconds, Error>> + Send;
}

/// Where one run's sandboxes live. Close it; one that is only dropped is swept by its reaper.
#[derive(Debug)]
pub struct Camp {
    site: std::sync::Arc<Site>,
    journal: Journal,
    reaper: Child,
    group: Group,
    limits: Limits,
    enforced: Enforced,
    launcher: Option<Launcher>,
    runtimes: Vec<Entry>,
    serial: u64,
}

/// The launcher and what is said to it.
#[derive(Debug)]
struct Launcher {
    #[expect(dead_code, reason = "kept for what its drop does: it kills")]
    child: Child,
    orders: ChildStdin,
    reports: Lines<BufReader<ChildStdout>>,
}

impl Camp {
    /// Sweeps what dead runs left, then makes the camp of run `id`. Refuses if something of an
    /// earlier run cannot be removed, or if the id is in use.
    pub async fn open(id: &RunId, settings: &CampSettings) -> Result<Self, Error> {
        let place = audit::place(settings, id);
        let lock = settings.lock_state()?;
        let left = sweep_dead(settings.clone()).await?;
        if !left.is_empty() {
            return Err(Error::LeftOver { left });
        }
        let mut journal = begin(&place, id, settings)?;
        drop(lock);
        let reaper = start_reaper(settings, id)?;
        // What a killed launcher leaves is handed to us, to be waited for; without it, to init.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid())).ok();
        let places = Group::places(&settings.roots, id);
        for path in &places {
            journal.note(&Entry::Group { path: path.clone() })?;
        }
        let root = place.join("root");
        std::fs::create_dir(&root).map_err(|source| Error::io("create", &root, source))?;
        let group = Group::open(&places);
        let enforced = group.limit(&settings.limits);
        let view = View::of(std::path::Path::new("/"));
        let site = Site { settings: settings.clone(), id: id.clone(), place, view };
        let mut camp = Self {
            site: std::sync::Arc::new(site),
            journal,
            reaper,
            group,
            limits: settings.limits,
            enforced,
            launcher: None,
            runtimes: Vec::new(),
            serial: 0,
        };
        camp.launcher = Some(camp.start_launcher().await?);
        Ok(camp)
    }

    /// The limits that the kernel took.
    pub(super) const fn enforced(&self) -> Enforced {
        self.enforced
    }

    /// Whether everything in it can be killed at once.
    pub(super) const fn is_grouped(&self) -> bool {
        !self.group.is_empty()
    }

    /// Runs a tool that only says something, such as its version; contained like a sandbox.
    pub(super) async fn consult(
        &mut self,
        argv: Vec<String>,
        within: Duration,
    ) -> Result<Report, Error> {
        let start = Start {
            argv,
            env: self.site.env(),
            timeout_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
            keep_bytes: 4096,
            ..Start::default()
        };
        self.ask(&Order::Launch(start), within).await
    }

    /// Kills and removes everything, and looks whether it is gone.
    pub async fn close(mut self) -> Result<Sweep, Error> {
        self.launcher = None;
        self.clear().await?;
        let Self { site, journal, mut reaper, .. } = self;
        drop(journal);
        let swept = {
            let site = site.clone();
            tokio::task::spawn_blocking(move || sweep::sweep(&site.settings, &site.id)).await
        };
        drop(reaper.stdin.take());
        // A reaper that does not end by then has nothing to do but end.
        drop(timeout(HELPER, reaper.wait()).await);
        swept.map_err(|_| Error::Helper {
            helper: "sweep",
            program: site.settings.exe.clone(),
            said: "interrupted".to_owned(),
        })
    }

    /// Gives the launcher an order and waits for its report. When none comes, or when something was
    /// left or had to be killed, the box is cleared and a new launcher started. If this future is
    /// dropped, the launcher goes with the order, and the next call finds none.
    async fn ask(&mut self, order: &Order, within: Duration) -> Result<Report, Error> {
        let mut launcher = match self.launcher.take() {
            Some(launcher) => launcher,
            None => self.renew().await?,
        };
        let said = timeout(within + PATIENCE, launcher.exchange(order)).await;
        let report = match said {
            Ok(report) => report?.unwrap_or_else(|| Report {
                start_error: Some("the launcher was killed".to_owned()),
                left_over: true,
                ..Report::default()
            }),
            Err(_) => Report { timed_out: true, left_over: true, ..Report::default() },
        };
        if report.left_over || report.timed_out {
            drop(launcher);
            self.launcher = Some(self.renew().await?);
        } else {
            self.launcher = Some(launcher);
        }
        Ok(report)
    }

    async fn renew(&mut self) -> Result<Launcher, Error> {
        self.clear().await?;
        self.start_launcher().await
    }

    /// Kills everything in the box and has the runtimes forget it.
    async fn clear(&mut self) -> Result<(), Error> {
        let group = self.group.clone();
        let site = self.site.clone();
        let cleared = tokio::task::spawn_blocking(move || {
            let empty = group.kill(DEATH);
            for (tool, container) in audit::containers(&Found::open(&site.place)) {
                sweep::delete(&tool, &container);
            }
            sweep::reap(&site.settings, &site.id);
            empty
        });
        if cleared.await.unwrap_or(false) {
            return Ok(());
        }
        let mut left = audit::audit(&self.site.settings, &self.site.id);
        left.retain(|one| one.kind == Kind::Process);
        Err(Error::LeftOver { left })
    }

    async fn start_launcher(&self) -> Result<Launcher, Error> {
        let mut command = Command::new(&self.site.settings.exe);
        command.arg(launcher::NAME).args(self.group.boxes()).env_clear().envs(self.site.env());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A group of its own: a key on the terminal is for isomon alone.
        command.current_dir("/").process_group(0).kill_on_drop(true);
        let mut child = command.spawn().map_err(|source| self.silent(&source.to_string()))?;
        let (Some(orders), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.silent("no pipes"));
        };
        let mut reports = BufReader::new(output).lines();
        let hello = timeout(HELPER, reports.next_line()).await.ok().and_then(Result::ok).flatten();
        let hello: Hello = hello
            .and_then(|line| serde_json::from_str(&line).ok())
            .ok_or_else(|| self.silent("no greeting"))?;
        match hello.refused.first() {
            Some(refused) => Err(self.silent(refused)),
            None => Ok(Launcher { child, orders, reports }),
        }
    }

    fn silent(&self, said: &str) -> Error {
        let program = self.site.settings.exe.clone();
        Error::Helper { helper: "launcher", program, said: said.to_owned() }
    }

    /// Writes down what a runtime will keep, once.
    fn note(&mut self, runtime: Option<Entry>) -> Result<(), Error> {
        let Some(entry) = runtime.filter(|entry| !self.runtimes.contains(entry)) else {
            return Ok(());
        };
        self.journal.note(&entry)?;
        self.runtimes.push(entry);
        Ok(())
    }
}

impl Launch for Camp {
    async fn launch(&mut self, task: &Task) -> Result<Trial, Error> {
        self.serial += 1;
        if task.limits != self.limits {
            self.enforced = self.group.limit(&task.limits);
            self.limits = task.limits;
        }
        let recipe = self.site.recipe(task, self.serial)?;
        self.note(recipe.runtime)?;
        let within = Duration::from_millis(recipe.launch.timeout_ms);
        let before = self.group.memory();
        let report = self.ask(&Order::Launch(recipe.launch), within).await?;
        let after = self.group.memory();
        let violent = report.signal == Some(9) || report.status == Some(128 + 9);
        let out_of_memory = after.kills > before.kills || (violent && after.hits > before.hits);
        Ok(Trial {
            phases: judge::phases(&report),
            outcome: judge::judge(&report, task.payload, task.nonce, out_of_memory),
            left_over: report.left_over,
            dropped_bytes: report.dropped_bytes,
        })
    }

    async fn overhead(&mut self) -> Result<Seconds, Error> {
        let small = PathBuf::from("/bin/true");
        let own = || self.site.settings.exe.clone();
        let program = if small.exists() { small } else { own() };
        let report = self.ask(&Order::Empty(program), HELPER).await?;
        let nanoseconds = report.exited_ns.ok_or_else(|| self.silent("no time"))?;
        Ok(Seconds(nanoseconds as f64 / 1e9))
    }
}

impl Launcher {
    /// One order and its report; `None` when the launcher has ended.
    async fn exchange(&mut self, order: &Order) -> Result<Option<Report>, Error> {
        let mut line = serde_json::to_vec(order).map_err(|source| Error::Json { source })?;
        line.push(b'\n');
        if self.orders.write_all(&line).await.is_err() {
            return Ok(None);
        }
        let said = self.reports.next_line().await.ok().flatten();
        let read = said.map(|line| serde_json::from_str(&line));
        read.transpose().map_err(|source| Error::Json { source })
    }
}

async fn sweep_dead(settings: CampSettings) -> Result<Vec<super::LeftOver>, Error> {
    let swept = tokio::task::spawn_blocking(move || sweep::sweep_dead(&settings, false)).await;
    swept.unwrap_or(Ok(Vec::new()))
}

/// Makes the run's directory and its journal.
fn begin(place: &std::path::Path, id: &RunId, settings: &CampSettings) -> Result<Journal, Error> {
    match std::fs::create_dir(place) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::Exists { id: id.clone() });
        }
        made => made.map_err(|source| Error::io("create", place, source))?,
    }
    let me = Identity::of(&settings.roots, std::process::id()).ok_or_else(|| {
        Error::io("read", &settings.roots.proc, std::io::ErrorKind::NotFound.into())
    })?;
    Journal::create(place, me)
}

/// Starts the process that sweeps when this one dies. Its input closes with us, whatever happens.
fn start_reaper(settings: &CampSettings, id: &RunId) -> Result<Child, Error> {
    let mut command = Command::new(&settings.exe);
    command.arg(reaper::NAME).arg(&settings.state).arg(id.as_str()).env_clear().current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map_err(|source| Error::Helper {
        helper: "reaper",
        program: settings.exe.clone(),
        said: source.to_string(),
    })
}
