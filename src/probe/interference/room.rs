//! How much memory there is, and how long tasks waited for it: the guard rails of a load.

use std::time::Duration;

use super::{stall, start_of};
use crate::model::root::Roots;
use crate::model::unit::{Bytes, Ratio};

/// Memory now. Each is `None` where the kernel does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Room {
    /// All of it.
    pub total: Option<Bytes>,
    /// What can be had without swapping (`MemAvailable`).
    pub available: Option<Bytes>,
    /// Microseconds in which some task waited for memory, since boot.
    pub memory_stall_us: Option<u64>,
}

impl Room {
    /// Reads it.
    pub fn read(roots: &Roots) -> Self {
        let text = start_of(&roots.proc.join("meminfo")).unwrap_or_default();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            kibibytes.checked_mul(1024).map(Bytes)
        };
        Self {
            total: field("MemTotal:"),
            available: field("MemAvailable:"),
            memory_stall_us: stall(&roots.proc.join("pressure/memory")),
        }
    }

    /// Share of the time since `earlier`, `elapsed` ago, in which some task waited for memory.
    pub fn pressure_since(&self, earlier: &Self, elapsed: Duration) -> Option<Ratio> {
        let stalled = self.memory_stall_us?.checked_sub(earlier.memory_stall_us?)?;
        Ratio::of(stalled as f64, elapsed.as_secs_f64() * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_its_pressure_are_read() {
        let proc = tempfile::tempdir().unwrap();
        let roots = Roots { proc: proc.path().to_owned(), sys: proc.path().to_owned() };
        assert_eq!(Room::read(&roots), Room::default());
        let put = |name: &str, text: &str| std::fs::write(proc.path().join(name), text).unwrap();
        put("meminfo", "MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable:    1024 kB\n");
        std::fs::create_dir(proc.path().join("pressure")).unwrap();
        put("pressure/memory", "some avg10=0.00 total=100\n");
        let before = Room::read(&roots);
        assert_eq!((before.total, before.available), (Some(Bytes(2 << 20)), Some(Bytes(1 << 20))));
        put("pressure/memory", "some avg10=0.00 total=250100\n");
        let pressure = Room::read(&roots).pressure_since(&before, Duration::from_secs(1));
        assert_eq!(pressure, Ratio::new(0.25));
        assert_eq!(before.pressure_since(&before, Duration::ZERO), None);
    }
}
