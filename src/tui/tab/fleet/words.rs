//! A few words beside each number of one machine that make it plain.

use crate::model::gpu::Gpu;
use crate::model::node::{NodeSample, Stall};
use crate::model::reading::Reading;
use crate::model::unit::{Bytes, BytesPerSecond};
use crate::state::history::{Metric, node_row};
use crate::tui::widget::value;

pub(super) fn count(gpus: usize) -> String {
    format!("{}, mean time busy", value::many(gpus, "GPU"))
}

pub(super) fn vram(gpus: &[&Gpu]) -> String {
    let known = gpus
        .iter()
        .filter_map(|gpu| Some((gpu.memory_used_bytes.get()?.0, gpu.memory_total_bytes.get()?.0)));
    let add = |(used, total): (u64, u64), (more, of): (u64, u64)| {
        (used.saturating_add(more), total.saturating_add(of))
    };
    let sum = known.reduce(add);
    sum.map_or_else(String::new, |(used, total)| format!("{} of {}", Bytes(used), Bytes(total)))
}

pub(super) fn cpu(sample: &NodeSample) -> String {
    let Some(cpu) = sample.cpu.known() else {
        return String::new();
    };
    format!("user {:>5} · system {:>5} · I/O wait {:>5}", cpu.user, cpu.system, cpu.iowait)
}

pub(super) fn memory(sample: &NodeSample) -> String {
    let Some(memory) = sample.memory.known() else {
        return String::new();
    };
    let swap = memory.swap_used().map(|swap| format!(" · swap {swap}"));
    format!("{:>8} of {}{}", memory.used_bytes(), memory.total_bytes, swap.unwrap_or_default())
}

pub(super) fn pressure(sample: &NodeSample) -> String {
    let pressure = &sample.pressure;
    let some = |stall: &Reading<Stall>| value::percent(stall.get().map(|stall| stall.some));
    let (cpu, memory, io) = (some(&pressure.cpu), some(&pressure.memory), some(&pressure.io));
    format!("CPU {cpu:>5} · memory {memory:>5} · I/O {io:>5}")
}

pub(super) fn disk(sample: &NodeSample) -> String {
    let row = node_row(sample);
    both("read", row[Metric::DiskRead as usize], "write", row[Metric::DiskWrite as usize])
}

pub(super) fn network(sample: &NodeSample) -> String {
    let row = node_row(sample);
    both("in", row[Metric::Receive as usize], "out", row[Metric::Transmit as usize])
}

fn both(first: &str, one: Option<f64>, second: &str, other: Option<f64>) -> String {
    let rate = |rate: Option<f64>| {
        let known = rate.map(|rate| BytesPerSecond(rate).to_string());
        known.unwrap_or_else(|| value::MISSING.to_owned())
    };
    format!("{first} {:>10} · {second} {:>10}", rate(one), rate(other))
}

pub(super) fn load(sample: &NodeSample) -> String {
    let Some([one, five, fifteen]) = sample.load.get() else {
        return String::new();
    };
    let tasks = sample.tasks.get().map(|tasks| format!(" · {} processes", tasks.processes));
    format!("{one:<5.2} {five:<5.2} {fifteen:<5.2}{}", tasks.unwrap_or_default())
}
