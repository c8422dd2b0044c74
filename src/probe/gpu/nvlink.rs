//! An NVIDIA GPU's `NVLink`s: which are up, and what they carry.
//!
//! Where the performance counters (`gpm`) tell no rate, as before Hopper, the links' own counters do: the
//! data each carried each way, in KiB. A rate is the difference of two readings over the driver's own times
//! of them. It is missing where a counter or the clock went back, and where other links are up than before.

use std::collections::BTreeMap;

use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::{NvmlError, nvml_try};
use nvml_wrapper::struct_wrappers::device::FieldValueSample;
use nvml_wrapper::sys_exports::field_id::{
    NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX, NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX,
};
use nvml_wrapper::{Device, Nvml};
use nvml_wrapper_sys::bindings::{nvmlFieldValue_t, nvmlValue_t};

use super::device::why;
use super::number::{BLANK, both, count, rate};
use crate::model::gpu::NvLink;
use crate::model::reading::{Reading, Why};
use crate::model::unit::BytesPerSecond;

/// Most `NVLink`s of one GPU looked at; the newest have 18.
const MOST: u32 = 36;
/// The counters of a link: into the GPU, and out of it.
const WAYS: [u32; 2] =
    [NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX, NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX];

/// What the links had carried when they were read last, each way.
#[derive(Default)]
pub(super) struct Counted([Counts; 2]);

/// A counter for each link, by its number.
type Counts = BTreeMap<u32, Count>;

/// A counter and when the driver read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    kibibytes: u64,
    at_us: i64,
}

/// Reads them. `rates` are those of the performance counters, `last` becomes what is counted now.
pub(super) fn read(
    nvml: &Nvml,
    device: &Device<'_>,
    rates: [Reading<BytesPerSecond>; 2],
    last: &mut Counted,
) -> NvLink {
    let links = links(device);
    let is_untold = |rate: &Reading<_>| rate.why() == Some(&Why::NotSupported);
    let [receive, transmit] = match &links {
        Reading::Known(links) if rates.iter().all(is_untold) => carried(nvml, device, links, last),
        _ => rates,
    };
    NvLink { links, receive_bytes_per_second: receive, transmit_bytes_per_second: transmit }
}

/// Of each link whether it is up. A GPU without any refuses the first; one with fewer than asked refuses
/// the rest.
fn links(device: &Device<'_>) -> Reading<Vec<bool>> {
    let mut links = Vec::new();
    let mut refusal = Why::NotSupported;
    for link in 0..MOST {
        match device.link_wrapper_for(link).is_active() {
            Ok(up) => links.push(up),
            Err(error) => {
                if link == 0 {
                    refusal = why(&error);
                }
                break;
            }
        }
    }
    Reading::from_option(Some(links).filter(|links| !links.is_empty()), refusal)
}

/// What all links that are up carry, each way.
fn carried(
    nvml: &Nvml,
    device: &Device<'_>,
    links: &[bool],
    last: &mut Counted,
) -> [Reading<BytesPerSecond>; 2] {
    let up: Vec<u32> = (0..).zip(links).filter_map(|(link, up)| up.then_some(link)).collect();
    if up.is_empty() {
        *last = Counted::default();
        return [(); 2].map(|()| Reading::Missing(Why::Absent("an NVLink that is up".into())));
    }
    let now = WAYS.map(|way| counts(nvml, device, way, &up));
    let before = std::mem::take(&mut last.0);
    let rates = [0, 1].map(|way| speed(&before[way], &now[way]));
    last.0 = now.map(Result::unwrap_or_default);
    rates
}

fn speed(before: &Counts, now: &Result<Counts, Why>) -> Reading<BytesPerSecond> {
    match now {
        Ok(now) => both(Reading::from_option(growth(before, now), Why::NotYet).map(rate)),
        Err(why) => Reading::Missing(why.clone()),
    }
}

