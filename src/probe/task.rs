//! How busy the scheduler is, how many tasks there are, and since when.

use std::time::Instant;

use super::kept::Kept;
use super::pid_dir::PidDir;
use super::{Error, Probe};
use crate::model::node::Tasks;
use crate::model::reading::Reading;
use crate::model::root::Roots;
use crate::model::unit::Seconds;

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

/// `0.10 0.20 0.30 2/345 6789`: averages, then running and all scheduling entities.
fn parse(text: &str) -> Option<([f64; 3], (u32, u32))> {
    let mut fields = text.split_ascii_whitespace();
    let mut load = [0.0; 3];
    for average in &mut load {
        *average = fields.next()?.parse().ok().filter(|load: &f64| load.is_finite())?;
    }
    let (running, all) = fields.next()?.split_once('/')?;
    Some((load, (running.parse().ok()?, all.parse().ok()?)))
}

fn seconds(text: &str) -> Option<Seconds> {
    let seconds: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then_some(Seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_load_entities_and_uptime() {
        assert_eq!(parse("0.10 2.20 0.30 2/345 6789\n"), Some(([0.1, 2.2, 0.3], (2, 345))));
        assert_eq!(seconds("12.5 3.0\n"), Some(Seconds(12.5)));
        for odd in ["", "1 2", "1 2 3 4", "nan 1 1 1/1", "1 2 3 x/1"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds("inf"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([0-9.]{0,9}| |/|\\PC){0,20}") {
            let _ = (parse(&text), seconds(&text));
        }
    }
}
