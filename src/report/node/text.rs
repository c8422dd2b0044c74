//! A snapshot for people: what matters first, one thing a line, plain text.

use std::fmt::Write as _;

use super::Snapshot;
use super::remote::table;
use crate::config::{Level, Threshold};
use crate::model::gpu::{Gpu, GpuReaderState};
use crate::model::node::{List, Mount, Network, NodeSample, Stall};
use crate::model::process::Process;
use crate::model::reading::Reading;
use crate::model::text::SafeText;
use crate::model::unit::Ratio;

/// Processes shown: those that use most.
const PROCESSES: usize = 5;

/// The snapshot; `!` marks what is worth a look, `!!` what is bad.
pub fn write(snapshot: &Snapshot, threshold: &Threshold) -> String {
    let mut page = Page { text: String::new(), threshold };
    page.machine(snapshot);
    page.processor(snapshot);
    page.memory(snapshot);
    page.storage(snapshot);
    page.networks(&snapshot.node.networks);
    page.temperatures(snapshot);
    page.unread(&snapshot.node);
    page.gpus(snapshot);
    page.processes(&snapshot.processes);
    let own = std::iter::once((snapshot.source.0.as_str(), snapshot.serving.as_slice()));
    page.text.push_str(&super::model::table(own));
    page.text.push_str(&table(&snapshot.nodes));
    page.text
}

struct Page<'a> {
    text: String,
    threshold: &'a Threshold,
}

