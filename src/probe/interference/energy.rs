//! Energy that the processors say they used (RAPL).
//!
//! Each package counts microjoules and begins again at `max_energy_range_uj`. Domains within a
//! package (cores, memory) are part of it on most machines and are left out, so that nothing is
//! counted twice. Most kernels show the counters to root alone; then there is none.

use std::path::PathBuf;

use super::start_of;
use crate::model::root::Roots;

/// Packages looked at, at most.
const PACKAGES: usize = 64;

/// The packages that count energy.
#[derive(Clone, Debug, Default)]
pub struct Energy {
    packages: Vec<Package>,
}

#[derive(Clone, Debug)]
struct Package {
    counter: PathBuf,
    /// Where it begins again, in microjoules.
    range: u64,
}

/// What each package counted, in microjoules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted(Vec<Option<u64>>);

impl Energy {
    /// Those of the machine that `roots` show.
    pub fn find(roots: &Roots) -> Self {
        let zones = std::fs::read_dir(roots.sys.join("class/powercap"));
        let names = zones.into_iter().flatten().filter_map(|zone| {
            let zone = zone.ok()?;
            let name = zone.file_name().into_string().ok()?;
            // `intel-rapl:0` is a package, `intel-rapl:0:1` a part of one.
            let number = name.strip_prefix("intel-rapl:")?;
            number.parse::<u32>().is_ok().then(|| zone.path())
        });
        let mut paths: Vec<PathBuf> = names.take(PACKAGES).collect();
        paths.sort();
        let package = |path: PathBuf| {
            let name = start_of(&path.join("name"))?;
            let range = start_of(&path.join("max_energy_range_uj"))?.trim().parse().ok()?;
            let is_package = name.trim().starts_with("package-");
            is_package.then(|| Package { counter: path.join("energy_uj"), range })
        };
        Self { packages: paths.into_iter().filter_map(package).collect() }
    }

    /// Reads them.
    pub fn read(&self) -> Counted {
        let read = |package: &Package| start_of(&package.counter)?.trim().parse().ok();
        Counted(self.packages.iter().map(read).collect())
    }

    /// Joules of all packages since `before`; `None` unless every package tells.
    pub fn since(&self, before: &Counted) -> Option<f64> {
        let now = self.read();
        let pairs = self.packages.iter().zip(now.0.iter().zip(&before.0));
        let used = pairs.map(|(package, (now, then))| Some(package.used((*then)?, (*now)?)));
        let used: Option<Vec<u64>> = used.collect();
        let used = used.filter(|used| !used.is_empty())?;
        Some(used.into_iter().fold(0, u64::saturating_add) as f64 / 1e6)
    }
}

impl Package {
    /// Microjoules between two readings; a counter that is lower than before began again.
    const fn used(&self, then: u64, now: u64) -> u64 {
        if now >= then {
            return now - then;
        }
        now.saturating_add(self.range.saturating_sub(then))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn zone(sys: &tempfile::TempDir, name: &str, is: &str, energy: &str) {
        let dir = sys.path().join("class/powercap").join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("name"), is).unwrap();
        fs::write(dir.join("max_energy_range_uj"), "262143328850\n").unwrap();
        fs::write(dir.join("energy_uj"), energy).unwrap();
    }

    fn found(sys: &tempfile::TempDir) -> Energy {
        Energy::find(&Roots { proc: sys.path().to_owned(), sys: sys.path().to_owned() })
    }

    #[test]
    fn packages_are_added_and_their_parts_are_not() {
        let sys = tempfile::tempdir().unwrap();
        zone(&sys, "intel-rapl:0", "package-0\n", "1000000\n");
        zone(&sys, "intel-rapl:0:0", "core\n", "5\n");
        zone(&sys, "intel-rapl:1", "package-1\n", "262143328850\n");
        zone(&sys, "intel-rapl:2", "psys\n", "7\n");
        let energy = found(&sys);
        let before = energy.read();
        zone(&sys, "intel-rapl:0", "package-0\n", "3500000\n");
        zone(&sys, "intel-rapl:0:0", "core\n", "999999999\n");
        zone(&sys, "intel-rapl:1", "package-1\n", "500000\n");
        assert_eq!(energy.since(&before), Some(3.0), "one of them began again");
    }

    #[test]
    fn what_may_not_be_read_is_not_told() {
        let sys = tempfile::tempdir().unwrap();
        assert_eq!(found(&sys).since(&found(&sys).read()), None);
        zone(&sys, "intel-rapl:0", "package-0\n", "1\n");
        let energy = found(&sys);
        let before = energy.read();
        fs::remove_file(sys.path().join("class/powercap/intel-rapl:0/energy_uj")).unwrap();
        assert_eq!(energy.since(&before), None);
    }
}
