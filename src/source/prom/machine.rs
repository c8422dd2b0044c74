//! What `node_exporter` tells of a machine as a whole: what it is, load, memory, processors, pressure.

use super::answer::Labels;
use crate::model::node::{CpuUse, Memory, NodeInfo, NodeSample, Pressure, Stall, Tasks};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Ratio, Seconds};

/// Bytes, or a count, of a value that was read as a fraction; negative ones are 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub(super) const fn whole(value: f64) -> u64 {
    value as u64
}

/// What is known of a machine so far.
#[derive(Debug, Default)]
pub(super) struct Machine {
    name: Option<SafeText>,
    kernel: Option<SafeText>,
    arch: SafeText,
    os: Option<SafeText>,
    cpu_model: Option<SafeText>,
    cpus: Option<f64>,
    gauges: Gauges,
    modes: [Option<f64>; MODES.len()],
    pressure: [Option<f64>; PRESSURES.len()],
}

/// Processor modes, as `node_exporter` names them.
const MODES: [&str; 8] = ["user", "nice", "system", "irq", "softirq", "steal", "iowait", "idle"];

/// Rates of stall, then totals.
const PRESSURES: [&str; 8] =
    ["cpu", "memory", "memory_full", "io", "io_full", "cpu_total", "memory_total", "io_total"];

