//! A graphics card as the kernel's DRM layer shows it in `/sys/class/drm`.

use std::path::{Path, PathBuf};

use super::uevent;
use crate::model::gpu::{Gpu, Vendor};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;

/// Most cards looked at.
const MOST: usize = 64;

/// Kernel drivers read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    /// AMD.
    Amdgpu,
    /// Intel, up to Gen 12 and the first discrete cards.
    I915,
    /// Intel, newer.
    Xe,
}

impl Driver {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "amdgpu" => Some(Self::Amdgpu),
            "i915" => Some(Self::I915),
            "xe" => Some(Self::Xe),
            _ => None,
        }
    }

    /// Whose GPUs it runs.
    pub(super) const fn vendor(self) -> Vendor {
        match self {
            Self::Amdgpu => Vendor::Amd,
            Self::I915 | Self::Xe => Vendor::Intel,
        }
    }
}

/// A card and where its files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    /// The number in `cardN`.
    pub(super) index: u32,
    /// `/sys/class/drm/cardN`.
    pub(super) path: PathBuf,
    /// Its driver.
    pub(super) driver: Driver,
    /// PCI address.
    pub(super) pci: Option<String>,
    /// PCI maker and model, for example `1002:73BF`.
    pub(super) model: Option<String>,
}

impl Card {
    /// Where the files of the PCI device are.
    pub(super) fn device(&self) -> PathBuf {
        self.path.join("device")
    }

    /// Whether it sleeps; reading most files would wake it up, which costs its owner power.
    pub(super) fn sleeps(&self) -> bool {
        let status = std::fs::read_to_string(self.device().join("power/runtime_status"));
        status.is_ok_and(|status| status.trim() == "suspended")
    }

    /// Who it is, nothing read yet. The rest is not offered until a reader says otherwise.
    pub(super) fn gpu(&self) -> Gpu {
        let address = self.pci.as_deref().map(SafeText::from);
        let unnamed = format!("card{}", self.index);
        let told = |file: &str| {
            let text = std::fs::read_to_string(self.device().join(file)).unwrap_or_default();
            Some(SafeText::from(text.trim())).filter(|text| !text.is_empty())
        };
        let id = told("unique_id").or_else(|| address.clone());
        Gpu {
            index: self.index,
            id: id.unwrap_or_else(|| SafeText::from(unnamed)),
            name: told("product_name").unwrap_or_else(|| self.name()),
            vendor: self.driver.vendor(),
            pci: Reading::from_option(address, Why::NotSupported),
            ..bare(&Why::NotSupported)
        }
    }

    fn name(&self) -> SafeText {
        let maker = match self.driver.vendor() {
            Vendor::Amd => "AMD GPU",
            _ => "Intel GPU",
        };
        SafeText::from(match &self.model {
            Some(model) => format!("{maker} {model}"),
            None => maker.to_owned(),
        })
    }
}

/// A GPU that tells nothing, because of `why`.
fn bare(why: &Why) -> Gpu {
    let mut gpu = super::roster::stripped(&Gpu::default(), why);
    gpu.processes = Reading::default();
    gpu
}

/// The cards under `sys` that a driver known here runs, by number.
pub(super) fn find(sys: &Path) -> Vec<Card> {
    let Ok(entries) = std::fs::read_dir(sys.join("class/drm")) else {
        return Vec::new();
    };
    let cards = entries.filter_map(|entry| look(entry.ok()?.path()));
    let mut cards: Vec<Card> = cards.take(MOST).collect();
    cards.sort_by_key(|card| card.index);
    cards
}

fn look(path: PathBuf) -> Option<Card> {
    let index = path.file_name()?.to_str()?.strip_prefix("card")?;
    let index = index.parse().ok()?;
    let said = uevent::read(&path.join("device"));
    Some(Card {
        index,
        driver: Driver::parse(said.driver.as_deref()?)?,
        path,
        pci: said.slot,
        model: said.id,
    })
}