/// Bytes per second of all links together; `None` where the two readings are not of the same links, or a
/// counter or the clock went back.
fn growth(before: &Counts, now: &Counts) -> Option<f64> {
    if !before.keys().eq(now.keys()) {
        return None;
    }
    let link = |(before, now): (&Count, &Count)| {
        let kibibytes = now.kibibytes.checked_sub(before.kibibytes)?;
        let microseconds = now.at_us.checked_sub(before.at_us).filter(|passed| *passed > 0)?;
        Some(kibibytes as f64 * 1024.0 * 1e6 / microseconds as f64)
    };
    before.values().zip(now.values()).map(link).sum()
}

/// One counter of each link of `up`; none without all of them.
fn counts(nvml: &Nvml, device: &Device<'_>, way: u32, up: &[u32]) -> Result<Counts, Why> {
    let mut fields: Vec<nvmlFieldValue_t> = up.iter().map(|link| field(way, *link)).collect();
    ask(nvml, device, &mut fields).map_err(|error| why(&error))?;
    let told = |(link, field): (&u32, nvmlFieldValue_t)| Ok((*link, counted(field)?));
    up.iter().zip(fields).map(told).collect()
}

fn counted(field: nvmlFieldValue_t) -> Result<Count, Why> {
    let sample = FieldValueSample::try_from(field).map_err(|error| why(&error))?;
    let kibibytes = match sample.value.map_err(|error| why(&error))? {
        SampleValue::U64(value) => count(value),
        SampleValue::U32(value) if value < BLANK => Reading::Known(u64::from(value)),
        _ => Reading::Missing(Why::NotSupported),
    };
    match kibibytes {
        Reading::Known(kibibytes) => Ok(Count { kibibytes, at_us: sample.timestamp }),
        Reading::Missing(why) => Err(why),
    }
}

/// The question after `way` of `link`.
const fn field(way: u32, link: u32) -> nvmlFieldValue_t {
    nvmlFieldValue_t {
        fieldId: way,
        scopeId: link,
        timestamp: 0,
        latencyUsec: 0,
        valueType: 0,
        nvmlReturn: 0,
        value: nvmlValue_t { ullVal: 0 },
    }
}

/// Has the driver answer `fields`.
#[expect(unsafe_code, reason = "the safe call asks for the first link alone")]
fn ask(nvml: &Nvml, device: &Device<'_>, fields: &mut [nvmlFieldValue_t]) -> Result<(), NvmlError> {
    let call = nvml.lib().nvmlDeviceGetFieldValues.as_ref();
    let call = call.map_err(|_| NvmlError::FunctionNotFound)?;
    let most = i32::try_from(fields.len()).map_err(|_| NvmlError::InvalidArg)?;
    // SAFETY: the device is this library's, which is never unloaded, and it writes no more than `most`
    // of the fields, all of which are there.
    nvml_try(unsafe { call(device.handle(), most, fields.as_mut_ptr()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rows: &[(u32, u64, i64)]) -> Counts {
        rows.iter().map(|&(link, kibibytes, at_us)| (link, Count { kibibytes, at_us })).collect()
    }

    #[test]
    fn a_rate_is_the_growth_of_all_links() {
        let before = counts(&[(0, 100, 1_000_000), (3, 50, 1_000_000)]);
        let both = counts(&[(0, 110, 3_000_000), (3, 54, 2_000_000)]);
        assert_eq!(growth(&before, &both), Some((5.0 + 4.0) * 1024.0));
        assert_eq!(growth(&Counts::new(), &both), None, "first");
        let fewer = counts(&[(0, 110, 2_000_000)]);
        assert_eq!(growth(&before, &fewer), None, "a link went down");
        let reset = counts(&[(0, 110, 2_000_000), (3, 49, 2_000_000)]);
        assert_eq!(growth(&before, &reset), None, "a counter went back");
        for at in [1_000_000, 999_999, i64::MIN] {
            let late = counts(&[(0, 110, 2_000_000), (3, 54, at)]);
            assert_eq!(growth(&before, &late), None, "no time went by");
        }
    }
}
