//! GPUs as NVIDIA's DCGM exporter tells of them.
//!
//! DCGM marks what it does not have by values no counter reaches: 0x7ffffff0 and the few above it for
//! small numbers, 2^47 for fractions, 0x7ffffffffffffff0 for large ones. They are gaps, not figures.
//! Counters that outgrow the smallest blank are energy and bytes; those are checked by the large ones.
//!
//! Of a GPU that is split, the exporter tells each part by itself, and repeats what the board has once: its
//! heat, power and clocks. What is of a part only is never told as of the whole.

use std::collections::BTreeMap;

use super::answer::Labels;
use super::machine::whole;
use crate::metric::{self, Bounds, Page, Series};
use crate::model::gpu::xid::Xid;
use crate::model::gpu::{
    Activity, Gpu, GpuDetail, GpuReader, GpuReaderState, GpuSample, MigInstance, NvLink, PcieLink,
    throttle,
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
pub(in crate::source) struct Gpus {
    hostname: Option<SafeText>,
    driver: Option<SafeText>,
    cards: BTreeMap<(u32, String), Card>,
}

#[derive(Debug, Default)]
struct Card {
    name: SafeText,
    pci: SafeText,
    values: BTreeMap<&'static str, Reading<f64>>,
    parts: BTreeMap<u32, Part>,
}

/// A part of a GPU that is split.
#[derive(Debug, Default)]
struct Part {
    profile: SafeText,
    used: Option<Reading<f64>>,
    free: Option<Reading<f64>>,
}

/// Most parts that a GPU is split into.
const PARTS: usize = 16;

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

/// What a board has once, though it is told of each of its parts.
const OF_BOARD: [&str; 12] = [
    "GPU_TEMP",
    "MEMORY_TEMP",
    "SLOWDOWN_TEMP",
    "POWER_USAGE",
    "ENFORCED_POWER_LIMIT",
    "TOTAL_ENERGY_CONSUMPTION",
    "SM_CLOCK",
    "MEM_CLOCK",
    "FAN_SPEED",
    "XID_ERRORS",
    "CLOCKS_EVENT_REASONS",
    "CLOCK_THROTTLE_REASONS",
];

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
        if self.cards.len() >= most && !self.cards.contains_key(&key) {
            return;
        }
        if !metric.hostname.is_empty() {
            self.hostname.get_or_insert_with(|| SafeText::new(&metric.hostname));
        }
        if !metric.driver.is_empty() {
            self.driver.get_or_insert_with(|| SafeText::new(&metric.driver));
        }
        let card = self.cards.entry(key).or_default();
        card.name = SafeText::new(&metric.gpu_model);
        card.pci = SafeText::new(&metric.pci);
        let figure = figure(name, value);
        if let Ok(part) = metric.part.parse::<u32>() {
            card.take_part(part, &metric.profile, name, figure);
        } else {
            card.values.insert(name, figure);
        }
    }

    /// What an exporter's own page tells, of at most `most` GPUs.
    pub(in crate::source) fn of_page(body: &[u8], most: usize) -> Result<Self, metric::Error> {
        let page = Page::read(body, &Bounds::default())?;
        let mut gpus = Self::default();
        for series in page.series() {
            let value = Some(series.value).filter(|value| value.is_finite());
            gpus.take(&labels(&series), value, most);
        }
        Ok(gpus)
    }

    /// The name of the host, as the exporter has it.
    pub(in crate::source) fn hostname(&self) -> Option<&str> {
        self.hostname.as_ref().map(SafeText::as_str)
    }

    /// Whether there is none.
    pub(in crate::source) fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// Adds the GPUs of another exporter of the same host.
    pub(super) fn extend(&mut self, other: Self) {
        self.cards.extend(other.cards);
        self.driver = self.driver.take().or(other.driver);
    }

    /// The GPUs, in the order of their numbers.
    pub(in crate::source) fn sample(self) -> GpuSample {
        let readers = vec![GpuReader {
            name: "DCGM exporter".into(),
            version: Reading::from_option(self.driver, Why::NotSupported),
            state: GpuReaderState::Works,
        }];
        GpuSample {
            gpus: self.cards.into_iter().map(|(key, card)| card.gpu(key)).collect(),
            readers,
            ..GpuSample::default()
        }
    }
}

