//! What the kernel says about a device in its `uevent` file.

use std::path::Path;

/// The lines of a PCI device's `uevent` that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uevent {
    /// The driver that owns it.
    pub(super) driver: Option<String>,
    /// PCI address.
    pub(super) slot: Option<String>,
    /// Maker and model as hexadecimal numbers, for example `1002:73BF`.
    pub(super) id: Option<String>,
}

/// Reads the `uevent` of the device in `directory`; what cannot be read is absent.
pub(super) fn read(directory: &Path) -> Uevent {
    let text = std::fs::read_to_string(directory.join("uevent")).unwrap_or_default();
    let value = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        let found = pairs.find(|(name, value)| *name == key && !value.is_empty());
        found.map(|(_, value)| value.to_owned())
    };
    Uevent { driver: value("DRIVER"), slot: value("PCI_SLOT_NAME"), id: value("PCI_ID") }
}
