//! Clock and heat of the processors, few enough files to be read around every sample.
//!
//! On a machine of many processors some of them speak for all: `MOST` that are spread evenly.

use std::path::PathBuf;

use super::start_of;
use crate::model::root::Roots;
use crate::model::unit::Ratio;

/// Processors that are looked at.
const MOST: usize = 8;

/// Where clock and heat are read.
#[derive(Clone, Debug, Default)]
pub struct Sensors {
    clocks: Vec<Clock>,
    throttles: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
struct Clock {
    now: PathBuf,
    /// The highest it may have, in kilohertz.
    highest: f64,
}

impl Sensors {
    /// Those of the machine that `roots` show.
    pub fn find(roots: &Roots) -> Self {
        let processors = spread(processors(roots));
        let clock = |dir: &PathBuf| {
            let now = dir.join("cpufreq/scaling_cur_freq");
            let highest = start_of(&dir.join("cpufreq/cpuinfo_max_freq"))?.trim().parse().ok()?;
            let known = highest > 0.0 && now.exists();
            known.then_some(Clock { now, highest })
        };
        let counts = ["core_throttle_count", "package_throttle_count"];
        let throttles = processors
            .iter()
            .flat_map(|dir| counts.map(|count| dir.join("thermal_throttle").join(count)));
        Self {
            clocks: processors.iter().filter_map(clock).collect(),
            throttles: throttles.filter(|path| path.exists()).collect(),
        }
    }

    /// Mean clock now, as a share of the highest; `None` where the kernel does not tell.
    pub fn clock(&self) -> Option<Ratio> {
        let read = |clock: &Clock| {
            let now: f64 = start_of(&clock.now)?.trim().parse().ok()?;
            Some(now / clock.highest)
        };
        let shares: Option<Vec<f64>> = self.clocks.iter().map(read).collect();
        let shares = shares?;
        Ratio::of(shares.iter().sum(), shares.len() as f64)
    }

    /// Times since boot that one of them was slowed down for heat; `None` where that is not counted.
    pub fn throttles(&self) -> Option<u64> {
        let read = |path: &PathBuf| start_of(path)?.trim().parse::<u64>().ok();
        let counts: Option<Vec<u64>> = self.throttles.iter().map(read).collect();
        let counts = counts.filter(|counts| !counts.is_empty())?;
        Some(counts.into_iter().fold(0, u64::saturating_add))
    }
}

/// The directories of the processors, by number.
fn processors(roots: &Roots) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(roots.sys.join("devices/system/cpu"));
    let mut numbered: Vec<(u32, PathBuf)> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let number = entry.file_name().to_str()?.strip_prefix("cpu")?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    numbered.sort_unstable();
    numbered.into_iter().map(|(_, path)| path).collect()
}

/// At most [`MOST`] of `all`, spread evenly.
fn spread(all: Vec<PathBuf>) -> Vec<PathBuf> {
    let every = all.len().div_ceil(MOST).max(1);
    all.into_iter().step_by(every).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(sys: &tempfile::TempDir, cpu: u32, name: &str, text: &str) {
        let path = sys.path().join(format!("devices/system/cpu/cpu{cpu}")).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn found(sys: &tempfile::TempDir) -> Sensors {
        Sensors::find(&Roots { proc: sys.path().to_owned(), sys: sys.path().to_owned() })
    }

    #[test]
    fn clocks_are_shares_of_the_highest_and_throttles_are_added() {
        let sys = tempfile::tempdir().unwrap();
        for (cpu, clock) in [(0, "2000000\n"), (1, "1000000\n")] {
            put(&sys, cpu, "cpufreq/scaling_cur_freq", clock);
            put(&sys, cpu, "cpufreq/cpuinfo_max_freq", "4000000\n");
            put(&sys, cpu, "thermal_throttle/core_throttle_count", "3\n");
        }
        let sensors = found(&sys);
        assert_eq!((sensors.clock(), sensors.throttles()), (Ratio::new(0.375), Some(6)));
        put(&sys, 1, "cpufreq/scaling_cur_freq", "<unknown>\n");
        assert_eq!(sensors.clock(), None);
    }

    #[test]
    fn a_machine_that_shows_neither_has_neither() {
        let sys = tempfile::tempdir().unwrap();
        put(&sys, 0, "online", "1");
        assert_eq!((found(&sys).clock(), found(&sys).throttles()), (None, None));
    }

    #[test]
    fn of_many_processors_some_are_looked_at() {
        let sys = tempfile::tempdir().unwrap();
        for cpu in 0..200 {
            put(&sys, cpu, "thermal_throttle/core_throttle_count", "1\n");
        }
        assert_eq!(found(&sys).throttles(), Some(8));
    }
}
