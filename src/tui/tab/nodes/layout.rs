//! Where the panels of a node in depth are, by the room there is.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::model::id::SourceId;
use crate::model::node::NodeInfo;
use crate::model::origin::Kind;
use crate::state::Node;

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
    Origin,
    Workloads,
    Jobs,
    Models,
    Agents,
    Services,
}

impl Part {
    /// What a machine has that isomon samples.
    const MACHINE: [Self; 6] =
        [Self::Processes, Self::Cpu, Self::Memory, Self::History, Self::Storage, Self::Network];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Processes => "Processes",
            Self::Cpu => "CPU",
            Self::Memory => "Memory",
            Self::History => "History",
            Self::Storage => "Storage",
            Self::Network => "Network",
            Self::Origin => "Source",
            Self::Workloads => "Workloads",
            Self::Jobs => "Jobs",
            Self::Models => "Models",
            Self::Agents => "Agents",
            Self::Services => "Services",
        }
    }

    /// The panels of `node`: those of a machine where it is sampled as one, and those of whatever else
    /// it tells.
    pub(super) fn of(node: &Node) -> Vec<Self> {
        let other = node.origin.as_ref().filter(|origin| origin.kind != Kind::Local);
        let told = [
            (Self::Origin, other.is_some()),
            (Self::Workloads, node.workloads.is_some()),
            (Self::Jobs, node.pipelines.is_some()),
            (Self::Models, node.serving.is_some()),
            (Self::Agents, node.agents.is_some()),
            (Self::Services, node.services.is_some()),
        ];
        let told = told.into_iter().filter(|(_, there)| *there).map(|(part, _)| part);
        let sampled = node.sample.is_some() || node.processes.is_some();
        let machine = if sampled || other.is_none() { &Self::MACHINE[..] } else { &[] };
        machine.iter().copied().chain(told).collect()
    }

    /// Whether it is of a machine that isomon samples.
    pub(super) const fn is_of_machine(self) -> bool {
        matches!(
            self,
            Self::Processes
                | Self::Cpu
                | Self::Memory
                | Self::History
                | Self::Storage
                | Self::Network
        )
    }
}

/// Whether there is room for every panel of a machine at once.
const fn is_large(area: Rect) -> bool {
    area.width >= 100 && area.height >= 30
}

/// The panels on the screen and where they are; the lines above them are left free.
pub(super) fn places(parts: &[Part], area: Rect, focus: Part, zoom: bool) -> Vec<(Part, Rect)> {
    let above = if area.height < 4 { 0 } else { heads(parts, area, zoom) };
    let area = Rect { y: area.y + above, height: area.height - above, ..area };
    let machine = parts.first().is_some_and(|part| part.is_of_machine());
    match area {
        _ if zoom => vec![(focus, area)],
        Rect { width: 70.., height: 17.., .. } if !machine => told(parts, area, focus),
        _ if machine && is_large(area) => wide(parts, area, focus),
        Rect { width: 70.., height: 17.., .. } => middle(area, focus),
        _ => vec![(focus, area)],
    }
}

/// How many lines stand above the panels: the node, and the names of the panels where not all are
/// seen.
pub(super) fn heads(parts: &[Part], area: Rect, zoom: bool) -> u16 {
    let rest = Rect { height: area.height.saturating_sub(1), ..area };
    let all = match parts.first() {
        Some(first) if first.is_of_machine() => {
            is_large(rest) && parts.len() <= Part::MACHINE.len() + 1
        }
        _ if area.width < 70 || area.height < 18 => parts.len() < 2,
        _ => parts.len() <= 2 || is_large(rest),
    };
    if zoom || !all { 2 } else { 1 }
}

/// Panels of what a server tells, in two columns where there is room, else the source above and below
/// it the panel that has the keys.
fn told(parts: &[Part], area: Rect, focus: Part) -> Vec<(Part, Rect)> {
    if let [only] = parts {
        return vec![(*only, area)];
    }
    if !is_large(area) {
        let rows = [Constraint::Length((area.height * 2 / 5).clamp(7, 12)), Constraint::Fill(1)];
        let [upper, lower] = Layout::vertical(rows).areas(area);
        let below = if focus == Part::Origin { parts[1] } else { focus };
        return vec![(Part::Origin, upper), (below, lower)];
    }
    let rows = parts.len().div_ceil(2);
    let rows = Layout::vertical(vec![Constraint::Fill(1); rows]).split(area);
    let row = |(pair, row): (&[Part], &Rect)| match pair {
        [one, two] => {
            let halves = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]);
            let [left, right] = halves.areas(*row);
            vec![(*one, left), (*two, right)]
        }
        _ => pair.iter().map(|part| (*part, *row)).collect(),
    };
    parts.chunks(2).zip(rows.iter()).flat_map(row).collect()
}

/// All panels of a machine, and beside its processes one of what else it tells.
fn wide(parts: &[Part], area: Rect, focus: Part) -> Vec<(Part, Rect)> {
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
    let mut places = vec![
        (Part::Cpu, cpu),
        (Part::Memory, memory),
        (Part::History, history),
        (Part::Storage, storage),
        (Part::Network, network),
    ];
    let beside =
        if focus.is_of_machine() { parts.get(Part::MACHINE.len()).copied() } else { Some(focus) };
    match beside {
        None => places.push((Part::Processes, third)),
        Some(other) => {
            let columns = [Constraint::Percentage(58), Constraint::Fill(1)];
            let [left, right] = Layout::horizontal(columns).areas(third);
            places.extend([(Part::Processes, left), (other, right)]);
        }
    }
    places
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
