//! NVIDIA GPUs, read through a process of our own that may crash or hang.
//!
//! Each GPU is asked by itself, so that one that hangs is known by its index and the others go on
//! being read by a new process that leaves it alone. Nothing here calls NVML; see `session`.

use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use super::backoff::Backoff;
use super::fault::Fault;
use super::leash::{Launch, Leash, reap};
use super::roster::Roster;
use super::turn::Turn;
use super::wire::{Answer, MOST_GPUS, Request, Unusable};
use crate::model::gpu::Gpu;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;

mod rest;

/// Waits between readers that fail: the first, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// Killed readers that may be stuck in the kernel before no new one is started.
const MOST_STUCK: usize = 2;

/// How NVML as a whole is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It answers and shows this many GPUs.
    Works {
        /// How many.
        count: u32,
    },
    /// It is still loading; seconds so far.
    Starting(u64),
    /// It is of no use.
    Unusable(Unusable),
    /// Its reader hung, crashed or talked nonsense.
    Faulty(SafeText),
}

/// NVIDIA's GPUs and the process that reads them.
#[derive(Debug)]
pub(super) struct NvmlReader {
    launch: Launch,
    proc: PathBuf,
    leash: Option<Leash>,
    stuck: Vec<Child>,
    rest: Backoff,
    /// Time to a new process while a GPU is lost: NVML sees one come back only when it is loaded.
    renew: Backoff,
    roster: Roster,
    standing: Standing,
    driver: Reading<SafeText>,
    cuda: Reading<SafeText>,
    /// The GPU the next round begins with.
    first: u32,
}

impl NvmlReader {
    /// Starts nothing yet. Process names come from `proc`.
    pub(super) fn new(launch: Launch, proc: PathBuf) -> Self {
        Self {
            launch,
            proc,
            leash: None,
            stuck: Vec::new(),
            rest: Backoff::new(WAITS.0, WAITS.1),
            renew: Backoff::new(WAITS.1, WAITS.1),
            roster: Roster::default(),
            standing: Standing::Unusable(Unusable::NoLibrary),
            driver: Reading::Missing(Why::NotSupported),
            cuda: Reading::Missing(Why::NotSupported),
            first: 0,
        }
    }

    /// Asks after all GPUs within `turn`.
    pub(super) fn sample(&mut self, turn: &Turn) {
        self.stuck.retain_mut(|child| reap(child, Duration::ZERO).is_none());
        self.roster.begin();
        let resumed = self.resume(turn);
        if resumed.is_none_or(|(_, flow)| flow == Flow::Go) {
            self.standing = self.survey(turn);
        }
        match self.standing.clone() {
            Standing::Works { count } => self.round(count, resumed, turn),
            Standing::Starting(_) => self.miss(0..MOST_GPUS),
            Standing::Unusable(_) => self.roster.end(&SafeText::from("NVML no longer answers")),
            Standing::Faulty(reason) => self.roster.end(&reason),
        }
        self.renew(turn);
    }

    /// Every GPU seen so far, the lost ones too.
    pub(super) fn gpus(&self) -> Vec<Gpu> {
        self.roster.list()
    }

    /// How NVML is doing.
    pub(super) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The driver's version.
    pub(super) fn driver(&self) -> Reading<SafeText> {
        self.driver.clone()
    }

    /// The newest CUDA that the driver runs.
    pub(super) fn cuda(&self) -> Reading<SafeText> {
        self.cuda.clone()
    }

    /// The reader's process id while there is one.
    pub(super) fn pid(&self) -> Option<u32> {
        self.leash.as_ref().map(Leash::pid)
    }

    /// Goes on waiting for the GPU that had not answered when the last turn was over.
    fn resume(&mut self, turn: &Turn) -> Option<(u32, Flow)> {
        let Some(Request::Device(index)) = self.leash.as_ref()?.pending() else {
            return None;
        };
        Some((index, self.device(index, turn)))
    }

