//! GPUs as NVIDIA's DCGM exporter tells of them.
//!
//! DCGM marks what it does not have by values no counter reaches: 0x7ffffff0 and the few above it for
//! small numbers, 2^47 for fractions, 0x7ffffffffffffff0 for large ones. They are gaps, not figures.
//! Counters that outgrow the smallest blank are energy and bytes; those are checked by the large ones.

use std::collections::BTreeMap;

use super::answer::Labels;
use super::machine::whole;
use crate::model::gpu::xid::Xid;
use crate::model::gpu::{
    Activity, Gpu, GpuDetail, GpuReader, GpuReaderState, GpuSample, NvLink, PcieLink, throttle,
};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, BytesPerSecond, Celsius, Hertz, Joules, Ratio, Watts};

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

/// What is asked for, without `DCGM_FI_DEV_` or `DCGM_FI_PROF_`; no name is in both.
const NAMES: [&str; 33] = [
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
    "ECC_SBE_VOL_TOTAL",
    "MEMORY_TEMP",
    "XID_ERRORS",
    "TOTAL_ENERGY_CONSUMPTION",
    "BAR1_USED",
    "BAR1_TOTAL",
    "PCIE_LINK_GEN",
    "PCIE_LINK_WIDTH",
    "CLOCKS_EVENT_REASONS",
    "CLOCK_THROTTLE_REASONS",
    "SM_ACTIVE",
    "SM_OCCUPANCY",
    "PIPE_TENSOR_ACTIVE",
    "DRAM_ACTIVE",
    "PCIE_TX_BYTES",
    "PCIE_RX_BYTES",
    "NVLINK_TX_BYTES",
    "NVLINK_RX_BYTES",
];

/// Names that are of profiling, which an exporter offers only where it is told to and may.
const PROFILED: &[&str] = NAMES.split_at(25).1;

/// Names whose values may truly be larger than the smallest blank.
const LARGE: [&str; 5] = [
    "TOTAL_ENERGY_CONSUMPTION",
    "PCIE_TX_BYTES",
    "PCIE_RX_BYTES",
    "NVLINK_TX_BYTES",
    "NVLINK_RX_BYTES",
];

/// The value, unless it is a blank: then why there is none.
fn figure(name: &str, value: Option<f64>) -> Reading<f64> {
    let Some(value) = value else {
        return Reading::Missing(Why::Failed("DCGM gave no number".into()));
    };
    let is_blank = |blank: &f64| value >= *blank && value < *blank + 16.0;
    let may_be_large = LARGE.contains(&name) && value < LARGE_BLANKS[1];
    if value < BLANK || (may_be_large && !LARGE_BLANKS.iter().any(is_blank)) {
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
        let Some(name) = metric.name.strip_prefix("DCGM_FI_") else { return };
        let name = name.strip_prefix("DEV_").or_else(|| name.strip_prefix("PROF_"));
        let Some(name) = name else { return };
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
        card.values.insert(name, figure(name, value));
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
        let group = if PROFILED.contains(&name) { "PROF" } else { "DEV" };
        let absent = || Reading::Missing(Why::Absent(format!("DCGM_FI_{group}_{name}").into()));
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
            throttle: self.throttle(),
            ecc_uncorrected: self.value("ECC_DBE_VOL_TOTAL").map(whole),
            mig: Reading::Missing(none()),
            encoder: self.share("ENC_UTIL"),
            decoder: self.share("DEC_UTIL"),
            processes: Reading::Missing(none()),
            detail: self.detail(),
            ..Gpu::default()
        }
    }

    /// What slows it, by either name that DCGM has had for it.
    fn throttle(&self) -> Reading<Vec<SafeText>> {
        let newer = self.value("CLOCKS_EVENT_REASONS");
        let bits = match (newer, self.value("CLOCK_THROTTLE_REASONS")) {
            (Reading::Missing(_), older @ Reading::Known(_)) => older,
            (Reading::Missing(Why::Absent(_)), Reading::Missing(why))
                if !matches!(why, Why::Absent(_)) =>
            {
                Reading::Missing(why)
            }
            (newer, _) => newer,
        };
        match bits {
            Reading::Known(bits) if bits >= 0.0 && bits.fract() == 0.0 => {
                Reading::Known(throttle::words(whole(bits)))
            }
            Reading::Known(odd) => {
                Reading::Missing(Why::Failed(format!("{odd} is no set of reasons").into()))
            }
            Reading::Missing(why) => Reading::Missing(why),
        }
    }

    fn detail(&self) -> GpuDetail {
        let part = |name| {
            let share = self.value(name);
            share.map(|share| Ratio::new(share).unwrap_or_default())
        };
        let rate = |name| self.value(name).map(BytesPerSecond);
        let few = |name| self.value(name).map(|few| u32::try_from(whole(few)).unwrap_or_default());
        let mebibytes = |name| self.value(name).map(|mebibytes| Bytes(whole(mebibytes) << 20));
        GpuDetail {
            activity: Activity {
                sm: part("SM_ACTIVE"),
                sm_occupancy: part("SM_OCCUPANCY"),
                tensor: part("PIPE_TENSOR_ACTIVE"),
                dram: part("DRAM_ACTIVE"),
            },
            pcie: PcieLink {
                generation: few("PCIE_LINK_GEN"),
                width: few("PCIE_LINK_WIDTH"),
                receive_bytes_per_second: rate("PCIE_RX_BYTES"),
                transmit_bytes_per_second: rate("PCIE_TX_BYTES"),
                ..PcieLink::default()
            },
            nvlink: NvLink {
                receive_bytes_per_second: rate("NVLINK_RX_BYTES"),
                transmit_bytes_per_second: rate("NVLINK_TX_BYTES"),
                ..NvLink::default()
            },
            memory_celsius: self.value("MEMORY_TEMP").map(Celsius),
            energy_joules: self
                .value("TOTAL_ENERGY_CONSUMPTION")
                .map(|millijoules| Joules(millijoules / 1000.0)),
            bar1_total_bytes: mebibytes("BAR1_TOTAL"),
            bar1_used_bytes: mebibytes("BAR1_USED"),
            ecc_corrected: self.value("ECC_SBE_VOL_TOTAL").map(whole),
            xids: self.value("XID_ERRORS").map(last_xid),
            ..GpuDetail::default()
        }
    }
}

