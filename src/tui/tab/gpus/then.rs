//! The facts of one GPU at an instant of the past: what the history keeps, and what it does not.

use ratatui::text::Line;

use super::entry::Entry;
use super::fact::{heat, pair, shares, spent};
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// What is kept of it, for a panel `width` columns wide.
pub(super) fn lines(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let gpu = entry.shown();
    let mut lines = shares(&gpu, width, look);
    let memory = heat(&gpu.detail.memory_celsius, look);
    lines.push(pair("heat", &heat(&gpu.celsius, look), "memory", memory, look));
    lines.push(spent(entry, look));
    lines
}

/// What is not kept of it, in lines at most `width` columns wide.
pub(super) fn not_kept(width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let words = look.not_kept("processes, power limit, clocks, fan, throttling, links, errors");
    let lines = words.iter().flat_map(|words| fixed::wrap(words, width));
    lines.map(|words| Line::styled(words, look.theme.muted)).collect()
}
