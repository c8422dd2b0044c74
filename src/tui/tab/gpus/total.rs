//! All GPUs as one: their sums, and how those of one node are connected.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::entry::Entry;
use super::fact::{label, share};
use super::{many, matrix};
use crate::model::gpu::{Gpu, Total};
use crate::state::history::energy;
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::value;

/// Rows of the sums, frame included.
const SUMS: u16 = 12;

/// Draws sums and history of `entries`, and beside them the connections of `under`'s node.
pub(super) fn draw(
    entries: &[&Entry<'_>],
    under: Option<&Entry<'_>>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let upper = if area.height >= SUMS + 6 { SUMS } else { area.height };
    let upper = if area.height >= 30 { upper + 4 } else { upper };
    let [upper, lower] =
        Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area);
    let side = if area.width >= 76 { area.width / 2 } else { 0 };
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(side)]).areas(upper);
    sums(entries, left, buffer, look);
    if let Some(entry) = under.filter(|_| side > 0) {
        matrix::draw(entry, right, buffer, look);
    }
    if lower.height > 3 {
        many::together(entries, lower, buffer, look);
    }
}

fn sums(entries: &[&Entry<'_>], area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let shown: Vec<Cow<'_, Gpu>> = entries.iter().map(|entry| entry.shown()).collect();
    let total = Total::of(shown.iter().map(AsRef::as_ref));
    let aside = if total.lost > 0 { format!("{} lost", total.lost) } else { String::new() };
    let title = format!("All {}", value::many(total.count, "GPU"));
    let mut frame = Panel::new(&title).aside(aside);
    if entries.iter().any(|entry| entry.then.is_some()) {
        frame = frame.of_then(look.past_words());
    }
    let area = frame.open(area, buffer, look);
    panel::lines(lines(&total, entries, usize::from(area.width), look), area, buffer);
}

fn lines(
    total: &Total,
    entries: &[&Entry<'_>],
    width: usize,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let series = look.theme.series;
    let memory = total.memory.map_or_else(String::new, |(used, all)| format!("{used} of {all}"));
    let draw = total.power.map_or_else(String::new, |(draw, _)| draw.to_string());
    let power = total.limit.map_or_else(|| draw.clone(), |limit| format!("{draw} of {limit}"));
    let load = total.memory_share().map_or(look.theme.muted, |share| look.load(share));
    let heat = total.hottest.map(|celsius| (celsius, look.heat(celsius.0)));
    let heat = heat.map_or_else(
        || Span::styled(value::MISSING, look.theme.muted),
        |(celsius, style)| Span::styled(celsius.to_string(), style),
    );
    let mut lines = vec![
        share("mean busy", total.busy, "", series[0], width, look),
        share("SM active", total.sm, "", series[3], width, look),
        share("tensor", total.tensor, "", series[3], width, look),
        share("DRAM", total.dram, "", series[3], width, look),
        share("memory", total.memory_share(), &memory, load, width, look),
        power_line(total, &power, width, look),
        Line::from(vec![label("hottest", look), heat]),
        spent(entries, look),
        Line::from(vec![label("held back", look), held(total, entries, look)]),
    ];
    if total.sharing > 0 {
        let words = format!("{} of them use the machine's memory: in no sum", total.sharing);
        lines.push(Line::styled(words, look.theme.muted));
    }
    lines
}

fn held(total: &Total, entries: &[&Entry<'_>], look: &Look<'_>) -> Span<'static> {
    match total.throttled {
        _ if entries.iter().any(|entry| entry.then.is_some()) => {
            Span::styled(format!("{} not kept", value::MISSING), look.theme.muted)
        }
        0 => Span::styled("none", look.theme.muted),
        count => Span::styled(format!("{count} of {}", total.count), look.theme.warn),
    }
}

/// Draw of all, against their limits where those are known.
fn power_line(total: &Total, words: &str, width: usize, look: &Look<'_>) -> Line<'static> {
    match (total.power_share(), total.power) {
        (None, Some((draw, _))) => {
            Line::from(vec![label("power", look), Span::styled(draw.to_string(), look.theme.text)])
        }
        (of_limit, _) => share("power", of_limit, words, look.theme.series[2], width, look),
    }
}

/// Energy of all that tell theirs, over the time that charts show.
fn spent(entries: &[&Entry<'_>], look: &Look<'_>) -> Line<'static> {
    let window = look.window();
    let span = window.end_ms.saturating_sub(window.span_ms)..window.end_ms.saturating_add(1);
    let each = entries.iter().filter_map(|entry| {
        energy(look.gpu_history(entry.id, entry.node, &entry.gpu.id)?, span.clone())
    });
    let (mut joules, mut watts, mut count) = (0.0, 0.0, 0);
    for spent in each {
        joules += spent.joules.0;
        watts += spent.mean().0;
        count += 1;
    }
    let words = (count > 0).then(|| {
        let (joules, watts) =
            (crate::model::unit::Joules(joules), crate::model::unit::Watts(watts));
        format!("{joules}, mean {watts}")
    });
    Line::from(vec![label("energy", look), value::maybe(words, look.theme.text, look)])
}
