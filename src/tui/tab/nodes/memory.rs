//! Memory, swap, pressure and load of a node.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::node::{NodeSample, Stall};
use crate::model::reading::Reading;
use crate::model::unit::{Bytes, Ratio};
use crate::tui::look::Look;
use crate::tui::widget::meter;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::{fixed, value};

const NAME: usize = 9;

/// Draws the panel.
pub(super) fn draw(
    sample: &NodeSample,
    frame: Panel<'_>,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let aside = sample.memory.known().map(|memory| memory.total_bytes.to_string());
    let area = frame.aside(aside.unwrap_or_default()).open(area, buffer, look);
    panel::lines(lines(sample, usize::from(area.width), look), area, buffer);
}

/// Most telling first, for where only some have room.
fn lines(sample: &NodeSample, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let memory = sample.memory.known();
    let used = memory.map(|memory| (memory.used(), memory.used_bytes(), memory.total_bytes));
    let swap =
        memory.map(|memory| (memory.swap_used(), memory.swap_used_bytes, memory.swap_total_bytes));
    let pressure = &sample.pressure;
    let load = sample.load.get();
    let load = load.map(|[one, five, fifteen]| format!("{one:.2}  {five:.2}  {fifteen:.2}"));
    let tasks = sample.tasks.get().map(|tasks| {
        let (processes, threads) = (tasks.processes, tasks.threads);
        format!("{processes} processes · {threads} threads · {} running", tasks.running)
    });
    let row = |name, text: Option<String>| {
        Line::from(vec![label(name, look), value::maybe(text, look.theme.text, look)])
    };
    vec![
        filled("memory", used, width, look),
        filled("swap", swap, width, look),
        stalled("PSI CPU", &pressure.cpu, width, look),
        stalled("PSI mem", &pressure.memory, width, look),
        stalled("PSI I/O", &pressure.io, width, look),
        row("load", load),
        row("cache", memory.map(|memory| memory.cached_bytes.to_string())),
        row("tasks", tasks),
    ]
}

fn label(name: &str, look: &Look<'_>) -> Span<'static> {
    Span::styled(fixed::fit(name, NAME, false), look.theme.muted)
}

fn filled(
    name: &str,
    amount: Option<(Option<Ratio>, Bytes, Bytes)>,
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let mut spans = vec![label(name, look)];
    if amount.is_some_and(|(_, _, total)| total.0 == 0) {
        spans.push(Span::styled("none", look.theme.muted));
        return spans.into();
    }
    let share = amount.and_then(|(share, ..)| share);
    let style = share.map_or(look.theme.muted, |share| look.load(share));
    let number = value::maybe(share, style, look);
    spans.push(Span::styled(fixed::fit(&number.content, 6, true) + "  ", number.style));
    let words = amount.map_or_else(String::new, |(_, used, total)| format!("  {used} of {total}"));
    let room = width.saturating_sub(NAME + 8);
    let words = if room < 34 { String::new() } else { fixed::fit(&words, 24, true) };
    spans.extend(meter::meter(share, room.saturating_sub(words.chars().count()), look));
    spans.push(Span::styled(words, look.theme.muted));
    spans.into()
}

fn stalled(name: &str, stall: &Reading<Stall>, width: usize, look: &Look<'_>) -> Line<'static> {
    let some = stall.get().map(|stall| stall.some);
    let style = some.map_or(look.theme.muted, |some| look.pressure(some));
    let number = value::maybe(some, style, look);
    let full = stall.get().and_then(|stall| stall.full);
    let room = width.saturating_sub(NAME + 8);
    let words = match full {
        Some(full) if room >= 34 => format!("all stalled {full}"),
        _ => String::new(),
    };
    let words = if room < 34 { words } else { fixed::fit(&words, 24, true) };
    let mut spans = vec![label(name, look)];
    spans.push(Span::styled(fixed::fit(&number.content, 6, true) + "  ", number.style));
    spans.extend(meter::plain(some, room.saturating_sub(words.chars().count()), style, look));
    spans.push(Span::styled(words, look.theme.muted));
    spans.into()
}
