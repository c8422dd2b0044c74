//! Names of the processes that use a GPU.

use std::path::Path;

use crate::model::gpu::Gpu;
use crate::model::reading::Reading;
use crate::model::text::SafeText;

/// The short name of process `pid` under `proc`; says so when there is none.
pub(super) fn read(proc: &Path, pid: u32) -> SafeText {
    match std::fs::read(proc.join(pid.to_string()).join("comm")) {
        Ok(name) => SafeText::from_bytes(name.trim_ascii_end()),
        Err(_) => SafeText::from("(not visible here)"),
    }
}

/// Names the processes of `gpu`.
pub(super) fn fill(mut gpu: Gpu, proc: &Path) -> Gpu {
    if let Reading::Known(processes) = &mut gpu.processes {
        for process in processes {
            process.name = read(proc, process.pid);
        }
    }
    gpu
}
