//! Where the panels of a node in depth are, by the room there is.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::model::id::SourceId;
use crate::model::node::NodeInfo;

/// A panel of a node in depth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    #[default]
    Processes,
    Cpu,
    Memory,
    History,
    Storage,
    Network,
}

impl Part {
    pub(super) const ALL: [Self; 6] =
        [Self::Processes, Self::Cpu, Self::Memory, Self::History, Self::Storage, Self::Network];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Processes => "Processes",
            Self::Cpu => "CPU",
            Self::Memory => "Memory",
            Self::History => "History",
            Self::Storage => "Storage",
            Self::Network => "Network",
        }
    }

    /// The panel `steps` further on, round and round.
    pub(super) const fn next(self, steps: usize) -> Self {
        Self::ALL[(self as usize + steps) % Self::ALL.len()]
    }
}

/// Whether every panel is on the screen at once.
pub(super) const fn shows_all(area: Rect) -> bool {
    area.width >= 100 && area.height >= 30
}

/// The panels on the screen and where they are; the lines above them are left free.
pub(super) fn places(area: Rect, focus: Part, zoom: bool) -> Vec<(Part, Rect)> {
    let above = if area.height < 4 { 0 } else { heads(area, zoom) };
    let area = Rect { y: area.y + above, height: area.height - above, ..area };
    match area {
        _ if zoom => vec![(focus, area)],
        _ if shows_all(area) => wide(area),
        Rect { width: 70.., height: 17.., .. } => middle(area, focus),
        _ => vec![(focus, area)],
    }
}

/// How many lines stand above the panels: the node, and the names of the panels where not all are
/// seen.
pub(super) const fn heads(area: Rect, zoom: bool) -> u16 {
    if zoom || !shows_all(Rect { height: area.height.saturating_sub(1), ..area }) { 2 } else { 1 }
}

fn wide(area: Rect) -> Vec<(Part, Rect)> {
    let high = (area.height / 4).clamp(9, 14);
    let rows = [Constraint::Length(high), Constraint::Length(high), Constraint::Fill(1)];
    let [first, second, third] = Layout::vertical(rows).areas(area);
    let [cpu, memory] =
        Layout::horizontal([Constraint::Percentage(50), Constraint::Fill(1)]).areas(first);
    let [history, storage, network] = Layout::horizontal([
        Constraint::Percentage(38),
        Constraint::Percentage(33),
        Constraint::Fill(1),
    ])
    .areas(second);
    vec![
        (Part::Cpu, cpu),
        (Part::Memory, memory),
        (Part::History, history),
        (Part::Storage, storage),
        (Part::Network, network),
        (Part::Processes, third),
    ]
}

/// CPU and memory above, and below them the panel that has the keys.
fn middle(area: Rect, focus: Part) -> Vec<(Part, Rect)> {
    let high = (area.height * 2 / 5).clamp(7, 12);
    let [upper, lower] =
        Layout::vertical([Constraint::Length(high), Constraint::Fill(1)]).areas(area);
    let [cpu, memory] =
        Layout::horizontal([Constraint::Percentage(50), Constraint::Fill(1)]).areas(upper);
    let below = if matches!(focus, Part::Cpu | Part::Memory) { Part::Processes } else { focus };
    vec![(Part::Cpu, cpu), (Part::Memory, memory), (below, lower)]
}

/// What the machine is, most telling first.
pub(super) fn machine(id: &SourceId, info: &NodeInfo) -> String {
    let model = info.cpu_model.known().map_or("CPU", |model| model.as_str());
    let cpus = (info.cpus > 0).then(|| format!("{} × {model}", info.cpus));
    let known = [
        Some(info.hostname.to_string()).filter(|name| *name != id.to_string()),
        info.os.known().map(ToString::to_string),
        info.kernel.known().map(ToString::to_string),
        cpus,
        info.virtualization.known().map(ToString::to_string),
    ];
    let words: Vec<_> = known.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    words.join(" · ")
}
