//! Present clocks of the processors.
//!
//! From cpufreq where the machine has it, else the `cpu MHz` of `/proc/cpuinfo`. Either may wake a
//! sleeping processor to ask it, so the clocks are read every other second only.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::every::Every;
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::model::unit::Hertz;
use crate::procfs::clock::{kilohertz, megahertz};

const PERIOD: Duration = Duration::from_secs(2);

/// Reads the clocks, and holds them until the next turn.
#[derive(Debug)]
pub(crate) struct Frequency {
    roots: Roots,
    turn: Every,
    last: HashMap<u32, Hertz>,
    why: Why,
}

impl Frequency {
    /// A reader under `roots`.
    pub(crate) fn new(roots: &Roots) -> Self {
        Self {
            roots: roots.clone(),
            turn: Every::new(PERIOD),
            last: HashMap::new(),
            why: Why::NotYet,
        }
    }

    /// The clock of each processor in `ids`, at most two seconds old.
    pub(crate) fn sample(&mut self, ids: &[u32], now: Instant) -> Vec<Reading<Hertz>> {
        if self.turn.due(now) {
            self.read(ids);
        }
        ids.iter()
            .map(|id| Reading::from_option(self.last.get(id).copied(), self.why.clone()))
            .collect()
    }

    fn read(&mut self, ids: &[u32]) {
        self.last.clear();
        self.why = Why::NotSupported;
        for &id in ids {
            match std::fs::read_to_string(self.path(id)).map(|text| kilohertz(&text)) {
                Ok(Some(hertz)) => {
                    self.last.insert(id, hertz);
                }
                Ok(None) => self.why = Why::Failed("cpufreq gave no number".into()),
                Err(error) => self.why = Why::from(&error),
            }
        }
        if self.last.is_empty()
            && let Ok(text) = std::fs::read_to_string(self.roots.proc.join("cpuinfo"))
        {
            self.last = megahertz(&text);
        }
    }

    fn path(&self, id: u32) -> PathBuf {
        self.roots.sys.join(format!("devices/system/cpu/cpu{id}/cpufreq/scaling_cur_freq"))
    }
}
