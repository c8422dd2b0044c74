//! Pressure stall information: how much time tasks lost waiting.
//!
//! A kernel older than 4.20, or one started with `psi=0`, has none; that is said, not shown as 0.

use std::time::Instant;

use super::kept::Kept;
use super::{Error, Probe};
use crate::model::node::{Pressure, Stall};
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::procfs;

/// Reads `/proc/pressure/{cpu,memory,io}`.
#[derive(Debug)]
pub struct PressureProbe {
    cpu: Kept,
    memory: Kept,
    io: Kept,
}

impl PressureProbe {
    /// A reader of the pressure files under `roots`.
    pub fn new(roots: &Roots) -> Self {
        let kept = |name| Kept::new(roots.proc.join("pressure").join(name));
        Self { cpu: kept("cpu"), memory: kept("memory"), io: kept("io") }
    }
}

impl Probe for PressureProbe {
    type Sample = Pressure;

    fn sample(&mut self, _now: Instant) -> Result<Pressure, Error> {
        Ok(Pressure {
            cpu: stall(&mut self.cpu),
            memory: stall(&mut self.memory),
            io: stall(&mut self.io),
        })
    }
}

fn stall(kept: &mut Kept) -> Reading<Stall> {
    match kept.parse("stall averages", procfs::pressure::parse) {
        Err(Error::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            Reading::Missing(Why::Absent("/proc/pressure".into()))
        }
        read => read.into(),
    }
}
