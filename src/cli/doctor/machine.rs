//! What the probes find, and what earlier runs left behind.

use std::time::{Duration, Instant};

use super::super::setting::Setting;
use super::finding::{Finding, Level};
use crate::model::gpu::{GpuReader, GpuReaderState, GpuSample};
use crate::model::node::{Cgroup, NodeInfo, NodeSample};
use crate::model::text::SafeText;
use crate::model::update::What;

const TIME_BOX: Duration = Duration::from_secs(10);

/// Asks every probe once.
pub(super) async fn look(setting: &Setting) -> Vec<Finding> {
    let local = setting.local.clone();
    let info = {
        let local = local.clone();
        in_time(move || Ok(local.info())).await
    };
    let mut node = local.node();
    let node = in_time(move || node(Instant::now())).await;
    let mut gpus = local.gpus();
    let gpus = in_time(move || gpus(Instant::now())).await;
    let left = in_time(move || local.left_overs()).await;
    let mut findings = Vec::new();
    findings.extend(info.as_ref().map(of_info));
    findings.extend(of_node(&node));
    findings.extend(of_gpus(&gpus));
    findings.push(of_left_overs(&left));
    findings.push(of_runs(setting));
    findings
}

/// `work` in a thread, for as long as may be waited.
async fn in_time<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SafeText> + Send + 'static,
) -> Result<T, SafeText> {
    let thread = tokio::task::spawn_blocking(work);
    match tokio::time::timeout(TIME_BOX, thread).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => Err(format!("a fault of isomon: {panic}").into()),
        Err(_) => Err(format!("no answer for {} s", TIME_BOX.as_secs()).into()),
    }
}

fn of_info(info: &NodeInfo) -> Finding {
    let (level, words) = match info.cgroup {
        Cgroup::V2 => (Level::Good, "version 2"),
        Cgroup::Hybrid => (Level::Good, "version 1 with a version 2 tree beside it"),
        Cgroup::V1 => (Level::Warn, "version 1 only: sandboxes are ended process by process"),
        Cgroup::None => (Level::Warn, "not mounted: limits cannot be set"),
    };
    let remedy = match level {
        Level::Warn => "boot with systemd.unified_cgroup_hierarchy=1",
        _ => "",
    };
    Finding::new("cgroup", level, words, remedy)
}

fn of_node(node: &Result<What, SafeText>) -> Vec<Finding> {
    let sample = match node {
        Ok(What::Node(sample)) => sample,
        Ok(_) => return Vec::new(),
        Err(why) => {
            let remedy = "mount /proc and /sys";
            return vec![Finding::new("node", Level::Bad, why.as_str(), remedy)];
        }
    };
    vec![of_probes(sample), of_pressure(sample)]
}

fn of_probes(sample: &NodeSample) -> Finding {
    if let Some(why) = sample.memory.why() {
        return Finding::new("node", Level::Warn, &format!("memory: {why}"), "mount /proc");
    }
    if let Some(unread) = sample.unread.first() {
        let words = format!("{}: {}", unread.list.name(), unread.why);
        return Finding::new("node", Level::Warn, &words, "mount /proc and /sys");
    }
    if sample.quarantined.is_empty() {
        return Finding::new("node", Level::Good, "processor, memory, disks, networks", "");
    }
    let names: Vec<&str> = sample.quarantined.iter().map(SafeText::as_str).collect();
    let words = format!("no answer in time: {}", names.join(", "));
    Finding::new("node", Level::Warn, &words, "a disk or network mount may hang")
}

fn of_pressure(sample: &NodeSample) -> Finding {
    match sample.pressure.cpu.why() {
        None => Finding::new("pressure", Level::Good, "processor, memory and I/O stalls", ""),
        Some(why) => {
            let remedy = "a kernel with CONFIG_PSI, booted with psi=1";
            Finding::new("pressure", Level::Warn, &why.to_string(), remedy)
        }
    }
}

fn of_gpus(gpus: &Result<What, SafeText>) -> Vec<Finding> {
    match gpus {
        Ok(What::Gpus(sample)) => of_readers(sample),
        Ok(_) => Vec::new(),
        Err(why) => vec![Finding::new("gpu", Level::Warn, why.as_str(), "")],
    }
}

fn of_readers(sample: &GpuSample) -> Vec<Finding> {
    let finding = |reader: &GpuReader| {
        let (level, words, remedy) = of_reader(reader, sample.gpus.len());
        Finding::new(&format!("gpu {}", reader.name), level, &words, remedy)
    };
    sample.readers.iter().map(finding).collect()
}

fn of_reader(reader: &GpuReader, gpus: usize) -> (Level, String, &str) {
    match &reader.state {
        GpuReaderState::Works => {
            let words = format!("{gpus} found, version {}", reader.version);
            (Level::Good, words, "")
        }
        GpuReaderState::NotHere(why) => (Level::Note, why.to_string(), ""),
        GpuReaderState::Broken { reason, remedy } => {
            (Level::Warn, reason.to_string(), remedy.as_str())
        }
    }
}

fn of_left_overs(left: &Result<Vec<SafeText>, SafeText>) -> Finding {
    match left {
        Err(why) => Finding::new("left-overs", Level::Warn, why.as_str(), ""),
        Ok(found) if found.is_empty() => Finding::new("left-overs", Level::Good, "none", ""),
        Ok(found) => {
            let words = format!("{} of dead runs, first {}", found.len(), found[0]);
            Finding::new("left-overs", Level::Warn, &words, "isomon gc")
        }
    }
}

/// Whether a run can be kept.
fn of_runs(setting: &Setting) -> Finding {
    let runs = &setting.local.runs;
    let path = runs.display().to_string();
    let written = std::fs::create_dir_all(runs).and_then(|()| {
        let probe = runs.join(".doctor");
        std::fs::write(&probe, b"ok")?;
        std::fs::remove_file(&probe)
    });
    match written {
        Ok(()) => Finding::new("runs", Level::Good, &path, ""),
        Err(error) => {
            let remedy = "set XDG_STATE_HOME to where there is room";
            Finding::new("runs", Level::Bad, &format!("{path}: {error}"), remedy)
        }
    }
}
