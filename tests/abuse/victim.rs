//! A camp for one backend, and what becomes of the work in it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use isomon::backend::{Camp, Launch, Task, Trial, Work, audit};
use isomon::model::backend::{BackendStatus, Class, Start};
use isomon::model::bench::{Limits, Outcome, Phase};
use isomon::model::id::RunId;
use isomon::model::job::{Chunk, Job, Runtime, What};
use isomon::model::unit::{Bytes, Seconds};
use tokio::sync::mpsc;

use crate::live::{Ground, id};
use crate::table::{Abuse, WORD};

/// Output that is told.
pub(crate) const KEPT: u64 = 1 << 20;
/// Memory that the work may have.
const MEMORY: u64 = 128 << 20;
/// What a kernel charges a group beyond its limit, without asking, for what it cannot do without.
const FORCED: u64 = 1 << 20;
/// Memory of a host beside that of its isolates.
const HOST: u64 = 256 << 20;

pub(crate) struct Victim {
    pub(crate) camp: Camp,
    pub(crate) id: RunId,
    pub(crate) status: BackendStatus,
    ground: Ground,
    nonce: u64,
}

/// What became of one work.
pub(crate) struct Fate {
    pub(crate) trial: Trial,
    /// Bytes of output that were told.
    pub(crate) said: u64,
    pub(crate) took: Duration,
    /// Processes seen at once; `None` without a group that counts them.
    pub(crate) most_processes: Option<u64>,
}

impl Fate {
    /// When it had ended, by the launcher's clock.
    pub(crate) fn ended(&self) -> Option<f64> {
        self.trial.phases.until(Phase::Exit).map(|at| at.0)
    }
}

/// Resident memory of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resident {
    pub(crate) now: u64,
    pub(crate) most: u64,
}

impl Victim {
    pub(crate) async fn settle(ground: Ground, status: BackendStatus) -> Self {
        let id = id();
        let camp = Camp::open(&id, &ground.settings).await.unwrap();
        Self { camp, id, status, ground, nonce: 0x000a_b05e }
    }

    pub(crate) fn limits() -> Limits {
        Limits {
            memory_bytes: Bytes(MEMORY),
            output_bytes: Bytes(KEPT),
            timeout_seconds: Seconds(20.0),
            ..Limits::default()
        }
    }

    pub(crate) fn runs_programs(&self) -> bool {
        !self.is_machine() && self.status.traits.runtimes.contains(&Runtime::Command)
    }

    fn is_machine(&self) -> bool {
        matches!(self.status.id.class(), Class::MicroVm | Class::Emulator)
    }

    fn is_host(&self) -> bool {
        self.status.id.class() == Class::Runtime
    }

