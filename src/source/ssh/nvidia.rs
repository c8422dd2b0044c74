//! GPUs, from what `nvidia-smi` writes as CSV without units.
//!
//! A cell may be `[N/A]`, `[Not Supported]`, `N/A` or an error in words: it is a gap, and the others of
//! its row are read.

use super::files::Files;
use crate::model::gpu::{
    Gpu, GpuDetail, GpuProcess, GpuReader, GpuReaderState, GpuSample, MemoryOwner, PcieLink,
    Topology, throttle,
};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Celsius, Hertz, Ratio, Watts};
use crate::procfs::memory;

/// Columns that every driver knows; one more where it knows MIG.
const COLUMNS: usize = 16;
/// Columns that newer drivers know, after that one; what slows a GPU is one more.
const MORE: usize = 8;
/// Most GPUs, and most processes of all.
const MOST: usize = 1024;

/// What `nvidia-smi` told; `None` where it was not asked. `topology` is what is known of the connections,
/// and becomes what is known now.
pub(super) fn sample(files: &Files, topology: &mut Reading<Topology>) -> Option<GpuSample> {
    let status = files.told("gpu_status")?;
    let rows = files.all_told("gpu");
    let read: Vec<(Gpu, SafeText)> = rows.iter().filter_map(|row| gpu(row)).take(MOST).collect();
    let version = read.first().map(|(_, version)| version.clone());
    let mut gpus: Vec<Gpu> = read.into_iter().map(|(gpu, _)| lent(gpu, files)).collect();
    let state = match (gpus.is_empty(), status) {
        (false, _) => GpuReaderState::Works,
        (true, "0") => GpuReaderState::NotHere("there is no NVIDIA GPU".into()),
        (true, _) => broken(rows, status),
    };
    for row in files.all_told("app").iter().take(MOST) {
        put(row, &mut gpus);
    }
    let version = Reading::from_option(version, Why::NotSupported);
    let readers = vec![GpuReader { name: "nvidia-smi".into(), version, state }];
    if topology.known().is_none() {
        let drawn = Topology::parse(&files.all_told("topology").join("\n"));
        *topology = Reading::from_option(drawn, Why::Absent("nvidia-smi topo -m".into()));
    }
    Some(GpuSample {
        gpus,
        readers,
        cuda: Reading::Missing(Why::NotSupported),
        topology: topology.clone(),
    })
}

/// A GPU that has no memory of its own uses the machine's.
fn lent(gpu: Gpu, files: &Files) -> Gpu {
    let has_none = gpu.memory_total_bytes.why() == Some(&Why::NotSupported);
    match files.text("/proc/meminfo").and_then(memory::parse).filter(|_| has_none) {
        None => gpu,
        Some(memory) => {
            let used = memory.total_bytes.0.saturating_sub(memory.available_bytes.0);
            Gpu {
                memory_owner: MemoryOwner::Machine,
                memory_total_bytes: Reading::Known(memory.total_bytes),
                memory_used_bytes: Reading::Known(Bytes(used)),
                ..gpu
            }
        }
    }
}

fn broken(rows: &[String], status: &str) -> GpuReaderState {
    let said = rows.iter().map(|row| row.trim()).find(|row| !row.is_empty());
    let reason = match (status, said) {
        ("137" | "124", _) => SafeText::new("no answer within 3 s"),
        (_, Some(said)) => SafeText::new(said),
        _ => SafeText::from(format!("it ended with status {status}")),
    };
    GpuReaderState::Broken { reason, remedy: "run nvidia-smi on that host".into() }
}

/// A row and the driver's version in it; `None` for anything else that was said.
fn gpu(row: &str) -> Option<(Gpu, SafeText)> {
    let cells: Vec<&str> = row.split(',').map(str::trim).collect();
    let most = COLUMNS + 1 + MORE;
    if ![COLUMNS, COLUMNS + 1, most, most + 1].contains(&cells.len()) {
        return None;
    }
    let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
    let number = |at: usize| figure(cell(at));
    let share =
        |at: usize| number(at).map(|percent| Ratio::new(percent / 100.0).unwrap_or_default());
    let bytes =
        |at: usize| number(at).map(|mebibytes| Bytes(whole(mebibytes).saturating_mul(1 << 20)));
    let hertz =
        |at: usize| number(at).map(|megahertz| Hertz(whole(megahertz).saturating_mul(1_000_000)));
    let mig = match cell(COLUMNS) {
        "Enabled" => Reading::Known(true),
        "Disabled" => Reading::Known(false),
        _ => Reading::Missing(Why::NotSupported),
    };
    let none = || Reading::Missing(Why::NotSupported);
    let gpu = Gpu {
        index: cell(0).parse().ok()?,
        id: cell(1).into(),
        name: cell(2).into(),
        pci: Reading::Known(cell(3).into()),
        utilization: share(5),
        memory_utilization: share(6),
        memory_total_bytes: bytes(7),
        memory_used_bytes: bytes(8),
        celsius: number(9).map(Celsius),
        slowdown_celsius: none(),
        power_watts: number(10).map(Watts),
        power_limit_watts: number(11).map(Watts),
        core_clock_hertz: hertz(12),
        memory_clock_hertz: hertz(13),
        fan: share(14),
        throttle: slowed(cell(most)),
        ecc_uncorrected: number(15).map(whole),
        mig,
        encoder: Reading::Missing(Why::NotSupported),
        decoder: Reading::Missing(Why::NotSupported),
        processes: Reading::Known(Vec::new()),
        detail: detail(cells.get(COLUMNS + 1..).unwrap_or_default()),
        ..Gpu::default()
    };
    Some((gpu, cell(4).into()))
}