/// The labels of a row of an exporter's page that are of use.
fn labels<'p>(series: &Series<'p>) -> Labels<'p> {
    let label = |name| series.label(name).unwrap_or_default().into();
    Labels {
        name: series.name.into(),
        gpu: label("gpu"),
        uuid: label("UUID"),
        gpu_model: label("modelName"),
        hostname: label("Hostname"),
        pci: label("pci_bus_id"),
        driver: label("DCGM_FI_DRIVER_VERSION"),
        part: label("GPU_I_ID"),
        profile: label("GPU_I_PROFILE"),
        ..Labels::default()
    }
}

impl Card {
    /// Takes what is told of part number `part`.
    fn take_part(&mut self, part: u32, profile: &str, name: &'static str, figure: Reading<f64>) {
        if OF_BOARD.contains(&name) {
            self.values.entry(name).or_insert(figure);
            return;
        }
        if self.parts.len() >= PARTS && !self.parts.contains_key(&part) {
            return;
        }
        let part = self.parts.entry(part).or_default();
        part.profile = SafeText::new(profile);
        match name {
            "FB_USED" => part.used = Some(figure),
            "FB_FREE" => part.free = Some(figure),
            _ => {}
        }
    }

    /// The parts it is split into; who tells of none may have been told of none.
    fn parts(&self) -> Reading<Vec<MigInstance>> {
        let bytes = |value: &Option<Reading<f64>>| {
            let value = value.clone().unwrap_or(Reading::Missing(Why::NotSupported));
            value.map(|mebibytes| Bytes(whole(mebibytes).saturating_mul(1 << 20)))
        };
        let part = |(index, part): (&u32, &Part)| {
            let (used, free) = (bytes(&part.used), bytes(&part.free));
            let total = match (&used, &free) {
                (Reading::Known(used), Reading::Known(free)) => {
                    Reading::Known(Bytes(used.0.saturating_add(free.0)))
                }
                (Reading::Missing(why), _) | (_, Reading::Missing(why)) => {
                    Reading::Missing(why.clone())
                }
            };
            MigInstance {
                index: *index,
                id: SafeText::default(),
                profile: part.profile.clone(),
                memory_total_bytes: total,
                memory_used_bytes: used,
            }
        };
        let parts: Vec<MigInstance> = self.parts.iter().map(part).collect();
        Reading::from_option((!parts.is_empty()).then_some(parts), Why::NotSupported)
    }

    fn value(&self, name: &str) -> Reading<f64> {
        let group = if PROFILED.contains(&name) { "PROF" } else { "DEV" };
        let absent = || {
            if self.parts.is_empty() {
                return Why::Absent(format!("DCGM_FI_{group}_{name}").into());
            }
            Why::Failed("the GPU is split: only its parts are told of".into())
        };
        self.values.get(name).cloned().unwrap_or_else(|| Reading::Missing(absent()))
    }

    /// A percentage as a share; what is none is said.
    fn share(&self, name: &str) -> Reading<Ratio> {
        self.value(name).map(|percent| Ratio::new(percent / 100.0).unwrap_or_default())
    }

    fn gpu(self, (index, uuid): (u32, String)) -> Gpu {
        let mebibytes = |value: Reading<f64>| {
            value.map(|mebibytes| Bytes(whole(mebibytes).saturating_mul(1 << 20)))
        };
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
            mig: Reading::from_option((!self.parts.is_empty()).then_some(true), none()),
            encoder: self.share("ENC_UTIL"),
            decoder: self.share("DEC_UTIL"),
            processes: Reading::Missing(Why::Failed("DCGM's exporter tells of none".into())),
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
        let mebibytes = |name| {
            self.value(name).map(|mebibytes| Bytes(whole(mebibytes).saturating_mul(1 << 20)))
        };
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
            mig_instances: self.parts(),
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
mod tests;
