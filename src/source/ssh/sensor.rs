//! Temperatures and clocks, from the files of `/sys` that the script read.

use std::collections::{BTreeMap, HashMap};

use super::files::Files;
use crate::model::node::Temperature;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::{Celsius, Hertz};
use crate::procfs::clock;

/// Most sensors.
const MOST: usize = 256;
const CHIPS: &str = "/sys/class/hwmon/hwmon";
const ZONES: &str = "/sys/class/thermal/thermal_zone";

/// Every sensor: those of chips, then the zones that no chip stands for.
pub(super) fn temperatures(files: &Files) -> Vec<Temperature> {
    let inputs: BTreeMap<&str, &str> = files.between(CHIPS, "_input").collect();
    let mut names = Vec::new();
    let mut sensors = Vec::new();
    for (inner, text) in inputs {
        let Some((number, sensor)) = inner.split_once('/') else { continue };
        let beside = |what: &str| files.line(&format!("{CHIPS}{number}/{what}"));
        let name = beside("name").unwrap_or("chip");
        let label = beside(&format!("{sensor}_label")).unwrap_or(sensor);
        names.push(name.to_owned());
        sensors.push(Temperature {
            label: SafeText::new(&format!("{name} {label}")),
            celsius: celsius(text),
            critical_celsius: match beside(&format!("{sensor}_crit")) {
                Some(text) => celsius(text),
                None => Reading::Missing(Why::NotSupported),
            },
        });
    }
    let zones: BTreeMap<&str, &str> = files.between(ZONES, "/temp").collect();
    for (number, text) in zones {
        let kind = files.line(&format!("{ZONES}{number}/type")).unwrap_or("zone");
        if !names.contains(&kind.replace('-', "_")) {
            let critical_celsius = Reading::Missing(Why::NotSupported);
            sensors.push(Temperature {
                label: kind.into(),
                celsius: celsius(text),
                critical_celsius,
            });
        }
    }
    sensors.truncate(MOST);
    tell_apart(&mut sensors);
    sensors
}

/// Numbers sensors of one name.
fn tell_apart(sensors: &mut [Temperature]) {
    let mut seen: HashMap<SafeText, u32> = HashMap::new();
    for sensor in sensors {
        let count = seen.entry(sensor.label.clone()).or_default();
        *count += 1;
        if *count > 1 {
            sensor.label = SafeText::from(format!("{} #{count}", sensor.label));
        }
    }
}

/// Thousandths of a degree; what no silicon survives is a sensor that is not connected.
fn celsius(text: &str) -> Reading<Celsius> {
    let degrees = text.trim().parse().ok().map(|thousandths: i32| f64::from(thousandths) / 1000.0);
    let degrees = degrees.filter(|degrees| (-100.0..=250.0).contains(degrees));
    Reading::from_option(degrees.map(Celsius), Why::Failed("the sensor gave no temperature".into()))
}

/// The present clock of each processor.
pub(super) fn clocks(files: &Files) -> HashMap<u32, Hertz> {
    let given = files.between("/sys/devices/system/cpu/cpu", "/cpufreq/scaling_cur_freq");
    let clocks: HashMap<u32, Hertz> =
        given.filter_map(|(id, text)| Some((id.parse().ok()?, clock::kilohertz(text)?))).collect();
    if clocks.is_empty() {
        return files.text("/proc/cpuinfo").map(clock::megahertz).unwrap_or_default();
    }
    clocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors_have_names_and_limits() {
        let files = Files::read(
            "/sys/class/hwmon/hwmon0/name:nvme\n/sys/class/hwmon/hwmon0/temp1_input:41500\n\
             /sys/class/hwmon/hwmon0/temp1_crit:80000\n/sys/class/hwmon/hwmon1/name:nvme\n\
             /sys/class/hwmon/hwmon1/temp1_input:x\n/sys/class/thermal/thermal_zone0/type:acpitz\n\
             /sys/class/thermal/thermal_zone0/temp:30000\n\
             /sys/devices/system/cpu/cpu3/cpufreq/scaling_cur_freq:2400000",
        );
        let shown = temperatures(&files);
        let labels: Vec<&str> = shown.iter().map(|sensor| sensor.label.as_str()).collect();
        assert_eq!(labels, ["nvme temp1", "nvme temp1 #2", "acpitz"]);
        assert_eq!(shown[0].critical_celsius.get(), Some(Celsius(80.0)));
        assert_eq!(shown[1].celsius.get(), None);
        assert_eq!(clocks(&files), HashMap::from([(3, Hertz(2_400_000_000))]));
    }
}
