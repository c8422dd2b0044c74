//! How NVIDIA's GPUs are connected: `nvidia-smi topo -m`, run once, beside the samples.
//!
//! The tool waits as long as the driver does, which may be for ever, so it runs on a thread of its own,
//! in a group of its own, and is ended when it is late or says too much.

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::model::gpu::Topology;
use crate::model::reading::{Reading, Why};

/// How long the tool may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes believed.
const LONGEST: u64 = 256 << 10;
/// The tool.
const TOOL: &str = "nvidia-smi";

/// The answer, while and after it is waited for.
#[derive(Debug)]
pub(super) struct Wiring {
    environment: Vec<(OsString, OsString)>,
    answers: Option<Receiver<Reading<Topology>>>,
    told: Reading<Topology>,
}

impl Wiring {
    /// Nothing is run yet. `environment` is added to the tool's.
    pub(super) fn new(environment: Vec<(OsString, OsString)>) -> Self {
        Self { environment, answers: None, told: Reading::default() }
    }

    /// What is known; the first call sets the tool to work.
    pub(super) fn look(&mut self) -> Reading<Topology> {
        if self.answers.is_none() {
            self.answers = Some(self.start());
        }
        match self.answers.as_ref().map(Receiver::try_recv) {
            Some(Ok(told)) => self.told = told,
            Some(Err(TryRecvError::Disconnected | TryRecvError::Empty)) | None => {}
        }
        self.told.clone()
    }

    fn start(&self) -> Receiver<Reading<Topology>> {
        let (tell, answers) = sync_channel(1);
        let environment = self.environment.clone();
        let work = move || {
            // Nobody may be waiting any more.
            tell.send(Reading::from(ask(&environment))).ok();
        };
        // Without a thread there is no answer, which is what is told then.
        drop(std::thread::Builder::new().name("wiring".to_owned()).spawn(work));
        answers
    }
}

fn ask(environment: &[(OsString, OsString)]) -> Result<Topology, Why> {
    let program = find(environment).ok_or_else(|| Why::Absent(TOOL.into()))?;
    let mut child = Command::new(program)
        .args(["topo", "-m"])
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| Why::from(&error))?;
    let said = child.stdout.take().map_or(Err(Why::NotSupported), |mut out| hear(&mut out));
    end(&mut child);
    let said = said?;
    Topology::parse(&said).ok_or_else(|| Why::Failed(format!("{TOOL} topo -m drew nothing").into()))
}

/// The tool on the path, its own if the environment has one.
fn find(environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let own = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
    let path = own.or_else(|| std::env::var_os("PATH"))?;
    let mut places = std::env::split_paths(&path).filter(|place| place.is_absolute());
    places.find_map(|place| {
        let tool = place.join(TOOL);
        rustix::fs::access(&tool, rustix::fs::Access::EXEC_OK).is_ok().then_some(tool)
    })
}

/// What comes until the tool closes its output.
fn hear(out: &mut ChildStdout) -> Result<String, Why> {
    let until = Instant::now() + PATIENCE;
    let (mut said, mut chunk) = (Vec::new(), [0; 8192]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or_default(),
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let mut pipe = [PollFd::new(&*out, PollFlags::IN)];
        match poll(&mut pipe, Some(&timeout)) {
            Ok(0) => return Err(Why::TimedOut),
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(Why::from(&std::io::Error::from(error))),
            Ok(_) => {}
        }
        match out.read(&mut chunk) {
            Ok(0) => return Ok(String::from_utf8_lossy(&said).into_owned()),
            Ok(length) => said.extend(chunk.iter().take(length)),
            Err(error) => return Err(Why::from(&error)),
        }
        if said.len() as u64 > LONGEST {
            return Err(Why::Failed(format!("{TOOL} said more than {LONGEST} bytes").into()));
        }
    }
}

/// Ends the tool with all it started, and waits for it, on this thread.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended in this instant.
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
    }
    child.wait().ok();
}