    /// `abuse` as this backend understands it, or why it cannot be.
    pub(crate) fn work(&self, abuse: &Abuse) -> Result<Work, &'static str> {
        if self.is_machine() {
            return abuse.guest.map(Work::Payload);
        }
        let what = if self.runs_programs() {
            What::Command(["sh", "-c", abuse.shell?].map(str::to_owned).into())
        } else if self.status.traits.runtimes.contains(&Runtime::Js) {
            What::Code { runtime: Runtime::Js, code: abuse.js?.into() }
        } else {
            What::Code { runtime: Runtime::Wasm, code: abuse.wasm?.into() }
        };
        Ok(Work::Job(Arc::new(Job { what, ..Job::default() })))
    }

    /// `work` in it.
    pub(crate) fn task(&mut self, work: &Work, start: Start, limits: Limits) -> Task {
        self.nonce += 1;
        let (backend, nonce, work) = (self.status.id, self.nonce, work.clone());
        Task { backend, start, work, kernel: None, nonce, limits }
    }

    pub(crate) async fn suffer(&mut self, work: &Work, limits: Limits) -> Fate {
        let task = self.task(work, Start::Cold, limits);
        let (out, mut chunks) = mpsc::channel::<Chunk>(4);
        let counting = tokio::spawn(async move {
            let mut bytes = 0;
            while let Some(chunk) = chunks.recv().await {
                bytes += chunk.bytes.len() as u64;
            }
            bytes
        });
        let ended = Arc::new(AtomicBool::new(false));
        let census = count_processes(self.group_file("pids.current"), ended.clone());
        let began = Instant::now();
        let trial = match work {
            Work::Job(_) => self.camp.exec(&task, &out).await.unwrap(),
            _ => self.camp.launch(&task).await.unwrap(),
        };
        let took = began.elapsed();
        drop(out);
        ended.store(true, Ordering::SeqCst);
        let most_processes = census.filter(|_| !self.is_host()).map(|one| one.join().unwrap());
        Fate { trial, said: counting.await.unwrap(), took, most_processes }
    }

    /// Fails unless honest work goes well.
    pub(crate) async fn assert_unharmed(&mut self, after: &str) {
        let work = self.work(&WORD).unwrap();
        let limits = Self::limits();
        let fate = self.suffer(&work, limits).await;
        assert_eq!(fate.trial.outcome, Outcome::Good, "{} after {after}", self.status.id);
        if self.runs_programs() {
            assert_eq!(fate.said, 5, "{} after {after}", self.status.id);
        }
    }

    /// Processor time of everything in the camp so far, in microseconds.
    pub(crate) fn used(&self) -> Option<u64> {
        self.camp.usage()?.cpu
    }

    fn lot(&self) -> &'static str {
        if self.is_host() { self.status.id.name() } else { "main" }
    }

    /// The lot's file called `name`, in whichever hierarchy it is.
    fn group_file(&self, name: &str) -> Option<PathBuf> {
        let trees = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory", "/sys/fs/cgroup"];
        let place = format!("isomon/{}/{}/{name}", self.id, self.lot());
        trees.into_iter().map(|tree| PathBuf::from(tree).join(&place)).find(|path| path.exists())
    }

    /// Fails if everything in the lot together ever had more memory than it may.
    pub(crate) fn assert_bounded_memory(&self) {
        let files = ["memory.max_usage_in_bytes", "memory.peak"].map(|name| self.group_file(name));
        for file in files.into_iter().flatten() {
            let peak: u64 = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
            let most = if self.is_host() { MEMORY + HOST } else { MEMORY };
            println!("{}: {} MiB at most", self.status.id, peak >> 20);
            assert!(peak <= most + FORCED, "{} had {peak} bytes of {most}", self.status.id);
        }
    }

    /// Memory of the lot's launcher, through which all output goes.
    pub(crate) fn launcher_memory(&self) -> Option<Resident> {
        resident(find(&format!("ISOMON_RUN={}/{}\0", self.id, self.lot()), "__launcher")?)
    }

    /// The process of the host of isolates.
    pub(crate) fn host(&self) -> Option<u32> {
        let mark = format!("ISOMON_RUN={}/{}\0", self.id, self.lot());
        ["__v8", "__wasm", "host.mjs"].into_iter().find_map(|word| find(&mark, word))
    }

    /// Breaks up the camp, of which nothing may be left.
    pub(crate) async fn leave(self) {
        let swept = self.camp.close().await.unwrap();
        assert_eq!((swept.found, swept.left), (vec![], vec![]), "{}", self.status.id);
        assert_eq!(audit(&self.ground.settings, &self.id), [], "{}", self.status.id);
    }
}

/// The process with `mark` in its environment and `word` in its command.
fn find(mark: &str, word: &str) -> Option<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let mut pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let holds = |pid: u32, file: &str, text: &str| {
        let found = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&found).contains(text)
    };
    pids.find(|pid| holds(*pid, "cmdline", word) && holds(*pid, "environ", mark))
}

fn resident(pid: u32) -> Option<Resident> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
    };
    Some(Resident { now: field("VmRSS:")?, most: field("VmHWM:")? })
}

/// Own memory.
pub(crate) fn own_memory() -> u64 {
    resident(std::process::id()).unwrap().now
}

/// Watches how many processes there are, in a thread that reads nothing but that.
fn count_processes(
    file: Option<PathBuf>,
    ended: Arc<AtomicBool>,
) -> Option<std::thread::JoinHandle<u64>> {
    let file = file?;
    Some(std::thread::spawn(move || {
        let mut most = 0;
        while !ended.load(Ordering::SeqCst) {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            most = most.max(text.trim().parse().unwrap_or(0));
            std::thread::park_timeout(Duration::from_millis(20));
        }
        most
    }))
}