impl Page<'_> {
    fn line(&mut self, label: &str, value: &str) {
        let _infallible = writeln!(self.text, "{label:<12}{}", value.trim_end());
    }

    fn machine(&mut self, snapshot: &Snapshot) {
        let info = &snapshot.info;
        self.line("node", &format!("{} ({})", snapshot.source, info.hostname));
        let system = format!("{}, kernel {}, {}", info.os, info.kernel, info.arch);
        self.line("system", &system);
        let up = format!("{}, at {}", snapshot.node.uptime_seconds, snapshot.at);
        self.line("up", &up);
    }

    fn processor(&mut self, snapshot: &Snapshot) {
        let (info, node) = (&snapshot.info, &snapshot.node);
        self.line("processor", &format!("{} x {}", info.cpus, info.cpu_model));
        match &node.cpu {
            Reading::Known(cpu) => {
                let parts = format!(
                    "{}  user {}, system {}, I/O wait {}, steal {}",
                    self.share(cpu.busy),
                    cpu.user,
                    cpu.system,
                    cpu.iowait,
                    cpu.steal
                );
                self.line("  use", &parts);
            }
            Reading::Missing(why) => self.line("  use", &format!("— ({why})")),
        }
        let load = match &node.load {
            Reading::Known([one, five, fifteen]) => format!("{one:.2} {five:.2} {fifteen:.2}"),
            Reading::Missing(why) => format!("— ({why})"),
        };
        self.line("  load", &load);
        let some = |stall: &Reading<Stall>| match stall {
            Reading::Known(stall) => stall.some.to_string(),
            Reading::Missing(_) => "—".to_owned(),
        };
        let pressure = &node.pressure;
        let words = format!(
            "cpu {}, memory {}, I/O {}",
            some(&pressure.cpu),
            some(&pressure.memory),
            some(&pressure.io)
        );
        self.line("  pressure", &words);
    }

    fn memory(&mut self, snapshot: &Snapshot) {
        let memory = match &snapshot.node.memory {
            Reading::Known(memory) => memory,
            Reading::Missing(why) => return self.line("memory", &format!("— ({why})")),
        };
        let share = memory.used().map_or_else(String::new, |used| self.share(used));
        let words = format!("{share}  {} of {}", memory.used_bytes(), memory.total_bytes);
        self.line("memory", &words);
        if let Some(used) = memory.swap_used() {
            let share = self.share(used);
            let words =
                format!("{share}  {} of {}", memory.swap_used_bytes, memory.swap_total_bytes);
            self.line("swap", &words);
        }
    }

    /// An empty list is not worth a line; one that could not be read is.
    fn unread(&mut self, node: &NodeSample) {
        for (list, name) in [
            (List::Disks, "disk"),
            (List::Mounts, "mount"),
            (List::Networks, "network"),
            (List::Temperatures, "heat"),
        ] {
            if let Some(why) = node.why_unread(list) {
                self.line(name, &format!("— ({why})"));
            }
        }
    }

    fn storage(&mut self, snapshot: &Snapshot) {
        for disk in &snapshot.node.disks {
            let words = format!(
                "{}: read {}, write {}, busy {}",
                disk.name, disk.read_bytes_per_second, disk.write_bytes_per_second, disk.busy
            );
            self.line("disk", &words);
        }
        for mount in &snapshot.node.mounts {
            self.mount(mount);
        }
    }

    fn mount(&mut self, mount: &Mount) {
        let (used, total) = (&mount.used_bytes, &mount.total_bytes);
        let share = mount.used().get().map_or_else(|| "—".to_owned(), |share| self.share(share));
        let free = mount.free().get().map_or_else(String::new, |free| format!(", {free} free"));
        let words = format!("{share}  {used} of {total}{free}  {} ({})", mount.path, mount.kind);
        self.line("mount", &words);
    }

    fn networks(&mut self, networks: &[Network]) {
        for network in networks.iter().filter(|network| network.up) {
            let words = format!(
                "{}: receive {}, transmit {}",
                network.name, network.receive_bytes_per_second, network.transmit_bytes_per_second
            );
            self.line("network", &words);
        }
    }

    fn temperatures(&mut self, snapshot: &Snapshot) {
        for sensor in &snapshot.node.temperatures {
            let mark = sensor.celsius.get().map(|heat| self.threshold.heat(heat.0));
            let mark = mark.map_or("", marked);
            self.line("heat", &format!("{}{mark}  {}", sensor.celsius, sensor.label));
        }
    }

    fn gpus(&mut self, snapshot: &Snapshot) {
        for gpu in &snapshot.gpus.gpus {
            self.gpu(gpu);
        }
        for reader in &snapshot.gpus.readers {
            match &reader.state {
                GpuReaderState::Broken { reason, remedy } => {
                    self.line("gpu", &format!("{}: {reason}; {remedy}", reader.name));
                }
                GpuReaderState::Works | GpuReaderState::NotHere(_) => {}
            }
        }
        let told = |gpu| (snapshot.gpus.driver(gpu), snapshot.gpus.cuda(gpu));
        let told = snapshot.gpus.gpus.iter().map(told).find(|told| *told != (None, None));
        if let Some((driver, cuda)) = told {
            let told =
                |version: Option<&SafeText>| version.map_or("—", SafeText::as_str).to_owned();
            self.line("gpu", &format!("driver {}, CUDA {}", told(driver), told(cuda)));
        }
        if snapshot.gpus.gpus.is_empty() {
            self.line("gpu", "none found");
        }
    }

    fn gpu(&mut self, gpu: &Gpu) {
        let words = format!(
            "{} {}: use {}, memory {} of {}, {}, {} of {}",
            gpu.index,
            gpu.name,
            gpu.utilization,
            gpu.memory_used_bytes,
            gpu.memory_total_bytes,
            gpu.celsius,
            gpu.power_watts,
            gpu.power_limit_watts
        );
        self.line("gpu", &words);
        for words in super::gpu::lines(gpu) {
            self.line("", &words);
        }
    }

    fn processes(&mut self, processes: &[Process]) {
        let mut busiest: Vec<&Process> = processes.iter().collect();
        let cores = |process: &Process| process.cpu_cores.get().unwrap_or_default();
        busiest.sort_by(|a, b| {
            let by_use = cores(b).total_cmp(&cores(a));
            by_use.then(b.memory_bytes.0.cmp(&a.memory_bytes.0))
        });
        for process in busiest.into_iter().take(PROCESSES) {
            let cores = process.cpu_cores.get();
            let cores = cores.map_or_else(|| "—".to_owned(), |cores| format!("{cores:.2}"));
            let words = format!(
                "{:>7} {cores:>6} cores {:>9}  {}",
                process.pid,
                process.memory_bytes.to_string(),
                process.name
            );
            self.line("process", &words);
        }
    }

    fn share(&self, share: Ratio) -> String {
        format!("{share}{}", marked(self.threshold.share(share)))
    }
}

const fn marked(level: Level) -> &'static str {
    match level {
        Level::Good => "",
        Level::Warn => " !",
        Level::Bad => " !!",
    }
}
