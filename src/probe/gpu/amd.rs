//! An AMD GPU from the files of the `amdgpu` driver (`Documentation/gpu/amdgpu/thermal.rst` in the
//! kernel's sources).

use std::path::Path;

use super::amd_metrics::{LONGEST, Table};
use super::card::Card;
use super::hwmon::{Hwmon, first, hertz, number, whole};
use super::pcie;
use crate::model::gpu::{Gpu, GpuDetail};
use crate::model::reading::{Reading, Why};
use crate::model::unit::{Bytes, Celsius, Hertz, Joules, Ratio, Watts};

/// Reads all of one card except who uses it.
pub(super) fn read(card: &Card) -> Gpu {
    let device = card.device();
    let sensors = Hwmon::of(&device);
    let bytes = table(&device);
    let table = bytes.as_deref().map_err(Clone::clone).and_then(Table::of);
    Gpu {
        utilization: percent(&device.join("gpu_busy_percent")),
        memory_utilization: percent(&device.join("mem_busy_percent")),
        memory_total_bytes: whole(&device.join("mem_info_vram_total")).map(Bytes),
        memory_used_bytes: whole(&device.join("mem_info_vram_used")).map(Bytes),
        ecc_uncorrected: errors(&device.join("ras/umc_err_count"), "ue:"),
        decoder: percent(&device.join("vcn_busy_percent")),
        throttle: of_table(&table, Table::throttle),
        detail: detail(&device, &sensors, &table),
        ..warmth(card.gpu(), &sensors, &table)
    }
}

/// The firmware's table, bounded.
fn table(device: &Path) -> Result<Vec<u8>, Why> {
    let file =
        std::fs::File::open(device.join("gpu_metrics")).map_err(|error| Why::from(&error))?;
    let mut bytes = Vec::new();
    let most = LONGEST as u64;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, most), &mut bytes)
        .map_err(|error| Why::from(&error))?;
    Ok(bytes)
}

fn of_table<'a, T>(
    table: &Result<Table<'a>, Why>,
    read: impl FnOnce(&Table<'a>) -> Reading<T>,
) -> Reading<T> {
    match table {
        Ok(table) => read(table),
        Err(why) => Reading::Missing(why.clone()),
    }
}

fn detail(device: &Path, sensors: &Hwmon, table: &Result<Table<'_>, Why>) -> GpuDetail {
    let memory = sensors.labelled("temp", "mem", "input").map(|value| Celsius(value / 1000.0));
    let mut link = pcie::read(device);
    link.width = first([of_table(table, Table::lanes), link.width.clone()]);
    GpuDetail {
        pcie: link,
        memory_celsius: first([of_table(table, Table::memory), memory]),
        energy_joules: sensors.value("energy1_input").map(|value| Joules(value / 1e6)),
        core_clock_max_hertz: fastest(&device.join("pp_dpm_sclk")),
        memory_clock_max_hertz: fastest(&device.join("pp_dpm_mclk")),
        ecc_corrected: errors(&device.join("ras/umc_err_count"), "ce:"),
        ..GpuDetail::default()
    }
}

/// The hottest spot of the core, which the driver acts upon; else the edge of the chip, which is cooler.
fn warmth(gpu: Gpu, sensors: &Hwmon, table: &Result<Table<'_>, Why>) -> Gpu {
    let celsius = |label: &str, ending: &str| {
        sensors.labelled("temp", label, ending).map(|value| Celsius(value / 1000.0))
    };
    let edge = |ending: &str| {
        let unnamed = sensors.value(&format!("temp1_{ending}"));
        first([celsius("edge", ending), unnamed.map(|value| Celsius(value / 1000.0))])
    };
    let junction = celsius("junction", "input");
    let spot = first([junction, of_table(table, Table::hotspot)]);
    let (now, most) = match spot {
        Reading::Known(_) => (spot, celsius("junction", "crit")),
        Reading::Missing(_) => (edge("input"), edge("crit")),
    };
    let power = first([sensors.value("power1_average"), sensors.value("power1_input")]);
    let clock = |label: &str| hertz(sensors.labelled("freq", label, "input"));
    Gpu {
        celsius: now,
        slowdown_celsius: most,
        power_watts: power.map(|value| Watts(value / 1e6)),
        power_limit_watts: sensors.value("power1_cap").map(|value| Watts(value / 1e6)),
        core_clock_hertz: clock("sclk"),
        memory_clock_hertz: clock("mclk"),
        fan: fan(sensors),
        ..gpu
    }
}

/// The fastest step of a clock: lines such as `2: 2250Mhz *`.
fn fastest(path: &Path) -> Reading<Hertz> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Reading::Missing(Why::from(&error)),
    };
    let step = |line: &str| {
        let (_, step) = line.split_once(':')?;
        let megahertz: u64 = step.trim().split_once("Mhz")?.0.parse().ok()?;
        megahertz.checked_mul(1_000_000)
    };
    let most = text.lines().filter_map(step).max();
    Reading::from_option(most.map(Hertz), Why::NotSupported)
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

/// A line of a RAS counter file: `ue:` for errors not corrected, `ce:` for corrected ones.
fn errors(path: &Path, line: &str) -> Reading<u64> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Reading::Missing(Why::from(&error)),
    };
    let mut lines = text.lines().filter_map(|text| text.strip_prefix(line));
    let count = lines.next().and_then(|count| count.trim().parse().ok());
    Reading::from_option(count, Why::Failed("no such count in it".into()))
}
