//! GPUs as NVIDIA's DCGM exporter tells of them.
//!
//! DCGM marks what it does not have by values no counter reaches: 0x7ffffff0 and the few above it for
//! small numbers, 2^47 for fractions, 0x7ffffffffffffff0 for large ones. They are gaps, not figures.

use std::collections::BTreeMap;

use super::answer::Labels;
use super::machine::whole;
use crate::model::gpu::{Gpu, GpuReader, GpuReaderState, GpuSample};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, Celsius, Hertz, Ratio, Watts};

/// The smallest blank value.
const BLANK: f64 = 2_147_483_632.0;
/// Where the blanks of fractions and of large numbers begin.
const LARGE_BLANKS: [f64; 2] = [140_737_488_355_328.0, 9_223_372_036_854_775_792.0];

/// The GPUs of one exporter so far.
#[derive(Debug, Default)]
pub(super) struct Gpus {
    hostname: Option<SafeText>,
    gpus: BTreeMap<(u32, String), Card>,
}

#[derive(Debug, Default)]
struct Card {
    name: SafeText,
    pci: SafeText,
    values: BTreeMap<&'static str, Reading<f64>>,
}

const NAMES: [&str; 15] = [
    "GPU_UTIL",
    "MEM_COPY_UTIL",
    "FB_USED",
    "FB_FREE",
    "FB_TOTAL",
    "GPU_TEMP",
    "SLOWDOWN_TEMP",
    "POWER_USAGE",
    "ENFORCED_POWER_LIMIT",
    "SM_CLOCK",
    "MEM_CLOCK",
    "FAN_SPEED",
    "ENC_UTIL",
    "DEC_UTIL",
    "ECC_DBE_VOL_TOTAL",
];

/// The value, unless it is a blank: then why there is none.
fn figure(value: Option<f64>) -> Reading<f64> {
    let Some(value) = value else {
        return Reading::Missing(Why::Failed("DCGM gave no number".into()));
    };
    if value < BLANK {
        return Reading::Known(value);
    }
    let offset = LARGE_BLANKS.iter().find(|blank| value >= **blank && value < **blank + 16.0);
    Reading::Missing(match value - offset.unwrap_or(&BLANK) {
        3.0 => Why::NoPermission,
        _ => Why::NotSupported,
    })
}

impl Gpus {
    pub(super) fn take(&mut self, metric: &Labels<'_>, value: Option<f64>, most: usize) {
        let Some(name) = metric.name.strip_prefix("DCGM_FI_DEV_") else { return };
        let Some(name) = NAMES.iter().find(|known| **known == name) else { return };
        let Ok(index) = metric.gpu.parse::<u32>() else { return };
        let key = (index, metric.uuid.clone().into_owned());
        if self.gpus.len() >= most && !self.gpus.contains_key(&key) {
            return;
        }
        if !metric.hostname.is_empty() {
            self.hostname.get_or_insert_with(|| SafeText::new(&metric.hostname));
        }
        let card = self.gpus.entry(key).or_default();
        card.name = SafeText::new(&metric.gpu_model);
        card.pci = SafeText::new(&metric.pci);
        card.values.insert(name, figure(value));
    }

    /// The name of the host, as the exporter has it.
    pub(super) fn hostname(&self) -> Option<&str> {
        self.hostname.as_ref().map(SafeText::as_str)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.gpus.is_empty()
    }

    /// Adds the GPUs of another exporter of the same host.
    pub(super) fn extend(&mut self, other: Self) {
        self.gpus.extend(other.gpus);
    }

    /// The GPUs, in the order of their numbers.
    pub(super) fn sample(self) -> GpuSample {
        let readers = vec![GpuReader {
            name: "DCGM exporter".into(),
            version: Reading::Missing(Why::NotSupported),
            state: GpuReaderState::Works,
        }];
        GpuSample {
            gpus: self.gpus.into_iter().map(|(key, card)| card.gpu(key)).collect(),
            readers,
            ..GpuSample::default()
        }
    }
}

