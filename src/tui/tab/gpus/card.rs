//! One GPU in depth: facts, processes, history.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::chart;
use super::entry::{Entry, throttle};
use crate::model::gpu::GpuProcess;
use crate::model::unit::{Celsius, Ratio, Watts};
use crate::state::history::GpuMetric;
use crate::tui::look::Look;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::table::{Column, Table};
use crate::tui::widget::{fixed, meter, value};

/// Width of a fact's name.
const NAME: usize = 10;
/// Rows of facts, frame included.
const FACTS: u16 = 11;

/// Draws facts, processes and history, as many as there is room for.
pub(super) fn draw(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    if area.height < 3 {
        return;
    }
    let upper = if area.height >= FACTS + 7 { FACTS } else { area.height };
    let [upper, lower] =
        Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area);
    let side = if area.width >= 76 { area.width / 2 } else { 0 };
    let [left, right] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(side)]).areas(upper);
    facts(entry, left, buffer, look);
    if side > 0 {
        processes(entry, right, buffer, look);
    }
    if lower.height > 3 {
        chart::draw(entry, lower, buffer, look);
    }
}

fn facts(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let title = format!("{} {}", entry.gpu.index, entry.gpu.name);
    let age = value::age(look.now.since(entry.at));
    let aside = match (entry.is_lost(), entry.is_live(look)) {
        _ if entry.then.is_some() => String::new(),
        (true, _) => "lost".to_owned(),
        (_, true) => entry.gpu.pci.known().map(ToString::to_string).unwrap_or_default(),
        (_, false) => format!("stale, {age} ago"),
    };
    let frame = Panel::new(&title).aside(aside);
    if entry.then.is_some() {
        let area = frame.of_then(look.past_words()).open(area, buffer, look);
        return panel::lines(rows_then(entry, usize::from(area.width), look), area, buffer);
    }
    let area = frame.open(area, buffer, look);
    let width = usize::from(area.width);
    let mut lines = Vec::new();
    if let Some(reason) = entry.lost() {
        let sign = look.glyph.pick("✗", "!");
        lines.push(Line::styled(format!("{sign} lost: {reason}"), look.theme.bad));
        lines.push(Line::styled("Below is what it said last.", look.theme.muted));
    }
    lines.extend(rows(entry, width, look));
    panel::lines(lines, area, buffer);
    if !entry.is_live(look) && !entry.is_lost() {
        buffer.set_style(area, look.theme.muted);
    }
}

fn rows(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let mut rows = shares(entry, width, look);
    rows.extend(pairs(entry, look));
    rows.push(Line::from(vec![label("slowed by", look), throttle(entry.gpu, look)]));
    rows
}

fn shares(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let (gpu, series) = (entry.gpu, look.theme.series);
    let memory = entry.memory();
    let used = format!("{} of {}", gpu.memory_used_bytes, gpu.memory_total_bytes);
    let power = gpu.power_watts.get().zip(gpu.power_limit_watts.get());
    let power = power.and_then(|(draw, limit)| Ratio::of(draw.0, limit.0));
    let watts = format!("{} of {}", gpu.power_watts, gpu.power_limit_watts);
    let load = memory.map_or(look.theme.muted, |memory| look.load(memory));
    let busy = gpu.utilization.get();
    vec![
        share("time busy", busy, "", series[0], width, look),
        share("memory", memory, &used, load, width, look),
        share("power", power, &watts, series[2], width, look),
    ]
}

/// What is kept of an instant of the past, and what is not.
fn rows_then(entry: &Entry<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
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
        pair("heat", &heat, "slows at", text(&gpu.slowdown_celsius, look), look),
    ];
    let gone = look.not_kept("clocks, fan, errors");
    rows.extend(gone.map(|words| Line::styled(words, look.theme.muted)));
    rows
}

fn pairs(entry: &Entry<'_>, look: &Look<'_>) -> [Line<'static>; 5] {
    let gpu = entry.gpu;
    let heat = gpu.celsius.get().map(|celsius| look.heat(celsius.0));
    let heat = value::span(&gpu.celsius, heat.unwrap_or(look.theme.text), look);
    let clocks = (text(&gpu.core_clock_hertz, look), text(&gpu.memory_clock_hertz, look));
    let pairs = [
        ("heat", heat, "slows at", text(&gpu.slowdown_celsius, look)),
        ("clock", clocks.0, "mem clk", clocks.1),
        ("fan", text(&gpu.fan, look), "mem busy", text(&gpu.memory_utilization, look)),
        ("encoder", text(&gpu.encoder, look), "decoder", text(&gpu.decoder, look)),
        ("ECC", errors(entry, look), "MIG", mig(entry, look)),
    ];
    pairs.map(|(name, value, other, second)| pair(name, &value, other, second, look))
}