    fn survey(&mut self, turn: &Turn) -> Standing {
        if self.leash.is_none() && !self.rest.is_over(turn.now()) {
            return self.standing.clone();
        }
        match self.ask(Request::Survey, turn) {
            Ok(Answer::Survey { driver, cuda, count }) if count <= MOST_GPUS => {
                self.rest.succeed();
                (self.driver, self.cuda) = (driver, cuda);
                Standing::Works { count }
            }
            Ok(Answer::Unusable(unusable)) => self.dismiss(unusable, turn),
            Ok(_) => self.fail(&nonsense("no such survey"), turn),
            Err(Fault::Pending { seconds }) => Standing::Starting(seconds),
            Err(fault) => self.fail(&fault, turn),
        }
    }

    fn dismiss(&mut self, unusable: Unusable, turn: &Turn) -> Standing {
        self.put_down();
        self.driver = Reading::Missing(Why::NotSupported);
        self.cuda = Reading::Missing(Why::NotSupported);
        if unusable.is_lasting() {
            self.rest.give_up(turn.now());
        } else {
            self.rest.fail(turn.now());
        }
        Standing::Unusable(unusable)
    }

    fn fail(&mut self, fault: &Fault, turn: &Turn) -> Standing {
        self.put_down();
        self.rest.fail(turn.now());
        Standing::Faulty(SafeText::from(fault.to_string()))
    }

    /// Asks each GPU once, except the one that has just been asked.
    fn round(&mut self, count: u32, resumed: Option<(u32, Flow)>, turn: &Turn) {
        let order: Vec<u32> = (0..count).map(|step| (self.first + step) % count).collect();
        let mut flow = resumed.map_or(Flow::Go, |(_, flow)| flow);
        for index in order {
            if resumed.is_some_and(|(asked, _)| asked == index) {
                continue;
            }
            if flow == Flow::Stop {
                self.roster.miss(index, &Why::TimedOut);
            } else if self.roster.may_ask(index, turn.now()) {
                self.first = index;
                flow = self.device(index, turn);
            } else {
                self.roster.skip(index);
            }
        }
        if flow == Flow::Go {
            self.first = 0;
        }
        self.roster.end(&SafeText::from("NVML does not show it any more"));
        if flow == Flow::Go {
            self.rest(turn);
        }
    }

    fn device(&mut self, index: u32, turn: &Turn) -> Flow {
        let fault = match self.ask(Request::Device(index), turn) {
            Ok(Answer::Device(gpu)) if gpu.index == index => {
                self.roster.hear(super::name::fill(*gpu, &self.proc));
                return Flow::Go;
            }
            Ok(Answer::NoHandle(reason)) => {
                self.roster.lose(index, &reason);
                return Flow::Go;
            }
            Err(Fault::Pending { .. }) => {
                self.roster.miss(index, &Why::TimedOut);
                return Flow::Stop;
            }
            Ok(_) => nonsense("another GPU"),
            Err(fault) => fault,
        };
        self.put_down();
        let reason = SafeText::from(fault.to_string());
        self.roster.quarantine(index, &reason, turn.now());
        self.standing = self.survey(turn);
        match self.standing {
            Standing::Works { .. } => Flow::Go,
            _ => Flow::Stop,
        }
    }

    fn miss(&mut self, indices: std::ops::Range<u32>) {
        for index in indices {
            self.roster.miss(index, &Why::TimedOut);
        }
    }

    fn ask(&mut self, request: Request, turn: &Turn) -> Result<Answer, Fault> {
        if self.stuck.len() >= MOST_STUCK {
            let count = self.stuck.len();
            return Err(Fault::Stuck { count });
        }
        let leash = match &mut self.leash {
            Some(leash) => leash,
            none => none.insert(Leash::start(&self.launch)?),
        };
        leash.ask(request, turn)
    }

    /// Ends the process; one that does not go is remembered.
    fn put_down(&mut self) {
        if let Some(child) = self.leash.take().and_then(Leash::kill) {
            self.stuck.push(child);
        }
    }

    fn renew(&mut self, turn: &Turn) {
        if !self.roster.misses_any() {
            self.renew.succeed();
        } else if !self.renew.is_waiting() {
            self.renew.fail(turn.now());
        } else if self.renew.is_over(turn.now()) {
            self.put_down();
            self.renew.fail(turn.now());
        }
    }
}

impl Drop for NvmlReader {
    fn drop(&mut self) {
        self.put_down();
    }
}

/// Whether a round goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Go,
    Stop,
}

fn nonsense(what: &str) -> Fault {
    let what = what.to_owned();
    Fault::Garbage { what }
}
