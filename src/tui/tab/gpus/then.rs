//! The facts of one GPU at an instant of the past: what the history keeps, and what it does not.

use ratatui::text::Line;

use super::entry::Entry;
use super::fact::{pair, share, text};
use crate::model::unit::{Celsius, Ratio, Watts};
use crate::state::history::GpuMetric;
use crate::tui::look::Look;
use crate::tui::widget::value;

/// What is kept of it, and what is not, for a panel `width` columns wide.
pub(super) fn lines(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let (gpu, series) = (entry.gpu, look.theme.series);
    let percent = |metric| entry.kept(metric).and_then(|percent| Ratio::new(percent / 100.0));
    let memory = percent(GpuMetric::Memory);
    let used = entry
        .used_then()
        .map_or_else(String::new, |used| format!("{used} of {}", gpu.memory_total_bytes));
    let load = memory.map_or(look.theme.muted, |memory| look.load(memory));
    let draw = entry.kept(GpuMetric::Power).map(Watts);
    let power = draw.zip(gpu.power_limit_watts.get());
    let power = power.and_then(|(draw, limit)| Ratio::of(draw.0, limit.0));
    let watts =
        draw.map_or_else(String::new, |draw| format!("{draw} of {}", gpu.power_limit_watts));
    let heat = entry.kept(GpuMetric::Temperature);
    let style = heat.map_or(look.theme.muted, |celsius| look.heat(celsius));
    let heat = value::maybe(heat.map(Celsius), style, look);
    let mut rows = vec![
        share("time busy", percent(GpuMetric::Utilization), "", series[0], width, look),
        share("memory", memory, &used, load, width, look),
        share("power", power, &watts, series[2], width, look),
        pair("heat", &heat, "slows", text(&gpu.slowdown_celsius, look), look),
    ];
    let gone = look.not_kept("clocks, fan, errors");
    rows.extend(gone.map(|words| Line::styled(words, look.theme.muted)));
    rows
}