/// What newer drivers tell; nothing where `cells` has nothing.
fn detail(cells: &[&str]) -> GpuDetail {
    let number = |at: usize| figure(cells.get(at).copied().unwrap_or_default());
    let few = |at| number(at).map(|few| u32::try_from(whole(few)).unwrap_or_default());
    let hertz = |at| number(at).map(|megahertz| Hertz(whole(megahertz).saturating_mul(1_000_000)));
    GpuDetail {
        memory_celsius: number(0).map(Celsius),
        pcie: PcieLink {
            generation: few(1),
            generation_max: few(2),
            width: few(3),
            width_max: few(4),
            ..PcieLink::default()
        },
        core_clock_max_hertz: hertz(5),
        memory_clock_max_hertz: hertz(6),
        ecc_corrected: number(7).map(whole),
        ..GpuDetail::default()
    }
}

/// `GPU-…, 4711, /usr/bin/python3, 2048`: gives the process to its GPU. A name may hold commas.
fn put(row: &str, gpus: &mut [Gpu]) {
    let Some((uuid, rest)) = row.split_once(',') else { return };
    let Some((pid, rest)) = rest.split_once(',') else { return };
    let Some((name, memory)) = rest.rsplit_once(',') else { return };
    let gpu = gpus.iter_mut().find(|gpu| gpu.id.as_str() == uuid.trim());
    if let (Some(gpu), Ok(pid)) = (gpu, pid.trim().parse())
        && let Reading::Known(processes) = &mut gpu.processes
    {
        let name = name.trim().rsplit('/').next().unwrap_or_default();
        processes.push(GpuProcess {
            pid,
            name: name.into(),
            memory_bytes: figure(memory.trim())
                .map(|mebibytes| Bytes(whole(mebibytes).saturating_mul(1 << 20))),
            utilization: Reading::Missing(Why::NotSupported),
            ..GpuProcess::default()
        });
    }
}

/// `0x0000000000000004`: what slows a GPU.
fn slowed(cell: &str) -> Reading<Vec<SafeText>> {
    let bits = cell.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16));
    match bits {
        Some(Ok(bits)) => Reading::Known(throttle::words(bits)),
        _ => Reading::Missing(gap(cell)),
    }
}

/// A number, or why there is none.
fn figure(cell: &str) -> Reading<f64> {
    match cell.parse() {
        Ok(number) if f64::is_finite(number) && number >= 0.0 => Reading::Known(number),
        _ => Reading::Missing(gap(cell)),
    }
}

