//! An AMD GPU from the files of the `amdgpu` driver (`Documentation/gpu/amdgpu/thermal.rst` in the
//! kernel's sources).

use std::path::Path;

use super::card::Card;
use super::hwmon::{Hwmon, first, hertz, number, whole};
use crate::model::gpu::Gpu;
use crate::model::reading::{Reading, Why};
use crate::model::unit::{Bytes, Celsius, Ratio, Watts};

/// Reads all of one card except who uses it.
pub(super) fn read(card: &Card) -> Gpu {
    let device = card.device();
    let sensors = Hwmon::of(&device);
    Gpu {
        utilization: percent(&device.join("gpu_busy_percent")),
        memory_utilization: percent(&device.join("mem_busy_percent")),
        memory_total_bytes: whole(&device.join("mem_info_vram_total")).map(Bytes),
        memory_used_bytes: whole(&device.join("mem_info_vram_used")).map(Bytes),
        ecc_uncorrected: uncorrected(&device.join("ras/umc_err_count")),
        decoder: percent(&device.join("vcn_busy_percent")),
        ..warmth(card.gpu(), &sensors)
    }
}

fn warmth(gpu: Gpu, sensors: &Hwmon) -> Gpu {
    let edge = |ending: &str| {
        let file = format!("temp1_{ending}");
        first([sensors.labelled("temp", "edge", ending), sensors.value(&file)])
            .map(|value| Celsius(value / 1000.0))
    };
    let power = first([sensors.value("power1_average"), sensors.value("power1_input")]);
    let clock = |label: &str| hertz(sensors.labelled("freq", label, "input"));
    Gpu {
        celsius: edge("input"),
        slowdown_celsius: edge("crit"),
        power_watts: power.map(|value| Watts(value / 1e6)),
        power_limit_watts: sensors.value("power1_cap").map(|value| Watts(value / 1e6)),
        core_clock_hertz: clock("sclk"),
        memory_clock_hertz: clock("mclk"),
        fan: fan(sensors),
        ..gpu
    }
}

fn percent(path: &Path) -> Reading<Ratio> {
    share(number(path), Reading::Known(100.0))
}

fn share(part: Reading<f64>, whole: Reading<f64>) -> Reading<Ratio> {
    match (part, whole) {
        (Reading::Known(part), Reading::Known(whole)) => {
            Reading::from_option(Ratio::of(part, whole), Why::NotSupported)
        }
        (Reading::Missing(why), _) | (_, Reading::Missing(why)) => Reading::Missing(why),
    }
}

/// By its turns if their maximum is told, else by the voltage it is given.
fn fan(sensors: &Hwmon) -> Reading<Ratio> {
    first([
        share(sensors.value("fan1_input"), sensors.value("fan1_max")),
        share(sensors.value("pwm1"), Reading::Known(255.0)),
    ])
}

/// The `ue:` line of a RAS counter file.
fn uncorrected(path: &Path) -> Reading<u64> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Reading::Missing(Why::from(&error)),
    };
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("ue:"));
    let count = lines.next().and_then(|count| count.trim().parse().ok());
    Reading::from_option(count, Why::Failed("no uncorrected errors in it".into()))
}
