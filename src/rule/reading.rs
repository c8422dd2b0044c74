//! The table of readings: what a rule can ask, a line each.
//!
//! A new reading is one line: its name, its unit, its words, and how it is taken. Of which kind of
//! thing it is follows from what it is taken of. Nothing else has to know of it: the parser, the
//! file's comments and the judge read this table.

use crate::model::agent::Agents;
use crate::model::backend::{BackendStatus, Readiness};
use crate::model::gpu::xid::Xid;
use crate::model::gpu::{Gpu, GpuState};
use crate::model::node::{Disk, Memory, Mount, Network, NodeSample, Stall, Temperature};
use crate::model::reading::{Reading, Why};
use crate::model::serving::{Latency, Service, Serving};
use crate::model::unit::{Ratio, Seconds as Time};
use crate::model::workload::BackendFigures;

use super::thing::{Benched, Standing, Thing};
use super::unit::Unit;
use super::unit::Unit::{
    ByteRate, Bytes, Celsius, Flag, Percent, Plain, Rate, Seconds, Text, Watts,
};

/// A number, or why there is none.
pub type Read = Reading<f64>;

/// Of what kind of thing a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The node itself.
    Node,
    /// A mounted file system.
    Mount,
    /// A block device.
    Disk,
    /// A network interface.
    Network,
    /// A sensor of temperature.
    Sensor,
    /// A GPU.
    Gpu,
    /// A kind of error that the driver told of a GPU.
    Xid,
    /// A model that is served.
    Model,
    /// A service beside models.
    Service,
    /// A sandbox backend.
    Backend,
    /// The workloads of a backend.
    Workloads,
    /// A row of the last benchmark beside its baseline.
    Bench,
}

impl Scope {
    /// What such a thing is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Mount => "mount",
            Self::Disk => "disk",
            Self::Network => "network interface",
            Self::Sensor => "sensor",
            Self::Gpu => "GPU",
            Self::Xid => "GPU's Xid error",
            Self::Model => "model",
            Self::Service => "service",
            Self::Backend => "backend",
            Self::Workloads => "backend's workloads",
            Self::Bench => "benchmark",
        }
    }
}