fn text<T: std::fmt::Display>(
    reading: &crate::model::reading::Reading<T>,
    look: &Look<'_>,
) -> Span<'static> {
    value::span(reading, look.theme.text, look)
}

fn errors(entry: &Entry<'_>, look: &Look<'_>) -> Span<'static> {
    let errors = &entry.gpu.ecc_uncorrected;
    let bad = errors.get().is_some_and(|errors| errors > 0);
    value::span(errors, if bad { look.theme.bad } else { look.theme.text }, look)
}

fn mig(entry: &Entry<'_>, look: &Look<'_>) -> Span<'static> {
    let words = entry.gpu.mig.get().map(|on| if on { "on" } else { "off" });
    value::maybe(words, look.theme.text, look)
}

fn label(name: &str, look: &Look<'_>) -> Span<'static> {
    Span::styled(fixed::fit(name, NAME, false), look.theme.muted)
}

fn share(
    name: &str,
    share: Option<Ratio>,
    words: &str,
    style: ratatui::style::Style,
    width: usize,
    look: &Look<'_>,
) -> Line<'static> {
    let number = value::maybe(share, style, look);
    let words = if width < 50 { String::new() } else { fixed::fit(words, 23, true) };
    let room = width.saturating_sub(NAME + 8 + words.chars().count());
    let mut spans = vec![label(name, look)];
    spans.push(Span::styled(fixed::fit(&number.content, 6, true) + "  ", number.style));
    spans.extend(meter::plain(share, room, style, look));
    spans.push(Span::styled(words, look.theme.muted));
    spans.into()
}

fn pair(
    name: &str,
    value: &Span<'static>,
    other: &str,
    second: Span<'static>,
    look: &Look<'_>,
) -> Line<'static> {
    Line::from(vec![
        label(name, look),
        Span::styled(fixed::fit(&value.content, 9, false), value.style),
        Span::styled(fixed::fit(other, 9, false), look.theme.muted),
        second,
    ])
}

const COLUMNS: [Column; 5] = [
    Column::numbers("PID", 7, 1),
    Column::words("NAME", 10, 0).grows(),
    Column::numbers("MEMORY", 8, 0),
    Column::numbers("BUSY", 6, 2),
    Column::words("SANDBOX", 16, 3),
];

fn processes(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    if entry.then.is_some() {
        let area = Panel::new("Processes").of_then(None).open(area, buffer, look);
        let words = look.not_kept("processes").map(|words| Line::styled(words, look.theme.muted));
        return panel::lines(words, area, buffer);
    }
    let processes = entry.gpu.processes.known().map(Vec::as_slice);
    let count = processes.map_or(String::new(), |processes| processes.len().to_string());
    let area = Panel::new("Processes").aside(count).open(area, buffer, look);
    let words = match (processes, entry.gpu.processes.why()) {
        (Some([]), _) => "Nobody uses it.".to_owned(),
        (None, Some(why)) => format!("{} {why}", value::MISSING),
        _ => String::new(),
    };
    panel::lines([Line::styled(words, look.theme.muted)], area, buffer);
    let Some(processes) = processes.filter(|processes| !processes.is_empty()) else {
        return;
    };
    let rows = processes.len();
    let table = Table { columns: &COLUMNS, sort: None, rows, cursor: None, focused: false };
    table.draw(area, buffer, look, &|row, column, _| vec![cell(&processes[row], column, look)]);
}

fn cell(process: &GpuProcess, column: usize, look: &Look<'_>) -> Span<'static> {
    match column {
        0 => Span::styled(process.pid.to_string(), look.theme.muted),
        1 => Span::styled(process.name.to_string(), look.theme.text),
        2 => text(&process.memory_bytes, look),
        3 => text(&process.utilization, look),
        _ => {
            let sandbox = process.sandbox.as_ref();
            let words = sandbox.map(|sandbox| format!("{} {}", sandbox.engine, sandbox.name));
            Span::styled(words.unwrap_or_default(), look.theme.series[3])
        }
    }
}
