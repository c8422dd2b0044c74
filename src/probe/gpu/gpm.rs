//! What "busy" hides, from NVML's performance counters (GPM): Hopper and later.
//!
//! The counters are read as samples; what a GPU did is the difference of two. The one before is kept in
//! the reader's process, which is why the first answer is "needs a second sample".

use nvml_wrapper::enums::gpm::GpmMetricId;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::gpm::{GpmSample, gpm_metrics_get};
use nvml_wrapper::struct_wrappers::gpm::GpmMetricResult;
use nvml_wrapper::{Device, Nvml};

use super::device::why;
use super::number::{both, percent_of, rate};
use crate::model::gpu::Activity;
use crate::model::reading::{Reading, Why};
use crate::model::unit::BytesPerSecond;

/// What is asked for; shares in percent first, then rates.
const METRICS: [GpmMetricId; 8] = [
    GpmMetricId::SmUtil,
    GpmMetricId::SmOccupancy,
    GpmMetricId::AnyTensorUtil,
    GpmMetricId::DramBwUtil,
    GpmMetricId::PcieRxPerSec,
    GpmMetricId::PcieTxPerSec,
    GpmMetricId::NvlinkTotalRxPerSec,
    GpmMetricId::NvlinkTotalTxPerSec,
];

/// What the counters say of the time since the last sample; rates are into the GPU, then out of it.
pub(super) struct Counters {
    /// How much of it works.
    pub(super) activity: Activity,
    /// Over PCI Express.
    pub(super) pcie: [Reading<BytesPerSecond>; 2],
    /// Over all `NVLink`s.
    pub(super) nvlink: [Reading<BytesPerSecond>; 2],
}

/// Reads them; `last` is the sample before and becomes the one taken now.
pub(super) fn read(
    nvml: &'static Nvml,
    device: &Device<'static>,
    last: &mut Option<GpmSample<'static>>,
) -> Counters {
    let told = ask(nvml, device, last);
    let metric = |at: usize| match &told {
        Ok(told) => told.get(at).cloned().unwrap_or(Reading::Missing(Why::NotSupported)),
        Err(why) => Reading::Missing(why.clone()),
    };
    let share = |at| both(metric(at).map(|metric| percent_of(metric.value)));
    let flow = |at| both(metric(at).map(|metric| rate(bytes(&metric))));
    Counters {
        activity: Activity {
            sm: share(0),
            sm_occupancy: share(1),
            tensor: share(2),
            dram: share(3),
        },
        pcie: [flow(4), flow(5)],
        nvlink: [flow(6), flow(7)],
    }
}

fn ask(
    nvml: &'static Nvml,
    device: &Device<'static>,
    last: &mut Option<GpmSample<'static>>,
) -> Result<Vec<Reading<GpmMetricResult>>, Why> {
    let refusal = |error: NvmlError| why(&error);
    if !device.gpm_support().map_err(refusal)? {
        return Err(Why::NotSupported);
    }
    let now = device.gpm_sample().map_err(refusal)?;
    let before = last.take();
    let now = last.insert(now);
    let before = before.ok_or(Why::NotYet)?;
    let told = gpm_metrics_get(nvml, &before, now, &METRICS).map_err(refusal)?;
    Ok(told.into_iter().map(|metric| Reading::from(metric.map_err(|error| why(&error)))).collect())
}

/// A rate in bytes per second; NVML tells it in MiB/s, and says so beside it.
fn bytes(metric: &GpmMetricResult) -> f64 {
    let unit = metric.metric_info.unit.to_ascii_lowercase();
    let factor = match unit.as_str() {
        unit if unit.starts_with("gi") => 1024.0 * 1024.0 * 1024.0,
        unit if unit.starts_with("ki") => 1024.0,
        unit if unit.starts_with('b') => 1.0,
        _ => 1024.0 * 1024.0,
    };
    metric.value * factor
}
