//! GPUs, from what `nvidia-smi` writes as CSV without units.
//!
//! A cell may be `[N/A]`, `[Not Supported]`, `N/A` or an error in words: it is a gap, and the others of
//! its row are read.

use super::files::Files;
use crate::model::gpu::{Gpu, GpuProcess, GpuReader, GpuReaderState, GpuSample};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Celsius, Hertz, Ratio, Watts};

/// Columns that are asked for; one more where the driver knows MIG.
const COLUMNS: usize = 16;
/// Most GPUs, and most processes of all.
const MOST: usize = 1024;

/// What `nvidia-smi` told; `None` where it was not asked.
pub(super) fn sample(files: &Files) -> Option<GpuSample> {
    let status = files.told("gpu_status")?;
    let rows = files.all_told("gpu");
    let read: Vec<(Gpu, SafeText)> = rows.iter().filter_map(|row| gpu(row)).take(MOST).collect();
    let version = read.first().map(|(_, version)| version.clone());
    let mut gpus: Vec<Gpu> = read.into_iter().map(|(gpu, _)| gpu).collect();
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
    Some(GpuSample { gpus, readers, ..GpuSample::default() })
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
    if !(COLUMNS..=COLUMNS + 1).contains(&cells.len()) {
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
        throttle: Reading::Missing(Why::NotSupported),
        ecc_uncorrected: number(15).map(whole),
        mig,
        encoder: Reading::Missing(Why::NotSupported),
        decoder: Reading::Missing(Why::NotSupported),
        processes: Reading::Known(Vec::new()),
        ..Gpu::default()
    };
    Some((gpu, cell(4).into()))
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

/// A number, or why there is none.
fn figure(cell: &str) -> Reading<f64> {
    match cell.parse() {
        Ok(number) if f64::is_finite(number) && number >= 0.0 => Reading::Known(number),
        _ => Reading::Missing(match cell.trim_matches(['[', ']']) {
            "" | "N/A" | "Not Supported" => Why::NotSupported,
            "Insufficient Permissions" => Why::NoPermission,
            other => Why::Failed(other.into()),
        }),
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

    #[test]
    fn a_cell_that_is_none_is_a_gap() {
        let body = format!("@gpu_status:0\n{ROW}\n@app:GPU-abc, 77, /usr/bin/a, b, 512\n@app:odd");
        let sample = sample(&Files::read(&body)).unwrap();
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
        let state = |body: &str| sample(&Files::read(body)).unwrap().readers.remove(0).state;
        let GpuReaderState::Broken { reason, .. } =
            state("@gpu_status:9\n@gpu:NVIDIA-SMI has failed")
        else {
            panic!("not broken")
        };
        assert_eq!(reason.as_str(), "NVIDIA-SMI has failed");
        assert!(matches!(state("@gpu_status:137"), GpuReaderState::Broken { .. }));
        assert!(matches!(state("@gpu_status:0\n@gpu:"), GpuReaderState::NotHere(_)));
        assert!(sample(&Files::default()).is_none());
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
