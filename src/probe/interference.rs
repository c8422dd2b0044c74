//! What the host does besides, cheap enough to be read before and after every sample.
//!
//! Three pressure files, the first line of `/proc/stat` and isomon's own process tree; some tens of
//! microseconds. The kernel counts pressure in microseconds but processor time in ticks of 10 ms, so
//! shares of processor time are only given over [`SHORTEST`] or longer. What is disturbing enough
//! to matter is decided elsewhere.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use crate::model::bench::HostState;
use crate::model::root::Roots;
use crate::model::unit::Ratio;

/// The shortest time over which counted ticks say something: 20 of them.
pub const SHORTEST: Duration = Duration::from_millis(200);

/// Ticks of processor time a second: what Linux shows to programs on every architecture.
const TICKS: f64 = 100.0;
/// Longest file read; the counters stand at its beginning.
const LONGEST: u64 = 16 << 10;
/// Processes of isomon's own tree that are looked at; past this its share is unknown.
const FAMILY: usize = 512;

/// Counters that only rise. Each is `None` where the kernel does not show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Processor time in ticks, all processors together.
    pub cpu: Option<CpuTicks>,
    /// Ticks used by isomon and everything below it.
    pub own_ticks: Option<u64>,
    /// Microseconds in which some task waited for a processor.
    pub cpu_stall_us: Option<u64>,
    /// Microseconds in which some task waited for memory.
    pub memory_stall_us: Option<u64>,
    /// Microseconds in which some task waited for I/O.
    pub io_stall_us: Option<u64>,
}

/// Ticks of all processors since boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTicks {
    /// Doing something for this machine: all but idle, waiting and stolen.
    pub busy: u64,
    /// Taken by the hypervisor for others.
    pub steal: u64,
    /// All of it.
    pub total: u64,
}

impl Counters {
    /// Reads them now.
    pub fn read(roots: &Roots) -> Self {
        let pressure = |what| stall(&roots.proc.join("pressure").join(what));
        Self {
            cpu: start_of(&roots.proc.join("stat")).and_then(|text| ticks(&text)),
            own_ticks: family(&roots.proc),
            cpu_stall_us: pressure("cpu"),
            memory_stall_us: pressure("memory"),
            io_stall_us: pressure("io"),
        }
    }

    /// What happened from `earlier`, `elapsed` ago, until this. Pressure is `None` when no time
    /// passed, processor time below [`SHORTEST`].
    pub fn since(&self, earlier: &Self, elapsed: Duration) -> HostState {
        let microseconds = elapsed.as_secs_f64() * 1e6;
        let share = |now: Option<u64>, then: Option<u64>| {
            Ratio::of(now?.checked_sub(then?)? as f64, microseconds)
        };
        let (steal, other_cores) = self.processors_since(earlier, elapsed);
        HostState {
            steal,
            cpu_pressure: share(self.cpu_stall_us, earlier.cpu_stall_us),
            memory_pressure: share(self.memory_stall_us, earlier.memory_stall_us),
            io_pressure: share(self.io_stall_us, earlier.io_stall_us),
            other_cores,
        }
    }

    /// Steal as a share, and the cores that others kept busy.
    fn processors_since(&self, earlier: &Self, elapsed: Duration) -> (Option<Ratio>, Option<f64>) {
        let (Some(now), Some(then)) = (self.cpu, earlier.cpu) else {
            return (None, None);
        };
        if elapsed < SHORTEST {
            return (None, None);
        }
        let passed = |now: u64, then: u64| now.saturating_sub(then) as f64;
        let steal = Ratio::of(passed(now.steal, then.steal), passed(now.total, then.total));
        let own = self.own_ticks.zip(earlier.own_ticks);
        let others = own.map(|(own, before)| {
            let ticks = passed(now.busy, then.busy) - passed(own, before);
            (ticks / TICKS / elapsed.as_secs_f64()).max(0.0)
        });
        (steal, others)
    }
}

/// The beginning of a file of the kernel, as text.
fn start_of(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; guest time is in user
/// time already (`proc_stat(5)`).
fn ticks(stat: &str) -> Option<CpuTicks> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Option<Vec<u64>> =
        line.split_whitespace().take(8).map(|field| field.parse().ok()).collect();
    let [user, nice, system, idle, iowait, irq, softirq, steal] = fields?[..] else {
        return None;
    };
    let busy = [user, nice, system, irq, softirq].into_iter().fold(0, u64::saturating_add);
    let total = [busy, idle, iowait, steal].into_iter().fold(0, u64::saturating_add);
    Some(CpuTicks { busy, steal, total })
}

/// The microseconds at the end of `some avg10=0.36 avg60=0.08 avg300=0.21 total=11423586`.
fn stall(path: &Path) -> Option<u64> {
    let text = start_of(path)?;
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split_whitespace().find_map(|field| field.strip_prefix("total="))?.parse().ok()
}

