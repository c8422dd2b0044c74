//! GPUs of a DreamServer, in the three forms it tells of them. Pure.
//!
//! Numbers are in megabytes of 2^20 bytes, as the driver's own tool writes them; a cell that the driver
//! cannot fill (`[N/A]`, null) is missing.

use serde_json::Value;

use crate::model::gpu::{Gpu, GpuReader, GpuReaderState, GpuSample, Vendor};
use crate::model::reading::{Reading, Why};
use crate::model::unit::{Celsius, Watts};
use crate::source::foreign::value::{self, reading};

/// GPUs that are kept.
const MOST: usize = 64;
const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1_073_741_824.0;

/// A list of GPUs, in detail or not; `None` if it is none.
pub(super) fn list(answer: Option<&Value>) -> Option<GpuSample> {
    let answer = answer?;
    let rows = answer.get("gpus")?.as_array()?.iter().take(MOST).enumerate();
    let backend = value::words(answer, "backend");
    let gpus = rows.map(|(at, row)| gpu(row, at, vendor(backend.as_str()))).collect();
    let state = match value::text(answer, "none") {
        Some(why) => GpuReaderState::NotHere(why),
        None => GpuReaderState::Works,
    };
    Some(sample(gpus, state))
}

/// The one GPU of an older API; null where there is none.
pub(super) fn one(answer: Option<&Value>) -> Option<GpuSample> {
    match answer? {
        Value::Null => Some(sample(Vec::new(), GpuReaderState::NotHere("no GPU there".into()))),
        row if row.is_object() => {
            Some(sample(vec![gpu(row, 0, Vendor::Nvidia)], GpuReaderState::Works))
        }
        _ => None,
    }
}

fn sample(gpus: Vec<Gpu>, state: GpuReaderState) -> GpuSample {
    let version = Reading::Missing(Why::NotSupported);
    GpuSample {
        gpus,
        readers: vec![GpuReader { name: "DreamServer".into(), version, state }],
        ..GpuSample::default()
    }
}

fn vendor(backend: &str) -> Vendor {
    match backend {
        "amd" | "rocm" => Vendor::Amd,
        "intel" | "sycl" => Vendor::Intel,
        "apple" | "cpu" => Vendor::Other,
        _ => Vendor::Nvidia,
    }
}

fn gpu(row: &Value, at: usize, vendor: Vendor) -> Gpu {
    let index = value::small(row, "index").unwrap_or_else(|| u32::try_from(at).unwrap_or_default());
    let missing = || Why::NotSupported;
    let memory = |megabytes, gigabytes| {
        let bytes = value::bytes(row, megabytes, MIB);
        reading(bytes.or_else(|| value::bytes(row, gigabytes, GIB)))
    };
    let load = value::percent(row, "utilization_percent");
    let celsius = value::number(row, "temperature_c").or_else(|| value::number(row, "temperature"));
    Gpu {
        index,
        id: value::text(row, "uuid").unwrap_or_else(|| index.to_string().into()),
        name: value::text(row, "name").unwrap_or_else(|| format!("GPU {index}").into()),
        vendor,
        utilization: reading(load.or_else(|| value::percent(row, "utilization"))),
        memory_used_bytes: memory("memory_used_mb", "vramUsed"),
        memory_total_bytes: memory("memory_total_mb", "vramTotal"),
        celsius: reading(celsius.map(Celsius)),
        power_watts: reading(value::number(row, "power_w").map(Watts)),
        pci: Reading::Missing(missing()),
        memory_utilization: Reading::Missing(missing()),
        slowdown_celsius: Reading::Missing(missing()),
        power_limit_watts: Reading::Missing(missing()),
        core_clock_hertz: Reading::Missing(missing()),
        memory_clock_hertz: Reading::Missing(missing()),
        fan: Reading::Missing(missing()),
        throttle: Reading::Missing(missing()),
        ecc_uncorrected: Reading::Missing(missing()),
        mig: Reading::Missing(missing()),
        encoder: Reading::Missing(missing()),
        decoder: Reading::Missing(missing()),
        processes: Reading::Missing(missing()),
        ..Gpu::default()
    }
}
