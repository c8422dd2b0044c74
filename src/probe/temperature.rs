//! Temperature sensors, from `/sys/class/hwmon` and `/sys/class/thermal`.
//!
//! Sensors sit behind slow buses and may hang or wake what sleeps: they are read in a [`TimeBox`],
//! every five seconds, and looked for every minute. A thermal zone that its driver also shows as a
//! chip is shown once, as the chip.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::every::Every;
use super::time_box::{GRACE, TimeBox};
use super::{Error, Probe};
use crate::model::node::Temperature;
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::unit::Celsius;

const PERIOD: Duration = Duration::from_secs(5);
const LOOK_PERIOD: Duration = Duration::from_mins(1);
/// Most sensors shown, and most sensors looked for on one chip.
const MOST: usize = 256;
/// Trip points looked at in one thermal zone; the kernel has at most 12.
const MOST_TRIPS: usize = 12;

/// Reads the sensors.
#[derive(Debug)]
pub struct TemperatureProbe {
    class: PathBuf,
    look: Every,
    turn: Every,
    sensors: Vec<Sensor>,
    answers: TimeBox<Celsius>,
}

#[derive(Debug)]
struct Sensor {
    input: PathBuf,
    label: SafeText,
    critical: Option<PathBuf>,
}

impl TemperatureProbe {
    /// A reader under `roots`.
    pub fn new(roots: &Roots) -> Self {
        Self {
            class: roots.sys.join("class"),
            look: Every::new(LOOK_PERIOD),
            turn: Every::new(PERIOD),
            sensors: Vec::new(),
            answers: TimeBox::new(Arc::new(celsius)),
        }
    }

    /// The sensors that did not answer and rest for now.
    pub fn quarantined(&self) -> impl Iterator<Item = &Path> {
        self.answers.quarantined()
    }
}

impl Probe for TemperatureProbe {
    type Sample = Vec<Temperature>;

    /// Every sensor; none on a machine without.
    fn sample(&mut self, now: Instant) -> Result<Vec<Temperature>, Error> {
        if self.look.due(now) {
            self.sensors = sensors(&self.class);
        }
        if self.turn.due(now) {
            let inputs = self.sensors.iter().map(|sensor| &sensor.input);
            let criticals = self.sensors.iter().filter_map(|sensor| sensor.critical.as_ref());
            self.answers.ask(inputs.chain(criticals).cloned(), now);
        }
        self.answers.collect(now, GRACE);
        let reading = |sensor: &Sensor| Temperature {
            label: sensor.label.clone(),
            celsius: self.answers.answer(&sensor.input),
            critical_celsius: match &sensor.critical {
                Some(path) => self.answers.answer(path),
                None => Reading::Missing(Why::NotSupported),
            },
        };
        Ok(self.sensors.iter().map(reading).collect())
    }
}

fn sensors(class: &Path) -> Vec<Sensor> {
    let chips = children(&class.join("hwmon"), "hwmon");
    let names: Vec<String> = chips.iter().map(|chip| line(&chip.join("name"))).collect();
    let of_chips = chips.iter().zip(&names).flat_map(|(chip, name)| chip_sensors(chip, name));
    let zones = children(&class.join("thermal"), "thermal_zone");
    let of_zones = zones.iter().filter_map(|zone| {
        let kind = line(&zone.join("type"));
        (!names.contains(&kind.replace('-', "_"))).then(|| zone_sensor(zone, &kind))
    });
    let mut sensors: Vec<Sensor> = of_chips.chain(of_zones).take(MOST).collect();
    tell_apart(&mut sensors);
    sensors
}

/// Numbers sensors of one name (two processors, three drives of a kind): `nvme Composite`,
/// `nvme Composite #2`. Two series of one name would be refused by whoever collects them.
fn tell_apart(sensors: &mut [Sensor]) {
    let mut seen: HashMap<SafeText, u32> = HashMap::new();
    for sensor in sensors {
        let count = seen.entry(sensor.label.clone()).or_default();
        *count += 1;
        if *count > 1 {
            sensor.label = SafeText::from(format!("{} #{count}", sensor.label));
        }
    }
}

fn chip_sensors(chip: &Path, name: &str) -> Vec<Sensor> {
    let inputs = children(chip, "temp").into_iter().filter_map(|path| {
        let file = path.file_name()?.to_str()?.strip_suffix("_input")?;
        let beside = |what| chip.join(format!("{file}_{what}"));
        let label = match line(&beside("label")) {
            none if none.is_empty() => file.to_owned(),
            label => label,
        };
        Some(Sensor {
            label: SafeText::new(&format!("{name} {label}")),
            critical: Some(beside("crit")).filter(|path| path.exists()),
            input: path,
        })
    });
    inputs.take(MOST).collect()
}

fn zone_sensor(zone: &Path, kind: &str) -> Sensor {
    let is_critical =
        |trip: &usize| line(&zone.join(format!("trip_point_{trip}_type"))) == "critical";
    let critical = (0..MOST_TRIPS).find(is_critical);
    Sensor {
        input: zone.join("temp"),
        label: SafeText::new(kind),
        critical: critical.map(|trip| zone.join(format!("trip_point_{trip}_temp"))),
    }
}

/// Entries whose name begins with `prefix`, in the order of their numbers.
fn children(directory: &Path, prefix: &str) -> Vec<PathBuf> {
    let number = |path: &PathBuf| -> Option<u32> {
        let rest = path.file_name()?.to_str()?.strip_prefix(prefix)?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .map(|entry| entry.path())
        .filter_map(|path| Some((number(&path)?, path)))
        .take(MOST * 16)
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn line(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

/// Thousandths of a degree; what no silicon survives is a sensor that is not connected.
fn celsius(path: &Path) -> Reading<Celsius> {
    match std::fs::read_to_string(path) {
        Ok(text) => Reading::from_option(
            degrees(&text),
            Why::Failed("the sensor gave no temperature".into()),
        ),
        Err(error) => Reading::Missing(Why::from(&error)),
    }
}

fn degrees(text: &str) -> Option<Celsius> {
    let thousandths: i32 = text.trim().parse().ok()?;
    let degrees = f64::from(thousandths) / 1000.0;
    (-100.0..=250.0).contains(&degrees).then_some(Celsius(degrees))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_temperature_is_one() {
        assert_eq!(degrees("41500\n"), Some(Celsius(41.5)));
        assert_eq!(degrees("-5000\n"), Some(Celsius(-5.0)));
        for odd in ["", "x", "2147483647", "-273150", "99999999999"] {
            assert_eq!(degrees(odd), None, "{odd}");
        }
    }

    #[test]
    fn sensors_of_one_name_are_told_apart() {
        let class = tempfile::tempdir().unwrap();
        for chip in 0..3 {
            let chip = class.path().join(format!("hwmon/hwmon{chip}"));
            std::fs::create_dir_all(&chip).unwrap();
            std::fs::write(chip.join("name"), "nvme\n").unwrap();
            std::fs::write(chip.join("temp1_label"), "Composite\n").unwrap();
            std::fs::write(chip.join("temp1_input"), "40000\n").unwrap();
        }
        let found = sensors(class.path());
        let labels: Vec<&str> = found.iter().map(|sensor| sensor.label.as_str()).collect();
        assert_eq!(labels, ["nvme Composite", "nvme Composite #2", "nvme Composite #3"]);
    }
}