/// Why a cell has no value.
fn gap(cell: &str) -> Why {
    match cell.trim_matches(['[', ']']) {
        "" | "N/A" | "Not Supported" => Why::NotSupported,
        "Insufficient Permissions" => Why::NoPermission,
        other => Why::Failed(other.into()),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
const fn whole(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "@gpu:0, GPU-abc, Tesla T4, 00000000:00:04.0, 550.54, 35, 10, 16384, 1024, 45, \
        [N/A], 70.00, 1590, 5000, [Not Supported], 0, [N/A]";

    fn told(body: &str) -> Option<GpuSample> {
        sample(&Files::read(body), &mut Reading::default())
    }

    #[test]
    fn a_newer_driver_tells_links_limits_and_connections() {
        let body = format!(
            "@gpu_status:0\n{ROW}, 51, 3, 4, 8, 16, 1980, 5001, 12\n\
             @topology:\tGPU0\tCPU Affinity\n@topology:GPU0\t X \t0-7"
        );
        let mut topology = Reading::default();
        let sample = sample(&Files::read(&body), &mut topology).unwrap();
        let detail = &sample.gpus[0].detail;
        assert_eq!(detail.memory_celsius.get(), Some(Celsius(51.0)));
        assert!(detail.pcie.is_narrow());
        assert_eq!(detail.core_clock_max_hertz.get(), Some(Hertz(1_980_000_000)));
        assert_eq!(detail.ecc_corrected.get(), Some(12));
        assert_eq!(sample.topology.known().unwrap().devices.len(), 1);
        let later = super::sample(&Files::read(&format!("@gpu_status:0\n{ROW}")), &mut topology);
        assert!(later.unwrap().topology.known().is_some(), "it is asked for once");
    }

    #[test]
    fn what_slows_a_gpu_is_told_as_nvml_tells_it() {
        let more = "51, 3, 4, 8, 16, 1980, 5001, 12";
        let slowed = |cell: &str| {
            let body = format!("@gpu_status:0\n{ROW}, {more}, {cell}");
            let gpu = told(&body).unwrap().gpus.remove(0);
            assert_eq!(gpu.detail.ecc_corrected.get(), Some(12), "what stands before it is read");
            gpu.throttle
        };
        for bits in [0x0, 0x1, 0x5, 0x1ff, 0x1000, u64::MAX] {
            assert_eq!(slowed(&format!("{bits:#018x}")), Reading::Known(throttle::words(bits)));
        }
        assert_eq!(slowed("[N/A]").why(), Some(&Why::NotSupported));
        assert_eq!(slowed("[Insufficient Permissions]").why(), Some(&Why::NoPermission));
        for odd in ["4", "0x", "0xfffffffffffffffff", "Active"] {
            assert!(matches!(slowed(odd).why(), Some(Why::Failed(_))), "{odd}");
        }
        let body = format!("@gpu_status:0\n{ROW}, {more}");
        assert_eq!(told(&body).unwrap().gpus[0].throttle.why(), Some(&Why::NotSupported));
    }

    #[test]
    fn a_part_with_unified_memory_shows_the_machines() {
        let row = "@gpu:0, GPU-gb10, NVIDIA GB10, 0000000F:01:00.0, 580.1, 6, 0, [N/A], [N/A], 43, \
            8.2, [N/A], 2000, [N/A], [N/A], [N/A], [N/A]";
        let body = format!(
            "@gpu_status:0\n{row}\n/proc/meminfo:MemTotal: 1048576 kB\n\
             /proc/meminfo:MemAvailable: 524288 kB"
        );
        let gpu = told(&body).unwrap().gpus.remove(0);
        assert_eq!(gpu.memory_owner, MemoryOwner::Machine);
        assert_eq!(gpu.memory_total_bytes.get(), Some(Bytes(1 << 30)));
        assert_eq!(gpu.memory_used_bytes.get(), Some(Bytes(1 << 29)));
    }

    #[test]
    fn a_cell_that_is_none_is_a_gap() {
        let body = format!("@gpu_status:0\n{ROW}\n@app:GPU-abc, 77, /usr/bin/a, b, 512\n@app:odd");
        let sample = told(&body).unwrap();
        let gpu = &sample.gpus[0];
        assert_eq!(gpu.utilization.get().unwrap().to_string(), "35 %");
        assert_eq!(gpu.power_watts, Reading::Missing(Why::NotSupported));
        assert_eq!(gpu.power_limit_watts.get(), Some(Watts(70.0)));
        assert_eq!(gpu.fan, Reading::Missing(Why::NotSupported));
        assert_eq!(gpu.memory_used_bytes.get(), Some(Bytes(1 << 30)));
        let process = &gpu.processes.known().unwrap()[0];
        assert_eq!((process.pid, process.name.as_str()), (77, "a, b"));
        assert_eq!(sample.readers[0].state, GpuReaderState::Works);
    }

    #[test]
    fn a_driver_that_does_not_answer_is_said() {
        let state = |body: &str| told(body).unwrap().readers.remove(0).state;
        let GpuReaderState::Broken { reason, .. } =
            state("@gpu_status:9\n@gpu:NVIDIA-SMI has failed")
        else {
            panic!("not broken")
        };
        assert_eq!(reason.as_str(), "NVIDIA-SMI has failed");
        assert!(matches!(state("@gpu_status:137"), GpuReaderState::Broken { .. }));
        assert!(matches!(state("@gpu_status:0\n@gpu:"), GpuReaderState::NotHere(_)));
        assert!(told("").is_none());
    }

    #[test]
    fn rows_of_real_cards_have_gaps_where_they_have_them() {
        for row in include_str!("../../../tests/fixture/gpu/nvidia_smi_rows.csv").lines().skip(1) {
            for cell in row.split(',').skip(3) {
                let wanted = (!cell.starts_with('[')).then(|| cell.parse::<f64>().unwrap());
                assert_eq!(figure(cell).get(), wanted, "{row}");
            }
        }
    }
}
