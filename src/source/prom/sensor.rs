//! Temperatures by chip and sensor, with the names that other metrics give them.

use std::collections::BTreeMap;

use super::answer::Labels;
use crate::model::node::Temperature;
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::unit::Celsius;

/// The sensors of one node so far.
#[derive(Debug, Default)]
pub(super) struct Sensors {
    now: BTreeMap<(String, String), f64>,
    critical: BTreeMap<(String, String), f64>,
    chips: BTreeMap<String, String>,
    labels: BTreeMap<(String, String), String>,
    zones: BTreeMap<(String, String), f64>,
}

impl Sensors {
    pub(super) fn take(&mut self, metric: &Labels<'_>, value: Option<f64>, most: usize) {
        let Some(value) = value else { return };
        if self.now.len().max(self.zones.len()).max(self.labels.len()) >= most {
            return;
        }
        let chip = metric.chip.clone().into_owned();
        let key = || (metric.chip.clone().into_owned(), metric.sensor.clone().into_owned());
        match (metric.what.as_ref(), metric.name.as_ref()) {
            ("chip", _) => drop(self.chips.insert(chip, metric.chip_name.clone().into_owned())),
            ("label", _) => drop(self.labels.insert(key(), metric.label.clone().into_owned())),
            ("zone", _) => {
                let zone = (metric.kind.clone().into_owned(), metric.zone.clone().into_owned());
                self.zones.insert(zone, value);
            }
            (_, "node_hwmon_temp_celsius") => drop(self.now.insert(key(), value)),
            (_, "node_hwmon_temp_crit_celsius") => drop(self.critical.insert(key(), value)),
            _ => {}
        }
    }

    /// The sensors of chips, then the zones that no chip stands for.
    pub(super) fn temperatures(self) -> Vec<Temperature> {
        let named = |chip: &String| self.chips.get(chip).unwrap_or(chip).clone();
        let of_chips = self.now.iter().map(|(key, celsius)| Temperature {
            label: format!("{} {}", named(&key.0), self.labels.get(key).unwrap_or(&key.1)).into(),
            celsius: Reading::Known(Celsius(*celsius)),
            critical_celsius: Reading::from_option(
                self.critical.get(key).copied().map(Celsius),
                Why::NotSupported,
            ),
        });
        let is_chip = |kind: &str| self.chips.values().any(|name| *name == kind.replace('-', "_"));
        let of_zones = self.zones.iter().filter(|((kind, _), _)| !is_chip(kind));
        let of_zones = of_zones.map(|((kind, zone), celsius)| Temperature {
            label: SafeText::new(&if zone == "0" {
                kind.clone()
            } else {
                format!("{kind} #{zone}")
            }),
            celsius: Reading::Known(Celsius(*celsius)),
            critical_celsius: Reading::Missing(Why::NotSupported),
        });
        of_chips.chain(of_zones).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors_have_the_names_of_their_chips() {
        let mut sensors = Sensors::default();
        let metric = |name: &'static str, what: &'static str| Labels {
            name: name.into(),
            what: what.into(),
            chip: "platform_coretemp_0".into(),
            sensor: "temp1".into(),
            chip_name: "coretemp".into(),
            label: "Package id 0".into(),
            kind: "x86_pkg".into(),
            zone: "0".into(),
            ..Labels::default()
        };
        sensors.take(&metric("node_hwmon_temp_celsius", ""), Some(41.0), 9);
        sensors.take(&metric("node_hwmon_temp_crit_celsius", ""), Some(100.0), 9);
        for what in ["chip", "label", "zone"] {
            sensors.take(&metric("", what), Some(50.0), 9);
        }
        let shown = sensors.temperatures();
        let labels: Vec<&str> = shown.iter().map(|sensor| sensor.label.as_str()).collect();
        assert_eq!(labels, ["coretemp Package id 0", "x86_pkg"]);
        assert_eq!(shown[0].critical_celsius.get(), Some(Celsius(100.0)));
    }
}
