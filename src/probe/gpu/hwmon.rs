//! Numbers from sysfs files, and a card's sensors in its `hwmon` directory.

use std::path::{Path, PathBuf};

use crate::model::reading::{Reading, Why};
use crate::model::unit::Hertz;

/// The number that is all of the file at `path`.
pub(super) fn number(path: &Path) -> Reading<f64> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Reading::Missing(Why::from(&error)),
    };
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Reading::Known(value),
        _ => Reading::Missing(Why::Failed(format!("not a number: {text:.32}").into())),
    }
}

/// A number that cannot be negative, as a whole one.
pub(super) fn whole(path: &Path) -> Reading<u64> {
    match number(path) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and negative numbers are sorted out"
        )]
        Reading::Known(value) if value >= 0.0 => Reading::Known(value as u64),
        Reading::Known(value) => Reading::Missing(Why::Failed(format!("negative: {value}").into())),
        Reading::Missing(why) => Reading::Missing(why),
    }
}

/// A number of Hz as a clock.
pub(super) fn hertz(value: Reading<f64>) -> Reading<Hertz> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    value.map(|value| Hertz(value as u64))
}

/// The first reading that has a value, else the last one's reason.
pub(super) fn first<T>(readings: impl IntoIterator<Item = Reading<T>>) -> Reading<T> {
    let mut answer = Reading::Missing(Why::NotSupported);
    for reading in readings {
        let is_known = reading.known().is_some();
        answer = reading;
        if is_known {
            break;
        }
    }
    answer
}

/// A directory of sensors; none if the card has none.
#[derive(Clone, Debug)]
pub(super) struct Hwmon(Option<PathBuf>);

impl Hwmon {
    /// The sensors of the device in `device`.
    pub(super) fn of(device: &Path) -> Self {
        let entries = std::fs::read_dir(device.join("hwmon"));
        let paths = entries.into_iter().flatten().flatten();
        Self(paths.map(|entry| entry.path()).min())
    }

    /// The value in `file`, in the units of the kernel's hwmon interface (m°C, µW, Hz, RPM).
    pub(super) fn value(&self, file: &str) -> Reading<f64> {
        match &self.0 {
            Some(directory) => number(&directory.join(file)),
            None => Reading::Missing(Why::NotSupported),
        }
    }

    /// The value of the sensor of `kind` (`temp`, `freq`, `energy`) that is labelled `label`.
    pub(super) fn labelled(&self, kind: &str, label: &str, ending: &str) -> Reading<f64> {
        let Some(directory) = &self.0 else {
            return Reading::Missing(Why::NotSupported);
        };
        let is_it = |sensor: &u32| {
            let text = std::fs::read_to_string(directory.join(format!("{kind}{sensor}_label")));
            text.is_ok_and(|text| text.trim() == label)
        };
        match (1..=8).find(is_it) {
            Some(sensor) => self.value(&format!("{kind}{sensor}_{ending}")),
            None => Reading::Missing(Why::NotSupported),
        }
    }
}
