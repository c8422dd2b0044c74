//! Where processor time went, from `/proc/stat`.

use std::collections::BTreeMap;
use std::time::Instant;

use super::frequency::Frequency;
use super::kept::Kept;
use super::{Error, Probe};
use crate::model::node::{Core, CpuUse};
use crate::model::reading::Reading;
use crate::model::root::Roots;
use crate::procfs::cpu::{Times, parse, share};

/// All processors together, and each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CpuSample {
    /// All together.
    pub all: Reading<CpuUse>,
    /// Each one online, in kernel order.
    pub cores: Vec<Core>,
}

/// Reads `/proc/stat` and the present clocks.
#[derive(Debug)]
pub struct CpuProbe {
    stat: Kept,
    frequency: Frequency,
    all: Option<Times>,
    cores: BTreeMap<u32, Times>,
}

impl CpuProbe {
    /// A reader under `roots`.
    pub fn new(roots: &Roots) -> Self {
        Self {
            stat: Kept::new(roots.proc.join("stat")),
            frequency: Frequency::new(roots),
            all: None,
            cores: BTreeMap::new(),
        }
    }
}

impl Probe for CpuProbe {
    type Sample = CpuSample;

    fn sample(&mut self, now: Instant) -> Result<CpuSample, Error> {
        let (all, cores) = self.stat.parse("processor times", parse)?;
        let ids: Vec<u32> = cores.keys().copied().collect();
        let clocks = self.frequency.sample(&ids, now);
        let before = std::mem::replace(&mut self.cores, cores);
        let cores = self.cores.iter().zip(clocks);
        Ok(CpuSample {
            all: share(self.all.replace(all), all),
            cores: cores
                .map(|((id, times), frequency_hertz)| Core {
                    id: *id,
                    usage: share(before.get(id).copied(), *times),
                    frequency_hertz,
                })
                .collect(),
        })
    }
}
