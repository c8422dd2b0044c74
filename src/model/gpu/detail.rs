//! What only some readers tell of a GPU: what "busy" hides, its links, its energy, its parts.
//!
//! Kept apart from the basic numbers because it is read apart from them: a call for one of these that
//! hangs costs these and none of the others. A recording made before they were read has none of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::xid::Xid;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Bytes, BytesPerSecond, Celsius, Hertz, Joules, Ratio};

/// The rest of what is known of a GPU at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GpuDetail {
    /// How much of it works while it is busy.
    pub activity: Activity,
    /// Its connection to the machine.
    pub pcie: PcieLink,
    /// Its connection to other GPUs.
    pub nvlink: NvLink,
    /// Temperature of its memory.
    pub memory_celsius: Reading<Celsius>,
    /// Energy since the driver was loaded; starts again at 0 with it.
    pub energy_joules: Reading<Joules>,
    /// The window through which the processor sees its memory.
    pub bar1_total_bytes: Reading<Bytes>,
    /// What of that window is in use.
    pub bar1_used_bytes: Reading<Bytes>,
    /// Highest core clock.
    pub core_clock_max_hertz: Reading<Hertz>,
    /// Highest memory clock.
    pub memory_clock_max_hertz: Reading<Hertz>,
    /// Corrected memory errors since the driver was loaded.
    pub ecc_corrected: Reading<u64>,
    /// The parts it is split into.
    pub mig_instances: Reading<Vec<MigInstance>>,
    /// Errors that its driver wrote to the kernel's log since boot, oldest first, one for each code.
    pub xids: Reading<Vec<Xid>>,
}

impl GpuDetail {
    /// Nothing, because of `why`.
    pub fn missing(why: &Why) -> Self {
        fn gap<T>(why: &Why) -> Reading<T> {
            Reading::Missing(why.clone())
        }
        Self {
            activity: Activity::missing(why),
            pcie: PcieLink::missing(why),
            nvlink: NvLink::missing(why),
            memory_celsius: gap(why),
            energy_joules: gap(why),
            bar1_total_bytes: gap(why),
            bar1_used_bytes: gap(why),
            core_clock_max_hertz: gap(why),
            memory_clock_max_hertz: gap(why),
            ecc_corrected: gap(why),
            mig_instances: gap(why),
            xids: gap(why),
        }
    }
}

impl Default for GpuDetail {
    fn default() -> Self {
        Self::missing(&Why::NotSupported)
    }
}

/// How much of a GPU works. All are means over the time since the last sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Activity {
    /// Share of time in which a multiprocessor had at least one warp, mean of all multiprocessors.
    pub sm: Reading<Ratio>,
    /// Warps on the multiprocessors as a share of those that fit.
    pub sm_occupancy: Reading<Ratio>,
    /// Share of time in which the tensor cores worked.
    pub tensor: Reading<Ratio>,
    /// Share of the memory's bandwidth that was used.
    pub dram: Reading<Ratio>,
}

impl Activity {
    /// Nothing, because of `why`.
    pub fn missing(why: &Why) -> Self {
        let gap = || Reading::Missing(why.clone());
        Self { sm: gap(), sm_occupancy: gap(), tensor: gap(), dram: gap() }
    }
}

impl Default for Activity {
    fn default() -> Self {
        Self::missing(&Why::NotSupported)
    }
}

/// A GPU's PCI Express connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PcieLink {
    /// Generation it runs at now; lower while the GPU is idle.
    pub generation: Reading<u32>,
    /// Highest generation that GPU and machine both know.
    pub generation_max: Reading<u32>,
    /// Lanes in use.
    pub width: Reading<u32>,
    /// Lanes that GPU and slot both have.
    pub width_max: Reading<u32>,
    /// Into the GPU.
    pub receive_bytes_per_second: Reading<BytesPerSecond>,
    /// Out of the GPU.
    pub transmit_bytes_per_second: Reading<BytesPerSecond>,
}

impl PcieLink {
    /// Nothing, because of `why`.
    pub fn missing(why: &Why) -> Self {
        let gap = || Reading::Missing(why.clone());
        let rate = || Reading::Missing(why.clone());
        Self {
            generation: gap(),
            generation_max: gap(),
            width: gap(),
            width_max: gap(),
            receive_bytes_per_second: rate(),
            transmit_bytes_per_second: rate(),
        }
    }

    /// Whether it has fewer lanes than it could have, which no idling explains.
    pub fn is_narrow(&self) -> bool {
        let lanes = self.width.get().zip(self.width_max.get());
        lanes.is_some_and(|(width, most)| width < most)
    }
}

impl Default for PcieLink {
    fn default() -> Self {
        Self::missing(&Why::NotSupported)
    }
}

/// A GPU's `NVLink` connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NvLink {
    /// Of each link, by its number, whether it is up.
    pub links: Reading<Vec<bool>>,
    /// Into the GPU, all links together.
    pub receive_bytes_per_second: Reading<BytesPerSecond>,
    /// Out of the GPU, all links together.
    pub transmit_bytes_per_second: Reading<BytesPerSecond>,
}

impl NvLink {
    /// Nothing, because of `why`.
    pub fn missing(why: &Why) -> Self {
        let rate = || Reading::Missing(why.clone());
        let links = Reading::Missing(why.clone());
        Self { links, receive_bytes_per_second: rate(), transmit_bytes_per_second: rate() }
    }

    /// How many links are up, and how many there are.
    pub fn up(&self) -> Option<(usize, usize)> {
        let links = self.links.known()?;
        Some((links.iter().filter(|up| **up).count(), links.len()))
    }
}

impl Default for NvLink {
    fn default() -> Self {
        Self::missing(&Why::NotSupported)
    }
}

/// A part of a GPU that is split into several (MIG).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MigInstance {
    /// Its number on the GPU.
    pub index: u32,
    /// Stable id.
    pub id: SafeText,
    /// Its size as NVIDIA writes it, for example `1g.10gb`.
    pub profile: SafeText,
    /// Its memory.
    pub memory_total_bytes: Reading<Bytes>,
    /// Memory in use.
    pub memory_used_bytes: Reading<Bytes>,
}