/// The exporter tells the code of the last error only; 0 is none.
fn last_xid(code: f64) -> Vec<Xid> {
    let code = u32::try_from(whole(code)).ok().filter(|code| *code > 0);
    let xid = code.map(|code| Xid {
        code,
        count: 1,
        last_uptime_seconds: Reading::Missing(Why::NotSupported),
        message: SafeText::default(),
    });
    xid.into_iter().collect()
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
            ("DCGM_FI_PROF_SM_ACTIVE", 0.625),
            ("DCGM_FI_PROF_DRAM_ACTIVE", 140_737_488_355_328.0),
            ("DCGM_FI_PROF_NVLINK_RX_BYTES", 4e11),
            ("DCGM_FI_PROF_NVLINK_TX_BYTES", 9_223_372_036_854_775_794.0),
            ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", 7.2e12),
            ("DCGM_FI_DEV_XID_ERRORS", 79.0),
            ("DCGM_FI_DEV_MEMORY_TEMP", 2_147_483_632.0),
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
        let detail = &gpu.detail;
        assert_eq!(detail.activity.sm.get().map(Ratio::fraction), Some(0.625));
        assert_eq!(detail.activity.dram, Reading::Missing(Why::NotSupported));
        let absent = "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE is not there";
        assert_eq!(detail.activity.tensor.why().unwrap().to_string(), absent);
        assert_eq!(detail.nvlink.receive_bytes_per_second.get(), Some(BytesPerSecond(4e11)));
        assert_eq!(detail.nvlink.transmit_bytes_per_second, Reading::Missing(Why::NotSupported));
        assert_eq!(detail.energy_joules.get(), Some(Joules(7.2e9)));
        assert_eq!(detail.memory_celsius, Reading::Missing(Why::NotSupported));
        assert_eq!(detail.xids.known().unwrap()[0].code, 79);
        assert!(last_xid(0.0).is_empty());
    }

    fn slowed(rows: &[(&'static str, Option<f64>)]) -> Reading<Vec<SafeText>> {
        let mut gpus = Gpus::default();
        for (name, value) in rows {
            let name = format!("DCGM_FI_DEV_{name}").into();
            gpus.take(&Labels { name, gpu: "0".into(), ..Labels::default() }, *value, 9);
        }
        gpus.sample().gpus.remove(0).throttle
    }

    #[test]
    fn what_slows_it_is_told_as_nvml_tells_it() {
        for name in ["CLOCKS_EVENT_REASONS", "CLOCK_THROTTLE_REASONS"] {
            for bits in [0x0_u32, 0x1, 0x5, 0x1ff, 0x1000] {
                let told = slowed(&[(name, Some(f64::from(bits)))]);
                assert_eq!(told, Reading::Known(throttle::words(bits.into())), "{name} {bits:#x}");
            }
            assert_eq!(
                slowed(&[(name, Some(9_223_372_036_854_775_794.0))]).why(),
                Some(&Why::NotSupported)
            );
            for odd in [Some(0.5), Some(-4.0), None] {
                assert!(matches!(slowed(&[(name, odd)]).why(), Some(Why::Failed(_))), "{odd:?}");
            }
        }
        let blank = ("CLOCKS_EVENT_REASONS", Some(9_223_372_036_854_775_794.0));
        let both = slowed(&[blank, ("CLOCK_THROTTLE_REASONS", Some(4.0))]);
        assert_eq!(both, Reading::Known(vec!["power limit".into()]));
        let neither = slowed(&[("GPU_UTIL", Some(1.0))]).why().unwrap().to_string();
        assert_eq!(neither, "DCGM_FI_DEV_CLOCKS_EVENT_REASONS is not there");
    }

    #[test]
    fn every_name_that_is_read_is_asked_for() {
        let text = crate::source::prom::query::ALL
            .iter()
            .map(|query| query.text(crate::source::prom::query::Window::of(None)))
            .find(|text| text.contains("DCGM_FI"))
            .unwrap();
        for name in NAMES {
            let around = [format!("({name}|"), format!("|{name}|"), format!("|{name})")];
            assert!(around.iter().any(|form| text.contains(form.as_str())), "{name}");
        }
        assert!(PROFILED.contains(&"SM_ACTIVE") && !PROFILED.contains(&"PCIE_LINK_WIDTH"));
    }
}