/// Ticks of isomon, of everything below it, and of what they waited for. `None` where the kernel
/// does not list children (`CONFIG_PROC_CHILDREN`): half a family would look like other work.
fn family(proc: &Path) -> Option<u64> {
    let own = std::process::id();
    let mut waiting = vec![own];
    let (mut ticks, mut seen) = (0_u64, 0);
    while let Some(pid) = waiting.pop() {
        seen += 1;
        if seen > FAMILY {
            return None;
        }
        let dir = proc.join(pid.to_string());
        // A child that is gone by now was waited for, and is counted with its parent.
        ticks = ticks.saturating_add(ticks_of(&dir).unwrap_or(0));
        match children(&dir) {
            Some(children) => waiting.extend(children),
            None if pid == own => return None,
            None => {}
        }
    }
    Some(ticks)
}

/// `utime`, `stime`, `cutime` and `cstime` of `/proc/<pid>/stat`; the name in brackets before them
/// may hold anything.
fn ticks_of(dir: &Path) -> Option<u64> {
    let text = start_of(&dir.join("stat"))?;
    let (_, fields) = text.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(11).take(4);
    times.map(|field| field.parse::<u64>().ok()).sum()
}

/// The children of every thread of a process.
fn children(dir: &Path) -> Option<Vec<u32>> {
    let tasks = std::fs::read_dir(dir.join("task")).ok()?;
    let lists: Vec<String> =
        tasks.filter_map(|task| start_of(&task.ok()?.path().join("children"))).collect();
    let pids = lists.iter().flat_map(|list| list.split_whitespace());
    (!lists.is_empty()).then(|| pids.filter_map(|pid| pid.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A made-up `/proc` with the counters that the test sets.
    struct Fixture(tempfile::TempDir);

    impl Fixture {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn set(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn read(&self) -> Counters {
            let proc = self.0.path().to_owned();
            Counters::read(&Roots { proc: proc.clone(), sys: proc })
        }

        fn process(&self, pid: u32, ticks: &str, children: &str) {
            let stat = format!("{pid} (a) b) S 1 1 1 0 -1 4194560 1 2 3 4 {ticks} 20 0 1 0");
            self.set(&format!("{pid}/stat"), &stat);
            self.set(&format!("{pid}/task/{pid}/children"), children);
        }
    }

    #[test]
    fn shares_are_differences_over_the_time_between() {
        let fixture = Fixture::new();
        fixture.set("stat", "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1\n");
        fixture.set("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n");
        let before = fixture.read();
        fixture.set("stat", "cpu  150 0 100 830 0 0 0 20 0 0\n");
        fixture.set("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=251000\n");
        let host = fixture.read().since(&before, Duration::from_millis(500));
        assert_eq!(host.steal, Ratio::new(0.2));
        assert_eq!(host.cpu_pressure, Ratio::new(0.5));
        assert_eq!((host.memory_pressure, host.other_cores), (None, None));
    }

    #[test]
    fn what_isomon_and_its_children_use_is_not_other_work() {
        let (fixture, own) = (Fixture::new(), std::process::id());
        fixture.set("stat", "cpu  0 0 0 0 0 0 0 0 0 0\n");
        fixture.process(own, "0 0 0 0", "4000001 ");
        fixture.process(4_000_001, "0 0 0 0", "");
        let before = fixture.read();
        fixture.set("stat", "cpu  150 0 50 0 0 0 0 0 0 0\n");
        fixture.process(own, "10 10 5 5", "4000001 ");
        fixture.process(4_000_001, "20 0 0 50", "");
        let host = fixture.read().since(&before, Duration::from_secs(1));
        assert_eq!(host.other_cores, Some(1.0));
    }

    #[test]
    fn ticks_say_nothing_about_a_short_time() {
        let fixture = Fixture::new();
        fixture.set("stat", "cpu  1 0 1 8 0 0 0 0 0 0\n");
        let counters = fixture.read();
        assert_eq!(counters.since(&counters, Duration::from_millis(199)).steal, None);
        assert_eq!(counters.since(&counters, Duration::ZERO), HostState::default());
    }

    #[test]
    fn what_is_not_there_or_runs_backwards_is_absent() {
        let fixture = Fixture::new();
        assert_eq!(fixture.read(), Counters::default());
        fixture.set("stat", "cpu nonsense\n");
        fixture.set("pressure/io", "some total=-1\nfull total=99999999999999999999\n");
        assert_eq!(fixture.read(), Counters::default());
        let high = Counters { io_stall_us: Some(9), ..Counters::default() };
        let low = Counters { io_stall_us: Some(3), ..Counters::default() };
        assert_eq!(low.since(&high, Duration::from_secs(1)).io_pressure, None);
    }

    #[test]
    fn this_machine_has_processor_time() {
        assert!(Counters::read(&Roots::default()).cpu.is_some());
    }
}
