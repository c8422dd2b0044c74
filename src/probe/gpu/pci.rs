//! GPUs as the PCI bus shows them, whatever their drivers say.
//!
//! A GPU can vanish from NVML without any message; the bus is the second witness.

use std::path::Path;

/// PCI base class of display controllers.
const DISPLAY: &str = "0x03";
/// Most devices looked at.
const MOST: usize = 4096;

/// A display controller on the PCI bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PciGpu {
    /// Address, for example `0000:3b:00.0`.
    pub(super) address: String,
    /// The kernel driver that owns it, if one does.
    pub(super) driver: Option<String>,
}

/// The display controllers of the maker `vendor` (for example `0x10de`), by address; `None` when
/// the bus cannot be read.
pub(super) fn find(sys: &Path, vendor: &str) -> Option<Vec<PciGpu>> {
    let entries = std::fs::read_dir(sys.join("bus/pci/devices")).ok()?;
    let mut found: Vec<PciGpu> =
        entries.take(MOST).filter_map(|entry| look(&entry.ok()?.path(), vendor)).collect();
    found.sort_by(|one, other| one.address.cmp(&other.address));
    Some(found)
}

fn look(device: &Path, vendor: &str) -> Option<PciGpu> {
    let is = |file: &str, start: &str| {
        std::fs::read_to_string(device.join(file)).is_ok_and(|text| text.starts_with(start))
    };
    if !is("vendor", vendor) || !is("class", DISPLAY) {
        return None;
    }
    Some(PciGpu {
        address: device.file_name()?.to_str()?.to_owned(),
        driver: super::uevent::read(device).driver,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(sys: &Path, address: &str, vendor: &str, class: &str, driver: &str) {
        let path = sys.join("bus/pci/devices").join(address);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("vendor"), format!("{vendor}\n")).unwrap();
        std::fs::write(path.join("class"), format!("{class}\n")).unwrap();
        std::fs::write(path.join("uevent"), format!("DRIVER={driver}\n")).unwrap();
    }

    #[test]
    fn finds_display_controllers_of_one_maker_and_not_their_sound_cards() {
        let sys = tempfile::tempdir().unwrap();
        device(sys.path(), "0000:3b:00.0", "0x10de", "0x030200", "nvidia");
        device(sys.path(), "0000:3b:00.1", "0x10de", "0x040300", "snd_hda_intel");
        device(sys.path(), "0000:01:00.0", "0x1002", "0x030000", "amdgpu");
        let found = find(sys.path(), "0x10de").unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].address, "0000:3b:00.0");
        assert_eq!(found[0].driver.as_deref(), Some("nvidia"));
        assert_eq!(find(&sys.path().join("none"), "0x10de"), None);
    }
}
