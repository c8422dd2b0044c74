//! How the GPUs and network cards of a node are connected, as a matrix: the better, the brighter.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::entry::Entry;
use crate::model::gpu::topology::{Device, Link, Topology};
use crate::model::reading::Reading;
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::{fixed, notice};

/// Width of a connection.
const CELL: usize = 5;
/// Width of a device's name.
const NAME: usize = 7;

/// Draws those of the node of `entry`.
pub(super) fn draw(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let title = format!("Connections of {}", entry.id);
    let told = entry.node.gpus.as_ref().map(|(_, sample)| &sample.topology);
    let all = told.and_then(Reading::known).map_or(0, |topology| topology.devices.len());
    let most = columns(panel::inside(area));
    let aside = if most < all { format!("{most} of {all}") } else { String::new() };
    let inner = Panel::new(&title).aside(aside).open(area, buffer, look);
    match told {
        Some(Reading::Known(topology)) => {
            panel::lines(lines(topology, inner, look), inner, buffer);
        }
        Some(Reading::Missing(why)) => {
            let words = [format!("nvidia-smi topo -m: {why}")];
            notice::notice("Not known", &words, inner, buffer, look);
        }
        None => notice::notice("Not known", &[], inner, buffer, look),
    }
}

/// How many devices fit beside each other.
fn columns(area: Rect) -> usize {
    usize::from(area.width).saturating_sub(NAME) / CELL
}

fn lines(topology: &Topology, area: Rect, look: &Look<'_>) -> Vec<Line<'static>> {
    let most = columns(area).min(topology.devices.len());
    let names = topology.devices.iter().take(most).map(|device| brief(device, CELL));
    let head = Span::styled(" ".repeat(NAME), look.theme.muted);
    let names = names.map(|name| Span::styled(name, look.theme.muted));
    let head: Line<'static> = std::iter::once(head).chain(names).collect();
    let mut lines = vec![head];
    lines.extend(topology.devices.iter().map(|device| row(device, most, area, look)));
    let kept = usize::from(area.height).saturating_sub(1);
    lines.truncate(kept);
    lines.push(Line::from(legend(topology, usize::from(area.width), look)));
    lines
}

fn row(device: &Device, most: usize, area: Rect, look: &Look<'_>) -> Line<'static> {
    let mut spans = vec![Span::styled(brief(device, NAME), look.theme.muted)];
    let links = device.links.iter().take(most);
    spans.extend(
        links.map(|link| Span::styled(fixed::left(&link.to_string(), CELL), style(link, look))),
    );
    let cpus = device.cpus.as_ref().map(|cpus| format!(" CPU {cpus}"));
    let name = device.stands_for.as_ref().map(|name| format!(" {name}"));
    let words = cpus.or(name).unwrap_or_default();
    let used: usize = spans.iter().map(Span::width).sum();
    if used + words.chars().count() <= usize::from(area.width) {
        spans.push(Span::styled(words, look.theme.muted));
    }
    spans.into()
}

/// A device's name in few letters: `GPU0` stays, a long one is cut.
fn brief(device: &Device, width: usize) -> String {
    fixed::left(&fixed::cut(device.name.as_str(), width - 1), width)
}

fn style(link: &Link, look: &Look<'_>) -> Style {
    match link {
        Link::NvLink(_) => look.theme.good,
        Link::Switch | Link::Switches => look.theme.text,
        Link::Bridge | Link::Node => look.theme.accent,
        Link::System => look.theme.warn,
        Link::Own | Link::Untold | Link::Other(_) => look.theme.muted,
    }
}

/// What the short names in the drawing mean, of those that are in it, as many as fit into `width`.
fn legend(topology: &Topology, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let mut seen: Vec<&Link> = Vec::new();
    for link in topology.devices.iter().flat_map(|device| &device.links) {
        let is_new = !seen.iter().any(|known| known.words() == link.words());
        let is_short = !matches!(link, Link::Own | Link::Untold | Link::Other(_));
        if is_new && is_short {
            seen.push(link);
        }
    }
    let pair = |link: &Link| {
        let short =
            if matches!(link, Link::NvLink(_)) { "NV".to_owned() } else { link.to_string() };
        let words = format!(" {}  ", link.words());
        [Span::styled(short, style(link, look)), Span::styled(words, look.theme.muted)]
    };
    let mut left = width + 2;
    let fits = |pair: &[Span<'static>; 2]| {
        let wanted: usize = pair.iter().map(Span::width).sum();
        let fits = wanted <= left;
        left = left.saturating_sub(wanted);
        fits
    };
    seen.into_iter().map(pair).take_while(fits).flatten().collect()
}
