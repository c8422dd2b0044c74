//! The panels of a job in depth, and where they are by the room there is.

use ratatui::layout::{Constraint, Layout, Rect};

use crate::model::pipeline::PipelineKind;

/// A panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    #[default]
    Stages,
    Workers,
    Samples,
    Timeline,
    Log,
    Errors,
    Checkpoints,
    Lineage,
    Pressure,
    Configuration,
    Advice,
}

/// How many there are.
pub const PANELS: usize = Part::ALL.len();

impl Part {
    pub(super) const ALL: [Self; 11] = [
        Self::Stages,
        Self::Workers,
        Self::Samples,
        Self::Timeline,
        Self::Log,
        Self::Errors,
        Self::Checkpoints,
        Self::Lineage,
        Self::Pressure,
        Self::Configuration,
        Self::Advice,
    ];

    /// What stands above it; a workflow has outputs where others have samples.
    pub(super) fn title(self, kind: PipelineKind) -> &'static str {
        match self {
            Self::Samples if kind == PipelineKind::Workflow => "Outputs",
            Self::Stages => "Stages",
            Self::Workers => "Workers",
            Self::Samples => "Samples",
            Self::Timeline => "Timeline",
            Self::Log => "Log",
            Self::Errors => "Errors",
            Self::Checkpoints => "Checkpoints",
            Self::Lineage => "Lineage",
            Self::Pressure => "Pressure",
            Self::Configuration => "Configuration",
            Self::Advice => "Advice",
        }
    }

    /// Its place among all.
    pub(super) fn place(self) -> usize {
        Self::ALL.iter().position(|part| *part == self).unwrap_or(0)
    }

    /// The panel `steps` further, round and round.
    pub(super) fn step(self, steps: usize) -> Self {
        Self::ALL[(self.place() + steps) % Self::ALL.len()]
    }
}

/// Rows above the panels: how the job is, and the names of the panels.
pub(super) const HEAD: u16 = 3;

/// The panels on the screen and where they are, below the head.
pub(super) fn places(area: Rect, focus: Part, zoom: bool) -> Vec<(Part, Rect)> {
    let head = if area.height > 2 * HEAD { HEAD } else { area.height.min(1) };
    let area = Rect { y: area.y + head, height: area.height - head, ..area };
    match area {
        _ if zoom => vec![(focus, area)],
        Rect { width: 150.., height: 36.., .. } => four(area, focus),
        Rect { width: 70.., height: 26.., .. } => two(area, focus),
        _ => vec![(focus, area)],
    }
}

/// Stages above, and below them the panel that has the keys.
fn two(area: Rect, focus: Part) -> Vec<(Part, Rect)> {
    let rows = [Constraint::Percentage(45), Constraint::Fill(1)];
    let [upper, lower] = Layout::vertical(rows).areas(area);
    let below = if focus == Part::Stages { Part::Workers } else { focus };
    vec![(Part::Stages, upper), (below, lower)]
}

/// Stages and workers on the left, the timeline and any other on the right.
fn four(area: Rect, focus: Part) -> Vec<(Part, Rect)> {
    let columns = [Constraint::Percentage(56), Constraint::Fill(1)];
    let [left, right] = Layout::horizontal(columns).areas(area);
    let rows = [Constraint::Percentage(50), Constraint::Fill(1)];
    let [stages, workers] = Layout::vertical(rows).areas(left);
    let [timeline, other] = Layout::vertical(rows).areas(right);
    let seen = matches!(focus, Part::Stages | Part::Workers | Part::Timeline);
    let last = if seen { Part::Log } else { focus };
    vec![
        (Part::Stages, stages),
        (Part::Workers, workers),
        (Part::Timeline, timeline),
        (last, other),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_with_the_keys_is_always_seen() {
        for (width, height) in [(20, 4), (80, 21), (120, 37), (200, 57)] {
            for part in Part::ALL {
                for zoom in [false, true] {
                    let places = places(Rect::new(0, 1, width, height), part, zoom);
                    assert!(places.iter().any(|(seen, _)| *seen == part), "{part:?} {width}");
                }
            }
        }
    }
}
