//! How the GPUs and network cards of a machine are connected, as `nvidia-smi topo -m` draws it.
//!
//! Pure. The drawing has a row and a column for each device, then columns with the processors that are
//! near. It is made for people: columns come and go between versions, cells are padded, and a
//! terminal's underlining may be in it. What stands in a cell and is not known is kept as it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;

/// Most devices believed.
const MOST: usize = 256;
/// Longest text looked at, in bytes.
const LONGEST: usize = 1 << 20;
/// Longest name and cell kept, in characters.
const LONGEST_CELL: usize = 64;

/// The devices, each with its connection to each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Topology {
    /// GPUs first, then network cards, as they are told.
    pub devices: Vec<Device>,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// `GPU0`, `NIC1`, `mlx5_0`.
    pub name: SafeText,
    /// The connection to each device, in the order of the devices.
    pub links: Vec<Link>,
    /// Processors that are near, for example `0-7,16-23`.
    pub cpus: Option<SafeText>,
    /// The memory node that is near.
    pub numa: Option<SafeText>,
    /// What a short name stands for, for example `mlx5_2` for `NIC2`.
    pub stands_for: Option<SafeText>,
}

/// A connection of two devices, written as `nvidia-smi` does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "SafeText", into = "SafeText")]
#[schemars(with = "SafeText")]
pub enum Link {
    /// The device itself.
    Own,
    /// So many `NVLink`s bonded.
    NvLink(u32),
    /// One PCI Express switch.
    Switch,
    /// Several PCI Express switches, no host bridge.
    Switches,
    /// A PCI Express host bridge.
    Bridge,
    /// Several host bridges of one NUMA node.
    Node,
    /// Between processors, the slowest.
    System,
    /// Nothing was told.
    #[default]
    Untold,
    /// Something else.
    Other(SafeText),
}

impl Link {
    fn parse(cell: &str) -> Self {
        let count = |cell: &str| cell.strip_prefix("NV").and_then(|count| count.parse().ok());
        match cell {
            "X" => Self::Own,
            "PIX" => Self::Switch,
            "PXB" => Self::Switches,
            "PHB" => Self::Bridge,
            "NODE" => Self::Node,
            "SYS" | "SOC" => Self::System,
            "" => Self::Untold,
            cell => count(cell)
                .map_or_else(|| Self::Other(SafeText::within(cell, LONGEST_CELL)), Self::NvLink),
        }
    }

    /// What it is, in words.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Own => "itself",
            Self::NvLink(_) => "NVLink",
            Self::Switch => "one PCIe switch",
            Self::Switches => "several PCIe switches",
            Self::Bridge => "PCIe host bridge",
            Self::Node => "same NUMA node",
            Self::System => "between processors",
            Self::Untold => "not told",
            Self::Other(_) => "something else",
        }
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own => f.pad("X"),
            Self::NvLink(count) => f.pad(&format!("NV{count}")),
            Self::Switch => f.pad("PIX"),
            Self::Switches => f.pad("PXB"),
            Self::Bridge => f.pad("PHB"),
            Self::Node => f.pad("NODE"),
            Self::System => f.pad("SYS"),
            Self::Untold => f.pad(""),
            Self::Other(cell) => f.pad(cell.as_str()),
        }
    }
}

impl From<SafeText> for Link {
    fn from(cell: SafeText) -> Self {
        Self::parse(cell.as_str())
    }
}

impl From<Link> for SafeText {
    fn from(link: Link) -> Self {
        Self::from(link.to_string())
    }
}

impl Topology {
    /// Reads the drawing; `None` when there is none in `text`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.get(..text.floor_char_boundary(LONGEST))?;
        let plain = without_escapes(text);
        let mut lines = plain.lines();
        let columns = lines.by_ref().find_map(columns)?;
        let of_devices = columns.iter().take_while(|name| !is_attribute(name)).count();
        let (names, attributes) = columns.split_at_checked(of_devices)?;
        let mut rows: Vec<Device> = Vec::new();
        let mut legend = Vec::new();
        for line in lines {
            if rows.len() < names.len()
                && let Some(row) = row(line, names, attributes)
            {
                rows.push(row);
            } else if let Some((short, name)) = line.trim().split_once(": ") {
                legend.push((short.to_owned(), SafeText::within(name.trim(), LONGEST_CELL)));
            }
        }
        Self::of(names, &rows, &legend)
    }

    /// One row for each column, in the columns' order; a device without a row has told nothing.
    fn of(names: &[String], rows: &[Device], legend: &[(String, SafeText)]) -> Option<Self> {
        if rows.is_empty() {
            return None;
        }
        let device = |name: &String| {
            let told = rows.iter().find(|row| row.name.as_str() == name).cloned();
            let links = || vec![Link::Untold; names.len()];
            let mut device = told.unwrap_or_else(|| Device {
                name: SafeText::within(name, LONGEST_CELL),
                links: links(),
                ..Device::default()
            });
            let entry = legend.iter().find(|(short, _)| short == name);
            device.stands_for = entry.map(|(_, name)| name.clone());
            device
        };
        Some(Self { devices: names.iter().map(device).collect() })
    }
}

/// The names in a header line: a GPU first, every device in one word, and no cell of a row.
fn columns(line: &str) -> Option<Vec<String>> {
    let names: Vec<&str> = cells(line.trim_start()).collect();
    let devices = names.iter().take_while(|name| !is_attribute(name));
    let are_words = devices.clone().all(|name| !name.contains(' ') && *name != "X");
    let fits = names.first()?.starts_with("GPU") && are_words && devices.count() <= MOST;
    let short = |name: &str| name.chars().take(LONGEST_CELL).collect();
    fits.then(|| names.into_iter().map(short).collect())
}

/// What stands in a line: between tabs, or where there are none between two spaces or more. No cell is
/// ever empty, and some versions pad with a second tab.
fn cells(line: &str) -> impl Iterator<Item = &str> {
    let between = if line.contains('\t') { "\t" } else { "  " };
    line.split(between).map(str::trim).filter(|cell| !cell.is_empty())
}

/// Whether a column tells of something that is no device.
fn is_attribute(name: &str) -> bool {
    name.contains("Affinity") || name.contains("NUMA")
}

fn row(line: &str, names: &[String], attributes: &[String]) -> Option<Device> {
    let mut cells = cells(line);
    let name = cells.next().filter(|name| names.iter().any(|known| known == name))?;
    let mut links: Vec<Link> = cells.by_ref().take(names.len()).map(Link::parse).collect();
    links.resize(names.len(), Link::Untold);
    let rest: Vec<&str> = cells.collect();
    let attribute = |word: &str| {
        let at = attributes.iter().position(|name| name.starts_with(word))?;
        let told = rest.get(at).filter(|told| **told != "N/A")?;
        Some(SafeText::within(told, LONGEST_CELL))
    };
    Some(Device {
        name: SafeText::new(name),
        links,
        cpus: attribute("CPU"),
        numa: attribute("NUMA"),
        stands_for: None,
    })
}

/// `text` without a terminal's control sequences (`ESC [ … letter`).
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\u{1b}' {
            plain.push(letter);
        } else if letters.next() == Some('[') {
            letters.by_ref().find(|letter| ('@'..='~').contains(letter));
        }
    }
    plain
}

#[cfg(test)]
mod tests;