/// How a reading is taken.
#[derive(Clone, Copy, Debug)]
pub enum Take {
    /// Of how the source stands.
    Source(fn(&Standing<'_>) -> Read),
    /// Of the node's sample.
    Node(fn(&NodeSample) -> Read),
    /// Of its agents.
    Agents(fn(&Agents) -> Read),
    /// Of a file system.
    Mount(fn(&Mount) -> Read),
    /// Of a block device.
    Disk(fn(&Disk) -> Read),
    /// Of an interface.
    Network(fn(&Network) -> Read),
    /// Of a sensor.
    Sensor(fn(&Temperature) -> Read),
    /// Of a GPU.
    Gpu(fn(&Gpu) -> Read),
    /// Of an error of a GPU; when it was is told by the node's clock.
    Xid(fn(&Standing<'_>, &Xid) -> Read),
    /// What is said of such an error.
    Said(fn(&Xid) -> &'static str),
    /// Of a model.
    Model(fn(&Serving) -> Read),
    /// Of a service.
    Service(fn(&Service) -> Read),
    /// Of a backend.
    Backend(fn(&BackendStatus) -> Read),
    /// Of the workloads of a backend in the last hour.
    Workloads(fn(&BackendFigures) -> Read),
    /// Of a row of the last benchmark.
    Bench(fn(&Benched) -> Read),
    /// The name of the thing of this kind.
    Name(Scope),
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its name in rules.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// What it is.
    pub words: &'static str,
    /// How it is taken.
    pub take: Take,
}

impl Line {
    /// Of what kind of thing it is.
    pub const fn scope(&self) -> Scope {
        match self.take {
            Take::Source(_) | Take::Node(_) | Take::Agents(_) => Scope::Node,
            Take::Mount(_) => Scope::Mount,
            Take::Disk(_) => Scope::Disk,
            Take::Network(_) => Scope::Network,
            Take::Sensor(_) => Scope::Sensor,
            Take::Gpu(_) => Scope::Gpu,
            Take::Xid(_) | Take::Said(_) => Scope::Xid,
            Take::Model(_) => Scope::Model,
            Take::Service(_) => Scope::Service,
            Take::Backend(_) => Scope::Backend,
            Take::Workloads(_) => Scope::Workloads,
            Take::Bench(_) => Scope::Bench,
            Take::Name(scope) => scope,
        }
    }

    /// Whether it tells how the source stands, which only who watches knows.
    pub const fn is_of_source(&self) -> bool {
        matches!(self.take, Take::Source(_) | Take::Name(Scope::Node))
    }

    /// What it is of `thing`; missing where that is of another kind.
    pub fn take(&self, standing: &Standing<'_>, thing: &Thing<'_>) -> Read {
        let late = |read: Read| match standing.late_for(thing) {
            Some(why) => Reading::Missing(why),
            None => read,
        };
        match (self.take, thing) {
            (Take::Source(take), _) => take(standing),
            (Take::Node(take), _) => standing.sample(take),
            (Take::Agents(take), _) => standing.agents(take),
            (Take::Mount(take), Thing::Mount(mount)) => late(take(mount)),
            (Take::Disk(take), Thing::Disk(disk)) => late(take(disk)),
            (Take::Network(take), Thing::Network(network)) => late(take(network)),
            (Take::Sensor(take), Thing::Sensor(sensor)) => late(take(sensor)),
            (Take::Gpu(take), Thing::Gpu(gpu)) => late(take(gpu)),
            (Take::Xid(take), Thing::Xid(_, xid)) => late(take(standing, xid)),
            (Take::Model(take), Thing::Model(model)) => late(take(model)),
            (Take::Service(take), Thing::Service(service)) => late(take(service)),
            (Take::Backend(take), Thing::Backend(backend)) => late(take(backend)),
            (Take::Workloads(take), Thing::Workloads(figures)) => late(take(figures)),
            (Take::Bench(take), Thing::Bench(benched)) => take(benched),
            _ => Reading::Missing(Why::NotSupported),
        }
    }
}

/// The place of the reading called `name`.
pub fn position(name: &str) -> Option<usize> {
    READINGS.iter().position(|line| line.name == name)
}

/// The reading that was perhaps meant by `name`, in a sentence.
pub fn nearest(name: &str) -> String {
    let near = |line: &&Line| strsim::jaro_winkler(name, line.name);
    let best = READINGS.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    let best = best.filter(|line| near(line) > 0.75);
    best.map_or_else(
        || "`isomon alerts readings` lists every one".to_owned(),
        |line| format!("did you mean `{}`?", line.name),
    )
}

/// Every reading.
#[rustfmt::skip]
pub const READINGS: &[Line] = &[
    text("node", "name of the node", Scope::Node),
    of_source("node.down", Flag, "its source says that it does not answer", |n| flag(n.down)),
    of_source("node.late", Flag, "nothing was heard of it for three intervals", |n| flag(n.late)),
    of_source("node.silent", Seconds, "time since it was last heard", |n| n.silent_seconds.into_read()),
    of_node("cpu", Percent, "processors busy", |s| s.cpu.get().map(|cpu| cpu.busy).read(&s.cpu)),
    of_node("cpu.user", Percent, "processors in user code", |s| s.cpu.get().map(|cpu| cpu.user).read(&s.cpu)),
    of_node("cpu.system", Percent, "processors in the kernel", |s| s.cpu.get().map(|cpu| cpu.system).read(&s.cpu)),
    of_node("cpu.iowait", Percent, "processors waiting for I/O", |s| s.cpu.get().map(|cpu| cpu.iowait).read(&s.cpu)),
    of_node("cpu.steal", Percent, "processors taken by the hypervisor", |s| s.cpu.get().map(|cpu| cpu.steal).read(&s.cpu)),
    of_node("cpus", Plain, "logical processors", |s| Reading::Known(s.cores.len() as f64)),
    of_node("load1", Plain, "load average over 1 minute", |s| s.load.clone().map(|load| load[0])),
    of_node("load5", Plain, "load average over 5 minutes", |s| s.load.clone().map(|load| load[1])),
    of_node("load15", Plain, "load average over 15 minutes", |s| s.load.clone().map(|load| load[2])),
    of_node("memory", Percent, "memory that programs hold", |s| memory(s, Memory::used)),
    of_node("memory.available", Bytes, "memory that can be given out", |s| s.memory.clone().map(|m| m.available_bytes.0 as f64)),
    of_node("memory.total", Bytes, "all memory", |s| s.memory.clone().map(|m| m.total_bytes.0 as f64)),
    of_node("swap", Percent, "swap in use", |s| memory(s, Memory::swap_used)),
    of_node("pressure.cpu", Percent, "tasks waiting for a processor (PSI some, 10 s)", |s| some(&s.pressure.cpu)),
    of_node("pressure.memory", Percent, "tasks waiting for memory (PSI some, 10 s)", |s| some(&s.pressure.memory)),
    of_node("pressure.memory.full", Percent, "all tasks waiting for memory (PSI full, 10 s)", |s| full(&s.pressure.memory)),
    of_node("pressure.io", Percent, "tasks waiting for I/O (PSI some, 10 s)", |s| some(&s.pressure.io)),
    of_node("pressure.io.full", Percent, "all tasks waiting for I/O (PSI full, 10 s)", |s| full(&s.pressure.io)),
    of_node("uptime", Seconds, "time since boot", |s| s.uptime_seconds.clone().map(|up| up.0)),
    of_node("processes", Plain, "processes", |s| s.tasks.clone().map(|tasks| f64::from(tasks.processes))),
    text("mount", "path of the file system", Scope::Mount),
    of_mount("mount.used", Percent, "file system full", |m| m.used().map(Ratio::percent)),
    of_mount("mount.free", Bytes, "room left", |m| m.free().map(|free| free.0 as f64)),
    of_mount("mount.inodes", Percent, "inodes taken", |m| m.inodes_used.clone().map(Ratio::percent)),
    text("disk", "name of the block device", Scope::Disk),
    of_disk("disk.busy", Percent, "time in which it had work", |d| d.busy.clone().map(Ratio::percent)),
    of_disk("disk.read", ByteRate, "read from it", |d| d.read_bytes_per_second.clone().map(|rate| rate.0)),
    of_disk("disk.write", ByteRate, "written to it", |d| d.write_bytes_per_second.clone().map(|rate| rate.0)),
    text("network", "name of the interface", Scope::Network),
    of_network("network.down", Flag, "it is not up", |n| flag(!n.up)),
    of_network("network.receive", ByteRate, "received", |n| n.receive_bytes_per_second.clone().map(|rate| rate.0)),
    of_network("network.transmit", ByteRate, "sent", |n| n.transmit_bytes_per_second.clone().map(|rate| rate.0)),
    of_network("network.errors", Plain, "errors and drops since boot", |n| Reading::Known(n.errors as f64)),
    text("sensor", "name of the sensor", Scope::Sensor),
    of_sensor("sensor.temperature", Celsius, "temperature", |t| t.celsius.clone().map(|heat| heat.0)),
    of_sensor("sensor.critical", Celsius, "where the chip says it is too hot", |t| t.critical_celsius.clone().map(|heat| heat.0)),
    text("gpu", "index and name of the GPU", Scope::Gpu),
    of_gpu("gpu.lost", Flag, "it answered before and does not now", |g| flag(matches!(g.state, GpuState::Lost(_)))),
    of_gpu("gpu.busy", Percent, "time in which a kernel ran; no alarm by itself", |g| g.utilization.clone().map(Ratio::percent)),
    of_gpu("gpu.memory", Percent, "its memory in use", |g| part(&g.memory_used_bytes, &g.memory_total_bytes)),
    of_gpu("gpu.memory.used", Bytes, "its memory in use", |g| g.memory_used_bytes.clone().map(|bytes| bytes.0 as f64)),
    of_gpu("gpu.temperature", Celsius, "core temperature", |g| g.celsius.clone().map(|heat| heat.0)),
    of_gpu("gpu.slowdown_temperature", Celsius, "where it slows itself down", |g| g.slowdown_celsius.clone().map(|heat| heat.0)),
    of_gpu("gpu.power", Watts, "present draw", |g| g.power_watts.clone().map(|power| power.0)),
    of_gpu("gpu.power_limit", Watts, "enforced limit", |g| g.power_limit_watts.clone().map(|power| power.0)),
    of_gpu("gpu.fan", Percent, "fan speed", |g| g.fan.clone().map(Ratio::percent)),
    of_gpu("gpu.throttled", Flag, "heat or power holds it back", |g| g.throttle.clone().map(|why| yes(why.iter().any(|why| is_throttle(why.as_str()))))),
    of_gpu("gpu.ecc", Plain, "uncorrected memory errors since the driver was loaded", |g| g.ecc_uncorrected.clone().map(|errors| errors as f64)),
    text("xid", "index of the GPU and number of an Xid error in the kernel's log", Scope::Xid),
    said("xid.meaning", "what that error means", |x| x.meaning().words),
    said("xid.remedy", "what mends it", |x| x.meaning().remedy),
    of_xid("xid.code", Plain, "its number", |_, x| Reading::Known(f64::from(x.code))),
    of_xid("xid.count", Plain, "how often it was seen", |_, x| Reading::Known(x.count as f64)),
    of_xid("xid.grave", Flag, "the GPU does not work until somebody acts", |_, x| flag(x.meaning().is_grave)),
    of_xid("xid.age", Seconds, "time since it was last seen", age),
    of_xid("xid.recent", Flag, "seen within the last hour, or nobody says when", recent),
    text("model", "name of the model", Scope::Model),
    of_model("model.running", Plain, "requests at work", |m| m.running.clone()),
    of_model("model.waiting", Plain, "requests that wait", |m| m.waiting.clone()),
    of_model("model.kv_cache", Percent, "key-value cache in use", |m| m.kv_cache.clone().map(Ratio::percent)),
    of_model("model.tokens", Rate, "tokens generated", |m| m.tokens_per_second.clone().map(|rate| rate.0)),
    of_model("model.prompt_tokens", Rate, "tokens of prompts taken in", |m| m.prompt_tokens_per_second.clone().map(|rate| rate.0)),
    of_model("model.requests", Rate, "requests that ended, last minute", |m| m.requests_per_second.clone().map(|rate| rate.0)),
    of_model("model.failures", Rate, "requests that failed, last minute", |m| m.failures_per_second.clone().map(|rate| rate.0)),
    of_model("model.preemptions", Rate, "requests put back to wait, last minute", |m| m.preemptions_per_second.clone().map(|rate| rate.0)),
    of_model("model.prefix_hits", Percent, "tokens of prompts found in the cache, last minute", |m| m.prefix_hits.clone().map(Ratio::percent)),
    of_model("model.ttft.p50", Seconds, "time to the first token, half of the last minute", |m| p50(&m.first_token)),
    of_model("model.ttft.p95", Seconds, "time to the first token, 95 %", |m| p95(&m.first_token)),
    of_model("model.ttft.p99", Seconds, "time to the first token, 99 %", |m| p99(&m.first_token)),
    of_model("model.itl.p50", Seconds, "time from token to token, half of the last minute", |m| p50(&m.inter_token)),
    of_model("model.itl.p95", Seconds, "time from token to token, 95 %", |m| p95(&m.inter_token)),
    of_model("model.itl.p99", Seconds, "time from token to token, 99 %", |m| p99(&m.inter_token)),
    of_model("model.e2e.p50", Seconds, "time of a whole request, half of the last minute", |m| p50(&m.end_to_end)),
    of_model("model.e2e.p95", Seconds, "time of a whole request, 95 %", |m| p95(&m.end_to_end)),
    of_model("model.e2e.p99", Seconds, "time of a whole request, 99 %", |m| p99(&m.end_to_end)),
    of_model("model.queue.p95", Seconds, "time a request waits to be begun, 95 %", |m| p95(&m.queued)),
    of_model("model.still", Seconds, "time without a token while requests are at work", |m| time(&m.still_seconds)),
    text("service", "name of the service", Scope::Service),
    of_service("service.unhealthy", Flag, "its server says that it is down or unhealthy", |s| flag(matches!(s.status.as_str(), "unhealthy" | "down"))),
    of_service("service.response", Seconds, "time it took to answer", |s| s.response_seconds.clone().map(|time| time.0)),
    of_agents("agents.sessions", Plain, "sessions that are open", |a| a.sessions.clone()),
    of_agents("agents.oldest", Seconds, "age of the oldest session", |a| a.oldest_seconds.clone().map(|age| age.0)),
    of_agents("agents.queue", Plain, "work that waits", |a| a.queue.clone()),
    of_agents("agents.errors", Percent, "work of the last hour that failed", |a| a.error_rate.clone().map(Ratio::percent)),
    text("backend", "name of the backend", Scope::Backend),
    of_backend("backend.ready", Flag, "it can run work here", |b| ready(&b.readiness)),
    text("workloads", "name of the backend whose workloads are counted", Scope::Workloads),
    of_workloads("workloads.count", Plain, "programs run in the last hour", |w| Reading::Known(w.count as f64)),
    of_workloads("workloads.failed", Percent, "of those that ended in the last hour, failed", |w| w.success.map(|share| 100.0 - share.percent()).into_read()),
    of_workloads("workloads.mean", Seconds, "mean duration in the last hour", |w| w.mean_seconds.map(|time| time.0).into_read()),
    of_workloads("workloads.p95", Seconds, "duration that 95 % of the last hour stayed below", |w| w.p95_seconds.map(|time| time.0).into_read()),
    text("bench", "row of the last benchmark: backend, payload, figure", Scope::Bench),
    of_bench("bench.slower", Flag, "slower than in the baseline, beyond chance and noise", |b| flag(b.slower)),
    of_bench("bench.broken", Flag, "worked in the baseline and does not now", |b| flag(b.broken)),
    of_bench("bench.change", Percent, "change of the median against the baseline", |b| b.change_percent.into_read()),
];

macro_rules! lines {
    ($($name:ident $variant:ident $thing:ty),+ $(,)?) => {$(
        const fn $name(
            name: &'static str,
            unit: Unit,
            words: &'static str,
            take: fn(&$thing) -> Read,
        ) -> Line {
            Line { name, unit, words, take: Take::$variant(take) }
        }
    )+};
}

lines! {
    of_source Source Standing<'_>,
    of_node Node NodeSample,
    of_agents Agents Agents,
    of_mount Mount Mount,
    of_disk Disk Disk,
    of_network Network Network,
    of_sensor Sensor Temperature,
    of_gpu Gpu Gpu,
    of_model Model Serving,
    of_service Service Service,
    of_backend Backend BackendStatus,
    of_workloads Workloads BackendFigures,
    of_bench Bench Benched,
}

const fn text(name: &'static str, words: &'static str, scope: Scope) -> Line {
    Line { name, unit: Text, words, take: Take::Name(scope) }
}

const fn said(name: &'static str, words: &'static str, say: fn(&Xid) -> &'static str) -> Line {
    Line { name, unit: Text, words, take: Take::Said(say) }
}

const fn of_xid(
    name: &'static str,
    unit: Unit,
    words: &'static str,
    take: fn(&Standing<'_>, &Xid) -> Read,
) -> Line {
    Line { name, unit, words, take: Take::Xid(take) }
}

fn age(standing: &Standing<'_>, xid: &Xid) -> Read {
    standing.age(xid)
}

/// Where it was said when, but not yet how long the node is up, it cannot be told.
fn recent(standing: &Standing<'_>, xid: &Xid) -> Read {
    if xid.last_uptime_seconds.known().is_none() {
        return flag(true);
    }
    standing.age(xid).map(|age| yes(age < 3_600.0))
}

fn time(reading: &Reading<Time>) -> Read {
    reading.clone().map(|time| time.0)
}

fn p50(latency: &Latency) -> Read {
    time(&latency.p50)
}

fn p95(latency: &Latency) -> Read {
    time(&latency.p95)
}

fn p99(latency: &Latency) -> Read {
    time(&latency.p99)
}

/// A value that is there, or not yet.
trait IntoRead {
    fn into_read(self) -> Read;
}

impl IntoRead for Option<f64> {
    fn into_read(self) -> Read {
        Reading::from_option(self, Why::NotYet)
    }
}

/// A share in percent, or why what it is a part of is missing.
trait Share {
    fn read<T>(self, of: &Reading<T>) -> Read;
}

impl Share for Option<Ratio> {
    fn read<T>(self, of: &Reading<T>) -> Read {
        let why = of.why().cloned().unwrap_or(Why::NotSupported);
        Reading::from_option(self.map(Ratio::percent), why)
    }
}

const fn yes(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

const fn flag(is: bool) -> Read {
    Reading::Known(yes(is))
}

fn memory(sample: &NodeSample, share: fn(&Memory) -> Option<Ratio>) -> Read {
    sample.memory.get().and_then(|memory| share(&memory)).read(&sample.memory)
}

fn some(stall: &Reading<Stall>) -> Read {
    stall.clone().map(|stall| stall.some.percent())
}

fn full(stall: &Reading<Stall>) -> Read {
    stall.get().and_then(|stall| stall.full).read(stall)
}

/// `part` of `whole` in percent.
fn part(
    part: &Reading<crate::model::unit::Bytes>,
    whole: &Reading<crate::model::unit::Bytes>,
) -> Read {
    let share = match (part.get(), whole.get()) {
        (Some(part), Some(whole)) => Ratio::of(part.0 as f64, whole.0 as f64),
        _ => None,
    };
    share.read(if part.known().is_some() { whole } else { part })
}

/// Whether `reason` slows a GPU that should be fast; a GPU that idles or was set slow is well.
fn is_throttle(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["thermal", "heat", "power brake", "hot", "hardware slowdown", "hw slowdown"]
        .iter()
        .any(|word| reason.contains(word))
}

fn ready(readiness: &Readiness) -> Read {
    match readiness {
        Readiness::Checking => Reading::Missing(Why::NotYet),
        other => flag(other.runs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_can_be_written() {
        for (at, line) in READINGS.iter().enumerate() {
            assert_eq!(position(line.name), Some(at), "{}", line.name);
            let letters =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c);
            assert!(line.name.chars().all(letters), "{}", line.name);
            assert!(!["and", "or", "not", "was"].contains(&line.name));
            assert_eq!(
                line.unit == Text,
                matches!(line.take, Take::Name(_) | Take::Said(_)),
                "{}",
                line.name
            );
        }
        assert_eq!(nearest("gpu.temprature"), "did you mean `gpu.temperature`?");
        assert!(nearest("zzzz").contains("isomon alerts readings"));
    }

    #[test]
    fn an_idle_gpu_is_not_throttled() {
        assert!(!is_throttle("idle") && !is_throttle("application clocks"));
        assert!(is_throttle("hardware thermal slowdown"));
    }
}
