//! How busy the scheduler is, how many tasks there are, and since when.

use std::time::Instant;

use super::kept::Kept;
use super::pid_dir::PidDir;
use super::{Error, Probe};
use crate::model::node::Tasks;
use crate::model::reading::Reading;
use crate::model::root::Roots;
use crate::model::unit::Seconds;
use crate::procfs::load::{parse, seconds};

/// Load, tasks and uptime at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskSample {
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Reading<[f64; 3]>,
    /// Processes, threads, and how many are running.
    pub tasks: Reading<Tasks>,
    /// Time since boot.
    pub uptime_seconds: Reading<Seconds>,
}

/// Reads `/proc/loadavg`, `/proc/uptime` and the list of processes.
#[derive(Debug)]
pub struct TaskProbe {
    loadavg: Kept,
    uptime: Kept,
    pids: PidDir,
    room: Vec<u32>,
}

impl TaskProbe {
    /// A reader under `roots`.
    pub fn new(roots: &Roots) -> Self {
        Self {
            loadavg: Kept::new(roots.proc.join("loadavg")),
            uptime: Kept::new(roots.proc.join("uptime")),
            pids: PidDir::new(roots.proc.clone()),
            room: Vec::new(),
        }
    }

    fn tasks(&mut self, entities: (u32, u32)) -> Result<Tasks, Error> {
        self.pids.list(&mut self.room)?;
        let (running, threads) = entities;
        Ok(Tasks {
            processes: u32::try_from(self.room.len()).unwrap_or(u32::MAX),
            running,
            threads,
        })
    }
}

impl Probe for TaskProbe {
    type Sample = TaskSample;

    fn sample(&mut self, _now: Instant) -> Result<TaskSample, Error> {
        let (load, tasks) = match self.loadavg.parse("load averages", parse) {
            Ok((load, entities)) => (Reading::Known(load), self.tasks(entities).into()),
            Err(error) => (Reading::Missing((&error).into()), Err(error).into()),
        };
        let uptime_seconds = self.uptime.parse("seconds since boot", seconds).into();
        Ok(TaskSample { load, tasks, uptime_seconds })
    }
}
