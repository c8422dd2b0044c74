//! The GPUs in the top line, on every tab: how busy, how full, how hot.
//!
//! Each by itself where there is room, else all as one. Only of now: nothing is said while the past is
//! shown.

use ratatui::text::Span;

use crate::model::gpu::{Gpu, GpuState, Total};
use crate::model::unit::Ratio;
use crate::state::{Part, State};
use crate::tui::look::Look;
use crate::tui::widget::status::{Status, is_old};
use crate::tui::widget::value;

/// Most GPUs that are told one by one.
const MOST: usize = 8;

/// Ways to say it, the longest first; none where there is no GPU.
pub(super) fn strips(state: &State, look: &Look<'_>) -> Vec<Vec<Span<'static>>> {
    let gpus = live(state, look);
    if gpus.is_empty() || look.is_then() {
        return Vec::new();
    }
    let mut ways = Vec::new();
    if gpus.len() <= MOST {
        ways.push(gpus.iter().flat_map(|gpu| one(gpu, look)).collect());
    }
    let total = Total::of(gpus.iter().copied());
    ways.push(all(&total, true, look));
    ways.push(all(&total, false, look));
    ways
}

/// The GPUs whose figures are of now, and those that are lost.
fn live<'a>(state: &'a State, look: &Look<'_>) -> Vec<&'a Gpu> {
    let nodes = state.telling(Part::Gpus).map(|(_, node)| node);
    let fresh = nodes.filter(|node| Status::of(node, look) != Status::Down);
    let samples = fresh.filter_map(|node| {
        let (at, sample) = node.gpus.as_ref()?;
        (!is_old(node, *at, look)).then_some(sample)
    });
    samples.flat_map(|sample| &sample.gpus).collect()
}

fn one(gpu: &Gpu, look: &Look<'_>) -> Vec<Span<'static>> {
    let name = Span::styled(format!("  {} ", gpu.index), look.theme.muted);
    if gpu.state != GpuState::Ok {
        return vec![name, Span::styled("lost", look.theme.bad)];
    }
    let total = Total::of(std::iter::once(gpu));
    let mut spans = vec![name];
    spans.extend(figures(&total, true, look));
    spans
}

fn all(total: &Total, long: bool, look: &Look<'_>) -> Vec<Span<'static>> {
    let name = if total.count == 1 { "GPU ".to_owned() } else { format!("{} GPUs ", total.count) };
    let name = if long { name } else { "GPU ".to_owned() };
    let mut spans = vec![Span::styled(name, look.theme.muted)];
    if total.lost > 0 {
        spans.push(Span::styled(format!("{} lost ", total.lost), look.theme.bad));
    }
    spans.extend(figures(total, long, look));
    spans
}

/// Time busy, memory (where `long`), temperature.
fn figures(total: &Total, long: bool, look: &Look<'_>) -> Vec<Span<'static>> {
    let brief = |share: Ratio| format!("{:.0}%", share.percent());
    let busy = value::maybe(total.busy.map(brief), look.theme.series[0], look);
    let full = total.memory_share();
    let style = full.map_or(look.theme.muted, |share| look.load(share));
    let memory = value::maybe(full.map(brief), style, look);
    let style = total.hottest.map_or(look.theme.muted, |heat| look.heat(heat.0));
    let heat = total.hottest.map(|heat| format!("{:.0}°", heat.0));
    let heat = value::maybe(heat, style, look);
    let blank = || Span::raw(" ");
    if long { vec![busy, blank(), memory, blank(), heat] } else { vec![busy, blank(), heat] }
}
