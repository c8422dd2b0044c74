//! What the GPU reader and its parent say to each other: one JSON line each way.
//!
//! Both are the same binary, so there are no versions to agree on. The lines are still bounded and
//! checked: the process at the other end has a foreign library in its address space.

use serde::{Deserialize, Serialize};

use crate::model::gpu::{Gpu, GpuDetail};
use crate::model::reading::Reading;
use crate::model::text::SafeText;

/// Longest answer, in bytes with its line end.
pub(super) const LONGEST_ANSWER: usize = 1 << 20;
/// Most GPUs believed; NVML itself stops at 64.
pub(super) const MOST_GPUS: u32 = 64;
/// Most processes told for one GPU, so that an answer stays under its bound.
pub(super) const MOST_PROCESSES: usize = 512;

/// What the parent asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// How many GPUs there are; loads the library the first time.
    Survey,
    /// How the GPU with this index is doing.
    Device(u32),
    /// The rest of the GPU with this index: newer, slower calls.
    Detail(u32),
}

/// What the reader answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The library answers.
    Survey {
        /// The driver's version.
        driver: Reading<SafeText>,
        /// The newest CUDA that it runs.
        #[serde(default)]
        cuda: Reading<SafeText>,
        /// How many GPUs it shows.
        count: u32,
    },
    /// The library does not answer at all.
    Unusable(Unusable),
    /// One GPU; fields that could not be read say why.
    Device(Box<Gpu>),
    /// The rest of one GPU.
    Detail {
        /// Of which.
        index: u32,
        /// The rest.
        detail: Box<GpuDetail>,
    },
    /// The GPU with the index asked for gave no handle, for this reason.
    NoHandle(SafeText),
}

/// Why NVML as a whole is of no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unusable {
    /// There is no `libnvidia-ml.so.1`.
    NoLibrary,
    /// There is one, and the loader refuses it.
    BadLibrary(SafeText),
    /// The kernel's part of the driver is not loaded.
    DriverNotLoaded,
    /// The kernel's part of the driver is of another version than the library.
    VersionMismatch,
    /// This user may not talk to the driver.
    NoPermission,
    /// Anything else, in the library's words.
    Failed(SafeText),
}

impl Unusable {
    /// Whether it is worth asking again soon. A library does not appear by itself within seconds.
    pub(super) const fn is_lasting(&self) -> bool {
        matches!(self, Self::NoLibrary | Self::DriverNotLoaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_answer_stays_under_its_bound() {
        let longest = SafeText::new(&"\u{1f980}".repeat(300));
        let process = crate::model::gpu::GpuProcess {
            name: longest.clone(),
            pid: u32::MAX,
            ..Default::default()
        };
        let gpu = Gpu {
            name: longest,
            processes: Reading::Known(vec![process; MOST_PROCESSES]),
            ..Gpu::default()
        };
        let line = serde_json::to_string(&Answer::Device(Box::new(gpu))).unwrap();
        assert!(line.len() < LONGEST_ANSWER, "{}", line.len());
    }

    #[test]
    fn a_request_is_one_short_line() {
        for request in [Request::Survey, Request::Device(u32::MAX), Request::Detail(u32::MAX)] {
            let line = serde_json::to_string(&request).unwrap();
            assert!(!line.contains('\n') && line.len() < 64, "{line}");
            assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
        }
    }
}
