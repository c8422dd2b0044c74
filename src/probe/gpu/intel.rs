//! An Intel GPU from the files of the `i915` and `xe` drivers.
//!
//! Neither tells how busy the GPU is or how much of its memory is used: that is added up from its
//! clients (see `fdinfo`). Energy is a counter, so power needs a second sample.

use std::path::PathBuf;
use std::time::Instant;

use super::card::{Card, Driver};
use super::hwmon::{Hwmon, first, hertz, number};
use super::pcie;
use crate::model::gpu::{Gpu, GpuDetail};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Celsius, Hertz, Joules, Watts};

/// A reading of the energy counter: when, and µJ.
pub(super) type Energy = (Instant, f64);

/// Reads one card at `now`, except who uses it; `before` is the energy counter's last reading.
pub(super) fn read(card: &Card, now: Instant, before: &mut Option<Energy>) -> Gpu {
    let sensors = Hwmon::of(&card.device());
    let package = |ending: &str| {
        first([sensors.labelled("temp", "pkg", ending), sensors.value(&format!("temp1_{ending}"))])
            .map(|value| Celsius(value / 1000.0))
    };
    Gpu {
        celsius: package("input"),
        slowdown_celsius: package("crit"),
        power_watts: power(&sensors, now, before),
        power_limit_watts: sensors.value("power1_max").map(|value| Watts(value / 1e6)),
        core_clock_hertz: clock(card),
        throttle: throttle(card),
        detail: detail(card, &sensors),
        ..card.gpu()
    }
}

fn detail(card: &Card, sensors: &Hwmon) -> GpuDetail {
    let memory = sensors.labelled("temp", "vram", "input");
    let fastest = match card.driver {
        Driver::Xe => card.device().join("tile0/gt0/freq0/rp0_freq"),
        _ => card.path.join("gt_RP0_freq_mhz"),
    };
    GpuDetail {
        pcie: pcie::read(&card.device()),
        memory_celsius: memory.map(|value| Celsius(value / 1000.0)),
        energy_joules: energy(sensors).map(|microjoules| Joules(microjoules / 1e6)),
        core_clock_max_hertz: hertz(number(&fastest).map(|megahertz| megahertz * 1e6)),
        ..GpuDetail::default()
    }
}

/// The energy counter, in µJ.
fn energy(sensors: &Hwmon) -> Reading<f64> {
    first([sensors.labelled("energy", "card", "input"), sensors.value("energy1_input")])
}

fn power(sensors: &Hwmon, now: Instant, before: &mut Option<Energy>) -> Reading<Watts> {
    let energy = match energy(sensors) {
        Reading::Known(energy) => energy,
        Reading::Missing(why) => return Reading::Missing(why),
    };
    let last = before.replace((now, energy));
    let Some((then, less)) = last else {
        return Reading::Missing(Why::NotYet);
    };
    let seconds = now.saturating_duration_since(then).as_secs_f64();
    let watts = (energy - less) / 1e6 / seconds;
    let is_sane = watts.is_finite() && watts >= 0.0;
    Reading::from_option(is_sane.then_some(Watts(watts)), Why::NotYet)
}

/// The present clock of the first graphics tile, which the drivers tell in MHz.
fn clock(card: &Card) -> Reading<Hertz> {
    let path = match card.driver {
        Driver::Xe => card.device().join("tile0/gt0/freq0/act_freq"),
        _ => card.path.join("gt_act_freq_mhz"),
    };
    hertz(number(&path).map(|megahertz| megahertz * 1e6))
}

/// Where the driver keeps one file for each reason, and how these files' names begin.
fn reasons(card: &Card) -> (PathBuf, &'static str) {
    match card.driver {
        Driver::Xe => (card.device().join("tile0/gt0/freq0/throttle"), "reason_"),
        _ => (card.path.join("gt/gt0"), "throttle_reason_"),
    }
}

fn throttle(card: &Card) -> Reading<Vec<SafeText>> {
    let (directory, start) = reasons(card);
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) => return Reading::Missing(Why::from(&error)),
    };
    let (mut told, mut words) = (false, Vec::new());
    for entry in entries.flatten() {
        let file = entry.file_name();
        let Some(reason) = file.to_str().and_then(|name| name.strip_prefix(start)) else {
            continue;
        };
        told = true;
        if reason != "status" && number(&entry.path()).get().is_some_and(|on| on > 0.0) {
            words.push(SafeText::from(in_words(reason)));
        }
    }
    words.sort();
    Reading::from_option(told.then_some(words), Why::NotSupported)
}

fn in_words(reason: &str) -> String {
    match reason {
        "pl1" | "pl2" | "pl4" => format!("power limit ({})", reason.to_uppercase()),
        "thermal" => "too hot".to_owned(),
        "prochot" => "too hot (PROCHOT)".to_owned(),
        "ratl" => "too hot for long (RATL)".to_owned(),
        "vr_thermalert" => "voltage regulator too hot".to_owned(),
        "vr_tdc" => "voltage regulator current limit".to_owned(),
        other => other.replace('_', " "),
    }
}
