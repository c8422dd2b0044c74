//! A device's PCI Express link, as the kernel shows it for any maker.

use std::path::Path;

use super::hwmon::number;
use crate::model::gpu::PcieLink;
use crate::model::reading::{Reading, Why};

/// Speeds of the generations, in GT/s.
const SPEEDS: [f64; 6] = [2.5, 5.0, 8.0, 16.0, 32.0, 64.0];

/// The link of the PCI device in `device`; nobody counts its traffic here.
pub(super) fn read(device: &Path) -> PcieLink {
    PcieLink {
        generation: generation(&device.join("current_link_speed")),
        generation_max: generation(&device.join("max_link_speed")),
        width: lanes(&device.join("current_link_width")),
        width_max: lanes(&device.join("max_link_width")),
        ..PcieLink::default()
    }
}

/// `16.0 GT/s PCIe` as 4; a link that is no PCI Express says `Unknown`.
fn generation(path: &Path) -> Reading<u32> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Reading::Missing(Why::from(&error)),
    };
    let speed = text.split_whitespace().next().and_then(|speed| speed.parse::<f64>().ok());
    let place = speed.and_then(|speed| SPEEDS.iter().position(|known| (known - speed).abs() < 0.1));
    let generation = place.and_then(|place| u32::try_from(place + 1).ok());
    Reading::from_option(generation, Why::NotSupported)
}

/// Lanes; 0 and 255 are what a device says that has none.
fn lanes(path: &Path) -> Reading<u32> {
    match number(path) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 64")]
        Reading::Known(lanes) if (1.0..=64.0).contains(&lanes) => Reading::Known(lanes as u32),
        Reading::Known(_) => Reading::Missing(Why::NotSupported),
        Reading::Missing(why) => Reading::Missing(why),
    }
}