macro_rules! gauges {
    ($($field:ident = $name:literal),* $(,)?) => {
        #[derive(Debug, Default)]
        struct Gauges {
            $($field: Option<f64>,)*
        }

        impl Gauges {
            fn named(&mut self, name: &str) -> Option<&mut Option<f64>> {
                match name {
                    $($name => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

gauges! {
    load1 = "node_load1",
    load5 = "node_load5",
    load15 = "node_load15",
    boot = "node_boot_time_seconds",
    time = "node_time_seconds",
    running = "node_procs_running",
    pids = "node_processes_pids",
    threads = "node_processes_threads",
    total = "node_memory_MemTotal_bytes",
    available = "node_memory_MemAvailable_bytes",
    free = "node_memory_MemFree_bytes",
    buffers = "node_memory_Buffers_bytes",
    cached = "node_memory_Cached_bytes",
    swap_total = "node_memory_SwapTotal_bytes",
    swap_free = "node_memory_SwapFree_bytes",
}

impl Machine {
    pub(super) fn take_info(&mut self, metric: &Labels<'_>, value: Option<f64>) {
        let text = |raw: &str| Some(SafeText::new(raw)).filter(|text| !text.is_empty());
        match metric.what.as_ref() {
            "uname" => {
                self.name = text(&metric.nodename);
                self.kernel = text(&metric.release);
                self.arch = SafeText::new(&metric.machine);
            }
            "os" => self.os = text(&metric.pretty_name),
            "model" => self.cpu_model = text(&metric.cpu_model),
            "cpus" => self.cpus = value,
            _ => {}
        }
    }

    pub(super) fn take_gauge(&mut self, metric: &Labels<'_>, value: Option<f64>) {
        if let Some(gauge) = self.gauges.named(&metric.name) {
            *gauge = value;
        }
    }

    pub(super) fn take_mode(&mut self, metric: &Labels<'_>, value: Option<f64>) {
        let named = MODES.iter().zip(&mut self.modes).find(|(mode, _)| **mode == metric.mode);
        if let Some((_, mode)) = named {
            *mode = value;
        }
    }

    pub(super) fn take_pressure(&mut self, metric: &Labels<'_>, value: Option<f64>) {
        let named =
            PRESSURES.iter().zip(&mut self.pressure).find(|(name, _)| **name == metric.what);
        if let Some((_, pressure)) = named {
            *pressure = value;
        }
    }

    /// The name it gives itself.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_ref().map(SafeText::as_str)
    }

    /// Whether `node_exporter` told of it at all.
    pub(super) fn is_known(&self) -> bool {
        self.name.is_some() || self.is_sampled()
    }

    /// Whether it was told how it is doing.
    pub(super) fn is_sampled(&self) -> bool {
        self.gauges.load1.is_some()
            || self.gauges.total.is_some()
            || self.modes.iter().any(Option::is_some)
    }

    /// What it is; `None` until its name was told.
    pub(super) fn info(&self) -> Option<NodeInfo> {
        let absent = |metric: &str| Why::Absent(metric.into());
        Some(NodeInfo {
            hostname: self.name.clone()?,
            os: Reading::from_option(self.os.clone(), absent("node_os_info")),
            kernel: Reading::from_option(self.kernel.clone(), absent("node_uname_info")),
            arch: self.arch.clone(),
            cpu_model: Reading::from_option(self.cpu_model.clone(), absent("node_cpu_info")),
            cpus: u32::try_from(whole(self.cpus.unwrap_or_default())).unwrap_or(u32::MAX),
            memory_bytes: Reading::from_option(
                self.gauges.total.map(|total| Bytes(whole(total))),
                absent("node_memory_MemTotal_bytes"),
            ),
            virtualization: Reading::Missing(Why::NotSupported),
            ..NodeInfo::default()
        })
    }

    /// How it is doing, without its lists.
    pub(super) fn sample(&self) -> NodeSample {
        let gauges = &self.gauges;
        let load = gauges.load1.zip(gauges.load5).zip(gauges.load15);
        let absent = |metric: &str| Why::Absent(metric.into());
        NodeSample {
            cpu: Reading::from_option(self.cpu(), Why::NotYet),
            load: Reading::from_option(load.map(|((a, b), c)| [a, b, c]), absent("node_load1")),
            pressure: self.pressure(),
            memory: self.memory(),
            uptime_seconds: Reading::from_option(
                gauges.time.zip(gauges.boot).map(|(now, boot)| Seconds((now - boot).max(0.0))),
                absent("node_boot_time_seconds"),
            ),
            tasks: Reading::from_option(self.tasks(), absent("node_processes_pids")),
            ..NodeSample::default()
        }
    }

    /// Shares of the time all processors had; idle time is among it or nothing is known.
    fn cpu(&self) -> Option<CpuUse> {
        let [user, nice, system, irq, softirq, steal, iowait, idle] = self.modes;
        idle?;
        let of = |parts: &[Option<f64>]| -> f64 {
            parts.iter().flatten().map(|part| part.max(0.0)).sum()
        };
        let whole = of(&self.modes);
        Some(CpuUse {
            busy: Ratio::of(whole - of(&[iowait, idle]), whole)?,
            user: Ratio::of(of(&[user, nice]), whole)?,
            system: Ratio::of(of(&[system, irq, softirq]), whole)?,
            iowait: Ratio::of(of(&[iowait]), whole)?,
            steal: Ratio::of(of(&[steal]), whole)?,
        })
    }

    /// As the kernel's own file is read: before Linux 3.14 what is free and cached stands in for what is
    /// available. Where neither is told nothing is known of what is used.
    fn memory(&self) -> Reading<Memory> {
        let gauges = &self.gauges;
        let absent = |metric: &str| Reading::Missing(Why::Absent(metric.into()));
        let Some(total) = gauges.total else { return absent("node_memory_MemTotal_bytes") };
        let bytes = |value: Option<f64>| whole(value.unwrap_or_default());
        let cached = bytes(gauges.cached).saturating_add(bytes(gauges.buffers));
        let spare = || gauges.free.map(|free| whole(free).saturating_add(cached));
        let Some(available) = gauges.available.map(whole).or_else(spare) else {
            return absent("node_memory_MemAvailable_bytes");
        };
        let swap_total = bytes(gauges.swap_total);
        Reading::Known(Memory {
            total_bytes: Bytes(whole(total)),
            available_bytes: Bytes(available),
            cached_bytes: Bytes(cached),
            swap_total_bytes: Bytes(swap_total),
            swap_used_bytes: Bytes(swap_total.saturating_sub(bytes(gauges.swap_free))),
        })
    }

    fn tasks(&self) -> Option<Tasks> {
        let count = |value: f64| u32::try_from(whole(value)).unwrap_or(u32::MAX);
        Some(Tasks {
            processes: count(self.gauges.pids?),
            threads: count(self.gauges.threads?),
            running: count(self.gauges.running?),
        })
    }

    /// The store's rates are over its window, not the kernel's 10 seconds.
    fn pressure(&self) -> Pressure {
        let [cpu, memory, memory_full, io, io_full, cpu_total, memory_total, io_total] =
            self.pressure;
        let stall = |some: Option<f64>, full: Option<f64>, total: Option<f64>| {
            let stall = some.and_then(Ratio::new).map(|some| Stall {
                some,
                full: full.and_then(Ratio::new),
                some_total_us: whole(total.unwrap_or_default() * 1e6),
            });
            Reading::from_option(stall, Why::Absent("node_pressure_*".into()))
        };
        Pressure {
            cpu: stall(cpu, None, cpu_total),
            memory: stall(memory, memory_full, memory_total),
            io: stall(io, io_full, io_total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_time_all_processors_had() {
        let mut machine = Machine::default();
        for (mode, rate) in
            [("user", 0.5), ("nice", 0.5), ("system", 1.0), ("steal", 0.5), ("idle", 1.5)]
        {
            let metric = Labels { mode: mode.into(), ..Labels::default() };
            assert_eq!(machine.sample().cpu.get(), None);
            machine.take_mode(&metric, Some(rate));
        }
        let used = machine.sample().cpu.get().unwrap();
        let percent =
            [used.busy, used.user, used.system, used.steal].map(|share| share.to_string());
        assert_eq!(percent, ["62 %", "25 %", "25 %", "12 %"]);
    }

    fn told(of: &str) -> Labels<'_> {
        Labels { name: of.into(), ..Labels::default() }
    }

    #[test]
    fn what_is_not_told_is_missing() {
        let mut machine = Machine::default();
        let total = told("node_memory_MemTotal_bytes");
        machine.take_gauge(&total, Some(100.0));
        let sample = machine.sample();
        let why = sample.memory.why().unwrap().to_string();
        assert_eq!(why, "node_memory_MemAvailable_bytes is not there", "not all of it is used");
        assert_eq!(sample.load.why().unwrap().to_string(), "node_load1 is not there");
        assert!(sample.pressure.io.get().is_none() && sample.uptime_seconds.get().is_none());
        machine.take_gauge(&told("node_memory_MemAvailable_bytes"), Some(60.0));
        assert_eq!(machine.sample().memory.get().unwrap().total_bytes, Bytes(100));
        machine.take_gauge(&total, None);
        assert!(machine.sample().memory.get().is_none(), "a stale value is none");
    }

    #[test]
    fn memory_in_use_is_what_is_not_available() {
        let mut machine = Machine::default();
        let mut used = |of: &str, bytes: f64| {
            machine.take_gauge(&told(of), Some(bytes));
            machine.sample().memory.get().map(|memory| memory.used_bytes().0)
        };
        assert_eq!(used("node_memory_MemTotal_bytes", 100.0), None);
        assert_eq!(used("node_memory_MemFree_bytes", 10.0), Some(90), "before Linux 3.14");
        assert_eq!(used("node_memory_Cached_bytes", 20.0), Some(70));
        assert_eq!(used("node_memory_MemAvailable_bytes", 60.0), Some(40));
    }
}