impl Card {
    fn value(&self, name: &str) -> Reading<f64> {
        let absent = || Reading::Missing(Why::Absent(format!("DCGM_FI_DEV_{name}").into()));
        self.values.get(name).cloned().unwrap_or_else(absent)
    }

    /// A percentage as a share; what is none is said.
    fn share(&self, name: &str) -> Reading<Ratio> {
        self.value(name).map(|percent| Ratio::new(percent / 100.0).unwrap_or_default())
    }

    fn gpu(self, (index, uuid): (u32, String)) -> Gpu {
        let mebibytes = |value: Reading<f64>| value.map(|mebibytes| Bytes(whole(mebibytes) << 20));
        let clock = |name| {
            self.value(name).map(|megahertz| Hertz(whole(megahertz).saturating_mul(1_000_000)))
        };
        let used = mebibytes(self.value("FB_USED"));
        let total =
            match (mebibytes(self.value("FB_TOTAL")), &used, mebibytes(self.value("FB_FREE"))) {
                (Reading::Missing(_), Reading::Known(used), Reading::Known(free)) => {
                    Reading::Known(Bytes(used.0.saturating_add(free.0)))
                }
                (total, ..) => total,
            };
        let none = || Why::NotSupported;
        Gpu {
            index,
            id: SafeText::new(&uuid),
            name: self.name.clone(),
            pci: Reading::from_option(Some(self.pci.clone()).filter(|pci| !pci.is_empty()), none()),
            utilization: self.share("GPU_UTIL"),
            memory_utilization: self.share("MEM_COPY_UTIL"),
            memory_total_bytes: total,
            memory_used_bytes: used,
            celsius: self.value("GPU_TEMP").map(Celsius),
            slowdown_celsius: self.value("SLOWDOWN_TEMP").map(Celsius),
            power_watts: self.value("POWER_USAGE").map(Watts),
            power_limit_watts: self.value("ENFORCED_POWER_LIMIT").map(Watts),
            core_clock_hertz: clock("SM_CLOCK"),
            memory_clock_hertz: clock("MEM_CLOCK"),
            fan: self.share("FAN_SPEED"),
            throttle: Reading::Missing(none()),
            ecc_uncorrected: self.value("ECC_DBE_VOL_TOTAL").map(whole),
            mig: Reading::Missing(none()),
            encoder: self.share("ENC_UTIL"),
            decoder: self.share("DEC_UTIL"),
            processes: Reading::Missing(none()),
            ..Gpu::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_gaps() {
        let mut gpus = Gpus::default();
        let metric = |name: &'static str| Labels {
            name: name.into(),
            gpu: "0".into(),
            uuid: "GPU-a".into(),
            gpu_model: "Tesla T4".into(),
            ..Labels::default()
        };
        let rows = [
            ("DCGM_FI_DEV_GPU_UTIL", 35.0),
            ("DCGM_FI_DEV_FB_USED", 1024.0),
            ("DCGM_FI_DEV_FB_FREE", 3072.0),
            ("DCGM_FI_DEV_GPU_TEMP", 2_147_483_634.0),
            ("DCGM_FI_DEV_POWER_USAGE", 140_737_488_355_331.0),
            ("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", 9_223_372_036_854_775_794.0),
            ("DCGM_FI_DEV_ODD", 1.0),
        ];
        for (name, value) in rows {
            gpus.take(&metric(name), Some(value), 9);
        }
        let gpu = gpus.sample().gpus.remove(0);
        assert_eq!(gpu.utilization.get().unwrap().to_string(), "35 %");
        assert_eq!(gpu.memory_total_bytes.get(), Some(Bytes(4 << 30)));
        assert_eq!(gpu.celsius, Reading::Missing(Why::NotSupported));
        assert_eq!(gpu.power_watts, Reading::Missing(Why::NoPermission));
        assert_eq!(gpu.ecc_uncorrected, Reading::Missing(Why::NotSupported));
        assert_eq!(gpu.fan.why().unwrap().to_string(), "DCGM_FI_DEV_FAN_SPEED is not there");
    }
}
