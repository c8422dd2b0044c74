//! What the host does besides, cheap enough to be read before and after every sample.
//!
//! Three pressure files, the first line of `/proc/stat` and isomon's own process; some tens of
//! microseconds. What isomon's sandboxes use is told by who runs them and left out: a sandbox that
//! runs into its own limit waits, and that disturbs nobody. The kernel counts pressure in
//! microseconds but processor time in ticks of 10 ms, so shares of processor time are only given
//! over [`SHORTEST`] or longer. What is disturbing enough to matter is decided elsewhere.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use crate::model::bench::HostState;
use crate::model::load::Waits;
use crate::model::root::Roots;
use crate::model::unit::Ratio;
use crate::model::usage::Usage;

pub mod energy;
pub mod room;
pub mod sensor;

pub use sensor::Sensors;

/// The shortest time over which counted ticks say something: 50 of them, so that one is 2 %.
pub const SHORTEST: Duration = Duration::from_millis(500);

/// Microseconds of a tick of processor time: what Linux shows to programs on every architecture.
const TICK_US: u64 = 10_000;
/// Longest file read; `/proc/stat` grows with processors and with interrupt lines.
const LONGEST: u64 = 256 << 10;
/// Processes of isomon's own tree that are looked at; past this its share is unknown.
const FAMILY: usize = 512;

/// Counters that only rise. Each is `None` where the kernel does not show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Processor time in ticks, all processors together.
    pub cpu: Option<CpuTicks>,
    /// Microseconds of processor time used by isomon and everything below it.
    pub own_us: Option<u64>,
    /// Microseconds in which some task waited for a processor.
    pub cpu_stall_us: Option<u64>,
    /// Microseconds in which some task waited for memory.
    pub memory_stall_us: Option<u64>,
    /// Microseconds in which some task waited for I/O.
    pub io_stall_us: Option<u64>,
    /// Switches between tasks.
    pub switches: Option<u64>,
    /// Times a processor was slowed down for heat.
    pub throttles: Option<u64>,
    /// Mean clock at that moment, in thousandths of the highest.
    pub clock_permille: Option<u16>,
    /// What isomon's sandboxes have of all this; `None` where they cannot be told from others, and
    /// then they count as such.
    pub own: Option<Usage>,
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
    /// Reads them now; `own` is what isomon's sandboxes have used so far.
    pub fn read(roots: &Roots, sensors: &Sensors, own: Option<Usage>) -> Self {
        let pressure = |what| stall(&roots.proc.join("pressure").join(what));
        let stat = start_of(&roots.proc.join("stat")).unwrap_or_default();
        Self {
            cpu: ticks(&stat),
            switches: switches(&stat),
            throttles: sensors.throttles(),
            clock_permille: sensors.clock().map(permille),
            own_us: own.map_or_else(
                || family_us(&roots.proc, std::process::id()),
                |own| with_self(&roots.proc, own),
            ),
            cpu_stall_us: pressure("cpu"),
            memory_stall_us: pressure("memory"),
            io_stall_us: pressure("io"),
            own,
        }
    }

    /// What others did from `earlier`, `elapsed` ago, until this. Pressure is `None` when no time
    /// passed, or where the sandboxes' part in it is not counted; processor time below [`SHORTEST`].
    pub fn since(&self, earlier: &Self, elapsed: Duration) -> HostState {
        let microseconds = elapsed.as_secs_f64() * 1e6;
        let share = |all: fn(&Self) -> Option<u64>, own: fn(&Usage) -> Option<u64>| {
            let stalled = all(self)?.checked_sub(all(earlier)?)?;
            let own = match (&self.own, &earlier.own) {
                (Some(now), Some(then)) => own(now)?.checked_sub(own(then)?)?,
                _ => 0,
            };
            // The sandboxes' share is not quite a part of the whole: each is an average over
            // processors, weighted by how busy they were with whom it counts.
            Ratio::of(stalled.saturating_sub(own) as f64, microseconds)
        };
        let (steal, other_cores) = self.processors_since(earlier, elapsed);
        HostState {
            steal,
            cpu_pressure: share(|all| all.cpu_stall_us, |own| own.cpu_stall),
            memory_pressure: share(|all| all.memory_stall_us, |own| own.memory_stall),
            io_pressure: share(|all| all.io_stall_us, |own| own.io_stall),
            other_cores,
            switches_per_second: self.switches_since(earlier, elapsed),
            clock: self.clock_since(earlier),
            throttles: self
                .throttles
                .zip(earlier.throttles)
                .and_then(|(now, then)| now.checked_sub(then)),
            // To ask a GPU's driver takes longer than many a sample.
            gpu: None,
        }
    }

    /// For what share of `elapsed` something of isomon's sandboxes waited, from `earlier` until this; where
    /// those are not told apart, something of the whole machine. `None` in it where the kernel tells
    /// neither, or where no time passed.
    pub fn waits_since(&self, earlier: &Self, elapsed: Duration) -> Waits {
        let share = |all: fn(&Self) -> Option<u64>, own: fn(&Usage) -> Option<u64>| {
            let of = |counters: &Self| counters.own.as_ref().and_then(own);
            let own = of(self).zip(of(earlier));
            let (now, then) = own.or_else(|| all(self).zip(all(earlier)))?;
            Ratio::of(now.checked_sub(then)? as f64, elapsed.as_secs_f64() * 1e6)
        };
        Waits {
            cpu: share(|all| all.cpu_stall_us, |own| own.cpu_stall),
            memory: share(|all| all.memory_stall_us, |own| own.memory_stall),
            io: share(|all| all.io_stall_us, |own| own.io_stall),
        }
    }

    fn switches_since(&self, earlier: &Self, elapsed: Duration) -> Option<f64> {
        let switches = self.switches?.checked_sub(earlier.switches?)?;
        let rate = switches as f64 / elapsed.as_secs_f64();
        rate.is_finite().then_some(rate)
    }

    /// The mean of the clock then and now.
    fn clock_since(&self, earlier: &Self) -> Option<Ratio> {
        let both = f64::from(self.clock_permille?) + f64::from(earlier.clock_permille?);
        Ratio::of(both, 2_000.0)
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
        let own = self.own_us.zip(earlier.own_us);
        let others = own.map(|(own, before)| {
            let used = passed(now.busy, then.busy) * TICK_US as f64 - passed(own, before);
            (used / 1e6 / elapsed.as_secs_f64()).max(0.0)
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

/// `ctxt 1234567`: switches between tasks since boot (`proc_stat(5)`).
fn switches(stat: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix("ctxt "))?.trim().parse().ok()
}

fn permille(share: Ratio) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=1000")]
    let permille = (share.fraction() * 1_000.0).round() as u16;
    permille
}

/// The microseconds at the end of `some avg10=0.36 avg60=0.08 avg300=0.21 total=11423586`.
fn stall(path: &Path) -> Option<u64> {
    let text = start_of(path)?;
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split_whitespace().find_map(|field| field.strip_prefix("total="))?.parse().ok()
}

/// Microseconds of the sandboxes and of isomon itself; its helpers wait and use next to nothing.
fn with_self(proc: &Path, own: Usage) -> Option<u64> {
    let [user, system, ..] = times(&proc.join("self"))?;
    own.cpu?.checked_add(user.checked_add(system)?.checked_mul(TICK_US)?)
}

/// Microseconds of processor time of process `own`, of everything below it, and of what they waited for.
/// `None` where the kernel does not list children (`CONFIG_PROC_CHILDREN`): half a family would look like
/// other work.
pub fn family_us(proc: &Path, own: u32) -> Option<u64> {
    let mut waiting = vec![own];
    let (mut ticks, mut seen) = (0_u64, 0);
    while let Some(pid) = waiting.pop() {
        seen += 1;
        if seen > FAMILY {
            return None;
        }
        let dir = proc.join(pid.to_string());
        // A child that is gone by now was waited for, and is counted with its parent.
        let used = times(&dir).map_or(0, |times| times.into_iter().fold(0, u64::saturating_add));
        ticks = ticks.saturating_add(used);
        match children(&dir) {
            Some(children) => waiting.extend(children),
            None if pid == own => return None,
            None => {}
        }
    }
    ticks.checked_mul(TICK_US)
}

/// `utime`, `stime`, `cutime` and `cstime` of `/proc/<pid>/stat`; the name in brackets before them
/// may hold anything. In ticks.
fn times(dir: &Path) -> Option<[u64; 4]> {
    let text = start_of(&dir.join("stat"))?;
    let (_, fields) = text.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(11).take(4);
    times.map(|field| field.parse().ok()).collect::<Option<Vec<u64>>>()?.try_into().ok()
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
            Counters::read(&Roots { proc: proc.clone(), sys: proc }, &Sensors::default(), None)
        }

        fn read_with(&self, own: Usage) -> Counters {
            let proc = self.0.path().to_owned();
            let roots = Roots { proc: proc.clone(), sys: proc };
            Counters::read(&roots, &Sensors::default(), Some(own))
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
    fn what_waits_is_told_of_the_sandboxes_or_else_of_the_machine() {
        let fixture = Fixture::new();
        fixture.set("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n");
        let own = |cpu_stall| Usage { cpu: Some(0), cpu_stall, ..Usage::default() };
        let second = Duration::from_secs(1);
        let (apart, untold) = (fixture.read_with(own(Some(0))), fixture.read_with(own(None)));
        fixture.set("pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=801000\n");
        let waits = fixture.read_with(own(Some(600_000))).waits_since(&apart, second);
        assert_eq!((waits.cpu, waits.io), (Ratio::new(0.6), None));
        let waits = fixture.read_with(own(None)).waits_since(&untold, second);
        assert_eq!(waits.cpu, Ratio::new(0.8));
        assert!(fixture.read().waits_since(&untold, Duration::ZERO).is_unknown());
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
    fn what_the_sandboxes_use_and_wait_for_is_not_other_work() {
        let fixture = Fixture::new();
        let write = |ticks: u64, stalled: u64, own: u64| {
            fixture.set("stat", &format!("cpu  {ticks} 0 0 0 0 0 0 0 0 0\n"));
            fixture.set("pressure/cpu", &format!("some avg10=0.00 total={stalled}\n"));
            fixture.set("self/stat", &format!("1 (a) S 1 1 1 0 -1 1 1 2 3 4 {own} 0 9 9 20"));
        };
        let own = |cpu, stall| Usage { cpu: Some(cpu), cpu_stall: Some(stall), ..Usage::default() };
        write(0, 0, 0);
        let before = fixture.read_with(own(0, 0));
        // Of 1.5 s, a sandbox used 1 s and isomon 0.1 s; it waited 0.6 of 0.7 s.
        write(150, 700_000, 10);
        let host =
            fixture.read_with(own(1_000_000, 600_000)).since(&before, Duration::from_secs(1));
        assert!((host.other_cores.unwrap() - 0.4).abs() < 1e-9, "{host:?}");
        assert_eq!(host.cpu_pressure, Ratio::new(0.1));
        // More of its own than there was at all: the averages differ, nobody else waited.
        let host =
            fixture.read_with(own(9_000_000, 900_000)).since(&before, Duration::from_secs(1));
        assert_eq!((host.cpu_pressure, host.other_cores), (Ratio::new(0.0), Some(0.0)));
        // What it waited for is not counted: whose the pressure is cannot be told.
        let blind = Usage { cpu: Some(0), ..Usage::default() };
        let (then, now) = (fixture.read_with(blind), fixture.read_with(blind));
        assert_eq!(now.since(&then, Duration::from_secs(1)).cpu_pressure, None);
    }

    #[test]
    fn switches_clock_and_throttles_are_told_where_they_are_known() {
        let counters = |switches, permille, throttles| Counters {
            switches: Some(switches),
            clock_permille: Some(permille),
            throttles: Some(throttles),
            ..Counters::default()
        };
        let host =
            counters(5_000, 600, 3).since(&counters(1_000, 1_000, 1), Duration::from_secs(2));
        assert_eq!((host.switches_per_second, host.throttles), (Some(2_000.0), Some(2)));
        assert_eq!((host.clock, host.gpu), (Ratio::new(0.8), None));
        let fixture = Fixture::new();
        fixture.set("stat", "cpu  1 0 1 8 0 0 0 0 0 0\nintr 1 2\nctxt 77\nbtime 1\n");
        assert_eq!(fixture.read().switches, Some(77));
    }

    #[test]
    fn ticks_say_nothing_about_a_short_time() {
        let fixture = Fixture::new();
        fixture.set("stat", "cpu  1 0 1 8 0 0 0 0 0 0\n");
        let counters = fixture.read();
        assert_eq!(counters.since(&counters, Duration::from_millis(499)).steal, None);
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
        assert!(Counters::read(&Roots::default(), &Sensors::default(), None).cpu.is_some());
    }
}
